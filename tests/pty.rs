//! The program in a real terminal: whatever ends it, the terminal is whole again.

use std::{
    io::{Read, Write},
    num::NonZeroU16,
    path::PathBuf,
    sync::mpsc,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use whyslow::{
    runtime::{self, Connect, Start},
    server::{ErrorKind, ServerError},
};

const PLAN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/screen/open-orders.analyze.json");

struct Pty {
    parser: vt100::Parser,
    output: mpsc::Receiver<Vec<u8>>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    state: PathBuf,
}

impl Pty {
    fn spawn(name: &str, program: &str, arguments: &[&str]) -> Self {
        let (rows, columns) = (24, 80);
        let pair = native_pty_system().openpty(PtySize { rows, cols: columns, ..PtySize::default() }).unwrap();
        let state = std::env::temp_dir().join(format!("whyslow-pty-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&state);
        std::fs::create_dir_all(&state).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        command.env("PATH", std::env::var("PATH").unwrap_or_default());
        command.env("TERM", "xterm-256color");
        command.env("HOME", &state);
        command.env("XDG_STATE_HOME", &state);
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let (sender, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n) = reader.read(&mut bytes) {
                if n == 0 || sender.send(bytes[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let size = |n| NonZeroU16::new(n).unwrap();
        let parser = vt100::Parser::new(size(rows), size(columns), 0);
        Self { parser, output, writer, child, _master: pair.master, state }
    }

    fn wait(&mut self, what: &str, ok: impl Fn(&vt100::Screen) -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !ok(self.parser.screen()) {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(e) => panic!("waiting for {what}: {e}\n{}", self.parser.screen().contents()),
            }
        }
    }

    fn wait_for(&mut self, text: &str) {
        self.wait(text, |s| s.alternate_screen() && s.contents().contains(text));
    }

    fn keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// The program ended and left nothing behind.
    fn is_whole(&mut self) -> u32 {
        self.wait("the end of the alternate screen", |s| !s.alternate_screen());
        let status = self.child.wait().unwrap();
        // What was still on its way.
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(300)) {
            self.parser.process(&bytes);
        }
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.bracketed_paste(), "still bracketing pastes");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        let _ = std::fs::remove_dir_all(&self.state);
        status.exit_code()
    }
}

fn whyslow(name: &str, arguments: &[&str]) -> Pty {
    Pty::spawn(name, env!("CARGO_BIN_EXE_whyslow"), arguments)
}

#[test]
fn quitting_leaves_the_terminal_whole() {
    let mut pty = whyslow("quit", &["read", PLAN]);
    pty.wait_for("Seq Scan");
    pty.keys("q");
    assert_eq!(pty.is_whole(), 0);
}

#[test]
fn a_plan_from_a_pipe_is_shown_and_the_keys_come_from_the_terminal() {
    let line = format!("cat '{PLAN}' | '{}' read -", env!("CARGO_BIN_EXE_whyslow"));
    let mut pty = Pty::spawn("pipe", "/bin/sh", &["-c", &line]);
    pty.wait_for("Seq Scan");
    pty.keys("\t");
    pty.wait_for("Node (Tab)");
    pty.keys("?");
    pty.wait_for("Esc closes");
    pty.keys("\x1b");
    pty.wait("the help to be gone", |s| !s.contents().contains("Esc closes"));
    pty.keys("q");
    assert_eq!(pty.is_whole(), 0);
}

#[cfg(unix)]
#[test]
fn signals_leave_the_terminal_whole() {
    for (signal, number) in [("TERM", 15), ("HUP", 1), ("INT", 2)] {
        let mut pty = whyslow(signal, &["read", PLAN]);
        pty.wait_for("Seq Scan");
        let id = pty.child.process_id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
        assert_eq!(pty.is_whole(), 128 + number, "SIG{signal}");
    }
}

#[test]
fn a_query_typed_survives_a_kill() {
    // Nobody listens there, so the screen stays with an error and the text.
    let target = "postgres://ann@127.0.0.1:1/shop";
    let mut pty = whyslow("kill", &[target]);
    pty.wait_for("not connected");
    pty.keys("select 'typed before the kill'");
    pty.wait_for("typed before the kill");
    let drafts = pty.state.join("whyslow/drafts");
    let end = Instant::now() + Duration::from_secs(10);
    let kept = || {
        std::fs::read_dir(&drafts)
            .into_iter()
            .flatten()
            .flatten()
            .any(|f| std::fs::read_to_string(f.path()).is_ok_and(|text| text.contains("typed before the kill")))
    };
    while !kept() {
        assert!(Instant::now() < end, "the draft was not kept");
        std::thread::sleep(Duration::from_millis(100));
    }
    pty.child.kill().unwrap();
    let _ = std::fs::remove_dir_all(&pty.state);
}

/// Not a test of its own: what [`a_panic_leaves_the_terminal_whole`] runs in a terminal.
#[test]
#[ignore = "run by another test inside a terminal"]
fn panics_while_the_screen_is_open() {
    let prepare: runtime::Prepare = Box::new(|preparing| {
        Box::pin(async move {
            preparing.say("about to go wrong", None);
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(!preparing.is_listened_to(), "a mistake of our own");
            Err(ServerError::new(ErrorKind::Other, "preparing", "nobody listens"))
        })
    });
    let start = Start { connect: Connect::Own(prepare), ..Start::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let outcome = runtime.block_on(runtime::run(start));
    assert!(outcome.is_err(), "the screen went on after a panic");
    std::io::stdout().write_all(b"stopped as it should\r\n").unwrap();
    std::process::exit(7);
}

#[test]
fn a_panic_leaves_the_terminal_whole() {
    let this = std::env::current_exe().unwrap();
    let arguments = ["--ignored", "--exact", "--nocapture", "pty::panics_while_the_screen_is_open"];
    let mut pty = Pty::spawn("panic", this.to_str().unwrap(), &arguments);
    pty.wait_for("about to go wrong");
    assert_eq!(pty.is_whole(), 7);
    let text = pty.parser.screen().contents();
    assert!(text.contains("a mistake of our own") && text.contains("stopped as it should"), "{text}");
}
