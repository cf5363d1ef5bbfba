//! The options, as clap sees them.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use super::settings;
use crate::{
    config::{Colours, Config},
    diagnose::Severity,
    server::SessionOptions,
    theme::Depth,
    whatif::{self, Allow, Reads},
};

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
    /// When to colour, or with how many colours [default: auto]
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        global = true,
        hide_possible_values = true,
        help = "When to colour: auto, always, never, 16, 256 or truecolor [default: auto]"
    )]
    color: Option<Color>,
    /// The screen's theme: auto, or a name of `whyslow themes`
    #[arg(long, value_name = "NAME", global = true)]
    theme: Option<String>,
    /// Draw with ASCII only
    #[arg(long, global = true)]
    ascii: bool,
}

impl Common {
    /// The configuration with what the flags say.
    pub(super) fn config(&self) -> Config {
        let mut config = settings::config().clone();
        if let Some(theme) = &self.theme {
            config.theme = (theme != "auto").then(|| theme.clone());
        }
        if let Some(color) = self.color {
            config.color = color.wanted();
        }
        if self.ascii {
            config.ascii = Some(true);
        }
        config
    }

    /// Whether a theme was asked for on the command line.
    pub(super) const fn names_theme(&self) -> bool {
        self.theme.is_some()
    }
}

/// How to connect and what the session may do.
#[derive(Debug, Clone, Args)]
pub(super) struct Connecting {
    /// Limit for one statement, seconds (0: none) [default: 60]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
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
    /// By which method to try indexes; auto takes the one to be trusted most
    #[arg(long, value_enum, value_name = "METHOD", default_value = "auto")]
    pub(super) method: Method,
    /// What a twin may read of the tables themselves
    #[arg(long, value_enum, value_name = "WHAT", default_value = "nothing")]
    pub(super) twin_reads: TwinReads,
}

/// How indexes are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Method {
    /// A twin where a server of the same major version is installed here; otherwise HypoPG, or temporary tables; at last formulas.
    Auto,
    /// The extension of the server (PostgreSQL).
    Hypopg,
    /// A server of the same kind on this machine with production's statistics.
    Twin,
    /// Session-private tables on the server with a sample of the rows (MySQL, MariaDB).
    TemporaryTables,
    /// The formulas of the server's optimizer, from its statistics and with --twin-reads rows a sample (MySQL, MariaDB).
    Calculated,
}

/// What a twin may read beyond catalogs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TwinReads {
    /// Only the catalogs and their statistics.
    Nothing,
    /// First and last value of each indexed column: for tables that grew since ANALYZE (PostgreSQL).
    Ends,
    /// PostgreSQL: these, and a sample of some thousand rows of a table where statistics are wanted that there are none of. MySQL, MariaDB: some
    /// 20,000 rows of each table, kept in a private directory of this machine until the end; or only counted on the server, where trials
    /// are calculated.
    Rows,
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
    /// What if this existing index did not exist? Nothing is dropped. May be repeated; then all of them are gone at once
    #[arg(long = "drop", value_name = "INDEX")]
    pub(super) drops: Vec<String>,
    /// What if a setting were another (jit=off), a table ten times as large (orders=10x), the server PostgreSQL 17 (postgres=17),
    /// columns with statistics together ("statistics(a, b) on orders") or with more of them ("statistics 1000 on orders.a")?
    /// May be repeated, each by itself
    #[arg(long, value_name = "WHAT", value_parser = whatif::what_if)]
    pub(super) what_if: Vec<whatif::WhatIf>,
    /// A copy on which the best proposals are really built, the statement is run without and with each, and they are taken away
    /// again. --timeout holds for building an index too: 0 for a large one
    #[arg(long, value_name = "TARGET", requires = "advise")]
    pub(super) verify: Option<String>,
    /// Really build the best proposal on the server itself, invisible to everybody but this session, plan with it, and drop it again
    /// (MySQL). --timeout holds for building it too: 0 for a large one
    #[arg(long, requires = "advise", conflicts_with_all = ["verify", "snapshot"])]
    pub(super) invisible: bool,
    /// Keep the index that --invisible built; it stays invisible
    #[arg(long, requires = "invisible")]
    pub(super) keep: bool,
    /// Ask a twin of the server that a snapshot was taken of, instead of the server
    #[arg(long, value_name = "FILE", conflicts_with = "analyze")]
    pub(super) snapshot: Option<PathBuf>,
    /// Print everything a node says
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// The word that allows executing a statement that writes, then rolled back: run; building indexes on a copy, or an invisible one: build
    #[arg(long, value_name = "WORD")]
    pub(super) confirm: Vec<String>,
    #[command(flatten)]
    pub(super) common: Common,
    #[command(flatten)]
    pub(super) connecting: Connecting,
}

/// `whyslow snapshot`.
#[derive(Debug, Clone, Args)]
pub(super) struct Snapshot {
    /// Where to connect; the environment without it
    pub(super) target: Option<String>,
    /// A statement whose tables are to be in it; may be repeated
    #[arg(short, long, value_name = "SQL")]
    pub(super) query: Vec<String>,
    /// Statements, from a file (- for standard input)
    #[arg(short, long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Take out the values of columns that no statement names
    #[arg(long)]
    pub(super) anonymise: bool,
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
    /// Ask a twin of the server that a snapshot was taken of, instead of the server
    #[arg(long, value_name = "FILE", conflicts_with = "target")]
    pub(super) snapshot: Option<PathBuf>,
    /// A statement; may be repeated. A comment before it such as `-- weight: 12` says how often it runs
    #[arg(short, long, value_name = "SQL", allow_hyphen_values = true)]
    pub(super) query: Vec<String>,
    /// Statements from a file (- for standard input) or from the .sql and .json files of a folder; may be repeated
    #[arg(short, long, value_name = "FILE|FOLDER")]
    pub(super) file: Vec<PathBuf>,
    /// Statements from the server's own statistics, or from a log.
    #[arg(
        long,
        help = "Statements from the server's own statistics (pg_stat_statements, performance_schema), or from a log \
                (PostgreSQL's, or a slow query log), as often as they ran there",
        value_name = "statistics|logs FILE", num_args = 1..=2
    )]
    pub(super) from: Vec<String>,
    /// How many of the dearest statements of --from
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(super) top: usize,
    /// Bytes all new indexes may take together, such as 500MB or 2GiB
    #[arg(long, value_name = "SIZE", value_parser = super::workload::size)]
    pub(super) budget: Option<u64>,
    /// How many new indexes at most
    #[arg(long, value_name = "N")]
    pub(super) max_indexes: Option<usize>,
    /// What if this existing index did not exist? Nothing is dropped. May be repeated; then all of them are gone at once
    #[arg(long = "drop", value_name = "INDEX")]
    pub(super) drops: Vec<String>,
    /// What if a setting were another (jit=off), a table ten times as large (orders=10x), the server PostgreSQL 17 (postgres=17),
    /// columns with statistics together ("statistics(a, b) on orders") or with more of them ("statistics 1000 on orders.a")?
    /// May be repeated, each by itself
    #[arg(long, value_name = "WHAT", value_parser = whatif::what_if)]
    pub(super) what_if: Vec<whatif::WhatIf>,
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

/// `whyslow statements`.
#[derive(Debug, Clone, Args)]
pub(super) struct Statements {
    /// Where to connect; the environment without it
    pub(super) target: Option<String>,
    /// The server's own statistics (the default), or a log: PostgreSQL's with durations (plain, CSV, JSON, syslog), or a slow query log
    #[arg(long, value_name = "statistics|logs FILE", num_args = 1..=2)]
    pub(super) from: Vec<String>,
    /// How many statements
    #[arg(short = 'n', long = "most", value_name = "N", default_value_t = 20)]
    pub(super) most: usize,
    /// Which come first
    #[arg(long, value_enum, default_value = "total")]
    pub(super) by: Order,
    #[command(flatten)]
    pub(super) common: Common,
    #[command(flatten)]
    pub(super) connecting: Connecting,
}

/// What decides on which statements come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Order {
    /// Time of all runs.
    Total,
    /// Time of one run.
    Mean,
    /// How often it ran.
    Calls,
    /// Rows looked at, or given where that is not counted.
    Rows,
    /// Bytes read from outside the server's cache (PostgreSQL).
    Read,
}

/// `whyslow history`.
#[derive(Debug, Clone, Args)]
pub(super) struct History {
    /// Only what was run there; a part of the connection's name is enough
    pub(super) place: Option<String>,
    /// How many runs
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub(super) last: usize,
    #[command(flatten)]
    pub(super) common: Common,
}

/// A command that only prints.
#[derive(Debug, Clone, Args)]
pub(super) struct Plain {
    #[command(flatten)]
    pub(super) common: Common,
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
    /// To paste into an issue or a review.
    Markdown,
    /// One file for a browser.
    Html,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// As the environment says.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
    /// The sixteen.
    #[value(name = "16")]
    Ansi,
    /// 256.
    #[value(name = "256")]
    Indexed,
    /// 24 bits.
    #[value(name = "truecolor")]
    True,
}

impl Color {
    const fn wanted(self) -> Colours {
        match self {
            Self::Auto => Colours::Auto,
            Self::Always => Colours::Always,
            Self::Never => Colours::Never,
            Self::Ansi => Colours::Depth(Depth::Ansi),
            Self::Indexed => Colours::Depth(Depth::Indexed),
            Self::True => Colours::Depth(Depth::True),
        }
    }
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
    pub(super) fn allow(&self) -> Allow {
        Allow {
            temporary_tables: self.allow_temporary_tables || settings::config().allow_temporary_tables,
            method: match self.method {
                Method::Auto => whatif::Method::Auto,
                Method::Hypopg => whatif::Method::HypoPg,
                Method::Twin => whatif::Method::Twin,
                Method::TemporaryTables => whatif::Method::TemporaryTables,
                Method::Calculated => whatif::Method::Calculated,
            },
            reads: Reads {
                ends: matches!(self.twin_reads, TwinReads::Ends | TwinReads::Rows),
                rows: matches!(self.twin_reads, TwinReads::Rows),
            },
        }
    }

    /// As the server room takes it, with the statements of the prelude file.
    pub(super) fn session(&self, prelude: Vec<String>) -> SessionOptions {
        let config = settings::config();
        let seconds = |s| (s > 0).then(|| std::time::Duration::from_secs(s));
        SessionOptions {
            statement_timeout: seconds(self.timeout.unwrap_or(config.timeout_s)),
            lock_timeout: seconds(config.lock_timeout_s),
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
