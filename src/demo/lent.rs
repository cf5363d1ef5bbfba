//! An empty embedded PostgreSQL for one's own use: for twins, where no PostgreSQL is installed. Unlike the demo's it serves many clients,
//! whose sessions take turns in the only one that the engine has, and is not started again when it ends.

use std::{
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::Child,
    sync::{Mutex, PoisonError},
};

use super::{
    DemoError, Options, Provider,
    child::{EMPTY, EMPTY_OF_WORDS, SHARE},
    process::{Launcher, Lines, broke},
    program,
};
use crate::store::{Run, Store};

/// A running engine. Dropping it ends its process and removes its files.
#[derive(Debug)]
pub(crate) struct Lent {
    child: Mutex<Child>,
    socket: PathBuf,
    run: Run,
    note: Option<String>,
    /// The process follows us when our end of this way to it closes.
    _way: Lines,
    // Removes a private store, so it goes after the run that lies in it.
    _store: Store,
}

impl Lent {
    /// Starts one; the first time an empty database is made, which takes about three seconds, later one. Its texts sort by bytes; unless
    /// production's do so too, the planner is told that they do not. Blocks.
    ///
    /// # Errors
    /// [`DemoError`].
    pub(crate) fn start(provider: &Provider, options: &Options, by_bytes: bool) -> Result<Self, DemoError> {
        let store = Store::open(options.cache.as_deref(), "twin-embedded")?;
        let launcher = Launcher { program: program(options)?, cache: store.root().join("engine") };
        let mode = if by_bytes { EMPTY } else { EMPTY_OF_WORDS };
        let template =
            store.template(&format!("{}-{mode}", provider.stamp), || (), |run| launcher.build(run, mode, |_| ()))?;
        let run = store.run()?;
        template.copy(&run.database())?;
        let (listener, socket) = run.listen().map_err(|e| DemoError::directory(run.path(), e))?;
        let (mut child, mut lines) = launcher.start(SHARE, &run, OwnedFd::from(listener).into())?;
        let ready = lines.listen(|word, _| word == "ready");
        if !matches!(ready, Ok(true)) {
            let _ = child.kill();
            let _ = child.wait();
            return Err(ready.err().unwrap_or_else(|| broke(&run)));
        }
        let note = store.note.clone();
        Ok(Self { child: Mutex::new(child), socket, run, note, _way: lines, _store: store })
    }

    /// Directory of its socket.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.run.database().join("pgdata")
    }

    /// Why it ended, when it did.
    pub(crate) fn failure(&self) -> Option<String> {
        let ended = self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait();
        ended.is_ok_and(|status| status.is_some()).then(|| broke(&self.run).to_string())
    }

    /// Where its files are kept, when not where they usually are.
    pub(crate) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}
