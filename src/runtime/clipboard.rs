//! Copying: through the terminal (OSC 52) or through the desktop, whichever reaches the person. A terminal does not say
//! whether it took a text, so that one is kept in a file as well.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use crossterm::{Command as _, clipboard::CopyToClipboard};

use super::terminal::Guard;
use crate::{config::Clipboard, history::History};

/// The way a text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// An escape sequence the terminal understands, wherever it is.
    Terminal,
    /// The same, and wrapped so that tmux passes it on.
    Tmux,
    /// The same, wrapped so that GNU screen passes it on.
    Screen,
    /// The desktop this process runs on.
    Desktop,
    /// A file only.
    File,
}

/// Bytes of base64 beyond which terminals are known to drop the sequence (hterm and what learned from it).
const LONGEST: usize = 74_994;

/// Bytes GNU screen takes in one passed-on string (its manual, "String Escapes": 768 less room for the frame).
const SCREEN_PIECE: usize = 700;

/// Over SSH, or without a desktop, the desktop of this machine is not the person's.
fn way(wanted: Clipboard, variable: impl Fn(&str) -> Option<String>) -> Way {
    let is = |name: &str| variable(name).is_some_and(|v| !v.is_empty());
    let remote = is("SSH_TTY") || is("SSH_CONNECTION") || is("SSH_CLIENT");
    let desktop = is("WAYLAND_DISPLAY") || is("DISPLAY") || cfg!(any(target_os = "macos", windows));
    match wanted {
        Clipboard::File => Way::File,
        Clipboard::Desktop => Way::Desktop,
        Clipboard::Auto if desktop && !remote => Way::Desktop,
        Clipboard::Auto | Clipboard::Terminal => through(variable),
    }
}

/// What stands between this process and the terminal.
fn through(variable: impl Fn(&str) -> Option<String>) -> Way {
    let is = |name: &str| variable(name).is_some_and(|v| !v.is_empty());
    // GNU screen inside tmux: its terminals are called after the one outside, with a dot, as tmux never calls its own.
    if is("STY") && variable("TERM").is_some_and(|term| term.starts_with("screen.")) {
        return Way::Screen;
    }
    // From within tmux to another machine: the variable stays behind, the terminal's name goes along.
    if is("TMUX") || variable("TERM").is_some_and(|term| term.starts_with("tmux")) {
        Way::Tmux
    } else if is("STY") {
        Way::Screen
    } else {
        Way::Terminal
    }
}

/// The sequence that asks the terminal to keep the text; through tmux both as its own and passed on to the terminal
/// outside (`set-clipboard` and `allow-passthrough` are each enough).
fn sequence(text: &str, way: Way) -> String {
    let mut plain = String::new();
    // Writing to a string does not fail.
    let _ = CopyToClipboard::to_clipboard_from(text).write_ansi(&mut plain);
    match way {
        Way::Tmux => {
            let wrapped = format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b"));
            plain.push_str(&wrapped);
        }
        Way::Screen => {
            // The end of the inner sequence must not end the outer one.
            let inner = format!("{}\x07", plain.trim_end_matches("\x1b\\").trim_end_matches('\x07'));
            // All of it is ASCII.
            let pieces: Vec<_> = inner.as_bytes().chunks(SCREEN_PIECE).map(String::from_utf8_lossy).collect();
            plain = format!("\x1bP{}\x1b\\", pieces.join("\x1b\\\x1bP"));
        }
        Way::Terminal | Way::Desktop | Way::File => {}
    }
    plain
}

/// Copies and says by which way, and how sure that is.
pub(super) async fn copy(
    guard: &mut Guard,
    wanted: Clipboard,
    history: Option<&History>,
    what: &str,
    text: &str,
) -> String {
    let variable = |name: &str| std::env::var(name).ok();
    let mut way = way(wanted, variable);
    let mut trouble = String::new();
    if way == Way::Desktop {
        let text = text.to_owned();
        // A desktop's clipboard can take its time to answer.
        match tokio::task::spawn_blocking(move || desktop(&text)).await {
            Ok(Ok(())) => return format!("copied {what} to the desktop's clipboard{}", kept_until()),
            Ok(Err(error)) => trouble = format!("; the desktop: {error}"),
            Err(error) => trouble = format!("; the desktop: {error}"),
        }
        way = if wanted == Clipboard::Desktop { Way::File } else { through(variable) };
    }
    let file = keep(if wanted == Clipboard::File { History::open() } else { history.cloned() }, text);
    let sequence = sequence(text, way);
    let (tmux, screen) = (way == Way::Tmux, way == Way::Screen);
    let by = if tmux {
        " (tmux)"
    } else if screen {
        " (screen)"
    } else {
        ""
    };
    let sent = way != Way::File && sequence.len() <= LONGEST * if tmux { 2 } else { 1 };
    if sent {
        let out = guard.writer();
        if let Err(error) = out.write_all(sequence.as_bytes()).and_then(|()| out.flush()) {
            return format!("could not copy {what}: {error}");
        }
    }
    match (sent, file) {
        (true, Some(Ok(path))) => format!("{what}: OSC 52{by}, unconfirmed; kept in {path}{trouble}"),
        (true, _) => {
            format!("{what}: sent to the terminal's clipboard by OSC 52{by}, which no terminal confirms{trouble}")
        }
        (false, Some(Ok(path))) if way == Way::File => format!("{what}: written to {path}{trouble}"),
        (false, Some(Ok(path))) => format!("{what}: too long for OSC 52, written to {path}{trouble}"),
        (false, Some(Err(error))) => format!("could not copy {what}: {error}{trouble}"),
        (false, None) => format!("could not copy {what}: too long for OSC 52, and nothing is kept on disk{trouble}"),
    }
}

/// Writes the text to the file that holds what was copied last; gives its name as a shell takes it.
fn keep(history: Option<History>, text: &str) -> Option<std::io::Result<String>> {
    history.map(|history| history.keep_copy(text).map(|path| short(&path)))
}

/// A path with `~` for the home directory.
fn short(path: &Path) -> String {
    let home = std::env::var_os("HOME").filter(|h| !h.is_empty()).map(PathBuf::from);
    match home.and_then(|home| path.strip_prefix(home).ok().map(Path::to_path_buf)) {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}

/// On X11 and Wayland a text is gone with the program that offers it.
const fn kept_until() -> &'static str {
    if cfg!(any(target_os = "macos", windows)) { "" } else { " (until you quit)" }
}

fn desktop(text: &str) -> Result<(), arboard::Error> {
    use std::sync::{Mutex, PoisonError};
    // On Linux the text is gone with the one who offers it, so it is kept as long as the program runs.
    static KEPT: Mutex<Option<arboard::Clipboard>> = Mutex::new(None);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let clipboard = match kept.as_mut() {
        Some(clipboard) => clipboard,
        None => kept.insert(arboard::Clipboard::new()?),
    };
    clipboard.set_text(text)
}

#[cfg(test)]
mod tests {
    use super::{SCREEN_PIECE, Way, sequence, way};
    use crate::config::Clipboard;

    #[test]
    fn over_ssh_or_without_a_desktop_the_terminal_copies() {
        for (wanted, set, expected) in [
            (Clipboard::Auto, &["DISPLAY"][..], Way::Desktop),
            (Clipboard::Auto, &["WAYLAND_DISPLAY", "TMUX"], Way::Desktop),
            (Clipboard::Auto, &["DISPLAY", "SSH_TTY"], Way::Terminal),
            (Clipboard::Auto, &["SSH_CONNECTION", "TMUX"], Way::Tmux),
            (Clipboard::Auto, &["SSH_CONNECTION", "STY"], Way::Screen),
            (Clipboard::Terminal, &["DISPLAY"], Way::Terminal),
            (Clipboard::Desktop, &["SSH_TTY"], Way::Desktop),
            (Clipboard::File, &["DISPLAY"], Way::File),
        ] {
            assert_eq!(way(wanted, |name| set.contains(&name).then(|| "x".to_owned())), expected, "{set:?}");
        }
        let nested = |name: &str| match name {
            "TERM" => Some("tmux-256color".to_owned()),
            "SSH_TTY" => Some("x".to_owned()),
            _ => None,
        };
        assert_eq!(way(Clipboard::Auto, nested), Way::Tmux);
        let screen_in_tmux = |name: &str| match name {
            "TERM" => Some("screen.tmux-256color".to_owned()),
            "SSH_TTY" | "TMUX" | "STY" => Some("x".to_owned()),
            _ => None,
        };
        assert_eq!(way(Clipboard::Auto, screen_in_tmux), Way::Screen);
        if !cfg!(any(target_os = "macos", windows)) {
            assert_eq!(way(Clipboard::Auto, |_| None), Way::Terminal);
        }
    }

    #[test]
    fn the_sequence_is_osc_52_and_multiplexers_get_it_wrapped() {
        assert_eq!(sequence("hi", Way::Terminal), "\x1b]52;c;aGk=\x1b\\");
        assert_eq!(sequence("hi", Way::Tmux), "\x1b]52;c;aGk=\x1b\\\x1bPtmux;\x1b\x1b]52;c;aGk=\x1b\x1b\\\x1b\\");
        assert_eq!(sequence("hi", Way::Screen), "\x1bP\x1b]52;c;aGk=\x07\x1b\\");
        let long = sequence(&"x".repeat(3000), Way::Screen);
        assert!(long.split("\x1b\\").all(|piece| piece.len() <= SCREEN_PIECE + 2), "{long}");
        let inner: String = long.split("\x1b\\").map(|piece| piece.strip_prefix("\x1bP").unwrap_or_default()).collect();
        assert!(inner.starts_with("\x1b]52;c;eHh4") && inner.ends_with('\x07'), "{inner}");
    }
}
