//! A statement with one clause a line.

use sqlformat::{FormatOptions, Indent, QueryParams};

use super::lex::content;
use crate::plan::Engine;

/// The text laid out anew, or as it was where that would change what the server reads. Letters keep their case.
#[must_use]
pub fn format(sql: &str, engine: Engine) -> String {
    let options = FormatOptions {
        indent: Indent::Spaces(2),
        uppercase: None,
        lines_between_queries: 2,
        ..FormatOptions::default()
    };
    let out = sqlformat::format(sql, &QueryParams::None, &options);
    let words = |text: &str| -> Vec<String> { content(text, engine).iter().map(|t| t.text(text).to_owned()).collect() };
    if words(&out) == words(sql) { out } else { sql.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::format;
    use crate::plan::Engine::{MySql, PostgreSql};

    #[test]
    fn clauses_begin_lines_and_nothing_else_changes() {
        let out = format(
            "select a, count(*) from t where b = $1 and c = 'x  y' group by a order by 2 desc limit 10",
            PostgreSql,
        );
        assert!(out.lines().count() >= 6 && out.contains("'x  y'") && out.contains("count(*)"), "{out}");
        for (engine, sql) in [
            (
                PostgreSql,
                "select j->>'a' ? 'b', a::numeric(10,2), $tag$ a  b $tag$, E'\\'' from t -- why\nwhere x @> '{}'",
            ),
            (MySql, "select `a  b`, \"x\" from t where a <=> ? /*! and b */ # end"),
            (PostgreSql, "select 'open"),
        ] {
            let out = format(sql, engine);
            let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            assert_eq!(plain(&out), plain(sql));
            assert_eq!(format(&out, engine), out, "formatting twice changes nothing");
        }
    }
}
