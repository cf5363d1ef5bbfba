//! Which MySQL and MariaDB servers are installed here.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use crate::{plan::Engine, whatif::private_server::configured};

/// Directories in which servers are, besides those of `PATH`: an ordinary user's does not hold `sbin`.
const PLACES: &[&str] = &[
    "/usr/sbin",
    "/usr/libexec",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/local/mysql/bin",
    "/opt/mysql/bin",
    "/opt/homebrew/bin",
];
/// Directories in which there is one of several versions each, by the beginning of its name.
const VERSIONED: &[(&str, &[&str])] = &[
    ("/opt/homebrew/opt", &["mysql", "mariadb"]),
    ("/usr/local/opt", &["mysql", "mariadb"]),
    ("/usr/local", &["mysql-", "mariadb-"]),
    ("/opt", &["mysql", "mariadb"]),
];

/// An installed server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::whatif::mysql_twin) struct Installed {
    /// Whose it is.
    pub(in crate::whatif::mysql_twin) engine: Engine,
    /// Its program.
    pub(super) program: PathBuf,
    /// The directory that holds `bin` or `sbin`, and `share`.
    pub(super) base: PathBuf,
    /// Version as shown to people.
    pub(in crate::whatif::mysql_twin) version: String,
    /// Major, minor and patch as one number, as [`crate::server::Info::version_number`].
    pub(in crate::whatif::mysql_twin) version_number: u32,
}

impl Installed {
    /// `11.8`.
    pub(super) fn shown_series(&self) -> String {
        format!("{}.{}", self.version_number / 10_000, self.version_number / 100 % 100)
    }
}

/// What plans alike: MySQL 8.0, MySQL 8.4, MySQL 9, MariaDB 10.11, MariaDB 11.8.
pub(in crate::whatif::mysql_twin) const fn series(engine: Engine, version_number: u32) -> u32 {
    match engine {
        // Its innovation releases follow each other within months.
        Engine::MySql if version_number >= 90_000 => 900,
        _ => version_number / 100,
    }
}

/// The product's short name, the variable that says where its programs are, and its packages' name.
pub(in crate::whatif::mysql_twin) const fn names(engine: Engine) -> (&'static str, &'static str, &'static str) {
    match engine {
        Engine::MariaDb => ("mariadb", "WHYSLOW_MARIADB_BIN", "mariadb-server-core"),
        _ => ("mysql", "WHYSLOW_MYSQL_BIN", "mysql-server-core"),
    }
}

/// The installed server that plans most like one of that version: of the same series, else of the nearest.
pub(in crate::whatif::mysql_twin) fn best(engine: Engine, version_number: u32) -> Option<Installed> {
    choose(all(engine).iter().cloned(), version_number)
}

/// Every installed server of a product; looked for once.
fn all(engine: Engine) -> &'static [Installed] {
    static MYSQL: OnceLock<Vec<Installed>> = OnceLock::new();
    static MARIADB: OnceLock<Vec<Installed>> = OnceLock::new();
    let found = if engine == Engine::MariaDb { &MARIADB } else { &MYSQL };
    found.get_or_init(|| directories(engine).iter().filter_map(|place| installed(place, engine)).collect())
}

fn choose(all: impl Iterator<Item = Installed>, version_number: u32) -> Option<Installed> {
    let distance = |i: &Installed| {
        let (own, wanted) = (series(i.engine, i.version_number), series(i.engine, version_number));
        (own.abs_diff(wanted), own < wanted, i.version_number.abs_diff(version_number))
    };
    let oldest = |engine| if engine == Engine::MariaDb { 100_600 } else { 80_000 };
    all.filter(|i| i.version_number >= oldest(i.engine)).min_by_key(distance)
}

fn directories(engine: Engine) -> Vec<PathBuf> {
    if let Some(configured) = configured(names(engine).1) {
        return configured;
    }
    let mut all: Vec<PathBuf> = Vec::new();
    if let Some(path) = env::var_os("PATH") {
        all.extend(env::split_paths(&path));
    }
    all.extend(PLACES.iter().map(PathBuf::from));
    for (place, beginnings) in VERSIONED {
        let Ok(entries) = fs::read_dir(place) else { continue };
        let ours = |entry: &fs::DirEntry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            beginnings.iter().any(|beginning| name.starts_with(beginning))
        };
        for found in entries.flatten().filter(ours) {
            all.extend(["bin", "sbin"].map(|below| found.path().join(below)));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|place| seen.insert(place.clone()));
    all
}

/// The server of a product in a directory of programs (or the program itself, where one is named).
fn installed(place: &Path, engine: Engine) -> Option<Installed> {
    let inside: &[&str] = if engine == Engine::MariaDb { &["mariadbd", "mysqld"] } else { &["mysqld"] };
    let program =
        if place.is_file() { place.to_owned() } else { inside.iter().map(|n| place.join(n)).find(|p| p.is_file())? };
    let mut asking = Command::new(&program);
    asking.args(["--no-defaults", "--version"]).stdin(Stdio::null()).stderr(Stdio::null());
    let said = asking.output().ok()?;
    let (found, version, version_number) = version(&String::from_utf8_lossy(&said.stdout))?;
    let base = program.parent()?.parent()?.to_owned();
    (found == engine).then_some(Installed { engine, program, base, version, version_number })
}

/// `mysqld  Ver 9.7.4 for Linux on x86_64 (…)`, `mariadbd  Ver 11.8.9-MariaDB-0+deb13u1 from Debian for …`: whose, the version, and
/// it as a number.
fn version(said: &str) -> Option<(Engine, String, u32)> {
    let mut words = said.split_whitespace().skip_while(|word| *word != "Ver");
    let full = words.nth(1)?;
    let number = full.split(|c: char| !(c.is_ascii_digit() || c == '.')).next()?;
    let mut parts = number.split('.').map(|part| part.parse::<u32>().ok());
    let (major, minor) = (parts.next()??, parts.next()??);
    let patch = parts.next().flatten().unwrap_or(0).min(99);
    let engine = if full.contains("MariaDB") { Engine::MariaDb } else { Engine::MySql };
    Some((engine, number.to_owned(), major * 10_000 + minor * 100 + patch))
}

#[cfg(test)]
mod tests {
    use super::{Installed, choose, version};
    use crate::plan::Engine::{self, MariaDb, MySql};

    #[test]
    fn a_version_is_read_from_what_the_program_says() {
        for (said, expected) in [
            ("/usr/sbin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))\n", Some((MySql, "9.7.4", 90_704))),
            ("mysqld  Ver 8.0.36-28 for Linux on x86_64 (Percona Server)", Some((MySql, "8.0.36", 80_036))),
            (
                "mariadbd  Ver 11.8.9-MariaDB-0+deb13u1 from Debian for debian-linux-gnu",
                Some((MariaDb, "11.8.9", 110_809)),
            ),
            ("/x/mysqld  Ver 10.11.19-MariaDB for Linux", Some((MariaDb, "10.11.19", 101_119))),
            ("mysqld", None),
            ("", None),
        ] {
            let found = version(said);
            assert_eq!(found.as_ref().map(|(e, v, n)| (*e, v.as_str(), *n)), expected, "{said}");
        }
    }

    #[test]
    fn the_same_series_comes_first_and_then_the_nearest() {
        let all = |engine: Engine, numbers: &[u32]| {
            let installed = |n: &u32| Installed {
                engine,
                program: "/x/bin/d".into(),
                base: "/x".into(),
                version: n.to_string(),
                version_number: *n,
            };
            numbers.iter().map(installed).collect::<Vec<_>>()
        };
        for (engine, there, wanted, expected) in [
            (MySql, &[80_036, 80_404, 90_704][..], 80_403, Some(80_404)),
            (MySql, &[80_036, 90_704], 90_100, Some(90_704)),
            (MySql, &[50_744], 80_036, None),
            (MariaDb, &[101_119, 110_806], 110_403, Some(110_806)),
            (MariaDb, &[101_119, 110_806], 101_102, Some(101_119)),
            (MariaDb, &[], 101_102, None),
        ] {
            let found = choose(all(engine, there).into_iter(), wanted).map(|i| i.version_number);
            assert_eq!(found, expected, "{there:?}");
        }
    }
}
