//! Brackets and quotes of deparsed SQL: whether a line is whole, and where lists are cut.

/// What stands open at the end of a text. Backslashes mean nothing: the server doubles quotes instead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Balance {
    depth: i32,
    quote: Option<char>,
}

impl Balance {
    /// Reads on.
    pub(super) fn feed(&mut self, text: &str) {
        for c in text.chars() {
            self.step(c);
        }
    }

    /// Whether a quoted text has begun and not ended.
    pub(super) fn in_quotes(self) -> bool {
        self.quote.is_some()
    }

    /// Whether something has begun and not ended.
    pub(super) fn is_open(self) -> bool {
        self.depth > 0 || self.quote.is_some()
    }

    /// One character; tells whether it stands outside of everything.
    fn step(&mut self, c: char) -> bool {
        match (self.quote, c) {
            (Some(quote), c) => {
                if quote == c {
                    self.quote = None;
                }
                return false;
            }
            (None, '\'' | '"') => self.quote = Some(c),
            (None, '(' | '[') => self.depth += 1,
            (None, ')' | ']') => self.depth -= 1,
            _ => return self.depth <= 0,
        }
        false
    }
}

/// The items of a list printed with `, ` between them.
pub(super) fn items(text: &str) -> Vec<&str> {
    let (mut balance, mut found, mut start) = (Balance::default(), Vec::new(), 0);
    for (at, c) in text.char_indices() {
        if balance.step(c) && c == ',' {
            found.push(text[start..at].trim());
            start = at + 1;
        }
    }
    found.push(text[start..].trim());
    found
}

#[cfg(test)]
mod tests {
    use super::{Balance, items};

    #[test]
    fn a_list_is_cut_outside_of_brackets_and_quotes() {
        assert_eq!(
            items("a, f(b, c), 'it''s, (', \"x,y\" DESC, (ARRAY[1, 2])"),
            ["a", "f(b, c)", "'it''s, ('", "\"x,y\" DESC", "(ARRAY[1, 2])"]
        );
        assert_eq!(items(""), [""]);
    }

    #[test]
    fn an_open_bracket_or_quote_is_noticed() {
        for (text, open, quoted) in
            [("(a = 'x(')", false, false), ("(a = 'x", true, true), ("((a)", true, false), ("a)", false, false)]
        {
            let mut balance = Balance::default();
            balance.feed(text);
            assert_eq!((balance.is_open(), balance.in_quotes()), (open, quoted), "{text}");
        }
    }
}
