//! Starts the engine's process and hears what it says.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::CommandExt},
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use super::{DemoError, child::ENGINE_ARGUMENT};
use crate::store::Run;

/// How long an engine may be silent while it works on a step, before it counts as stuck.
const STUCK: Duration = Duration::from_mins(2);

/// How the engine's process is started.
#[derive(Debug, Clone)]
pub(super) struct Launcher {
    /// Our own program.
    pub(super) program: PathBuf,
    /// Where the engine keeps its cache.
    pub(super) cache: PathBuf,
}

/// What the process says, line by line; ends when the process does.
#[derive(Debug)]
pub(super) struct Lines(BufReader<UnixStream>);

impl Launcher {
    /// Starts the engine's process on a run's database in one of its modes.
    pub(super) fn start(&self, mode: &str, run: &Run, input: Stdio) -> Result<(Child, Lines), DemoError> {
        let failed = |e| DemoError::Start { program: self.program.clone(), source: e };
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        ours.set_read_timeout(Some(STUCK)).map_err(failed)?;
        let log = File::create(run.log()).map_err(|e| DemoError::directory(&run.log(), e))?;
        let child = Command::new(&self.program)
            .arg0("whyslow")
            .args([ENGINE_ARGUMENT, mode])
            .arg(run.database())
            // The engine's cache follows these two, whichever the system goes by.
            .env("XDG_CACHE_HOME", &self.cache)
            .env("HOME", &self.cache)
            .env("TMPDIR", run.temporary())
            .current_dir(run.path())
            .stdin(input)
            .stdout(OwnedFd::from(theirs))
            .stderr(log)
            // Keys that signal the terminal's processes are meant for the screen.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        Ok((child, Lines(BufReader::new(ours))))
    }

    /// Makes a database in a run's directory by one of the modes that end by themselves; `step` hears the number of each step as it begins.
    pub(super) fn build(&self, run: &Run, mode: &str, mut step: impl FnMut(usize)) -> Result<(), DemoError> {
        let (mut child, mut lines) = self.start(mode, run, Stdio::null())?;
        let heard = lines.listen(|word, rest| {
            if let ("step", Ok(number)) = (word, rest.parse()) {
                step(number);
            }
            false
        });
        if heard.is_err() {
            let _ = child.kill();
        }
        let status = child.wait();
        heard?;
        if status.is_ok_and(|s| s.success()) { Ok(()) } else { Err(broke(run)) }
    }
}

impl Lines {
    /// Hears lines, each a word and its rest, until one satisfies `done`; false when the process ends before.
    pub(super) fn listen(&mut self, mut done: impl FnMut(&str, &str) -> bool) -> Result<bool, DemoError> {
        let mut line = String::new();
        loop {
            line.clear();
            match self.0.read_line(&mut line) {
                Ok(0) => return Ok(false),
                Ok(_) => {}
                Err(error) => return Err(DemoError::Engine(format!("it is stuck ({error})"))),
            }
            let (word, rest) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
            if word == "failed" {
                return Err(DemoError::Engine(rest.to_owned()));
            }
            if done(word, rest) {
                return Ok(true);
            }
        }
    }

    /// Waits for the process's end, however long.
    pub(super) fn end(mut self) {
        let _ = self.0.get_ref().set_read_timeout(None);
        let _ = self.listen(|_, _| false);
    }
}

/// The error of a process that ended without a word: its last words on standard error.
pub(super) fn broke(run: &Run) -> DemoError {
    let log = std::fs::read(run.log()).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let last = log.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it ended without a word");
    DemoError::Engine(crate::text::one_line(last))
}
