//! Serves one client after another, one at a time.

mod table;

use std::{io::Write, net::Shutdown, os::fd::AsFd, path::Path, time::Duration};

use super::{Parent, Provider, SERVING, wire};
use crate::demo::engine::Engine;
pub(super) use table::read;
use table::{Guest, Table};

/// The parameters a server announces when a session starts (manual, "Asynchronous Operations").
const ANNOUNCED: &str = "SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN ('server_version', \
    'server_encoding', 'client_encoding', 'application_name', 'DateStyle', 'IntervalStyle', 'TimeZone', \
    'integer_datetimes', 'standard_conforming_strings', 'default_transaction_read_only', 'in_hot_standby', \
    'is_superuser', 'session_authorization', 'search_path', 'scram_iterations')";

/// Opens the database and serves it until the parent ends this process.
pub(super) fn serve(provider: &Provider, root: &Path, parent: &Parent) -> Result<(), String> {
    let listener = std::io::stdin().as_fd().try_clone_to_owned().map_err(|e| format!("taking the socket: {e}"))?;
    let mut engine = (provider.open)(root, SERVING)?;
    let (table, guests) = Table::open(listener).map_err(|e| format!("starting a thread: {e}"))?;
    parent.tell("ready");
    let mut first = true;
    while let Ok(guest) = guests.recv() {
        if !std::mem::take(&mut first) {
            reset(engine.as_mut())?;
        }
        let served = session(engine.as_mut(), &table, &guest);
        let _ = guest.stream.shutdown(Shutdown::Both);
        table.leave();
        served?;
    }
    Err("nobody listens any more".to_owned())
}

/// Makes the one session of the engine as good as new for the next client.
fn reset(engine: &mut dyn Engine) -> Result<(), String> {
    engine.exchange(&wire::query("ROLLBACK"))?;
    let answer = engine.exchange(&wire::query("DISCARD ALL"))?;
    wire::error(&answer).map_or(Ok(()), |error| Err(format!("resetting the session: {error}")))
}

/// Serves one client to its end. An error is the engine's; what goes wrong with the client only ends its session.
fn session(engine: &mut dyn Engine, table: &Table, guest: &Guest) -> Result<(), String> {
    let mut client = &guest.stream;
    let key = wire::Key { process: std::process::id(), secret: secret() };
    match greeting(engine, key, &guest.parameters)? {
        Ok(greeting) => {
            table.give_key(key);
            if client.write_all(&greeting).is_err() {
                return Ok(());
            }
        }
        Err(refusal) => {
            let _ = client.write_all(&wire::fatal("22023", &refusal));
            return Ok(());
        }
    }
    let mut limit = time_limit(engine)?;
    for batch in &guest.batches {
        if !table.begin(limit) {
            break;
        }
        let answer = engine.exchange(&batch);
        table.end();
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
pub(super) fn greeting(
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
            "options" => out.extend(words(value).iter().filter_map(|word| {
                let (name, value) = word.trim_start_matches("--").trim_start_matches("-c").split_once('=')?;
                Some((name.replace('-', "_"), value.to_owned()))
            })),
            protocol if protocol.starts_with("_pq_.") => {}
            _ => out.push((name.clone(), value.clone())),
        }
    }
    out
}

/// Words separated by white space, which a backslash makes part of a word (as `pg_split_opts` does).
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, words.last_mut()) {
            ('\\', Some(word)) => word.extend(letters.next()),
            (letter, Some(word)) if !letter.is_whitespace() => word.push(letter),
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The limit the session has set for its statements. `SHOW` takes no snapshot, so it may stand between `BEGIN` and
/// `SET TRANSACTION`.
fn time_limit(engine: &mut dyn Engine) -> Result<Option<Duration>, String> {
    let answer = engine.exchange(&wire::aside("SHOW statement_timeout"))?;
    Ok(wire::rows(&answer).first().and_then(|row| wire::limit(row.first()?)))
}

/// A number others cannot guess, from the seed the standard library takes for its hash maps.
pub(super) fn secret() -> u32 {
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
            ("options", r"-c statement_timeout=5s  -csearch_path=a,\ b --work-mem=1MB -e"),
            ("_pq_.x", "1"),
        ]
        .map(|(n, v)| (n.to_owned(), v.to_owned()));
        let expected = [
            ("application_name", "whyslow"),
            ("statement_timeout", "5s"),
            ("search_path", "a, b"),
            ("work_mem", "1MB"),
        ]
        .map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(settings(&parameters), expected);
    }
}
