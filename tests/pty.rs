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

/// A program in a terminal of its own.
pub(crate) struct Pty {
    parser: vt100::Parser,
    output: mpsc::Receiver<Vec<u8>>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    state: PathBuf,
    /// Bytes the program has written so far.
    written: usize,
}

impl Pty {
    pub(crate) fn spawn(name: &str, program: &str, arguments: &[&str]) -> Self {
        Self::spawn_with(name, program, arguments, (80, 24), &[])
    }

    pub(crate) fn spawn_with(
        name: &str,
        program: &str,
        arguments: &[&str],
        (columns, rows): (u16, u16),
        variables: &[(&str, &str)],
    ) -> Self {
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
        command.env("XDG_CONFIG_HOME", &state);
        for (name, value) in variables {
            command.env(name, value);
        }
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
        Self { parser, output, writer, child, master: Some(pair.master), state, written: 0 }
    }

    fn wait(&mut self, what: &str, ok: impl Fn(&vt100::Screen) -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !ok(self.parser.screen()) {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(e) => panic!("waiting for {what}: {e}\n{}", self.parser.screen().contents()),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.written += bytes.len();
        self.parser.process(bytes);
    }

    /// Takes what comes until nothing has come for a while.
    pub(crate) fn settle(&mut self, quiet: Duration) {
        while let Ok(bytes) = self.output.recv_timeout(quiet) {
            self.take(&bytes);
        }
    }

    fn resize(&mut self, columns: u16, rows: u16) {
        let size = PtySize { rows, cols: columns, ..PtySize::default() };
        self.master.as_ref().unwrap().resize(size).unwrap();
        self.parser.screen_mut().set_size(NonZeroU16::new(rows).unwrap(), NonZeroU16::new(columns).unwrap());
    }

    pub(crate) fn wait_for(&mut self, text: &str) {
        self.wait(text, |s| s.alternate_screen() && s.contents().contains(text));
    }

    pub(crate) fn keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// What is seen.
    pub(crate) fn text(&self) -> String {
        self.parser.screen().contents()
    }

    /// The program ended and left nothing behind.
    pub(crate) fn is_whole(&mut self) -> u32 {
        self.wait("the end of the alternate screen", |s| !s.alternate_screen());
        let status = self.child.wait().unwrap();
        // What was still on its way.
        self.settle(Duration::from_millis(300));
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.bracketed_paste(), "still bracketing pastes");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        let _ = std::fs::remove_dir_all(&self.state);
        status.exit_code()
    }

    #[cfg(unix)]
    fn signal(&self, name: &str) {
        signal(name, self.child.process_id().unwrap());
    }
}

#[cfg(unix)]
fn signal(name: &str, process: u32) {
    let sent = std::process::Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status().unwrap();
    assert!(sent.success(), "SIG{name} to {process}");
}

/// The letter Linux has for what a process does: `R` runs, `S` sleeps, `T` is stopped, `Z` has ended.
#[cfg(target_os = "linux")]
fn state_of(process: u32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(')').next().and_then(|rest| rest.trim().chars().next()).unwrap_or('-')
}

/// Ticks of the processor a process has had, its own and the system's for it.
#[cfg(target_os = "linux")]
fn ticks_of(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
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
    for (signal, number) in [("TERM", 15), ("HUP", 1), ("INT", 2), ("QUIT", 3)] {
        let mut pty = whyslow(signal, &["read", PLAN]);
        pty.wait_for("Seq Scan");
        pty.signal(signal);
        assert_eq!(pty.is_whole(), 128 + number, "SIG{signal}");
    }
}

/// What an interactive shell does with a job: a process group of its own, in front of the terminal.
#[cfg(target_os = "linux")]
const SHELL: &str = "/bin/bash";

#[cfg(target_os = "linux")]
#[test]
fn stopped_by_a_key_or_a_signal_the_shell_has_the_terminal_and_gives_it_back() {
    let mut pty = Pty::spawn("stop", SHELL, &["--norc", "--noprofile", "-i"]);
    // Job control is what `-i` brings; without line editing nothing but the program changes the terminal.
    pty.keys("set +o emacs; PS1='ready> '\n");
    pty.wait("the shell", |s| s.contents().contains("\nready> "));
    pty.keys(&format!("'{}' read '{PLAN}'\n", env!("CARGO_BIN_EXE_whyslow")));
    pty.wait_for("Seq Scan");
    let shell = pty.child.process_id().unwrap();
    let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
    let program: u32 = children.split_whitespace().next().unwrap().parse().unwrap();
    for way in ["key", "TSTP", "STOP"] {
        match way {
            "key" => pty.keys("\x1a"),
            signal_name => signal(signal_name, program),
        }
        if way == "STOP" {
            // Nobody can do anything about that one but repair it afterwards.
            pty.settle(Duration::from_millis(500));
        } else {
            pty.wait("the shell again", |s| !s.alternate_screen() && s.contents().contains("Stopped"));
            assert!(!pty.parser.screen().hide_cursor() && !pty.parser.screen().bracketed_paste(), "{way}");
        }
        let end = Instant::now() + Duration::from_secs(10);
        while state_of(program) != 'T' {
            assert!(Instant::now() < end, "{way}: it still runs");
            pty.settle(Duration::from_millis(50));
        }
        pty.keys("fg\n");
        pty.wait_for("Seq Scan");
        // It is raw again: a key acts at once and is not echoed.
        pty.keys("?");
        pty.wait_for("Esc closes");
        pty.keys("\x1b");
        pty.wait("the help to be gone", |s| !s.contents().contains("Esc closes"));
    }
    pty.keys("q");
    pty.wait("the shell at the end", |s| !s.alternate_screen());
    pty.keys("echo $((6 * 7))\n");
    pty.wait("an echo", |s| s.contents().contains("42"));
    pty.keys("exit\n");
    assert_eq!(pty.is_whole(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_shell_to_go_back_to_it_does_not_stop() {
    let mut pty = whyslow("alone", &["read", PLAN]);
    pty.wait_for("Seq Scan");
    let program = pty.child.process_id().unwrap();
    pty.keys("\x1a");
    pty.wait_for("no shell to go back to");
    pty.signal("TSTP");
    pty.keys("?");
    pty.wait_for("Esc closes");
    assert_ne!(state_of(program), 'T');
    pty.keys("\x1b");
    pty.wait("the help to be gone", |s| !s.contents().contains("Esc closes"));
    pty.keys("q");
    assert_eq!(pty.is_whole(), 0);
}

#[test]
fn a_storm_of_sizes_ends_in_a_whole_picture() {
    let mut pty = whyslow("storm", &["read", PLAN]);
    pty.wait_for("Seq Scan");
    let sizes = [(80, 24), (40, 10), (200, 60), (39, 9), (132, 43), (2, 2), (100, 30)];
    for (columns, rows) in sizes.into_iter().cycle().take(140) {
        pty.resize(columns, rows);
        std::thread::sleep(Duration::from_millis(3));
    }
    pty.resize(100, 30);
    pty.wait("the picture at the last size", |s| {
        let lines: Vec<String> = s.rows(0, 100).collect();
        lines.len() == 30
            && lines[0].contains("whyslow")
            && lines[29].contains("quit")
            && s.contents().contains("Seq Scan")
    });
    pty.settle(Duration::from_millis(300));
    let borders = pty.parser.screen().rows(0, 100).filter(|row| row.ends_with(['│', '╮', '╯'])).count();
    assert!(borders >= 20, "{}", pty.parser.screen().contents());
    pty.keys("q");
    assert_eq!(pty.is_whole(), 0);
}

#[test]
fn with_standard_input_closed_or_empty_the_keys_come_from_the_terminal() {
    for (name, input) in [("closed", "<&-"), ("empty", "</dev/null")] {
        let line = format!("'{}' read '{PLAN}' {input}", env!("CARGO_BIN_EXE_whyslow"));
        let mut pty = Pty::spawn(name, "/bin/sh", &["-c", &line]);
        pty.wait_for("Seq Scan");
        pty.keys("q");
        assert_eq!(pty.is_whole(), 0, "{name}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_goes_away_ends_the_program() {
    let mut pty = whyslow("gone", &["read", PLAN]);
    pty.wait_for("Seq Scan");
    let program = pty.child.process_id().unwrap();
    pty.master = None;
    pty.writer = Box::new(std::io::sink());
    // The reading thread holds the terminal open; what the kernel does when the last end closes is sent by hand.
    pty.signal("HUP");
    let end = Instant::now() + Duration::from_secs(10);
    while !matches!(state_of(program), 'Z' | '-') {
        assert!(Instant::now() < end, "it still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(pty.child.wait().unwrap().exit_code(), 129);
    let _ = std::fs::remove_dir_all(&pty.state);
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_to_do_uses_no_processor_and_writes_nothing() {
    let mut pty = whyslow("idle", &["read", PLAN]);
    pty.wait_for("Seq Scan");
    // Whatever is said in passing at the start goes away first.
    pty.settle(Duration::from_secs(1));
    let program = pty.child.process_id().unwrap();
    let (before, written) = (ticks_of(program), pty.written);
    pty.settle(Duration::from_secs(3));
    assert_eq!(pty.written, written, "bytes written while nothing happened");
    assert_eq!(ticks_of(program), before, "ticks of the processor (a hundredth of a second each)");
    pty.keys("q");
    assert_eq!(pty.is_whole(), 0);
}

#[test]
fn a_cursor_move_sends_few_bytes() {
    let plan = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/screen/top-products.analyze.json");
    // At 120x40 the details of the node stand beside the tree and change with it; 120x13 has room for the tree alone.
    for (size, most) in [((120, 40), 3_000), ((120, 13), 600)] {
        let name = format!("bytes-{}", size.1);
        let truecolour = [("COLORTERM", "truecolor")];
        let arguments = ["read", plan];
        let mut pty = Pty::spawn_with(&name, env!("CARGO_BIN_EXE_whyslow"), &arguments, size, &truecolour);
        pty.wait_for("Hash Join");
        pty.settle(Duration::from_millis(400));
        // All the way down: some steps move the window, most do not.
        let mut sent = Vec::new();
        for _ in 0..12 {
            let before = pty.written;
            pty.keys("j");
            pty.settle(Duration::from_millis(150));
            sent.push(pty.written - before);
        }
        assert!(sent.iter().all(|bytes| *bytes > 0 && *bytes < most), "{sent:?} bytes at {size:?}, {most} allowed");
        pty.keys("q");
        assert_eq!(pty.is_whole(), 0);
    }
}

#[test]
fn what_is_said_after_a_while_of_nothing_stays_to_be_read() {
    let mut pty = whyslow("said", &["read", PLAN]);
    pty.wait_for("Seq Scan");
    // Longer than anything said stays.
    pty.settle(Duration::from_secs(5));
    pty.keys("\x1bOR");
    let said = Instant::now();
    pty.wait_for("Shift");
    pty.wait("what was said to go", |s| !s.contents().contains("Shift"));
    assert!(said.elapsed() > Duration::from_secs(2), "gone after {:?}", said.elapsed());
    pty.keys("q");
    assert_eq!(pty.is_whole(), 0);
}

#[test]
fn the_mouse_is_taken_only_when_asked_for_and_given_back() {
    let mut pty = whyslow("no-mouse", &["read", PLAN]);
    pty.wait_for("Seq Scan");
    assert_eq!(pty.parser.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    pty.keys("q");
    assert_eq!(pty.is_whole(), 0);
    let mouse = [("WHYSLOW_MOUSE", "true")];
    let mut pty = Pty::spawn_with("mouse", env!("CARGO_BIN_EXE_whyslow"), &["read", PLAN], (80, 24), &mouse);
    pty.wait_for("Seq Scan");
    // Presses and the wheel; movements are left to the terminal, so that selecting with Shift stays its own.
    assert_eq!(pty.parser.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::PressRelease);
    pty.keys("q");
    assert_eq!(pty.is_whole(), 0);
}

#[test]
fn a_mistake_in_the_configuration_is_told_with_its_line_and_the_program_starts() {
    let mut pty = whyslow("config", &["read", PLAN]);
    pty.wait_for("Seq Scan");
    pty.keys("q");
    let state = pty.state.clone();
    assert_eq!(pty.is_whole(), 0);
    std::fs::create_dir_all(&state).unwrap();
    let file = state.join("mistaken.toml");
    std::fs::write(&file, "mouse = true\ntimeout = \"soon\"\ntheme = \"nope\"\n").unwrap();
    let variables = [("WHYSLOW_CONFIG", file.to_str().unwrap())];
    let mut pty = Pty::spawn_with("config-2", env!("CARGO_BIN_EXE_whyslow"), &["read", PLAN], (160, 30), &variables);
    pty.wait_for("there is no theme");
    pty.keys("q");
    assert_eq!(pty.is_whole(), 0);
    assert!(pty.parser.screen().contents().contains("line 2: timeout can be"), "and on standard error");
    let _ = std::fs::remove_dir_all(&state);
}

#[test]
fn a_panic_of_the_program_itself_leaves_the_terminal_whole() {
    let fault = [("WHYSLOW_FAULT", "panic")];
    let mut pty = Pty::spawn_with("fault", env!("CARGO_BIN_EXE_whyslow"), &["read", PLAN], (80, 24), &fault);
    pty.wait_for("Seq Scan");
    pty.keys("j");
    assert_eq!(pty.is_whole(), 101);
    let text = pty.parser.screen().contents();
    assert!(text.contains("a fault that was asked for"), "{text}");
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

#[test]
fn a_query_named_on_the_command_line_is_there_as_a_file_and_as_a_statement() {
    // Nobody listens there, so the screen stays with an error and the text.
    let target = "postgres://ann@127.0.0.1:1/shop";
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/screen/open-orders.sql");
    for (name, arguments, words) in [
        ("given-file", &[target, file][..], "ORDER BY o.total DESC"),
        ("given-option", &[target, "-f", file], "ORDER BY o.total DESC"),
        ("given-sql", &[target, "select 'given'"], "select 'given'"),
        ("given-alone", &[file], "ORDER BY o.total DESC"),
        ("given-plan", &[PLAN], "Seq Scan"),
    ] {
        let mut pty = whyslow(name, arguments);
        pty.wait_for(words);
        pty.keys("\x11");
        assert_eq!(pty.is_whole(), 0, "{name}");
    }
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
