//! Where to connect: URLs, keyword strings, environment, password and option files.

mod address;
mod keywords;
mod mysql;
mod pgpass;
mod postgres;
mod process;
mod service;
mod url;

use std::{collections::BTreeMap, fmt, path::PathBuf};

use secrecy::SecretString;

use crate::{plan::Engine, text::one_line};

pub use postgres::{ChannelBinding, PostgresExtras};

/// The environment a target is resolved in, as a value so that tests need not change the process.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// Home directory, for `.pgpass`, `.my.cnf`, `.postgresql/`.
    pub home: Option<PathBuf>,
    /// The operating system's user name, the default user on PostgreSQL.
    pub user: Option<String>,
}

/// How the connection is protected, in libpq's meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TlsMode {
    /// Never.
    Disable,
    /// If the server offers it, without checking whose it is.
    #[default]
    Prefer,
    /// Always, without checking whose it is (unless a root certificate is given, as libpq does).
    Require,
    /// Always, the certificate signed by a trusted root.
    VerifyCa,
    /// Always, signed and made out for the host.
    VerifyFull,
}

/// A server to connect to. `Debug` and `Display` show no password.
#[derive(Debug, Clone)]
pub struct Target {
    /// What is expected there (`mysql://` may turn out to be MariaDB; the session knows).
    pub engine: Engine,
    /// Host name or address; unused with a socket.
    pub host: String,
    /// TCP port, or the number in PostgreSQL's socket file name.
    pub port: u16,
    /// Unix socket: PostgreSQL's directory, MySQL's file.
    pub socket: Option<PathBuf>,
    /// User.
    pub user: String,
    /// Password, if one was found.
    pub password: Option<SecretString>,
    /// Database.
    pub database: Option<String>,
    /// TLS.
    pub tls: TlsMode,
    /// Root certificates in PEM; `None` is the system's.
    pub root_certificate: Option<PathBuf>,
    /// Seconds to wait for a connection.
    pub connect_timeout_s: u64,
    /// `application_name` to announce.
    pub application_name: String,
    /// Our own embedded server: one connection at a time, everything may be tried in it.
    pub embedded: bool,
    /// A twin of a server: it plans, and must not execute.
    pub planning_only: bool,
    /// What only PostgreSQL's protocol knows.
    pub postgres: PostgresExtras,
    /// What the person should know of how the target was found, such as an ignored password file.
    pub warnings: Vec<String>,
}

/// Why a target could not be understood. Never holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Nothing says where to connect.
    #[error("no server given: pass postgres://…, mysql://… or mariadb://…, or set PGHOST, MYSQL_HOST or DATABASE_URL")]
    Nothing,
    /// The text is not a target.
    #[error("cannot read the target {text:?}: {problem}")]
    Malformed {
        /// The text, its password replaced.
        text: String,
        /// What is wrong.
        problem: String,
    },
    /// An option that is not supported; it is refused and not ignored.
    #[error("{option} is not supported yet: {problem}")]
    Unsupported {
        /// The option, as `name=value`.
        option: String,
        /// Why, and what to use instead.
        problem: String,
    },
}

/// Schemes of URLs, and whose they are.
const SCHEMES: [(&str, Engine); 4] = [
    ("postgres", Engine::PostgreSql),
    ("postgresql", Engine::PostgreSql),
    ("mysql", Engine::MySql),
    ("mariadb", Engine::MariaDb),
];

/// Seconds to wait for a connection when nothing says how long.
const CONNECT_TIMEOUT_S: u64 = 15;

impl Target {
    /// A target of which only the engine is known: everything else has its default, the host is empty.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            host: String::new(),
            port: if engine == Engine::PostgreSql { 5432 } else { 3306 },
            socket: None,
            user: String::new(),
            password: None,
            database: None,
            tls: TlsMode::default(),
            root_certificate: None,
            connect_timeout_s: CONNECT_TIMEOUT_S,
            application_name: "whyslow".to_owned(),
            embedded: false,
            planning_only: false,
            postgres: PostgresExtras::default(),
            warnings: Vec::new(),
        }
    }

    /// Reads a target: a URL, a libpq keyword string, or (for `None`) the environment.
    ///
    /// Of the environment a server's own variables win over `DATABASE_URL`: `PGHOST`, `PGHOSTADDR` or `PGSERVICE`, then
    /// `DATABASE_URL`, then MySQL's variables and files, then the `PG*` variables that leave the host open.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn resolve(text: Option<&str>, environment: &Environment) -> Result<Self, TargetError> {
        if let Some(text) = text {
            return Self::parse(text.trim(), environment);
        }
        let any = |names: &[&str]| names.iter().any(|n| environment.variable(n).is_some());
        if any(&["PGHOST", "PGHOSTADDR", "PGSERVICE"]) {
            return postgres::from_keywords(&[], "the environment", environment);
        }
        if let Some(url) = environment.variable("DATABASE_URL") {
            return Self::parse(url.trim(), environment);
        }
        if let Some(target) = mysql::from_environment(environment) {
            return target;
        }
        if any(&["PGDATABASE", "PGUSER", "PGPORT"]) {
            return postgres::from_keywords(&[], "the environment", environment);
        }
        Err(TargetError::Nothing)
    }

    fn parse(text: &str, environment: &Environment) -> Result<Self, TargetError> {
        if text.contains("://") {
            let url = url::Url::parse(text)?;
            return match SCHEMES.iter().find(|(scheme, _)| *scheme == url.scheme) {
                Some((_, Engine::PostgreSql)) => postgres::from_url(&url, environment),
                Some((_, engine)) => mysql::from_url(*engine, &url, environment),
                None => Err(TargetError::Malformed {
                    text: url.redacted.clone(),
                    problem: format!(
                        "{}:// is not a scheme known here; use postgres://, mysql:// or mariadb://",
                        one_line(&url.scheme)
                    ),
                }),
            };
        }
        if text.contains('=') {
            let (pairs, shown) = keywords::parse(text)?;
            return postgres::from_keywords(&pairs, &shown, environment);
        }
        Err(TargetError::Malformed {
            text: one_line(text),
            problem: "neither a URL (postgres://user@host/database, mysql://…) nor keywords (host=… dbname=…)"
                .to_owned(),
        })
    }
}

impl Environment {
    /// A variable that is set and not empty, as libpq takes them.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }
}

impl fmt::Display for Target {
    /// `postgres://ann@host:5432/shop`: enough to know where, and no password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.engine {
            Engine::PostgreSql => "postgres",
            Engine::MySql => "mysql",
            Engine::MariaDb => "mariadb",
        };
        write!(f, "{scheme}://{}@", one_line(&self.user))?;
        if self.socket.is_none() {
            let host = one_line(&self.host);
            if host.contains(':') {
                write!(f, "[{host}]")?;
            } else {
                f.write_str(&host)?;
            }
            write!(f, ":{}", self.port)?;
        }
        if let Some(database) = &self.database {
            write!(f, "/{}", one_line(database))?;
        }
        if let Some(socket) = &self.socket {
            write!(f, "?socket={}", one_line(&socket.to_string_lossy()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Engine, Environment, Target, TargetError};

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment {
            variables: pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            home: None,
            user: Some("me".to_owned()),
        }
    }

    #[test]
    fn the_environment_is_asked_in_order() {
        for (variables, expected) in [
            (&[("PGHOST", "a"), ("DATABASE_URL", "mysql://u@b/d")][..], "postgres://me@a:5432/me"),
            (&[("DATABASE_URL", "postgres://u@b/d"), ("PGUSER", "x")], "postgres://u@b:5432/d"),
            (&[("PGUSER", "x"), ("PGHOST", "h"), ("PGPORT", "6000")], "postgres://x@h:6000/x"),
        ] {
            let target = Target::resolve(None, &environment(variables)).unwrap();
            assert_eq!(target.to_string(), expected);
        }
        assert_eq!(Target::resolve(None, &environment(&[])).unwrap_err(), TargetError::Nothing);
        assert_eq!(Target::resolve(None, &environment(&[("PGHOST", "")])).unwrap_err(), TargetError::Nothing);
    }

    #[test]
    fn what_is_no_target_says_what_one_looks_like() {
        for (text, part) in [
            ("shop", "neither a URL"),
            ("oracle://u:secret@h/d", "oracle:// is not a scheme"),
            ("postgres://u:secret@h:port/d", "port"),
        ] {
            let message = Target::resolve(Some(text), &environment(&[])).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn neither_debug_nor_display_shows_the_password() {
        let target = Target::resolve(Some("postgres://ann:hunter2@h/d"), &environment(&[])).unwrap();
        assert!(!format!("{target:?} {target}").contains("hunter2"));
        assert_eq!(target.engine, Engine::PostgreSql);
    }
}
