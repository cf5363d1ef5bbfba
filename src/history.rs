//! What was typed and seen, kept on disk so that a crash or a kill loses nothing: the draft per connection, the last plan's
//! document, and a line per run. Files are readable by their owner alone. No password ever comes here: a place is named
//! without one.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};

use crate::server::Target;

/// Runs that are given back; older ones stay in the file.
const RUNS: usize = 10_000;

/// The directory all of it lives in.
#[derive(Debug, Clone)]
pub struct History {
    directory: PathBuf,
}

/// One line of the list of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Seconds since 1970.
    pub at: u64,
    /// The connection, as [`place`] names it.
    pub place: String,
    /// The statement.
    pub sql: String,
    /// Whether it was executed.
    pub analyzed: bool,
    /// Time of the request, milliseconds.
    pub elapsed_ms: f64,
    /// The root's cost.
    pub cost: Option<f64>,
    /// Titles of the findings.
    pub findings: Vec<String>,
}

/// A connection's name: engine, user, host, port, database; never a password.
#[must_use]
pub fn place(target: &Target) -> String {
    if target.embedded {
        return "demo".to_owned();
    }
    let host = match &target.socket {
        Some(path) => path.display().to_string(),
        None => format!("{}:{}", target.host, target.port),
    };
    let database = target.database.as_deref().map(|d| format!("/{d}")).unwrap_or_default();
    format!("{}@{host}{database}", target.user)
}

impl History {
    /// The history in a directory, which is made when something is kept.
    #[must_use]
    pub const fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// `$XDG_STATE_HOME/whyslow`, else `~/.local/state/whyslow`; `None` without a home.
    #[must_use]
    pub fn open() -> Option<Self> {
        let base = etcetera::base_strategy::choose_base_strategy().ok()?;
        Some(Self::at(base.state_dir().unwrap_or_else(|| base.data_dir()).join("whyslow")))
    }

    /// The text last kept for a place.
    #[must_use]
    pub fn draft(&self, place: &str) -> Option<String> {
        fs::read_to_string(self.directory.join("drafts").join(file_name(place))).ok().filter(|t| !t.trim().is_empty())
    }

    /// Keeps the text typed for a place.
    ///
    /// # Errors
    /// What the file system answered.
    pub fn keep_draft(&self, place: &str, text: &str) -> io::Result<()> {
        self.replace(&Path::new("drafts").join(file_name(place)), text)
    }

    /// Keeps a plan's document as the last one of its place.
    ///
    /// # Errors
    /// What the file system answered.
    pub fn keep_plan(&self, place: &str, document: &str) -> io::Result<()> {
        self.replace(&Path::new("plans").join(file_name(place)), document)
    }

    /// The document of the last plan of a place.
    #[must_use]
    pub fn plan(&self, place: &str) -> Option<String> {
        fs::read_to_string(self.directory.join("plans").join(file_name(place))).ok()
    }

    /// Keeps what was copied last, for terminals that took it and for those that did not; gives the file.
    ///
    /// # Errors
    /// What the file system answered.
    pub fn keep_copy(&self, text: &str) -> io::Result<PathBuf> {
        self.replace(Path::new("copied"), text)?;
        Ok(self.directory.join("copied"))
    }

    /// Adds a line to the list of runs.
    ///
    /// # Errors
    /// What the file system answered.
    pub fn add(&self, run: &Run) -> io::Result<()> {
        make_private(&self.directory)?;
        let mut line = serde_json::to_string(run)?;
        line.push('\n');
        let mut file = private().append(true).create(true).open(self.directory.join("runs.jsonl"))?;
        file.write_all(line.as_bytes())?;
        file.sync_data()
    }

    /// The newest runs, oldest first; lines that cannot be read (a crash while writing) are passed over.
    #[must_use]
    pub fn runs(&self) -> Vec<Run> {
        let text = fs::read_to_string(self.directory.join("runs.jsonl")).unwrap_or_default();
        let all: Vec<Run> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let old = all.len().saturating_sub(RUNS);
        all.into_iter().skip(old).collect()
    }

    /// Writes beside the file and renames, so that a crash leaves the old or the new one whole.
    fn replace(&self, name: &Path, text: &str) -> io::Result<()> {
        let path = self.directory.join(name);
        make_private(&self.directory)?;
        if let Some(parent) = path.parent() {
            make_private(parent)?;
        }
        let new = path.with_extension(format!("new{}", std::process::id()));
        let mut file: File = private().write(true).create(true).truncate(true).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        fs::rename(new, path)
    }
}

/// Seconds since 1970.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

/// A place as a file name: what a file system may not like is replaced, and a number from the whole text keeps places apart.
fn file_name(place: &str) -> String {
    let clean: String =
        place.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.@".contains(c) { c } else { '_' }).take(80).collect();
    // FNV-1a, 64 bits.
    let sum = place.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    format!("{}-{sum:016x}", clean.trim_start_matches('.'))
}

#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn private() -> OpenOptions {
    OpenOptions::new()
}

fn make_private(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

#[cfg(test)]
mod tests {
    use super::{History, Run, file_name};

    fn temporary(name: &str) -> History {
        let directory = std::env::temp_dir().join(format!("whyslow-history-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        History::at(directory)
    }

    #[test]
    fn a_draft_is_kept_per_place_and_read_by_its_owner_alone() {
        let history = temporary("draft");
        assert_eq!(history.draft("a@b:1/c"), None);
        history.keep_draft("a@b:1/c", "select 1").unwrap();
        history.keep_draft("a@b:1/c", "select 2").unwrap();
        assert_eq!(history.draft("a@b:1/c").as_deref(), Some("select 2"));
        assert_eq!(history.draft("a@b:1/d"), None);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let path = history.directory.join("drafts").join(file_name("a@b:1/c"));
            assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::remove_dir_all(&history.directory).unwrap();
    }

    #[test]
    fn a_line_broken_by_a_crash_does_not_hide_the_others() {
        let history = temporary("runs");
        let run = Run {
            at: 7,
            place: "p".into(),
            sql: "select\n1".into(),
            analyzed: true,
            elapsed_ms: 1.5,
            cost: None,
            findings: vec!["f".into()],
        };
        history.add(&run).unwrap();
        let path = history.directory.join("runs.jsonl");
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"at\": 8, \"pl\n");
        std::fs::write(&path, text).unwrap();
        history.add(&run).unwrap();
        assert_eq!(history.runs(), [run.clone(), run]);
        std::fs::remove_dir_all(&history.directory).unwrap();
    }

    #[test]
    fn file_names_are_harmless_and_differ() {
        assert_ne!(file_name("a/b"), file_name("a_b"));
        assert!(!file_name("../../etc").starts_with('.') && !file_name("../../etc").contains('/'));
    }
}
