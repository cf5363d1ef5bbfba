//! What was typed and seen, kept on disk so that a crash or a kill loses nothing: the draft per connection, the last plan's
//! document, and a line per run. Files are readable by their owner alone. No password ever comes here: a place is named
//! without one.

use std::{
    collections::BTreeMap,
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

/// Plans' documents that are kept; those of older runs go.
const DOCUMENTS: usize = 500;

/// Servers that are remembered.
const CONNECTIONS: usize = 200;

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
    /// The name under which its plan's document is kept, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
}

/// A server that was connected to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// The connection, as [`place`] names it.
    pub place: String,
    /// What leads there ([`Target::address`]); no password.
    pub address: String,
    /// When it was used last, seconds since 1970.
    pub at: u64,
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

    /// The values last typed for a place's parameters, by name.
    #[must_use]
    pub fn values(&self, place: &str) -> BTreeMap<String, String> {
        let text = fs::read_to_string(self.directory.join("values").join(file_name(place))).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Keeps the values typed for a place's parameters.
    ///
    /// # Errors
    /// What the file system answered.
    pub fn keep_values(&self, place: &str, values: &BTreeMap<String, String>) -> io::Result<()> {
        self.replace(&Path::new("values").join(file_name(place)), &serde_json::to_string(values)?)
    }

    /// The servers that were connected to, the one used last first.
    #[must_use]
    pub fn used(&self) -> Vec<Used> {
        let text = fs::read_to_string(self.directory.join("connections.json")).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Keeps that a server was connected to.
    ///
    /// # Errors
    /// What the file system answered.
    pub fn keep_used(&self, used: Used) -> io::Result<()> {
        let mut all = self.used();
        all.retain(|other| other.place != used.place);
        all.insert(0, used);
        all.truncate(CONNECTIONS);
        self.replace(Path::new("connections.json"), &serde_json::to_string(&all)?)
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
        // A file of text ends with the end of its last line.
        let end = if text.ends_with('\n') { "" } else { "\n" };
        self.replace(Path::new("copied"), &format!("{text}{end}"))?;
        Ok(self.directory.join("copied"))
    }

    /// Keeps a plan's document beside those of other runs and gives its name. The oldest give way.
    ///
    /// # Errors
    /// What the file system answered.
    pub fn keep_document(&self, at: u64, document: &str) -> io::Result<String> {
        let name = format!("{at:012}-{:016x}", fnv(document));
        self.replace(&Path::new("documents").join(&name), document)?;
        self.forget_old_documents();
        Ok(name)
    }

    /// A document kept by [`Self::keep_document`].
    ///
    /// # Errors
    /// What the file system answered.
    pub fn document(&self, name: &str) -> io::Result<String> {
        fs::read_to_string(self.directory.join("documents").join(plain(name)))
    }

    /// What was written about the nodes of a kept plan, by the nodes' numbers.
    #[must_use]
    pub fn notes(&self, document: &str) -> BTreeMap<u32, String> {
        let text = fs::read_to_string(self.directory.join("notes").join(plain(document))).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Keeps what was written about the nodes of a kept plan.
    ///
    /// # Errors
    /// What the file system answered.
    pub fn keep_notes(&self, document: &str, notes: &BTreeMap<u32, String>) -> io::Result<()> {
        self.replace(&Path::new("notes").join(plain(document)), &serde_json::to_string(notes)?)
    }

    /// Names begin with their time, so that the oldest sort first.
    fn forget_old_documents(&self) {
        let folder = self.directory.join("documents");
        let names = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        for name in names.iter().take(names.len().saturating_sub(DOCUMENTS)) {
            // One that cannot be removed now will be the next time.
            drop(fs::remove_file(folder.join(name)));
            drop(fs::remove_file(self.directory.join("notes").join(name)));
        }
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

    /// The newest runs of one place, oldest first.
    #[must_use]
    pub fn runs_of(&self, place: &str) -> Vec<Run> {
        self.runs().into_iter().filter(|run| run.place == place).collect()
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
    format!("{}-{:016x}", clean.trim_start_matches('.'), fnv(place))
}

/// FNV-1a, 64 bits.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// A name of ours: letters, digits and dashes. Whatever else a file that was tampered with holds leads nowhere.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
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
    use super::{History, Run, Used, file_name};

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
    fn what_was_copied_ends_with_the_end_of_a_line() {
        let history = temporary("copied");
        for (text, kept) in [("CREATE INDEX x;", "CREATE INDEX x;\n"), ("a\nb\n", "a\nb\n")] {
            let file = history.keep_copy(text).unwrap();
            assert_eq!(std::fs::read_to_string(file).unwrap(), kept);
        }
        std::fs::remove_dir_all(&history.directory).unwrap();
    }

    #[test]
    fn a_server_used_again_comes_first_and_once() {
        let history = temporary("used");
        let used = |place: &str, at| Used { place: place.into(), address: format!("host={place}"), at };
        for (place, at) in [("a", 1), ("b", 2), ("a", 3)] {
            history.keep_used(used(place, at)).unwrap();
        }
        assert_eq!(history.used(), [used("a", 3), used("b", 2)]);
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
            plan: None,
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
    fn a_plan_is_kept_with_its_notes_and_the_oldest_give_way() {
        let history = temporary("documents");
        let first = history.keep_document(1, "the first").unwrap();
        history.keep_notes(&first, &[(3, "slow".to_owned())].into()).unwrap();
        assert_eq!(history.document(&first).unwrap(), "the first");
        assert_eq!(history.notes(&first).get(&3).map(String::as_str), Some("slow"));
        for at in 2..=super::DOCUMENTS as u64 + 1 {
            history.keep_document(at, "another").unwrap();
        }
        assert!(history.document(&first).is_err() && history.notes(&first).is_empty());
        assert!(history.document("../runs.jsonl").is_err());
        std::fs::remove_dir_all(&history.directory).unwrap();
    }

    #[test]
    fn file_names_are_harmless_and_differ() {
        assert_ne!(file_name("a/b"), file_name("a_b"));
        assert!(!file_name("../../etc").starts_with('.') && !file_name("../../etc").contains('/'));
    }
}
