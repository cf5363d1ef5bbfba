//! A running demo: an engine's process that is started again when it ends.

use std::{
    os::{fd::OwnedFd, unix::net::UnixListener},
    path::PathBuf,
    process::Child,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use super::{
    DemoError,
    child::SERVE,
    process::{Launcher, Lines, broke},
};
use crate::{
    plan::Engine,
    server::{Target, target::TlsMode},
    store::{PORT, Run, Store, Template},
};

/// How often a start is tried before the demo gives up.
const ATTEMPTS: u32 = 3;

/// A running demo. Dropping it stops the engine and removes its copy of the data.
///
/// One client at a time is served; a second is refused (SQLSTATE 53300) after five seconds. A cancel and a time limit
/// are answered with SQLSTATE 57014 and the connection's end; then, as after any end of the engine, a fresh copy of the
/// data is served **on the same socket** within a second or two, and clients that connect meanwhile wait. So the target
/// stays the same: to go on after an error of kind `Cancelled`, `Timeout` or `Disconnected`, connect again. (A client
/// that the dying engine had let in is dropped unheard; [`crate::server::Session::connect`] then tries again by itself.)
#[derive(Debug)]
pub struct Demo {
    inner: Arc<Inner>,
    keeper: Option<JoinHandle<()>>,
    socket: PathBuf,
    // Removes a private store, so it goes after the run that lies in it.
    store: Store,
}

struct Inner {
    launcher: Launcher,
    template: Template,
    run: Run,
    /// Kept open, so that clients wait in it while the engine starts again; closed when that fails for good.
    listener: Mutex<Option<UnixListener>>,
    child: Mutex<Option<Child>>,
    stopping: AtomicBool,
    failure: Mutex<Option<String>>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("run", &self.run).finish_non_exhaustive()
    }
}

impl Demo {
    /// Starts the engine on a copy of prepared data; `copied` is called when the copy is made.
    pub(super) fn run(
        store: Store,
        template: Template,
        launcher: Launcher,
        copied: impl FnOnce(),
    ) -> Result<Self, DemoError> {
        let run = store.run()?;
        let (listener, socket) = run.listen().map_err(|e| DemoError::directory(run.path(), e))?;
        let inner = Arc::new(Inner {
            launcher,
            template,
            run,
            listener: Mutex::new(Some(listener)),
            child: Mutex::default(),
            stopping: AtomicBool::new(false),
            failure: Mutex::default(),
        });
        let lines = inner.launch(copied)?;
        let kept = Arc::clone(&inner);
        let keeper = std::thread::Builder::new()
            .name("demo".to_owned())
            .spawn(move || kept.keep(lines))
            .map_err(|e| DemoError::Start { program: inner.launcher.program.clone(), source: e });
        let keeper = keeper.inspect_err(|_| inner.kill())?;
        Ok(Self { inner, keeper: Some(keeper), socket, store })
    }

    /// Where to connect. The same for the life of the demo. It has no cancel hook: the engine's process hears the
    /// protocol's own cancel request, and so can tell the client why its statement ended.
    #[must_use]
    pub fn target(&self) -> Target {
        let mut target = Target::new(Engine::PostgreSql);
        target.port = PORT;
        target.socket = Some(self.socket.clone());
        "postgres".clone_into(&mut target.user);
        target.database = Some("postgres".to_owned());
        target.tls = TlsMode::Disable;
        target.embedded = true;
        // A restart may come between.
        target.connect_timeout_s = 30;
        target
    }

    /// Kills the engine, whatever it does; it starts again on a fresh copy. Returns when it is dead, which is at once.
    pub fn restart(&self) {
        self.inner.kill();
    }

    /// Why the demo has ended for good, when the engine could not be started again.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        locked(&self.inner.failure).clone()
    }

    /// What the person should know, such as that nothing could be kept for the next run.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.store.note.as_deref()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.inner.stopping.store(true, Ordering::SeqCst);
        self.inner.kill();
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

impl Inner {
    /// Starts the engine on a fresh copy and waits until it serves.
    fn launch(&self, copied: impl FnOnce()) -> Result<Lines, DemoError> {
        self.template.copy(&self.run.database())?;
        copied();
        let listener = locked(&self.listener).as_ref().map(UnixListener::try_clone);
        let listener = match listener {
            Some(Ok(listener)) => OwnedFd::from(listener),
            Some(Err(error)) => return Err(DemoError::directory(self.run.path(), error)),
            None => return Err(DemoError::Engine("its socket is closed".to_owned())),
        };
        let (child, mut lines) = self.launcher.start(SERVE, &self.run, listener.into())?;
        *locked(&self.child) = Some(child);
        if self.stopping.load(Ordering::SeqCst) {
            self.kill();
        }
        match lines.listen(|word, _| word == "ready") {
            Ok(true) => Ok(lines),
            Ok(false) => {
                self.reap();
                Err(broke(&self.run))
            }
            Err(error) => {
                self.kill();
                self.reap();
                Err(error)
            }
        }
    }

    /// Follows the engine and starts it again when it ends, until the demo is dropped or it cannot be started.
    fn keep(&self, mut lines: Lines) {
        loop {
            lines.end();
            self.reap();
            let mut attempt = 0;
            lines = loop {
                if self.stopping.load(Ordering::SeqCst) {
                    return;
                }
                attempt += 1;
                match self.launch(|| ()) {
                    Ok(lines) => break lines,
                    Err(error) if attempt >= ATTEMPTS => {
                        // Clients must fail now and not wait for ever.
                        *locked(&self.listener) = None;
                        *locked(&self.failure) = Some(error.to_string());
                        return;
                    }
                    Err(_) => {}
                }
            };
        }
    }

    fn kill(&self) {
        if let Some(child) = locked(&self.child).as_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Takes the ended process away.
    fn reap(&self) {
        let child = locked(&self.child).take();
        if let Some(mut child) = child {
            // It has closed its side; should it linger, it must not write into the next copy.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
