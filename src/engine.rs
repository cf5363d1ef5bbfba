//! The embedded PostgreSQL of this program: oliphaunt-wasix, PostgreSQL 18.4 compiled to WebAssembly. Only the program
//! links it, so that the library and its tests build without.

use std::path::Path;

use oliphaunt_wasix::{DatabaseStorage, Extension, Oliphaunt};
use whyslow::demo::{Engine, Provider};

/// This engine. The stamp follows the version pinned in `Cargo.toml`.
pub(crate) static PROVIDER: Provider =
    Provider { stamp: "oliphaunt-wasix-0.3.2", version_number: 180_004, version: "18.4", open };

fn open(root: &Path, settings: &[(&str, &str)]) -> Result<Box<dyn Engine>, String> {
    Oliphaunt::builder()
        .storage(DatabaseStorage::Directory(root.to_owned()))
        .extensions([Extension::PG_TRGM, Extension::BTREE_GIN])
        .startup_gucs(settings.iter().copied())
        .open()
        .map(|database| Box::new(Embedded(database)) as Box<dyn Engine>)
        .map_err(|error| format!("opening the embedded PostgreSQL: {error}"))
}

struct Embedded(Oliphaunt);

impl Engine for Embedded {
    fn exchange(&mut self, request: &[u8]) -> Result<Vec<u8>, String> {
        self.0.exec_protocol_raw(request).map_err(|error| format!("the embedded PostgreSQL broke: {error}"))
    }

    fn close(mut self: Box<Self>) -> Result<(), String> {
        self.0.close().map_err(|error| format!("closing the embedded PostgreSQL: {error}"))
    }
}
