//! Filling the arena from formats other than JSON.

use std::collections::HashMap;

use super::{Document, Kind, Lines, Slot, Span, offset};

/// Makes a document whose keys and values were found in other ways than by reading JSON.
#[derive(Debug)]
pub(in crate::read) struct Builder<'t> {
    document: Document<'t>,
    open: Vec<usize>,
    key: Option<Span>,
    /// Short words that were kept: the same few keys stand on every node.
    words: HashMap<String, Span>,
}

/// So many words are known again, each this long at most.
const WORDS: (usize, usize) = (1000, 40);
/// So many bytes of words and other texts stay for the next document.
const KEPT: usize = 1 << 16;

impl<'t> Builder<'t> {
    /// An empty document of a text.
    pub(in crate::read) fn new(text: &'t str, lines: &'t Lines) -> Self {
        let document = Document { text, lines, slots: Vec::new(), owned: Some(String::new()) };
        Self { document, open: Vec::new(), key: None, words: HashMap::new() }
    }

    /// The key of the value that comes next.
    pub(in crate::read) fn key(&mut self, key: &str) -> &mut Self {
        self.key = Some(self.keep(key));
        self
    }

    /// Begins an object or an array that stands at byte `at` of the text.
    pub(in crate::read) fn begin(&mut self, kind: Kind, at: usize) -> &mut Self {
        let slot = self.push(kind, Span { start: offset(at), end: 0 });
        self.open.push(slot);
        self
    }

    /// Ends the innermost object or array.
    pub(in crate::read) fn end(&mut self) -> &mut Self {
        if let Some(slot) = self.open.pop() {
            self.document.slots[slot].stop = offset(self.document.slots.len());
        }
        self
    }

    /// A string.
    pub(in crate::read) fn text(&mut self, text: &str) -> &mut Self {
        let span = self.keep(text);
        self.push(Kind::String, span);
        self
    }

    /// A number, a truth or a string, by its looks.
    pub(in crate::read) fn scalar(&mut self, text: &str) -> &mut Self {
        let span = self.keep(text);
        self.push(looks(text), span);
        self
    }

    /// Forgets all values but the words, to build another document of the same text.
    pub(in crate::read) fn clear(&mut self) -> &mut Self {
        self.document.slots.clear();
        self.open.clear();
        self.key = None;
        if let Some(owned) = self.document.owned.as_mut().filter(|owned| owned.len() > KEPT) {
            owned.clear();
            self.words.clear();
        }
        self
    }

    /// What was built since it was cleared.
    pub(in crate::read) fn document(&self) -> &Document<'t> {
        &self.document
    }

    /// Closes what is open.
    pub(in crate::read) fn finish(mut self) -> Document<'t> {
        while !self.open.is_empty() {
            self.end();
        }
        self.document
    }

    fn push(&mut self, kind: Kind, span: Span) -> usize {
        let slot = self.document.slots.len();
        let key = self.key.take().unwrap_or(Span::NONE);
        self.document.slots.push(Slot { kind, key, start: span.start, stop: span.end, escaped: false });
        slot
    }

    /// Where a text stands: in the document as it is, or behind it, where it is kept.
    fn keep(&mut self, text: &str) -> Span {
        let whole = self.document.text;
        // Texts do not overlap: what begins and ends inside the document is a part of it.
        let inside = text.as_ptr().addr().checked_sub(whole.as_ptr().addr());
        if let Some(start) = inside.filter(|start| start + text.len() <= whole.len()) {
            return Span { start: offset(start), end: offset(start + text.len()) };
        }
        if let Some(span) = self.words.get(text) {
            return *span;
        }
        let Some(owned) = &mut self.document.owned else { return Span { start: 0, end: 0 } };
        let start = whole.len() + owned.len();
        owned.push_str(text);
        let span = Span { start: offset(start), end: offset(start + text.len()) };
        if self.words.len() < WORDS.0 && text.len() <= WORDS.1 {
            self.words.insert(text.to_owned(), span);
        }
        span
    }
}

fn looks(text: &str) -> Kind {
    match text {
        "true" => Kind::Bool(true),
        "false" => Kind::Bool(false),
        number
            if number.starts_with(|c: char| c == '-' || c.is_ascii_digit())
                && number.ends_with(|c: char| c.is_ascii_digit())
                && number.parse::<f64>().is_ok() =>
        {
            Kind::Number
        }
        _ => Kind::String,
    }
}

#[cfg(test)]
mod tests {
    use super::{Builder, Kind, Lines};

    #[test]
    fn what_was_built_reads_like_json() {
        let text = "some\nlines";
        let lines = Lines::of(text);
        let mut builder = Builder::new(text, &lines);
        builder.begin(Kind::Object, 5).key("a").scalar("1.50").key("b").text("x\"\ny\\n").key("c");
        builder.begin(Kind::Array, 5).scalar("true").text("2").begin(Kind::Object, 5).end();
        let document = builder.finish();
        let root = document.root().unwrap();
        assert_eq!((root.line(), root.get("a").unwrap().number()), (2, Some(1.5)));
        assert_eq!(root.get("b").unwrap().text().unwrap(), "x\"\ny\\n");
        assert_eq!(root.verbatim(), r#"{"a": 1.50, "b": "x\"\ny\\n", "c": [true, "2", {}]}"#);
        assert_eq!(root.get("a").unwrap().verbatim(), "1.50");
    }
}
