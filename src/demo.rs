//! The embedded PostgreSQL of `whyslow demo`: its data set, its slow queries and its engine in a child process; the same engine,
//! empty, is lent to twins.
//!
//! The engine cannot be stopped while it works, has no time limits and may break, so it never runs in the process that
//! holds the screen: [`start`] starts our own program again with [`ENGINE_ARGUMENT`], and that process, [`engine_main`],
//! serves a Unix socket in a private directory on a private copy of prepared data. The program links the engine and
//! hands it in as a [`Provider`]; this library knows none.

mod child;
mod engine;
mod lent;
mod process;
mod running;
mod samples;
mod shop;
mod wire;

use std::path::{Path, PathBuf};

#[cfg(test)]
pub(crate) use child::share::host;
pub use child::{ENGINE_ARGUMENT, engine_main};
pub use engine::{Engine, Open, Provider};
pub(crate) use lent::Lent;
pub use running::Demo;
pub use samples::{Remedy, SAMPLES, Sample};

use crate::store::{Store, StoreError};
use child::BUILD;
use process::Launcher;

/// What a program without an engine says.
pub const UNAVAILABLE: &str = "this whyslow was built without the embedded PostgreSQL: install it with \
    `cargo install whyslow` (default features), or take the glibc binary of a release";

/// How a demo is started, where it differs from the usual.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The directory to keep prepared data below, instead of the person's cache directory.
    pub cache: Option<PathBuf>,
    /// The program that is the engine's process when started with [`ENGINE_ARGUMENT`], instead of the running one.
    pub program: Option<PathBuf>,
}

/// How far a start has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done, in words.
    pub doing: &'static str,
    /// Weight of what is done; milliseconds once measured on two cores.
    pub done: u32,
    /// Weight of all that is to be done.
    pub total: u32,
}

impl Progress {
    /// The part that is done, 0 to 1.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        f64::from(self.done) / f64::from(self.total.max(1))
    }
}

/// Why the demo did not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A directory could not be used.
    #[error("the demo cannot use {}: {source}", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The engine's process could not be started.
    #[error("the demo cannot start {}: {source}", program.display())]
    Start {
        /// Our own program.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The engine failed.
    #[error("the demo's PostgreSQL failed: {0}")]
    Engine(String),
}

impl From<StoreError> for DemoError {
    fn from(error: StoreError) -> Self {
        Self::Directory { path: error.path, source: error.source }
    }
}

impl DemoError {
    fn directory(path: &Path, source: std::io::Error) -> Self {
        Self::Directory { path: path.to_owned(), source }
    }
}

/// Weight of opening the engine for the first time, when it unpacks itself.
const UNPACK: u32 = 2400;
/// Weight of copying the prepared data.
const COPY: u32 = 250;
/// Weight of opening the engine.
const OPEN: u32 = 400;

/// Starts the demo: prepares the data if this is the first time, copies it, and serves the copy. `progress` hears each
/// step as it begins; the steps and their weights are known from the start, so that a bar can be honest.
///
/// Blocks for about a second, the first time for 5 to 15: call it off the screen's thread.
///
/// # Errors
/// [`DemoError`].
pub fn start(provider: &Provider, options: &Options, mut progress: impl FnMut(Progress)) -> Result<Demo, DemoError> {
    let store = Store::open(options.cache.as_deref(), "demo")?;
    let launcher = Launcher { program: program(options)?, cache: store.root().join("engine") };
    let steps = shop::steps();
    let preparing = UNPACK + steps.iter().map(|step| step.weight).sum::<u32>();
    let stamp = format!("{}-{:016x}", provider.stamp, shop::fingerprint());
    let mut prepared = 0;
    let progress = std::cell::RefCell::new(&mut progress);
    let tell = |doing, done, total| (progress.borrow_mut())(Progress { doing, done, total });
    let template = store.template(
        &stamp,
        || tell("waiting for another whyslow that prepares the data", 0, preparing + COPY + OPEN),
        |run| {
            prepared = preparing;
            let total = preparing + COPY + OPEN;
            tell("unpacking PostgreSQL", 0, total);
            launcher.build(run, BUILD, |number| {
                let done = UNPACK + steps.iter().take(number).map(|step| step.weight).sum::<u32>();
                tell(steps.get(number).map_or("", |step| step.label), done, total);
            })
        },
    )?;
    let total = prepared + COPY + OPEN;
    tell("copying the data", prepared, total);
    let demo = Demo::run(store, template, launcher, || tell("starting PostgreSQL", prepared + COPY, total))?;
    tell("ready", total, total);
    Ok(demo)
}

/// The program to start as the engine's process: our own.
fn program(options: &Options) -> Result<PathBuf, DemoError> {
    if let Some(program) = &options.program {
        return Ok(program.clone());
    }
    // Linux names the running program even when its file was replaced meanwhile, as an upgrade does.
    let this = Path::new("/proc/self/exe");
    if cfg!(target_os = "linux") && this.exists() {
        return Ok(this.to_owned());
    }
    std::env::current_exe().map_err(|source| DemoError::Start { program: PathBuf::from("whyslow"), source })
}
