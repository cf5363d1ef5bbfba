//! Serves one client after another, one at a time.

use std::{
    io::Write,
    net::Shutdown,
    os::{
        fd::AsFd,
        unix::net::{UnixListener, UnixStream},
    },
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    time::{Duration, Instant},
};

use super::{Parent, Provider, SERVING, wire};
use crate::demo::engine::Engine;

/// How long a client may take to say what it wants.
const OPENING: Duration = Duration::from_secs(5);
/// How long a second client waits for the first to leave.
const PATIENCE: Duration = Duration::from_secs(5);
/// The parameters a server announces when a session starts (manual, "Asynchronous Operations").
const ANNOUNCED: &str = "SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN ('server_version', \
    'server_encoding', 'client_encoding', 'application_name', 'DateStyle', 'IntervalStyle', 'TimeZone', \
    'integer_datetimes', 'standard_conforming_strings', 'default_transaction_read_only', 'in_hot_standby', \
    'is_superuser', 'session_authorization', 'search_path', 'scram_iterations')";

/// A client that was let in, and its parameters.
type Guest = (UnixStream, Vec<(String, String)>);

/// What the threads share: who is being served and since when.
#[derive(Default)]
struct Table {
    seat: Mutex<Seat>,
    changed: Condvar,
}

#[derive(Default)]
struct Seat {
    /// A client was let in and has not left.
    taken: bool,
    /// Where an error goes that ends the session from outside.
    client: Option<UnixStream>,
    key: Option<wire::Key>,
    work: Work,
}

/// Whether the engine works for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Work {
    #[default]
    Idle,
    Unlimited,
    Until(Instant),
}

impl Table {
    fn seat(&self) -> MutexGuard<'_, Seat> {
        self.seat.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Seat)) {
        change(&mut self.seat());
        self.changed.notify_all();
    }
}

/// Opens the database and serves it until the parent ends this process.
pub(super) fn serve(provider: &Provider, root: &Path, parent: &Parent) -> Result<(), String> {
    let listener = std::io::stdin().as_fd().try_clone_to_owned().map_err(|e| format!("taking the socket: {e}"))?;
    let mut engine = (provider.open)(root, SERVING)?;
    let table = Arc::new(Table::default());
    let (door, guests) = mpsc::channel();
    let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
        std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(|e| format!("starting a thread: {e}"))
    };
    let at_door = Arc::clone(&table);
    spawn("door", Box::new(move || accept(&UnixListener::from(listener), &at_door, &door)))?;
    let at_clock = Arc::clone(&table);
    spawn("clock", Box::new(move || keep_time(&at_clock)))?;
    parent.tell("ready");

    let mut first = true;
    while let Ok((client, parameters)) = guests.recv() {
        if !std::mem::take(&mut first) {
            reset(engine.as_mut())?;
        }
        let served = session(engine.as_mut(), &table, &client, &parameters);
        let _ = client.shutdown(Shutdown::Both);
        table.change(|seat| *seat = Seat::default());
        served?;
    }
    Err("nobody listens any more".to_owned())
}

/// Lets clients in; each states its wish on a thread of its own, so that a cancel is heard while a client is served.
fn accept(listener: &UnixListener, table: &Arc<Table>, door: &mpsc::Sender<Guest>) {
    for stream in listener.incoming() {
        // A failed accept (no file descriptors left) passes; without the pause it would take a whole processor.
        let Ok(stream) = stream else {
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        let (table, door) = (Arc::clone(table), door.clone());
        let _ = std::thread::Builder::new().name("guest".to_owned()).spawn(move || admit(stream, &table, &door));
    }
}

/// Hears what one client wants.
fn admit(mut stream: UnixStream, table: &Table, door: &mpsc::Sender<Guest>) {
    let _ = stream.set_read_timeout(Some(OPENING));
    match wire::read_opening(&mut stream) {
        Ok(wire::Opening::Cancel(key)) => {
            let seat = table.seat();
            if seat.key == Some(key) && seat.work != Work::Idle {
                stop(&seat, "canceling statement due to user request");
            }
        }
        Ok(wire::Opening::Session(parameters)) => {
            let (mut seat, waited) = table
                .changed
                .wait_timeout_while(table.seat(), PATIENCE, |seat| seat.taken)
                .unwrap_or_else(PoisonError::into_inner);
            if waited.timed_out() {
                drop(seat);
                let _ = stream.write_all(&wire::fatal("53300", "the demo serves one connection at a time"));
                return;
            }
            let _ = stream.set_read_timeout(None);
            *seat = Seat { taken: true, client: stream.try_clone().ok(), ..Seat::default() };
            let _ = door.send((stream, parameters));
        }
        Err(_) => {}
    }
}

/// Ends work that passes its time limit.
fn keep_time(table: &Table) {
    let mut seat = table.seat();
    loop {
        seat = match seat.work {
            Work::Until(end) => match end.saturating_duration_since(Instant::now()) {
                Duration::ZERO => stop(&seat, "canceling statement due to statement timeout"),
                left => table.changed.wait_timeout(seat, left).unwrap_or_else(PoisonError::into_inner).0,
            },
            Work::Idle | Work::Unlimited => table.changed.wait(seat).unwrap_or_else(PoisonError::into_inner),
        };
    }
}

/// Tells the client why and ends this process, which is the only way to stop the engine. The seat stays locked, so
/// that no answer mixes with the error.
fn stop(seat: &Seat, why: &str) -> ! {
    if let Some(mut client) = seat.client.as_ref() {
        let _ = client.set_write_timeout(Some(Duration::from_secs(1)));
        let _ = client.write_all(&wire::fatal("57014", why));
        let _ = client.shutdown(Shutdown::Both);
    }
    std::process::exit(0);
}

/// Makes the one session of the engine as good as new for the next client.
fn reset(engine: &mut dyn Engine) -> Result<(), String> {
    engine.exchange(&wire::query("ROLLBACK"))?;
    let answer = engine.exchange(&wire::query("DISCARD ALL"))?;
    wire::error(&answer).map_or(Ok(()), |error| Err(format!("resetting the session: {error}")))
}

/// Serves one client to its end. An error is the engine's; what goes wrong with the client only ends its session.
fn session(
    engine: &mut dyn Engine,
    table: &Table,
    client: &UnixStream,
    parameters: &[(String, String)],
) -> Result<(), String> {
    let mut client = client;
    let key = wire::Key { process: std::process::id(), secret: secret() };
    match greeting(engine, key, parameters)? {
        Ok(greeting) if client.write_all(&greeting).is_ok() => {}
        Ok(_) => return Ok(()),
        Err(refusal) => {
            let _ = client.write_all(&wire::fatal("22023", &refusal));
            return Ok(());
        }
    }
    table.change(|seat| seat.key = Some(key));
    let mut limit = time_limit(engine)?;
    let mut batch = Vec::new();
    // Terminate, the end of the stream and a malformed message all end the session.
    while let Ok(Some(kind @ (b'A'..=b'W' | b'Y' | b'Z' | b'a'..=b'z'))) = wire::read_message(&mut client, &mut batch) {
        // Query, Sync and a function call make the server answer; what comes before waits for them.
        if !matches!(kind, b'Q' | b'S' | b'F') {
            continue;
        }
        table.change(|seat| seat.work = limit.map_or(Work::Unlimited, |l| Work::Until(Instant::now() + l)));
        let answer = engine.exchange(&batch);
        table.change(|seat| seat.work = Work::Idle);
        batch.clear();
        let answer = answer?;
        if client.write_all(&answer).is_err() {
            break;
        }
        if matches!(wire::status(&answer), Some(b'I' | b'T')) {
            limit = time_limit(engine)?;
        }
    }
    Ok(())
}

/// What a server says first, or why it does not like the client's parameters.
fn greeting(
    engine: &mut dyn Engine,
    key: wire::Key,
    parameters: &[(String, String)],
) -> Result<Result<Vec<u8>, String>, String> {
    for (name, value) in settings(parameters) {
        let [name, value] = [name, value].map(|text| text.replace('\'', "''"));
        let set = format!("SELECT pg_catalog.set_config('{name}', '{value}', false)");
        if let Some(error) = wire::error(&engine.exchange(&wire::query(&set))?) {
            return Ok(Err(error));
        }
    }
    let mut out = Vec::new();
    wire::push(&mut out, b'R', &[&[0; 4]]);
    for row in wire::rows(&engine.exchange(&wire::query(ANNOUNCED))?) {
        if let [name, value] = row.as_slice() {
            wire::push(&mut out, b'S', &[name.as_bytes(), b"\0", value.as_bytes(), b"\0"]);
        }
    }
    wire::push(&mut out, b'K', &[&key.process.to_be_bytes(), &key.secret.to_be_bytes()]);
    wire::push(&mut out, b'Z', &[b"I"]);
    Ok(Ok(out))
}

/// The settings among a client's parameters: all but who it is and how it talks, with `options` taken apart
/// (`-c name=value` and `--name=value`; manual, "Start-up").
fn settings(parameters: &[(String, String)]) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (name, value) in parameters {
        match name.as_str() {
            "user" | "database" | "replication" => {}
            "options" => out.extend(
                value
                    .split_whitespace()
                    .filter_map(|word| word.trim_start_matches("--").trim_start_matches("-c").split_once('='))
                    .map(|(n, v)| (n.replace('-', "_"), v.to_owned())),
            ),
            protocol if protocol.starts_with("_pq_.") => {}
            _ => out.push((name.clone(), value.clone())),
        }
    }
    out
}

/// The limit the session has set for its statements. `SHOW` takes no snapshot, so it may stand between `BEGIN` and
/// `SET TRANSACTION`.
fn time_limit(engine: &mut dyn Engine) -> Result<Option<Duration>, String> {
    let answer = engine.exchange(&wire::aside("SHOW statement_timeout"))?;
    Ok(wire::rows(&answer).first().and_then(|row| wire::limit(row.first()?)))
}

/// A number others cannot guess, from the seed the standard library takes for its hash maps.
fn secret() -> u32 {
    use std::hash::{BuildHasher, Hasher};
    let seeded = std::hash::RandomState::new().build_hasher().finish();
    u32::try_from(seeded & u64::from(u32::MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::settings;

    #[test]
    fn a_clients_options_become_settings_and_its_name_does_not() {
        let parameters = [
            ("user", "ann"),
            ("database", "shop"),
            ("application_name", "whyslow"),
            ("options", "-c statement_timeout=5s -csearch_path=public --work-mem=1MB -e"),
            ("_pq_.x", "1"),
        ]
        .map(|(n, v)| (n.to_owned(), v.to_owned()));
        let expected = [
            ("application_name", "whyslow"),
            ("statement_timeout", "5s"),
            ("search_path", "public"),
            ("work_mem", "1MB"),
        ]
        .map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(settings(&parameters), expected);
    }
}
