//! The PostgreSQL that this program carries, for machines on which none is installed: always the same version, so that only a twin of
//! that major plans like its production; one twin an engine.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use super::{engine::TwinEngine, error::TwinError};
use crate::{
    demo::{Lent, Options, Provider},
    whatif::snapshot::Server,
};

/// What this program carries.
static CARRIED: OnceLock<(&'static Provider, Options)> = OnceLock::new();

/// Says that this program carries a PostgreSQL, and how it is started where that differs from the usual. Once; later words count nothing.
pub fn carry(provider: &'static Provider, options: Options) {
    let _ = CARRIED.set((provider, options));
}

/// `server_version_num` of the PostgreSQL that this program carries, if it does.
pub(super) fn version_number() -> Option<u32> {
    CARRIED.get().map(|(provider, _)| provider.version_number)
}

/// Starts it for a twin of a production server; none when this program carries none. Blocks.
pub(super) fn start(like: &Server) -> Option<Result<Arc<dyn TwinEngine>, TwinError>> {
    let (provider, options) = CARRIED.get()?;
    let lent = Lent::start(provider, options, sorts_by_bytes(like));
    let failed = |error: crate::demo::DemoError| TwinError::Engine(error.to_string());
    Some(lent.map_err(failed).map(|lent| Arc::new(Embedded { data: lent.data(), provider, lent }) as Arc<dyn TwinEngine>))
}

/// Whether the planner takes production's order of texts for that of their bytes.
fn sorts_by_bytes(like: &Server) -> bool {
    match like.provider.as_str() {
        "b" => true,
        "c" => matches!(like.collate.as_str(), "C" | "POSIX"),
        _ => false,
    }
}

#[derive(Debug)]
struct Embedded {
    lent: Lent,
    data: PathBuf,
    provider: &'static Provider,
}

impl TwinEngine for Embedded {
    fn version_number(&self) -> u32 {
        self.provider.version_number
    }

    fn version(&self) -> &str {
        self.provider.version
    }

    fn socket(&self) -> &Path {
        self.lent.socket()
    }

    fn data(&self) -> &Path {
        &self.data
    }

    fn checksums(&self) -> bool {
        // Its databases come so.
        true
    }

    fn give(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn failure(&self) -> Option<String> {
        self.lent.failure()
    }

    fn note(&self) -> Option<&str> {
        self.lent.note()
    }

    fn only(&self) -> Option<&'static str> {
        Some("postgres")
    }
}

#[cfg(test)]
mod tests {
    use super::{Server, sorts_by_bytes};

    #[test]
    fn only_an_order_of_bytes_is_taken_for_one() {
        for (provider, collate, expected) in
            [("c", "C", true), ("c", "POSIX", true), ("c", "C.UTF-8", false), ("i", "C", false), ("b", "C", true)]
        {
            let like =
                Server { provider: provider.to_owned(), collate: collate.to_owned(), ..Server::default() };
            assert_eq!(sorts_by_bytes(&like), expected, "{provider} {collate}");
        }
    }
}
