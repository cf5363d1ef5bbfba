//! An index as people type it: `orders (status, created desc) include (total) where …`, or a whole `CREATE INDEX`.

use std::fmt::Write as _;

use super::lex::{Kind, Token, content};
use crate::plan::Engine;

/// An index that was typed. Names are as the catalog has them: unquoted ones folded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IndexText {
    /// Schema or database, if one was typed.
    pub schema: Option<String>,
    /// Table.
    pub table: String,
    /// Access method, if one was typed.
    pub method: Option<String>,
    /// Keys in order; at least one.
    pub keys: Vec<IndexTextKey>,
    /// Columns carried along.
    pub include: Vec<String>,
    /// Condition of a partial index.
    pub predicate: Option<String>,
}

/// One key of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IndexTextKey {
    /// A column's name, or an expression without the brackets around it.
    pub expr: String,
    /// Whether it is an expression.
    pub expression: bool,
    /// Descending.
    pub desc: bool,
    /// `NULLS FIRST` or `NULLS LAST`.
    pub nulls_first: Option<bool>,
    /// Operator class; of a FULLTEXT index's first key the parser (MySQL).
    pub opclass: Option<String>,
    /// Leading characters or bytes (MySQL).
    pub prefix: Option<u32>,
}

/// Reads an index.
///
/// # Errors
/// What is missing or cannot be understood, in a line.
pub fn index_text(text: &str, engine: Engine) -> Result<IndexText, String> {
    let text = text.trim().trim_end_matches(';');
    let tokens = content(text, engine);
    let mut reader = Reader { text, tokens: &tokens, at: 0, engine };
    let mut out = IndexText::default();
    reader.head(&mut out)?;
    (out.schema, out.table) = reader.name()?;
    if reader.word("USING") {
        out.method = Some(reader.one_name("the kind of index after USING")?.to_ascii_lowercase());
    }
    let columns = reader.bracket().ok_or("columns in brackets are missing: orders (status, created desc)")?;
    for part in reader.list(columns) {
        out.keys.push(reader.key(&part)?);
    }
    if out.keys.is_empty() {
        return Err("no column in the brackets".to_owned());
    }
    if reader.word("INCLUDE") {
        let columns = reader.bracket().ok_or("INCLUDE wants columns in brackets")?;
        for part in reader.list(columns) {
            out.include.push(reader.key(&part)?.expr);
        }
    }
    if reader.word("USING") {
        out.method = Some(reader.one_name("the kind of index after USING")?.to_ascii_lowercase());
    }
    if reader.word("WITH") {
        if !reader.word("PARSER") {
            return Err("PARSER and its name were expected after WITH".to_owned());
        }
        out.keys[0].opclass = Some(reader.one_name("the parser's name")?.to_ascii_lowercase());
    }
    if reader.word("WHERE") {
        let from = reader.tokens.get(reader.at).ok_or("the condition after WHERE is missing")?.start;
        out.predicate = Some(text.get(from..).unwrap_or_default().trim().to_owned());
        reader.at = reader.tokens.len();
    }
    match reader.tokens.get(reader.at) {
        None => Ok(out),
        Some(token) => Err(format!("{} was not expected there", token.text(text))),
    }
}

struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    engine: Engine,
}

impl Reader<'_> {
    /// `CREATE [UNIQUE] INDEX [CONCURRENTLY] [IF NOT EXISTS] [name] ON`, or nothing of it; `ALTER TABLE t ADD INDEX` is
    /// MySQL's way and read as well.
    fn head(&mut self, out: &mut IndexText) -> Result<(), String> {
        if !self.word("CREATE") {
            self.word("ON");
            return Ok(());
        }
        for (word, method) in [("FULLTEXT", "fulltext"), ("SPATIAL", "spatial")] {
            if self.word(word) {
                out.method = Some(method.to_owned());
            }
        }
        self.word("UNIQUE");
        if !self.word("INDEX") {
            return Err("only CREATE INDEX can be tried".to_owned());
        }
        self.word("CONCURRENTLY");
        if self.word("IF") {
            self.word("NOT");
            self.word("EXISTS");
        }
        if !self.word("ON") {
            self.name()?;
            if self.word("USING") {
                out.method = Some(self.one_name("the kind of index after USING")?.to_ascii_lowercase());
            }
            if !self.word("ON") {
                return Err("ON and the table are missing".to_owned());
            }
        }
        self.word("ONLY");
        Ok(())
    }

    /// Takes an unquoted word if it is next.
    fn word(&mut self, word: &str) -> bool {
        let is = self.tokens.get(self.at).is_some_and(|t| t.is_word(self.text, word));
        self.at += usize::from(is);
        is
    }

    fn one_name(&mut self, what: &str) -> Result<String, String> {
        let token = self.tokens.get(self.at).filter(|t| matches!(t.kind, Kind::Word | Kind::Name));
        let token = token.ok_or_else(|| format!("{what} is missing"))?;
        self.at += 1;
        Ok(self.unquoted(*token))
    }

    fn name(&mut self) -> Result<(Option<String>, String), String> {
        let first = self.one_name("the table")?;
        if self.tokens.get(self.at).is_some_and(|t| t.is_symbol(self.text, ".")) {
            self.at += 1;
            return Ok((Some(first), self.one_name("the table after the dot")?));
        }
        Ok((None, first))
    }

    fn unquoted(&self, token: Token) -> String {
        let text = token.text(self.text);
        match token.kind {
            Kind::Name => {
                let quote = text.chars().next().unwrap_or('"');
                let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
                inner.replace(&format!("{quote}{quote}"), &quote.to_string())
            }
            _ if self.engine == Engine::PostgreSql => text.to_lowercase(),
            _ => text.to_owned(),
        }
    }

    /// The tokens inside the brackets that are next, which are taken.
    fn bracket(&mut self) -> Option<std::ops::Range<usize>> {
        self.tokens.get(self.at).filter(|t| t.is_symbol(self.text, "("))?;
        let from = self.at + 1;
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().skip(self.at) {
            if token.is_symbol(self.text, "(") {
                depth += 1;
            } else if token.is_symbol(self.text, ")") {
                depth -= 1;
                if depth == 0 {
                    self.at = at + 1;
                    return Some(from..at);
                }
            }
        }
        None
    }

    /// What stands between commas, outside inner brackets.
    fn list(&self, range: std::ops::Range<usize>) -> Vec<Vec<Token>> {
        let mut out = vec![Vec::new()];
        let mut depth = 0_i32;
        for token in &self.tokens[range] {
            depth += i32::from(token.is_symbol(self.text, "(")) - i32::from(token.is_symbol(self.text, ")"));
            if depth == 0 && token.is_symbol(self.text, ",") {
                out.push(Vec::new());
            } else if let Some(last) = out.last_mut() {
                last.push(*token);
            }
        }
        out.retain(|part| !part.is_empty());
        out
    }

    fn key(&self, part: &[Token]) -> Result<IndexTextKey, String> {
        let mut rest = part;
        let mut out = IndexTextKey::default();
        let ends = |rest: &[Token], word: &str| rest.last().is_some_and(|t| t.is_word(self.text, word));
        for (word, first) in [("FIRST", true), ("LAST", false)] {
            if rest.len() > 2 && ends(rest, word) && ends(&rest[..rest.len() - 1], "NULLS") {
                out.nulls_first = Some(first);
                rest = &rest[..rest.len() - 2];
            }
        }
        if rest.len() > 1 && (ends(rest, "DESC") || ends(rest, "ASC")) {
            out.desc = ends(rest, "DESC");
            rest = &rest[..rest.len() - 1];
        }
        let (Some(first), Some(last)) = (rest.first(), rest.last()) else {
            return Err("a key between the commas is missing".to_owned());
        };
        let name = matches!(first.kind, Kind::Word | Kind::Name);
        match rest {
            [_] if name => out.expr = self.unquoted(*first),
            [_, class] if name && matches!(class.kind, Kind::Word | Kind::Name) => {
                out.expr = self.unquoted(*first);
                out.opclass = Some(self.unquoted(*class));
            }
            [_, open, n, _]
                if name
                    && self.engine != Engine::PostgreSql
                    && open.is_symbol(self.text, "(")
                    && n.kind == Kind::Number =>
            {
                out.expr = self.unquoted(*first);
                out.prefix = n.text(self.text).parse().ok();
            }
            _ => {
                // An expression, with or without the brackets around it; an operator class may follow the brackets.
                let mut last = last;
                if first.is_symbol(self.text, "(") && rest.len() > 3 && matches!(last.kind, Kind::Word | Kind::Name) {
                    out.opclass = Some(self.unquoted(*last));
                    last = &rest[rest.len() - 2];
                }
                let text = self.text.get(first.start..last.end).unwrap_or_default();
                let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).filter(|t| balanced(t));
                inner.unwrap_or(text).trim().clone_into(&mut out.expr);
                out.expression = true;
            }
        }
        Ok(out)
    }
}

fn balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    text.chars().all(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth >= 0
    }) && depth == 0
}

/// The index as a person would type it; [`index_text`] reads it back.
#[must_use]
pub fn index_words(index: &IndexText, engine: Engine) -> String {
    let written = |name: &str| written(name, engine);
    let mut out = String::new();
    if let Some(schema) = &index.schema {
        let _ = write!(out, "{}.", written(schema));
    }
    out.push_str(&written(&index.table));
    if let Some(method) = index.method.as_deref().filter(|method| *method != "btree") {
        let _ = write!(out, " using {method}");
    }
    let key = |key: &IndexTextKey| {
        let mut out = if key.expression { format!("({})", key.expr) } else { written(&key.expr) };
        if let Some(prefix) = key.prefix {
            let _ = write!(out, "({prefix})");
        }
        if let Some(class) = &key.opclass {
            let _ = write!(out, " {class}");
        }
        if key.desc {
            out.push_str(" desc");
        }
        match key.nulls_first {
            Some(true) => out.push_str(" nulls first"),
            Some(false) => out.push_str(" nulls last"),
            None => {}
        }
        out
    };
    let _ = write!(out, " ({})", index.keys.iter().map(key).collect::<Vec<_>>().join(", "));
    if !index.include.is_empty() {
        let names: Vec<String> = index.include.iter().map(|name| written(name)).collect();
        let _ = write!(out, " include ({})", names.join(", "));
    }
    if let Some(predicate) = &index.predicate {
        let _ = write!(out, " where {predicate}");
    }
    out
}

/// A name as it must be typed to be read as it is.
fn written(name: &str, engine: Engine) -> String {
    let folds = engine == Engine::PostgreSql;
    let ordinary =
        |c: char| c == '_' || c.is_ascii_digit() || c.is_ascii_lowercase() || (!folds && c.is_ascii_uppercase());
    let plain = name.starts_with(|c: char| !c.is_ascii_digit()) && name.chars().all(ordinary);
    let quote = if folds { "\"" } else { "`" };
    if plain { name.to_owned() } else { format!("{quote}{}{quote}", name.replace(quote, &quote.repeat(2))) }
}

#[cfg(test)]
mod tests {
    use super::{IndexText, IndexTextKey, index_text, index_words};
    use crate::plan::Engine::{MySql, PostgreSql};

    fn key(expr: &str) -> IndexTextKey {
        IndexTextKey { expr: expr.to_owned(), ..IndexTextKey::default() }
    }

    #[test]
    fn what_people_type_is_an_index() {
        let index =
            index_text("orders (status, created desc) include (total) where status <> 'done'", PostgreSql).unwrap();
        assert_eq!((index.table.as_str(), index.include.as_slice()), ("orders", &["total".to_owned()][..]));
        assert_eq!(index.keys, [key("status"), IndexTextKey { desc: true, ..key("created") }]);
        assert_eq!(index.predicate.as_deref(), Some("status <> 'done'"));
        let index = index_text(
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS x ON public.\"Odd T\" USING gin ((lower(a)) text_pattern_ops, b jsonb_path_ops DESC NULLS LAST);",
            PostgreSql,
        )
        .unwrap();
        assert_eq!(
            (index.schema.as_deref(), index.table.as_str(), index.method.as_deref()),
            (Some("public"), "Odd T", Some("gin"))
        );
        let lower = IndexTextKey { expression: true, opclass: Some("text_pattern_ops".into()), ..key("lower(a)") };
        let b =
            IndexTextKey { opclass: Some("jsonb_path_ops".into()), desc: true, nulls_first: Some(false), ..key("b") };
        assert_eq!(index.keys, [lower, b]);
        let index = index_text("create index i on t (name(10), (year(d)))", MySql).unwrap();
        assert_eq!(index.keys[0].prefix, Some(10));
        assert_eq!((index.keys[1].expr.as_str(), index.keys[1].expression), ("year(d)", true));
        let index = index_text("create fulltext index i on t (bio, name) with parser NGRAM", MySql).unwrap();
        assert_eq!((index.method.as_deref(), index.keys[0].opclass.as_deref()), (Some("fulltext"), Some("ngram")));
    }

    #[test]
    fn what_is_no_index_says_what_is_missing() {
        for (text, part) in [
            ("", "the table is missing"),
            ("orders", "columns in brackets"),
            ("orders ()", "no column"),
            ("orders (a", "columns in brackets"),
            ("drop table orders", "columns in brackets"),
            ("create table t (a)", "only CREATE INDEX"),
            ("orders (a) b", "b was not expected"),
        ] {
            let problem = index_text(text, PostgreSql).unwrap_err();
            assert!(problem.contains(part), "{text}: {problem}");
        }
    }

    #[test]
    fn an_index_reads_back_as_it_is_written() {
        let index = IndexText {
            schema: Some("public".into()),
            table: "Odd \"T".into(),
            method: Some("gin".into()),
            keys: vec![
                IndexTextKey { expression: true, opclass: Some("ops".into()), ..key("lower(a)") },
                IndexTextKey { desc: true, nulls_first: Some(true), ..key("b") },
            ],
            include: vec!["c".into()],
            predicate: Some("d > 1".into()),
        };
        for engine in [PostgreSql, MySql] {
            assert_eq!(index_text(&index_words(&index, engine), engine).as_ref(), Ok(&index));
        }
    }
}
