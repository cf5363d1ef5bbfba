//! The line of a node: what it does, to what, and its numbers (`ExplainNode`).

use std::{borrow::Cow, ops::Range};

use super::field::{Field, Fields, put};

/// A node's line, taken apart into the fields other formats print.
pub(super) struct Header<'t> {
    pub(super) fields: Fields<'t>,
    /// The node type, for what depends on it.
    pub(super) kind: Cow<'t, str>,
    /// Its line told what it cost.
    pub(super) costs: bool,
    /// Its line told how long it took.
    pub(super) timed: bool,
    /// Its line told how often it ran.
    pub(super) ran: bool,
}

/// What was wrong with the numbers, and at which byte of the line.
pub(super) type Fault = (usize, &'static str);

/// Reads a node's line, without its arrow. A line that breaks off gives what was read and the fault.
pub(super) fn header(line: &str) -> (Header<'_>, Option<Fault>) {
    let (name, numbers) = numbers_begin(line).map_or((line, ""), |at| line.split_at(at));
    let mut header = Header { fields: Vec::new(), kind: Cow::Borrowed(""), costs: false, timed: false, ran: false };
    describe(name.trim_end(), &mut header);
    let fault = figures(numbers, &mut header).err();
    (header, fault.map(|(at, expected)| (name.len() + at, expected)))
}

/// Where the groups in brackets begin that hold figures.
fn numbers_begin(line: &str) -> Option<usize> {
    // Lines wrapped hard may have lost the blank in front, or have one inside. `pg_query_state` tells of a statement that runs what the
    // loop it is in gave so far, behind the figures of the loops before.
    let marks = ["(cost=", "(actual ", "(actual\n", "(never executed)", "(rows=", "(Current loop: "];
    let first = marks.iter().filter_map(|mark| line.find(mark)).min();
    first.or_else(|| line.rfind("  (").filter(|at| squeezed(&line[*at..]).starts_with("(cost=")))
}

/// A group without the blanks that something put into its numbers and names; as it stands where there are none but its own.
fn squeezed(text: &str) -> Cow<'_, str> {
    let pair = |word: &str| {
        word == "actual"
            || word.ends_with(|c: char| c.is_ascii_digit() || HIDDEN.contains(&c)) && word.matches('=').count() == 1
    };
    if text.split(' ').all(pair) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|c| !c.is_whitespace()).collect())
}

/// The figures: `(cost=0.00..35.50 rows=2550 width=4) (actual time=0.010..0.450 rows=2550 loops=1)`.
fn figures<'t>(text: &'t str, header: &mut Header<'t>) -> Result<(), Fault> {
    let mut rest = text;
    while let Some(open) = rest.find('(') {
        let at = text.len() - rest.len() + open;
        let Some(close) = rest[open..].find(')') else {
            let group = squeezed(&rest[open + 1..]);
            group_of(&group, header);
            return Err((text.len(), "`)` after the node's figures"));
        };
        let group = &rest[open + 1..open + close];
        if group == "never executed" || squeezed(group) == "neverexecuted" {
            header.ran = true;
            put(&mut header.fields, "Actual Rows", Field::zero());
            put(&mut header.fields, "Actual Loops", Field::zero());
        } else if !group_of(&squeezed(group), header) {
            if squeezed(group).starts_with("cost=") {
                return Err((at, "figures such as `(cost=0.00..35.50 rows=2550 width=4)`"));
            }
            if squeezed(group).starts_with("actual") {
                return Err((at, "figures such as `(actual time=0.010..0.450 rows=2550 loops=1)`"));
            }
            put(&mut header.fields, "Note", Field::scalar(group));
        }
        rest = &rest[open + close + 1..];
    }
    let left = rest.trim();
    if !left.is_empty() {
        put(&mut header.fields, "Note", Field::scalar(left));
    }
    Ok(())
}

/// One group without brackets: as it stands where it is whole, without any blanks where something broke it. `false` when it is not
/// what it should be.
#[expect(clippy::ptr_arg, reason = "what is borrowed from the plan stays so")]
fn group_of<'t>(group: &Cow<'t, str>, header: &mut Header<'t>) -> bool {
    let range = |key: &str| {
        let span = after(group, key)?;
        let at = group[span.clone()].find("..")?;
        let (first, last) = (span.start..span.start + at, span.start + at + 2..span.end);
        let number = |span: &Range<usize>| group[span.clone()].parse::<f64>().is_ok();
        (number(&first) && number(&last)).then_some((first, last))
    };
    let mut keep = |key: &'static str, span: Option<Range<usize>>| {
        let Some(span) = span else { return };
        let value = match group {
            Cow::Borrowed(text) => Cow::Borrowed(&text[span]),
            Cow::Owned(text) => Cow::Owned(text[span].to_owned()),
        };
        put(&mut header.fields, key, Field::Scalar(value));
    };
    if group.starts_with("cost=") {
        let costs = range("cost=");
        if costs.is_none() && !is_hidden(group, "cost=") {
            return false;
        }
        let (startup, total) = costs.unzip();
        keep("Startup Cost", startup);
        keep("Total Cost", total);
        keep("Plan Rows", after(group, "rows="));
        keep("Plan Width", after(group, "width="));
        header.costs = true;
        return true;
    }
    if group.starts_with("actual") {
        if group.contains("time=") {
            let times = range("time=");
            if times.is_none() && !is_hidden(group, "time=") {
                return false;
            }
            header.timed = times.is_some();
            let (startup, total) = times.unzip();
            keep("Actual Startup Time", startup);
            keep("Actual Total Time", total);
        }
        let (rows, loops) = (after(group, "rows="), after(group, "loops="));
        if rows.is_none() && loops.is_none() && !is_hidden(group, "rows=") {
            return false;
        }
        keep("Actual Rows", rows);
        keep("Actual Loops", loops);
        header.ran = true;
        return true;
    }
    false
}

/// What people, and the test suites of servers and extensions, print for a number that changes: `xxx`, `N.N`, `###`.
fn is_hidden(group: &str, key: &str) -> bool {
    let value = group.split_once(key).and_then(|(_, rest)| rest.split(' ').next()).unwrap_or_default();
    value.starts_with(HIDDEN) && value.chars().all(|c| HIDDEN.contains(&c) || c == '.')
}

/// Signs that stand for digits.
pub(super) const HIDDEN: [char; 5] = ['x', 'X', 'N', '#', '*'];

/// Where the number behind a key stands.
fn after(group: &str, key: &str) -> Option<Range<usize>> {
    let start = group.find(key)? + key.len();
    let text = &group[start..];
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(text.len());
    // An exponent's `e` is part of the number.
    let end = match text[end..].strip_prefix('e') {
        Some(rest) => {
            end + 1 + rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, '+' | '-')).unwrap_or(rest.len())
        }
        None => end,
    };
    (end > 0).then_some(start..start + end)
}

/// What the node does and to what.
fn describe<'t>(line: &'t str, header: &mut Header<'t>) {
    // Greenplum tells slices in brackets after two blanks.
    let (line, note) = line.split_once("  (").map_or((line, None), |(line, note)| (line, Some(note)));
    let mut rest = line;
    for (word, key) in [("Parallel ", "Parallel Aware"), ("Async ", "Async Capable")] {
        if let Some(after) = rest.strip_prefix(word) {
            put(&mut header.fields, key, Field::scalar("true"));
            rest = after;
        }
    }
    let end =
        [" on ", " using "].iter().filter_map(|mark| find_outside_brackets(rest, mark)).min().unwrap_or(rest.len());
    let (name, target) = rest.split_at(end);
    kind(name, header);
    targets(target, header);
    if let Some(note) = note {
        put(&mut header.fields, "Note", Field::scalar(note.trim_end_matches(')')));
    }
}

/// `Custom Scan (on it)` is a name.
fn find_outside_brackets(text: &str, mark: &str) -> Option<usize> {
    let from = if text.starts_with("Custom Scan (") { text.find(')')? } else { 0 };
    text[from..].find(mark).map(|at| from + at)
}

/// A node's name, taken apart as `ExplainNode` puts it together.
fn kind<'t>(name: &'t str, header: &mut Header<'t>) {
    let mut say = |key: &'static str, value: &'t str| put(&mut header.fields, key, Field::Text(Cow::Borrowed(value)));
    let mut rest = name;
    for mode in ["Partial", "Finalize"] {
        if let Some(after) = name.strip_prefix(mode).and_then(|after| after.strip_prefix(' ')) {
            say("Partial Mode", mode);
            rest = after;
        }
    }
    let joined = |rest: &'t str, prefix: &str| {
        let kind = rest.strip_prefix(prefix)?.strip_suffix("Join")?.trim();
        Some(if kind.is_empty() { "Inner" } else { kind })
    };
    let node_type: Cow<'t, str> = if let Some((strategy, kind)) = match rest {
        "Aggregate" => Some(("Plain", "Aggregate")),
        "GroupAggregate" => Some(("Sorted", "Aggregate")),
        "HashAggregate" => Some(("Hashed", "Aggregate")),
        "MixedAggregate" => Some(("Mixed", "Aggregate")),
        _ => None,
    } {
        say("Strategy", strategy);
        kind.into()
    } else if let Some(command) = rest.strip_prefix("HashSetOp ") {
        say("Strategy", "Hashed");
        say("Command", command);
        "SetOp".into()
    } else if let Some(command) = rest.strip_prefix("SetOp ") {
        say("Strategy", "Sorted");
        say("Command", command);
        "SetOp".into()
    } else if let Some(join) = joined(rest, "Hash ") {
        say("Join Type", join);
        "Hash Join".into()
    } else if let Some(join) = joined(rest, "Merge ") {
        say("Join Type", join);
        "Merge Join".into()
    } else if let Some((loops, join)) = ["Nested Loop", "YB Batched Nested Loop"]
        .into_iter()
        .find_map(|loops| if rest == loops { Some((loops, "Inner")) } else { Some((loops, joined(rest, loops)?)) })
    {
        say("Join Type", join);
        loops.into()
    } else if matches!(rest, "Insert" | "Update" | "Delete" | "Merge") {
        say("Operation", rest);
        "ModifyTable".into()
    } else if matches!(rest, "Foreign Insert" | "Foreign Update" | "Foreign Delete") {
        say("Operation", &rest["Foreign ".len()..]);
        "Foreign Scan".into()
    } else if let Some(provider) = rest.strip_prefix("Custom Scan (").and_then(|rest| rest.strip_suffix(')')) {
        say("Custom Plan Provider", provider);
        "Custom Scan".into()
    } else if let Some(scan) = rest.strip_suffix(" Backward") {
        say("Scan Direction", "Backward");
        scan.into()
    } else {
        if rest == "Foreign Scan" {
            say("Operation", "Select");
        }
        rest.into()
    };
    header.kind.clone_from(&node_type);
    header.fields.insert(0, ("Node Type".into(), Field::Text(node_type)));
}

/// ` using index on schema.table alias`.
fn targets<'t>(text: &'t str, header: &mut Header<'t>) {
    let mut rest = text;
    let mut say = |key: &'static str, name: Cow<'t, str>| put(&mut header.fields, key, Field::Text(name));
    if let Some(after) = rest.strip_prefix(" using ") {
        let (index, after) = identifier(after);
        say("Index Name", index);
        rest = after;
    }
    let Some(after) = rest.strip_prefix(" on ") else { return };
    if header.kind.ends_with("Bitmap Index Scan") {
        let (index, _) = identifier(after);
        say("Index Name", index);
        return;
    }
    let (mut name, mut rest) = identifier(after);
    if let Some(after) = rest.strip_prefix('.') {
        say("Schema", name);
        (name, rest) = identifier(after);
    }
    let alias = match rest.strip_prefix(' ') {
        None => None,
        // What is no name is a remark: `(dynamic scan id: 1)`.
        Some(remark) if remark.starts_with('(') => {
            say("Note", remark.into());
            None
        }
        Some(after) => {
            let (alias, left) = identifier(after);
            if !left.trim().is_empty() {
                say("Note", left.trim().into());
            }
            Some(alias)
        }
    };
    let key = match header.kind.as_ref() {
        "Function Scan" => "Function Name",
        "Table Function Scan" => "Table Function Name",
        "CTE Scan" | "WorkTable Scan" => "CTE Name",
        "Named Tuplestore Scan" => "Tuplestore Name",
        // Only a name in the query stands for these.
        "Subquery Scan" | "Values Scan" => "Alias",
        _ => "Relation Name",
    };
    let mut say = |key: &'static str, name: Cow<'t, str>| put(&mut header.fields, key, Field::Text(name));
    if key != "Alias" {
        say(key, name.clone());
    }
    say("Alias", alias.unwrap_or(name));
}

/// A name as `quote_identifier` prints it, and what follows.
pub(super) fn identifier(text: &str) -> (Cow<'_, str>, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', '.']).unwrap_or(text.len());
        return (Cow::Borrowed(&text[..end]), &text[end..]);
    };
    let mut at = 0;
    while let Some(found) = quoted[at..].find('"') {
        at += found + 1;
        if !quoted[at..].starts_with('"') {
            let name = &quoted[..at - 1];
            let name = if name.contains('"') { Cow::Owned(name.replace("\"\"", "\"")) } else { Cow::Borrowed(name) };
            return (name, &quoted[at..]);
        }
        at += 1;
    }
    (Cow::Borrowed(quoted), "")
}
