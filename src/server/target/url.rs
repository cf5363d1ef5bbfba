//! URLs of database servers, as people write them: `scheme://user:password@host:port/database?name=value`.
//!
//! RFC 3986 with libpq's freedoms (PostgreSQL manual, "Connection URIs") and one of our own: a password may hold
//! `# / @ ? ^` unescaped as long as the URL can be read in one way only.

use super::TargetError;

/// A URL's parts, percent-decoded.
#[derive(Clone, Default)]
pub(super) struct Url {
    /// Lower case.
    pub(super) scheme: String,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    /// Without brackets; empty when left out.
    pub(super) host: String,
    pub(super) port: Option<u16>,
    /// The path without its leading slash; `None` when empty.
    pub(super) database: Option<String>,
    /// Query parameters in order.
    pub(super) parameters: Vec<(String, String)>,
    /// The URL for messages, its password and parameters that may hold one replaced.
    pub(super) redacted: String,
}

impl Url {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// [`TargetError::Malformed`]; several hosts are [`TargetError::Unsupported`].
    pub(super) fn parse(text: &str) -> Result<Self, TargetError> {
        let redacted = redact(text);
        let malformed = |problem: String| TargetError::Malformed { text: redacted.clone(), problem };
        let decode = |part: &str| {
            percent_decode(part)
                .ok_or_else(|| malformed("a % is not followed by two hexadecimal digits of UTF-8".into()))
        };
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(malformed("there is no ://".into()));
        };
        let mut url = Self { scheme: scheme.to_ascii_lowercase(), redacted: redacted.clone(), ..Self::default() };
        let mut rest = rest;
        if let Some(at) = user_info_end(rest) {
            let info = &rest[..at];
            rest = &rest[at + 1..];
            let (user, password) = info.split_once(':').map_or((info, None), |(u, p)| (u, Some(p)));
            url.user = Some(decode(user)?).filter(|u| !u.is_empty());
            url.password = password.map(&decode).transpose()?.filter(|p| !p.is_empty());
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if path.contains('@') {
            return Err(malformed("there is an @ behind the host; write @ in a password as %40 and / as %2F".into()));
        }
        url.database = Some(decode(path)?).filter(|p| !p.is_empty());
        if authority.contains(',') {
            return Err(TargetError::Unsupported {
                option: "several hosts".to_owned(),
                problem: "give one host; plans are compared on one server".to_owned(),
            });
        }
        let (host, port) =
            split_port(authority).ok_or_else(|| malformed("the [ of an IPv6 address is not closed".into()))?;
        url.host = decode(host)?;
        url.port = match port {
            None | Some("") => None,
            Some(port) => Some(
                port.parse()
                    .ok()
                    .filter(|p| *p != 0)
                    .ok_or_else(|| malformed("the port is not a number from 1 to 65535".into()))?,
            ),
        };
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            let Some((name, value)) = pair.split_once('=') else {
                return Err(malformed(format!("the parameter {pair:?} has no value")));
            };
            url.parameters.push((decode(name)?, decode(value)?));
        }
        Ok(url)
    }
}

/// Where the user and password end (the place of their `@`).
///
/// The last `@` of the authority, as browsers have it. A password with an unescaped `/` or `?` cuts the authority short;
/// that shows by a "port" that is no number, and the next `@` is taken.
fn user_info_end(rest: &str) -> Option<usize> {
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    if let Some(at) = rest[..end].rfind('@') {
        return Some(at);
    }
    let port = rest[..end].split_once(':')?.1;
    if rest.starts_with('[') || port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    rest[end..].find('@').map(|at| end + at)
}

/// Host and port of an authority; `None` for an unclosed bracket.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(inner) = authority.strip_prefix('[') {
        let (host, rest) = inner.split_once(']')?;
        return Some((host, rest.strip_prefix(':')));
    }
    Some(authority.split_once(':').map_or((authority, None), |(h, p)| (h, Some(p))))
}

/// Decodes `%XX`; `None` when the escape is broken, the result is not UTF-8 or holds a NUL.
fn percent_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
            let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok().filter(|s| !s.contains('\0'))
}

/// The URL with its password, and parameters that may hold one, as `***`.
fn redact(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return "***".to_owned();
    };
    let mut out = format!("{scheme}://");
    let mut rest = rest;
    // The last @ of all: where a URL cannot be read in one way, rather too much is hidden.
    if let Some(at) = rest.rfind('@') {
        match rest[..at].split_once(':') {
            Some((user, _)) => out.extend([user, ":***@"]),
            None => out.push_str(&rest[..=at]),
        }
        rest = &rest[at + 1..];
    }
    let (place, query) = rest.split_once('?').map_or((rest, None), |(p, q)| (p, Some(q)));
    out.push_str(place);
    if let Some(query) = query {
        let shown: Vec<_> = query
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((name, _)) if name.to_ascii_lowercase().contains("pass") => format!("{name}=***"),
                _ => pair.to_owned(),
            })
            .collect();
        out.push('?');
        out.push_str(&shown.join("&"));
    }
    crate::text::one_line(&out)
}

#[cfg(test)]
mod tests {
    use super::Url;
    use crate::server::TargetError;

    #[test]
    fn passwords_may_hold_what_people_put_into_them() {
        for (text, user, password, host, database) in [
            ("postgres://ann:p%40ss%2Fw%23%5E@h/d", "ann", "p@ss/w#^", "h", "d"),
            ("postgres://ann:p#w^x@h/d", "ann", "p#w^x", "h", "d"),
            ("postgres://ann:p@ss@h/d", "ann", "p@ss", "h", "d"),
            ("postgres://ann:p/w@h/d", "ann", "p/w", "h", "d"),
            ("postgres://ann:p?w@h/d", "ann", "p?w", "h", "d"),
            ("postgres://ann:p:w@h/d", "ann", "p:w", "h", "d"),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!(
                (url.user.as_deref(), url.password.as_deref(), url.host.as_str(), url.database.as_deref()),
                (Some(user), Some(password), host, Some(database)),
                "{text}"
            );
            assert!(!url.redacted.contains(password), "{}", url.redacted);
        }
    }

    #[test]
    fn hosts_ports_and_parameters_are_taken_apart() {
        let url = Url::parse("POSTGRESQL://[::1]:6432/a%20b?sslmode=require&application_name=x%26y").unwrap();
        assert_eq!((url.scheme.as_str(), url.host.as_str(), url.port), ("postgresql", "::1", Some(6432)));
        assert_eq!(url.database.as_deref(), Some("a b"));
        assert_eq!(url.parameters[1], ("application_name".to_owned(), "x&y".to_owned()));
        let url = Url::parse("postgres://%2Frun%2Fpg:6000/d").unwrap();
        assert_eq!((url.host.as_str(), url.port, url.user), ("/run/pg", Some(6000), None));
        let url = Url::parse("postgres:///d?user=me@corp").unwrap();
        assert_eq!((url.host.as_str(), url.user, url.parameters.len()), ("", None, 1));
        let url = Url::parse("postgres://").unwrap();
        assert_eq!((url.host.as_str(), url.database), ("", None));
    }

    #[test]
    fn what_cannot_be_read_in_one_way_is_refused_without_showing_the_password() {
        for text in [
            "postgres://ann:s3cret@a/b@h/d",
            "postgres://ann:s3cret@h:x/d",
            "postgres://ann:s3cret%zz@h/d",
            "postgres://ann:s3cret@[::1/d",
            "postgres://ann:s3cret@h/d?x",
            "postgres://ann:s3cret@h:0/d",
        ] {
            let Err(error @ TargetError::Malformed { .. }) = Url::parse(text).map(|_| ()) else {
                panic!("{text} was taken")
            };
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
        let url = Url::parse("postgres://h/d?password=s3cret&sslpassword=s3cret").unwrap();
        assert!(!url.redacted.contains("s3cret"), "{}", url.redacted);
        assert!(matches!(Url::parse("postgres://a,b/d"), Err(TargetError::Unsupported { .. })));
    }
}
