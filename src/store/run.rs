//! The private directory of one run.

use std::{
    fs::{self, File},
    io,
    os::unix::{ffi::OsStrExt, fs::MetadataExt, net::UnixListener},
    path::{Path, PathBuf},
};

use super::files;

/// Longest path of a socket, bytes with its final zero (`sockaddr_un.sun_path`: 108 on Linux, 104 on macOS).
const LONGEST_SOCKET: usize = 104;
/// PostgreSQL's name for the socket of its usual port.
const SOCKET: &str = ".s.PGSQL.5432";
/// What PostgreSQL writes beside it.
const SOCKET_LOCK: &str = ".s.PGSQL.5432.lock";
/// The port in that name.
pub(crate) const PORT: u16 = 5432;
/// The file that remembers a socket's directory outside the run's.
const ELSEWHERE: &str = "socket-directory";

/// A private directory for one run, removed when dropped; a later run sweeps away what a killed one leaves.
#[derive(Debug)]
pub(crate) struct Run {
    path: PathBuf,
    _lock: File,
}

impl Run {
    /// Makes one below `runs`.
    pub(super) fn new(runs: &Path) -> io::Result<Self> {
        loop {
            let path = files::unique(runs, "run")?;
            let lock_path = path.with_added_extension("lock");
            let lock = File::options().create(true).append(true).open(&lock_path)?;
            lock.lock()?;
            // A sweep may have taken it away between the two lines above.
            if fs::metadata(&lock_path).is_ok_and(|there| lock.metadata().is_ok_and(|held| held.ino() == there.ino())) {
                let run = Self { path, _lock: lock };
                files::make(&run.temporary())?;
                return Ok(run);
            }
        }
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the database lies.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("pg")
    }

    /// Where the engine's temporary files go, so that they go away with the run.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.path.join("tmp")
    }

    /// Where what the engine says goes.
    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// Listens on a socket and says in which directory.
    pub(crate) fn listen(&self) -> io::Result<(UnixListener, PathBuf)> {
        let directory = self.socket_directory()?;
        Ok((UnixListener::bind(directory.join(SOCKET))?, directory))
    }

    /// The directory for a socket: this one, or a private temporary one where this one's path is too long for a socket.
    pub(crate) fn socket_directory(&self) -> io::Result<PathBuf> {
        let fits = |directory: &Path| directory.join(SOCKET).as_os_str().as_bytes().len() < LONGEST_SOCKET;
        if fits(&self.path) {
            return Ok(self.path.clone());
        }
        let short = [std::env::temp_dir(), PathBuf::from("/tmp")];
        let parent = short.iter().find(|parent| fits(&parent.join("whyslow-00000000-00000000")));
        let parent =
            parent.ok_or_else(|| io::Error::other("every temporary directory's path is too long for a socket"))?;
        let directory = files::unique(parent, "whyslow")?;
        fs::write(self.path.join(ELSEWHERE), directory.as_os_str().as_bytes())?;
        Ok(directory)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = clear(&self.path);
        let _ = fs::remove_file(self.path.with_added_extension("lock"));
    }
}

/// Removes the directories of runs whose process is gone.
pub(super) fn sweep(runs: &Path) {
    for lock_path in files::locks(runs) {
        if File::open(&lock_path).is_ok_and(|lock| lock.try_lock().is_ok())
            && clear(&lock_path.with_extension("")).is_ok()
        {
            let _ = fs::remove_file(&lock_path);
        }
    }
}

/// Removes a run's directory and its socket elsewhere: only a socket by our name and a directory that is then empty.
fn clear(path: &Path) -> io::Result<()> {
    use std::{ffi::OsStr, os::unix::fs::FileTypeExt};
    if let Ok(elsewhere) = fs::read(path.join(ELSEWHERE)) {
        let directory = Path::new(OsStr::from_bytes(&elsewhere));
        let socket = directory.join(SOCKET);
        if fs::symlink_metadata(&socket).is_ok_and(|m| m.file_type().is_socket()) {
            let _ = fs::remove_file(&socket);
        }
        let _ = fs::remove_file(directory.join(SOCKET_LOCK));
        let _ = fs::remove_dir(directory);
    }
    files::remove(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{Run, files};

    #[test]
    fn a_path_too_long_for_a_socket_gets_one_elsewhere_and_takes_it_along() {
        let parent = files::unique(&std::env::temp_dir(), "whyslow-run-test").unwrap();
        let long = parent.join("x".repeat(120));
        files::make(&long).unwrap();
        let run = Run::new(&long).unwrap();
        let (listener, directory) = run.listen().unwrap();
        assert!(!directory.starts_with(&parent), "{directory:?}");
        assert_eq!(std::fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
        drop(listener);
        drop(run);
        assert!(!directory.exists());
        assert_eq!(std::fs::read_dir(&long).unwrap().count(), 0);
        files::remove(&parent).unwrap();
    }
}
