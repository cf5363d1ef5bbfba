//! What the driver and the server say, as [`ServerError`]: decided on SQLSTATE, never on a message.

use std::{error::Error as _, io};

use tokio_postgres::{
    Error,
    error::{DbError, ErrorPosition},
};

use crate::{
    server::{ErrorKind, ServerError},
    text::visible,
};

/// What an SQLSTATE means for us: the longest matching prefix counts (PostgreSQL manual, appendix A).
const STATES: &[(&str, ErrorKind, &str)] = &[
    ("03", ErrorKind::Other, ""),
    ("08", ErrorKind::Disconnected, "connect again"),
    (
        "08P01",
        ErrorKind::Unsupported,
        "this may be a pooler's own console or no PostgreSQL at all; connect to the server or to a database behind the pooler",
    ),
    ("0A", ErrorKind::Unsupported, ""),
    ("21", ErrorKind::Statement, ""),
    ("22", ErrorKind::Statement, ""),
    ("22023", ErrorKind::Statement, "check the value"),
    ("25006", ErrorKind::Refused, "it ran in a READ ONLY transaction, and nothing was changed"),
    ("25P03", ErrorKind::Disconnected, "connect again"),
    ("25P04", ErrorKind::Timeout, "give it more time (--timeout)"),
    ("28", ErrorKind::Authentication, "check the user, the database, sslmode and the server's pg_hba.conf"),
    ("28P01", ErrorKind::Authentication, "check the password: in the URL, PGPASSWORD or ~/.pgpass"),
    ("3D000", ErrorKind::Other, "check the name of the database"),
    ("3F000", ErrorKind::Statement, "check the schema's name"),
    ("42", ErrorKind::Statement, ""),
    (
        "42501",
        ErrorKind::Privilege,
        "EXPLAIN needs the privileges of the statement itself: GRANT them, or connect as (or SET ROLE to) someone who has them",
    ),
    ("42601", ErrorKind::Statement, "correct the statement at the place marked"),
    ("42703", ErrorKind::Statement, "check the column's name"),
    ("42704", ErrorKind::Statement, "check the name"),
    ("42883", ErrorKind::Statement, "check the name and the types of the arguments; a cast may be missing"),
    ("42P01", ErrorKind::Statement, "check the name, and the schemas looked in (--set search_path=…)"),
    ("42P18", ErrorKind::Statement, "give the parameter a type, such as $1::integer"),
    ("53300", ErrorKind::Unreachable, "the server has no connection left; try again later"),
    ("55P03", ErrorKind::Timeout, "another session holds a lock on a table of the statement; try again later"),
    ("57014", ErrorKind::Cancelled, ""),
    ("57P01", ErrorKind::Disconnected, "connect again"),
    ("57P02", ErrorKind::Disconnected, "connect again when the server is back"),
    ("57P03", ErrorKind::Unreachable, "the server does not take connections now; try again in a moment"),
    ("57P04", ErrorKind::Disconnected, "the database was dropped"),
    ("57P05", ErrorKind::Disconnected, "connect again"),
    ("P0001", ErrorKind::Statement, ""),
];

/// Why a request was ended, as far as we had a hand in it. SQLSTATE 57014 alone does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// We asked the server to stop.
    Cancelled,
    /// The time limit had passed.
    Late,
    /// Neither.
    Unknown,
}

/// An error of a request.
pub(super) fn request(error: &Error, attempted: &str, ended: Ended) -> ServerError {
    if let Some(answer) = error.as_db_error() {
        return answered(answer, attempted, ended);
    }
    // The driver reports a dead connection as closed, or as the I/O error that killed it.
    if ended == Ended::Cancelled {
        return ServerError::new(ErrorKind::Cancelled, attempted, "cancelled; the connection is closed")
            .next("connect again");
    }
    if error.is_closed() || cause::<io::Error>(error).is_some() {
        return ServerError::new(ErrorKind::Disconnected, attempted, chain(error)).next("connect again");
    }
    ServerError::new(ErrorKind::Other, attempted, chain(error))
}

/// An error of connecting.
pub(super) fn connecting(error: &Error, attempted: &str, has_password: bool) -> ServerError {
    if let Some(answer) = error.as_db_error() {
        let mut error = answered(answer, attempted, Ended::Unknown);
        if error.kind == ErrorKind::Disconnected {
            error.kind = ErrorKind::Unreachable;
        }
        return error;
    }
    // The driver checks for a password only when the server asks for one, and has no error code for its absence.
    if !has_password && error.source().is_some_and(|s| s.to_string() == "password missing") {
        return ServerError::new(ErrorKind::Authentication, attempted, "the server asks for a password")
            .next("give it in the URL, PGPASSWORD or ~/.pgpass, or type it when asked");
    }
    if let Some(tls) = cause::<rustls::Error>(error) {
        return ServerError::new(ErrorKind::Unreachable, attempted, format!("TLS: {tls}")).next(tls_next(tls));
    }
    let (kind, next) = match cause::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => {
            (ErrorKind::Unreachable, "is the server running on this port, and does it listen on this address?")
        }
        Some(io::ErrorKind::NotFound) => {
            (ErrorKind::Unreachable, "there is no such socket; name a host, as in postgres://user@localhost/database")
        }
        Some(io::ErrorKind::TimedOut) => (ErrorKind::Unreachable, "is a firewall between here and the server?"),
        Some(
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::InvalidData
            | io::ErrorKind::Other,
        ) => (ErrorKind::Unreachable, "the other side closed the connection; is it a PostgreSQL server?"),
        Some(_) => (ErrorKind::Unreachable, "check the host's name and the network"),
        None if error.is_closed() => {
            (ErrorKind::Unreachable, "the other side closed the connection; is it a PostgreSQL server?")
        }
        // What is left is TLS the server has not, and authentication the driver cannot do.
        None => (ErrorKind::Unreachable, "check sslmode, channel_binding and the server's authentication method"),
    };
    ServerError::new(kind, attempted, chain(error)).next(next)
}

fn answered(answer: &DbError, attempted: &str, ended: Ended) -> ServerError {
    let code = answer.code().code();
    let state =
        STATES.iter().filter(|(prefix, _, _)| code.starts_with(prefix)).max_by_key(|(prefix, _, _)| prefix.len());
    let (mut kind, mut next) = state.map_or((ErrorKind::Other, ""), |(_, kind, next)| (*kind, *next));
    if code == "57014" && ended == Ended::Late {
        (kind, next) = (ErrorKind::Timeout, "give it more time (--timeout), or leave ANALYZE out");
    }
    let text = |t: &str| visible(t).into_owned();
    ServerError {
        kind,
        attempted: attempted.to_owned(),
        message: text(answer.message()),
        code: Some(code.to_owned()),
        detail: answer.detail().map(text),
        hint: answer.hint().map(text),
        position: match answer.position() {
            Some(ErrorPosition::Original(at)) => usize::try_from(*at).ok(),
            _ => None,
        },
        next: Some(next.to_owned()).filter(|n| !n.is_empty()),
    }
}

fn tls_next(error: &rustls::Error) -> &'static str {
    use rustls::CertificateError as C;
    match error {
        rustls::Error::InvalidCertificate(C::UnknownIssuer | C::BadSignature) => {
            "the certificate is not signed by the root given: check sslrootcert"
        }
        rustls::Error::InvalidCertificate(C::NotValidForName | C::NotValidForNameContext { .. }) => {
            "connect by a name of the certificate's subjectAltName, or use sslmode=verify-ca"
        }
        rustls::Error::InvalidCertificate(C::Expired | C::ExpiredContext { .. }) => {
            "the server's certificate has to be renewed"
        }
        _ => "check sslmode, sslrootcert and the server's certificate",
    }
}

/// The first cause of a type, however deep. I/O errors keep theirs inside, not as their source.
fn cause<T: std::error::Error + 'static>(error: &Error) -> Option<&T> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = error.source();
    while let Some(one) = next {
        if let Some(found) = one.downcast_ref::<T>() {
            return Some(found);
        }
        next = match one.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => one.source(),
        };
    }
    None
}

/// A message with its causes, each said once.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(one) = next {
        let more = one.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        next = one.source();
    }
    visible(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::STATES;

    #[test]
    fn states_are_sorted_and_named_once() {
        assert!(STATES.windows(2).all(|w| w[0].0 < w[1].0));
        assert!(STATES.iter().all(|(state, _, _)| matches!(state.len(), 2 | 5)));
    }
}
