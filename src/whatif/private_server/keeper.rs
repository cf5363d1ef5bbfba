//! The thread that starts the server, waits for its end and ends it.
//!
//! It lives as long as the server: a server started by a thread that ends is told that its parent died.

use std::{
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::Failure;
use crate::store::Run;

/// How often it looks whether the server still lives.
const LOOK: Duration = Duration::from_millis(100);
/// How long the server may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(3);

/// How a server is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::whatif) enum End {
    /// At once but in good order: killed, it would leave its shared memory behind (PostgreSQL).
    Asked,
    /// Killed: nothing is left but its files, which go (MySQL, MariaDB).
    Killed,
}

/// The handle. Dropping it ends the server and removes its directory.
#[derive(Debug)]
pub(in crate::whatif) struct Keeper {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    failure: Arc<Mutex<Option<String>>>,
}

impl Keeper {
    /// Starts the server in the directory of a run.
    pub(in crate::whatif) fn start(mut command: Command, run: Run, how: End) -> Result<Self, Failure> {
        let (stop, stopped) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let failure = Arc::new(Mutex::new(None));
        let noted = Arc::clone(&failure);
        let keep = move || {
            let mut child = match command.spawn() {
                Ok(child) => child,
                Err(error) => return drop(tell.send(Err(error))),
            };
            let _ = tell.send(Ok(()));
            loop {
                match stopped.recv_timeout(LOOK) {
                    Err(RecvTimeoutError::Timeout) => {
                        if let Ok(Some(_)) = child.try_wait() {
                            *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(last_words(&run));
                            return;
                        }
                    }
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return end(&mut child, how),
                }
            }
        };
        let failed = |e| Failure::io("starting its server", &e);
        let thread = std::thread::Builder::new().name("twin".to_owned()).spawn(keep).map_err(failed)?;
        match told.recv() {
            Ok(Ok(())) => Ok(Self { stop: Some(stop), thread: Some(thread), failure }),
            Ok(Err(error)) => Err(failed(error)),
            Err(_) => Err(Failure("its thread ended".to_owned())),
        }
    }

    /// The server's last words, when it ended by itself.
    pub(in crate::whatif) fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn end(child: &mut Child, how: End) {
    if how == End::Killed {
        let _ = child.kill();
        let _ = child.wait();
        return;
    }
    let quit = format!("kill -QUIT {}", child.id());
    let mut shell = Command::new("sh");
    let _ = shell.arg("-c").arg(quit).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Ok(Some(_)) = child.try_wait() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// What the server's log ends with.
fn last_words(run: &Run) -> String {
    let log = std::fs::read(run.log()).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let serious = log.lines().rfind(|line| ["FATAL", "PANIC", "[ERROR]"].iter().any(|word| line.contains(word)));
    let last = serious.or_else(|| log.lines().rfind(|line| !line.trim().is_empty()));
    crate::text::one_line(last.unwrap_or("it ended without a word"))
}
