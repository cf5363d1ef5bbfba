//! The command line and the commands without a screen.

mod advise;
mod compare;
mod connect;
mod decode;
mod explain;
mod failure;
mod history;
mod input;
mod invisible;
mod options;
mod output;
mod print;
mod read;
mod screen;
mod settings;
mod shell;
mod snapshot;
mod statements;
mod suppositions;
mod telling;
mod themes;
mod verify;
mod workload;

use std::{ffi::OsString, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::{
    demo::{self, Provider},
    whatif,
};
use failure::Failure;
use options::{Common, Connecting, Statement};
use output::Output;

/// Why is this query slow? Plans, findings and tested indexes for PostgreSQL, MySQL and MariaDB.
#[derive(Debug, Parser)]
#[command(name = "whyslow", version, args_conflicts_with_subcommands = true, max_term_width = 100)]
#[command(after_help = AFTER)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// postgres://…, mysql://…, mariadb://…, a libpq keyword string, or nothing for the environment
    target: Option<String>,
    /// A query to explain at once: a file, the statement itself, or - for standard input; a file may hold a plan as well
    #[arg(value_name = "FILE|SQL")]
    query: Option<String>,
    /// The query, from a file (- for standard input)
    #[arg(short, long, value_name = "FILE", conflicts_with = "query")]
    file: Option<String>,
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    connecting: Connecting,
}

const AFTER: &str = "\
Without a command the screen opens. Exit status: 0 done; 1 done, and a finding at or above --fail-on stands; \
2 it could not be done.

  whyslow demo                                   a real PostgreSQL inside, a shop, and slow queries to try
  whyslow postgres://ann@db/shop                 the screen on a server
  whyslow postgres://ann@db/shop slow.sql        the same, with that query explained
  whyslow explain postgres://ann@db/shop 'select …' --advise
  whyslow statements postgres://ann@db/shop      what costs that server most
  whyslow advise postgres://ann@db/shop --from statistics --budget 500MB
  psql -XqAt -c 'explain (format json) select …' | whyslow read -
  whyslow compare before.json after.json

whyslow reads. What would write, lock or execute your statement is shown first and asked for.";

#[derive(Debug, Subcommand)]
enum Command {
    /// The screen on the embedded PostgreSQL, with its data set and slow queries to choose from
    Demo(options::Demo),
    /// EXPLAIN one statement: plan, findings and, with --advise, tested indexes
    Explain(Statement),
    /// A plan somebody already has: the screen on a terminal, text otherwise or with --format
    Read(options::Read),
    /// Two plans: what changed in kind, then in numbers
    Compare(options::Compare),
    /// Propose the set of indexes that serves a statement or a whole workload best, each tested
    Advise(options::Advise),
    /// The statements that cost the server most, by its own statistics or by a log
    Statements(options::Statements),
    /// What was run before, newest last
    History(options::History),
    /// List the themes
    Themes(options::Plain),
    /// Write what the planner knows of a statement's tables to a file, for `explain --snapshot` and `advise --snapshot` elsewhere
    Snapshot(options::Snapshot),
    /// List every command of the screen with its keys
    Keys,
    /// Print a configuration file that says what the defaults say; whyslow reads it from ~/.config/whyslow/config.toml
    Config,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, of one command if it is named
    Man {
        /// The command
        command: Option<String>,
    },
    /// Print the JSON Schema of --format json
    Schema,
}

/// Runs the program. `engine` is the embedded PostgreSQL, if this binary carries one.
#[must_use]
pub fn main(engine: Option<&'static Provider>) -> ExitCode {
    // The embedded PostgreSQL's own process, which the demo starts: no command of a person, and it needs no runtime.
    let mut words = std::env::args_os().skip(1);
    if let Some(provider) = engine
        && words.next().is_some_and(|first| first == demo::ENGINE_ARGUMENT)
    {
        demo::engine_main(provider, &words.collect::<Vec<_>>());
    }
    if let Some(provider) = engine {
        whatif::carry(provider, demo::Options::default());
    }
    let matches = Cli::command().try_get_matches_from(std::env::args_os().map(statement_not_option));
    let cli = match matches.and_then(|m| Cli::from_arg_matches(&m)) {
        Ok(cli) => cli,
        Err(error) => {
            // clap prints help to standard output and mistakes to standard error; a closed pipe is no failure.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match run(cli, engine) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

/// A statement may begin with a comment, which is no option: no option has white space after its dashes. The space goes again
/// where the statement is taken.
fn statement_not_option(word: OsString) -> OsString {
    let comment = word.to_str().and_then(|w| w.strip_prefix("--")).is_some_and(|w| w.starts_with(char::is_whitespace));
    if comment { [OsString::from(" "), word].into_iter().collect() } else { word }
}

/// Whether a word is the name of a saved connection.
fn is_saved(word: &str) -> bool {
    settings::config().target(word).is_some()
}

fn run(cli: Cli, engine: Option<&'static Provider>) -> Result<ExitCode, Failure> {
    settings::warn();
    // Two workers are enough: one drives the connection, one the screen.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Failure::plain("starting", &e.to_string()))?;
    let result = runtime.block_on(async {
        match cli.command {
            None => {
                let (target, query) = input::target_and_query(cli.target, cli.query.or(cli.file), is_saved);
                let query = query.as_deref().map(input::query).transpose()?;
                screen::target(target.as_deref(), query, &cli.common, &cli.connecting, engine).await
            }
            Some(Command::Demo(options)) => {
                screen::target(Some(connect::DEMO), None, &options.common, &options.connecting, engine).await
            }
            Some(Command::Explain(options)) => Box::pin(explain::run(options, engine)).await,
            Some(Command::Read(options)) => read::run(&options).await,
            Some(Command::Compare(options)) => compare::run(&options),
            Some(Command::Advise(options)) => Box::pin(advise::run(options, engine)).await,
            Some(Command::Statements(options)) => statements::run(options, engine).await,
            Some(Command::History(options)) => history::run(&options),
            Some(Command::Themes(options)) => themes::run(&options.common),
            Some(Command::Keys) => Output::standard().text(&settings::keymap().listing()),
            Some(Command::Config) => Output::standard().text(&crate::config::sample()),
            Some(Command::Completions { shell }) => shell::completions(Cli::command(), shell),
            Some(Command::Man { command }) => shell::man(Cli::command(), command.as_deref()),
            Some(Command::Snapshot(options)) => snapshot::run(options, engine).await,
            Some(Command::Schema) => Output::standard().text(crate::export::json::SCHEMA),
        }
    });
    // A connection attempt or a blocked read of the terminal must not keep the program alive.
    runtime.shutdown_background();
    result
}
