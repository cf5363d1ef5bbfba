//! What the demo asks of an embedded PostgreSQL. The library knows no engine: the program links one and hands it in.

use std::path::Path;

/// An engine a program has linked.
#[derive(Debug, Clone, Copy)]
pub struct Provider {
    /// Name and version, such as `oliphaunt-wasix-0.3.2`: part of the name the prepared data is kept under, so that
    /// another engine makes its own. Letters, digits, `.` and `-` only.
    pub stamp: &'static str,
    /// `server_version_num` of its PostgreSQL.
    pub version_number: u32,
    /// That version as shown to people.
    pub version: &'static str,
    /// Opens a database.
    pub open: Open,
}

/// Opens the database kept in a directory; makes an empty one where there is none. The settings are those of
/// `postgres -c name=value`. The error is a sentence for people.
pub type Open = fn(&Path, &[(&str, &str)]) -> Result<Box<dyn Engine>, String>;

/// One open database. Used on the thread that opened it.
pub trait Engine {
    /// Sends messages of the frontend/backend protocol (version 3, after the start-up phase), the last of them one
    /// that makes the server answer (`Query`, `Sync`), and returns all of the answer.
    ///
    /// # Errors
    /// The engine broke and is of no more use; a sentence for people. What PostgreSQL refuses is an answer, not an error.
    fn exchange(&mut self, request: &[u8]) -> Result<Vec<u8>, String>;

    /// Shuts the database down so that its directory can be copied.
    ///
    /// # Errors
    /// A sentence for people; the directory must then not be used again.
    fn close(self: Box<Self>) -> Result<(), String>;
}

/// Settings while the data is made: nothing has to survive a crash, since a half-made directory is thrown away, and
/// `wal_level = minimal` spares the log of tables filled by the transaction that made them.
pub(super) const BUILDING: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("synchronous_commit", "off"),
    ("wal_level", "minimal"),
    ("min_wal_size", "32MB"),
    ("maintenance_work_mem", "64MB"),
];

/// Settings while a copy is served. Nothing the planner looks at differs from PostgreSQL's defaults; fewer shared
/// buffers than the default save memory, and the data fits.
pub(super) const SERVING: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("synchronous_commit", "off"),
    ("wal_level", "minimal"),
    ("min_wal_size", "32MB"),
    ("shared_buffers", "64MB"),
];
