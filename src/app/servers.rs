//! The servers that can be connected to: those saved in the configuration and those used before. No password is ever here.

use std::collections::BTreeMap;

use super::{
    commands::keep_draft,
    list::List,
    message::Effect,
    model::{Link, Model, View},
    past::Past,
    prompt::{Prompt, PromptKind},
    requests,
};
use crate::{
    history::Run,
    plan::Engine,
    server::{ServerError, target::TlsMode},
};

/// A server that can be connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name in the configuration, if it is saved there.
    pub name: Option<String>,
    /// User, host and database.
    pub place: String,
    /// What leads to it; no password.
    pub address: String,
    /// The engine expected there.
    pub engine: Option<Engine>,
    /// How the connection is to be protected.
    pub tls: TlsMode,
    /// When it was used last, seconds since 1970.
    pub last: Option<u64>,
    /// Statements run there.
    pub runs: usize,
    /// Why it cannot be connected to, if its address makes no sense.
    pub problem: Option<String>,
}

/// The list of servers.
#[derive(Debug, Default)]
pub struct Servers {
    /// All.
    pub all: Vec<Server>,
    /// Which are shown.
    pub list: List,
}

/// The orders of the list, each a word for the title.
pub(super) const ORDERS: [&str; 3] = ["last used first", "by name", "most used first"];

impl Servers {
    /// The order in force, in words.
    #[must_use]
    pub fn order(&self) -> &'static str {
        ORDERS[self.list.order % ORDERS.len()]
    }

    /// The server under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&Server> {
        self.all.get(self.list.selected()?)
    }

    pub(super) fn arrange(&mut self) {
        let Self { all, list } = self;
        let name = |at: usize| (all[at].name.is_none(), all[at].name.as_deref().unwrap_or_default(), &all[at].place);
        let order = list.order;
        list.arrange(
            all.len(),
            |at| format!("{} {}", all[at].name.as_deref().unwrap_or_default(), all[at].place),
            |a, b| match order {
                0 => all[b].last.cmp(&all[a].last).then_with(|| name(a).cmp(&name(b))),
                1 => name(a).cmp(&name(b)),
                _ => all[b].runs.cmp(&all[a].runs).then_with(|| name(a).cmp(&name(b))),
            },
        );
    }
}

/// What is known of a server that is gone to.
#[derive(Debug)]
pub struct Arrival {
    /// User, host and database.
    pub place: String,
    /// The engine expected there.
    pub engine: Engine,
    /// What was typed there last.
    pub draft: Option<String>,
    /// What was run there, oldest first.
    pub runs: Vec<Run>,
    /// The last value of each parameter.
    pub values: BTreeMap<String, String>,
}

/// Shows the list, and asks for it anew.
pub(super) fn show(model: &mut Model) -> Vec<Effect> {
    model.view = View::Connections;
    model.editor.typing = false;
    vec![Effect::ListServers]
}

/// Takes the list.
pub(super) fn listed(model: &mut Model, all: Vec<Server>) {
    model.servers.all = all;
    model.servers.arrange();
}

/// Goes to the server under the cursor.
pub(super) fn connect(model: &mut Model) -> Vec<Effect> {
    let Some(server) = model.servers.selected() else { return Vec::new() };
    if let Some(problem) = server.problem.clone() {
        model.warn(problem);
        return Vec::new();
    }
    let address = server.address.clone();
    let mut effects = requests::cancel_quietly(model);
    effects.extend(keep_draft(model));
    effects.push(Effect::GoTo { address });
    effects
}

/// The way to another server is known: everything that was of the one before is let go, plans stay to be looked at.
pub(super) fn arrived(model: &mut Model, arrival: Arrival) -> Vec<Effect> {
    let mut effects = requests::cancel_quietly(model);
    model.place = arrival.place;
    model.expected = Some(arrival.engine);
    model.past = Past::new(arrival.runs);
    model.values = arrival.values;
    model.names = std::sync::Arc::default();
    model.asked_for_tables = false;
    model.allow.temporary_tables = model.allowed.temporary_tables;
    model.allow.reads.rows = model.allowed.reads.rows;
    if model.allow.method == crate::whatif::Method::Calculated {
        // It was an answer about the server before.
        model.allow.method = model.allowed.method;
    }
    model.error = None;
    model.samples.clear();
    for sheet in &mut model.sheets {
        sheet.live = false;
    }
    // A query that is being worked on is taken along: often it is to be tried elsewhere.
    if let Some(draft) = arrival.draft.filter(|_| model.editor.is_blank()) {
        model.editor.set_text(&draft);
        model.editor.dirty = false;
        model.editor.offered = true;
    }
    model.link = Link::Connecting;
    model.beat = std::time::Duration::ZERO;
    model.view = View::Query;
    model.editor.typing = true;
    effects.push(Effect::Connect);
    effects
}

/// Asks for the password that the server wants.
pub(super) fn ask_password(model: &mut Model, error: &ServerError) {
    model.link = Link::Lost;
    model.work = None;
    let mut prompt = Prompt::new(PromptKind::Password, "");
    // Without a code nothing was tried yet; with one the server refused what it was given.
    prompt.problem = error.code.is_some().then(|| error.message.clone());
    model.prompt = Some(prompt);
}
