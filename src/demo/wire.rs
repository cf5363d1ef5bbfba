//! The frontend/backend protocol, as far as one local client needs it (PostgreSQL manual, "Message Formats").

use std::{
    io::{self, Read, Write},
    time::Duration,
};

/// Longest message taken from a client, bytes; more is a client that does not speak the protocol.
const LONGEST: usize = 64 << 20;

/// Request codes that stand where the protocol version stands.
const CANCEL: u32 = 80_877_102;
const SSL: u32 = 80_877_103;
const GSS: u32 = 80_877_104;

/// How a connection opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Opening {
    /// A session, with its parameters (`user`, `database`, `application_name`, …).
    Session(Vec<(String, String)>),
    /// A request to cancel what the session with this key does.
    Cancel(Key),
}

/// What a client must show to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    /// Process number of the backend.
    pub(super) process: u32,
    /// A number only the client knows.
    pub(super) secret: u32,
}

/// Reads how a connection opens; encryption is declined, the socket being a private file of the same user.
pub(super) fn read_opening<S: Read + Write>(stream: &mut S) -> io::Result<Opening> {
    loop {
        let length = read_u32(stream)? as usize;
        if !(8..=10_000).contains(&length) {
            return Err(malformed("start-up packet of impossible length"));
        }
        let mut body = vec![0; length - 4];
        stream.read_exact(&mut body)?;
        let (code, rest) = body.split_at(4);
        match u32::from_be_bytes([code[0], code[1], code[2], code[3]]) {
            SSL | GSS => stream.write_all(b"N")?,
            CANCEL if rest.len() == 8 => {
                let number = |at: usize| u32::from_be_bytes([rest[at], rest[at + 1], rest[at + 2], rest[at + 3]]);
                return Ok(Opening::Cancel(Key { process: number(0), secret: number(4) }));
            }
            version if version >> 16 == 3 => {
                let mut words = rest.split(|byte| *byte == 0).map(|w| String::from_utf8_lossy(w).into_owned());
                let mut parameters = Vec::new();
                while let (Some(name), Some(value)) = (words.next(), words.next()) {
                    if name.is_empty() {
                        break;
                    }
                    parameters.push((name, value));
                }
                return Ok(Opening::Session(parameters));
            }
            _ => return Err(malformed("not protocol version 3")),
        }
    }
}

/// Reads one message, appends it to `batch` and returns its type; none at the end of the stream.
pub(super) fn read_message<S: Read>(stream: &mut S, batch: &mut Vec<u8>) -> io::Result<Option<u8>> {
    let mut kind = [0];
    if stream.read(&mut kind)? == 0 {
        return Ok(None);
    }
    let length = read_u32(stream)?;
    let size = length as usize;
    if !(4..=LONGEST).contains(&size) {
        return Err(malformed("message of impossible length"));
    }
    let start = batch.len();
    batch.push(kind[0]);
    batch.extend(length.to_be_bytes());
    batch.resize(start + 1 + size, 0);
    stream.read_exact(&mut batch[start + 5..])?;
    Ok(Some(kind[0]))
}

/// Appends one message.
pub(super) fn push(out: &mut Vec<u8>, kind: u8, parts: &[&[u8]]) {
    let size: usize = parts.iter().map(|p| p.len()).sum();
    out.push(kind);
    out.extend(u32::try_from(size + 4).unwrap_or(u32::MAX).to_be_bytes());
    for part in parts {
        out.extend(*part);
    }
}

/// A client's messages with `suffix` behind the names of its prepared statements, so that those of two clients do not meet. The nameless one
/// stays so. (Parse: statement; Bind: portal, statement; Describe, Close: `S` and a statement.)
pub(super) fn renamed(batch: &[u8], suffix: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(batch.len() + suffix.len());
    for (kind, body) in messages(batch) {
        let end = |from: usize| body.get(from..).and_then(|rest| rest.iter().position(|b| *b == 0)).map(|at| from + at);
        // Where the name of a statement ends.
        let name = match (kind, body.first()) {
            (b'P', _) => end(0).map(|at| (0, at)),
            (b'B', _) => end(0).and_then(|portal| Some((portal + 1, end(portal + 1)?))),
            (b'D' | b'C', Some(b'S')) => end(1).map(|at| (1, at)),
            _ => None,
        };
        match name.filter(|(start, at)| start < at) {
            Some((_, at)) => push(&mut out, kind, &[&body[..at], suffix.as_bytes(), &body[at..]]),
            None => push(&mut out, kind, &[body]),
        }
    }
    out
}

/// A simple query.
pub(super) fn query(sql: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(sql.len() + 6);
    push(&mut out, b'Q', &[sql.as_bytes(), b"\0"]);
    out
}

/// Runs a statement without parameters by the extended protocol under names of its own, so that the client's unnamed
/// statement and portal stay.
pub(super) fn aside(sql: &str) -> Vec<u8> {
    const NAME: &[u8] = b"whyslow aside\0";
    let mut out = Vec::new();
    push(&mut out, b'P', &[NAME, sql.as_bytes(), b"\0", &[0, 0]]);
    push(&mut out, b'B', &[NAME, NAME, &[0, 0, 0, 0, 0, 0]]);
    push(&mut out, b'E', &[NAME, &[0, 0, 0, 0]]);
    push(&mut out, b'C', &[b"P", NAME]);
    push(&mut out, b'C', &[b"S", NAME]);
    push(&mut out, b'S', &[]);
    out
}

/// What ends a session: an error message of severity FATAL.
pub(super) fn fatal(sqlstate: &str, message: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (field, value) in [(b'S', "FATAL"), (b'V', "FATAL"), (b'C', sqlstate), (b'M', message)] {
        body.push(field);
        body.extend(value.bytes().filter(|b| *b != 0));
        body.push(0);
    }
    body.push(0);
    let mut out = Vec::new();
    push(&mut out, b'E', &[&body]);
    out
}

/// The messages of an answer, as type and body; ends early where the bytes do.
pub(super) fn messages(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (head, rest) = bytes.split_at_checked(5)?;
        let size = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let (body, rest) = rest.split_at_checked(size.checked_sub(4)?)?;
        bytes = rest;
        Some((head[0], body))
    })
}

/// Where the session stands after an answer: `I` idle, `T` in a transaction, `E` in a failed one.
pub(super) fn status(answer: &[u8]) -> Option<u8> {
    messages(answer).filter(|(kind, _)| *kind == b'Z').last().and_then(|(_, body)| body.first().copied())
}

/// The text values of the rows of an answer; NULL is empty.
pub(super) fn rows(answer: &[u8]) -> Vec<Vec<String>> {
    messages(answer).filter(|(kind, _)| *kind == b'D').map(|(_, body)| columns(body)).collect()
}

fn columns(row: &[u8]) -> Vec<String> {
    let mut rest = row.get(2..).unwrap_or_default();
    std::iter::from_fn(|| {
        let (head, tail) = rest.split_at_checked(4)?;
        let size = usize::try_from(i32::from_be_bytes([head[0], head[1], head[2], head[3]])).unwrap_or(0);
        let (value, tail) = tail.split_at_checked(size)?;
        rest = tail;
        Some(String::from_utf8_lossy(value).into_owned())
    })
    .collect()
}

/// The message of the first error in an answer.
pub(super) fn error(answer: &[u8]) -> Option<String> {
    let (_, body) = messages(answer).find(|(kind, _)| *kind == b'E')?;
    body.split(|b| *b == 0)
        .find_map(|field| field.strip_prefix(b"M"))
        .map(|text| String::from_utf8_lossy(text).into_owned())
}

/// A time limit as `SHOW statement_timeout` prints it (`250ms`, `5s`, `2min`); none for `0` or what is not a time.
pub(super) fn limit(text: &str) -> Option<Duration> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number: u64 = text[..digits].parse().ok()?;
    let unit_ms = match &text[digits..] {
        "" | "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    (number > 0).then(|| Duration::from_millis(number.saturating_mul(unit_ms)))
}

fn read_u32<S: Read>(stream: &mut S) -> io::Result<u32> {
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, io::Cursor, time::Duration};

    use super::*;

    /// What the client sends, and what it is sent.
    struct Client(VecDeque<u8>, Vec<u8>);

    impl Read for Client {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for Client {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn packet(code: u32, rest: &[u8]) -> Vec<u8> {
        let mut out = u32::try_from(rest.len() + 8).unwrap().to_be_bytes().to_vec();
        out.extend(code.to_be_bytes());
        out.extend(rest);
        out
    }

    #[test]
    fn a_client_that_asks_for_encryption_is_declined_and_then_heard() {
        let mut bytes = packet(SSL, &[]);
        bytes.extend(packet(3 << 16, b"user\0ann\0application_name\0\0\0"));
        let mut client = Client(bytes.into(), Vec::new());
        let opening = read_opening(&mut client).unwrap();
        let expected = [("user", "ann"), ("application_name", "")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(opening, Opening::Session(expected.to_vec()));
        assert_eq!(client.1, b"N");
    }

    #[test]
    fn a_cancel_request_gives_its_key() {
        let mut client = Client(packet(CANCEL, &[0, 0, 1, 0, 0, 0, 0, 9]).into(), Vec::new());
        assert_eq!(read_opening(&mut client).unwrap(), Opening::Cancel(Key { process: 256, secret: 9 }));
    }

    #[test]
    fn impossible_lengths_are_refused_and_not_allocated() {
        let mut client = Client(vec![0xff; 64].into(), Vec::new());
        assert_eq!(read_opening(&mut client).unwrap_err().kind(), io::ErrorKind::InvalidData);
        let mut batch = Vec::new();
        let sent = [b'Q', 0xff, 0xff, 0xff, 0xff, 0];
        assert_eq!(read_message(&mut Cursor::new(sent), &mut batch).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert!(batch.is_empty());
    }

    #[test]
    fn messages_are_read_whole_and_in_order() {
        let mut sent = query("select 1");
        push(&mut sent, b'S', &[]);
        let mut stream = Cursor::new(sent.clone());
        let mut batch = Vec::new();
        assert_eq!(read_message(&mut stream, &mut batch).unwrap(), Some(b'Q'));
        assert_eq!(read_message(&mut stream, &mut batch).unwrap(), Some(b'S'));
        assert_eq!(read_message(&mut stream, &mut batch).unwrap(), None);
        assert_eq!(batch, sent);
    }

    #[test]
    fn an_answer_tells_its_rows_its_error_and_where_the_session_stands() {
        let mut answer = Vec::new();
        push(&mut answer, b'D', &[&[0, 2], &[0, 0, 0, 2], b"5s", &[0xff; 4]]);
        answer.extend(fatal("57014", "stopped"));
        push(&mut answer, b'Z', &[b"T"]);
        assert_eq!(rows(&answer), [["5s", ""]]);
        assert_eq!(error(&answer).as_deref(), Some("stopped"));
        assert_eq!(status(&answer), Some(b'T'));
        answer.truncate(answer.len() - 1);
        assert_eq!(status(&answer), None);
    }

    #[test]
    fn time_limits_are_read_as_the_server_prints_them() {
        for (text, ms) in [("250ms", 250), ("5s", 5000), ("2min", 120_000), ("1h", 3_600_000), ("1d", 86_400_000)] {
            assert_eq!(limit(text), Some(Duration::from_millis(ms)), "{text}");
        }
        for text in ["0", "", "soon", "5 parsecs"] {
            assert_eq!(limit(text), None, "{text}");
        }
    }

    #[test]
    fn names_of_statements_are_kept_apart_and_nothing_else_is_touched() {
        let message = |kind: u8, body: &[u8]| {
            let mut out = Vec::new();
            push(&mut out, kind, &[body]);
            out
        };
        for (kind, body, expected) in [
            (b'P', &b"s0\0select 1\0\0\0"[..], &b"s0 of 7\0select 1\0\0\0"[..]),
            (b'P', b"\0select 1\0\0\0", b"\0select 1\0\0\0"),
            (b'B', b"p\0s1\0\0\0\0\0", b"p\0s1 of 7\0\0\0\0\0"),
            (b'B', b"\0\0\0\0\0\0", b"\0\0\0\0\0\0"),
            (b'D', b"Ss2\0", b"Ss2 of 7\0"),
            (b'D', b"Pp\0", b"Pp\0"),
            (b'C', b"Ss2\0", b"Ss2 of 7\0"),
            (b'Q', b"select 's0'\0", b"select 's0'\0"),
            (b'S', b"", b""),
        ] {
            assert_eq!(renamed(&message(kind, body), " of 7"), message(kind, expected));
        }
    }
}
