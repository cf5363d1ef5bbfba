//! What was run before: the list of runs, bringing a statement or a plan back, and comparing any two.

use std::sync::Arc;

use super::{
    answers, comparison,
    list::List,
    message::{Effect, Notes, Purpose},
    model::{Model, View},
    picker::{Item, Note, Picker, PickerKind, Value},
    sheet::Sheet,
    suppositions,
};
use crate::{fmt, history::Run, plan::Plan};

/// So much of a statement is searched and shown.
const SHOWN: usize = 400;

/// The runs of this connection.
#[derive(Debug, Default)]
pub struct Past {
    /// All, oldest first.
    pub runs: Vec<Run>,
    /// Which are shown.
    pub list: List,
    /// One chosen to be compared with another: its place in `runs`.
    pub marked: Option<usize>,
    /// A plan loaded that waits for the one to stand after it.
    pub(super) waiting: Option<(String, Arc<Plan>)>,
}

/// The orders of the list, each a word for the title.
pub(super) const ORDERS: [&str; 4] = ["newest first", "slowest first", "dearest first", "by statement"];

impl Past {
    pub(super) fn new(runs: Vec<Run>) -> Self {
        let mut out = Self { runs, ..Self::default() };
        out.arrange();
        out
    }

    /// The order in force, in words.
    #[must_use]
    pub fn order(&self) -> &'static str {
        ORDERS[self.list.order % ORDERS.len()]
    }

    /// The run under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&Run> {
        self.runs.get(self.list.selected()?)
    }

    pub(super) fn add(&mut self, run: Run) {
        self.runs.push(run);
        self.arrange();
    }

    pub(super) fn arrange(&mut self) {
        let Self { runs, list, .. } = self;
        let cost = |at: usize| runs[at].cost.unwrap_or(-1.0);
        let order = list.order;
        list.arrange(
            runs.len(),
            |at| format!("{} {}", runs[at].sql, runs[at].findings.join(" ")),
            |a, b| {
                // Of equals the newer comes first.
                let newest = b.cmp(&a);
                match order {
                    0 => newest,
                    1 => runs[b].elapsed_ms.total_cmp(&runs[a].elapsed_ms).then(newest),
                    2 => cost(b).total_cmp(&cost(a)).then(newest),
                    _ => runs[a].sql.cmp(&runs[b].sql).then(newest),
                }
            },
        );
    }
}

/// A statement on one line.
#[must_use]
pub fn on_one_line(sql: &str) -> String {
    let mut out = String::new();
    for word in sql.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.len() > SHOWN {
            break;
        }
    }
    out
}

/// When, and what came of it, in a few words.
fn words(run: &Run) -> String {
    let what = if run.analyzed { fmt::duration_ms(run.elapsed_ms) } else { "explained".to_owned() };
    format!("{what}  {}", fmt::date(run.at))
}

/// Chooses among the statements that were run, each once.
pub(super) fn search(model: &mut Model) {
    let mut items: Vec<Item> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (at, run) in model.past.runs.iter().enumerate().rev() {
        if seen.insert(run.sql.as_str()) {
            let detail = String::new();
            items.push(Item {
                label: on_one_line(&run.sql),
                detail,
                note: Note::Words(words(run)),
                value: Value::Run(at),
            });
        }
    }
    if items.is_empty() {
        model.say("nothing was run on this connection yet");
        return;
    }
    model.picker = Some(Picker::new(PickerKind::Statements, items));
}

/// Puts a run's statement where it can be typed on.
pub(super) fn take_statement(model: &mut Model, at: usize) {
    if let Some(run) = model.past.runs.get(at) {
        let text = run.sql.clone();
        model.editor.set_text(&text);
        model.view = View::Query;
        model.editor.typing = true;
        model.unsaved_for = std::time::Duration::ZERO;
    }
}

/// Opens the run under the cursor: its plan if it was kept, else its statement.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let Some(at) = model.past.list.selected() else { return Vec::new() };
    let Some(run) = model.past.runs.get(at) else { return Vec::new() };
    if run.plan.is_none() {
        take_statement(model, at);
        model.say("its plan was not kept; here is the statement");
        return Vec::new();
    }
    vec![Effect::LoadPlan { run: Box::new(run.clone()), purpose: Purpose::Show }]
}

/// Marks the run under the cursor to be compared, or takes the mark away.
pub(super) fn mark(model: &mut Model) {
    let at = model.past.list.selected();
    model.past.marked = if model.past.marked == at { None } else { at };
}

/// Compares: in the history the marked run with the one under the cursor, or that one with the plan shown; elsewhere the
/// plan shown with one to be chosen.
pub(super) fn compare(model: &mut Model) -> Vec<Effect> {
    if model.view != View::History {
        return choose(model);
    }
    let Some(run) = model.past.selected().cloned() else { return Vec::new() };
    let marked = model.past.marked.and_then(|at| model.past.runs.get(at)).cloned();
    if marked.as_ref().is_some_and(|m| m.plan.is_none()) || run.plan.is_none() {
        model.say("only runs whose plan was kept can be compared");
        return Vec::new();
    }
    model.past.waiting = None;
    match marked {
        Some(first) if first != run => vec![
            Effect::LoadPlan { run: Box::new(first), purpose: Purpose::Before },
            Effect::LoadPlan { run: Box::new(run), purpose: Purpose::After },
        ],
        None if model.sheet().is_some() => {
            vec![Effect::LoadPlan { run: Box::new(run), purpose: Purpose::Before }]
        }
        _ => {
            model.say("mark one run (Space), then compare on another");
            Vec::new()
        }
    }
}

/// Asks which plan the one shown is to be compared with.
fn choose(model: &mut Model) -> Vec<Effect> {
    let Some(sheet) = model.sheet() else {
        model.say("no plan yet: explain a statement first");
        return Vec::new();
    };
    let statement = sheet.asked().map(str::to_owned);
    let mut items: Vec<Item> = Vec::new();
    for (at, other) in model.sheets.iter().enumerate().rev().filter(|(at, _)| *at != model.current) {
        let label = on_one_line(other.asked().unwrap_or("a plan without its statement"));
        items.push(Item {
            label,
            detail: String::new(),
            note: Note::Words(plan_words(&other.plan)),
            value: Value::Sheet(at),
        });
    }
    for (at, run) in model.past.runs.iter().enumerate().rev().filter(|(_, run)| run.plan.is_some()) {
        items.push(Item {
            label: on_one_line(&run.sql),
            detail: String::new(),
            note: Note::Words(words(run)),
            value: Value::Run(at),
        });
    }
    // Other plans of the same statement are what people mean.
    let same = |item: &Item| statement.as_deref().is_some_and(|sql| item.label == on_one_line(sql));
    items.sort_by_key(|item| !same(item));
    if items.is_empty() {
        model.say("there is no other plan yet");
        return Vec::new();
    }
    model.picker = Some(Picker::new(PickerKind::Plans, items));
    Vec::new()
}

/// A plan in a few words.
fn plan_words(plan: &Plan) -> String {
    let measured = plan.execution_ms.map(fmt::duration_ms);
    let cost = plan.total_cost().map(|cost| format!("cost {}", fmt::cost(cost)));
    measured.filter(|_| plan.analyzed).or(cost).unwrap_or_else(|| format!("{} nodes", plan.len()))
}

/// Compares the plan shown with one that was chosen.
pub(super) fn chosen(model: &mut Model, value: Value) -> Vec<Effect> {
    match value {
        Value::Run(at) => {
            model.past.waiting = None;
            let run = model.past.runs.get(at).cloned();
            run.map(|run| Effect::LoadPlan { run: Box::new(run), purpose: Purpose::Before }).into_iter().collect()
        }
        Value::Sheet(at) => {
            let (Some(other), Some(sheet)) = (model.sheets.get(at), model.sheet()) else { return Vec::new() };
            let before = (format!("before, {}", plan_words(&other.plan)), Arc::clone(&other.plan));
            let after = (format!("now, {}", plan_words(&sheet.plan)), Arc::clone(&sheet.plan));
            comparison::of_plans(model, before, after);
            Vec::new()
        }
        Value::Index(table, index) => suppositions::without(model, table, index),
        Value::Command(_) | Value::Theme(_) | Value::Trials(_) => Vec::new(),
    }
}

/// Takes a plan that came back from the disk.
pub(super) fn loaded(model: &mut Model, run: &Run, purpose: Purpose, result: Result<(Box<Plan>, Notes), String>) {
    let (plan, notes) = match result {
        Ok(loaded) => loaded,
        Err(problem) => {
            model.past.waiting = None;
            model.warn(problem);
            return;
        }
    };
    let words = words(run);
    match purpose {
        Purpose::Show => {
            super::views::mark(model);
            let mut sheet = Sheet::saved(*plan);
            sheet.statement = Some(run.sql.clone());
            sheet.document.clone_from(&run.plan);
            sheet.notes = notes;
            answers::push_sheet(model, sheet);
            model.view = View::Plan;
            model.editor.typing = false;
        }
        Purpose::Before if model.view == View::History && model.past.marked.is_some() => {
            model.past.waiting = Some((words, Arc::new(*plan)));
        }
        Purpose::Before => {
            let Some(sheet) = model.sheet() else { return };
            let now = (format!("now, {}", plan_words(&sheet.plan)), Arc::clone(&sheet.plan));
            comparison::of_plans(model, (words, Arc::new(*plan)), now);
        }
        Purpose::After => {
            if let Some(first) = model.past.waiting.take() {
                comparison::of_plans(model, first, (words, Arc::new(*plan)));
            }
        }
    }
}
