//! Where in the person's text an error is. MySQL and MariaDB tell it only in words.

/// A statement as it was sent: something of ours, then the person's text.
pub(in crate::server::mysql) struct Sent<'a> {
    prefix: &'a str,
    text: &'a str,
    /// Characters of the person's text that stand before `text` and were not sent.
    skipped: usize,
}

impl<'a> Sent<'a> {
    #[cfg(test)]
    pub(in crate::server::mysql) const fn new(prefix: &'a str, text: &'a str) -> Self {
        Self { prefix, text, skipped: 0 }
    }

    /// The same where the sent text is the end of what the person typed (an EXPLAIN before it was left out).
    pub(in crate::server::mysql) fn ending(prefix: &'a str, typed: &str, text: &'a str) -> Self {
        let skipped = typed.strip_suffix(text).map_or(0, |head| head.chars().count());
        Self { prefix, text, skipped }
    }

    /// The statement that was explained.
    pub(super) const fn statement(&self) -> &'a str {
        self.text
    }

    /// The character (from 1) of the person's text that the error is at.
    pub(super) fn position(&self, code: u16, message: &str) -> Option<usize> {
        let at = match code {
            1064 | 1149 => self.near(message)?,
            1052 | 1054 | 1146 | 1109 | 1305 | 1630 => self.named(message)?,
            _ => return None,
        };
        Some(self.skipped + self.text.get(..at)?.chars().count() + 1)
    }

    /// `… near 'the rest of the statement, 80 bytes of it at most' at line 3`: a byte of `text`.
    fn near(&self, message: &str) -> Option<usize> {
        let (head, line) = message.rsplit_once("' at line ")?;
        let near = head.split_once("near '")?.1;
        let line: usize = line.trim().parse().ok()?;
        let whole = format!("{}{}", self.prefix, self.text);
        let start = match line {
            0 | 1 => 0,
            line => whole.match_indices('\n').nth(line - 2)?.0 + 1,
        };
        let end = whole[start..].find('\n').map_or(whole.len(), |n| start + n);
        // The rest in full stands where the text ends with it. A longer one is cut, maybe within a character; MariaDB
        // puts dots there.
        let at = if let Some(head) = whole.strip_suffix(near).filter(|_| near.len() < 80) {
            head.len()
        } else {
            let cut = near.strip_suffix("...").unwrap_or(near);
            let cut = cut.get(..cut.len().checked_sub(4)?).or_else(|| cut.get(..cut.len() - 5))?;
            (start..=end).find(|&at| cut.len() > 60 && whole.get(at..).is_some_and(|rest| rest.starts_with(cut)))?
        };
        at.checked_sub(self.prefix.len())
    }

    /// `Unknown column 'o.x' in …`, `Table 'shop.t' doesn't exist`, `FUNCTION shop.f does not exist`: a byte of `text`
    /// if the name stands there once.
    fn named(&self, message: &str) -> Option<usize> {
        let name = match message.strip_prefix("FUNCTION ") {
            Some(rest) => rest.split(' ').next()?,
            None => message.split('\'').nth(1)?,
        };
        let last = name.rsplit('.').next()?;
        [name, last].into_iter().find_map(|name| self.only_place(name))
    }

    fn only_place(&self, name: &str) -> Option<usize> {
        let (text, name) = (self.text.to_ascii_lowercase(), name.to_ascii_lowercase());
        let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let mut places = text.match_indices(&name).filter(|(at, found)| {
            !text[..*at].chars().next_back().is_some_and(inside)
                && !text[at + found.len()..].chars().next().is_some_and(inside)
        });
        let (at, _) = places.next().filter(|_| !name.is_empty())?;
        places.next().is_none().then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::Sent;

    /// The text with the place marked.
    fn marked(text: &str, code: u16, message: &str) -> Option<String> {
        let at = Sent::new("EXPLAIN FORMAT=JSON ", text).position(code, message)?;
        let mut out: String = text.chars().take(at - 1).collect();
        out.push('^');
        out.extend(text.chars().skip(at - 1));
        Some(out)
    }

    #[test]
    fn the_place_is_found_from_what_the_server_says() {
        let long = format!("select é,\n  a frm t where {}", "b = 'x' and ".repeat(20));
        let rest: String = long[long.find("t where").unwrap()..].chars().take(80).collect();
        for (text, code, message, expected) in [
            ("selec 1", 1064, "near 'selec 1' at line 1".to_owned(), Some("^selec 1".to_owned())),
            (
                "select 1; drop table x",
                1064,
                "near 'drop table x' at line 1".to_owned(),
                Some("select 1; ^drop table x".to_owned()),
            ),
            ("select * from", 1064, "near '' at line 1".to_owned(), Some("select * from^".to_owned())),
            (
                "select 'é',\n a frm 'it'",
                1064,
                "near ''it'' at line 2".to_owned(),
                Some("select 'é',\n a frm ^'it'".to_owned()),
            ),
            (&long, 1064, format!("near '{rest}' at line 2"), Some(long.replacen("t where", "^t where", 1))),
            (
                &long,
                1064,
                format!("near '{}...' at line 2", &rest[..77]),
                Some(long.replacen("t where", "^t where", 1)),
            ),
            ("select 1", 1064, "near 'elsewhere' at line 1".to_owned(), None),
            ("select 1", 1064, "near '1' at line 99999999999999999999".to_owned(), None),
            (
                "select o.foo from o",
                1054,
                "Unknown column 'o.foo' in 'field list'".to_owned(),
                Some("select ^o.foo from o".to_owned()),
            ),
            (
                "select `foo`, foobar from o",
                1054,
                "Unknown column 'foo' in 'field list'".to_owned(),
                Some("select `^foo`, foobar from o".to_owned()),
            ),
            ("select foo, foo from o", 1054, "Unknown column 'foo' in 'field list'".to_owned(), None),
            (
                "select * from Gone g",
                1146,
                "Table 'shop.gone' doesn't exist".to_owned(),
                Some("select * from ^Gone g".to_owned()),
            ),
            (
                "select nope(1)",
                1305,
                "FUNCTION shop.nope does not exist".to_owned(),
                Some("select ^nope(1)".to_owned()),
            ),
            ("select 1", 1045, "Access denied 'x'".to_owned(), None),
        ] {
            assert_eq!(marked(text, code, &message), expected, "{text}: {message}");
        }
    }

    #[test]
    fn what_was_left_out_before_the_statement_is_counted() {
        let sent = Sent::ending("EXPLAIN FORMAT=JSON ", "explain select x frm", "select x frm");
        assert_eq!(sent.position(1064, "near 'frm' at line 1"), Some(18));
    }
}
