//! A real index that nobody else's statements use (MySQL): said what it costs, asked for a word, built, tried and dropped again.

use std::sync::Arc;

use super::{
    advice::Advice,
    confirm::{Confirm, Going},
    message::Effect,
    model::{Asked, Link, Model, WorkKind},
    requests,
};
use crate::{
    advise::Candidate,
    server::{ErrorKind, ServerError},
    whatif,
};

/// What is built when the word is typed.
#[derive(Debug, Clone)]
pub struct Build {
    /// The statement it is tried for.
    pub sql: String,
    /// The index.
    pub candidate: Box<Candidate>,
    /// Its name.
    pub name: String,
}

/// Says what building the proposal under the cursor does to the server, and asks for the word.
pub(super) fn ask(model: &mut Model) {
    let Link::Open(info) = &model.link else {
        model.say("an index is built on a server: connect first (R)");
        return;
    };
    if let Err(error) = whatif::possible(info) {
        model.say(format!("{}: only MySQL can do this", error.message));
        return;
    }
    let found = model.sheet().filter(|sheet| sheet.live).and_then(|sheet| {
        let proposal = sheet.advice.as_ref().and_then(Advice::selected)?;
        Some((sheet.statement.clone()?, sheet.catalog.clone()?, proposal.candidate.clone(), proposal.name.clone()))
    });
    let Some((sql, catalog, candidate, name)) = found else {
        model.say("look for indexes first (x); the one under the cursor is built");
        return;
    };
    let foretold = whatif::foretold(&candidate, &name, &catalog);
    let (create, cost) = foretold.split_once('\n').unwrap_or((&foretold, ""));
    let error = ServerError::new(
        ErrorKind::NeedsConfirmation,
        "building an index",
        "This index is really built on your server, invisible to everybody else's statements, planned with, and dropped again:",
    );
    let error = ServerError { detail: Some(cost.trim().to_owned()), ..error };
    model.confirm = Some(Confirm {
        error: Box::new(error),
        typed: String::new(),
        asked: Asked::plain(create.to_owned(), None),
        going: Going::Build(Build { sql, candidate: Box::new(candidate), name }),
    });
}

/// Builds it, the word being typed.
pub(super) fn begin(model: &mut Model, build: Build, keep: bool) -> Vec<Effect> {
    let Some(catalog) = model.sheet().and_then(|sheet| sheet.catalog.as_ref()).map(Arc::clone) else {
        return Vec::new();
    };
    let mut effects = requests::cancel_quietly(model);
    model.error = None;
    let Build { sql, candidate, name } = build;
    let generation = requests::begin(model, WorkKind::Build, Asked::plain(sql.clone(), None), false);
    effects.push(Effect::BuildIndex { generation, sql, candidate, name, keep, catalog });
    effects
}
