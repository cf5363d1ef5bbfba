//! The PostgreSQL a twin lives in.

use std::{fmt, io, path::Path};

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
}
