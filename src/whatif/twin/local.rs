//! A PostgreSQL installed on this machine, run as a private server: its own data directory in the cache, an unprivileged user,
//! no port, and an end with this program.

mod find;
mod keeper;

use std::{
    fs, io,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

pub(super) use find::{Installed, best, distance};
use keeper::Keeper;

use super::{engine::TwinEngine, error::TwinError, link::SUPERUSER};
use crate::{store::Store, whatif::snapshot::Server};

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
    servant: Option<(u32, u32)>,
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
        let servant = servant()?;
        let store = store(servant.is_some())?;
        let ways = ways(like, installed.version_number);
        let stamp = format!("{}-{:016x}", installed.version, fingerprint(&installed.bin, &ways));
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
        let keeper = Keeper::start(command, run)?;
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

/// The directory of twins. Root's cache is closed to the user that the server runs as, so root's twins lie in the machine's.
fn store(root: bool) -> Result<Store, TwinError> {
    if !root {
        return Ok(Store::open(None, "twin")?);
    }
    let store = Store::open(Some(Path::new("/var/cache")), "twin")?;
    let runs = store.root().join("runs");
    for directory in [store.root().parent(), Some(store.root()), Some(runs.as_path())].into_iter().flatten() {
        if directory.metadata().is_ok_and(|m| m.uid() == 0 && m.mode() & 0o11 == 0) {
            fs::set_permissions(directory, fs::Permissions::from_mode(0o711))
                .map_err(|e| TwinError::file("opening the way to its directory", &e))?;
        }
    }
    Ok(store)
}

/// Whom to run the server as: nobody else, unless we are root.
fn servant() -> Result<Option<(u32, u32)>, TwinError> {
    let probe = crate::store::unique(&std::env::temp_dir(), "whyslow-who")
        .map_err(|e| TwinError::file("making a directory", &e))?;
    let user = probe.metadata().map(|m| m.uid());
    let _ = fs::remove_dir(&probe);
    if user.map_err(|e| TwinError::file("asking who we are", &e))? != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    SERVANTS.iter().find_map(|name| entry(&users, name)).map(Some).ok_or_else(|| {
        TwinError::Engine("it does not run as root, and there is neither a user postgres nor a user nobody; run whyslow as another user".to_owned())
    })
}

/// User and group of a line of `/etc/passwd`.
fn entry(users: &str, name: &str) -> Option<(u32, u32)> {
    let mut fields =
        users.lines().map(|line| line.split(':')).find_map(|mut f| (f.next() == Some(name)).then_some(f))?;
    let user = fields.nth(1)?.parse().ok()?;
    Some((user, fields.next()?.parse().ok()?))
}

fn as_servant(command: &mut Command, servant: Option<(u32, u32)>) -> &mut Command {
    if let Some((user, group)) = servant {
        command.uid(user).gid(group);
    }
    command
}

/// Gives a directory to the server's user.
fn own(path: &Path, servant: Option<(u32, u32)>) -> Result<(), TwinError> {
    let Some((user, group)) = servant else { return Ok(()) };
    chown(path, Some(user), Some(group)).map_err(|e| TwinError::file("giving it its directory", &e))
}

fn own_all(path: &Path, servant: Option<(u32, u32)>) -> Result<(), TwinError> {
    if servant.is_none() {
        return Ok(());
    }
    let mut todo = vec![path.to_path_buf()];
    while let Some(next) = todo.pop() {
        own(&next, servant)?;
        if next.is_dir() {
            let entries = fs::read_dir(&next).map_err(|e| TwinError::file("giving it its files", &e))?;
            todo.extend(entries.flatten().map(|entry| entry.path()));
        }
    }
    Ok(())
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

fn initialise(
    installed: &Installed,
    data: &Path,
    way: &[String],
    servant: Option<(u32, u32)>,
) -> Result<(), TwinError> {
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

/// The server's command; where `setpriv` is, it ends the server when this program is killed.
fn server(installed: &Installed, data: &Path, socket: &Path) -> Command {
    let program = installed.bin.join("postgres");
    let setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].into_iter().find(|p| Path::new(p).exists());
    let mut command = Command::new(setpriv.map_or(program.as_path(), Path::new));
    if setpriv.is_some() {
        command.args(["--pdeathsig", "QUIT"]).arg(&program);
    }
    command.arg("-D").arg(data).arg("-k").arg(socket).args(["-p", &crate::store::PORT.to_string()]);
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    // Keys that signal the terminal's processes are meant for the screen.
    command.stdin(Stdio::null()).stdout(Stdio::null()).env("LC_ALL", "C").process_group(0);
    command
}

/// FNV-1a over what a template depends on.
fn fingerprint(bin: &Path, ways: &[Vec<String>]) -> u64 {
    let text = format!("{} {ways:?}", bin.display());
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::{Server, entry, ways};

    #[test]
    fn a_user_is_found_by_name() {
        let users = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:n:/:/x\nbroken\npostgresql:x:1:1::/:/\n";
        assert_eq!(entry(users, "nobody"), Some((65_534, 65_533)));
        assert_eq!(entry(users, "postgres"), None);
        assert_eq!(entry(users, "broken"), None);
    }

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
