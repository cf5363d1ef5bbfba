//! Looking at values of a document.

use std::borrow::Cow;

use super::{Document, Kind, Slot, Span};

impl Document<'_> {
    /// The first value, if any was begun.
    #[cfg(test)]
    pub(in crate::read) fn root(&self) -> Option<Value<'_>> {
        (!self.slots.is_empty()).then_some(Value { document: self, at: 0 })
    }

    /// Every value, in the order of the text.
    pub(in crate::read) fn values(&self) -> impl Iterator<Item = Value<'_>> {
        (0..super::offset(self.slots.len())).map(|at| Value { document: self, at })
    }

    fn slice(&self, span: Span) -> &str {
        let (start, end) = (span.start as usize, span.end as usize);
        match &self.owned {
            Some(owned) if start >= self.text.len() => owned.get(start - self.text.len()..end - self.text.len()),
            _ => self.text.get(start..end),
        }
        .unwrap_or_default()
    }

    /// Whether strings have quotes and escapes.
    fn is_json(&self) -> bool {
        self.owned.is_none()
    }
}

/// A value and its place.
#[derive(Debug, Clone, Copy)]
pub(in crate::read) struct Value<'d> {
    document: &'d Document<'d>,
    at: u32,
}

impl<'d> Value<'d> {
    fn slot(self) -> &'d Slot {
        &self.document.slots[self.at as usize]
    }

    /// Whether it may hold others.
    fn is_container(self) -> bool {
        matches!(self.kind(), Kind::Object | Kind::Array)
    }

    /// The bytes of a value that holds no others, quotes included.
    fn span(self) -> Span {
        let slot = self.slot();
        Span { start: slot.start, end: if self.is_container() { slot.start } else { slot.stop } }
    }

    /// What it is.
    pub(in crate::read) fn kind(self) -> Kind {
        self.slot().kind
    }

    /// Whether it is an object.
    pub(in crate::read) fn is_object(self) -> bool {
        self.kind() == Kind::Object
    }

    /// Whether it is an array.
    pub(in crate::read) fn is_array(self) -> bool {
        self.kind() == Kind::Array
    }

    /// Its key in the object that holds it.
    pub(in crate::read) fn key(self) -> Option<Cow<'d, str>> {
        let key = Some(self.slot().key).filter(|key| key.start != Span::NONE.start)?;
        let key = self.document.slice(key);
        Some(if self.slot().escaped { unescape(key) } else { Cow::Borrowed(key) })
    }

    /// The first byte of it in the text; the text's end for what does not stand there as it is.
    pub(in crate::read) fn start(self) -> usize {
        (self.slot().start as usize).min(self.document.text.len())
    }

    /// The line it starts on, from 1.
    pub(in crate::read) fn line(self) -> u32 {
        self.document.lines.line(self.start())
    }

    /// Its place among the document's values, in pre-order.
    pub(in crate::read) fn place(self) -> u32 {
        self.at
    }

    /// The place after its last descendant.
    pub(in crate::read) fn after(self) -> u32 {
        if self.is_container() { self.slot().stop } else { self.at + 1 }
    }

    /// The items of an array, the values of an object.
    pub(in crate::read) fn children(self) -> impl Iterator<Item = Value<'d>> {
        let document = self.document;
        let mut at = self.at + 1;
        let end = self.after();
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let child = Value { document, at };
                at = child.after();
                child
            })
        })
    }

    /// Everything inside it, in the order of the text.
    pub(in crate::read) fn descendants(self) -> impl Iterator<Item = Value<'d>> {
        let document = self.document;
        (self.at + 1..self.after()).map(move |at| Value { document, at })
    }

    /// The same without what stands under certain keys, which is not even looked at.
    pub(in crate::read) fn descendants_outside(self, keys: &'static [&str]) -> impl Iterator<Item = Value<'d>> {
        let document = self.document;
        let mut at = self.at + 1;
        let end = self.after();
        std::iter::from_fn(move || {
            while at < end {
                let value = Value { document, at };
                if value.key().is_some_and(|key| keys.contains(&key.as_ref())) {
                    at = value.after();
                } else {
                    at += 1;
                    return Some(value);
                }
            }
            None
        })
    }

    /// The first value under a key.
    pub(in crate::read) fn get(self, key: &str) -> Option<Value<'d>> {
        self.is_object().then(|| self.children().find(|v| v.key().is_some_and(|k| k == key))).flatten()
    }

    /// A string's characters. Where nobody told strings from numbers (any format but JSON), a number's too.
    pub(in crate::read) fn text(self) -> Option<Cow<'d, str>> {
        let span @ Span { start, end } = self.span();
        match self.kind() {
            Kind::String if self.document.is_json() => {
                let text = self.document.slice(Span { start: start + 1, end: end.saturating_sub(1) });
                Some(if self.slot().escaped { unescape(text) } else { Cow::Borrowed(text) })
            }
            Kind::String => Some(Cow::Borrowed(self.document.slice(span))),
            Kind::Number | Kind::Bool(_) if !self.document.is_json() => Some(Cow::Borrowed(self.document.slice(span))),
            _ => None,
        }
    }

    /// A finite number, also one that stands in quotes (MySQL's version 1 quotes its costs).
    pub(in crate::read) fn number(self) -> Option<f64> {
        let number = match self.kind() {
            Kind::Number => self.document.slice(self.span()).parse::<f64>().ok(),
            Kind::String => self.text()?.trim().parse::<f64>().ok(),
            _ => None,
        };
        number.filter(|n| n.is_finite())
    }

    /// `true`, or a number that is not zero (MariaDB writes `1`).
    pub(in crate::read) fn truth(self) -> bool {
        match self.kind() {
            Kind::Bool(truth) => truth,
            Kind::Number => self.number().is_some_and(|n| n != 0.0),
            _ => false,
        }
    }

    /// The strings of an array, or the one string it is. Other items stand as [`Self::verbatim`] gives them.
    pub(in crate::read) fn texts(self) -> Vec<String> {
        if self.is_array() { self.children().map(Self::verbatim).collect() } else { vec![self.verbatim()] }
    }

    /// A number's digits as they stand.
    pub(in crate::read) fn digits(self) -> Option<&'d str> {
        (self.kind() == Kind::Number).then(|| self.document.slice(self.span()))
    }

    /// The value for keeping: a string without its quotes, anything else as JSON with one blank after `,` and `:`.
    pub(in crate::read) fn verbatim(self) -> String {
        if let Some(text) = self.text() {
            return text.into_owned();
        }
        self.written()
    }
}

impl Value<'_> {
    /// A container as JSON; of a document that is JSON itself, with every scalar as it stands there.
    fn written(self) -> String {
        let mut out = String::new();
        // What closes each open container, and where.
        let mut open: Vec<(u32, char)> = Vec::new();
        for at in self.at..self.after() {
            let value = Value { document: self.document, at };
            while open.last().is_some_and(|(end, _)| *end <= at) {
                out.extend(open.pop().map(|(_, close)| close));
            }
            if at > self.at {
                if !out.ends_with(['{', '[']) {
                    out.push_str(", ");
                }
                if open.last().is_some_and(|(_, close)| *close == '}') {
                    let key = self.document.slice(value.slot().key);
                    if self.document.is_json() {
                        out.extend(["\"", key, "\""]);
                    } else {
                        quote(key, &mut out);
                    }
                    out.push_str(": ");
                }
            }
            match value.kind() {
                Kind::Object => {
                    out.push('{');
                    open.push((value.after(), '}'));
                }
                Kind::Array => {
                    out.push('[');
                    open.push((value.after(), ']'));
                }
                Kind::Null => out.push_str("null"),
                _ if self.document.is_json() => out.push_str(self.document.slice(value.span())),
                Kind::String => quote(&value.text().unwrap_or_default(), &mut out),
                Kind::Number | Kind::Bool(_) => out.push_str(&value.text().unwrap_or_default()),
            }
        }
        out.extend(open.into_iter().rev().map(|(_, close)| close));
        // It is kept with its node.
        out.shrink_to_fit();
        out
    }
}

/// A JSON string.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                let escape = format!("\\u{:04x}", c as u32);
                out.push_str(&escape);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// An object's fields, taken one by one; what is left at the end was not modelled.
pub(in crate::read) struct Fields<'d>(Vec<(Cow<'d, str>, Option<Value<'d>>)>);

impl<'d> Fields<'d> {
    /// The fields of an object; anything else has none.
    pub(in crate::read) fn of(value: Value<'d>) -> Self {
        if !value.is_object() {
            return Self(Vec::new());
        }
        Self(value.children().map(|v| (v.key().unwrap_or_default(), Some(v))).collect())
    }

    /// Takes the first value under a key.
    pub(in crate::read) fn take(&mut self, key: &str) -> Option<Value<'d>> {
        self.take_if(key, Some)
    }

    /// Takes a string.
    pub(in crate::read) fn text(&mut self, key: &str) -> Option<String> {
        self.take_if(key, |v| v.text().map(Cow::into_owned))
    }

    /// Takes a number.
    pub(in crate::read) fn number(&mut self, key: &str) -> Option<f64> {
        self.take_if(key, Value::number)
    }

    /// A number that also stays, for readers that keep the raw field.
    pub(in crate::read) fn peek_number(&self, key: &str) -> Option<f64> {
        self.0.iter().filter(|(k, _)| k == key).find_map(|(_, v)| v.and_then(Value::number))
    }

    /// Takes a truth; absent is false.
    pub(in crate::read) fn truth(&mut self, key: &str) -> bool {
        self.take(key).is_some_and(Value::truth)
    }

    /// Takes strings.
    pub(in crate::read) fn texts(&mut self, key: &str) -> Vec<String> {
        self.take(key).map(Value::texts).unwrap_or_default()
    }

    /// What was not taken, `null` left out.
    pub(in crate::read) fn rest(self) -> impl Iterator<Item = (String, String)> {
        let left = self.0.into_iter().filter_map(|(k, v)| v.map(|v| (k, v)));
        left.filter(|(_, v)| v.kind() != Kind::Null).map(|(k, v)| (k.into_owned(), v.verbatim()))
    }

    /// A value of another kind than asked for stays, so that it is kept verbatim.
    fn take_if<T>(&mut self, key: &str, read: impl Fn(Value<'d>) -> Option<T>) -> Option<T> {
        let (_, slot) = self.0.iter_mut().find(|(k, v)| k == key && v.is_some())?;
        let got = read((*slot)?)?;
        *slot = None;
        Some(got)
    }
}

/// Resolves escapes; what is no escape stays as it is, half a surrogate pair becomes U+FFFD.
pub(in crate::read) fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(c) = rest.chars().next() else {
            out.push('\\');
            break;
        };
        rest = &rest[c.len_utf8()..];
        match c {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            '"' | '\\' | '/' => out.push(c),
            'u' => rest = unicode(rest, &mut out),
            c => out.extend(['\\', c]),
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character of the four (or, for a surrogate pair, ten) characters after `\u`; gives what follows.
fn unicode<'t>(rest: &'t str, out: &mut String) -> &'t str {
    let hex = |s: &str| s.get(..4).and_then(|h| u32::from_str_radix(h, 16).ok());
    let Some(high) = hex(rest) else {
        out.push_str("\\u");
        return rest;
    };
    let after = &rest[4..];
    if (0xd800..0xdc00).contains(&high)
        && let Some(low) = after.strip_prefix("\\u").and_then(hex)
        && (0xdc00..0xe000).contains(&low)
    {
        out.push(char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)).unwrap_or('\u{fffd}'));
        return &after[6..];
    }
    out.push(char::from_u32(high).unwrap_or('\u{fffd}'));
    after
}

#[cfg(test)]
mod tests {
    use super::{super::Lines, super::parse, Fields, unescape};

    #[test]
    fn escapes_become_characters() {
        for (raw, text) in [
            (r"a\tb\\\/\q", "a\tb\\/\\q"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83d!", "\u{fffd}!"),
            (r"\u00zz", "\\u00zz"),
            ("\\", "\\"),
        ] {
            assert_eq!(unescape(raw), text);
        }
    }

    #[test]
    fn a_field_of_another_kind_is_kept_verbatim() {
        let text = r#"{"rows": "many", "cost": "1.5", "deep": { "a" : [1, 2, " b "] }, "none": null}"#;
        let lines = Lines::of(text);
        let parsed = parse(text, &lines, 0);
        let mut fields = Fields::of(parsed.document.root().unwrap());
        assert_eq!((fields.number("rows"), fields.number("cost")), (None, Some(1.5)));
        let rest: Vec<_> = fields.rest().collect();
        assert_eq!(
            rest,
            [("rows".into(), "many".into()), ("deep".into(), r#"{"a": [1, 2, " b "]}"#.to_owned())]
                as [(String, String); 2]
        );
    }
}
