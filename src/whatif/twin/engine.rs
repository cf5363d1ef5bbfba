//! The PostgreSQL a twin lives in.

use std::{fmt, io, path::Path, sync::Arc};

use super::{
    embedded,
    error::TwinError,
    local::{self, Installed, LocalPostgres},
};
use crate::whatif::snapshot::Server;

/// A server whose files we may write and which nobody else uses. Dropped, it ends and its files go.
pub(super) trait TwinEngine: fmt::Debug + Send + Sync {
    /// `server_version_num`.
    fn version_number(&self) -> u32;
    /// Version as shown to people.
    fn version(&self) -> &str;
    /// Directory of its Unix socket, by the usual port.
    fn socket(&self) -> &Path;
    /// Its data directory.
    fn data(&self) -> &Path;
    /// Whether its pages carry checksums.
    fn checksums(&self) -> bool;
    /// Gives a file that we wrote to the server.
    ///
    /// # Errors
    /// What the system says.
    fn give(&self, file: &Path) -> io::Result<()>;
    /// Why it ended, when it did.
    fn failure(&self) -> Option<String>;
    /// Where its files are kept, when not where they usually are.
    fn note(&self) -> Option<&str>;
    /// The only database that it has, where it can make no other: then it serves a single twin.
    fn only(&self) -> Option<&'static str> {
        None
    }
}

/// Where a twin can be made.
enum Place {
    Installed(Installed),
    /// In the PostgreSQL that this program carries.
    Carried,
}

/// The place whose planner is most like that of a version, and its version; an installed server before the carried one.
fn best(version_number: u32) -> Option<(Place, u32)> {
    let major = version_number / 10_000;
    let installed = local::best(version_number).map(|i| (i.version_number, Place::Installed(i)));
    let carried = embedded::version_number().map(|number| (number, Place::Carried));
    let nearest = |(number, _): &(u32, Place)| local::distance(*number, major);
    let all = installed.into_iter().chain(carried);
    // Of two as near the first is kept.
    all.min_by_key(|place| (nearest(place).0, nearest(place).1)).map(|(number, place)| (place, number))
}

/// Version (`server_version_num`) that a twin of a server of that version would have on this machine; none where none can be made.
#[must_use]
pub fn twin_version(version_number: u32) -> Option<u32> {
    best(version_number).map(|(_, number)| number)
}

/// Whether a twin can be made on this machine of a server of that version, and whether of the same major.
pub(in crate::whatif) fn available(version_number: u32) -> Option<bool> {
    twin_version(version_number).map(|number| number / 10_000 == version_number / 10_000)
}

/// Starts a server like a production server, of the version that is nearest to one: of its own, mostly.
///
/// # Errors
/// [`TwinError`].
pub(super) async fn launch(like: Server, version_number: u32) -> Result<Arc<dyn TwinEngine>, TwinError> {
    let start = move || -> Result<Arc<dyn TwinEngine>, TwinError> {
        let nowhere = || TwinError::NoServer { major: version_number / 10_000 };
        match best(version_number).ok_or_else(nowhere)?.0 {
            Place::Carried => embedded::start(&like).ok_or_else(nowhere)?,
            Place::Installed(installed) => match LocalPostgres::start(installed, &like) {
                Ok(engine) => Ok(Arc::new(engine)),
                // One that does not start (no user to run it as) is as good as none.
                Err(error) => embedded::start(&like).unwrap_or(Err(error)),
            },
        }
    };
    tokio::task::spawn_blocking(start).await.map_err(|e| TwinError::Engine(e.to_string()))?
}
