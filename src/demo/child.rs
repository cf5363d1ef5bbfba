//! The engine's process: our own program, started again by the demo with a hidden first argument.
//!
//! Standard input is the listening socket (so that clients of a server being restarted wait instead of failing),
//! standard output the way to the parent in both directions: lines to it, and its end when the parent ends, however
//! that happens. The engine has no timers and hears no signals while it works, so a time limit and a cancel are kept
//! here: the client gets the error a real server gives (SQLSTATE 57014), then this process ends and the parent starts
//! another on a fresh copy of the data.

mod serve;
pub(super) mod share;

use std::{
    ffi::OsString,
    io::{Read, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use super::{
    engine::{BUILDING, Provider, SERVING},
    shop, wire,
};

/// The hidden first argument by which the program is the engine's process.
pub const ENGINE_ARGUMENT: &str = "__demo-engine";

/// The modes: make the demo's data set and end, serve it to one client after another; make an empty database and end, one that sorts texts
/// by bytes or one that does not say so; serve many clients in turns.
pub(super) const BUILD: &str = "build";
pub(super) const SERVE: &str = "serve";
pub(super) const EMPTY: &str = "empty";
pub(super) const EMPTY_OF_WORDS: &str = "empty-of-words";
pub(super) const SHARE: &str = "share";

/// The engine sorts by bytes, whatever a collation is called. By this one, which stands in for all that do not, the planner no longer takes
/// the order of an index for that of the bytes, as it would not on production.
const SORTS_WORDS: &str = "UPDATE pg_catalog.pg_database SET datcollate = 'en_US.UTF-8', datctype = 'en_US.UTF-8'";

/// The way to the parent.
#[derive(Debug)]
struct Parent(UnixStream);

impl Parent {
    /// Tells the parent something in one line. A parent that is gone is noticed by [`watch`].
    fn tell(&self, line: &str) {
        let _ = writeln!(&self.0, "{}", line.replace('\n', " "));
    }
}

/// Is the engine's process and ends it. The arguments are those that follow [`ENGINE_ARGUMENT`]: a mode, and the
/// database's directory, whose parent directory belongs to this run alone and is removed should our parent die.
pub fn engine_main(provider: &Provider, arguments: &[OsString]) -> ! {
    let [mode, root] = arguments else { std::process::exit(2) };
    let root = PathBuf::from(root);
    let Ok(parent) = control(&root) else { std::process::exit(2) };
    let done = match mode.to_str() {
        Some(BUILD) => build(provider, &root, &parent),
        Some(SERVE) => serve::serve(provider, &root, &parent),
        Some(EMPTY) => empty(provider, &root, None),
        Some(EMPTY_OF_WORDS) => empty(provider, &root, Some(SORTS_WORDS)),
        Some(SHARE) => share::share(provider, &root, &parent),
        _ => Err("unknown mode".to_owned()),
    };
    leave(|| match done {
        Ok(()) => 0,
        Err(message) => {
            parent.tell(&format!("failed {message}"));
            1
        }
    })
}

/// Takes the way to the parent from standard output and watches it.
fn control(root: &Path) -> std::io::Result<Parent> {
    let stream = UnixStream::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    let ear = stream.try_clone()?;
    let private = root.parent().map(Path::to_path_buf);
    std::thread::Builder::new().name("parent".to_owned()).spawn(move || watch(ear, private.as_deref()))?;
    Ok(Parent(stream))
}

/// Held by the thread that ends this process, so that another does not end it half-way.
static LEAVING: Mutex<()> = Mutex::new(());

/// Ends this process, whatever its other threads do, after a last act that gives the exit status.
fn leave(last: impl FnOnce() -> i32) -> ! {
    let _leaving = LEAVING.lock().unwrap_or_else(PoisonError::into_inner);
    std::process::exit(last());
}

/// Waits for the parent's end and follows it, taking the private directory along.
fn watch(mut ear: UnixStream, private: Option<&Path>) {
    let mut byte = [0];
    while matches!(ear.read(&mut byte), Ok(1)) {}
    leave(|| {
        tidy(private);
        1
    });
}

/// Removes the private directory; twice, since the engine may be writing into it until this process ends.
fn tidy(private: Option<&Path>) {
    if let Some(private) = private
        && std::fs::remove_dir_all(private).is_err()
    {
        let _ = std::fs::remove_dir_all(private);
    }
}

/// Makes the data set in an empty directory.
fn build(provider: &Provider, root: &Path, parent: &Parent) -> Result<(), String> {
    let mut engine = (provider.open)(root, BUILDING)?;
    for (number, step) in shop::steps().iter().enumerate() {
        parent.tell(&format!("step {number}"));
        for statement in &step.statements {
            let answer = engine.exchange(&wire::query(statement))?;
            if let Some(error) = wire::error(&answer) {
                let start: String = statement.chars().take(60).collect();
                return Err(format!("making the data set, at \"{start}\": {error}"));
            }
        }
    }
    engine.close()
}

/// Makes an empty database, changed by a statement.
fn empty(provider: &Provider, root: &Path, change: Option<&str>) -> Result<(), String> {
    let mut engine = (provider.open)(root, BUILDING)?;
    if let Some(change) = change
        && let Some(error) = wire::error(&engine.exchange(&wire::query(change))?)
    {
        return Err(format!("making an empty database: {error}"));
    }
    engine.close()
}
