//! Moving a cursor, scrolling, and going from pane to pane.

use super::{
    comparison::Comparison,
    lists,
    model::{Model, View},
    sheet::Pane,
};

pub(super) fn next_pane(model: &mut Model, forward: bool) {
    match model.view {
        View::Plan => {
            if let Some(sheet) = model.sheet_mut() {
                let panes = [Pane::Tree, Pane::Findings, Pane::Detail];
                let at = panes.iter().position(|p| *p == sheet.pane).unwrap_or(0);
                sheet.pane = panes[(at + if forward { 1 } else { 2 }) % 3];
            }
        }
        View::Indexes => model.advice_mut().into_iter().for_each(|a| a.in_detail = !a.in_detail),
        View::Compare => {
            model.comparison.as_mut().into_iter().for_each(Comparison::turn);
        }
        View::Query => model.editor.typing = true,
        View::Start | View::Table | View::History | View::Statements | View::Connections => {}
    }
}

pub(super) fn other_plan(model: &mut Model, forward: bool) {
    let n = model.sheets.len();
    if n > 1 {
        model.current = (model.current + if forward { 1 } else { n - 1 }) % n;
    } else {
        model.say("there is one plan");
    }
}

/// Moves a cursor among `len` things.
fn moved(at: usize, by: isize, len: usize) -> usize {
    at.saturating_add_signed(by).min(len.saturating_sub(1))
}

/// Scrolls, never further than there is something to see.
fn scrolled(at: usize, by: isize, most: usize) -> usize {
    at.min(most).saturating_add_signed(by).min(most)
}

pub(super) fn step(model: &mut Model, by: isize) {
    let most = model.extents.scroll;
    if let Some(page) = &mut model.page {
        page.scroll = scrolled(page.scroll, by, most);
        return;
    }
    if let Some((completion, chosen)) = &mut model.completion {
        *chosen = moved(*chosen, by, completion.items.len());
        return;
    }
    if let Some(form) = &mut model.form {
        form.step(by.signum());
        return;
    }
    if let Some(picker) = &mut model.picker {
        picker.cursor = moved(picker.cursor, by, picker.matches.len());
        return;
    }
    match model.view {
        View::Start => model.sample = moved(model.sample, by, model.samples.len()),
        View::Query => {}
        View::Table => model.table_scroll = scrolled(model.table_scroll, by, most),
        View::Plan => {
            let Some(sheet) = model.sheet_mut() else { return };
            match sheet.pane {
                Pane::Tree => sheet.step(by),
                Pane::Findings => {
                    sheet.finding = moved(sheet.finding, by, sheet.findings.len());
                    sheet.go_to_finding();
                }
                Pane::Detail => sheet.scroll = scrolled(sheet.scroll, by, most),
            }
        }
        View::Indexes => {
            let Some(advice) = model.advice_mut() else { return };
            if advice.in_detail {
                advice.scroll = scrolled(advice.scroll, by, most);
            } else {
                advice.cursor = moved(advice.cursor, by, advice.proposals.len());
                advice.scroll = 0;
            }
        }
        View::Compare => {
            if let Some(comparison) = &mut model.comparison {
                comparison.change(|tree, _| tree.step(by));
            }
        }
        View::Statements | View::Connections | View::History => {
            if let Some((list, _)) = lists::list_mut(model) {
                list.cursor = moved(list.cursor, by, list.shown().len());
            }
        }
    }
}
