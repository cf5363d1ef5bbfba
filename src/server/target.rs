//! Where to connect: URLs, keyword strings, environment, password and option files.

mod mysql;
mod postgres;

use std::{collections::BTreeMap, path::PathBuf};

use secrecy::SecretString;

use crate::plan::Engine;

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
    /// Our own embedded server: one connection at a time, no cancel, everything may be tried in it.
    pub embedded: bool,
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

impl Target {
    /// Reads a target: a URL, a libpq keyword string, or (for `None`) the environment.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn resolve(_text: Option<&str>, _environment: &Environment) -> Result<Self, TargetError> {
        Err(TargetError::Nothing)
    }
}
