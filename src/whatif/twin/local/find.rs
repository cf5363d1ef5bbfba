//! Which PostgreSQL servers are installed here.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Directories of programs, separated as in `PATH`, instead of the usual places.
const CONFIGURED: &str = "WHYSLOW_POSTGRES_BIN";

/// Where packages put each major version's programs: a directory, and what follows the version's own.
const PLACES: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// An installed server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::whatif::twin) struct Installed {
    /// Directory of its programs.
    pub(super) bin: PathBuf,
    /// Version as shown to people.
    pub(super) version: String,
    /// `server_version_num`.
    pub(in crate::whatif::twin) version_number: u32,
}

/// The installed server that plans most like one of that version: of the same major, else of the nearest.
pub(in crate::whatif::twin) fn best(version_number: u32) -> Option<Installed> {
    choose(directories().iter().filter_map(|bin| installed(bin)), version_number / 10_000)
}

fn choose(all: impl Iterator<Item = Installed>, major: u32) -> Option<Installed> {
    all.filter(|i| i.version_number >= 120_000).min_by_key(|i| distance(i.version_number, major))
}

/// How far a version's planner is from that of a major version. A newer planner differs less from an older one's than the other way
/// round, so that of two as near the newer is nearer; then counts the minor version.
pub(in crate::whatif::twin) fn distance(version_number: u32, major: u32) -> (u32, bool, u32) {
    let own = version_number / 10_000;
    (own.abs_diff(major), own < major, u32::MAX - version_number)
}

fn directories() -> Vec<PathBuf> {
    if let Some(configured) = crate::whatif::private_server::configured(CONFIGURED) {
        return configured;
    }
    let mut all: Vec<PathBuf> = Vec::new();
    for (place, prefix, below) in PLACES {
        let Ok(entries) = fs::read_dir(place) else { continue };
        let named = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(prefix);
        all.extend(entries.flatten().filter(named).map(|e| e.path().join(below)));
    }
    if let Some(path) = env::var_os("PATH") {
        all.extend(env::split_paths(&path));
    }
    all
}

fn installed(bin: &Path) -> Option<Installed> {
    let program = bin.join("postgres");
    if !(program.is_file() && bin.join("initdb").is_file()) {
        return None;
    }
    let said = Command::new(program).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let (version, version_number) = version(&String::from_utf8_lossy(&said.stdout))?;
    Some(Installed { bin: bin.to_owned(), version, version_number })
}

/// `postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)`: the version, and as a number.
fn version(said: &str) -> Option<(String, u32)> {
    let shown = said.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let digits = shown.split(|c: char| !(c.is_ascii_digit() || c == '.')).next()?;
    let mut parts = digits.split('.').map(str::parse::<u32>);
    let major = parts.next()?.ok()?;
    let minor = parts.next().and_then(Result::ok).unwrap_or(0);
    Some((digits.to_owned(), major * 10_000 + minor))
}

#[cfg(test)]
mod tests {
    use super::{Installed, choose, version};

    #[test]
    fn a_version_is_read_from_what_the_program_says() {
        for (said, expected) in [
            ("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n", Some(("15.20", 150_020))),
            ("postgres (PostgreSQL) 18.4", Some(("18.4", 180_004))),
            ("postgres (PostgreSQL) 19beta2", Some(("19", 190_000))),
            ("postgres (PostgreSQL)", None),
            ("", None),
        ] {
            assert_eq!(version(said).as_ref().map(|(v, n)| (v.as_str(), *n)), expected, "{said}");
        }
    }

    #[test]
    fn the_same_major_comes_first_and_then_the_nearest() {
        let all = |numbers: &[u32]| {
            let installed = |n: &u32| Installed { bin: "/x".into(), version: n.to_string(), version_number: *n };
            numbers.iter().map(installed).collect::<Vec<_>>()
        };
        for (there, major, expected) in [
            (&[130_001, 150_020, 180_004][..], 15, Some(150_020)),
            (&[150_003, 150_020], 15, Some(150_020)),
            (&[130_001, 180_004], 15, Some(130_001)),
            (&[140_001, 160_004], 15, Some(160_004)),
            (&[110_001], 15, None),
            (&[], 15, None),
        ] {
            let found = choose(all(there).into_iter(), major).map(|i| i.version_number);
            assert_eq!(found, expected, "{there:?}");
        }
    }
}
