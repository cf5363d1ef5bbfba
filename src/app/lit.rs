//! What of the query's text the node under the cursor comes from.

use std::ops::Range;

use super::model::{Model, View};
use crate::{
    catalog::Table,
    plan::NodeId,
    sql::{self, Span},
};

use super::sheet::Sheet;

impl Model {
    /// Bytes of the editor's text that the node under the cursor comes from. Empty when the text is another by now.
    #[must_use]
    pub fn lit(&self) -> Vec<Range<usize>> {
        let Some((sheet, start)) = self.sheet().and_then(|sheet| Some((sheet, self.start_of(sheet)?))) else {
            return Vec::new();
        };
        let spans = sheet.spans_of(sheet.tree.selected());
        spans.into_iter().map(|span| start + span.start..start + span.end).collect()
    }

    /// Where a sheet's statement stands in the editor's text.
    fn start_of(&self, sheet: &Sheet) -> Option<usize> {
        let statement = sheet.asked()?;
        self.editor.text().find(statement)
    }
}

impl Sheet {
    /// Parts of the statement that a node comes from.
    #[must_use]
    pub fn spans_of(&self, id: NodeId) -> Vec<Span> {
        let Some(statement) = self.asked() else { return Vec::new() };
        sql::spans_of(&sql::parts(statement, self.plan.engine), &self.plan, id)
    }

    /// The table a node is about: its own, or the first that is read below it.
    #[must_use]
    pub fn table_of(&self, id: NodeId) -> Option<&Table> {
        let catalog = self.catalog.as_ref()?;
        let relation = self.plan.subtree(id).find_map(|id| self.plan.node(id).relation.as_ref())?;
        // Documents that give the alias alone need the statement to say whose it is.
        let called = || {
            let statement = self.asked()?;
            let parts = sql::parts(statement, self.plan.engine);
            let name = sql::table_called(&parts, relation.alias.as_ref().unwrap_or(&relation.name))?;
            catalog.tables.iter().find(|table| table.name.eq_ignore_ascii_case(name))
        };
        catalog.table(relation.schema.as_deref(), &relation.name).or_else(called)
    }
}

/// From a node to its place in the query, or from a place in the query to its node.
pub(super) fn cross(model: &mut Model) {
    let Some(sheet) = model.sheet() else {
        model.say("no plan yet: explain a statement first");
        return;
    };
    if sheet.statement.is_none() {
        model.say("this plan came without its statement");
        return;
    }
    let Some(start) = model.start_of(sheet) else {
        model.say("the query was changed since: explain it again");
        return;
    };
    if model.view == View::Query {
        let statement = sheet.asked().unwrap_or_default().to_owned();
        let here = model.editor.offset().checked_sub(start).filter(|at| *at <= statement.len());
        let parts = sql::parts(&statement, sheet.plan.engine);
        match here.and_then(|at| sql::node_at(&parts, &sheet.plan, at)) {
            Some(id) => {
                model.view = View::Plan;
                model.editor.typing = false;
                if let Some(sheet) = model.sheet_mut() {
                    sheet.tree.go_to(&sheet.plan, id);
                    sheet.moved();
                }
            }
            None => model.say("no node of the plan comes from here"),
        }
        return;
    }
    let spans = model.lit();
    model.view = View::Query;
    model.editor.typing = false;
    match spans.first() {
        Some(span) => model.editor.jump(span.start),
        None => model.say("no part of the query belongs to this node alone"),
    }
}
