//! Snapshots as files, for this user's eyes only.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use super::{FORMAT, Snapshot};

/// Larger files are refused rather than read into memory without end.
const LARGEST: u64 = 1 << 30;

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The system refused.
    #[error(transparent)]
    File(#[from] io::Error),
    /// It is not a snapshot.
    #[error("it is no snapshot of whyslow: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A later program wrote it.
    #[error("it is a snapshot of format {0}, and this whyslow knows format {FORMAT}; take a newer whyslow")]
    Newer(u32),
    /// It is larger than any snapshot.
    #[error("it is larger than 1 GiB")]
    TooLarge,
}

/// Writes a snapshot to a file that only this user may read; a file of that name is replaced.
///
/// # Errors
/// [`SnapshotError::File`].
pub fn save(snapshot: &Snapshot, path: &Path) -> Result<(), SnapshotError> {
    let mut text = serde_json::to_vec_pretty(snapshot)?;
    text.push(b'\n');
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{}.part", std::process::id()));
    let part = Path::new(&part);
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let written = options.open(part).and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()));
    written.and_then(|()| std::fs::rename(part, path)).map_err(|error| {
        let _ = std::fs::remove_file(part);
        error.into()
    })
}

/// Reads a snapshot from a file.
///
/// # Errors
/// [`SnapshotError`].
pub fn load(path: &Path) -> Result<Snapshot, SnapshotError> {
    let file = File::open(path)?;
    if file.metadata()?.len() > LARGEST {
        return Err(SnapshotError::TooLarge);
    }
    let value: serde_json::Value = serde_json::from_reader(io::BufReader::new(file))?;
    if let Some(format) = value.get("format").and_then(serde_json::Value::as_u64)
        && format != u64::from(FORMAT)
    {
        return Err(SnapshotError::Newer(u32::try_from(format).unwrap_or(u32::MAX)));
    }
    Ok(serde_json::from_value(value)?)
}

#[cfg(test)]
mod tests {
    use super::{SnapshotError, load, save};
    use crate::whatif::snapshot::{FORMAT, Snapshot};

    #[test]
    fn a_snapshot_comes_back_as_it_was_and_nobody_else_may_read_it() {
        let directory = crate::store::unique(&std::env::temp_dir(), "whyslow-snapshot-test").unwrap();
        let path = directory.join("a.json");
        std::fs::write(&path, "of old").unwrap();
        let snapshot = Snapshot { format: FORMAT, taken: "now".to_owned(), read_ms: 0.1, ..Snapshot::default() };
        save(&snapshot, &path).unwrap();
        assert_eq!(load(&path).unwrap(), snapshot);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        save(&Snapshot { format: 99, ..snapshot }, &path).unwrap();
        assert!(matches!(load(&path), Err(SnapshotError::Newer(99))));
        for text in ["", "[]", "{\"format\": 1}", "select 1"] {
            std::fs::write(&path, text).unwrap();
            assert!(matches!(load(&path), Err(SnapshotError::Unreadable(_))), "{text}");
        }
        std::fs::remove_dir_all(directory).unwrap();
    }
}
