//! A twin: an empty PostgreSQL fed with production's schema, statistics, settings and sizes, so that it plans like production.
//!
//! Needs a PostgreSQL installed on this machine or carried by this program, and of production only a few SELECTs on its catalogs. A hypothetical index of any
//! kind is really created there, on tables of one page, and then given the size that it would have. Nothing is ever analysed or
//! executed on a twin. Whether it plans like production is checked every time, by the plan that production has now.

mod check;
mod embedded;
mod engine;
mod error;
mod extended;
mod files;
mod hypothetical;
mod import;
mod link;
mod local;
mod others;
mod pages;
mod sampled;
mod schema;
mod size;
mod statistics;
mod trial;
mod workshop;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

pub use check::{Check, compare};
pub use embedded::carry;
pub(super) use engine::available;
pub use engine::twin_version;
pub use error::TwinError;
pub(super) use others::Other;
pub(super) use trial::TwinTrial;
pub use workshop::{Reads, Wish, Workshop};

use self::{engine::TwinEngine, import::Here, link::Link};
use super::snapshot::Snapshot;
use crate::{
    plan::Engine,
    server::{Target, target::TlsMode},
};

/// The method's name.
pub(super) const METHOD: &str = "twin";

/// The name of an index while it is tried.
const NAME: &str = "whyslow_trial";

/// A database that plans like production.
#[derive(Debug)]
struct Twin {
    engine: Arc<dyn TwinEngine>,
    /// The superuser's connection, for statements of our own.
    root: Link,
    /// The owner's connection, for what came from production.
    hand: Link,
    snapshot: Snapshot,
    database: String,
    /// Number of the database, which names its directory.
    oid: u32,
    /// What differs from production, for people.
    notes: Vec<String>,
    /// Relations that could not be made, by production's numbers, and why.
    lacks: BTreeMap<u32, String>,
    /// Where relations are, by production's numbers.
    here: BTreeMap<u32, Here>,
    /// The next file's number: beyond every number that the server gives.
    next_file: u32,
    /// Files of one page of tables, by the twin's numbers.
    tiny: BTreeMap<u32, u32>,
    /// Tables that statements named.
    asked: Vec<(Option<String>, String)>,
}

impl Twin {
    /// Why a statement is not planned here: it reads what could not be made.
    fn lacking(&self, tables: &[(Option<String>, String)]) -> Option<TwinError> {
        let why = tables.iter().find_map(|(schema, name)| {
            let read = self.snapshot.called(schema.as_deref(), name)?;
            self.lacks.get(&read.oid)
        });
        why.map(|why| TwinError::Unsupported(why.clone()))
    }

    /// The file of a relation.
    fn file(&self, number: u32) -> PathBuf {
        self.engine.data().join("base").join(self.oid.to_string()).join(number.to_string())
    }

    /// Writes a relation of `bytes` under a new number.
    fn new_file(&mut self, mut head: Vec<u8>, bytes: u64) -> Result<u32, TwinError> {
        let failed = |e| TwinError::file("writing a file", &e);
        let number = self.next_file;
        self.next_file += 1;
        if self.engine.checksums() {
            pages::sign(&mut head);
        }
        for file in files::write(&self.file(number), &head, bytes).map_err(failed)? {
            self.engine.give(&file).map_err(failed)?;
        }
        Ok(number)
    }

    /// Where to connect to plan on it.
    fn target(&self) -> Target {
        let mut target = Target::new(Engine::PostgreSql);
        target.port = crate::store::PORT;
        target.socket = Some(self.engine.socket().to_owned());
        link::OWNER.clone_into(&mut target.user);
        target.database = Some(self.database.clone());
        target.tls = TlsMode::Disable;
        target.planning_only = true;
        target
    }
}
