//! Copying: through the terminal (OSC 52) or through the desktop, whichever reaches the person.

use std::io::Write;

use crossterm::{Command as _, clipboard::CopyToClipboard};

use super::terminal::Guard;

/// The way a text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// An escape sequence the terminal understands, wherever it is.
    Terminal,
    /// The same, wrapped so that tmux or screen passes it on.
    Multiplexer,
    /// The desktop this process runs on.
    Desktop,
}

/// Over SSH, or without a desktop, the desktop of this machine is not the person's.
fn way(variable: impl Fn(&str) -> Option<String>) -> Way {
    let is = |name: &str| variable(name).is_some_and(|v| !v.is_empty());
    let remote = is("SSH_TTY") || is("SSH_CONNECTION");
    let desktop = is("WAYLAND_DISPLAY") || is("DISPLAY") || cfg!(any(target_os = "macos", windows));
    match (desktop && !remote, is("TMUX")) {
        (true, _) => Way::Desktop,
        (false, true) => Way::Multiplexer,
        (false, false) => Way::Terminal,
    }
}

/// The sequence that asks the terminal to keep the text; through tmux both as its own and passed on to the terminal
/// outside (`set-clipboard` and `allow-passthrough` are each enough).
fn sequence(text: &str, way: Way) -> String {
    let mut plain = String::new();
    // Writing to a string does not fail.
    let _ = CopyToClipboard::to_clipboard_from(text).write_ansi(&mut plain);
    if way == Way::Multiplexer {
        let wrapped = format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b"));
        plain.push_str(&wrapped);
    }
    plain
}

/// Copies and says by which way.
pub(super) async fn copy(guard: &mut Guard, what: &str, text: &str) -> String {
    let mut way = way(|name| std::env::var(name).ok());
    if way == Way::Desktop {
        let text = text.to_owned();
        // A desktop's clipboard can take its time to answer.
        let done = tokio::task::spawn_blocking(move || desktop(&text)).await;
        match done {
            Ok(Ok(())) => return format!("copied {what} to the desktop's clipboard"),
            _ => way = if std::env::var_os("TMUX").is_some() { Way::Multiplexer } else { Way::Terminal },
        }
    }
    let out = guard.writer();
    match out.write_all(sequence(text, way).as_bytes()).and_then(|()| out.flush()) {
        Ok(()) if way == Way::Multiplexer => format!("copied {what} through tmux (OSC 52)"),
        Ok(()) => format!("copied {what} through the terminal (OSC 52)"),
        Err(error) => format!("could not copy {what}: {error}"),
    }
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
    use super::{Way, sequence, way};

    #[test]
    fn over_ssh_or_without_a_desktop_the_terminal_copies() {
        for (set, expected) in [
            (&["DISPLAY"][..], Way::Desktop),
            (&["WAYLAND_DISPLAY", "TMUX"], Way::Desktop),
            (&["DISPLAY", "SSH_TTY"], Way::Terminal),
            (&["SSH_CONNECTION", "TMUX"], Way::Multiplexer),
            (&["TMUX"], Way::Multiplexer),
        ] {
            assert_eq!(way(|name| set.contains(&name).then(|| "x".to_owned())), expected, "{set:?}");
        }
        if !cfg!(any(target_os = "macos", windows)) {
            assert_eq!(way(|_| None), Way::Terminal);
        }
    }

    #[test]
    fn the_sequence_is_osc_52_and_tmux_gets_it_wrapped_too() {
        assert_eq!(sequence("hi", Way::Terminal), "\x1b]52;c;aGk=\x1b\\");
        assert_eq!(
            sequence("hi", Way::Multiplexer),
            "\x1b]52;c;aGk=\x1b\\\x1bPtmux;\x1b\x1b]52;c;aGk=\x1b\x1b\\\x1b\\"
        );
    }
}
