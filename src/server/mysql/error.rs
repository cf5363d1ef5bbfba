//! The server's errors, by number: what kind they are, where in the statement they point, what to do next.
//!
//! Numbers: MySQL 8.4 "Server Error Message Reference", MariaDB "MariaDB Error Code Reference". Only the place of an
//! error is read from its message: no number tells it.

mod position;

use mysql_async::{DriverError, Error, IoError};

pub(super) use self::position::Sent;
use crate::{
    plan::Engine,
    server::{ErrorKind, ServerError},
    sql::{full_text_index, has_unspaced_words},
    text::one_line,
};

/// `ER_FT_MATCHING_KEY_NOT_FOUND`.
const NO_FULL_TEXT_INDEX: u16 = 1191;

/// Whether nothing more can be said over the connection after this error.
pub(super) fn breaks(error: &Error) -> bool {
    match error {
        Error::Server(e) => kind(e.code, &e.state) == ErrorKind::Disconnected,
        Error::Io(_) | Error::Driver(DriverError::ConnectionClosed | DriverError::PacketOutOfOrder) => true,
        _ => false,
    }
}

/// An error of something we asked for ourselves.
pub(super) fn convert(error: &Error, attempted: impl Into<String>) -> ServerError {
    match error {
        Error::Server(e) => of_server(e, attempted),
        Error::Io(e) => ServerError::new(
            ErrorKind::Disconnected,
            attempted,
            one_line(&format!("the connection broke: {}", cause(e))),
        )
        .next("connect again"),
        Error::Driver(DriverError::ConnectionClosed | DriverError::PacketOutOfOrder) => {
            ServerError::new(ErrorKind::Disconnected, attempted, "the server closed the connection")
                .next("connect again")
        }
        Error::Driver(DriverError::StmtParamsMismatch { required, .. }) => ServerError::new(
            ErrorKind::Unsupported,
            attempted,
            format!(
                "the statement holds {required} placeholder{} (?) without values",
                if *required == 1 { "" } else { "s" }
            ),
        )
        .next("put values in their place"),
        other => ServerError::new(ErrorKind::Other, attempted, one_line(&other.to_string())),
    }
}

/// An error of a statement; its place is told in the person's own text.
pub(super) fn of_statement(
    error: &Error,
    attempted: impl Into<String>,
    sent: &Sent<'_>,
    engine: Engine,
) -> ServerError {
    let mut converted = convert(error, attempted);
    if let Error::Server(e) = error {
        converted.position = sent.position(e.code, &e.message);
        if e.code == NO_FULL_TEXT_INDEX
            && let Some(ddl) = full_text_index(sent.statement(), engine)
        {
            let limit = if engine == Engine::MariaDb && has_unspaced_words(sent.statement()) {
                "; it finds what stands between blanks only: text without them wants the storage engine Mroonga"
            } else {
                ""
            };
            converted.next = Some(format!("{ddl}; without it the server cannot plan the search{limit}"));
        }
    }
    converted
}

/// An error on the way to a session.
pub(super) fn connecting(error: &Error, attempted: &str, mode_checks: bool) -> ServerError {
    let new = |kind, message: String| ServerError::new(kind, attempted, one_line(&message));
    match error {
        Error::Server(e) => {
            let mut converted = of_server(e, attempted);
            if matches!(e.code, 1044 | 1049) {
                converted.kind = ErrorKind::Authentication;
            }
            converted
        }
        Error::Io(IoError::Io(e)) => {
            let tls = e.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            match tls {
                Some(tls) => of_tls(tls, attempted, mode_checks),
                None if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                    new(ErrorKind::Unreachable, "the server closed the connection at once".to_owned())
                        .next("check that a MySQL or MariaDB server listens there and lets this host in")
                }
                None => new(ErrorKind::Unreachable, e.to_string()).next(
                    "check host, port and whether the server runs; localhost is the Unix socket, 127.0.0.1 is TCP",
                ),
            }
        }
        Error::Io(other) => new(ErrorKind::Unreachable, format!("TLS: {}", cause(other))),
        Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            new(ErrorKind::Unreachable, "the server offers no TLS".to_owned())
                .next("use ssl-mode=PREFERRED or DISABLED if the way to it is trusted")
        }
        Error::Driver(DriverError::UnknownAuthPlugin { name }) => new(
            ErrorKind::Authentication,
            format!("the server wants the authentication method {name:?}, not supported here"),
        )
        .next("use an account with caching_sha2_password or mysql_native_password"),
        Error::Driver(DriverError::CleartextPluginDisabled | DriverError::MysqlOldPasswordDisabled) => {
            new(ErrorKind::Authentication, "the server wants the password in a form anyone could read".to_owned())
                .next("use an account with caching_sha2_password or mysql_native_password")
        }
        other => new(ErrorKind::Unreachable, other.to_string()),
    }
}

fn of_tls(error: &rustls::Error, attempted: &str, mode_checks: bool) -> ServerError {
    let converted = ServerError::new(ErrorKind::Unreachable, attempted, one_line(&format!("TLS: {error}")));
    if !mode_checks {
        return converted.next("ssl-mode=DISABLED connects without TLS, if the way to the server is trusted");
    }
    match error {
        rustls::Error::InvalidCertificate(
            rustls::CertificateError::NotValidForName | rustls::CertificateError::NotValidForNameContext { .. },
        ) => converted.next("connect by a name the certificate holds; VERIFY_CA checks the name here too"),
        rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer) => {
            converted.next("give the file of the authority that signed it with ssl-ca=/path")
        }
        _ => converted,
    }
}

fn of_server(error: &mysql_async::ServerError, attempted: impl Into<String>) -> ServerError {
    ServerError {
        code: Some(error.code.to_string()),
        detail: (error.state != "HY000").then(|| format!("SQLSTATE {}", one_line(&error.state))),
        next: next(error.code).map(str::to_owned),
        ..ServerError::new(kind(error.code, &error.state), attempted, one_line(&error.message))
    }
}

/// What kind an error is: by its number, else by the class of its SQLSTATE.
pub(super) fn kind(code: u16, state: &str) -> ErrorKind {
    match code {
        1045 | 1130 | 1251 | 1698 | 1820 | 1862 | 3118 | 4151 => ErrorKind::Authentication,
        1040 | 1129 | 1203 | 1226 => ErrorKind::Unreachable,
        1044 | 1142 | 1143 | 1227 | 1345 | 1356 | 1370 | 1410 => ErrorKind::Privilege,
        1205 | 1907 | 1969 | 3024 | 3572 => ErrorKind::Timeout,
        1317 => ErrorKind::Cancelled,
        1053 | 1080 | 1152..=1161 | 1927 | 2006 | 2013 | 3169 | 4031 => ErrorKind::Disconnected,
        1290 | 1792 | 1836 => ErrorKind::Refused,
        1137 | 1235 | 1295 | 6412 => ErrorKind::Unsupported,
        1056 | NO_FULL_TEXT_INDEX | 1305 | 3065 => ErrorKind::Statement,
        _ if state.starts_with("42") || state.starts_with("22") || state.starts_with("21") => ErrorKind::Statement,
        _ => ErrorKind::Other,
    }
}

const fn next(code: u16) -> Option<&'static str> {
    Some(match code {
        1045 | 1698 => "check user and password; an account may be bound to the host it comes from",
        1044 => "ask for privileges on this database, or name another one",
        1049 => "check the database's name; SHOW DATABASES lists those you may see",
        1040 | 1203 => "wait, or ask for more connections",
        1129 => "an administrator can let the host in again with FLUSH HOSTS",
        1130 => "the account is not allowed from this host",
        1820 | 1862 => "the password has expired; change it with another client",
        1146 => "check the table's name and the database of the connection",
        1046 => "name the database in the target, as in mysql://user@host/database, or write database.table",
        1064 | 1149 => "correct the statement at the place marked",
        NO_FULL_TEXT_INDEX => "MATCH wants a FULLTEXT index of exactly its columns: make one, or ask by LIKE",
        1193 => "check the name; SHOW VARIABLES lists what can be set",
        1231 | 1232 => "check the value; the manual's page on the variable says what it takes",
        1238 | 1621 => "it cannot be set for a session; choose another way",
        1054 => "check the column's name and the table it belongs to",
        1142 | 1143 => {
            "check the table's name, or ask for the privilege named: EXPLAIN needs what the statement itself needs"
        }
        1227 | 1370 => "ask for the privilege named",
        3024 | 1969 => "raise --timeout, or explain without ANALYZE",
        1205 => "another session holds the lock; try again or raise the lock time limit",
        2006 | 2013 | 1053 | 1927 | 4031 => "connect again",
        1792 => "it would write, and runs here only where nothing can be written",
        1295 => "the server cannot prepare this statement, and only prepared ones are sent",
        _ => return None,
    })
}

/// The innermost reason of an input/output error.
fn cause(error: &IoError) -> String {
    match error {
        // Of TLS it is said with the address of a page on attacks, which nobody made.
        IoError::Io(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => "the server closed it".to_owned(),
        IoError::Io(e) => e.to_string(),
        tls @ IoError::Tls(_) => tls.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use mysql_async::Error;

    use super::{Sent, breaks, connecting, convert, kind, of_statement};
    use crate::{plan::Engine, server::ErrorKind};

    fn server(code: u16, state: &str, message: &str) -> Error {
        Error::Server(mysql_async::ServerError { code, message: message.to_owned(), state: state.to_owned() })
    }

    #[test]
    fn numbers_decide_and_unknown_ones_go_by_their_class() {
        for (code, state, expected) in [
            (1045, "28000", ErrorKind::Authentication),
            (1142, "42000", ErrorKind::Privilege),
            (1064, "42000", ErrorKind::Statement),
            (1146, "42S02", ErrorKind::Statement),
            (3024, "HY000", ErrorKind::Timeout),
            (1969, "70100", ErrorKind::Timeout),
            (1205, "HY000", ErrorKind::Timeout),
            (1317, "70100", ErrorKind::Cancelled),
            (2013, "HY000", ErrorKind::Disconnected),
            (1792, "25006", ErrorKind::Refused),
            (9999, "42999", ErrorKind::Statement),
            (9999, "HY000", ErrorKind::Other),
        ] {
            assert_eq!(kind(code, state), expected, "{code}");
        }
    }

    #[test]
    fn an_error_says_what_was_attempted_what_was_answered_and_what_to_do() {
        let error = convert(&server(1045, "28000", "Access denied for user 'x\x1b[31m'@'h'"), "connecting to h");
        assert_eq!(error.code.as_deref(), Some("1045"));
        let text = error.to_string();
        assert!(text.starts_with("connecting to h: Access denied for user 'x␛[31m'@'h' (1045)"), "{text}");
        assert!(text.contains("SQLSTATE 28000; check user and password"), "{text}");
        let database = connecting(&server(1049, "42000", "Unknown database 'x'"), "connecting", false);
        assert_eq!(database.kind, ErrorKind::Authentication);
    }

    #[test]
    fn a_syntax_error_points_into_the_persons_text() {
        let sent = Sent::new("EXPLAIN FORMAT=JSON ", "select 1\nfrom t wher x");
        let error = server(1064, "42000", "You have an error … to use near 'x' at line 2");
        assert_eq!(of_statement(&error, "explaining", &sent, Engine::MySql).position, Some(22));
    }

    #[test]
    fn a_search_without_its_index_is_told_which_it_wants() {
        let sent = Sent::new("EXPLAIN FORMAT=JSON ", "select id from t where match (note) against ('音楽')");
        let error = server(1191, "HY000", "Can't find FULLTEXT index matching the column list");
        let next = |engine| of_statement(&error, "explaining", &sent, engine).next.unwrap();
        let mysql = next(Engine::MySql);
        assert!(mysql.starts_with("ALTER TABLE t ADD FULLTEXT INDEX (note) WITH PARSER ngram;"), "{mysql}");
        let mariadb = next(Engine::MariaDb);
        assert!(
            mariadb.starts_with("ALTER TABLE t ADD FULLTEXT INDEX (note);") && mariadb.contains("Mroonga"),
            "{mariadb}"
        );
    }

    #[test]
    fn a_broken_connection_is_known() {
        assert!(breaks(&server(1927, "70100", "Connection was killed")));
        assert!(breaks(&std::io::Error::from(std::io::ErrorKind::BrokenPipe).into()));
        assert!(!breaks(&server(1064, "42000", "syntax")));
        let error = convert(&std::io::Error::from(std::io::ErrorKind::BrokenPipe).into(), "explaining");
        assert_eq!(error.kind, ErrorKind::Disconnected);
    }
}
