//! The line on a terminal that tells what is being done, and goes away again.

use std::{
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

use crate::whatif::Progress;

/// How long a line stays at least, so that a quick search does not write more than a slow terminal takes.
const PACE: Duration = Duration::from_millis(100);

/// Tells in one line what is being done, in the place of what was told before; nothing where standard error is no terminal.
pub(super) fn doing(what: &str) {
    write(&crate::text::one_line(what));
}

/// Takes that line away.
pub(super) fn clear() {
    write("");
}

/// Tells how far a search has come.
pub(super) fn progress() -> impl FnMut(Progress) + Send {
    let mut last = Instant::now();
    move |progress: Progress| {
        if last.elapsed() < PACE && progress.done > 0 {
            return;
        }
        last = Instant::now();
        if progress.total > 0 {
            doing(&format!("{} plans of {} at most, {}", progress.done, progress.total, progress.doing));
        } else {
            doing(&progress.doing);
        }
    }
}

fn write(line: &str) {
    let mut err = std::io::stderr();
    if err.is_terminal() {
        let _ = write!(err, "\r\x1b[K{line}");
        let _ = err.flush();
    }
}
