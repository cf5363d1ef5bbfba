//! The terminal, taken and given back.

use std::{
    io::{self, BufWriter, Stdout, Write},
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
};

use crossterm::{
    cursor,
    event::{DisableBracketedPaste, EnableBracketedPaste},
    execute, queue,
    style::Print,
    terminal::{
        BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
        disable_raw_mode, enable_raw_mode,
    },
};
use ratatui::{Frame, Terminal};

use super::lean::Lean;

/// Whether the terminal is ours at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Clicks and the wheel, in the encoding that has no limit of columns. Movement is not asked for: it would flood a slow line.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// Gives the terminal back as it was. Does nothing when it is not ours: a second leaving would move the cursor back over what
/// was printed since.
fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Nothing can be done about a terminal that is gone.
    drop(execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        Print(MOUSE_OFF),
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    ));
    drop(disable_raw_mode());
}

/// Holds the terminal in raw mode on the alternate screen until it is dropped. A panic gives it back before it is reported.
pub(super) struct Guard {
    terminal: Terminal<Lean<BufWriter<Stdout>>>,
    mouse: bool,
}

impl Guard {
    /// Takes the terminal, and its mouse if wanted.
    ///
    /// # Errors
    /// What the terminal answered; it is then as it was.
    pub(super) fn enter(mouse: bool) -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let report = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                restore();
                report(info);
            }));
        });
        take(mouse).inspect_err(|_| restore())?;
        // A frame is written at once: over a slow line a half-drawn screen is worse than a late one.
        let out = BufWriter::with_capacity(64 * 1024, io::stdout());
        let terminal = Terminal::new(Lean::new(out)).inspect_err(|_| restore())?;
        Ok(Self { terminal, mouse })
    }

    /// Draws one frame.
    ///
    /// # Errors
    /// What the terminal answered.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        queue!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        Write::flush(self.terminal.backend_mut())
    }

    /// Takes the mouse from the terminal or gives it back.
    ///
    /// # Errors
    /// What the terminal answered.
    pub(super) fn take_mouse(&mut self, taken: bool) -> io::Result<()> {
        self.mouse = taken;
        let out = self.writer();
        out.write_all(if taken { MOUSE_ON } else { MOUSE_OFF }.as_bytes())?;
        out.flush()
    }

    /// Where escape sequences beside the drawing go.
    pub(super) fn writer(&mut self) -> &mut impl Write {
        self.terminal.backend_mut()
    }

    /// Gives the terminal to the shell and stops the process, as Ctrl-Z does elsewhere; takes it again when the shell lets it
    /// go on. Says whether there is a shell: without one nobody would let it go on.
    ///
    /// # Errors
    /// What the terminal answered.
    pub(super) fn suspend(&mut self) -> io::Result<bool> {
        #[cfg(unix)]
        {
            use rustix::process::{Signal, getpgid, getpgrp, getsid, kill_current_process_group};
            // A shell that controls jobs gives each a group of its own; in a container, or as `ssh -t host whyslow`, the
            // session's first process is in our group, or is us.
            let alone = getsid(None).and_then(|leader| getpgid(Some(leader))).is_ok_and(|group| group == getpgrp());
            if alone {
                return Ok(false);
            }
            restore();
            // The shell waits for the whole group: in `cat plan | whyslow read -` it is more than us. SIGTSTP would not stop
            // us, since it is listened to.
            let _ = kill_current_process_group(Signal::STOP);
            self.resume()?;
            Ok(true)
        }
        #[cfg(not(unix))]
        Ok(false)
    }

    /// Takes the terminal again, whatever happened to it, and forgets what was drawn.
    ///
    /// # Errors
    /// What the terminal answered.
    pub(super) fn resume(&mut self) -> io::Result<()> {
        // Somebody else may have made it an ordinary terminal meanwhile; what crossterm remembers would be in the way.
        restore();
        take(self.mouse)?;
        // `Terminal::clear` would do it too, but asks where the cursor is, which not every terminal answers.
        let size = self.terminal.size()?;
        self.terminal.resize(ratatui::layout::Rect::new(0, 0, size.width, size.height))
    }
}

impl Guard {
    /// Gives the terminal to something else while it runs, and takes it again.
    ///
    /// # Errors
    /// What the terminal answered.
    pub(super) fn away<T>(&mut self, run: impl FnOnce() -> T) -> io::Result<T> {
        restore();
        let out = run();
        self.resume()?;
        Ok(out)
    }
}

fn take(mouse: bool) -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Clear(ClearType::All))?;
    if mouse { execute!(io::stdout(), Print(MOUSE_ON)) } else { Ok(()) }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.terminal.show_cursor());
        restore();
    }
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// To end; the number is the signal's.
    End(i32),
    /// To give the terminal away and stop.
    Stop,
    /// Nothing: the process was stopped and goes on.
    GoOn,
}

/// Signals that are listened to.
#[cfg(unix)]
pub(super) struct Signals(Vec<(tokio::signal::unix::Signal, Asked)>);

#[cfg(unix)]
impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        use rustix::process::Signal;
        use tokio::signal::unix::{SignalKind, signal};
        let end = |kind: SignalKind| (kind, Asked::End(kind.as_raw_value()));
        let kind = |signal: Signal| SignalKind::from_raw(signal.as_raw());
        [
            end(SignalKind::terminate()),
            end(SignalKind::hangup()),
            end(SignalKind::interrupt()),
            end(SignalKind::quit()),
            (kind(Signal::TSTP), Asked::Stop),
            (kind(Signal::CONT), Asked::GoOn),
        ]
        .into_iter()
        .map(|(kind, asked)| Ok((signal(kind)?, asked)))
        .collect::<io::Result<_>>()
        .map(Self)
    }

    /// What the next one asks for.
    pub(super) async fn next(&mut self) -> Asked {
        std::future::poll_fn(|context| {
            self.0
                .iter_mut()
                .find_map(|(signal, asked)| signal.poll_recv(context).is_ready().then_some(*asked))
                .map_or(std::task::Poll::Pending, std::task::Poll::Ready)
        })
        .await
    }
}

#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) async fn next(&mut self) -> Asked {
        drop(tokio::signal::ctrl_c().await);
        Asked::End(2)
    }
}
