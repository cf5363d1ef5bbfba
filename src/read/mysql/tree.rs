//! `FORMAT=TREE` and the tree of `EXPLAIN ANALYZE` (8.0.16 to 9.x), in every frame a client prints: a line an iterator,
//! four blanks a level.

use super::{
    flat::Flat,
    node::{RawNode, input_role, lower},
    operator, words,
};
use crate::{
    plan::{Engine, NodeId, PlanBuilder, Role},
    read::{
        ReadError, Source,
        source::push,
        text::{Lines, Passage},
    },
};

/// Lines that stand above an iterator and say what it is to the one above it.
const HEADINGS: [&str; 8] = [
    "Hash",
    "Select #",
    "Batch input rows",
    "Repeat until convergence",
    "Disable deduplication",
    "Limit table size: ",
    "Clustered primary key (scanned separately)",
    "Probe input rows",
];

/// A line that others stand under.
struct Above {
    indent: usize,
    /// Its iterator; of a heading, the one that what stands under it feeds.
    item: Option<usize>,
    /// Its words when it is a heading.
    heading: Option<String>,
    /// The iterator that a heading stands for, once it came.
    inside: Option<usize>,
}

/// One iterator and its place.
struct Item {
    raw: RawNode,
    parent: Option<usize>,
}

/// Reads the tree that begins on a line, if one does.
pub(in crate::read) fn read(lines: &Lines<'_>, at: usize, source: &Source<'_>) -> Option<Passage> {
    begins(lines, at)?;
    let mut items: Vec<Item> = Vec::new();
    // The way from the root to the line before.
    let mut path: Vec<Above> = Vec::new();
    let mut error = None;
    let mut next = at;
    let mut base = None;
    let mut flat = is_flat(lines, at).then(Flat::default);
    'lines: while let Some(line) = lines.get(next) {
        let (text, used) = whole(lines, next, line);
        for part in parts(&text) {
            let Some((mut indent, operation)) = arrow(part, next == at) else { break 'lines };
            if operation.is_empty() {
                error = Some(lines.error(next, part, part.trim_end().len(), "an operation after `->`"));
                break 'lines;
            }
            let (words, figures) = match figures(operation) {
                Ok(read) => read,
                Err(cut) => {
                    let column = part.find(operation).unwrap_or(0) + cut;
                    error = Some(lines.error(next, part, column, "figures such as `(cost=1.5 rows=10)`"));
                    (&operation[..cut], Figures::default())
                }
            };
            let begins_part =
                figures.is_empty() && HEADINGS.iter().any(|start| words.starts_with(start)) && !items.is_empty();
            if let Some(flat) = &mut flat {
                let Some(depth) = flat.place(token(words).1, begins_part) else { break 'lines };
                indent = depth;
            }
            let base = *base.get_or_insert(indent);
            while path.last().is_some_and(|above| above.indent >= indent) {
                path.pop();
            }
            let heading = path.last().and_then(|above| above.heading.clone());
            let beside = path.last().and_then(|above| above.inside);
            let mut parent = path.iter().rev().find_map(|above| above.item);
            if begins_part {
                if indent <= base || projected(words, parent, &items) {
                    // Sub-queries of the select list stand beside the iterator that passes the rows on.
                    parent = beside.or_else(|| sibling(&items, parent)).or(parent).or(Some(0));
                }
                path.push(Above { indent, item: parent, heading: Some(words.to_owned()), inside: None });
                continue;
            }
            if indent <= base && !items.is_empty() {
                // The next plan.
                break 'lines;
            }
            let (token, words) = token(words);
            let mut raw = words::parse(words);
            figures.put(&mut raw);
            raw.extra.extend(token.map(|token| ("subplan_token".to_owned(), token.to_owned())));
            raw.line = Some(lines.number(next));
            raw.extra.insert(0, ("operation".to_owned(), words.to_owned()));
            if let Some(heading) = heading {
                raw.serves(&heading);
                raw.heading = Some(heading);
            }
            if let Some(above) = path.last_mut().filter(|above| above.heading.is_some()) {
                above.inside.get_or_insert(items.len());
            }
            path.push(Above { indent, item: Some(items.len()), heading: None, inside: None });
            items.push(Item { raw, parent });
            if error.is_some() {
                next += 1;
                break 'lines;
            }
        }
        next += used;
    }
    let guessed = flat.is_some() && items.len() > 1;
    let mut plan = build(items, source, lines.number(at), error.is_some());
    if let (Ok(plan), true) = (&mut plan, guessed) {
        plan.notes.push(FLAT.to_owned());
    }
    Some(Passage::of(next.max(at + 1) - at, plan, error))
}

/// What people are told of a tree without indentation.
const FLAT: &str = "The lines have lost their indentation: what stands under what was worked out from what each operation takes in, and may \
                    differ from the server's tree where sub-queries or unions are. Copy the plan with its blanks, or use FORMAT=JSON.";

/// Whether the lines of the tree that begins on a line have lost their indentation: those after an operation that has inputs are no
/// deeper. (One that stands alone before the next tree has deeper lines soon.)
fn is_flat(lines: &Lines<'_>, at: usize) -> bool {
    let line = |n: usize| lines.get(at + n).and_then(|line| arrow(line, n == 0));
    let (Some((base, operation)), Some((second, _))) = (line(0), line(1)) else { return false };
    let words = figures(operation).map_or(operation, |(words, _)| words);
    second <= base
        && line(2).is_none_or(|(third, _)| third <= base)
        && !operation.contains("\\n")
        && Flat::takes_inputs(token(words).1)
}

/// Whether a line is the root of a tree: `-> ` and an operation right after it. PostgreSQL's arrows have two blanks. Others draw arrows
/// too, mysql before the lines of a statement: what is no known operation has figures, or something stands under it.
fn begins(lines: &Lines<'_>, at: usize) -> Option<()> {
    let (indent, operation) = arrow(lines.get(at)?, true)?;
    // PostgreSQL's, of which somebody took one of the blanks.
    if operation.contains(" width=") {
        return None;
    }
    let (_, operation) = token(operation);
    if !operation.starts_with(|c: char| c.is_ascii_uppercase() || c == '<') {
        return None;
    }
    let below = (at + 1..=at + LOOKED_AT).map_while(|next| arrow(lines.get(next)?, false));
    let begins = match is_told(operation) {
        // Nothing is one word alone: all such iterators have inputs.
        Some(true) => operation.contains([' ', '<']) || below.clone().next().is_some(),
        Some(false) => true,
        // What nobody knows yet stands above something that is known.
        None => {
            below.clone().next().is_some_and(|(deeper, _)| deeper > indent)
                && below.clone().any(|(_, operation)| is_told(token(operation).1).is_some())
        }
    };
    (begins || operation.contains("\\n")).then_some(())
}

/// So many lines below the first tell whether they are a plan's.
const LOOKED_AT: usize = 20;

/// Whether an operation is the server's by its figures (`false`) or, without any, by its words (`true`); `None` when it is neither.
fn is_told(operation: &str) -> Option<bool> {
    let (words, told) = figures(operation).map_or((operation, true), |(words, figures)| (words, !figures.is_empty()));
    let known = || words::parse(words).access_type.is_some() || operator::is_known(words) || words.starts_with('<');
    if told { Some(false) } else { known().then_some(true) }
}

/// The hexadecimal name of a part of the plan before its operation, and the operation: `[0xeed2c0bd3e39ba93] Table scan on t1`.
fn token(operation: &str) -> (Option<&str>, &str) {
    let token = operation.strip_prefix("[0x").and_then(|rest| rest.split_once("] "));
    match token.filter(|(digits, _)| digits.chars().all(|c| c.is_ascii_hexdigit())) {
        Some((digits, rest)) => (operation.get(1..digits.len() + 3), rest),
        None => (None, operation),
    }
}

/// How far a line is indented and what follows its arrow; `first` lines may follow the column's name or a border.
fn arrow(line: &str, first: bool) -> Option<(usize, &str)> {
    let mut text = line.trim_end();
    text = text.strip_suffix('|').map_or(text, str::trim_end);
    // The cell of a table of commas ends here.
    text = text.strip_suffix('"').filter(|rest| rest.matches('"').count() % 2 == usize::from(first)).unwrap_or(text);
    // MySQL Workbench copies a cell in single quotes.
    let copied = || text.strip_prefix('\'').filter(|inside| inside.starts_with("-> "));
    let boxed = || text.strip_prefix("| ").or_else(|| text.strip_prefix('|'));
    if let Some(inside) = boxed().or_else(|| text.strip_prefix('"')).or_else(copied) {
        text = inside;
    }
    if first && let Some((name, rest)) = text.split_once(": ") {
        let name = name.trim();
        if matches!(name, "EXPLAIN" | "ANALYZE" | "QUERY PLAN") {
            text = rest;
        }
    }
    let operation = text.trim_start();
    let indent = columns(&text[..text.len() - operation.len()]);
    if operation == "->" {
        return Some((indent, ""));
    }
    operation.strip_prefix("-> ").filter(|rest| !rest.starts_with(' ')).map(|rest| (indent, rest))
}

/// How many columns blanks take: a tab goes to the next eighth.
fn columns(blanks: &str) -> usize {
    blanks.chars().fold(0, |column, c| if c == '\t' { (column / 8 + 1) * 8 } else { column + 1 })
}

/// The line with those that belong to it: a text in a condition may hold line feeds.
fn whole(lines: &Lines<'_>, at: usize, line: &str) -> (String, usize) {
    let mut text = line.to_owned();
    let mut used = 1;
    while open(&text)
        && let Some(more) = lines.get(at + used)
        && arrow(more, false).is_none()
        && used < 100
    {
        text.push('\n');
        text.push_str(more);
        used += 1;
    }
    // Never closed: it was no text after all.
    if open(&text) { (line.to_owned(), 1) } else { (text, used) }
}

/// The lines that mysql's batch mode made one, `\n` between: each begins with an arrow. Texts in conditions may hold the same two signs.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let next = text.match_indices("\\n").find(|(at, _)| {
            let after = text[at + 2..].trim_start();
            after.starts_with("-> ") || after.trim_matches('"').is_empty()
        });
        rest = next.map(|(at, _)| &text[at + 2..]);
        Some(next.map_or(text, |(at, _)| &text[..at]))
    })
    .filter(|part| !part.trim().is_empty())
}

/// Whether a quote is open at the end.
fn open(text: &str) -> bool {
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some('\''), '\\') => {
                chars.next();
            }
            (Some(q), c) if q == c => quote = None,
            (None, '\'' | '`') => quote = Some(c),
            _ => {}
        }
    }
    quote.is_some()
}

/// Figures of one line. All of them are optional.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Figures {
    first_cost: Option<f64>,
    cost: Option<f64>,
    rows: Option<f64>,
    first_ms: Option<f64>,
    last_ms: Option<f64>,
    actual: Option<f64>,
    loops: Option<f64>,
    never: bool,
}

impl Figures {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn put(self, raw: &mut RawNode) {
        raw.first_row_cost = self.first_cost;
        raw.total_cost = self.cost;
        raw.estimated_rows = self.rows;
        raw.first_row_ms = self.first_ms;
        raw.last_row_ms = self.last_ms;
        raw.actual_rows = self.actual;
        raw.actual_loops = self.loops;
        raw.never = self.never;
    }

    /// Takes what stands in one pair of parentheses; `None` when it is not about figures.
    fn take(&mut self, inside: &str) -> Option<()> {
        if inside == "never executed" {
            self.never = true;
            return Some(());
        }
        let actual = inside.strip_prefix("actual ");
        for pair in actual.unwrap_or(inside).split(' ') {
            let (key, value) = pair.split_once('=')?;
            let (from, to) = match value.split_once("..") {
                Some((from, to)) => (Some(number(from)?), number(to)?),
                None => (None, number(value)?),
            };
            match (actual.is_some(), key) {
                (false, "cost") => (self.first_cost, self.cost) = (from, Some(to)),
                (false, "rows") => self.rows = Some(to),
                (true, "time") => (self.first_ms, self.last_ms) = (from, Some(to)),
                (true, "rows") => self.actual = Some(to),
                (true, "loops") => self.loops = Some(to),
                _ => return None,
            }
        }
        Some(())
    }
}

fn number(text: &str) -> Option<f64> {
    let plain = text.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    text.parse::<f64>().ok().filter(|n| plain && n.is_finite())
}

/// The words of a line and its figures; where figures are begun and cannot be read, the byte at which they are.
fn figures(operation: &str) -> Result<(&str, Figures), usize> {
    let mut figures = Figures::default();
    let mut words = unremarked(operation.trim_end());
    while let Some(open) = words.rfind(" (") {
        let inside = &words[open + 2..];
        let about = ["cost=", "actual ", "never executed", "rows="].iter().any(|start| inside.starts_with(start));
        if !about {
            break;
        }
        let read = inside.strip_suffix(')').and_then(|inside| figures.take(inside));
        read.ok_or(open + 1)?;
        words = words[..open].trim_end();
    }
    Ok((words, figures))
}

/// A line without what somebody wrote behind its figures: `…  (cost=5 rows=125)  -- all of it`.
fn unremarked(operation: &str) -> &str {
    let Some(close) = operation.rfind(')').filter(|close| close + 1 < operation.len()) else { return operation };
    let (words, remark) = operation.split_at(close + 1);
    let about = words.rfind(" (").is_some_and(|open| {
        ["cost=", "actual ", "never executed", "rows="].iter().any(|start| words[open + 2..].starts_with(start))
    });
    let marked = ["--", "#", "//", "←", "<-", "<="].iter().any(|mark| remark.trim_start().starts_with(mark));
    if about && marked && remark.starts_with(' ') { words } else { operation }
}

/// Whether a heading is that of a sub-query of the select list, which belongs to the iterator before it. Those that window
/// functions ask for are inputs like others.
fn projected(heading: &str, parent: Option<usize>, items: &[Item]) -> bool {
    heading.starts_with("Select #")
        && heading.contains("(subquery in projection")
        && parent.is_none_or(|parent| items[parent].raw.access_type.as_deref() != Some("window"))
}

/// The last iterator that stands directly below `parent` and is no sub-query itself.
fn sibling(items: &[Item], parent: Option<usize>) -> Option<usize> {
    let mut all = items.iter().enumerate().rev().filter(|(_, item)| item.parent == parent);
    all.find(|(_, item)| item.raw.subquery.is_none()).map(|(place, _)| place)
}

fn build(items: Vec<Item>, source: &Source<'_>, line: u32, broken: bool) -> Result<crate::plan::Plan, ReadError> {
    // Which is each node's first input, and which input of its parent it is.
    let mut first: Vec<Option<usize>> = vec![None; items.len()];
    let mut inputs = vec![0_usize; items.len()];
    let mut places = vec![0_usize; items.len()];
    for (i, item) in items.iter().enumerate() {
        let Some(parent) = item.parent else { continue };
        places[i] = inputs[parent];
        inputs[parent] += 1;
        first[parent].get_or_insert(i);
    }
    let feeds: Vec<_> = first.iter().map(|first| first.and_then(|first| items[first].raw.feed())).collect();
    let mut items = items;
    for (item, feeds) in items.iter_mut().zip(feeds) {
        item.raw.feeds = feeds;
    }
    // What combines rows of combined rows reads the table of the innermost.
    for i in (0..items.len()).rev() {
        if items[i].raw.combines_rows() {
            let inner = first[i].map(|first| items[first].raw.clone());
            items[i].raw.combines_rows_of(inner.as_ref());
        }
    }
    let mut builder = PlanBuilder::new();
    let mut ids: Vec<NodeId> = Vec::with_capacity(items.len());
    let mut operators = Vec::with_capacity(items.len());
    for (i, item) in items.iter().enumerate() {
        let role = match item.parent {
            Some(parent) => input_role(&operators[parent], &item.raw, places[i]),
            None => Role::Root,
        };
        let node = lower(&item.raw, first[i].map(|first| &items[first].raw), role);
        operators.push(node.operator.clone());
        ids.push(push(&mut builder, item.parent.map(|parent| ids[parent]), node)?);
    }
    let ran = items.iter().any(|item| item.raw.never || item.raw.actual_loops.is_some());
    let mut plan = source.close(builder, Engine::MySql, line, broken)?;
    plan.analyzed |= ran;
    if plan.analyzed {
        plan.execution_ms = plan.derived(NodeId::ROOT).wall_ms;
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use crate::read::read;

    fn outline(text: &str) -> Vec<(u32, String)> {
        let plans = read(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(plans.len(), 1);
        plans[0].ids().map(|id| (plans[0].depth(id), plans[0].node(id).native.clone().into_owned())).collect()
    }

    #[test]
    fn a_subquery_in_the_select_list_of_a_subquery_belongs_to_that() {
        let text = "EXPLAIN\n-> Filter: (t.a = (select #2))  (rows=3)\n    -> Table scan on t  (rows=3)\n    -> Select #2 (subquery in condition; dependent)\n        -> Table scan on i  (rows=3)\n        -> Select #3 (subquery in projection; dependent)\n            -> Table scan on j  (rows=1)\n";
        let shape: Vec<_> = outline(text).into_iter().map(|(depth, _)| depth).collect();
        assert_eq!(shape, [0, 1, 1, 2]);
        let text = "EXPLAIN\n-> Aggregate: count(t.a)  (rows=1)\n    -> Table scan on t  (rows=1)\n-> Select #2 (subquery in projection; dependent)\n    -> Aggregate: max((select #3))  (rows=1)\n        -> Table scan on u  (rows=1)\n    -> Select #3 (subquery in projection; dependent)\n        -> Table scan on v  (rows=1)\n";
        let shape: Vec<_> = outline(text).into_iter().map(|(depth, _)| depth).collect();
        assert_eq!(shape, [0, 1, 1, 2, 2]);
    }

    #[test]
    fn a_tree_is_read_out_of_a_comment_with_remarks_and_out_of_a_cell_in_single_quotes() {
        let tree = "-> Sort: a  (cost=1.5 rows=10)   -- ten (at most)\n    -> Filter: (t.a > 1)  (cost=1 rows=10)\n        -> Table scan on t  (cost=1 rows=30)  ← all of it\n";
        let script = format!("-- {}\n", tree.trim_end().replace('\n', "\n-- "));
        let quoted = format!("'{}'\n", tree.replace("   -- ten (at most)", "").replace("  ← all of it", ""));
        let cell = quoted.trim_end().trim_end_matches('\'').trim_end().to_owned() + "\n'\n";
        for text in [
            tree.to_owned(),
            format!("explain format=tree\nselect 1 from t\norder by a;\n-- output:\n{script}"),
            quoted,
            cell,
        ] {
            let shape: Vec<_> = outline(&text).into_iter().map(|(depth, _)| depth).collect();
            assert_eq!(shape, [0, 1, 2], "{text}");
        }
    }

    #[test]
    fn the_sign_for_a_line_feed_in_a_condition_ends_no_line() {
        let tree = "-> Filter: (t.a > 'abc\\'def')  (cost=0.6 rows=2)\n    -> Covering index range scan on t using a over ('abc' < a < 'z\t\\n\\Z\\\\\\r')  (cost=0.6 rows=2)\n";
        assert_eq!(outline(tree).len(), 2);
        assert_eq!(outline(&format!("EXPLAIN\n{}\n", tree.replace("\n    ->", "\\n    ->").trim_end())).len(), 2);
    }

    #[test]
    fn a_tree_without_its_indentation_is_one_plan_as_far_as_the_operations_tell_and_says_so() {
        let nested = "-> Limit: 5 row(s)  (cost=9 rows=5)\n    -> Sort: n DESC, limit input to 5 row(s) per chunk\n        -> Table scan on <temporary>  (cost=9 rows=9)\n            -> Aggregate using temporary table\n                -> Nested loop inner join  (cost=9 rows=9)\n                    -> Inner hash join (a.x = b.x)  (cost=3 rows=3)\n                        -> Table scan on b  (cost=1 rows=3)\n                        -> Hash\n                            -> Filter: ((a.y = (select #2)) and (a.z > 1))  (cost=1 rows=3)\n                                -> Table scan on a  (cost=1 rows=3)\n                                -> Select #2 (subquery in condition; run only once)\n                                    -> Aggregate: max(m.y)  (cost=2 rows=1)\n                                        -> Table scan on m  (cost=1 rows=3)\n                    -> Single-row index lookup on c using PRIMARY (id = b.c)  (cost=1 rows=1)\n-> Select #3 (subquery in projection; dependent)\n    -> Index lookup on d using k (c = c.id)  (cost=1 rows=2)\n";
        let flat: String = nested.lines().map(|line| line.trim_start().to_owned() + "\n").collect();
        assert_eq!(outline(&flat), outline(nested));
        let plans = read(&flat).unwrap();
        assert!(plans[0].notes.iter().any(|note| note.contains("lost their indentation")), "{:?}", plans[0].notes);
        assert!(read(nested).unwrap()[0].notes.is_empty());
        // Trees of one line, one after the other, stay what they are.
        let two = "-> Table scan on t  (cost=1 rows=3)\n-> Table scan on u  (cost=1 rows=3)\n";
        assert_eq!(read(two).unwrap().len(), 2);
        let two = "-> Filter: (t.a > 1)  (rows=1)\n-> Table scan on t  (rows=3)\n-> Table scan on u  (rows=3)\n";
        assert_eq!(read(two).unwrap().iter().map(crate::plan::Plan::len).collect::<Vec<_>>(), [2, 1]);
        assert!(read("  -> C0A85216:0CEA      Tunnel  100    248        2\n").is_err());
    }

    #[test]
    fn the_name_of_a_part_of_the_plan_is_no_part_of_its_operation() {
        let text = "EXPLAIN\n-> [0xd3135ef8a92cb9b8] Sort: t1.a  (rows=160)\n    -> [0xeed2c0bd3e39ba93] Table scan on t1  (rows=160)\n";
        let plans = read(text).unwrap();
        let scan = plans[0].node(crate::plan::NodeId(1));
        assert_eq!(scan.operator, crate::plan::Operator::SeqScan);
        assert!(scan.extra.contains(&("subplan_token".into(), "0xeed2c0bd3e39ba93".into())), "{:?}", scan.extra);
    }
}
