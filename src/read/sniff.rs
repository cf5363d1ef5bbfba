//! What a text is: where in it documents begin and which server wrote them.
//!
//! A new dialect is one line: in [`JSON`] when its documents are JSON objects, in [`TEXT`] when they are lines that a client's
//! frame makes (tables), in [`LINES`] when they are lines inside of whatever frame.

use std::sync::Arc;

use super::{
    ReadError,
    frame::{self, unframe},
    json::{Document, Lines, Value, parse},
    log, mariadb, mysql, own,
    page::{Page, Reading},
    paste, postgres,
    source::Source,
    text::{self, Dialect},
    tidb, traditional,
};
use crate::plan::{NodeId, Plan};

/// How much of a text, in times its length, is read again inside of values that were no documents. Keeps hostile texts linear.
const AGAIN: usize = 16;

/// Logs put documents in strings of documents.
const NESTED: u32 = 2;

/// How the writers of statements' plans are told apart, by content. First match wins.
type JsonReader = (fn(Value<'_>) -> bool, fn(Value<'_>, &Source<'_>) -> Result<Plan, ReadError>);

/// The dialects of JSON.
const JSON: &[JsonReader] = &[
    (postgres::recognises, postgres::read),
    (mysql::recognises_v2, mysql::read_v2),
    (mysql::recognises_v1, mysql::read_v1),
    (mariadb::recognises, mariadb::read),
    (own::recognises, own::read),
];

/// Whether a document begins on a line (counted from 0), and how it is read from there. First match wins.
type LineReader = (fn(Page<'_>, usize) -> bool, fn(Page<'_>, usize, &Source<'_>) -> Reading);

/// The dialects made of lines.
const LINES: &[LineReader] = &[
    (postgres::text::starts, postgres::text::read),
    (postgres::yaml::starts, postgres::yaml::read),
    (postgres::xml::starts, postgres::xml::read),
];

/// The dialects whose lines are a client's own. First match wins.
const TEXT: &[Dialect] = &[mysql::read_tree, traditional::read, tidb::read];

/// Words without which none of [`TEXT`] has anything to read.
const TEXT_TELLTALES: [&str; 8] = [
    "select_type",
    "operator info",
    "\tSIMPLE\t",
    "\tPRIMARY\t",
    "\tINSERT\t",
    "\tUPDATE\t",
    "\tDELETE\t",
    "\tREPLACE\t",
];

/// Keys that no other JSON has: a broken document that holds one was meant to be a plan.
const TELLTALES: [&str; 6] = ["Plan", "Node Type", "Query Text", "query_block", "query_plan", "native"];

/// What a string in another program's table holds when it is a plan, besides a [telltale](TELLTALES) in quotes.
const MARKS: [&str; 5] = ["(cost=", "(actual ", "  ->  ", "<Plan>", "Plan:"];

/// Reads every plan of a text, and says where it went wrong.
pub(super) fn read(text: &Arc<str>) -> (Vec<Plan>, Option<ReadError>) {
    // A plan's own document may be large: it is read once, and looked through for nothing.
    if is_plan_document(text) {
        let mut plans = Vec::new();
        // What stands between documents may be plans that are no JSON.
        if read_text(text, text, 0, &mut plans).is_ok_and(|rest| rest == Rest::Blank) && !plans.is_empty() {
            mysql::interrupted(text, &mut plans);
            return (plans, None);
        }
    }
    let pasted = text;
    // What was copied out of a page's source.
    let unescaped = frame::unescaped(text).map(Arc::from);
    let text = unescaped.as_ref().unwrap_or(text);
    let undone = paste::undone(text).map(Arc::from);
    let text = undone.as_ref().unwrap_or(text);
    let strings = paste::of_strings(text).map(Arc::from);
    let text = strings.as_ref().unwrap_or(text);
    let (plans, error) = read_plain(text, 0);
    if plans.is_empty() || error.is_some() {
        for value in paste::values(text) {
            let (others, wrong) = read_plain(&Arc::from(value), 0);
            let nodes = |plans: &[Plan]| plans.iter().map(Plan::len).sum::<usize>();
            if wrong.is_none() && nodes(&others) > nodes(&plans) {
                return (others, None);
            }
        }
    }
    (plans, error.map(|error| if Arc::ptr_eq(pasted, text) { error } else { paste::placed(pasted, text, error) }))
}

/// [`read`] of a text without anything that pasting adds, which was in so many strings of other documents.
fn read_plain(text: &Arc<str>, nested: u32) -> (Vec<Plan>, Option<ReadError>) {
    let mut plans = Vec::new();
    let (rest, error) = read_framed(text, &mut plans);
    let found = !plans.is_empty() || error.is_some();
    let mut more = None;
    if !found || is_told(&rest) {
        more = read_text(text, if found { &rest } else { text }, nested, &mut plans).err();
    }
    if found {
        plans.sort_by_key(|plan| plan.node(NodeId::ROOT).line);
    }
    mysql::interrupted(text, &mut plans);
    (plans, error.or(more))
}

/// Whether a text holds an arrow of MySQL's trees; PostgreSQL's have two blanks behind.
fn has_tree(text: &str) -> bool {
    text.match_indices("-> ").any(|(at, arrow)| !text[at + arrow.len()..].starts_with(' '))
}

/// Whether a character may stand between documents of JSON and mean nothing.
fn separates(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{feff}' | ';' | ',')
}

/// Whether a text is documents of JSON and nothing else. Prompts, times of chats and templates begin with a bracket too.
fn is_json(text: &str) -> bool {
    let begins = |at: usize| at + (text[at..].len() - text[at..].trim_start_matches(separates).len());
    let mut at = begins(0);
    if !frame::begins_document(&text[at..]) {
        return false;
    }
    let lines = Lines::of("");
    while at < text.len() {
        if !frame::begins_document(&text[at..]) {
            return false;
        }
        let parsed = parse(text, &lines, at);
        if parsed.fault.is_some() {
            return false;
        }
        at = begins(parsed.end);
    }
    true
}

/// Whether a text begins and ends as documents of JSON do, and the first of them soon has a key of a plan's.
fn is_plan_document(text: &str) -> bool {
    const KEYS: [&str; 5] = ["\"Plan\"", "\"query_block\"", "\"query_plan\"", "\"Node Type\"", "\"native\""];
    /// So soon.
    const BYTES: usize = 2_000;
    let end = (0..=BYTES.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    frame::begins_document(text.trim_start())
        && text.trim_end().ends_with(['}', ']'])
        && KEYS.iter().any(|key| text[..end].contains(key))
}

/// Whether a text holds what only a plan has.
fn is_told(text: &str) -> bool {
    TELLTALES.iter().any(|key| text.contains(&format!("\"{key}\""))) || MARKS.iter().any(|mark| text.contains(mark))
}

/// Whether a string of a document, or a file, may hold a plan, or a document with one.
pub(super) fn is_worth_reading(text: &str) -> bool {
    let document = || {
        text.starts_with(['{', '[']) && ["Node Type", "query_block", "query_plan"].iter().any(|key| text.contains(key))
    };
    is_told(text) || has_tree(text) || text.contains("select_type") || text.contains("operator info") || document()
}

/// Reads the plans that are a client's lines; what they took is blank in the text given back, on the same lines.
fn read_framed(text: &Arc<str>, plans: &mut Vec<Plan>) -> (String, Option<ReadError>) {
    let told = TEXT_TELLTALES.iter().any(|words| text.contains(words)) || has_tree(text);
    if !told || is_json(text) {
        return (String::new(), None);
    }
    let uncommented = frame::uncommented(text);
    let clean: &str = uncommented.as_deref().unwrap_or(text);
    let lines = text::Lines::of(clean);
    let places = Lines::of("");
    let source = Source { text: Arc::clone(text), clean, lines: &places, broken: false, remarks: Vec::new() };
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

/// What a text holds besides documents of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// Nothing.
    Blank,
    /// Something, read or not.
    Words,
}

/// Reads what stands inside of frames, in a text which may be a part of the one that plans refer to.
fn read_text(whole: &Arc<str>, text: &str, nested: u32, plans: &mut Vec<Plan>) -> Result<Rest, ReadError> {
    if u32::try_from(text.len()).is_err() {
        let found = format!("{} bytes", text.len());
        return Err(ReadError { line: 1, column: 1, expected: "at most 4 GiB".to_owned(), found });
    }
    let unframed = unframe(text);
    let clean: &str = &unframed.text;
    let lines = Lines::of(clean);
    let source = Source {
        text: if unframed.same_lines { Arc::clone(whole) } else { Arc::from(clean) },
        clean,
        lines: &lines,
        broken: false,
        remarks: Vec::new(),
    };
    let page = Page { text: clean, lines: &lines };
    let result =
        Scan { page, source, nested, plans, doubt: None, wasted: 0, took: None, done: 0, rest: Rest::Blank }.run();
    result.map_err(|error| if unframed.same_lines { error } else { frame::place_in_batch(text, error) })
}

/// One way through a text.
struct Scan<'t, 'p> {
    page: Page<'t>,
    source: Source<'t>,
    /// How many strings of other documents this text was in.
    nested: u32,
    plans: &'p mut Vec<Plan>,
    /// What was wrong with the document that begins with the text's first word.
    doubt: Option<ReadError>,
    /// Bytes read in vain.
    wasted: usize,
    /// How long the statement took, from a log's line before its plan.
    took: Option<f64>,
    /// The byte behind the last document.
    done: usize,
    /// What stood besides documents until there.
    rest: Rest,
}

impl Scan<'_, '_> {
    fn run(&mut self) -> Result<Rest, ReadError> {
        let clean = self.page.text;
        let first_word = clean.len() - clean.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').len();
        let mut line = 0;
        while line < self.page.count() {
            let row = self.page.row(line);
            self.took = log::duration(row).or(self.took);
            let before = self.plans.len();
            let dialect = LINES.iter().find(|(starts, _)| starts(self.page, line));
            line = match dialect {
                Some((_, read)) => {
                    self.rest = Rest::Words;
                    let reading = read(self.page, line, &self.source);
                    self.plans.extend(reading.plans);
                    self.note_duration(before);
                    if let Some(error) = reading.error {
                        return Err(error);
                    }
                    reading.next.max(line + 1)
                }
                None => self.json(line, first_word)?,
            };
            self.note_duration(before);
        }
        if self.plans.is_empty() {
            return Err(self.doubt.take().unwrap_or_else(|| {
                let expected = "a plan as EXPLAIN prints it, in any format";
                self.page.lines.error(clean, first_word, expected)
            }));
        }
        self.passed(clean.len(), clean.len());
        Ok(self.rest)
    }

    /// A document of JSON stood from one byte to another.
    fn passed(&mut self, start: usize, end: usize) {
        let between = self.page.text.get(self.done..start).unwrap_or_default();
        if !between.chars().all(separates) {
            self.rest = Rest::Words;
        }
        self.done = end;
    }

    /// A log tells how long a statement took before it prints the plan.
    fn note_duration(&mut self, before: usize) {
        let Some(ms) = self.took.filter(|_| self.plans.len() > before) else { return };
        self.took = None;
        if let Some(plan) = self.plans.get_mut(before).filter(|plan| plan.execution_ms.is_none()) {
            if plan.analyzed {
                plan.execution_ms = Some(ms);
            } else {
                plan.notes.push(format!("The log says that it took {}.", crate::fmt::duration_ms(ms)));
            }
        }
    }

    /// Reads the JSON documents that begin on a line; gives the line to go on with.
    fn json(&mut self, line: usize, first_word: usize) -> Result<usize, ReadError> {
        let (clean, lines) = (self.page.text, self.page.lines);
        let mut at = self.page.begin(line);
        let mut end = self.page.begin(line + 1);
        while let Some(start) = next_start(clean, at, end, first_word) {
            let parsed = parse(clean, lines, start);
            let telltale =
                || parsed.document.values().any(|v| v.key().is_some_and(|k| TELLTALES.contains(&k.as_ref())));
            at = parsed.end.max(start + 1);
            self.source.remarks.clone_from(&parsed.remarks);
            match parsed.fault {
                None => {
                    self.passed(start, at);
                    let before = self.plans.len();
                    self.document(&parsed.document)?;
                    if self.plans.len() == before && start == first_word {
                        let is = |of: fn(Value<'_>) -> bool| parsed.document.values().next().is_some_and(of);
                        let wanted = match () {
                            () if is(own::is_planless) => own::WANTED,
                            () if is(mysql::is_trace) => mysql::WANTED,
                            () => "a plan: an object with a key \"Plan\" or \"query_block\"",
                        };
                        self.doubt = Some(lines.error(clean, start, wanted));
                    } else if self.plans.len() == before && parsed.document.values().next().is_some_and(mysql::is_trace)
                    {
                        self.doubt = Some(lines.error(clean, start, mysql::WANTED));
                    }
                }
                Some(_) if telltale() => {
                    self.source.broken = true;
                    // The first error is the one to tell; what can be read of the rest is a gift.
                    self.document(&parsed.document).ok();
                    return parsed.error().map_or(Ok(line + 1), Err);
                }
                Some(_) => {
                    if start == first_word {
                        self.doubt = parsed.error();
                    }
                    self.wasted = self.wasted.saturating_add(at - start);
                    if self.wasted <= clean.len().saturating_mul(AGAIN) {
                        at = start + 1;
                    }
                }
            }
            if at > end {
                end = self.page.begin(lines.line(at) as usize);
            }
        }
        Ok((lines.line(end.saturating_sub(1)) as usize).max(line + 1))
    }

    /// Takes every statement's plan out of a document, however deep other programs wrapped it.
    fn document(&mut self, document: &Document<'_>) -> Result<(), ReadError> {
        let mut done = 0;
        for value in document.values() {
            if value.place() < done {
                continue;
            }
            if value.is_object()
                && let Some((_, read)) = JSON.iter().find(|(recognises, _)| recognises(value))
            {
                done = value.after();
                self.plans.push(read(value, &self.source)?);
            } else if self.nested < NESTED
                && let Some(text) = value.text()
                && is_worth_reading(&text)
            {
                // A table or a log of another program: the whole plan is one string in it.
                self.plans.extend(read_plain(&Arc::from(text), self.nested + 1).0);
            }
        }
        Ok(())
    }
}

/// The next place from which a document may be read: the text's first word, or a bracket that more JSON follows.
fn next_start(text: &str, from: usize, to: usize, first_word: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    (from..to.min(bytes.len())).find(|&at| {
        let inside = match bytes[at] {
            b'{' => b"\"}".as_slice(),
            b'[' => b"{[\"]".as_slice(),
            _ => return false,
        };
        at == first_word
            || bytes[at + 1..].iter().find(|b| !b.is_ascii_whitespace()).is_some_and(|next| inside.contains(next))
    })
}
