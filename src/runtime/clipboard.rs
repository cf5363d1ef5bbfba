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
    /// Wrapped so that tmux passes on what GNU screen, in which tmux runs, passes on.
    TmuxInScreen,
    /// The same, wrapped so that GNU screen passes it on.
    Screen,
    /// GNU screen or tmux on another machine, from which SSH came here: the terminal's name does not say which.
    Either,
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
fn way(
    wanted: Clipboard,
    variable: impl Fn(&str) -> Option<String>,
    nearest: impl Fn() -> Option<Way>,
    outside: impl Fn() -> Option<String>,
) -> Way {
    let is = |name: &str| variable(name).is_some_and(|v| !v.is_empty());
    let remote = is("SSH_TTY") || is("SSH_CONNECTION") || is("SSH_CLIENT");
    let desktop = is("WAYLAND_DISPLAY") || is("DISPLAY") || cfg!(any(target_os = "macos", windows));
    match wanted {
        Clipboard::File => Way::File,
        Clipboard::Desktop => Way::Desktop,
        Clipboard::Auto if desktop && !remote => Way::Desktop,
        Clipboard::Auto | Clipboard::Terminal => through(variable, nearest, outside),
    }
}

/// What stands between this process and the terminal. `nearest` looks which of two multiplexers, one within the other, is the
/// inner one: both leave their variables. `outside` asks tmux what it calls the terminal that it runs in.
fn through(
    variable: impl Fn(&str) -> Option<String>,
    nearest: impl Fn() -> Option<Way>,
    outside: impl Fn() -> Option<String>,
) -> Way {
    match innermost(&variable, nearest) {
        Way::Tmux if variable("TMUX").is_some_and(|v| !v.is_empty()) => {
            let screen = |outer: String| outer.starts_with("screen.");
            // Where tmux does not say, the variable that screen left to it does.
            let is_in_screen = outside().map_or_else(|| variable("STY").is_some_and(|v| !v.is_empty()), screen);
            if is_in_screen { Way::TmuxInScreen } else { Way::Tmux }
        }
        way => way,
    }
}

/// The multiplexer nearest to this process, or the terminal.
fn innermost(variable: impl Fn(&str) -> Option<String>, nearest: impl Fn() -> Option<Way>) -> Way {
    let is = |name: &str| variable(name).is_some_and(|v| !v.is_empty());
    let term = variable("TERM").unwrap_or_default();
    let (tmux, screen) = (is("TMUX"), is("STY"));
    // GNU screen calls its terminals after the one outside, with a dot, as tmux never calls its own. What nobody can tell is taken
    // for GNU screen's: tmux ignores that form, while GNU screen would print what is meant for tmux.
    if tmux && screen && !term.starts_with("screen.") && !term.starts_with("tmux") {
        return nearest().unwrap_or(Way::Screen);
    }
    let (is_tmux, is_screen) = match (tmux, screen) {
        (true, false) => (true, false),
        (false, true) => (false, true),
        // Both, or from within one of them to another machine: the variables stay behind, the terminal's name goes along.
        _ => (term.starts_with("tmux"), term.starts_with("screen.")),
    };
    match (is_tmux, is_screen) {
        (true, _) => Way::Tmux,
        (false, true) => Way::Screen,
        (false, false) if term.starts_with("screen") => Way::Either,
        (false, false) => Way::Terminal,
    }
}

/// The multiplexer that this process runs in, the innermost one, by its ancestors.
fn nearest() -> Option<Way> {
    let mut process = "self".to_owned();
    // A tree of processes is no deeper.
    for _ in 0..64 {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name stands in brackets and may hold some itself.
        let (head, rest) = stat.rsplit_once(')')?;
        let name = head.split_once('(')?.1.to_ascii_lowercase();
        if name.starts_with("tmux") {
            return Some(Way::Tmux);
        } else if name.starts_with("screen") {
            return Some(Way::Screen);
        }
        rest.split_whitespace().nth(1)?.clone_into(&mut process);
    }
    None
}

/// What tmux calls the terminal that it runs in.
fn outside() -> Option<String> {
    let mut command = std::process::Command::new("tmux");
    command.args(["display-message", "-p", "#{client_termname}"]).stdin(std::process::Stdio::null());
    let said = command.stderr(std::process::Stdio::null()).output().ok()?;
    let name = String::from_utf8(said.stdout).ok()?.trim().to_owned();
    (said.status.success() && !name.is_empty()).then_some(name)
}

/// The sequence that asks the terminal to keep the text; through tmux both as its own and passed on to the terminal
/// outside (`set-clipboard` and `allow-passthrough` are each enough).
fn sequence(text: &str, way: Way) -> String {
    let mut plain = String::new();
    // Writing to a string does not fail.
    let _ = CopyToClipboard::to_clipboard_from(text).write_ansi(&mut plain);
    match way {
        Way::Tmux => {
            let wrapped = for_tmux(&plain);
            plain.push_str(&wrapped);
        }
        Way::TmuxInScreen => {
            let wrapped = for_tmux(&sequence(text, Way::Screen));
            // With `set-clipboard on` tmux hands what it takes on as it is, and of that screen would print what is long.
            if plain.len() > SCREEN_PIECE {
                plain.clear();
            }
            plain.push_str(&wrapped);
        }
        // What is short GNU screen swallows as it is, while tmux may take it; what is long it would print.
        Way::Either if plain.len() <= SCREEN_PIECE => plain.push_str(&sequence(text, Way::Screen)),
        Way::Screen | Way::Either => {
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

/// Wrapped so that tmux passes it on to the terminal that it runs in, where that is allowed.
fn for_tmux(sequence: &str) -> String {
    format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b"))
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
    let mut way = way(wanted, variable, nearest, outside);
    let mut trouble = String::new();
    if way == Way::Desktop {
        let text = text.to_owned();
        // A desktop's clipboard can take its time to answer.
        match tokio::task::spawn_blocking(move || desktop(&text)).await {
            Ok(Ok(())) => return format!("copied {what} to the desktop's clipboard{}", kept_until()),
            Ok(Err(error)) => trouble = format!("; the desktop: {error}"),
            Err(error) => trouble = format!("; the desktop: {error}"),
        }
        way = if wanted == Clipboard::Desktop { Way::File } else { through(variable, nearest, outside) };
    }
    let file = keep(if wanted == Clipboard::File { History::open() } else { history.cloned() }, text);
    let sequence = sequence(text, way);
    let (by, times) = match way {
        Way::Tmux => (", tmux", 2),
        Way::TmuxInScreen => (", tmux in screen", 2),
        Way::Screen => (", screen", 1),
        Way::Either => (", screen or tmux", 1),
        Way::Terminal | Way::Desktop | Way::File => ("", 1),
    };
    let sent = way != Way::File && sequence.len() <= LONGEST * times;
    if sent {
        let out = guard.writer();
        if let Err(error) = out.write_all(sequence.as_bytes()).and_then(|()| out.flush()) {
            return format!("could not copy {what}: {error}");
        }
    }
    match (sent, file) {
        (true, Some(Ok(path))) => {
            format!("{what}: sent to the terminal's clipboard (OSC 52{by}), unconfirmed; also in {path}{trouble}")
        }
        (true, _) => {
            format!("{what}: sent to the terminal's clipboard (OSC 52{by}), which no terminal confirms{trouble}")
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
            let variable = |name: &str| set.contains(&name).then(|| "x".to_owned());
            assert_eq!(way(wanted, variable, || None, || None), expected, "{set:?}");
        }
        let both = &["SSH_TTY", "TMUX", "STY"][..];
        let ssh = &["SSH_TTY"][..];
        for (set, term, inner, outer, expected) in [
            (ssh, "tmux-256color", None, None, Way::Tmux),
            (ssh, "screen.xterm-256color", None, None, Way::Screen),
            (ssh, "screen", None, None, Way::Either),
            (ssh, "screen-256color", None, None, Way::Either),
            (both, "screen.tmux-256color", None, None, Way::Screen),
            (both, "tmux-256color", None, Some("xterm-256color"), Way::Tmux),
            (both, "tmux-256color", None, Some("screen.xterm-256color"), Way::TmuxInScreen),
            (both, "tmux-256color", None, None, Way::TmuxInScreen),
            (both, "screen", Some(Way::Screen), None, Way::Screen),
            (both, "screen", Some(Way::Tmux), Some("screen.vt100"), Way::TmuxInScreen),
            (both, "screen", None, None, Way::Screen),
        ] {
            let variable = |name: &str| match name {
                "TERM" => Some(term.to_owned()),
                name => set.contains(&name).then(|| "x".to_owned()),
            };
            let outside = || outer.map(str::to_owned);
            assert_eq!(way(Clipboard::Auto, variable, || inner, outside), expected, "{set:?} {term}");
        }
        if !cfg!(any(target_os = "macos", windows)) {
            assert_eq!(way(Clipboard::Auto, |_| None, || None, || None), Way::Terminal);
        }
    }

    #[test]
    fn the_sequence_is_osc_52_and_multiplexers_get_it_wrapped() {
        assert_eq!(sequence("hi", Way::Terminal), "\x1b]52;c;aGk=\x1b\\");
        assert_eq!(sequence("hi", Way::Tmux), "\x1b]52;c;aGk=\x1b\\\x1bPtmux;\x1b\x1b]52;c;aGk=\x1b\x1b\\\x1b\\");
        assert_eq!(sequence("hi", Way::Screen), "\x1bP\x1b]52;c;aGk=\x07\x1b\\");
        assert_eq!(sequence("hi", Way::Either), "\x1b]52;c;aGk=\x1b\\\x1bP\x1b]52;c;aGk=\x07\x1b\\");
        let nested = "\x1b]52;c;aGk=\x1b\\\x1bPtmux;\x1b\x1bP\x1b\x1b]52;c;aGk=\x07\x1b\x1b\\\x1b\\";
        assert_eq!(sequence("hi", Way::TmuxInScreen), nested);
        let long = sequence(&"x".repeat(3000), Way::Screen);
        let nested = sequence(&"x".repeat(3000), Way::TmuxInScreen);
        assert_eq!(
            nested,
            format!("\x1bPtmux;{}\x1b\\", long.replace('\x1b', "\x1b\x1b")),
            "nothing that screen would print"
        );
        assert_eq!(sequence(&"x".repeat(3000), Way::Either), long);
        assert!(long.split("\x1b\\").all(|piece| piece.len() <= SCREEN_PIECE + 2), "{long}");
        let inner: String = long.split("\x1b\\").map(|piece| piece.strip_prefix("\x1bP").unwrap_or_default()).collect();
        assert!(inner.starts_with("\x1b]52;c;eHh4") && inner.ends_with('\x07'), "{inner}");
    }
}
