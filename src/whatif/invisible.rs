//! A real index that nobody but this session sees: built on the person's own server, planned with, and dropped again.
//!
//! MySQL has invisible indexes, and `use_invisible_indexes` lets one session plan with them. It is the real index: disk, memory and the
//! work of building it are real too, and from then on every writer keeps it up to date. Building waits for every transaction that has
//! read the table, and whoever comes after waits behind it, so that it gives up after [`PATIENCE`]. MariaDB's `IGNORED` indexes are used by
//! no session and refused where a hint names them (error 1176): there nothing can be tried this way.

use std::time::Instant;

use super::mysql;
use crate::{
    advise::{Candidate, Tried, Trust, ddl},
    catalog::Catalog,
    fmt,
    plan::Engine,
    server::{ErrorKind, Info, ServerError, Session, mysql::Connection},
    text::one_line,
};

/// The method's name.
pub const METHOD: &str = "invisible-index";
/// Seconds that building and dropping wait for others' locks, and hold up those who come after.
const PATIENCE: u32 = 2;
/// Seconds that a million rows took on two cores with all of it in memory (MySQL 9.7): one column, three.
const SECONDS_A_MILLION: (f64, f64) = (6.3, 7.2);
const ATTEMPTED: &str = "trying a real index that is invisible";

/// Why there can be none here.
///
/// # Errors
/// [`ServerError`] with what else there is.
pub fn possible(info: &Info) -> Result<(), ServerError> {
    let refuse = |why: &str| {
        Err(ServerError::new(ErrorKind::Unsupported, ATTEMPTED, why)
            .next("try it on a twin (--twin-reads rows), or really built on a copy (--verify TARGET)"))
    };
    match info.engine {
        Engine::MySql if info.version_number >= 80_000 => Ok(()),
        Engine::MySql => refuse("invisible indexes are known from MySQL 8.0 on"),
        Engine::MariaDb => refuse("MariaDB's IGNORED indexes cannot be used by one session alone"),
        Engine::PostgreSql => refuse("PostgreSQL has no invisible indexes"),
    }
}

/// What a person must know before it is built: what is run, how large it becomes, how long that takes, and who waits.
#[must_use]
pub fn foretold(candidate: &Candidate, name: &str, catalog: &Catalog) -> String {
    let rows = catalog.table(Some(&candidate.schema), &candidate.table).and_then(|t| t.rows);
    let size = crate::advise::size(candidate, catalog);
    let size = size.map_or(String::new(), |bytes| format!(" It takes about {} of disk.", fmt::bytes(bytes)));
    let each = if candidate.keys.len() > 1 { SECONDS_A_MILLION.1 } else { SECONDS_A_MILLION.0 };
    let time = rows.map_or(String::new(), |rows| {
        format!(
            " A million rows took {each} s on an idle machine with the table in memory; {} rows take about {} so, and longer from disk.",
            fmt::count(rows),
            fmt::duration_ms(rows / 1e6 * each * 1e3)
        )
    });
    format!(
        "{}\n{size}{time} Others read and write meanwhile (LOCK=NONE), and every writer keeps the index up to date while it stands. An open \
         transaction that has read the table makes it wait, and everybody who comes after waits behind it: it gives up after {PATIENCE} s \
         (lock_wait_timeout).",
        create(candidate, name)
    )
}

fn create(candidate: &Candidate, name: &str) -> String {
    format!("{} INVISIBLE ALGORITHM=INPLACE LOCK=NONE", ddl::plain_create(candidate, name))
}

/// Builds the index under this name, plans the statement with it, and drops it unless it is to be kept: then it stays invisible.
///
/// # Errors
/// [`ServerError`]; the index is dropped then, or the error says that it stands.
pub async fn invisible(
    session: &mut Session,
    sql: &str,
    (candidate, name): (&Candidate, &str),
    keep: bool,
) -> Result<Tried, ServerError> {
    possible(session.info())?;
    let Session::Mysql(connection) = session else {
        return Err(ServerError::new(ErrorKind::Unsupported, ATTEMPTED, "the server is no MySQL"));
    };
    connection.tidy().await?;
    let before = planned(connection, sql).await?;
    let were = connection.for_a_moment(&[("lock_wait_timeout".to_owned(), PATIENCE.to_string())]).await?;
    let started = Instant::now();
    let drop = format!("DROP INDEX {} ON {}", ddl::quoted(name, candidate.engine), ddl::table(candidate));
    connection.create_index(&create(candidate, name), drop.clone()).await.map_err(explained)?;
    let build = started.elapsed();
    let after = with_invisible(connection, sql).await;
    let bytes = connection.index_bytes((&candidate.schema, &candidate.table), name).await.ok().flatten();
    if keep && after.is_ok() {
        connection.keep_index();
    } else {
        connection.drop_index().await?;
    }
    connection.back_to(&were).await?;
    let after = after?;
    let stands = if keep {
        format!(
            "it stands, invisible: ALTER TABLE {} ALTER INDEX {} VISIBLE has everybody use it, {drop} takes it away",
            ddl::table(candidate),
            ddl::quoted(name, candidate.engine)
        )
    } else {
        "it was dropped again".to_owned()
    };
    let notes = vec![format!(
        "the real index on the real rows, built in {}, seen by this session alone; {}",
        fmt::duration_ms(build.as_secs_f64() * 1e3),
        one_line(&stands)
    )];
    Ok(Tried {
        method: METHOD,
        trust: Trust::Exact,
        before,
        after,
        index_name: name.to_owned(),
        size_bytes: bytes,
        notes,
    })
}

async fn with_invisible(connection: &mut Connection, sql: &str) -> Result<crate::plan::Plan, ServerError> {
    let on = [("optimizer_switch".to_owned(), "use_invisible_indexes=on".to_owned())];
    let were = connection.for_a_moment(&on).await?;
    let plan = planned(connection, sql).await;
    connection.back_to(&were).await?;
    plan
}

async fn planned(connection: &mut Connection, sql: &str) -> Result<crate::plan::Plan, ServerError> {
    mysql::plan(connection, sql, METHOD)
        .await
        .map_err(|e| ServerError::new(ErrorKind::Other, "planning the statement", e.to_string()))
}

fn explained(error: ServerError) -> ServerError {
    match error.code.as_deref() {
        Some("1205") => error.next(
            "somebody's open transaction has read or written the table; wait for its end (information_schema.INNODB_TRX tells which) and \
             try again",
        ),
        Some("1142" | "1044") => error.next("ask for the privilege INDEX on the table, or try it on a twin (--twin-reads rows)"),
        _ => error,
    }
}
