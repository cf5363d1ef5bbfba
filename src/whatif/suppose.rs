//! What if: a statement's plan of today beside its plan under a supposition.

use super::{
    Allow, Progress, method,
    mysql::Methods,
    settings,
    twin::{self, Other, TwinTrial, Wish},
};
use crate::{
    advise::{Candidate, Change, Compared, Effect, Existing, Farewell, Trial, TrialError, ddl, effect, rename},
    catalog::Catalog,
    server::{ServerError, Session},
};

/// What is supposed.
#[derive(Debug, Clone, PartialEq)]
pub enum Supposition {
    /// Some indexes exist, and some existing ones do not.
    Indexes {
        /// Indexes that do not exist.
        add: Vec<Candidate>,
        /// Existing ones that are gone.
        drop: Vec<Existing>,
    },
    /// The session has other settings.
    Settings(Vec<(String, String)>),
    /// A table has so many times its rows (on a twin).
    Larger {
        /// Schema and name.
        table: (String, String),
        /// How many times.
        times: f64,
    },
    /// The server is of another major version (PostgreSQL, on a twin).
    Major(u32),
    /// A table has statistics that it has not (PostgreSQL, on a twin, from a sample).
    Statistics {
        /// Schema and name.
        table: (String, String),
        /// Which.
        wish: Wish,
    },
}

/// What became of statements under a supposition.
#[derive(Debug, Clone)]
pub struct Supposed {
    /// What was supposed.
    pub supposition: Supposition,
    /// Of each statement its two plans, or why there are none.
    pub outcomes: Vec<Result<Compared, TrialError>>,
    /// Of each index that would go what is to be known before.
    pub farewells: Vec<Farewell>,
}

impl Supposition {
    /// It in a few words: `without by_customer`.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Indexes { add, drop } => {
                let mut parts = Vec::new();
                if !add.is_empty() {
                    let added: Vec<String> = add.iter().map(ddl::short).collect();
                    parts.push(format!("with {}", added.join(", ")));
                }
                if !drop.is_empty() {
                    let gone: Vec<&str> = drop.iter().map(|index| index.name.as_str()).collect();
                    parts.push(format!("without {}", gone.join(", ")));
                }
                crate::text::one_line(&parts.join(" and "))
            }
            Self::Settings(settings) => {
                let all: Vec<String> = settings.iter().map(|(name, value)| format!("{name} = {value}")).collect();
                crate::text::one_line(&all.join(", "))
            }
            Self::Larger { table: (_, name), times } => {
                crate::text::one_line(&format!("{name} {times} times as large"))
            }
            Self::Major(major) => format!("on PostgreSQL {major}"),
            Self::Statistics { table: (_, name), wish: Wish::Together(on) } => {
                crate::text::one_line(&format!("with statistics on {on} of {name}"))
            }
            Self::Statistics { table: (_, name), wish: Wish::Target(column, target) } => {
                crate::text::one_line(&format!("with a statistics target of {target} for {name}.{column}"))
            }
        }
    }
}

impl Supposed {
    /// What it does to one of the statements, in a word and in a line; none when it could not be told.
    #[must_use]
    pub fn effect(&self, statement: usize) -> Option<(Effect, String)> {
        let both = self.outcomes.get(statement)?.as_ref().ok()?;
        Some(effect(&both.before, &both.after))
    }
}

/// Plans statements as they are and under a supposition, by the best method that this session allows. Nothing is changed on
/// the server; dropping indexes needs no permission beyond the statements' own.
///
/// # Errors
/// [`ServerError`] when the request was cancelled; what a method cannot do stands in the outcomes.
pub async fn suppose(
    session: &mut Session,
    statements: &[&str],
    supposition: &Supposition,
    catalog: &Catalog,
    allow: Allow,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Supposed, ServerError> {
    session.start_over();
    let canceller = session.canceller();
    let (outcomes, farewells) = match supposition {
        Supposition::Indexes { add, drop } => {
            let outcomes = indexes(session, statements, (add, drop), catalog, allow, &mut progress).await;
            (outcomes, drop.iter().map(|index| index.farewell(catalog)).collect())
        }
        Supposition::Settings(settings) => {
            let mut outcomes = Vec::with_capacity(statements.len());
            for statement in statements {
                outcomes.push(Box::pin(settings::compare(session, statement, settings)).await);
            }
            if outcomes.iter().all(Result::is_err)
                && let Session::Mysql(connection) = session
            {
                // What is no session's of its own, a twin may have.
                match Box::pin(Methods::new(connection, allow).set(statements, settings)).await {
                    Ok(answers) => outcomes = answers,
                    Err(error) => outcomes.iter_mut().for_each(|o| *o = o.clone().map_err(|own| beside(own, &error))),
                }
            }
            (outcomes, Vec::new())
        }
        Supposition::Larger { table, times } => {
            (another(session, statements, Other::Larger(table, *times), allow, &mut progress).await, Vec::new())
        }
        Supposition::Major(major) => {
            (another(session, statements, Other::Major(*major), allow, &mut progress).await, Vec::new())
        }
        Supposition::Statistics { table, wish } => {
            (another(session, statements, Other::Wished(table, wish), allow, &mut progress).await, Vec::new())
        }
    };
    if let Some(kind) = canceller.stopped()
        && outcomes.iter().any(Result::is_err)
    {
        return Err(ServerError::new(kind, "asking what if", "it was stopped before it had an answer"));
    }
    Ok(Supposed { supposition: supposition.clone(), outcomes, farewells })
}

/// What the server said, and why the twin cannot help.
fn beside(own: TrialError, twin: &TrialError) -> TrialError {
    match own {
        TrialError::Unsupported { method, reason } => {
            TrialError::Unsupported { method, reason: format!("{reason}; and {twin}") }
        }
        TrialError::Denied { method, reason } => TrialError::Denied { method, reason: format!("{reason}; and {twin}") },
        TrialError::Server { method, message } => {
            TrialError::Server { method, message: format!("{message}; and {twin}") }
        }
    }
}

async fn indexes(
    session: &mut Session,
    statements: &[&str],
    (add, drop): (&[Candidate], &[Existing]),
    catalog: &Catalog,
    allow: Allow,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Vec<Result<Compared, TrialError>> {
    let method = match session {
        // What needs no samples is not held up for want of them.
        Session::Mysql(connection) => Ok(Box::new(Methods::new(connection, allow)) as Box<dyn Trial + '_>),
        Session::Postgres(_) => method(session, allow),
    };
    let mut method = match method {
        Ok(method) => method,
        Err(error) => return statements.iter().map(|_| Err(error.clone())).collect(),
    };
    progress(Progress { done: 0, total: 0, doing: method.opening().to_owned() });
    let added: Vec<&Candidate> = add.iter().collect();
    let mut outcomes = method.compare(statements, Change { add: &added, drop }).await;
    method.finish().await;
    for both in outcomes.iter_mut().flatten() {
        for (candidate, name) in add.iter().zip(both.names.clone()) {
            let Some(name) = name else { continue };
            let own = ddl::name(candidate, catalog);
            rename(&mut both.after, &name, &own);
        }
    }
    outcomes
}

async fn another(
    session: &mut Session,
    statements: &[&str],
    other: Other<'_>,
    allow: Allow,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Vec<Result<Compared, TrialError>> {
    let doing = "making a twin: the server is read, and another of its kind is started here".to_owned();
    progress(Progress { done: 0, total: 0, doing });
    let answers = match session {
        Session::Mysql(connection) => match other {
            Other::Larger((schema, table), times) => {
                Methods::new(connection, allow).larger(statements, (schema, table), times).await
            }
            Other::Major(_) | Other::Wished(..) => Err(TrialError::Unsupported {
                method: twin::METHOD,
                reason: "another major version and other statistics are supposed of PostgreSQL only".to_owned(),
            }),
        },
        Session::Postgres(connection) => {
            let mut trial = TwinTrial::new(connection, allow.reads);
            let answers = Box::pin(trial.beside(connection, statements, other)).await;
            trial.give_back(connection);
            answers
        }
    };
    answers.unwrap_or_else(|error| statements.iter().map(|_| Err(error.clone())).collect())
}
