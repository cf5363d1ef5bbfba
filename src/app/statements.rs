//! The statements in the query's text: what each is, and what is known of its plan.

use super::{
    list::List,
    model::{Model, View},
    sheet::Sheet,
};
use crate::{
    history::Run,
    sql::{self, Effects},
};

/// A statement of the query's text.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Its place among them, from 1.
    pub number: usize,
    /// Line of the text it begins in, from 1.
    pub line: usize,
    /// Byte of the text at which it begins.
    pub start: usize,
    /// The statement.
    pub sql: String,
    /// What it does.
    pub effects: Effects,
    /// Its first keywords, or what stood in the way of reading it.
    pub words: String,
    /// What the last plan of it said.
    pub known: Option<Known>,
}

/// What is known of a statement's plan.
#[derive(Debug, Clone)]
pub struct Known {
    /// The root's cost.
    pub cost: Option<f64>,
    /// How long it ran, milliseconds; none where it was only explained.
    pub ran_ms: Option<f64>,
    /// Titles of the findings.
    pub findings: Vec<String>,
}

impl Known {
    fn of_sheet(sheet: &Sheet) -> Self {
        Self {
            cost: sheet.plan.total_cost(),
            ran_ms: sheet.plan.execution_ms.filter(|_| sheet.plan.analyzed),
            findings: sheet.findings.iter().map(|f| f.title.clone()).collect(),
        }
    }

    fn of_run(run: &Run) -> Self {
        Self { cost: run.cost, ran_ms: run.analyzed.then_some(run.elapsed_ms), findings: run.findings.clone() }
    }
}

/// The list of statements.
#[derive(Debug, Default)]
pub struct Statements {
    /// All, in the order of the text.
    pub all: Vec<Statement>,
    /// Which are shown.
    pub list: List,
}

/// The orders of the list, each a word for the title.
pub(super) const ORDERS: [&str; 4] = ["as in the text", "dearest first", "slowest first", "what they do"];

impl Statements {
    /// The order in force, in words.
    #[must_use]
    pub fn order(&self) -> &'static str {
        ORDERS[self.list.order % ORDERS.len()]
    }

    /// The statement under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&Statement> {
        self.all.get(self.list.selected()?)
    }

    pub(super) fn arrange(&mut self) {
        let Self { all, list } = self;
        let known = |at: usize, pick: fn(&Known) -> Option<f64>| all[at].known.as_ref().and_then(pick).unwrap_or(-1.0);
        let order = list.order;
        list.arrange(
            all.len(),
            |at| format!("{} {}", all[at].words, all[at].sql),
            |a, b| match order {
                0 => a.cmp(&b),
                1 => known(b, |k| k.cost).total_cmp(&known(a, |k| k.cost)),
                2 => known(b, |k| k.ran_ms).total_cmp(&known(a, |k| k.ran_ms)),
                _ => all[b].effects.cmp(&all[a].effects).then(a.cmp(&b)),
            },
        );
    }
}

/// Shows the statements of the text; the one under the editor's cursor is chosen.
pub(super) fn show(model: &mut Model) {
    let (engine, text) = (model.engine(), model.editor.text());
    let here = model.editor.statement(engine).map(|(span, ..)| span.start);
    let known = |sql: &str| {
        let sheet = model.sheets.iter().rev().find(|s| s.asked() == Some(sql)).map(Known::of_sheet);
        sheet.or_else(|| model.past.runs.iter().rev().find(|run| run.sql == sql).map(Known::of_run))
    };
    let all: Vec<Statement> = sql::split(&text, engine)
        .iter()
        .enumerate()
        .map(|(at, span)| {
            let statement = span.of(&text).trim().to_owned();
            let class = sql::classify(&statement, engine);
            let start = span.start + span.of(&text).len() - span.of(&text).trim_start().len();
            Statement {
                number: at + 1,
                line: text.get(..start).map_or(0, |t| t.matches('\n').count()) + 1,
                start,
                effects: class.effects,
                words: class.problem.filter(|_| class.effects == Effects::Unknown).unwrap_or(class.verb),
                known: known(&statement),
                sql: statement,
            }
        })
        .collect();
    let chosen = here.and_then(|start| all.iter().position(|s| s.start >= start)).unwrap_or(0);
    model.statements.all = all;
    model.statements.arrange();
    let list = &mut model.statements.list;
    list.cursor = list.shown().iter().position(|at| *at == chosen).unwrap_or(0);
    model.view = View::Statements;
    model.editor.typing = false;
}

/// Goes to the statement under the cursor in the query.
pub(super) fn open(model: &mut Model) {
    let Some(start) = model.statements.selected().map(|s| s.start) else { return };
    model.editor.jump(start);
    model.editor.offered = false;
    model.view = View::Query;
    model.editor.typing = true;
}
