//! What of a plan goes to the clipboard, written by the same formats as the commands without a screen have.

use crate::{
    app::{Copied, Excerpt},
    export::{Report, Searched, html, json, markdown, text},
};

/// Columns of a text that is copied: what a chat or a review shows without breaking lines.
const WIDTH: usize = 100;

/// What it is, for the message, and its text; an error says why there is none.
pub(super) fn write(copied: &Copied) -> (&'static str, Result<String, String>) {
    let Copied { excerpt, node, plan, findings, proposals, notes } = copied;
    // The screen does not keep how long a search took; how many were tried is what proposals there are.
    let searched =
        (!proposals.is_empty()).then_some(Searched { candidates: proposals.len(), explains: 0, seconds: 0.0 });
    let report = Report { proposals, searched, notes, ..Report::new(plan, findings) };
    match excerpt {
        Excerpt::Node => ("the node", Ok(text::node(plan, *node, notes, WIDTH))),
        Excerpt::Text => ("the plan", Ok(text::noted_tree(plan, notes, WIDTH))),
        Excerpt::Markdown => ("the Markdown", Ok(markdown::plan(plan, notes))),
        Excerpt::Report => ("the report", Ok(markdown::render(&[report]))),
        Excerpt::Everything => ("the report", Ok(text::render(&[report], &text::Options::plain(WIDTH)))),
        Excerpt::Html => ("the page", Ok(html::render(&[report]))),
        Excerpt::Json => {
            // `searched` is a claim of the JSON's contract; without the figures it is left out.
            let report = Report { searched: None, ..report };
            ("the JSON", json::document(&[report]).map_err(|e| e.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::write;
    use crate::{
        app::{Copied, Excerpt},
        diagnose,
        plan::NodeId,
        read,
    };

    #[test]
    fn each_excerpt_is_what_it_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/screen/open-orders.analyze.json");
        let plan = read::read(&std::fs::read_to_string(path).unwrap()).unwrap().remove(0);
        let mut copied = Copied {
            excerpt: Excerpt::Node,
            node: NodeId(4),
            findings: diagnose::diagnose(&plan, None),
            plan: Arc::new(plan),
            proposals: Vec::new(),
            notes: [(4, "ask ann".to_owned())].into(),
        };
        for (excerpt, start, part) in [
            (Excerpt::Node, " ", "filter: "),
            (Excerpt::Text, " ", "Nested Loop"),
            (Excerpt::Markdown, "```text\n", "Nested Loop"),
            (Excerpt::Report, "## Plan\n", "Nested Loop"),
            (Excerpt::Everything, "PostgreSQL", "Nested Loop"),
            (Excerpt::Html, "<!doctype html>", "Nested Loop"),
            (Excerpt::Json, "{", "\"format\""),
        ] {
            copied.excerpt = excerpt;
            let (_, text) = write(&copied);
            let text = text.unwrap();
            assert!(text.starts_with(start) && text.contains(part), "{excerpt:?}: {text}");
            assert!(text.contains("ask ann"), "the note is in none of {excerpt:?}: {text}");
        }
        copied.excerpt = Excerpt::Node;
        let node = write(&copied).1.unwrap();
        assert!(node.contains("Seq Scan on orders") && !node.contains("Nested Loop"), "{node}");
    }
}
