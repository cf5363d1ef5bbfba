//! PostgreSQL targets: URLs, keyword strings, `PG*` variables and `.pgpass`, as libpq reads them
//! (manual, "Parameter Key Words" and "Environment Variables"; fe-connect.c).
//!
//! A keyword is supported, harmless at the given value, or refused by name; none is ignored.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::{Environment, Target, TargetError, TlsMode, pgpass, service, url::Url};
use crate::{plan::Engine, text::one_line};

/// What only PostgreSQL's protocol knows of a target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PostgresExtras {
    /// Address to connect to; the host then only names the server (`hostaddr`).
    pub address: Option<IpAddr>,
    /// Command-line options sent at the start (`options`), such as `-c geqo=off`.
    pub options: Option<String>,
    /// Whether the password exchange is bound to the TLS channel.
    pub channel_binding: ChannelBinding,
    /// Client certificate and its key, PEM files.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
}

/// Binding of a SCRAM password exchange to the TLS channel (RFC 5929).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// If the server offers it.
    #[default]
    Prefer,
    /// A server that does not offer it is refused.
    Require,
}

/// What is done with a keyword.
enum Support {
    /// Read by [`from_keywords`].
    Read,
    /// These values (in lower case) change nothing for us; others are refused.
    Only(&'static [&'static str]),
    /// Without meaning for plans: taken and not used.
    Harmless,
}

use Support::{Harmless, Only, Read};

/// Every keyword libpq 18 knows, its environment variable, and what is done with it.
const KEYWORDS: &[(&str, &str, Support)] = &[
    ("host", "PGHOST", Read),
    ("hostaddr", "PGHOSTADDR", Read),
    ("port", "PGPORT", Read),
    ("dbname", "PGDATABASE", Read),
    ("user", "PGUSER", Read),
    ("password", "PGPASSWORD", Read),
    ("passfile", "PGPASSFILE", Read),
    ("service", "PGSERVICE", Read),
    ("servicefile", "PGSERVICEFILE", Read),
    ("options", "PGOPTIONS", Read),
    ("application_name", "PGAPPNAME", Read),
    ("fallback_application_name", "", Read),
    ("connect_timeout", "PGCONNECT_TIMEOUT", Read),
    ("sslmode", "PGSSLMODE", Read),
    ("sslrootcert", "PGSSLROOTCERT", Read),
    ("sslcert", "PGSSLCERT", Read),
    ("sslkey", "PGSSLKEY", Read),
    ("channel_binding", "PGCHANNELBINDING", Read),
    ("requiressl", "PGREQUIRESSL", Only(&["0"])),
    ("sslpassword", "", Only(&[])),
    ("sslcrl", "PGSSLCRL", Only(&[])),
    ("sslcrldir", "PGSSLCRLDIR", Only(&[])),
    ("sslcompression", "PGSSLCOMPRESSION", Only(&["0"])),
    ("sslsni", "PGSSLSNI", Only(&["1"])),
    ("sslcertmode", "PGSSLCERTMODE", Only(&["allow"])),
    ("sslnegotiation", "PGSSLNEGOTIATION", Only(&["postgres"])),
    ("sslkeylogfile", "", Only(&[])),
    // Ours is never below TLS 1.2.
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", Only(&["tlsv1", "tlsv1.1", "tlsv1.2"])),
    ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", Only(&["tlsv1.3"])),
    ("min_protocol_version", "PGMINPROTOCOLVERSION", Only(&["3.0"])),
    ("max_protocol_version", "PGMAXPROTOCOLVERSION", Only(&["3.0", "3.2", "latest"])),
    ("requirepeer", "PGREQUIREPEER", Only(&[])),
    ("gssencmode", "PGGSSENCMODE", Only(&["disable", "prefer"])),
    ("gssdelegation", "PGGSSDELEGATION", Only(&["0"])),
    ("krbsrvname", "PGKRBSRVNAME", Only(&[])),
    ("gsslib", "PGGSSLIB", Only(&[])),
    ("require_auth", "PGREQUIREAUTH", Only(&[])),
    ("scram_client_key", "", Only(&[])),
    ("scram_server_key", "", Only(&[])),
    ("oauth_issuer", "", Only(&[])),
    ("oauth_client_id", "", Only(&[])),
    ("oauth_client_secret", "", Only(&[])),
    ("oauth_scope", "", Only(&[])),
    ("replication", "", Only(&["0", "off", "false", "no"])),
    ("client_encoding", "PGCLIENTENCODING", Only(&["utf8", "utf-8", "unicode", "auto"])),
    ("target_session_attrs", "PGTARGETSESSIONATTRS", Only(&["any"])),
    // With one host there is nothing to balance.
    ("load_balance_hosts", "PGLOADBALANCEHOSTS", Only(&["disable", "random"])),
    ("keepalives", "", Harmless),
    ("keepalives_idle", "", Harmless),
    ("keepalives_interval", "", Harmless),
    ("keepalives_count", "", Harmless),
    ("tcp_user_timeout", "", Harmless),
];

/// Directories in which packagers put the socket: Debian's and Red Hat's, then PostgreSQL's own default.
const SOCKET_DIRECTORIES: [&str; 3] = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

/// A target from a `postgres://` URL; what it leaves out comes from the environment.
pub(super) fn from_url(url: &Url, environment: &Environment) -> Result<Target, TargetError> {
    let mut pairs = Vec::new();
    let mut push = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            pairs.push((name.to_owned(), value));
        }
    };
    push("user", url.user.clone());
    push("password", url.password.clone());
    push("host", Some(url.host.clone()).filter(|h| !h.is_empty()));
    push("port", url.port.map(|p| p.to_string()));
    push("dbname", url.database.clone());
    for (name, value) in &url.parameters {
        // JDBC's spelling, as libpq takes it in URIs.
        if name == "ssl" && value == "true" {
            push("sslmode", Some("require".to_owned()));
        } else {
            push(name, Some(value.clone()));
        }
    }
    from_keywords(&pairs, &url.redacted, environment)
}

/// A target from keywords, then the service they name, then the environment, then libpq's defaults.
pub(super) fn from_keywords(
    pairs: &[(String, String)],
    shown: &str,
    environment: &Environment,
) -> Result<Target, TargetError> {
    Keywords::gather(pairs, shown, environment)?.target(environment)
}

/// Keywords with their values, after all sources were asked.
struct Keywords<'a> {
    values: BTreeMap<&'static str, String>,
    shown: &'a str,
}

impl<'a> Keywords<'a> {
    fn gather(pairs: &[(String, String)], shown: &'a str, environment: &Environment) -> Result<Self, TargetError> {
        let mut all = Self { values: BTreeMap::new(), shown };
        for (name, value) in pairs {
            // Later ones win, as in libpq; an empty value is as good as none.
            all.set(name, value, true)?;
        }
        if let Some(name) = all.get("service").or(environment.variable("PGSERVICE")).map(str::to_owned) {
            for (name, value) in service::look_up(&name, all.get("servicefile"), environment)? {
                all.set(&name, &value, false)?;
            }
        }
        for (name, variable, _) in KEYWORDS {
            if let Some(value) = environment.variable(variable) {
                all.set(name, value, false)?;
            }
        }
        Ok(all)
    }

    /// Takes a value for a keyword, or refuses it by name.
    fn set(&mut self, name: &str, value: &str, replace: bool) -> Result<(), TargetError> {
        let Some((name, _, support)) = KEYWORDS.iter().find(|(known, _, _)| *known == name) else {
            return Err(self.malformed(format!("{} is not a connection option that libpq knows", one_line(name))));
        };
        if value.is_empty() || (!replace && self.values.contains_key(name)) {
            return Ok(());
        }
        if let Only(values) = support
            && !values.contains(&value.to_ascii_lowercase().as_str())
        {
            let problem = match values {
                [] => "leave it out, or connect through a proxy that does it".to_owned(),
                values => format!("leave it out, or use {}", values.join(" or ")),
            };
            // Values may be secret (`sslpassword`, keys).
            let shown = if values.is_empty() { "…".to_owned() } else { one_line(value) };
            return Err(TargetError::Unsupported { option: format!("{name}={shown}"), problem });
        }
        self.values.insert(name, value.to_owned());
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    fn malformed(&self, problem: String) -> TargetError {
        TargetError::Malformed { text: self.shown.to_owned(), problem }
    }

    fn target(&self, environment: &Environment) -> Result<Target, TargetError> {
        let mut target = Target::new(Engine::PostgreSql);
        if let Some(port) = self.get("port") {
            target.port = port
                .parse()
                .ok()
                .filter(|p| *p != 0)
                .ok_or_else(|| self.malformed("the port is not a number from 1 to 65535".to_owned()))?;
        }
        self.place(&mut target)?;
        target.user = self
            .get("user")
            .map(str::to_owned)
            .or_else(|| environment.user.clone())
            .ok_or_else(|| self.malformed("no user is given and the system does not tell one".to_owned()))?;
        target.database = Some(self.get("dbname").unwrap_or(&target.user).to_owned());
        if let Some(name) = self.get("application_name").or(self.get("fallback_application_name")) {
            name.clone_into(&mut target.application_name);
        }
        if let Some(seconds) = self.get("connect_timeout") {
            let seconds: i64 = seconds
                .trim()
                .parse()
                .map_err(|_| self.malformed("connect_timeout is not a number of seconds".to_owned()))?;
            // libpq: zero and negative wait for ever.
            target.connect_timeout_s = u64::try_from(seconds).unwrap_or(0);
        }
        target.postgres.options = self.get("options").map(str::to_owned);
        self.protection(&mut target, environment.home.as_deref())?;
        target.password = match self.get("password") {
            Some(password) => Some(SecretString::from(password)),
            None => self.password_file(&mut target, environment),
        };
        Ok(target)
    }

    /// Host, address or socket.
    fn place(&self, target: &mut Target) -> Result<(), TargetError> {
        let several = [self.get("host"), self.get("hostaddr")].into_iter().flatten().any(|h| h.contains(','));
        if several {
            return Err(TargetError::Unsupported {
                option: "several hosts".to_owned(),
                problem: "give one host; plans are compared on one server".to_owned(),
            });
        }
        if let Some(address) = self.get("hostaddr") {
            let address =
                address.parse().map_err(|_| self.malformed("hostaddr is not a numeric IP address".to_owned()))?;
            target.postgres.address = Some(address);
            target.host = self.get("host").map_or_else(|| address.to_string(), str::to_owned);
            return Ok(());
        }
        match self.get("host") {
            Some(host) if host.starts_with('@') => {
                return Err(TargetError::Unsupported {
                    option: format!("host={}", one_line(host)),
                    problem: "sockets in the abstract namespace cannot be used; give a directory or a host".to_owned(),
                });
            }
            Some(host) if host.starts_with('/') => target.socket = Some(PathBuf::from(host)),
            Some(host) => host.clone_into(&mut target.host),
            None if cfg!(unix) => {
                let name = format!(".s.PGSQL.{}", target.port);
                let found = SOCKET_DIRECTORIES.iter().find(|d| Path::new(d).join(&name).exists());
                target.socket = Some(PathBuf::from(found.unwrap_or(&SOCKET_DIRECTORIES[0])));
            }
            None => "localhost".clone_into(&mut target.host),
        }
        Ok(())
    }

    /// TLS, certificates and channel binding.
    fn protection(&self, target: &mut Target, home: Option<&Path>) -> Result<(), TargetError> {
        let system = self.get("sslrootcert") == Some("system");
        target.tls = match self.get("sslmode") {
            None if system => TlsMode::VerifyFull,
            None | Some("prefer") => TlsMode::Prefer,
            Some("disable") => TlsMode::Disable,
            Some("require") => TlsMode::Require,
            Some("verify-ca") => TlsMode::VerifyCa,
            Some("verify-full") => TlsMode::VerifyFull,
            Some("allow") => {
                return Err(TargetError::Unsupported {
                    option: "sslmode=allow".to_owned(),
                    problem: "use prefer, or require to be sure of TLS".to_owned(),
                });
            }
            Some(other) => {
                return Err(self.malformed(format!(
                    "sslmode={} is not a mode; there are disable, prefer, require, verify-ca and verify-full",
                    one_line(other)
                )));
            }
        };
        if system && target.tls != TlsMode::VerifyFull {
            return Err(self.malformed("sslrootcert=system allows no weaker sslmode than verify-full".to_owned()));
        }
        let own = |name: &str| home.map(|h| h.join(".postgresql").join(name));
        let verified = matches!(target.tls, TlsMode::VerifyCa | TlsMode::VerifyFull);
        target.root_certificate = match self.get("sslrootcert") {
            Some("system") => None,
            Some(path) => Some(PathBuf::from(path)),
            // libpq verifies with ~/.postgresql/root.crt if it is there, and without it refuses verify-*.
            None => own("root.crt").filter(|p| verified || p.exists()),
        };
        if verified && !system && target.root_certificate.is_none() {
            return Err(self.malformed("verifying needs sslrootcert=FILE or sslrootcert=system".to_owned()));
        }
        target.postgres.client_certificate = match (self.get("sslcert"), self.get("sslkey")) {
            (None, None) => own("postgresql.crt").zip(own("postgresql.key")).filter(|(c, k)| c.exists() && k.exists()),
            (cert, key) => {
                let path = |given: Option<&str>, name| given.map(PathBuf::from).or_else(|| own(name));
                path(cert, "postgresql.crt").zip(path(key, "postgresql.key"))
            }
        };
        target.postgres.channel_binding = match self.get("channel_binding") {
            None | Some("prefer") => ChannelBinding::Prefer,
            Some("disable") => ChannelBinding::Disable,
            Some("require") => ChannelBinding::Require,
            Some(other) => {
                return Err(self.malformed(format!(
                    "channel_binding={} is not a mode; there are disable, prefer and require",
                    one_line(other)
                )));
            }
        };
        Ok(())
    }

    /// The password of `.pgpass`; why the file was not used becomes a warning.
    fn password_file(&self, target: &mut Target, environment: &Environment) -> Option<SecretString> {
        let path = self.get("passfile").map(PathBuf::from).or_else(|| {
            if cfg!(windows) {
                return Some(Path::new(environment.variable("APPDATA")?).join("postgresql").join("pgpass.conf"));
            }
            Some(environment.home.as_ref()?.join(".pgpass"))
        })?;
        let socket = target.socket.as_deref().map(Path::to_string_lossy);
        let host = match socket.as_deref() {
            Some(directory) if SOCKET_DIRECTORIES.contains(&directory) => "localhost",
            Some(directory) => directory,
            None => &target.host,
        };
        let database = target.database.as_deref().unwrap_or_default();
        match pgpass::look_up(&path, host, target.port, database, &target.user) {
            Ok(found) => found,
            Err(warning) => {
                target.warnings.push(warning);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
