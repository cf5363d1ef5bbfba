//! Directories: private, unique, measured, copied.

use std::{
    fmt,
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::SystemTime,
};

/// How much a directory holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Size {
    files: u64,
    bytes: u64,
}

impl Size {
    /// Measures a directory.
    pub(super) fn of(directory: &Path) -> io::Result<Self> {
        let mut size = Self::default();
        each(directory, &mut |_, metadata| {
            size.count(metadata);
            Ok(())
        })?;
        Ok(size)
    }

    fn count(&mut self, metadata: &fs::Metadata) {
        if metadata.is_file() {
            self.files += 1;
            self.bytes += metadata.len();
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files, {} bytes", self.files, self.bytes)
    }
}

/// Makes a directory, and those above it, for this user's eyes only.
pub(super) fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a directory that was not there, for this user's eyes only.
pub(crate) fn unique(parent: &Path, prefix: &str) -> io::Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    loop {
        let nanos = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.subsec_nanos());
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("{prefix}-{:x}-{:x}", std::process::id(), u64::from(nanos) + u64::from(count)));
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether files can be made there.
pub(super) fn probe(directory: &Path) -> io::Result<()> {
    fs::remove_dir(unique(directory, "probe")?)
}

/// Removes a directory, if it is there.
pub(super) fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Copies a directory and says how much it was; where the file system can, blocks are shared until written.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<Size> {
    let mut size = Size::default();
    make(to)?;
    each(from, &mut |path, metadata| {
        let target = to.join(path.strip_prefix(from).map_err(io::Error::other)?);
        size.count(metadata);
        if metadata.is_dir() { make(&target) } else { fs::copy(path, &target).map(drop) }
    })?;
    Ok(size)
}

/// The lock files in a directory.
pub(super) fn locks(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "lock")).collect()
}

/// Visits everything below a directory, a directory before what it holds.
fn each(directory: &Path, visit: &mut impl FnMut(&Path, &fs::Metadata) -> io::Result<()>) -> io::Result<()> {
    let mut todo = vec![directory.to_path_buf()];
    while let Some(next) = todo.pop() {
        for entry in fs::read_dir(&next)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            visit(&entry.path(), &metadata)?;
            if metadata.is_dir() {
                todo.push(entry.path());
            }
        }
    }
    Ok(())
}
