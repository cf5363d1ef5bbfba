//! A twin of a MySQL or MariaDB: a private server of the same make and series on this machine, with the tables that a statement
//! touches, a sample of their rows spread to the true number, and production's statistics and settings, so that it plans like
//! production. An index that does not exist is really built there.
//!
//! Needs the server's program on this machine, and of production SELECT: besides catalogs some 20,000 rows of each table, read along a
//! key, which takes tenths of a second and is only done when it was allowed. The rows lie in a directory of mode 700 and go with the
//! connection. Whether it plans like production is checked every time by the plan that production has now; where it does not, the rows
//! that the statement's conditions select by an existing index are read, and it is asked once more.
//!
//! InnoDB looks how many rows a range holds in the index itself, so that statistics alone would not do: of 66 pairs of statement and index
//! an empty twin with production's statistics planned 47 as if the index were really there, one with rows 66.

mod check;
mod complete;
mod costs;
pub(super) mod distinct;
mod doubt;
mod facts;
mod fill;
mod larger;
mod local;
mod other_settings;
mod reading;
mod sample;
mod settings;
mod spread;
mod standing;
mod statistics;
mod trial;
mod workshop;

pub(super) use check::same_way;
pub(super) use trial::MysqlTwin;

use crate::{
    advise::TrialError,
    plan::Engine,
    server::{Info, ServerError},
};

/// The method's name.
pub(super) const METHOD: &str = "twin";

/// Whether a twin of such a server can be made on this machine, and whether of the same series.
pub(super) fn available(info: &Info) -> Option<bool> {
    let same = |number| local::series(info.engine, number) == local::series(info.engine, info.version_number);
    local::best(info.engine, info.version_number).map(|installed| same(installed.version_number))
}

/// What would make one possible.
pub(super) fn wanted(info: &Info) -> String {
    let (_, variable, package) = local::names(info.engine);
    let product = if info.engine == Engine::MariaDb { "MariaDB" } else { "MySQL" };
    format!(
        "there is no {product} server on this machine to make a twin in: install {package}, or say where its program is by {variable}=DIR"
    )
}

fn cannot(reason: impl Into<String>) -> TrialError {
    TrialError::Unsupported { method: METHOD, reason: reason.into() }
}

/// What production said.
fn failed(error: ServerError) -> TrialError {
    super::mysql::failed(METHOD, error)
}

/// What the twin said: it is no fault of production's.
fn refused(error: &ServerError) -> TrialError {
    TrialError::Server { method: METHOD, message: format!("the twin: {error}") }
}
