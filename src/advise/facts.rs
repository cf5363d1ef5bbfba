//! What the catalog tells of a column for an index on it: width, kind of type, share of rows a condition keeps.

use crate::{
    catalog::{Column, Table},
    plan::Engine,
    sql::shape::{Operand, Predicate, Test, Value},
};

/// What a column's type allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An ordinary ordered type.
    Plain,
    /// `text` and `varchar` of PostgreSQL: pattern searches need an operator class.
    Text,
    /// `TEXT`, `BLOB` and very long `VARCHAR` of MySQL: only a beginning can be indexed.
    Long,
    /// `jsonb`.
    Jsonb,
    /// An array.
    Array,
    /// `tsvector`.
    TextSearch,
    /// `hstore`.
    Hstore,
    /// No ordered index is possible: `json`, points, MySQL's JSON, …
    Unordered,
}

/// Longest InnoDB key part, bytes (MySQL 9.7 manual, "InnoDB Limits"), and the bytes of a `utf8mb4` character.
const INNODB_PART: u32 = 3_072;
const UTF8MB4: u32 = 4;

/// What the type is.
pub(super) fn kind(column: &Column, engine: Engine) -> Kind {
    let name = column.type_name.to_lowercase();
    let base = name.split(['(', ' ']).next().unwrap_or_default();
    if engine == Engine::PostgreSql {
        return match base {
            _ if name.ends_with("[]") => Kind::Array,
            "jsonb" => Kind::Jsonb,
            "tsvector" => Kind::TextSearch,
            "hstore" => Kind::Hstore,
            "json" | "xml" | "point" | "box" | "path" | "line" | "lseg" | "polygon" | "circle" | "tsquery"
            | "vector" | "geometry" | "geography" | "aclitem" => Kind::Unordered,
            "text" | "character" | "varchar" | "char" | "bpchar" => Kind::Text,
            _ => Kind::Plain,
        };
    }
    match base {
        "tinytext" | "text" | "mediumtext" | "longtext" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Kind::Long,
        "varchar" | "varbinary" if length(&name).is_some_and(|n| n * UTF8MB4 > INNODB_PART) => Kind::Long,
        "json" | "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
        | "multipolygon" | "geometrycollection" | "vector" => Kind::Unordered,
        _ => Kind::Plain,
    }
}

/// Whether a type of PostgreSQL is a single ordered value, for which GIN and `GiST` need `btree_gin` and `btree_gist`.
pub(super) fn is_scalar(type_name: &str) -> bool {
    let base = type_name.split('(').next().unwrap_or_default();
    matches!(
        base,
        "smallint"
            | "integer"
            | "bigint"
            | "numeric"
            | "real"
            | "double precision"
            | "uuid"
            | "text"
            | "date"
            | "character varying"
            | "character"
            | "boolean"
    ) || base.starts_with("timestamp")
        || base.starts_with("time")
}

fn length(type_name: &str) -> Option<u32> {
    type_name.split_once('(')?.1.split([')', ',']).next()?.trim().parse().ok()
}

/// Average bytes of a value: from statistics, else what the type suggests.
pub(super) fn width(column: &Column) -> f64 {
    if let Some(width) = column.statistics.as_ref().map(|s| s.average_width).filter(|w| *w > 0.0) {
        return width;
    }
    let name = column.type_name.to_lowercase();
    match name.split(['(', ' ']).next().unwrap_or_default() {
        "boolean" | "bool" | "tinyint" => 1.0,
        "smallint" | "year" => 2.0,
        "integer" | "int" | "mediumint" | "date" | "real" | "float" | "enum" => 4.0,
        "bigint" | "timestamp" | "timestamptz" | "time" | "datetime" | "double" | "numeric" | "decimal" | "money" => {
            8.0
        }
        "uuid" => 16.0,
        _ => length(&name).map_or(32.0, |n| f64::from(n.min(64)) / 2.0),
    }
}

/// Widths of a list of columns, or expressions, together.
pub(super) fn widths<'a>(table: &Table, columns: impl Iterator<Item = &'a str>) -> f64 {
    columns.map(|name| table.column(name).map_or(16.0, width)).sum()
}

/// The part of the rows a condition keeps, 0 to 1: from statistics where there are any, else PostgreSQL's defaults
/// (`src/include/utils/selfuncs.h`).
pub(super) fn selectivity(table: &Table, predicate: &Predicate) -> f64 {
    let rows = table.rows.unwrap_or(0.0).max(1.0);
    let column = predicate.operand.column().and_then(|name| table.column(name));
    let statistics = column.and_then(|c| c.statistics.as_ref());
    let unique = predicate.operand.column().is_some_and(|name| {
        table.indexes.iter().any(|i| {
            i.unique && i.predicate.is_none() && i.keys.len() == 1 && i.keys[0].column.as_deref() == Some(name)
        })
    });
    let one = |value: &Value| match statistics {
        _ if unique => 1.0 / rows,
        None => 0.005,
        Some(s) => {
            if let Value::Literal(text) = value
                && let Some((_, part)) = s.most_common.iter().find(|(v, _)| column.is_some_and(|c| same(c, v, text)))
            {
                return *part;
            }
            let common: f64 = s.most_common.iter().map(|(_, part)| part).sum();
            #[expect(clippy::cast_precision_loss, reason = "a short list")]
            let others = (s.distinct(rows).unwrap_or(200.0) - s.most_common.len() as f64).max(1.0);
            match value {
                Value::Literal(_) if common > 0.0 => ((1.0 - common - s.null_fraction) / others).max(1.0 / rows),
                _ => (1.0 - s.null_fraction) / s.distinct(rows).unwrap_or(200.0),
            }
        }
    };
    let part = match predicate.test {
        Test::Equal | Test::OneOf if predicate.values.is_empty() => one(&Value::Parameter),
        Test::Equal | Test::OneOf => predicate.values.iter().map(one).sum(),
        Test::Range => 0.3,
        // Where nobody counted, NULL is as often the rule (`deleted_at`) as the exception.
        Test::IsNull => statistics.map_or(0.5, |s| s.null_fraction),
        Test::IsNotNull => statistics.map_or(0.995, |s| 1.0 - s.null_fraction),
        Test::NotEqual => match statistics {
            Some(s) if !predicate.values.is_empty() && predicate.values.iter().all(is_literal) => {
                1.0 - s.null_fraction - predicate.values.iter().map(one).sum::<f64>()
            }
            _ => 0.995,
        },
        Test::LikePrefix
        | Test::Contains
        | Test::ContainedBy
        | Test::HasKey
        | Test::HasKeys
        | Test::Overlaps
        | Test::Matches
        | Test::HasElement
        | Test::FullText
        | Test::Position
        | Test::Pattern => 0.01,
    };
    part.clamp(0.0, 1.0)
}

/// Whether a value that statistics list is the one a statement asks for: `character(n)` is listed with its padding, `numeric(4,1)` with
/// its decimals.
pub(super) fn same(column: &Column, listed: &str, asked: &str) -> bool {
    let (listed, asked) = (listed.trim_end(), asked.trim_end());
    let type_name = column.type_name.to_lowercase();
    let is_number = ["numeric", "decimal", "real", "double", "float", "smallint", "integer", "bigint", "int"]
        .iter()
        .any(|name| type_name.split(['(', ' ']).next() == Some(name));
    let number = |text: &str| text.parse::<f64>().ok();
    listed == asked || (is_number && number(listed).is_some_and(|n| number(asked) == Some(n)))
}

/// Whether a value is known: not a parameter, not computed.
pub(super) const fn is_literal(value: &Value) -> bool {
    matches!(value, Value::Literal(_))
}

/// Words for how a condition asks.
pub(super) const fn words(test: Test) -> &'static str {
    match test {
        Test::Equal => "equality",
        Test::OneOf => "one of several values",
        Test::Range => "range",
        Test::LikePrefix => "beginning of a text",
        Test::IsNull | Test::IsNotNull => "null test",
        Test::Contains | Test::ContainedBy => "containment",
        Test::HasKey | Test::HasKeys => "key exists",
        Test::Overlaps => "overlap",
        Test::Matches | Test::FullText => "search",
        Test::Position => "position",
        Test::Pattern => "pattern",
        Test::HasElement => "element",
        Test::NotEqual => "filter",
    }
}

/// Whether an expression may stand in an index: it gives the same answer for ever, as far as its words tell.
pub(super) fn indexable(operand: &Operand, table: &Table, engine: Engine, version: u32) -> bool {
    let Operand::Expression { sql, columns } = operand else { return true };
    let lower = sql.to_lowercase();
    let harmless = [
        "lower",
        "upper",
        "date",
        "year",
        "month",
        "abs",
        "length",
        "char_length",
        "left",
        "right",
        "substring",
        "substr",
        "trim",
        "btrim",
        "ltrim",
        "rtrim",
        "md5",
        "coalesce",
        "nullif",
        "greatest",
        "least",
        "round",
        "floor",
        "ceil",
        "cast",
        "extract",
        "mod",
        "replace",
        "reverse",
        "concat",
        "date_trunc",
        "jsonb_extract_path_text",
    ];
    let calls_known = calls(&lower).iter().all(|f| harmless.contains(&f.as_str()));
    let plain =
        !lower.contains("select") && !lower.contains('$') && !lower.contains(':') || engine == Engine::PostgreSql;
    let kinds: Vec<&Column> = columns.iter().filter_map(|c| table.column(c)).collect();
    match engine {
        Engine::PostgreSql => {
            // What depends on the session's time zone or date style is not immutable; a zone that is named makes a time one of no zone,
            // and a choice among values leaves them as they are.
            let has_zone = |c: &&&Column| c.type_name.contains("with time zone") || c.type_name == "timestamptz";
            let with_zone = kinds.iter().filter(has_zone).count();
            let named = lower.matches("at time zone '").count();
            let choices = ["coalesce", "greatest", "least", "nullif"];
            let chosen = !calls(&lower).is_empty() && calls(&lower).iter().all(|f| choices.contains(&f.as_str()));
            let zoned =
                if named > 0 { kinds.len() != 1 || with_zone != 1 || named != 1 } else { with_zone > 0 && !chosen };
            let dated = ["::date", "::time", "as date", "as time", "concat", "$"].iter().any(|w| lower.contains(w));
            calls_known && !zoned && !dated && !columns.is_empty()
        }
        // Functional key parts: MySQL 8.0.13; an expression over TEXT or JSON gives a text too long for a key.
        Engine::MySql => {
            version >= 80_013
                && calls_known
                && plain
                && !lower.contains("->")
                && kinds.iter().all(|c| matches!(kind(c, engine), Kind::Plain))
        }
        Engine::MariaDb => false,
    }
}

/// An expression in a form to compare: servers print them differently in blanks, parentheses, case and casts of texts.
pub(super) fn plain(sql: &str) -> String {
    let lower = sql.to_lowercase().replace("::text", "").replace("::character varying", "").replace("::jsonb", "");
    lower.chars().filter(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | '`' | '"')).collect()
}

/// The functions called in a piece of SQL: words before a parenthesis.
pub(super) fn calls(sql: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in sql.chars() {
        match c {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            c if c.is_alphanumeric() || c == '_' => word.push(c),
            '(' => {
                if !word.is_empty()
                    && !matches!(
                        word.as_str(),
                        "and" | "or" | "not" | "in" | "char" | "varchar" | "decimal" | "numeric"
                    )
                {
                    found.push(std::mem::take(&mut word));
                }
                word.clear();
            }
            _ => word.clear(),
        }
    }
    found
}

/// A server version as one number: `15.20` is 150020 on PostgreSQL, `8.0.13` is 80013 on MySQL. Unknown is new.
pub(super) fn version_number(version: Option<&str>, engine: Engine) -> u32 {
    let Some(version) = version else { return u32::MAX };
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse::<u32>().ok());
    let Some(major) = numbers.next() else { return u32::MAX };
    let minor = numbers.next().unwrap_or(0);
    if engine == Engine::PostgreSql {
        major.saturating_mul(10_000).saturating_add(minor)
    } else {
        major.saturating_mul(10_000).saturating_add(minor * 100).saturating_add(numbers.next().unwrap_or(0))
    }
}
