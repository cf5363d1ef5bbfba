//! What happens to the screen, and what it wants done.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use ratatui::layout::Position;
use secrecy::SecretString;

use super::{
    model::Extents,
    prompt::SaveError,
    servers::{Arrival, Server},
};
use crate::{
    advise::{Candidate, Proposal, Together},
    catalog::{Catalog, Names},
    diagnose::Finding,
    history::Run,
    inspect::{InspectError, Inspection},
    keys::Command,
    plan::{NodeId, Plan},
    server::{Info, ServerError},
    whatif::{Allow, Progress, Supposed, Supposition},
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
    /// A click, where the mouse was taken.
    Click(Position),
    /// A notch of the wheel, where the mouse was taken; towards the end or back.
    Wheel(Position, bool),
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
    /// It could not be opened, and a password that the person types may help.
    PasswordWanted(Box<ServerError>),
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
    /// The answer to [`Effect::OpenFile`]: the file's text.
    Opened {
        /// The file.
        path: PathBuf,
        /// Its text, or what the file system answered.
        result: Result<String, String>,
    },
    /// The answer to [`Effect::SaveFile`].
    Saved {
        /// The file.
        path: PathBuf,
        /// Whether it was written.
        result: Result<(), SaveError>,
    },
    /// The answer to [`Effect::SaveReport`].
    ReportSaved {
        /// The file.
        path: PathBuf,
        /// Whether it was written.
        result: Result<(), SaveError>,
    },
    /// The query came back from another editor; `None` when it was left as it was.
    Edited(Option<String>),
    /// The answer to [`Effect::Names`].
    Names(Arc<Names>),
    /// A run was kept.
    Recorded(Box<Run>),
    /// The answer to [`Effect::LoadPlan`].
    Loaded {
        /// The run it was kept with.
        run: Box<Run>,
        /// What to do with it.
        purpose: Purpose,
        /// The plan and the notes on it, or why it cannot be had.
        result: Result<(Box<Plan>, Notes), String>,
    },
    /// The answer to [`Effect::TryIndex`].
    Tried {
        /// Of the request.
        generation: u64,
        /// The index with what came of it.
        result: Result<Box<Proposal>, Box<ServerError>>,
    },
    /// The answer to [`Effect::TryTogether`].
    TriedTogether {
        /// Of the request.
        generation: u64,
        /// What came of it.
        result: Result<Box<Together>, Box<ServerError>>,
    },
    /// The answer to [`Effect::Suppose`].
    Supposed {
        /// Of the request.
        generation: u64,
        /// What would be.
        result: Result<Box<Supposed>, Box<ServerError>>,
    },
    /// The answer to [`Effect::ListThemes`]: names, and what each is in a line.
    Themes(Vec<(String, String)>),
    /// The answer to [`Effect::ListServers`].
    Servers(Vec<Server>),
    /// The way to another server is known.
    Arrived(Box<Arrival>),
    /// Something to say in passing: what was copied and how, what could not be kept.
    Say(String),
    /// Something the person should know that is not as it should be.
    Warn(String),
    /// The process was asked to end by a signal.
    Stop,
}

/// What people wrote about nodes, by the nodes' numbers.
pub type Notes = BTreeMap<u32, String>;

/// What a plan of the history is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be looked at.
    Show,
    /// To stand before the plan shown.
    Before,
    /// To stand after the one loaded just before.
    After,
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

/// What of a plan is copied, and how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excerpt {
    /// The node under the cursor, with everything it says.
    Node,
    /// The plan as text.
    Text,
    /// Everything, as the JSON that every command speaks.
    Json,
    /// The plan as Markdown.
    Markdown,
    /// Everything, as Markdown.
    Report,
    /// Everything, as text.
    Everything,
    /// Everything, as one HTML page.
    Html,
}

/// A plan to be copied.
#[derive(Debug, Clone)]
pub struct Copied {
    /// What of it.
    pub excerpt: Excerpt,
    /// The node under the cursor.
    pub node: NodeId,
    /// The plan.
    pub plan: Arc<Plan>,
    /// Its findings.
    pub findings: Vec<Finding>,
    /// What was tried for it.
    pub proposals: Vec<Proposal>,
    /// What people wrote about its nodes.
    pub notes: Notes,
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
        /// Plan it for unknown values of its parameters.
        generic: bool,
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
        /// What trials may do.
        allow: Allow,
    },
    /// Try one index that the person thought of.
    TryIndex {
        /// To be given back with the answer.
        generation: u64,
        /// One statement.
        sql: String,
        /// The index.
        candidate: Box<Candidate>,
        /// Facts about the statement's tables.
        catalog: Arc<Catalog>,
        /// What trials may do.
        allow: Allow,
    },
    /// Build a real index that only this session uses, plan with it, and drop it again; answered like [`Effect::TryIndex`].
    BuildIndex {
        /// To be given back with the answer.
        generation: u64,
        /// One statement.
        sql: String,
        /// The index.
        candidate: Box<Candidate>,
        /// Its name.
        name: String,
        /// It stays, invisible.
        keep: bool,
        /// Facts about the statement's tables.
        catalog: Arc<Catalog>,
    },
    /// Try several indexes at once.
    TryTogether {
        /// To be given back with the answer.
        generation: u64,
        /// One statement.
        sql: String,
        /// The indexes.
        candidates: Vec<Candidate>,
        /// Facts about the statement's tables.
        catalog: Arc<Catalog>,
        /// What trials may do.
        allow: Allow,
    },
    /// Ask what would be if indexes came or went.
    Suppose {
        /// To be given back with the answer.
        generation: u64,
        /// One statement.
        sql: String,
        /// What is supposed.
        supposition: Supposition,
        /// Facts about the statement's tables.
        catalog: Arc<Catalog>,
        /// What trials may do.
        allow: Allow,
    },
    /// Read the names of tables and columns, for completing what is typed.
    Names,
    /// Read a file.
    OpenFile {
        /// As typed.
        path: PathBuf,
    },
    /// Write a file.
    SaveFile {
        /// As typed.
        path: PathBuf,
        /// What to write.
        text: String,
        /// Whether a file that is there may be replaced.
        replace: bool,
    },
    /// Write a plan with everything known of it; how is told by the file's ending.
    SaveReport {
        /// As typed.
        path: PathBuf,
        /// What to write.
        copied: Box<Copied>,
        /// Whether a file that is there may be replaced.
        replace: bool,
    },
    /// Give the query to the person's own editor.
    EditOutside {
        /// The whole text.
        text: String,
    },
    /// Bring a plan of the history back.
    LoadPlan {
        /// The run it was kept with.
        run: Box<Run>,
        /// What for.
        purpose: Purpose,
    },
    /// Find out which themes there are.
    ListThemes,
    /// Show a theme; none: the one it began with.
    ShowTheme {
        /// Its name.
        name: Option<String>,
    },
    /// Find out which servers are saved and which were used.
    ListServers,
    /// Find the way to a server; connecting comes after.
    GoTo {
        /// What leads there; no password.
        address: String,
    },
    /// Connect with the password that was typed. It is kept as long as the connection and nowhere else.
    Password(SecretString),
    /// Keep what was written about a plan's nodes.
    SaveNotes {
        /// The plan's document in the history.
        document: String,
        /// All notes.
        notes: Notes,
    },
    /// Stop the request of that generation, here and on the server.
    Cancel {
        /// Of the request.
        generation: u64,
    },
    /// Put a text on the clipboard.
    Copy {
        /// What it is, for the message.
        what: String,
        /// The text.
        text: String,
    },
    /// Put a plan, or what is known of it, on the clipboard.
    CopyPlan(Box<Copied>),
    /// Keep what was typed.
    SaveDraft {
        /// The whole text of the editor.
        text: String,
    },
    /// Keep the values of parameters for the next time.
    SaveValues {
        /// By name, as typed.
        values: BTreeMap<String, String>,
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
    /// Take the mouse from the terminal, or give it back.
    TakeMouse(bool),
    /// To the shell.
    Suspend,
    /// The end.
    Quit,
}
