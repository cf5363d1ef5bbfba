//! The lexer under everything in this room: where words, quotes and comments begin and end.
//!
//! It never fails: an unfinished quote or comment reaches to the end of the text. Rules: PostgreSQL 18
//! `src/backend/parser/scan.l`; MySQL 9.7 manual, "Comments" and "String Literals".

use crate::plan::Engine;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// White space.
    Blank,
    /// A comment the server ignores.
    Comment,
    /// A MySQL comment whose content the server runs: `/*! … */`, `/*M! … */`.
    Executable,
    /// An unquoted word.
    Word,
    /// A quoted name: `"x"` on PostgreSQL, `` `x` `` on MySQL.
    Name,
    /// A string, dollar-quoted ones included.
    String,
    /// A number.
    Number,
    /// `$1`.
    Parameter,
    /// One byte of anything else.
    Symbol,
}

/// A token: bytes `start..end` of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: Kind,
    /// First byte.
    pub(super) start: usize,
    /// One past the last byte.
    pub(super) end: usize,
}

impl Token {
    /// The token's text.
    pub(super) fn text(self, sql: &str) -> &str {
        sql.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether it is this unquoted word, in any case.
    pub(super) fn is_word(self, sql: &str, word: &str) -> bool {
        self.kind == Kind::Word && self.text(sql).eq_ignore_ascii_case(word)
    }

    /// Whether it is this one-byte symbol.
    pub(super) fn is_symbol(self, sql: &str, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text(sql) == symbol
    }

    /// Whether the server acts on it: neither blank nor comment.
    pub(super) fn is_content(self) -> bool {
        !matches!(self.kind, Kind::Blank | Kind::Comment)
    }
}

/// The tokens of a text; they cover every byte of it, and all borders are character borders.
pub(super) fn lex(sql: &str, engine: Engine) -> Vec<Token> {
    let mut lexer = Lexer { bytes: sql.as_bytes(), at: 0, mysql: engine != Engine::PostgreSql };
    let mut tokens = Vec::new();
    while lexer.at < lexer.bytes.len() {
        let start = lexer.at;
        let kind = lexer.next();
        tokens.push(Token { kind, start, end: lexer.at });
    }
    tokens
}

/// The tokens a server acts on.
pub(super) fn content(sql: &str, engine: Engine) -> Vec<Token> {
    let mut tokens = lex(sql, engine);
    tokens.retain(|t| t.is_content());
    tokens
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    mysql: bool,
}

const fn starts_word(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_' || b >= 0x80
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn skip_while(&mut self, mut wanted: impl FnMut(u8) -> bool) {
        while self.peek(0).is_some_and(&mut wanted) {
            self.at += 1;
        }
    }

    fn next(&mut self) -> Kind {
        let (first, second) = (self.peek(0).unwrap_or(0), self.peek(1));
        match (first, second) {
            (b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c, _) => {
                self.skip_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c));
                Kind::Blank
            }
            (b'-', Some(b'-')) if self.dashes_comment() => self.line_comment(),
            (b'#', _) if self.mysql => self.line_comment(),
            (b'/', Some(b'*')) => self.block_comment(),
            (b'\'', _) => self.string(b'\'', self.mysql),
            (b'"', _) if self.mysql => self.string(b'"', true),
            (b'"', _) => self.name(b'"'),
            (b'`', _) if self.mysql => self.name(b'`'),
            (b'$', Some(b)) if !self.mysql && b.is_ascii_digit() => {
                self.at += 1;
                self.skip_while(|b| b.is_ascii_digit());
                Kind::Parameter
            }
            (b'$', _) if !self.mysql => self.dollar(),
            (b, _) if starts_word(b) || (self.mysql && b == b'$') => self.word(),
            (b, _) if b.is_ascii_digit() => self.number(),
            (b'.', Some(b)) if b.is_ascii_digit() && !self.after_name() => self.number(),
            _ => {
                self.at += 1;
                Kind::Symbol
            }
        }
    }

    /// MySQL wants a blank or control character after the dashes.
    fn dashes_comment(&self) -> bool {
        !self.mysql || self.peek(2).is_none_or(|b| b <= b' ' || b == 0x7f)
    }

    /// PostgreSQL ends a line comment at a carriage return too.
    fn line_comment(&mut self) -> Kind {
        let mysql = self.mysql;
        self.skip_while(|b| b != b'\n' && (mysql || b != b'\r'));
        Kind::Comment
    }

    /// PostgreSQL nests block comments, MySQL does not.
    fn block_comment(&mut self) -> Kind {
        let executable = self.mysql
            && (self.peek(2) == Some(b'!')
                || (matches!(self.peek(2), Some(b'M' | b'm')) && self.peek(3) == Some(b'!')));
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (None, _) => break,
                (Some(b'/'), Some(b'*')) if depth == 0 || !self.mysql => {
                    depth += 1;
                    self.at += 2;
                }
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        break;
                    }
                }
                _ => self.at += 1,
            }
        }
        if executable { Kind::Executable } else { Kind::Comment }
    }

    fn string(&mut self, quote: u8, backslash: bool) -> Kind {
        self.quoted(quote, backslash);
        Kind::String
    }

    fn name(&mut self, quote: u8) -> Kind {
        self.quoted(quote, false);
        Kind::Name
    }

    /// Consumes a quoted run; a doubled quote stands for one.
    fn quoted(&mut self, quote: u8, backslash: bool) {
        self.at += 1;
        while let Some(b) = self.peek(0) {
            self.at += 1;
            if b == b'\\' && backslash {
                self.at = (self.at + 1).min(self.bytes.len());
                // Keeps borders on characters: the escaped one may have several bytes.
                self.skip_while(|b| (0x80..0xc0).contains(&b));
            } else if b == quote {
                if self.peek(0) != Some(quote) {
                    return;
                }
                self.at += 1;
            }
        }
    }

    /// `$tag$ … $tag$`, or a lone dollar sign.
    fn dollar(&mut self) -> Kind {
        let mut end = self.at + 1;
        while self.bytes.get(end).is_some_and(|b| starts_word(*b) || (end > self.at + 1 && b.is_ascii_digit())) {
            end += 1;
        }
        if self.bytes.get(end) != Some(&b'$') {
            self.at += 1;
            return Kind::Symbol;
        }
        let tag = &self.bytes[self.at..=end];
        self.at = end + 1;
        let rest = &self.bytes[self.at..];
        self.at = rest
            .windows(tag.len())
            .position(|window| window == tag)
            .map_or(self.bytes.len(), |found| self.at + found + tag.len());
        Kind::String
    }

    fn word(&mut self) -> Kind {
        let start = self.at;
        self.skip_while(|b| starts_word(b) || b.is_ascii_digit() || b == b'$');
        let word = &self.bytes[start..self.at];
        if !self.mysql && word.eq_ignore_ascii_case(b"e") && self.peek(0) == Some(b'\'') {
            self.escape_string();
            return Kind::String;
        }
        Kind::Word
    }

    /// `E'…'`, with the parts that follow on later lines: they keep the backslash rule of the first.
    fn escape_string(&mut self) {
        loop {
            self.quoted(b'\'', true);
            let gap = self.bytes[self.at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
            let blanks = &self.bytes[self.at..self.at + gap];
            if self.peek(gap) != Some(b'\'') || !blanks.iter().any(|b| matches!(b, b'\n' | b'\r')) {
                return;
            }
            self.at += gap;
        }
    }

    fn number(&mut self) -> Kind {
        // `0x1e+1` is a sum; the sign belongs to a decimal exponent only.
        let decimal = !matches!(self.peek(1), Some(b'x' | b'X'));
        let mut last = 0;
        self.skip_while(|b| {
            let sign = decimal && matches!(b, b'+' | b'-') && matches!(last, b'e' | b'E');
            let wanted = b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_') || b >= 0x80 || sign;
            last = b;
            wanted
        });
        Kind::Number
    }

    fn after_name(&self) -> bool {
        self.at > 0 && {
            let b = self.bytes[self.at - 1];
            starts_word(b) || b.is_ascii_digit() || matches!(b, b'"' | b'`' | b']' | b')')
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Kind, content, lex};
    use crate::plan::Engine;

    fn kinds(sql: &str, engine: Engine) -> Vec<(Kind, String)> {
        content(sql, engine).into_iter().map(|t| (t.kind, t.text(sql).to_owned())).collect()
    }

    #[test]
    fn quotes_end_where_the_server_ends_them() {
        for (engine, sql, expected) in [
            (Engine::PostgreSql, r"'a\' 'b'", vec![r"'a\'", "'b'"]),
            (Engine::MySql, r"'a\' b'", vec![r"'a\' b'"]),
            (Engine::PostgreSql, r"E'a\'b' c", vec![r"E'a\'b'", "c"]),
            (Engine::PostgreSql, "E'a'\n'b\\'c' d", vec!["E'a'\n'b\\'c'", "d"]),
            (Engine::PostgreSql, "'it''s' x", vec!["'it''s'", "x"]),
            (Engine::PostgreSql, "$$a;b$$ $x$ $$ $x$ $1", vec!["$$a;b$$", "$x$ $$ $x$", "$1"]),
            (Engine::PostgreSql, "a$b$c", vec!["a$b$c"]),
            (Engine::PostgreSql, "\"a\"\"b\" c", vec!["\"a\"\"b\"", "c"]),
            (Engine::MySql, "`a``b` \"x\\\"y\"", vec!["`a``b`", "\"x\\\"y\""]),
            (Engine::PostgreSql, "1.5e-3 .5 t.5", vec!["1.5e-3", ".5", "t", ".", "5"]),
        ] {
            let texts: Vec<String> = kinds(sql, engine).into_iter().map(|k| k.1).collect();
            assert_eq!(texts, expected, "{sql}");
        }
    }

    #[test]
    fn comments_follow_the_server() {
        for (engine, sql, left) in [
            (Engine::PostgreSql, "a /* x /* y */ z */ b", "a b"),
            (Engine::MySql, "a /* x /* y */ b", "a b"),
            (Engine::PostgreSql, "a --b\nc", "a c"),
            (Engine::PostgreSql, "a --b\rc", "a c"),
            (Engine::MySql, "a --b", "a - - b"),
            (Engine::MySql, "a -- b\nc", "a c"),
            (Engine::MySql, "a # b\nc", "a c"),
            (Engine::PostgreSql, "a # b", "a # b"),
            (Engine::MySql, "a /*!50000 b */", "a /*!50000 b */"),
            (Engine::MariaDb, "a /*M!100100 b */", "a /*M!100100 b */"),
        ] {
            let texts: Vec<String> = kinds(sql, engine).into_iter().map(|k| k.1).collect();
            assert_eq!(texts.join(" "), left, "{sql}");
        }
        assert_eq!(kinds("/*! b */", Engine::MySql)[0].0, Kind::Executable);
    }

    proptest! {
        #[test]
        fn tokens_cover_any_text_on_character_borders(sql in r#"(\PC|['"`$/*;\\\-#eE\n.\d]){0,60}"#) {
            for engine in [Engine::PostgreSql, Engine::MySql, Engine::MariaDb] {
                let mut at = 0;
                for token in lex(&sql, engine) {
                    prop_assert_eq!(token.start, at);
                    prop_assert!(token.end > token.start && sql.is_char_boundary(token.end));
                    at = token.end;
                }
                prop_assert_eq!(at, sql.len());
            }
        }
    }
}
