//! Where one statement ends and the next begins.

use super::lex::{Kind, Token, lex};
use crate::plan::Engine;

/// A statement's place in a text, bytes, without its semicolon and surrounding blanks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The text the span covers.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// The statements of a text. Quotes, dollar quotes and comments are respected, and semicolons between `BEGIN` and
/// `END` of a routine's body; an unfinished quote reaches to the end. Parts without content (blanks and comments
/// alone) are no statements.
#[must_use]
pub fn split(text: &str, engine: Engine) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut part: Vec<Token> = Vec::new();
    let mut body = Body::default();
    for token in lex(text, engine) {
        if token.is_content() {
            body.see(token, text);
        }
        if token.is_symbol(text, ";") && body.depth == 0 {
            spans.extend(close(&part));
            part.clear();
            body = Body::default();
        } else {
            part.push(token);
        }
    }
    spans.extend(close(&part));
    spans
}

/// The statement under a byte offset (the cursor), or the last one before it.
#[must_use]
pub fn statement_at(text: &str, engine: Engine, offset: usize) -> Option<Span> {
    let all = split(text, engine);
    all.iter().rev().find(|s| s.start <= offset).or(all.first()).copied()
}

fn close(part: &[Token]) -> Option<Span> {
    if !part.iter().any(|t| t.is_content()) {
        return None;
    }
    let first = part.iter().find(|t| t.kind != Kind::Blank)?;
    let last = part.iter().rfind(|t| t.kind != Kind::Blank)?;
    Some(Span { start: first.start, end: last.end })
}

/// Follows `CREATE … FUNCTION|PROCEDURE|TRIGGER|EVENT … BEGIN … END`, as psql's `psqlscan.l` does.
#[derive(Debug, Default)]
struct Body {
    words: usize,
    creates: bool,
    routine: bool,
    depth: usize,
    last_was_end: bool,
}

impl Body {
    fn see(&mut self, token: Token, text: &str) {
        let after_end = std::mem::take(&mut self.last_was_end);
        if token.kind != Kind::Word {
            self.words += 1;
            return;
        }
        let word = token.text(text).to_ascii_uppercase();
        if self.words == 0 {
            self.creates = word == "CREATE";
        }
        self.words += 1;
        if !self.creates {
            return;
        }
        if !self.routine {
            // `OR REPLACE` and MySQL's `DEFINER = 'user'@'host'` may stand between.
            self.routine = self.words <= 10 && matches!(word.as_str(), "FUNCTION" | "PROCEDURE" | "TRIGGER" | "EVENT");
            return;
        }
        match word.as_str() {
            "BEGIN" => self.depth += 1,
            "CASE" if after_end => {}
            // `END IF` closes what opened no level here.
            "IF" | "LOOP" | "REPEAT" | "WHILE" if after_end => self.depth += 1,
            "CASE" if self.depth > 0 => self.depth += 1,
            "END" if self.depth > 0 => {
                self.depth -= 1;
                self.last_was_end = true;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{split, statement_at};
    use crate::plan::Engine::{self, MySql, PostgreSql};

    fn parts(text: &str, engine: Engine) -> Vec<&str> {
        split(text, engine).into_iter().map(|s| s.of(text)).collect()
    }

    #[test]
    fn a_semicolon_ends_a_statement_only_outside_quotes_and_comments() {
        for (engine, text, expected) in [
            (PostgreSql, " select 1 ; select 2;\n", vec!["select 1", "select 2"]),
            (
                PostgreSql,
                "select ';', \";\", $$;$$, $a$;$$;$a$ -- ;\n, 1 /* ; /* ; */ ; */;x",
                vec!["select ';', \";\", $$;$$, $a$;$$;$a$ -- ;\n, 1 /* ; /* ; */ ; */", "x"],
            ),
            (MySql, "select `;`, \"a\\\";\", '\\';' # ;\n;x", vec!["select `;`, \"a\\\";\", '\\';' # ;", "x"]),
            (PostgreSql, ";;  ; -- nothing\n", vec![]),
            (PostgreSql, "-- why\nselect 1", vec!["-- why\nselect 1"]),
            (PostgreSql, "select 'open; select 2", vec!["select 'open; select 2"]),
            (MySql, "/*! select 1 */; select 2", vec!["/*! select 1 */", "select 2"]),
            (
                MySql,
                "create procedure p() begin if a then b; end if; case x when 1 then c; end case; end; select 1",
                vec!["create procedure p() begin if a then b; end if; case x when 1 then c; end case; end", "select 1"],
            ),
            (
                PostgreSql,
                "create function f() returns int begin atomic; select 1; end; select 2",
                vec!["create function f() returns int begin atomic; select 1; end", "select 2"],
            ),
            (PostgreSql, "begin; select 1; end", vec!["begin", "select 1", "end"]),
        ] {
            assert_eq!(parts(text, engine), expected, "{text}");
        }
    }

    #[test]
    fn the_statement_at_the_cursor_is_the_one_around_or_before_it() {
        let text = "select 1;\n\nselect 2; ";
        for (offset, expected) in
            [(0, "select 1"), (9, "select 1"), (10, "select 1"), (11, "select 2"), (99, "select 2")]
        {
            assert_eq!(statement_at(text, PostgreSql, offset).map(|s| s.of(text)), Some(expected), "{offset}");
        }
        assert_eq!(statement_at("  ", PostgreSql, 0), None);
        assert_eq!(statement_at("  select 1", PostgreSql, 0).map(|s| s.start), Some(2));
    }

    proptest! {
        #[test]
        fn statements_of_any_text_lie_in_order_and_hold_content(text in r#"(\PC|['"`$;/*#\-\n]|begin |end |create function ){0,40}"#) {
            for engine in [PostgreSql, MySql] {
                let mut at = 0;
                for span in split(&text, engine) {
                    prop_assert!(span.start >= at && span.end > span.start && span.end <= text.len());
                    prop_assert_eq!(span.of(&text).trim_ascii_start(), span.of(&text));
                    at = span.end;
                }
            }
        }
    }
}
