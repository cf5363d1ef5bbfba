//! What servers write that is no JSON. Each is told by what cannot stand there in any JSON, so that nothing valid is read otherwise.

use super::{Kind, Reader, Slot, Span, offset};

/// PostgreSQL writes what a MERGE did into the list of the tables it did it to (`show_modifytable_info`).
const KEYS: &str = "The server's JSON is not valid: it writes keys inside a list (PostgreSQL does, of MERGE on a partitioned table). They are read \
                    as its node's own.";
/// MariaDB escapes no quotes in conditions, and with `ANSI_QUOTES` all names have them.
const QUOTES: &str = "The server's JSON is not valid: it writes quotes inside texts as they are (MariaDB does with sql_mode = ANSI_QUOTES). Each such \
                      text is taken to end with its line.";

impl Reader<'_> {
    /// Where `:` follows a string in a list: takes the string for a key. What comes next is its value.
    pub(super) fn key_in_array(&mut self) -> bool {
        let key = self.last_string();
        let (Some(Kind::Array), Some(slot)) = (self.inside(), key) else { return false };
        let key = Span { start: slot.start + 1, end: slot.stop.saturating_sub(1) };
        (self.escaped, self.key) = (slot.escaped, Some(key));
        self.slots.pop();
        self.at += 1;
        self.remark(KEYS);
        true
    }

    /// Where something follows the last string of an object that cannot: makes the string longer, up to the last quote of its line, when
    /// nothing but the ends of what is open stands behind that.
    pub(super) fn lengthen(&mut self) -> bool {
        let last = self.last_string();
        let (Some(Kind::Object), Some(slot)) = (self.inside(), last) else { return false };
        let (start, stop) = (slot.start as usize, slot.stop as usize);
        let rest = self.text.get(start..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        let Some(quote) = line.rfind('"').filter(|quote| start + quote >= stop.max(self.at)) else { return false };
        if !line[quote + 1..].bytes().all(|b| b.is_ascii_whitespace() || matches!(b, b',' | b'}' | b']')) {
            return false;
        }
        let end = start + quote + 1;
        if let Some(slot) = self.slots.last_mut() {
            slot.stop = offset(end);
            slot.escaped = line[..quote].contains('\\');
        }
        self.at = end;
        self.remark(QUOTES);
        true
    }

    /// The value that ends here when it is a string: nothing was closed since.
    fn last_string(&self) -> Option<&Slot> {
        let blank =
            |slot: &&Slot| self.bytes.get(slot.stop as usize..self.at).is_some_and(|b| b.trim_ascii().is_empty());
        self.slots.last().filter(|slot| slot.kind == Kind::String).filter(blank)
    }

    fn remark(&mut self, words: &'static str) {
        if !self.remarks.contains(&words) {
            self.remarks.push(words);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Lines, parse};

    #[test]
    fn quotes_inside_of_a_text_end_it_at_the_end_of_the_line() {
        let text =
            "{\n  \"c\": \"o.\"a\" = 'x' and \"b\"\",\n  \"k\": \"\"q\"\", \n \"n\": 1, \"z\": \"\"y\" > \"\\n\"\"}\n";
        let lines = Lines::of(text);
        let parsed = parse(text, &lines, 0);
        assert_eq!(parsed.fault, None);
        let root = parsed.document.root().unwrap();
        let seen = |key: &str| root.get(key).unwrap().text().unwrap().into_owned();
        assert_eq!(
            (seen("c"), seen("k"), seen("z")),
            ("o.\"a\" = 'x' and \"b\"".into(), "\"q\"".into(), "\"y\" > \"\n\"".into())
        );
        assert_eq!((root.get("n").unwrap().number(), parsed.remarks.len()), (Some(1.0), 1));
    }

    #[test]
    fn what_no_server_writes_stays_an_error() {
        for text in [
            "{\"a\": \"x\" \"b\": 1}",
            "{\"a\": \"x\" y\n\"b\": \"z\"}",
            "[\"a\" \"b\"]",
            "[1: 2]",
            "{\"a\": \"x\": 1}",
            "[\"a\": ]",
            "[[\"a\"]: 1]",
            "{\"a\": [\"b\"] \"c\"}",
        ] {
            let lines = Lines::of(text);
            let parsed = parse(text, &lines, 0);
            assert!(parsed.fault.is_some(), "{text}");
        }
    }

    #[test]
    fn a_key_inside_a_list_names_what_follows() {
        let text = "{\"t\": [{\"a\": 1}, \"n\\u0020i\": 2, \"s\": \"x\", \"y\"]}";
        let lines = Lines::of(text);
        let parsed = parse(text, &lines, 0);
        assert_eq!((parsed.fault, parsed.remarks.len()), (None, 1));
        let list = parsed.document.root().unwrap().get("t").unwrap();
        let keys: Vec<_> = list.children().map(|v| v.key().map(std::borrow::Cow::into_owned)).collect();
        assert_eq!(keys, [None, Some("n i".to_owned()), Some("s".to_owned()), None]);
    }
}
