//! The terminal, taken and given back.

use std::{
    io::{self, BufWriter, Stdout, Write},
    sync::Once,
};

use crossterm::{
    cursor,
    event::{DisableBracketedPaste, EnableBracketedPaste},
    execute, queue,
    terminal::{
        BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
        disable_raw_mode, enable_raw_mode,
    },
};
use ratatui::{Frame, Terminal, backend::CrosstermBackend};

/// Gives the terminal back as it was. Does no harm when it was never taken.
fn restore() {
    // Nothing can be done about a terminal that is gone.
    drop(execute!(io::stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show));
    drop(disable_raw_mode());
}

/// Holds the terminal in raw mode on the alternate screen until it is dropped. A panic gives it back before it is reported.
pub(super) struct Guard {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl Guard {
    /// Takes the terminal.
    ///
    /// # Errors
    /// What the terminal answered; it is then as it was.
    pub(super) fn enter() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let report = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                restore();
                report(info);
            }));
        });
        take().inspect_err(|_| restore())?;
        // A frame is written at once: over a slow line a half-drawn screen is worse than a late one.
        let out = BufWriter::with_capacity(64 * 1024, io::stdout());
        let terminal = Terminal::new(CrosstermBackend::new(out)).inspect_err(|_| restore())?;
        Ok(Self { terminal })
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

    /// Where escape sequences beside the drawing go.
    pub(super) fn writer(&mut self) -> &mut impl Write {
        self.terminal.backend_mut()
    }

    /// Gives the terminal to the shell and stops the process, as Ctrl-Z does elsewhere; takes it again when the shell lets it go on.
    ///
    /// # Errors
    /// What the terminal answered.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        #[cfg(unix)]
        {
            restore();
            // The shell waits for the whole group: in `cat plan | whyslow read -` it is more than us.
            drop(std::process::Command::new("kill").args(["-TSTP", "0"]).status());
            take()?;
            // Forgets what was drawn. `Terminal::clear` would do it too, but asks where the cursor is, which not every
            // terminal answers.
            let size = self.terminal.size()?;
            self.terminal.resize(ratatui::layout::Rect::new(0, 0, size.width, size.height))?;
        }
        Ok(())
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
        take()?;
        let size = self.terminal.size()?;
        self.terminal.resize(ratatui::layout::Rect::new(0, 0, size.width, size.height))?;
        Ok(out)
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Clear(ClearType::All))
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.terminal.show_cursor());
        restore();
    }
}

/// Signals that ask a process to end.
#[cfg(unix)]
pub(super) struct Signals([(tokio::signal::unix::Signal, i32); 3]);

#[cfg(unix)]
impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let of = |kind: SignalKind| signal(kind).map(|s| (s, kind.as_raw_value()));
        Ok(Self([of(SignalKind::terminate())?, of(SignalKind::hangup())?, of(SignalKind::interrupt())?]))
    }

    /// The number of the next one.
    pub(super) async fn next(&mut self) -> i32 {
        let [(a, an), (b, bn), (c, cn)] = &mut self.0;
        tokio::select! {
            _ = a.recv() => *an,
            _ = b.recv() => *bn,
            _ = c.recv() => *cn,
        }
    }
}

#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) async fn next(&mut self) -> i32 {
        drop(tokio::signal::ctrl_c().await);
        2
    }
}
