//! A PostgreSQL installed on this machine, run as a private server: its own data directory in the cache, an unprivileged user,
//! no port, and an end with this program.

mod find;

use std::{
    fs, io,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

pub(super) use find::{Installed, best, distance};

use super::{engine::TwinEngine, error::TwinError, link::SUPERUSER};
use crate::{
    store::Store,
    whatif::{
        private_server::{End, Keeper, Servant, as_servant, fingerprint, guarded, own, own_all, servant, store},
        snapshot::Server,
    },
};

/// Who the server runs as when we are root, which PostgreSQL refuses: the first of these that there is.
const SERVANTS: [&str; 2] = ["postgres", "nobody"];

/// What the server is told. Nothing in it is worth keeping, and nobody but us may connect.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "autovacuum=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_connections=12",
    "shared_buffers=16MB",
    "max_wal_size=256MB",
    "min_wal_size=32MB",
    "logging_collector=off",
    "log_destination=stderr",
    "shared_preload_libraries=",
    "session_preload_libraries=",
    "local_preload_libraries=",
    "log_min_error_statement=panic",
];

/// A running server.
#[derive(Debug)]
pub(super) struct LocalPostgres {
    installed: Installed,
    keeper: Keeper,
    socket: PathBuf,
    data: PathBuf,
    servant: Servant,
    note: Option<String>,
    // Removes a private store, so it goes after the run that lies in it.
    _store: Store,
}

impl LocalPostgres {
    /// Starts one with the encoding and the collation of a production server. Blocks for a quarter of a second, the first time
    /// for two.
    ///
    /// # Errors
    /// [`TwinError`] when a directory or a program cannot be used.
    pub(super) fn start(installed: Installed, like: &Server) -> Result<Self, TwinError> {
        let servant = servant(&SERVANTS)?;
        let store = store(servant.is_some(), "twin")?;
        let ways = ways(like, installed.version_number);
        let stamp =
            format!("{}-{:016x}", installed.version, fingerprint(&format!("{} {ways:?}", installed.bin.display())));
        let template = store.template(
            &stamp,
            || (),
            |run| {
                own(run.path(), servant)?;
                let mut last = String::new();
                for way in &ways {
                    match initialise(&installed, &run.database(), way, servant) {
                        Ok(()) => return Ok(()),
                        Err(TwinError::Engine(message)) => last = message,
                        Err(other) => return Err(other),
                    }
                    let _ = fs::remove_dir_all(run.database());
                }
                Err(TwinError::Engine(last))
            },
        )?;
        let run = store.run()?;
        template.copy(&run.database())?;
        let socket = run.socket_directory().map_err(|e| TwinError::file("making a directory for its socket", &e))?;
        own_all(run.path(), servant)?;
        own(&socket, servant)?;
        let data = run.database();
        let mut command = server(&installed, &data, &socket);
        let log = fs::File::create(run.log()).map_err(|e| TwinError::file("making its log", &e))?;
        as_servant(&mut command, servant).stderr(log).current_dir(run.path());
        let keeper = Keeper::start(command, run, End::Asked)?;
        let note = store.note.clone();
        Ok(Self { installed, keeper, socket, data, servant, note, _store: store })
    }
}

impl TwinEngine for LocalPostgres {
    fn version_number(&self) -> u32 {
        self.installed.version_number
    }

    fn version(&self) -> &str {
        &self.installed.version
    }

    fn socket(&self) -> &Path {
        &self.socket
    }

    fn data(&self) -> &Path {
        &self.data
    }

    fn checksums(&self) -> bool {
        // Data directories are made without.
        false
    }

    fn give(&self, file: &Path) -> io::Result<()> {
        self.servant.map_or(Ok(()), |(user, group)| chown(file, Some(user), Some(group)))
    }

    fn failure(&self) -> Option<String> {
        self.keeper.failure()
    }

    fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

/// Ways to make a data directory, the most faithful first: by production's own collation, else by one that the planner does not
/// take for the order of bytes either.
fn ways(like: &Server, version: u32) -> Vec<Vec<String>> {
    let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let bytes = |name: &str| matches!(name, "C" | "POSIX");
    let encoding = format!("--encoding={}", like.encoding);
    let provider = |name: &str| (version >= 150_000).then(|| format!("--locale-provider={name}"));
    let mut ways: Vec<Vec<String>> = Vec::new();
    let locale = like.locale.as_deref();
    match (like.provider.as_str(), locale) {
        ("b", Some(locale)) if version >= 170_000 => {
            ways.push(words(&["--locale=C", "--locale-provider=builtin", &format!("--builtin-locale={locale}")]));
        }
        ("b", _) => ways.push(words(&["--locale=C"])),
        ("i", Some(locale)) if version >= 150_000 => {
            ways.push(words(&["--locale=C.UTF-8", "--locale-provider=icu", &format!("--icu-locale={locale}")]));
        }
        _ => {
            let mut own = words(&[
                &format!("--lc-collate={}", like.collate),
                &format!("--lc-ctype={}", like.ctype),
                "--locale=C",
            ]);
            own.extend(provider("libc"));
            ways.push(own);
        }
    }
    if !(like.provider == "c" && bytes(&like.collate)) && like.encoding == "UTF8" {
        let mut other = words(&["--locale=C.UTF-8"]);
        other.extend(provider("libc"));
        ways.push(other);
    }
    let mut last = words(&["--locale=C"]);
    last.extend(provider("libc"));
    ways.push(last);
    for way in &mut ways {
        way.push(encoding.clone());
        way.extend(words(&["--username", SUPERUSER, "--auth=trust", "--no-sync", "--wal-segsize=1"]));
        if version >= 180_000 {
            way.push("--no-data-checksums".to_owned());
        }
    }
    ways
}

fn initialise(installed: &Installed, data: &Path, way: &[String], servant: Servant) -> Result<(), TwinError> {
    let mut command = Command::new(installed.bin.join("initdb"));
    command.arg("--pgdata").arg(data).args(way).stdin(Stdio::null()).env("LC_ALL", "C");
    let parent = data.parent().unwrap_or(data);
    let done = as_servant(&mut command, servant).current_dir(parent).output();
    let done =
        done.map_err(|e| TwinError::file(&format!("starting {}", installed.bin.join("initdb").display()), &e))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let problem = said.lines().find(|l| l.contains("error:") || l.contains("FATAL")).or_else(|| said.lines().last());
    Err(TwinError::Engine(crate::text::one_line(problem.unwrap_or("initdb failed without a word"))))
}

/// The server's command.
fn server(installed: &Installed, data: &Path, socket: &Path) -> Command {
    let mut command = guarded(&installed.bin.join("postgres"), "QUIT");
    command.arg("-D").arg(data).arg("-k").arg(socket).args(["-p", &crate::store::PORT.to_string()]);
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::{Server, ways};

    #[test]
    fn the_planner_never_takes_a_collation_for_the_order_of_bytes_that_is_none() {
        let server = |provider: &str, collate: &str, locale: Option<&str>| Server {
            provider: provider.to_owned(),
            collate: collate.to_owned(),
            ctype: collate.to_owned(),
            encoding: "UTF8".to_owned(),
            locale: locale.map(str::to_owned),
            ..Server::default()
        };
        for (server, version, first, fallback) in [
            (server("c", "en_US.UTF-8", None), 150_000, "--lc-collate=en_US.UTF-8", Some("--locale=C.UTF-8")),
            (server("c", "C", None), 150_000, "--lc-collate=C", None),
            (server("i", "en_US.UTF-8", Some("de")), 160_000, "--icu-locale=de", Some("--locale=C.UTF-8")),
            (server("i", "en_US.UTF-8", Some("de")), 140_000, "--lc-collate=en_US.UTF-8", Some("--locale=C.UTF-8")),
            (server("b", "C", Some("C.UTF-8")), 170_000, "--builtin-locale=C.UTF-8", Some("--locale=C.UTF-8")),
        ] {
            let ways = ways(&server, version);
            assert!(ways[0].iter().any(|w| w == first), "{ways:?}");
            let second = ways.get(1).and_then(|w| w.first()).map(String::as_str);
            assert_eq!(second.filter(|w| *w != "--locale=C"), fallback, "{ways:?}");
        }
    }
}
