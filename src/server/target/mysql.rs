//! MySQL and MariaDB targets: URLs, `MYSQL_*` variables and option files (`~/.my.cnf`).
//!
//! A URL wins over the option files, these win over the environment, as for the `mysql` client (MySQL 8.4 manual,
//! "Specifying Program Options"). `localhost` without a port is the Unix socket as there; `127.0.0.1`, or `localhost`
//! with a port in the URL (MariaDB's client since 10.6 reads it so), is TCP.

mod option_file;

use std::path::{Path, PathBuf};

use self::option_file::Options;
use super::{Environment, Target, TargetError, TlsMode, url::Url};
use crate::{plan::Engine, text::one_line};

/// Where servers put their socket: Debian and Ubuntu, Red Hat and its kin, MySQL's own default.
const SOCKETS: [&str; 4] =
    ["/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"];

/// Options that would change how the connection is protected and that we cannot honour.
const PROTECTING: [&str; 9] = [
    "ssl-cert",
    "ssl-key",
    "ssl-capath",
    "ssl-crl",
    "ssl-crlpath",
    "ssl-cipher",
    "tls-version",
    "tls-ciphersuites",
    "ssl-fips-mode",
];

/// A target from a `mysql://` or `mariadb://` URL.
pub(super) fn from_url(engine: Engine, url: &Url, environment: &Environment) -> Result<Target, TargetError> {
    let files = option_files(environment);
    let mut wanted = Wanted { port_in_url: url.port.is_some(), ..Wanted::default() };
    for (name, value) in &url.parameters {
        wanted.parameter(name, value, url)?;
    }
    let given = |value: &Option<String>| value.clone().filter(|v| !v.is_empty());
    wanted.host = Some(url.host.clone()).filter(|h| !h.is_empty()).or(wanted.host);
    wanted.port = url.port.or(wanted.port);
    wanted.user = given(&url.user).or(wanted.user);
    wanted.password = given(&url.password).or(wanted.password);
    wanted.database = given(&url.database).or(wanted.database);
    finish(engine, wanted, &files, environment)
}

/// A target from MySQL's variables and option files; `None` when they name no server.
pub(super) fn from_environment(environment: &Environment) -> Option<Result<Target, TargetError>> {
    let files = option_files(environment);
    let named = ["MYSQL_HOST", "MYSQL_UNIX_PORT", "MYSQL_TCP_PORT"].iter().any(|n| environment.variable(n).is_some())
        || ["host", "socket", "port", "user", "database"].iter().any(|n| files.get(n).is_some());
    if !named {
        let login = login_file(environment).filter(|path| path.exists())?;
        return Some(Err(TargetError::Unsupported {
            option: login.display().to_string(),
            problem: "files of mysql_config_editor are not read; pass mysql://user@host/database or use ~/.my.cnf"
                .to_owned(),
        }));
    }
    Some(finish(Engine::MySql, Wanted::default(), &files, environment))
}

/// What the URL says.
#[derive(Default)]
struct Wanted {
    host: Option<String>,
    port: Option<u16>,
    port_in_url: bool,
    socket: Option<String>,
    user: Option<String>,
    password: Option<String>,
    database: Option<String>,
    tls: Option<TlsMode>,
    root_certificate: Option<PathBuf>,
    connect_timeout_s: Option<u64>,
}

impl Wanted {
    fn parameter(&mut self, name: &str, value: &str, url: &Url) -> Result<(), TargetError> {
        let text = || Some(value.to_owned()).filter(|v| !v.is_empty());
        match name.to_ascii_lowercase().replace('_', "-").as_str() {
            "socket" | "unix-socket" => self.socket = text(),
            "user" => self.user = text(),
            "password" => self.password = text(),
            "ssl-mode" | "sslmode" => self.tls = Some(tls_mode(name, value)?),
            "ssl-ca" | "sslrootcert" => self.root_certificate = text().map(PathBuf::from),
            "connect-timeout" => {
                self.connect_timeout_s = Some(value.parse().ok().filter(|s| *s > 0).ok_or_else(|| {
                    TargetError::Malformed { text: url.redacted.clone(), problem: format!("{name} is not seconds") }
                })?);
            }
            _ => {
                return Err(unsupported(
                    name,
                    value,
                    "the URL parameters known here are socket, ssl-mode, ssl-ca and connect-timeout",
                ));
            }
        }
        Ok(())
    }
}

/// Puts together what URL, files, environment and habit say.
fn finish(engine: Engine, wanted: Wanted, files: &Options, environment: &Environment) -> Result<Target, TargetError> {
    let mut target = Target::new(engine);
    target.warnings.clone_from(&files.warnings);
    for name in PROTECTING {
        if let Some(value) = files.get(name) {
            return Err(unsupported(
                name,
                value,
                "it stands in an option file and would change how the connection is protected",
            ));
        }
    }
    if files.get("init-command").is_some() {
        target.warnings.push("init-command of the option file is not run; use --prelude".to_owned());
    }
    let text = |option: &str, variable: &str| {
        files.get(option).or_else(|| environment.variable(variable)).filter(|v| !v.is_empty()).map(str::to_owned)
    };
    let host = wanted.host.or_else(|| text("host", "MYSQL_HOST")).unwrap_or_else(|| "localhost".to_owned());
    let file_port = text("port", "MYSQL_TCP_PORT");
    target.port = match (wanted.port, &file_port) {
        (Some(port), _) => port,
        (None, Some(port)) => port.parse().ok().filter(|p| *p > 0).ok_or_else(|| TargetError::Malformed {
            text: format!("port={}", one_line(port)),
            problem: "the port is not a number from 1 to 65535".to_owned(),
        })?,
        (None, None) => 3306,
    };
    let by_tcp = match files.get("protocol").map(str::to_ascii_uppercase).as_deref() {
        None | Some("SOCKET" | "DEFAULT") => false,
        Some("TCP") => true,
        Some(other) => return Err(unsupported("protocol", other, "use TCP or SOCKET")),
    };
    if host.eq_ignore_ascii_case("localhost") && !by_tcp && !wanted.port_in_url || wanted.socket.is_some() {
        let place = wanted.socket.or_else(|| text("socket", "MYSQL_UNIX_PORT"));
        target.socket = Some(place.map_or_else(usual_socket, PathBuf::from));
    }
    target.host = host;
    target.user = wanted
        .user
        .or_else(|| text("user", "").or_else(|| environment.user.clone()))
        .or_else(|| text("", "USER"))
        .ok_or_else(|| TargetError::Malformed {
            text: target.to_string(),
            problem: "no user is given and the system does not tell one; write mysql://user@host".to_owned(),
        })?;
    target.password = wanted.password.or_else(|| text("password", "MYSQL_PWD")).map(Into::into);
    target.database = wanted.database.or_else(|| text("database", ""));
    if target.password.is_none() && login_file(environment).is_some_and(|path| path.exists()) {
        target.warnings.push("~/.mylogin.cnf is not read; a password in it is not used".to_owned());
    }
    let ca = text("ssl-ca", "").map(PathBuf::from);
    target.root_certificate = wanted.root_certificate.or(ca);
    target.tls = match wanted.tls.map_or_else(|| file_tls(files), |mode| Ok(Some(mode)))? {
        Some(mode) => mode,
        // A certificate that nobody checks would be a surprise.
        None if target.root_certificate.is_some() => TlsMode::VerifyCa,
        None => TlsMode::Prefer,
    };
    if target.socket.is_some() && !matches!(target.tls, TlsMode::Disable | TlsMode::Prefer) {
        return Err(TargetError::Unsupported {
            option: "TLS over a Unix socket".to_owned(),
            problem: "leave ssl-mode out (a socket does not leave the machine) or connect to 127.0.0.1".to_owned(),
        });
    }
    let timeout = text("connect-timeout", "").and_then(|s| s.parse().ok()).filter(|s| *s > 0);
    target.connect_timeout_s = wanted.connect_timeout_s.or(timeout).unwrap_or(target.connect_timeout_s);
    Ok(target)
}

fn option_files(environment: &Environment) -> Options {
    environment.home.as_ref().map(|home| Options::read(&home.join(".my.cnf"))).unwrap_or_default()
}

fn login_file(environment: &Environment) -> Option<PathBuf> {
    environment
        .variable("MYSQL_TEST_LOGIN_FILE")
        .map(PathBuf::from)
        .or_else(|| environment.home.as_ref().map(|home| home.join(".mylogin.cnf")))
}

/// The first usual place at which something is; else the most usual one, for the message.
fn usual_socket() -> PathBuf {
    SOCKETS.iter().map(Path::new).find(|p| p.exists()).unwrap_or_else(|| Path::new(SOCKETS[0])).to_path_buf()
}

/// TLS as MySQL (`ssl-mode`) and MariaDB (`ssl`, `skip-ssl`, `ssl-verify-server-cert`) spell it in option files.
fn file_tls(files: &Options) -> Result<Option<TlsMode>, TargetError> {
    let on = |name: &str| files.get(name).map(|v| !matches!(v.to_ascii_lowercase().as_str(), "0" | "off" | "false"));
    if let Some(mode) = files.get("ssl-mode") {
        return tls_mode("ssl-mode", mode).map(Some);
    }
    if on("skip-ssl") == Some(true) || on("disable-ssl") == Some(true) || on("ssl") == Some(false) {
        return Ok(Some(TlsMode::Disable));
    }
    if on("ssl-verify-server-cert") == Some(true) {
        return Ok(Some(TlsMode::VerifyFull));
    }
    // MariaDB's plain `ssl` demands TLS and, since 11.4, checks the certificate unless told not to; the stricter reading
    // would refuse self-signed servers that the client accepts by the password, so TLS is demanded and not checked.
    Ok((on("ssl") == Some(true)).then_some(TlsMode::Require))
}

/// MySQL's modes, and libpq's for the same thing.
fn tls_mode(name: &str, value: &str) -> Result<TlsMode, TargetError> {
    Ok(match value.to_ascii_uppercase().replace('-', "_").as_str() {
        "DISABLED" | "DISABLE" => TlsMode::Disable,
        "PREFERRED" | "PREFER" => TlsMode::Prefer,
        "REQUIRED" | "REQUIRE" => TlsMode::Require,
        "VERIFY_CA" => TlsMode::VerifyCa,
        "VERIFY_IDENTITY" | "VERIFY_FULL" => TlsMode::VerifyFull,
        _ => {
            return Err(unsupported(name, value, "use DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY"));
        }
    })
}

fn unsupported(name: &str, value: &str, problem: &str) -> TargetError {
    let value = if name.to_ascii_lowercase().contains("pass") { "***" } else { value };
    TargetError::Unsupported { option: one_line(&format!("{name}={value}")), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests;
