//! Lines of the document to lines as the server printed them: what clients and terminals broke is joined, and each line's
//! part in the plan is told.

use std::borrow::Cow;

use super::{
    balance::Balance,
    names,
    node::is_target,
    property::{is_known, property},
};
use crate::read::page::{Page, width};

/// A line's part in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A node, `->` before it save for the first.
    Node,
    /// `Key: value`.
    Property,
    /// `CTE x`, `InitPlan 1 (returns $0)`, `SubPlan 2`: names the node below.
    Section,
    /// Something else, such as the tables an update writes to.
    Other,
}

/// One line as the server printed it.
#[derive(Debug)]
pub(super) struct Row<'t> {
    /// The line of the document it begins on, counted from 0.
    pub(super) line: usize,
    /// Columns before it.
    pub(super) column: usize,
    pub(super) kind: Kind,
    /// Without its arrow and blanks around it.
    pub(super) text: Cow<'t, str>,
}

/// So many lines are looked at to find out where a terminal broke lines.
const MEASURED: usize = 200;
/// Nobody's terminal is narrower.
const LEAST_WIDTH: usize = 20;

enum Step {
    Next(usize),
    Over(usize),
}

/// The lines of one plan, node by node.
pub(super) struct Gathering<'t> {
    page: Page<'t>,
    /// Those since the last node's line.
    rows: Vec<Row<'t>>,
    /// The line to look at next.
    at: usize,
    /// The plan ended before that line.
    over: bool,
    balance: Balance,
    /// Columns before the first node.
    root: usize,
    /// The width at which lines were broken; 0 when they were not.
    broken_at: usize,
    /// Tabs are not only at the beginning of lines: each stands for four blanks.
    mixed: bool,
    /// The nodes tell their costs.
    costs: bool,
}

impl<'t> Gathering<'t> {
    /// Begins with the plan's first line.
    pub(super) fn new(page: Page<'t>, start: usize) -> Self {
        let measured = || (start..page.count().min(start + MEASURED)).map(|i| page.row(i));
        let plan = || measured().take_while(|row| !row.trim().is_empty()).filter(|row| !is_ruler(row.trim()));
        let widest = plan().map(width).max().unwrap_or(0);
        let many = plan().filter(|row| width(row) == widest).count() > 1;
        let mut new = Self {
            page,
            rows: Vec::new(),
            at: start + 1,
            over: false,
            balance: Balance::default(),
            root: 0,
            broken_at: if many && widest >= LEAST_WIDTH { widest } else { 0 },
            mixed: plan().any(|row| row.trim_start_matches('\t').trim_start_matches(' ').starts_with('\t')),
            costs: false,
        };
        let row = page.row(start);
        let (text, _) = arrow(row.trim()).map_or((row.trim(), false), |text| (text, true));
        new.root = new.column(row);
        // A first line that lost its blanks: what stands under it is two columns in.
        let below = |row: &&str| is_inside(row.trim()) || is_target(row.trim());
        if let Some(row) = (start + 1..page.count().min(start + 4)).map(|i| page.row(i)).find(below) {
            new.root = new.root.max(new.column(row).saturating_sub(2));
        }
        new.costs = text.contains("(cost=");
        new.push(start, new.root, Kind::Node, text);
        new
    }

    /// Gives the next node's line and all until the next; `false` after the last.
    pub(super) fn next_node(&mut self, rows: &mut Vec<Row<'t>>) -> bool {
        rows.clear();
        while !self.over && self.at < self.page.count() {
            match self.take(self.at) {
                Step::Next(next) => self.at = next,
                Step::Over(next) => (self.at, self.over) = (next, true),
            }
            if self.rows.len() > 1
                && let Some(begun) = self.rows.pop_if(|row| row.kind == Kind::Node)
            {
                std::mem::swap(rows, &mut self.rows);
                self.rows.push(begun);
                return true;
            }
        }
        std::mem::swap(rows, &mut self.rows);
        !rows.is_empty()
    }

    /// The line after the plan.
    pub(super) fn next(&self) -> usize {
        self.at
    }

    fn column(&self, row: &str) -> usize {
        let blanks = row.chars().take_while(|c| c.is_whitespace());
        blanks.fold(0, |column, c| match c {
            '\t' if self.mixed => column + 4,
            '\t' => (column / 8 + 1) * 8,
            _ => column + 1,
        })
    }

    fn push(&mut self, line: usize, column: usize, kind: Kind, text: &'t str) {
        self.balance = Balance::default();
        self.balance.feed(text);
        self.rows.push(Row { line, column, kind, text: untabbed(text) });
    }

    fn take(&mut self, i: usize) -> Step {
        let row = self.page.row(i);
        let text = row.trim();
        if text.is_empty() {
            return self.blank(i);
        }
        let column = self.column(row);
        if !self.balance.in_quotes() {
            if is_ruler(text) {
                return Step::Next(i + 1);
            }
            if is_count(text) || is_clock(text) {
                return Step::Over(i + 1);
            }
        }
        let node =
            arrow(text).filter(|node| !self.balance.is_open() || node.starts_with(|c: char| c.is_ascii_uppercase()));
        let fact = property(text);
        if self.balance.is_open() && node.is_none() && fact.is_none_or(|(key, _)| !is_known(key)) {
            self.join(i);
            return Step::Next(i + 1);
        }
        if let Some(node) = node {
            self.push(i, column, Kind::Node, node);
            return Step::Next(i + 1);
        }
        if let Some((key, _)) = fact {
            let shouts = key.len() > 2 && key != "JIT" && key != "WAL" && key.chars().all(|c| c.is_ascii_uppercase());
            if column <= self.root && shouts {
                return Step::Over(i);
            }
            self.push(i, column, Kind::Property, text);
            return Step::Next(i + 1);
        }
        if is_elision(text) && self.goes_on(i) {
            self.push(i, column.max(self.root + 1), Kind::Other, text);
            return Step::Next(i + 1);
        }
        if self.is_section(i, text, column) {
            self.push(i, column, Kind::Section, text);
            return Step::Next(i + 1);
        }
        let last = self.rows.last();
        let broken = self.broken_at > 0 && width(self.page.row(i - 1)) >= self.broken_at;
        let headless = self.costs && last.is_some_and(|r| r.kind == Kind::Node && !r.text.contains('('));
        let comma = last.is_some_and(|r| r.kind == Kind::Property && r.text.ends_with(','));
        // Another plan begins where nothing stands between them: `psql -At` with several statements.
        let named = broken
            && ["->", "Parallel", "Async", "Partial", "Finalize"]
                .iter()
                .any(|w| self.page.row(i - 1).trim_end().ends_with(w));
        if column <= self.root && !named && !headless && !comma && names::starts(self.page, i) {
            return Step::Over(i);
        }
        if broken || headless || comma {
            self.join(i);
        } else if column > self.root {
            self.push(i, column, Kind::Other, text);
        } else if last.is_some_and(|r| r.line + 1 == i && r.kind == Kind::Property) && self.goes_on(i) {
            // Something broke a line in the middle of the plan.
            self.join(i);
        } else {
            return Step::Over(i);
        }
        Step::Next(i + 1)
    }

    /// Blank lines end a plan, unless somebody put them between its lines.
    fn blank(&mut self, i: usize) -> Step {
        let Some(next) = self.page.written(i) else { return Step::Over(i) };
        let row = self.page.row(next);
        if self.balance.in_quotes() && next - i < 20 && !is_inside(row.trim()) && !is_count(row.trim()) {
            self.join(i);
            return Step::Next(i + 1);
        }
        let inside = self.column(row) > self.root && is_inside(row.trim());
        let after = next - i <= 2 && property(row.trim()).is_some_and(|(key, _)| is_known(key));
        if inside || after || is_ruler(row.trim()) { Step::Next(next) } else { Step::Over(i) }
    }

    /// Whether the plan goes on after a line that cannot be placed.
    fn goes_on(&self, i: usize) -> bool {
        let next = self.page.row(i + 1);
        let known = property(next.trim()).is_some_and(|(key, _)| is_known(key));
        (self.column(next) > self.root && is_inside(next.trim())) || known
    }

    /// A name whose node follows further in.
    fn is_section(&self, i: usize, text: &str, column: usize) -> bool {
        let named = ["CTE ", "InitPlan ", "SubPlan "].iter().any(|word| text.starts_with(word))
            || matches!(text, "SubPlan" | "InitPlan");
        let next = self.page.written(i + 1).map(|next| self.page.row(next));
        named && next.is_some_and(|row| self.column(row) > column && arrow(row.trim()).is_some())
    }

    /// Adds a line to the one before.
    fn join(&mut self, i: usize) {
        let (before, row) = (if i > 0 { self.page.row(i - 1) } else { "" }, self.page.row(i));
        let broken = self.broken_at > 0 && width(before) >= self.broken_at;
        let blank_in_front = self.inner(row).starts_with(' ');
        let Some(last) = self.rows.last_mut() else { return };
        let text = row.trim();
        let (glue, text) = if self.balance.in_quotes() && !broken {
            // A line break inside of a literal: what was blank there stays, but for the plan's own margin.
            let margin = row.char_indices().nth(self.root).map_or(row.len(), |(at, _)| at);
            let blank = row[..margin].trim().is_empty();
            ("\n", if blank { row[margin..].trim_end() } else { text })
        } else if before.ends_with(' ') && width(before) + 1 >= self.broken_at || blank_in_front && broken {
            (" ", text)
        } else if broken {
            ("", text)
        } else {
            (" ", text)
        };
        self.balance.feed(glue);
        self.balance.feed(text);
        let joined = last.text.to_mut();
        joined.push_str(glue);
        joined.push_str(text);
    }
}

impl Gathering<'_> {
    /// A line without the plan's own margin, where a box makes one.
    fn inner<'r>(&self, row: &'r str) -> &'r str {
        let (margin, rest) = row.split_at_checked(self.root).unwrap_or(("", row));
        if self.root >= 2 && margin.trim().is_empty() { rest } else { row }
    }
}

/// The two blanks between facts of one line, where an editor made them a tab; tabs inside of literals and names stay.
fn untabbed(text: &str) -> Cow<'_, str> {
    if !text.contains('\t') {
        return Cow::Borrowed(text);
    }
    let (mut out, mut balance) = (String::with_capacity(text.len() + 8), Balance::default());
    for c in text.chars() {
        if c == '\t' && !balance.in_quotes() {
            out.push_str("  ");
        } else {
            out.push(c);
        }
        balance.feed(c.encode_utf8(&mut [0; 4]));
    }
    Cow::Owned(out)
}

/// The node after an arrow.
pub(super) fn arrow(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("->")?;
    let node = rest.trim_start();
    // One blank is what JSON's operator has; some clients leave only one here too.
    let near = rest.len() == node.len() + 1 && node.starts_with(|c: char| c.is_ascii_uppercase());
    (rest.is_empty() || rest.starts_with("  ") || rest.starts_with('\t') || near).then_some(node)
}

/// Whether a line can only stand inside of a plan.
fn is_inside(text: &str) -> bool {
    let named = || ["CTE ", "InitPlan ", "SubPlan "].iter().any(|word| text.starts_with(word));
    arrow(text).is_some() || property(text).is_some_and(|(key, _)| !is_after(key)) || named()
}

/// What people write where they leave lines out: `...`, `[…]`, `... 96 more`.
fn is_elision(text: &str) -> bool {
    let text = text.trim_start_matches(['[', '(', '<']);
    text.starts_with("...") || text.starts_with('…')
}

/// Whether a property stands beside the first node, not under it.
pub(super) fn is_after(key: &str) -> bool {
    const AFTER: [&str; 12] = [
        "Planning Time",
        "Planning time",
        "Execution Time",
        "Execution time",
        "Total runtime",
        "JIT",
        "Planning",
        "Settings",
        "Query Identifier",
        "Serialization",
        "Optimizer",
        "Time",
    ];
    AFTER.contains(&key) || key.starts_with("Trigger ")
}

/// Lines a client draws: `-----`, `-[ RECORD 2 ]---`, `* Record 2`.
pub(super) fn is_ruler(text: &str) -> bool {
    let drawn =
        |c: char| matches!(c, '-' | '=' | '+' | '─' | '═' | '┼' | '|') || ('\u{2500}'..='\u{257f}').contains(&c);
    (text.chars().count() >= 3 && text.chars().all(drawn))
        || text.starts_with("* Record ")
        || text.contains("[ RECORD ")
}

/// `(7 rows)`, in any language.
pub(super) fn is_count(text: &str) -> bool {
    let inside = text.strip_prefix('(').and_then(|t| t.strip_suffix(')'));
    inside.and_then(|t| t.split_once(' ')).is_some_and(|(n, word)| {
        !n.is_empty()
            && n.chars().all(|c| c.is_ascii_digit())
            && !word.is_empty()
            && word.chars().all(char::is_alphabetic)
    })
}

/// psql's `Time: 12.345 ms`, and `(00:00.012)` after a minute.
fn is_clock(text: &str) -> bool {
    text.strip_prefix("Time: ").is_some_and(|t| t.contains(" ms"))
}
