//! Where the keys go, and what they can do there.

use super::{
    model::{Link, Model, Question, View},
    sheet::Pane,
};
use crate::{
    keys::{Command, Place},
    whatif,
};

impl Model {
    /// Where the keys go, the innermost place first.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        if self.confirm.is_some() {
            // Nothing else may begin while a word is asked for.
            return vec![Place::Confirm];
        }
        if self.question.is_some() {
            return vec![Place::Question];
        }
        if self.prompt.is_some() {
            return vec![Place::Prompt, Place::Line];
        }
        if self.form.is_some() {
            return vec![Place::Form, Place::Line];
        }
        if self.picker.is_some() {
            return vec![Place::Picker, Place::Line];
        }
        if self.page.is_some() {
            return vec![Place::Help, Place::Moving, Place::Always];
        }
        if self.searching.is_some() {
            return vec![Place::Search, Place::Line, Place::Always];
        }
        self.behind()
    }

    /// Where the keys go when nothing stands in front.
    #[must_use]
    pub fn behind(&self) -> Vec<Place> {
        let mut out = Vec::with_capacity(8);
        if self.work.is_some() {
            out.push(Place::Busy);
        }
        if self.view == View::Query && self.editor.typing {
            out.extend(self.completion.is_some().then_some(Place::Completion));
            // Esc closes an error first; everything else is typed.
            out.extend(self.error.is_some().then_some(Place::Error));
            out.extend([Place::Editor, Place::Always]);
            return out;
        }
        out.extend(self.error.is_some().then_some(Place::Error));
        match self.view {
            View::Start => out.extend([Place::Start, Place::Moving]),
            View::Query => out.push(Place::Query),
            View::Plan => {
                match self.sheet().map(|s| s.pane) {
                    Some(Pane::Tree) => out.push(Place::Tree),
                    Some(Pane::Findings) => out.push(Place::Findings),
                    _ => {}
                }
                out.extend([Place::Plan, Place::Moving]);
            }
            View::Indexes => out.extend([Place::Indexes, Place::Moving]),
            View::Compare => out.extend([Place::Compare, Place::Tree, Place::Moving]),
            View::Table => out.extend([Place::Table, Place::Moving]),
            View::History => out.extend([Place::History, Place::Moving]),
            View::Statements => out.extend([Place::Statements, Place::Moving]),
            View::Connections => out.extend([Place::Connections, Place::Moving]),
        }
        out.extend([Place::Normal, Place::Always]);
        out
    }

    /// Whether a command would do something here and now: what cannot is not offered among the hints.
    #[must_use]
    pub fn can(&self, command: Command) -> bool {
        // What stands in front has the keys; what is behind it waits.
        if self.page.is_some() {
            return command == Command::Leave || (command == Command::ToggleMouse && self.mouse);
        }
        match (self.view, command) {
            (_, Command::Tables | Command::Formulas) => self.question == Some(Question::Trials),
            // A search that is under way is not begun, nor turned elsewhere.
            (
                View::Indexes,
                Command::FindIndexes
                | Command::WhatIf
                | Command::ChooseTrials
                | Command::TryIndex
                | Command::TryTogether
                | Command::TryWithout,
            ) if self.work.is_some() => false,
            (
                View::Indexes,
                Command::Open | Command::EditProposal | Command::CopyDdl | Command::CopyUndo | Command::Mark,
            ) => self.work.is_none() && self.advice().is_some_and(|a| a.selected().is_some()),
            (_, Command::BuildInvisible) => {
                let possible = matches!(&self.link, Link::Open(info) if whatif::possible(info).is_ok());
                possible && self.work.is_none() && self.advice().is_some_and(|a| a.selected().is_some())
            }
            (View::Indexes, Command::TryTogether) => self.advice().is_some_and(|a| a.together().len() > 1),
            (View::History, Command::Open | Command::Mark | Command::CompareWith) => self.past.selected().is_some(),
            (View::History, Command::Search | Command::SortNext | Command::SortReverse) => !self.past.runs.is_empty(),
            (View::Statements, Command::Open) => self.statements.selected().is_some(),
            (View::Connections, Command::Open) => self.servers.selected().is_some(),
            // The query is there already, and a place in it leads to a node only where there is a plan.
            (View::Query, Command::ShowQuery) => false,
            (View::Query, Command::CrossToQuery) | (View::Indexes, Command::TryIndex) => self.sheet().is_some(),
            // Connecting comes first.
            (_, Command::FindIndexes | Command::Analyze) => !matches!(self.link, Link::Lost | Link::None),
            // What was typed may be a plan, which is read without a server.
            (view, Command::Explain) => view == View::Query || !matches!(self.link, Link::None),
            (_, Command::WhatIf | Command::TryIndex | Command::TryWithout) => !matches!(self.link, Link::None),
            (_, Command::Reconnect) => matches!(self.link, Link::Lost),
            (_, Command::ToggleMouse) => self.mouse,
            _ => true,
        }
    }
}
