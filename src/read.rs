//! A plan's text, in any dialect, to a [`Plan`].
//!
//! Two stages a dialect: `raw` mirrors the server's keys, every one optional; `lower` makes the domain of it. What stands
//! around a plan (a client's frame, a prompt, a log's words, the statement) is passed over; line numbers stay those of
//! the text.

mod blocks;
mod frame;
mod grid;
mod json;
mod log;
mod mariadb;
mod mysql;
mod own;
mod page;
mod paste;
mod postgres;
mod sniff;
mod source;
mod text;
mod tidb;
mod traditional;

use std::sync::Arc;

use crate::plan::Plan;
pub(crate) use log::without_syslog;
use source::Source;

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: expected {expected}, found {found}")]
pub struct ReadError {
    /// Line of the document, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What would have been right there.
    pub expected: String,
    /// What stands there, shortened and with control characters made visible.
    pub found: String,
}

/// Reads every plan of a document, whatever wraps it.
///
/// # Errors
/// [`ReadError`] says where reading stopped and what was expected. [`read_partial`] gives what was read before.
pub fn read(text: &str) -> Result<Vec<Plan>, ReadError> {
    match read_partial(text) {
        (plans, None) => Ok(plans),
        (_, Some(error)) => Err(error),
    }
}

/// Reads as much of a document as can be read: whole plans before an error, and of a plan that breaks off the nodes read
/// until there, marked by a note and [`crate::plan::Flag::Partial`] on the root. Without an error there is at least one plan.
#[must_use]
pub fn read_partial(text: &str) -> (Vec<Plan>, Option<ReadError>) {
    read_shared(&Arc::from(text))
}

/// [`read_partial`] of a text that the plans keep as their source without copying it.
#[must_use]
pub fn read_shared(text: &Arc<str>) -> (Vec<Plan>, Option<ReadError>) {
    sniff::read(text)
}

/// Whether a text holds words that only plans have: where it does, it may be worth reading, whatever else is in it.
#[must_use]
pub fn is_worth_reading(text: &str) -> bool {
    sniff::is_worth_reading(text)
}

#[cfg(test)]
mod tests {
    use super::{read, read_partial};
    use crate::plan::{NodeId, Operator};

    const BARE: &str = r#"{"Plan": {"Node Type": "Seq Scan", "Relation Name": "t", "Plan Rows": 3}}"#;

    #[test]
    fn a_plan_is_found_in_whatever_wraps_it() {
        let framed = " QUERY PLAN \n------------\n [          +\n   {        +\n     \"Plan\": {   +\n       \"Node Type\": \"Seq Scan\",+\n       \"Relation Name\": \"t\"+\n     }      +\n   }        +\n ]\n(1 row)\n";
        for (wrapping, text, line) in [
            ("array", format!("[{BARE}]"), 1),
            ("object", BARE.to_owned(), 1),
            ("byte order mark", format!("\u{feff}{BARE}"), 1),
            ("carriage returns", format!("[\r\n{BARE}\r\n]\r\n"), 2),
            ("psql frame", framed.to_owned(), 5),
            ("psql box", framed.replace(" [ ", "| [ ").replace("+\n", "+|\n"), 5),
            (
                "prompt and statement",
                format!("shop=# explain (format json) select '{{1,2}}'::int[], '{{\"a\": 1}}';\n{BARE}"),
                2,
            ),
            ("log line", format!("2026-01-01 LOG:  duration: 12.5 ms  plan:\n\t{BARE}\n"), 2),
            ("another tool's table", format!("[{{\"QUERY PLAN\": [{BARE}]}}]"), 1),
            ("a string in a table", format!("[{{\"EXPLAIN\": {}}}]", serde_json::Value::from(BARE)), 1),
            ("quoted cell", format!("\"QUERY PLAN\"\n\"[{}]\"\n", BARE.replace('"', "\"\"")), 2),
        ] {
            let plans = read(&text).unwrap_or_else(|e| panic!("{wrapping}: {e}\n{text}"));
            assert_eq!(plans.len(), 1, "{wrapping}");
            let node = plans[0].node(NodeId::ROOT);
            assert_eq!(node.operator, Operator::SeqScan, "{wrapping}");
            assert_eq!(node.line, Some(line), "{wrapping}");
        }
    }

    #[test]
    fn one_word_below_an_explain_is_a_plan() {
        for text in
            ["explain select 1;\n Result\n", "shop=# EXPLAIN (costs off)\nselect 1\nwhere true;\n Result\n(1 row)\n"]
        {
            let plans = read(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
            assert_eq!(plans[0].node(NodeId::ROOT).operator, Operator::Result);
        }
        assert!(read("select 1;\nResult\nof it\n").is_err());
    }

    #[test]
    fn several_plans_one_after_another_are_all_read() {
        let text = format!("[{BARE}, {BARE}]\nsome words\n{BARE}");
        assert_eq!(read(&text).unwrap().len(), 3);
    }

    #[test]
    fn a_plan_that_breaks_off_shows_what_was_read() {
        let text = "[{\"Plan\": {\"Node Type\": \"Sort\", \"Plans\": [\n{\"Node Type\": \"Seq Scan\", \"Plan Rows\": ";
        let (plans, error) = read_partial(text);
        let error = error.unwrap();
        assert_eq!((error.line, error.expected.as_str()), (2, "a value"));
        assert_eq!(plans[0].len(), 2);
        assert_eq!(plans[0].node(NodeId(1)).operator, Operator::SeqScan);
    }

    #[test]
    fn an_error_is_where_the_paste_has_it() {
        for (text, place) in [
            ("> [{\"Plan\":\n>   {\"Node Type\" 1}}]\n", (2, 18)),
            // Lines that end with a carriage return are not the document's own.
            ("[\r{\"Plan\": {\r\"Node Type\": \"Result\"\r}} nothing\n", (1, 39)),
            ("[{\"Plan\": {\"Node Type\": \"Result\"}\r\r", (2, 1)),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!((error.line, error.column), place, "{text:?}: {error}");
        }
    }

    #[test]
    fn what_is_no_plan_says_so() {
        for (text, place, expected) in [
            ("", (1, 1), "a plan"),
            ("hello", (1, 1), "a plan"),
            ("[1, 2]", (1, 1), "a plan"),
            ("{\"Plan\": {\"Node\": 1}}", (1, 10), "a node with a key \"Node Type\""),
            ("{\"Plan\": {\"Node Type\" \"x\"}}", (1, 23), "`:` after a key"),
            ("{\n  foo", (2, 3), "a key in quotes or `}`"),
            ("{\"query_block\": {}}", (1, 17), "a query block with \"select_id\""),
            ("{\"query_block\": {\"x\": 1}}", (1, 17), "a query block with \"select_id\""),
            ("{\"query_plan\": {}}", (1, 16), "a node with a key \"operation\""),
            ("{\"steps\": [{\"join_preparation\": {\"select#\": 1}}]}", (1, 1), "a plan: this is an optimizer trace"),
            (
                "*** 1. row ***\nTRACE: {\n\"steps\": [{\"join_optimization\": {}}]}",
                (2, 8),
                "a plan: this is an optimizer trace",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!((error.line, error.column), place, "{text}");
            assert!(error.expected.starts_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn nesting_of_any_depth_gives_an_answer() {
        assert!(read(&"[".repeat(1_000_000)).is_err());
        assert!(read(&"[{\"a\":".repeat(300_000)).is_err());
        assert!(read(&"{\"Plan\":".repeat(300_000)).is_err());
        let deep = "{\"Node Type\":\"Limit\",\"Plans\":[";
        let text = format!("[{{\"Plan\":{}{}}}]", deep.repeat(100_000), "]}".repeat(100_000));
        assert_eq!(read(&text).unwrap()[0].len(), 100_000);
    }
}
