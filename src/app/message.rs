//! What happens to the screen, and what it wants done.

use std::{sync::Arc, time::Duration};

use super::model::Extents;
use crate::{
    advise::Proposal,
    catalog::Catalog,
    inspect::{InspectError, Inspection},
    keys::Command,
    plan::Plan,
    server::{Info, ServerError},
    whatif::Progress,
};

/// Something that happened.
#[derive(Debug)]
pub enum Message {
    /// A key that stands for a command where the person is.
    Command(Command),
    /// A character typed into a text.
    Insert(char),
    /// A pasted text.
    Paste(String),
    /// Time went by since the last tick.
    Tick(Duration),
    /// What the last drawing had room for.
    Measured(Extents),
    /// A server of our own is being made ready: what is done, and how far it has come (0 to 1).
    Preparing {
        /// In words.
        doing: String,
        /// How far, where it can be told.
        done: Option<f64>,
    },
    /// The session is open.
    Connected(Box<Info>),
    /// It could not be opened.
    ConnectFailed(Box<ServerError>),
    /// The answer to [`Effect::Explain`].
    Explained {
        /// Of the request.
        generation: u64,
        /// The answer.
        result: Result<Box<Inspection>, Box<InspectError>>,
    },
    /// How far [`Effect::Advise`] has come.
    Progress {
        /// Of the request.
        generation: u64,
        /// How far.
        progress: Progress,
    },
    /// The answer to [`Effect::Advise`].
    Advised {
        /// Of the request.
        generation: u64,
        /// The proposals, best first.
        result: Result<Vec<Proposal>, Box<ServerError>>,
    },
    /// Something to say in passing: what was copied and how, what could not be kept.
    Say(String),
    /// The process was asked to end by a signal.
    Stop,
}

/// Whether the person typed the word that allows a statement to be executed although it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Confirmed {
    /// No.
    #[default]
    No,
    /// Yes.
    Yes,
}

/// Something to be done outside.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Open the session.
    Connect,
    /// Explain one statement and diagnose the plan.
    Explain {
        /// To be given back with the answer.
        generation: u64,
        /// One statement.
        sql: String,
        /// Execute it and measure.
        analyze: bool,
        /// The person allowed it.
        confirmed: Confirmed,
    },
    /// Look for indexes and try each.
    Advise {
        /// To be given back with the answer.
        generation: u64,
        /// One statement.
        sql: String,
        /// Its plan.
        plan: Arc<Plan>,
        /// Facts about its tables, if they are known.
        catalog: Option<Arc<Catalog>>,
    },
    /// Stop the request of that generation, here and on the server.
    Cancel {
        /// Of the request.
        generation: u64,
    },
    /// Put a text on the clipboard.
    Copy {
        /// What it is, for the message.
        what: &'static str,
        /// The text.
        text: String,
    },
    /// Keep what was typed.
    SaveDraft {
        /// The whole text of the editor.
        text: String,
    },
    /// Keep a plan and a line about it.
    Record {
        /// The statement.
        sql: String,
        /// Its plan; the document it came from is [`Plan::source`].
        plan: Arc<Plan>,
        /// Titles of the findings.
        findings: Vec<String>,
        /// Time of the request, seen from here.
        elapsed: Duration,
    },
    /// To the shell.
    Suspend,
    /// The end.
    Quit,
}
