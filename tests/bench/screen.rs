//! What the built program takes in a terminal of 120x40: `cargo bench --bench screen`. Reads /proc, so Linux alone.
//!
//! CPU until the first frame without a connection, CPU of ten idle seconds, resident memory then, and bytes sent for a move of
//! the cursor. The binary is that of the bench profile; `WHYSLOW_BENCH_BINARY` names another one.
#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a measurement prints, and fails by panicking"
)]

use std::{
    fs,
    io::{Read, Write},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::Duration,
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long the program may be silent before a frame is taken to be whole.
const SILENCE: Duration = Duration::from_millis(400);

struct Pty {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    input: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    home: std::path::PathBuf,
}

impl Pty {
    fn start(arguments: &[&str]) -> Self {
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let home = std::env::temp_dir().join(format!("whyslow-bench-{}", std::process::id()));
        fs::create_dir_all(&home).unwrap();
        let built = std::env::var("WHYSLOW_BENCH_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_whyslow").to_owned());
        let mut command = CommandBuilder::new(built);
        command.args(arguments);
        command.env_clear();
        command.env("HOME", &home);
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = vec![0; 65_536];
            while let Ok(n) = reader.read(&mut bytes) {
                if n == 0 || sender.send(bytes[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let input = pair.master.take_writer().unwrap();
        Self { child, master: pair.master, input, output, home }
    }

    /// Takes what is written until there is silence; gives the bytes.
    fn settle(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let wait = if all.is_empty() { Duration::from_secs(20) } else { SILENCE };
            match self.output.recv_timeout(wait) {
                Ok(bytes) => {
                    // Questions to the terminal: its background, then what it is.
                    if bytes.windows(4).any(|w| w == b"\x1b]11") {
                        self.input.write_all(b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b[?62c").unwrap();
                    }
                    all.extend(bytes);
                }
                Err(RecvTimeoutError::Timeout) => return all,
                Err(RecvTimeoutError::Disconnected) => panic!("it ended: {}", String::from_utf8_lossy(&all)),
            }
        }
    }

    fn key(&mut self, key: &[u8]) -> usize {
        self.input.write_all(key).unwrap();
        self.settle().len()
    }

    /// CPU of all its threads so far, milliseconds.
    fn cpu_ms(&self) -> f64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.process_id().unwrap())).unwrap();
        let spent = |task: fs::DirEntry| {
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<f64>().ok()
        };
        tasks.flatten().filter_map(spent).sum::<f64>() / 1e6
    }

    fn resident_mb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.process_id().unwrap())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(self.master.resize(PtySize::default()));
        drop(fs::remove_dir_all(&self.home));
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn main() {
    let measured = std::env::args().any(|argument| argument == "--bench");
    let (runs, idle) = if measured { (9, 10) } else { (1, 1) };
    let mut first = Vec::new();
    for _ in 0..runs {
        let mut pty = Pty::start(&[]);
        assert!(String::from_utf8_lossy(&pty.settle()).contains("whyslow"));
        first.push(pty.cpu_ms());
    }
    println!("start to first frame without a connection: {:.1} ms of CPU (the mark is 30)", median(first));
    let plan = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/screen/top-products.analyze.json");
    let mut pty = Pty::start(&["read", plan]);
    assert!(!pty.settle().is_empty());
    println!("a plan opened: {:.1} ms of CPU, {:.1} MB resident (the mark is 30)", pty.cpu_ms(), pty.resident_mb());
    let before = pty.cpu_ms();
    std::thread::sleep(Duration::from_secs(idle));
    println!("idle for {idle} s: {:.2} ms of CPU (the mark is 0)", pty.cpu_ms() - before);
    pty.key(b"g");
    let moves: Vec<f64> = (0..6)
        .map(|at| {
            let key: &[u8] = if at < 4 { b"j" } else { b"k" };
            f64::from(u32::try_from(pty.key(key)).unwrap())
        })
        .collect();
    let most = moves.iter().copied().fold(0.0, f64::max);
    println!(
        "a move of the cursor beside the detail: median {:.0} bytes, most {most:.0} (the mark is 3,000)",
        median(moves)
    );
    // A query in colours asks for the grammars of SQL, once.
    pty.key(b"1");
    for what in ["the first letters of a query", "the next"] {
        let before = pty.cpu_ms();
        pty.key(b"select int 42 ");
        println!(
            "{what}: {:.1} ms of CPU, {:.1} MB resident (the mark is 30)",
            pty.cpu_ms() - before,
            pty.resident_mb()
        );
    }
}
