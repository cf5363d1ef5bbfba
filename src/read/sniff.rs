//! What a text is: where in it documents begin and which server wrote them.

use std::sync::Arc;

use super::{
    ReadError,
    frame::unframe,
    json::{Document, Lines, Value, parse},
    mariadb, mysql, postgres,
    source::Source,
    text::{self, Dialect},
    tidb, traditional,
};
use crate::plan::{NodeId, Plan};

/// How often reading starts again inside a value that was no document. Keeps hostile texts linear.
const RESTARTS: u32 = 64;

/// How the writers of statements' plans are told apart, by content. First match wins.
type Reader = (fn(Value<'_>) -> bool, fn(Value<'_>, &Source<'_>) -> Result<Plan, ReadError>);

/// The dialects of JSON.
const JSON: &[Reader] = &[
    (postgres::recognises, postgres::read),
    (mysql::recognises_v2, mysql::read_v2),
    (mysql::recognises_v1, mysql::read_v1),
    (mariadb::recognises, mariadb::read),
];

/// Keys that no other JSON has: a broken document that holds one was meant to be a plan.
const TELLTALES: [&str; 5] = ["Plan", "Node Type", "Query Text", "query_block", "query_plan"];

/// The dialects of text. First match wins.
const TEXT: &[Dialect] = &[mysql::read_tree, traditional::read, tidb::read];

/// Words without which no dialect of text has anything to read.
const TEXT_TELLTALES: [&str; 9] = [
    "-> ",
    "select_type",
    "operator info",
    "\tSIMPLE\t",
    "\tPRIMARY\t",
    "\tINSERT\t",
    "\tUPDATE\t",
    "\tDELETE\t",
    "\tREPLACE\t",
];

/// Reads every plan of a text, and says where it went wrong.
pub(super) fn read(text: &str) -> (Vec<Plan>, Option<ReadError>) {
    let mut plans = Vec::new();
    let (rest, error) = read_text(text, &mut plans);
    let found = !plans.is_empty() || error.is_some();
    let mut more = None;
    if !found || TELLTALES.iter().any(|key| rest.contains(&format!("\"{key}\""))) {
        more = read_json(text, if found { &rest } else { text }, 0, &mut plans).err();
    }
    if found {
        plans.sort_by_key(|plan| plan.node(NodeId::ROOT).line);
    }
    mysql::interrupted(text, &mut plans);
    (plans, error.or(more))
}

/// Reads the plans that are lines of text; what they took is blank in the text given back, on the same lines.
fn read_text(text: &str, plans: &mut Vec<Plan>) -> (String, Option<ReadError>) {
    if !TEXT_TELLTALES.iter().any(|words| text.contains(words)) {
        return (String::new(), None);
    }
    let lines = text::Lines::of(text);
    let places = Lines::of("");
    let source = Source { text: Arc::from(text), clean: text, lines: &places, broken: false };
    let (mut rest, mut error, mut at) = (String::new(), None, 0);
    while let Some(line) = lines.get(at) {
        if let Some(passage) = TEXT.iter().find_map(|dialect| dialect(&lines, at, &source)) {
            plans.extend(passage.plans);
            error = error.or(passage.error);
            rest.extend(std::iter::repeat_n('\n', passage.lines.max(1)));
            at += passage.lines.max(1);
        } else {
            rest.push_str(line);
            rest.push('\n');
            at += 1;
        }
    }
    (rest, error)
}

/// Reads the JSON documents of a text, which may be a part of the one that plans refer to.
fn read_json(whole: &str, text: &str, nested: u32, plans: &mut Vec<Plan>) -> Result<(), ReadError> {
    if u32::try_from(text.len()).is_err() {
        let found = format!("{} bytes", text.len());
        return Err(ReadError { line: 1, column: 1, expected: "at most 4 GiB".to_owned(), found });
    }
    let unframed = unframe(text);
    let clean: &str = &unframed.text;
    let lines = Lines::of(clean);
    let mut source = Source {
        text: Arc::from(if unframed.same_lines { whole } else { clean }),
        clean,
        lines: &lines,
        broken: false,
    };
    let first_word = clean.len() - clean.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').len();
    let mut doubt = None;
    let (mut at, mut restarts) = (0, 0);
    while let Some(start) = next_start(clean, at, first_word) {
        let parsed = parse(clean, &lines, start);
        let telltale = || parsed.document.values().any(|v| v.key().is_some_and(|k| TELLTALES.contains(&k.as_ref())));
        at = parsed.end.max(start + 1);
        match parsed.error {
            None => {
                let before = plans.len();
                read_document(&parsed.document, &source, nested, plans)?;
                if plans.len() == before && start == first_word {
                    doubt = Some(lines.error(clean, start, "a plan: an object with a key \"Plan\" or \"query_block\""));
                }
            }
            Some(error) if telltale() => {
                source.broken = true;
                // The first error is the one to tell; what can be read of the rest is a gift.
                read_document(&parsed.document, &source, nested, plans).ok();
                return Err(error);
            }
            Some(error) => {
                if start == first_word {
                    doubt = Some(error);
                }
                if restarts < RESTARTS {
                    restarts += 1;
                    at = start + 1;
                }
            }
        }
    }
    if plans.is_empty() {
        return Err(
            doubt.unwrap_or_else(|| lines.error(clean, first_word, "a plan as EXPLAIN (FORMAT JSON) prints it"))
        );
    }
    Ok(())
}

/// The next place from which a document may be read: the text's first word, or a bracket that more JSON follows.
fn next_start(text: &str, from: usize, first_word: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    (from..bytes.len()).find(|&at| {
        let inside = match bytes[at] {
            b'{' => b"\"}".as_slice(),
            b'[' => b"{[\"]".as_slice(),
            _ => return false,
        };
        at == first_word
            || bytes[at + 1..].iter().find(|b| !b.is_ascii_whitespace()).is_some_and(|next| inside.contains(next))
    })
}

/// Takes every statement's plan out of a document, however deep other programs wrapped it.
fn read_document(
    document: &Document<'_>,
    source: &Source<'_>,
    nested: u32,
    plans: &mut Vec<Plan>,
) -> Result<(), ReadError> {
    let mut done = 0;
    for value in document.values() {
        if value.place() < done {
            continue;
        }
        if value.is_object()
            && let Some((_, read)) = JSON.iter().find(|(recognises, _)| recognises(value))
        {
            done = value.after();
            plans.push(read(value, source)?);
        } else if nested == 0
            && let Some(text) = value.text()
            && TELLTALES.iter().any(|key| text.contains(&format!("\"{key}\"")))
        {
            // A table of another program: the whole plan is one string in it.
            read_json(&text, &text, nested + 1, plans).ok();
        } else if nested == 0
            && let Some(text) = value.text()
            && text.starts_with("-> ")
        {
            read_text(&text, plans);
        }
    }
    Ok(())
}
