//! Serves many clients by the one session that the engine has: they take turns between transactions, and each finds its settings as it
//! left them. Whom they connect as makes no difference: the engine's walls are those of its machine code, not those of its roles.

mod turns;

use std::{
    collections::BTreeMap,
    io::Write,
    net::Shutdown,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    path::Path,
    sync::Arc,
};

use super::{
    Parent, Provider, SERVING,
    serve::{greeting, secret},
    wire,
};
use crate::demo::engine::Engine;
use turns::{Event, Turns, What};

/// What a server gives a new session: the settings of the database (`ALTER DATABASE … SET`).
const OF_DATABASE: &str = "SELECT pg_catalog.set_config(pg_catalog.split_part(c, '=', 1), pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1), false) \
    FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) c WHERE s.setrole = 0";

/// The settings of the session that are not the server's own.
const SETTINGS: &str =
    "SELECT name, pg_catalog.current_setting(name) FROM pg_catalog.pg_settings WHERE source = 'session'";

/// Opens the database and serves it until the parent ends this process.
pub(super) fn share(provider: &Provider, root: &Path, parent: &Parent) -> Result<(), String> {
    let listener = std::io::stdin().as_fd().try_clone_to_owned().map_err(|e| format!("taking the socket: {e}"))?;
    host((provider.open)(root, SERVING)?, listener, || parent.tell("ready"))
}

/// Serves an open database until nobody can come any more or it breaks.
pub(crate) fn host(engine: Box<dyn Engine>, listener: OwnedFd, ready: impl FnOnce()) -> Result<(), String> {
    let (turns, mut events) = Turns::open(listener).map_err(|e| format!("starting a thread: {e}"))?;
    ready();
    let mut host = Host { engine, turns, guests: BTreeMap::new(), seated: None, holder: None };
    while let Some(Event { who, what }) = events.next(host.holder) {
        match what {
            What::Came(stream, parameters) => host.greet(who, stream, &parameters)?,
            What::Asked(batch) => host.answer(who, &batch)?,
            What::Left => host.part(who)?,
        }
    }
    Err("nobody listens any more".to_owned())
}

struct Host {
    engine: Box<dyn Engine>,
    turns: Arc<Turns>,
    guests: BTreeMap<u64, Guest>,
    /// Whose settings the session has.
    seated: Option<u64>,
    /// Whose transaction is open: nobody else is served meanwhile.
    holder: Option<u64>,
}

struct Guest {
    stream: UnixStream,
    /// Its settings when it last gave its turn away.
    settings: Vec<(String, String)>,
    /// Whether it may have changed some since.
    changed: bool,
}

impl Host {
    fn greet(&mut self, who: u64, mut stream: UnixStream, parameters: &[(String, String)]) -> Result<(), String> {
        self.unseat()?;
        self.engine.exchange(&wire::query("RESET ALL"))?;
        self.engine.exchange(&wire::query(OF_DATABASE))?;
        let key = wire::Key { process: std::process::id(), secret: secret() };
        match greeting(self.engine.as_mut(), key, parameters)? {
            Ok(greeting) => {
                self.turns.give_key(who, key);
                let _ = stream.write_all(&greeting);
            }
            Err(refusal) => {
                let _ = stream.write_all(&wire::fatal("22023", &refusal));
                let _ = stream.shutdown(Shutdown::Both);
                return Ok(());
            }
        }
        self.guests.insert(who, Guest { stream, settings: Vec::new(), changed: true });
        self.seated = Some(who);
        Ok(())
    }

    fn answer(&mut self, who: u64, batch: &[u8]) -> Result<(), String> {
        self.seat(who)?;
        let Some(guest) = self.guests.get_mut(&who) else { return Ok(()) };
        guest.changed |= may_set(batch);
        self.turns.begin(who, &guest.stream);
        let answer = self.engine.exchange(&wire::renamed(batch, &format!(" of {who}")));
        self.turns.end();
        let answer = answer?;
        self.holder = matches!(wire::status(&answer), Some(b'T' | b'E')).then_some(who);
        // One that has gone is told of by its reader.
        let _ = guest.stream.write_all(&answer);
        Ok(())
    }

    fn part(&mut self, who: u64) -> Result<(), String> {
        if self.holder == Some(who) {
            self.engine.exchange(&wire::query("ROLLBACK"))?;
            self.holder = None;
        }
        if self.seated == Some(who) {
            self.seated = None;
        }
        if let Some(guest) = self.guests.remove(&who) {
            let _ = guest.stream.shutdown(Shutdown::Both);
        }
        self.turns.forget(who);
        Ok(())
    }

    /// Gives the session the settings of a guest.
    fn seat(&mut self, who: u64) -> Result<(), String> {
        if self.seated == Some(who) {
            return Ok(());
        }
        self.unseat()?;
        self.engine.exchange(&wire::query("RESET ALL"))?;
        let Some(guest) = self.guests.get(&who) else { return Ok(()) };
        if !guest.settings.is_empty() {
            let all: Vec<String> =
                guest.settings.iter().map(|(name, value)| format!("({}, {})", text(name), text(value))).collect();
            let sql = format!(
                "SELECT pg_catalog.set_config(name, value, false) FROM (VALUES {}) AS s (name, value)",
                all.join(", ")
            );
            if let Some(error) = wire::error(&self.engine.exchange(&wire::query(&sql))?) {
                return Err(format!("giving a session its settings: {error}"));
            }
        }
        self.seated = Some(who);
        Ok(())
    }

    /// Remembers the settings of the guest that has the session.
    fn unseat(&mut self) -> Result<(), String> {
        let Some(guest) = self.seated.take().and_then(|who| self.guests.get_mut(&who)) else { return Ok(()) };
        if std::mem::take(&mut guest.changed) {
            let rows = wire::rows(&self.engine.exchange(&wire::query(SETTINGS))?);
            let pair = |row: Vec<String>| <[String; 2]>::try_from(row).ok().map(|[name, value]| (name, value));
            guest.settings = rows.into_iter().filter_map(pair).collect();
        }
        Ok(())
    }
}

/// Whether what a client sends may change a setting: whether the words that do are in it anywhere.
fn may_set(batch: &[u8]) -> bool {
    batch.windows(3).any(|w| w.eq_ignore_ascii_case(b"set"))
        || batch.windows(7).any(|w| w.eq_ignore_ascii_case(b"discard"))
}

/// A text in SQL.
fn text(value: &str) -> String {
    format!("E'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::{may_set, text};

    #[test]
    fn what_may_change_a_setting_is_noticed() {
        for (batch, expected) in [
            ("Set work_mem = 1", true),
            ("select set_config('a', 'b', false)", true),
            ("RESET ALL", true),
            ("discard all", true),
            ("explain select 1", false),
            ("", false),
        ] {
            assert_eq!(may_set(batch.as_bytes()), expected, "{batch}");
        }
        assert_eq!(text("it's \\ so"), "E'it''s \\\\ so'");
    }
}
