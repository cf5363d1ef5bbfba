//! What our own servers keep on disk: data prepared once and copied, and a private directory for each run.
//!
//! ```text
//! <cache>/whyslow/<name>/template-<stamp>/      prepared data: pg/ and size; never opened, only copied
//! <cache>/whyslow/<name>/template-<stamp>.lock  shared by those who use it, exclusive to who makes or removes it
//! <cache>/whyslow/<name>/runs/<run>/            one run: pg/, tmp/, log, and the socket where its path is short enough
//! <cache>/whyslow/<name>/runs/<run>.lock        held while the run lives; who can take it sweeps the run away
//! ```

mod files;
mod run;

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use etcetera::BaseStrategy;

pub(crate) use files::unique;
pub(crate) use run::{PORT, Run};

/// A directory that could not be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {}: {source}", path.display())]
pub(crate) struct StoreError {
    /// Which.
    pub(crate) path: PathBuf,
    /// What the system said.
    pub(crate) source: io::Error,
}

impl StoreError {
    /// What the system said of a directory.
    pub(crate) fn new(path: &Path, source: io::Error) -> Self {
        Self { path: path.to_owned(), source }
    }
}

/// How long to wait for another whyslow that is preparing the same data.
const PATIENCE: Duration = Duration::from_mins(5);

/// The directory of one kind of server.
#[derive(Debug)]
pub(crate) struct Store {
    root: PathBuf,
    /// The directory is in nobody's cache and is removed at the end.
    private: bool,
    /// What the person should know about it.
    pub(crate) note: Option<String>,
}

/// Prepared data. Never opened: an engine that is killed can harm only its copy.
#[derive(Debug)]
pub(crate) struct Template {
    path: PathBuf,
    size: files::Size,
    _lock: File,
}

impl Store {
    /// Opens the store `name` below `cache`, or below the person's cache directory; where that cannot be written, in a
    /// private temporary directory that lasts as long as the store.
    pub(crate) fn open(cache: Option<&Path>, name: &str) -> Result<Self, StoreError> {
        let home =
            cache.map(Path::to_path_buf).or_else(|| etcetera::base_strategy::Xdg::new().ok().map(|x| x.cache_dir()));
        let why = match home.map(|h| h.join("whyslow").join(name)) {
            Some(root) => match files::make(&root.join("runs")).and_then(|()| files::probe(&root)) {
                Ok(()) => return Ok(Self { root, private: false, note: None }),
                Err(error) => format!("{} cannot be written ({error})", root.display()),
            },
            None => "there is no home directory".to_owned(),
        };
        let parent = std::env::temp_dir();
        let root = files::unique(&parent, &format!("whyslow-{name}")).map_err(|e| StoreError::new(&parent, e))?;
        files::make(&root.join("runs")).map_err(|e| StoreError::new(&root, e))?;
        let note = format!("{why}: what the {name} needs is prepared for this run only, in {}", root.display());
        Ok(Self { root, private: true, note: Some(note) })
    }

    /// The directory itself, for what else belongs there.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The prepared data of this stamp, if it is there and whole; else `build` makes it in a run's directory, from
    /// where it gets its name at once. `waiting` is called when another whyslow is at it.
    ///
    /// # Errors
    /// [`StoreError`], and what `build` says.
    pub(crate) fn template<E: From<StoreError>>(
        &self,
        stamp: &str,
        waiting: impl Fn(),
        build: impl FnOnce(&Run) -> Result<(), E>,
    ) -> Result<Template, E> {
        let path = self.root.join(format!("template-{stamp}"));
        let failed = |error| E::from(StoreError::new(&path, error));
        let lock = File::options()
            .create(true)
            .append(true)
            .open(self.root.join(format!("template-{stamp}.lock")))
            .map_err(failed)?;
        // Both kinds are asked for in turn: whoever waits to make the data must also see that another has made them, who
        // goes on holding them for as long as they are used.
        let made = patiently(waiting, || {
            lock.try_lock_shared()?;
            if let Some(size) = whole(&path) {
                return Ok(Some(size));
            }
            lock.unlock().map_err(TryLockError::Error)?;
            lock.try_lock().map(|()| None)
        });
        if let Some(size) = made.map_err(failed)? {
            return Ok(Template { path, size, _lock: lock });
        }
        // Another may have made it while nobody held the lock.
        if whole(&path).is_none() {
            self.sweep(&path);
            files::remove(&path).map_err(failed)?;
            let run = self.run()?;
            build(&run)?;
            let made = run.path().join("template");
            files::make(&made).map_err(failed)?;
            fs::rename(run.database(), made.join("pg")).map_err(failed)?;
            let size = files::Size::of(&made.join("pg")).map_err(failed)?;
            fs::write(made.join("size"), size.to_string()).map_err(failed)?;
            fs::rename(&made, &path).map_err(failed)?;
        }
        let size = whole(&path).ok_or_else(|| failed(io::Error::other("the prepared data is not whole")))?;
        lock.unlock().and_then(|()| lock.lock_shared()).map_err(failed)?;
        Ok(Template { path, size, _lock: lock })
    }

    /// Removes what runs that ended badly left behind, which may hold what is nobody else's business.
    pub(crate) fn tidy(&self) {
        run::sweep(&self.root.join("runs"));
    }

    /// A private directory for one run, removed when dropped.
    pub(crate) fn run(&self) -> Result<Run, StoreError> {
        let runs = self.root.join("runs");
        Run::new(&runs).map_err(|error| StoreError::new(&runs, error))
    }

    /// Removes what runs that ended badly left behind, and prepared data that no whyslow uses.
    fn sweep(&self, keep: &Path) {
        run::sweep(&self.root.join("runs"));
        for lock_path in files::locks(&self.root) {
            let template = lock_path.with_extension("");
            if template != keep && File::open(&lock_path).is_ok_and(|lock| lock.try_lock().is_ok()) {
                let _ = files::remove(&template);
            }
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.private {
            let _ = files::remove(&self.root);
        }
    }
}

impl Template {
    /// Makes a fresh copy at `to`, removing what was there.
    pub(crate) fn copy(&self, to: &Path) -> Result<(), StoreError> {
        let failed = |error| StoreError::new(to, error);
        files::remove(to).map_err(failed)?;
        let copied = files::copy(&self.path.join("pg"), to).map_err(failed)?;
        if copied == self.size { Ok(()) } else { Err(failed(io::Error::other("the prepared data was not whole"))) }
    }
}

/// The size of prepared data, if all of it is there: a machine that lost its power may have kept names without contents.
fn whole(template: &Path) -> Option<files::Size> {
    let noted = fs::read_to_string(template.join("size")).ok()?;
    files::Size::of(&template.join("pg")).ok().filter(|size| size.to_string() == noted)
}

/// Tries to lock until it succeeds or patience ends; `waiting` is called once when it does not succeed at once.
fn patiently<T>(waiting: impl FnOnce(), attempt: impl Fn() -> Result<T, TryLockError>) -> io::Result<T> {
    let end = Instant::now() + PATIENCE;
    let mut waiting = Some(waiting);
    loop {
        match attempt() {
            Ok(locked) => return Ok(locked),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if Instant::now() > end => {
                return Err(io::Error::other("another whyslow is using it"));
            }
            Err(TryLockError::WouldBlock) => {
                if let Some(waiting) = waiting.take() {
                    waiting();
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::{Run, Store, StoreError, files};

    struct Scratch(PathBuf);

    impl Scratch {
        fn new() -> Self {
            Self(files::unique(&std::env::temp_dir(), "whyslow-store-test").unwrap())
        }

        fn store(&self) -> Store {
            Store::open(Some(&self.0), "demo").unwrap()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            files::remove(&self.0).unwrap();
        }
    }

    /// Makes a "database" of two files.
    #[allow(clippy::unnecessary_wraps, reason = "the signature of a builder")]
    fn build(run: &Run) -> Result<(), StoreError> {
        fs::create_dir_all(run.database().join("base")).unwrap();
        fs::write(run.database().join("version"), "18").unwrap();
        fs::write(run.database().join("base/1"), vec![7; 10_000]).unwrap();
        Ok(())
    }

    fn refuse(_: &Run) -> Result<(), StoreError> {
        panic!("it was there already");
    }

    #[test]
    fn data_is_prepared_once_and_then_copied() {
        let scratch = Scratch::new();
        let store = scratch.store();
        drop(store.template("a", || (), build).unwrap());
        let template = store.template("a", || (), refuse).unwrap();
        let run = store.run().unwrap();
        template.copy(&run.database()).unwrap();
        fs::write(run.database().join("version"), "harmed").unwrap();
        template.copy(&run.database()).unwrap();
        assert_eq!(fs::read_to_string(run.database().join("version")).unwrap(), "18");
    }

    #[test]
    fn who_waits_to_prepare_the_data_is_served_by_who_has_prepared_them_and_uses_them() {
        let scratch = Scratch::new();
        let path = scratch.store().root().join("template-a.lock");
        let held = fs::File::create(path).unwrap();
        held.lock_shared().unwrap();
        let (waits, waiting) = std::sync::mpsc::channel();
        let (made, templates) = std::sync::mpsc::channel();
        for store in [scratch.store(), scratch.store()] {
            let (waits, made) = (waits.clone(), made.clone());
            std::thread::spawn(move || {
                let template = store.template("a", || waits.send(()).unwrap(), build);
                made.send(template.map_err(|e| e.source.to_string())).unwrap();
            });
        }
        // Both have found nothing before either may make it.
        waiting.recv().unwrap();
        waiting.recv().unwrap();
        drop(held);
        let first = templates.recv().unwrap().unwrap();
        let second = templates.recv_timeout(std::time::Duration::from_mins(1)).expect("served while it is used");
        assert_eq!(first.path, second.unwrap().path);
    }

    #[test]
    fn data_that_lost_its_contents_is_prepared_anew() {
        let scratch = Scratch::new();
        let store = scratch.store();
        let template = store.template("a", || (), build).unwrap();
        let file = template.path.join("pg/base/1");
        drop(template);
        fs::write(&file, "").unwrap();
        drop(store.template("a", || (), build).unwrap());
        assert_eq!(fs::metadata(&file).unwrap().len(), 10_000);
    }

    #[test]
    fn a_failed_preparation_leaves_nothing_behind() {
        let scratch = Scratch::new();
        let store = scratch.store();
        let failed = store.template(
            "a",
            || (),
            |run| {
                build(run)?;
                Err(StoreError::new(run.path(), std::io::Error::other("it broke")))
            },
        );
        assert!(failed.is_err());
        assert_eq!(files::locks(&scratch.0.join("whyslow/demo/runs")), Vec::<PathBuf>::new());
        drop(store.template("a", || (), build).unwrap());
    }

    #[test]
    fn old_data_and_dead_runs_are_swept_away_and_living_ones_are_not() {
        let scratch = Scratch::new();
        let store = scratch.store();
        drop(store.template("old", || (), build).unwrap());
        let used = store.template("used", || (), build).unwrap();
        let living = store.run().unwrap();
        let dead = scratch.0.join("whyslow/demo/runs/dead");
        fs::create_dir_all(dead.join("pg")).unwrap();
        fs::write(dead.with_extension("lock"), "").unwrap();
        drop(store.template("new", || (), build).unwrap());
        assert!(!dead.exists() && !dead.with_extension("lock").exists());
        assert!(living.path().is_dir());
        assert!(used.path.is_dir());
        assert!(!scratch.0.join("whyslow/demo/template-old").exists());
    }

    #[test]
    fn an_unwritable_cache_is_noted_and_a_private_directory_serves() {
        let scratch = Scratch::new();
        let file = scratch.0.join("a file where a directory should be");
        fs::write(&file, "").unwrap();
        let store = Store::open(Some(&file), "demo").unwrap();
        let root = store.root.clone();
        assert!(store.note.as_deref().is_some_and(|n| n.contains("cannot be written")), "{:?}", store.note);
        assert!(root.is_dir());
        drop(store);
        assert!(!root.exists());
    }
}
