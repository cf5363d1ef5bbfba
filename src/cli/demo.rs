//! The demo as a target of the commands without a screen: `whyslow explain demo 'select …'`.

use std::io::{IsTerminal, Write};

use super::failure::Failure;
use crate::demo::{self, Demo, Options, Progress};

/// Cells of the progress bar.
const CELLS: u32 = 30;

/// Starts the demo, with a progress bar where a person looks at standard error.
///
/// # Errors
/// [`Failure`] with the reason.
pub(super) async fn start() -> Result<Demo, Failure> {
    let watched = std::io::stderr().is_terminal();
    let started = tokio::task::spawn_blocking(move || {
        demo::start(&Options::default(), |progress| {
            if watched {
                let _ = write!(std::io::stderr(), "\r\x1b[K{}", line(progress));
            }
        })
    })
    .await;
    if watched {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
    let failed = |why: &str| Failure::plain("starting the demo", why);
    let demo = started.map_err(|e| failed(&e.to_string()))?.map_err(|e| failed(&e.to_string()))?;
    if let Some(note) = demo.note() {
        let _ = writeln!(std::io::stderr(), "whyslow: {}", crate::text::one_line(note));
    }
    Ok(demo)
}

/// `[######----] 60 % orders`.
fn line(progress: Progress) -> String {
    let part = |whole: u32| u64::from(progress.done) * u64::from(whole) / u64::from(progress.total.max(1));
    let full = usize::try_from(part(CELLS)).unwrap_or(0);
    let bar: String = (0..CELLS as usize).map(|cell| if cell < full { '#' } else { '-' }).collect();
    format!("[{bar}] {:>3} % {}", part(100), progress.doing)
}

#[cfg(test)]
mod tests {
    use super::{Progress, line};

    #[test]
    fn the_bar_shows_what_share_is_done() {
        let shown = |done, total| line(Progress { doing: "orders", done, total });
        assert_eq!(shown(0, 400), "[------------------------------]   0 % orders");
        assert_eq!(shown(300, 400), "[######################--------]  75 % orders");
        assert_eq!(shown(400, 400), "[##############################] 100 % orders");
        assert_eq!(shown(0, 0), "[------------------------------]   0 % orders");
    }
}
