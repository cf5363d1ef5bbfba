//! An own JSON reader into a flat arena: nothing recurses, not even dropping, so a plan of any depth is an ordinary
//! document. Keys keep their order and their repeats; every value knows its byte offset. RFC 8259, and a little more
//! patient: raw control characters and unknown escapes inside strings are kept as they stand, and comments are blanks. What
//! servers are known to write wrong is read as it was meant, with a remark ([`repair`]).
//!
//! The arena also holds what other formats say with the same keys: [`Builder`] fills it.

mod build;
mod repair;
mod value;

pub(super) use build::Builder;
pub(super) use value::{Fields, Value, unescape};

use super::ReadError;
use crate::text;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// Byte offsets, the end exclusive.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// No place at all. It would be a text of 4 GiB.
    const NONE: Self = Self { start: u32::MAX, end: u32::MAX };
}

/// Plans are mostly these: twenty bytes each.
#[derive(Debug)]
struct Slot {
    /// Between the quotes; [`Span::NONE`] without a key.
    key: Span,
    /// The value's first byte, of quotes and brackets too.
    start: u32,
    /// Of an array or an object the slot after its last descendant, of others the byte after the value.
    stop: u32,
    kind: Kind,
    /// The key or the string holds a backslash.
    escaped: bool,
}

/// One JSON value and everything in it, in pre-order.
#[derive(Debug)]
pub(super) struct Document<'t> {
    text: &'t str,
    lines: &'t Lines,
    slots: Vec<Slot>,
    /// What does not stand in the text as it is; its offsets begin where the text ends. `None` for JSON, whose strings
    /// have quotes and escapes and whose scalars have types.
    owned: Option<String>,
}

/// What was read, up to an error if there was one: what stood open there is closed.
#[derive(Debug)]
pub(super) struct Parsed<'t> {
    /// The values read.
    pub(super) document: Document<'t>,
    /// Where reading stopped.
    pub(super) end: usize,
    /// What was expected there, when it stopped before the value was whole.
    pub(super) fault: Option<&'static str>,
    /// What was no JSON and was read all the same, for people.
    pub(super) remarks: Vec<&'static str>,
}

impl Parsed<'_> {
    /// Why reading stopped before the value was whole. Told on demand: the column is counted from the begin of the line, which a text of
    /// one line with a bracket everywhere would count over and over.
    pub(super) fn error(&self) -> Option<ReadError> {
        self.fault.map(|expected| self.document.lines.error(self.document.text, self.end, expected))
    }
}

/// Where each line of a text begins.
#[derive(Debug)]
pub(super) struct Lines(Vec<u32>);

impl Lines {
    /// Finds the lines. Texts beyond 4 GiB are refused before this.
    pub(super) fn of(text: &str) -> Self {
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|i| i + 1);
        Self(std::iter::once(0).chain(breaks).map(offset).collect())
    }

    /// How many lines there are; at least one.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The byte at which a line begins, lines counted from 0; the text's end when there is no such line.
    pub(super) fn begin(&self, text: &str, line: usize) -> usize {
        self.0.get(line).map_or(text.len(), |start| *start as usize)
    }

    /// A line of the text without its line break, counted from 0; empty when there is none.
    pub(super) fn row<'t>(&self, text: &'t str, line: usize) -> &'t str {
        let row = text.get(self.begin(text, line)..self.begin(text, line + 1)).unwrap_or_default();
        row.trim_end_matches(['\n', '\r'])
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> u32 {
        offset(self.0.partition_point(|start| *start as usize <= at))
    }

    /// An error at a byte of `text`, with line, column and what stands there.
    pub(super) fn error(&self, text: &str, at: usize, expected: impl Into<String>) -> ReadError {
        let line = self.line(at);
        let start = self.0.get(line as usize - 1).map_or(0, |start| *start as usize);
        let column = text.get(start..at).map_or(1, |before| before.chars().count() + 1);
        let rest = text.get(at..).unwrap_or_default();
        let word: String = rest.chars().take_while(|c| !matches!(c, '\n' | '\r')).take(24).collect();
        let found = match word.trim_end() {
            "" if rest.trim().is_empty() => "the end of the text".to_owned(),
            "" => "the end of the line".to_owned(),
            word => format!("`{}`", text::one_line(word)),
        };
        ReadError { line, column: offset(column), expected: shortened(expected.into()), found }
    }
}

/// What was expected may be made of the document's own words.
pub(super) fn shortened(words: String) -> String {
    let words = if words.contains(text::is_hostile) { text::one_line(&words) } else { words };
    match words.char_indices().nth(240) {
        Some((at, _)) => format!("{}…", &words[..at]),
        None => words,
    }
}

/// Byte offsets fit: longer texts are refused.
fn offset(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    ItemOrEnd,
    KeyOrEnd,
    Key,
    CommaOrEnd,
}

/// Reads one value that starts at byte `start`.
pub(super) fn parse<'t>(text: &'t str, lines: &'t Lines, start: usize) -> Parsed<'t> {
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: start,
        slots: Vec::new(),
        open: Vec::new(),
        key: None,
        escaped: false,
        remarks: Vec::new(),
    };
    let fault = reader.run().err();
    let end = reader.at.min(text.len());
    let next = offset(reader.slots.len());
    for slot in &reader.open {
        reader.slots[*slot].stop = next;
    }
    Parsed { document: Document { text, lines, slots: reader.slots, owned: None }, end, fault, remarks: reader.remarks }
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    slots: Vec<Slot>,
    open: Vec<usize>,
    key: Option<Span>,
    /// A backslash was seen since the last value.
    escaped: bool,
    remarks: Vec<&'static str>,
}

impl Reader<'_> {
    /// Reads until the first value is whole; an error is what was expected at `self.at`.
    fn run(&mut self) -> Result<(), &'static str> {
        let mut next = Next::Value;
        loop {
            self.skip_blanks();
            let byte = self.bytes.get(self.at).copied();
            next = match (next, byte) {
                (Next::KeyOrEnd, Some(b'}')) | (Next::ItemOrEnd, Some(b']')) => self.close(),
                (Next::CommaOrEnd, Some(b'}')) if self.inside() == Some(Kind::Object) => self.close(),
                (Next::CommaOrEnd, Some(b']')) if self.inside() == Some(Kind::Array) => self.close(),
                (Next::CommaOrEnd, Some(b',')) => {
                    self.at += 1;
                    if self.inside() == Some(Kind::Object) { Next::Key } else { Next::Value }
                }
                (Next::CommaOrEnd, Some(_)) if self.lengthen() => Next::CommaOrEnd,
                (Next::CommaOrEnd, Some(b':')) if self.key_in_array() => Next::Value,
                (Next::CommaOrEnd, _) if self.inside() == Some(Kind::Object) => return Err("`,` or `}`"),
                (Next::CommaOrEnd, _) => return Err("`,` or `]`"),
                (Next::Key | Next::KeyOrEnd, Some(b'"')) => {
                    self.key = Some(self.string()?);
                    self.skip_blanks();
                    if self.bytes.get(self.at) != Some(&b':') {
                        return Err("`:` after a key");
                    }
                    self.at += 1;
                    Next::Value
                }
                (Next::Key, _) => return Err("a key in quotes"),
                (Next::KeyOrEnd, _) => return Err("a key in quotes or `}`"),
                (Next::Value | Next::ItemOrEnd, Some(b'{')) => self.begin(Kind::Object, Next::KeyOrEnd),
                (Next::Value | Next::ItemOrEnd, Some(b'[')) => self.begin(Kind::Array, Next::ItemOrEnd),
                (Next::Value | Next::ItemOrEnd, Some(_)) => self.scalar()?,
                (Next::Value | Next::ItemOrEnd, None) => return Err("a value"),
            };
            if self.open.is_empty() {
                return Ok(());
            }
        }
    }

    fn skip_blanks(&mut self) {
        loop {
            while self.bytes.get(self.at).is_some_and(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')) {
                self.at += 1;
                // More than half of a large plan is indentation.
                while self.bytes.get(self.at..self.at + 8) == Some(b"        ") {
                    self.at += 8;
                }
            }
            if self.bytes.get(self.at) != Some(&b'/') {
                return;
            }
            // MySQL's `end_markers_in_json` repeats a key where its value ends: `} /* cost_info */,`.
            let comment = self.text.get(self.at..).and_then(|rest| rest.strip_prefix("/*"));
            let Some(length) = comment.and_then(|comment| comment.find("*/")) else { return };
            self.at += length + 4;
        }
    }

    fn inside(&self) -> Option<Kind> {
        self.open.last().map(|slot| self.slots[*slot].kind)
    }

    fn push(&mut self, kind: Kind, start: usize) -> usize {
        let slot = self.slots.len();
        let key = self.key.take().unwrap_or(Span::NONE);
        let escaped = std::mem::take(&mut self.escaped);
        self.slots.push(Slot { kind, key, start: offset(start), stop: offset(self.at), escaped });
        slot
    }

    fn begin(&mut self, kind: Kind, next: Next) -> Next {
        let slot = self.push(kind, self.at);
        self.open.push(slot);
        self.at += 1;
        next
    }

    fn close(&mut self) -> Next {
        self.at += 1;
        if let Some(slot) = self.open.pop() {
            self.slots[slot].stop = offset(self.slots.len());
        }
        Next::CommaOrEnd
    }

    fn scalar(&mut self) -> Result<Next, &'static str> {
        let start = self.at;
        if self.bytes[start] == b'"' {
            self.string()?;
            self.push(Kind::String, start);
            return Ok(Next::CommaOrEnd);
        }
        let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
        let length = self.bytes[start..].iter().take_while(|b| word(b)).count();
        let kind = match &self.text[start..start + length] {
            // What MySQL's and MariaDB's own test suites, and reports of bugs, print for numbers that change.
            "null" | "REPLACED" => Kind::Null,
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            // "inf" and "nan" are numbers to Rust and not to JSON.
            number if is_number(number) => Kind::Number,
            _ => return Err("a value"),
        };
        self.at += length;
        self.push(kind, start);
        Ok(Next::CommaOrEnd)
    }

    /// Passes a string and gives what is between its quotes. An unfinished one is reported where it begins.
    fn string(&mut self) -> Result<Span, &'static str> {
        let mut at = self.at + 1;
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let Some(length) = memchr::memchr2(b'"', b'\\', rest) else { return Err("the end of this string") };
            at += length;
            if rest[length] == b'"' {
                break;
            }
            self.escaped = true;
            at += 2;
        }
        let span = Span { start: offset(self.at + 1), end: offset(at) };
        self.at = at + 1;
        Ok(span)
    }
}

/// Whether a word is a number. Few are more than digits and a point, which need no arithmetic.
fn is_number(word: &str) -> bool {
    let bytes = word.as_bytes();
    let plain = bytes.first().is_some_and(u8::is_ascii_digit) && {
        let whole = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        match &bytes[whole..] {
            [] => true,
            [b'.', fraction @ ..] => fraction.iter().all(u8::is_ascii_digit),
            _ => false,
        }
    };
    plain || (word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && word.parse::<f64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::{Kind, Lines, parse};

    #[test]
    fn values_keep_order_repeats_and_lines() {
        let text = "{\"b\": 1,\n \"a\": [true, null, \"x\\u00e9\\n\"],\n \"b\": -2.5e1}";
        let lines = Lines::of(text);
        let parsed = parse(text, &lines, 0);
        assert_eq!((parsed.fault, parsed.end), (None, text.len()));
        let root = parsed.document.root().unwrap();
        let seen: Vec<_> = root.children().map(|v| (v.key().unwrap().into_owned(), v.line(), v.number())).collect();
        assert_eq!(seen, [("b".into(), 1, Some(1.0)), ("a".into(), 2, None), ("b".into(), 3, Some(-25.0))]);
        let items: Vec<_> = root.get("a").unwrap().children().map(super::value::Value::kind).collect();
        assert_eq!(items, [Kind::Bool(true), Kind::Null, Kind::String]);
        assert_eq!(root.get("a").unwrap().children().last().unwrap().text().unwrap(), "xé\n");
    }

    #[test]
    fn an_error_says_where_and_what() {
        for (text, line, column, expected, found) in [
            ("{\"a\" 1}", 1, 6, "`:` after a key", "`1}`"),
            ("{\"a\": 1\n \"b\": 2}", 2, 2, "`,` or `}`", "`\"b\": 2}`"),
            ("[1, ]", 1, 5, "a value", "`]`"),
            ("[1, 2", 1, 6, "`,` or `]`", "the end of the text"),
            ("{\"é\": tru}", 1, 7, "a value", "`tru}`"),
            ("{a: 1}", 1, 2, "a key in quotes or `}`", "`a: 1}`"),
            ("{\"a\": 1,}", 1, 9, "a key in quotes", "`}`"),
            ("{\"a\": \"x\n", 1, 7, "the end of this string", "`\"x`"),
            ("[inf]", 1, 2, "a value", "`inf]`"),
            ("[1}", 1, 3, "`,` or `]`", "`}`"),
            ("", 1, 1, "a value", "the end of the text"),
        ] {
            let lines = Lines::of(text);
            let error = parse(text, &lines, 0).error().unwrap();
            let seen = (error.line, error.column, error.expected.as_str(), error.found.as_str());
            assert_eq!(seen, (line, column, expected, found), "{text}");
        }
    }

    #[test]
    fn comments_are_blanks_and_hidden_numbers_are_none() {
        let text = "{\"a\": {\"b\": 1 /* b */} /* a */, \"c\": REPLACED, \"d\": \"/* x */\"}";
        let lines = Lines::of(text);
        let parsed = parse(text, &lines, 0);
        assert_eq!((parsed.fault, parsed.end), (None, text.len()));
        let root = parsed.document.root().unwrap();
        assert_eq!(root.get("a").unwrap().get("b").unwrap().number(), Some(1.0));
        assert_eq!(
            (root.get("c").unwrap().kind(), root.get("d").unwrap().text().unwrap()),
            (Kind::Null, "/* x */".into())
        );
        let lines = Lines::of("[1 /* ");
        assert_eq!(parse("[1 /* ", &lines, 0).error().unwrap().column, 4, "a comment without an end is none");
    }

    #[test]
    fn a_million_brackets_do_not_overflow_the_stack() {
        let open = "[".repeat(1_000_000);
        let lines = Lines::of(&open);
        let parsed = parse(&open, &lines, 0);
        assert_eq!(parsed.error().unwrap().column, 1_000_001);
        let whole = format!("{open}{}", "]".repeat(1_000_000));
        let lines = Lines::of(&whole);
        assert!(parse(&whole, &lines, 0).fault.is_none());
    }
}
