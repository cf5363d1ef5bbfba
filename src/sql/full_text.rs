//! Which columns a search for words names: MySQL and MariaDB plan `MATCH (…) AGAINST (…)` only with a FULLTEXT index of exactly these.

use super::{
    classify,
    lex::{Kind, content},
};
use crate::plan::Engine;

/// The index that the first such search of a statement needs, as `ALTER TABLE t ADD FULLTEXT INDEX (a, b)`, on MySQL with the parser
/// `ngram` where its words have no blanks between them; `None` without one, or when the statement names several tables and the search
/// does not say which is its own.
#[must_use]
pub fn full_text_index(sql: &str, engine: Engine) -> Option<String> {
    let tokens = content(sql, engine);
    let at = tokens.iter().position(|t| t.is_word(sql, "MATCH"))?;
    let mut rest = tokens[at + 1..].iter();
    // A column may be called in such letters and hold others: what is looked for decides.
    let texts = rest.clone().skip_while(|t| !t.is_word(sql, "AGAINST")).take_while(|t| !t.is_symbol(sql, ")"));
    let unspaced = texts.filter(|t| t.kind == Kind::String).any(|t| has_unspaced_words(t.text(sql)));
    rest.next().filter(|t| t.is_symbol(sql, "("))?;
    let mut columns: Vec<String> = Vec::new();
    let mut owner: Option<String> = None;
    let mut name: Vec<String> = Vec::new();
    for token in rest {
        match token.kind {
            Kind::Word | Kind::Name => name.push(token.text(sql).to_owned()),
            Kind::Symbol if matches!(token.text(sql), "," | ")") => {
                columns.push(name.pop()?);
                owner = name.pop().or(owner);
                name.clear();
                if token.is_symbol(sql, ")") {
                    break;
                }
            }
            Kind::Symbol if token.is_symbol(sql, ".") => {}
            _ => return None,
        }
    }
    let tables = classify(sql, engine).tables;
    let bare = |name: &str| name.trim_matches('`').to_owned();
    let table = match (tables.as_slice(), owner) {
        ([(_, only)], _) => only.clone(),
        // An alias names no table that could be altered.
        (many, Some(owner)) => many.iter().find(|(_, name)| *name == bare(&owner))?.1.clone(),
        _ => return None,
    };
    let parser = if unspaced && engine == Engine::MySql { " WITH PARSER ngram" } else { "" };
    (!columns.is_empty()).then(|| format!("ALTER TABLE {table} ADD FULLTEXT INDEX ({}){parser}", columns.join(", ")))
}

/// Whether a text holds letters of scripts that put no blanks between words (or, in Korean, hang endings on them).
#[must_use]
pub fn has_unspaced_words(text: &str) -> bool {
    text.chars().any(|c| {
        matches!(c,
            '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{323af}')
    })
}

#[cfg(test)]
mod tests {
    use super::full_text_index;
    use crate::plan::Engine::{MariaDb, MySql};

    #[test]
    fn the_index_a_search_needs_is_told() {
        for (sql, expected) in [
            (
                "select id from t where match (bio, `city`) against ('x')",
                Some("ALTER TABLE t ADD FULLTEXT INDEX (bio, `city`)"),
            ),
            (
                "select 1 from a x join b on b.i = x.i where MATCH(b.bio) against ('x')",
                Some("ALTER TABLE b ADD FULLTEXT INDEX (bio)"),
            ),
            ("select 1 from a x join b on b.i = x.i where match(x.bio) against ('x')", None),
            ("select match from t", None),
            (
                "select id from t where match (note) against ('音楽の本' in boolean mode)",
                Some("ALTER TABLE t ADD FULLTEXT INDEX (note) WITH PARSER ngram"),
            ),
            (
                "select id from t where match (`本`) against ('book') and title = '本'",
                Some("ALTER TABLE t ADD FULLTEXT INDEX (`本`)"),
            ),
        ] {
            assert_eq!(full_text_index(sql, MySql).as_deref(), expected, "{sql}");
        }
        let korean = "select id from t where match (note) against ('음악')";
        assert_eq!(full_text_index(korean, MariaDb).as_deref(), Some("ALTER TABLE t ADD FULLTEXT INDEX (note)"));
    }
}
