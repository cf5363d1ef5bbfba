//! The options, as clap sees them.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use crate::{diagnose::Severity, server::SessionOptions, whatif::Allow};

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub(super) struct Common {
    /// How to print
    #[arg(long, value_enum, global = true)]
    pub(super) format: Option<Format>,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE", global = true)]
    pub(super) output: Option<PathBuf>,
    /// Exit with 1 when a finding of this severity or worse stands
    #[arg(long, value_enum, value_name = "SEVERITY", global = true)]
    pub(super) fail_on: Option<FailOn>,
    /// When to colour
    #[arg(long, value_enum, default_value = "auto", global = true)]
    pub(super) color: Color,
    /// The screen's theme: dark, light, contrast, or one of your own
    #[arg(long, value_name = "NAME", env = "WHYSLOW_THEME", global = true)]
    pub(super) theme: Option<String>,
    /// Draw with ASCII only
    #[arg(long, global = true)]
    pub(super) ascii: bool,
}

/// How to connect and what the session may do.
#[derive(Debug, Clone, Args)]
pub(super) struct Connecting {
    /// Limit for one statement, seconds (0: none)
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(super) timeout: u64,
    /// Session setting, for instance a larger working memory; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    pub(super) settings: Vec<(String, String)>,
    /// Statements to run before (SET ROLE, SET a search path), from a file
    #[arg(long, value_name = "FILE")]
    pub(super) prelude: Option<PathBuf>,
    /// Only read (the default, and the only way: what would write is asked for and rolled back)
    #[arg(long, action = ArgAction::SetTrue)]
    pub(super) read_only: bool,
    /// Allow trials in session-private temporary tables with a sample of the rows (MySQL, MariaDB)
    #[arg(long)]
    pub(super) allow_temporary_tables: bool,
}

/// One statement on one server.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Statement {
    /// Where to connect, then the statement; a single word that is no target is the statement
    #[arg(value_name = "TARGET] [SQL", num_args = 0..=2)]
    pub(super) words: Vec<String>,
    /// The statement, from a file (- for standard input)
    #[arg(short, long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Execute the statement and measure
    #[arg(long)]
    pub(super) analyze: bool,
    /// Repeat --analyze and keep the median, the first run apart
    #[arg(long, value_name = "N", default_value_t = 1, requires = "analyze")]
    pub(super) runs: usize,
    /// Plan for unknown parameters ($1)
    #[arg(long, conflicts_with = "analyze")]
    pub(super) generic: bool,
    /// Look for indexes and test each
    #[arg(long)]
    pub(super) advise: bool,
    /// Print everything a node says
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// The word that allows executing a statement that writes, then rolled back: run
    #[arg(long, value_name = "WORD")]
    pub(super) confirm: Option<String>,
    #[command(flatten)]
    pub(super) common: Common,
    #[command(flatten)]
    pub(super) connecting: Connecting,
}

/// `whyslow read`.
#[derive(Debug, Clone, Args)]
pub(super) struct Read {
    /// The plan, in any dialect (- or nothing for standard input)
    pub(super) file: Option<PathBuf>,
    /// Print everything a node says
    #[arg(short, long)]
    pub(super) verbose: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

/// `whyslow compare`.
#[derive(Debug, Clone, Args)]
pub(super) struct Compare {
    /// The earlier plan: a file, - for standard input, or a connection of which a plan is kept
    #[arg(value_name = "A")]
    pub(super) before: String,
    /// The later plan; FILE#2 is the second plan of a file that holds several
    #[arg(value_name = "B")]
    pub(super) after: String,
    /// Print everything a node says
    #[arg(short, long)]
    pub(super) verbose: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

/// `whyslow advise`.
#[derive(Debug, Clone, Args)]
pub(super) struct Advise {
    /// Where to connect; the environment without it
    pub(super) target: Option<String>,
    /// A statement; may be repeated. A comment before it such as `-- weight: 12` says how often it runs
    #[arg(short, long, value_name = "SQL")]
    pub(super) query: Vec<String>,
    /// Statements from a file (- for standard input) or from the .sql and .json files of a folder; may be repeated
    #[arg(short, long, value_name = "FILE|FOLDER")]
    pub(super) file: Vec<PathBuf>,
    /// Bytes all new indexes may take together, such as 500MB or 2GiB
    #[arg(long, value_name = "SIZE", value_parser = super::workload::size)]
    pub(super) budget: Option<u64>,
    /// How many new indexes at most
    #[arg(long, value_name = "N")]
    pub(super) max_indexes: Option<usize>,
    /// Seconds after which the best so far is the answer, as after Ctrl-C
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(super) time: Option<f64>,
    /// What to make small: the weighted cost, each statement's own, or the first with a little of the second
    #[arg(long, value_enum, default_value = "balanced")]
    pub(super) objective: Objective,
    /// Print everything
    #[arg(short, long)]
    pub(super) verbose: bool,
    #[command(flatten)]
    pub(super) common: Common,
    #[command(flatten)]
    pub(super) connecting: Connecting,
}

/// What a set of indexes is to make small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Objective {
    /// The weighted sum of costs, and a little of each statement's own improvement.
    Balanced,
    /// The weighted sum of costs.
    Cost,
    /// Each statement's own improvement, however small its cost.
    Relative,
}

impl From<Objective> for crate::advise::Objective {
    fn from(objective: Objective) -> Self {
        match objective {
            Objective::Balanced => Self::Balanced,
            Objective::Cost => Self::Cost,
            Objective::Relative => Self::Relative,
        }
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(seconds),
        _ => Err("expected seconds, such as 30 or 2.5".to_owned()),
    }
}

/// `whyslow demo`.
#[derive(Debug, Clone, Args)]
pub(super) struct Demo {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(flatten)]
    pub(super) connecting: Connecting,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// One document, as `whyslow schema` describes it.
    Json,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// From which severity on the exit status is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// Any finding.
    Info,
    /// Warnings and worse.
    Warning,
    /// Critical findings.
    Critical,
}

impl FailOn {
    /// As a severity.
    pub(super) const fn severity(self) -> Severity {
        match self {
            Self::Info => Severity::Info,
            Self::Warning => Severity::Warning,
            Self::Critical => Severity::Critical,
        }
    }
}

impl Connecting {
    /// What trials may do.
    pub(super) const fn allow(&self) -> Allow {
        Allow { temporary_tables: self.allow_temporary_tables }
    }

    /// As the server room takes it, with the statements of the prelude file.
    pub(super) fn session(&self, prelude: Vec<String>) -> SessionOptions {
        let seconds = |s| (s > 0).then(|| std::time::Duration::from_secs(s));
        SessionOptions {
            statement_timeout: seconds(self.timeout),
            // Waiting longer than this for a lock means to stand in a queue that others stand behind.
            lock_timeout: seconds(2),
            settings: self.settings.clone(),
            prelude,
        }
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE, such as work_mem=64MB".to_owned()),
    }
}
