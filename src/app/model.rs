//! Everything the screen knows.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use ratatui::layout::Rect;

use super::{
    advice::Advice, comparison::Comparison, confirm::Confirm, editor::Editor, form::Form, line::LineEdit, looks::Looks,
    message::Effect, past::Past, picker::Picker, prompt::Prompt, servers::Servers, sheet::Sheet,
    statements::Statements, views::Look,
};
use crate::{
    advise::Candidate,
    catalog::Names,
    history::Run,
    keys::Keymap,
    plan::{Engine, Plan},
    server::{Info, ServerError},
    sql::{Completion, Filled},
    whatif::{Allow, Progress, Supposition},
};

/// A query to choose on the start page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// A few words.
    pub title: String,
    /// What is wrong with it, one line.
    pub trouble: String,
    /// The statement.
    pub sql: String,
}

/// What fills the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// The sample queries, or what to do without a server.
    Start,
    /// The query.
    #[default]
    Query,
    /// A plan.
    Plan,
    /// Proposals.
    Indexes,
    /// A proposal's plans.
    Compare,
    /// The table of the node under the cursor.
    Table,
    /// What was run before.
    History,
    /// The statements of the query's text.
    Statements,
    /// Servers to connect to.
    Connections,
}

/// How it stands with the server.
#[derive(Debug, Clone, Default)]
pub enum Link {
    /// There is none.
    #[default]
    None,
    /// A server of our own is being made ready.
    Preparing {
        /// In words.
        doing: String,
        /// How far, 0 to 1, where it can be told.
        done: Option<f64>,
    },
    /// Connecting.
    Connecting,
    /// Open.
    Open(Box<Info>),
    /// It could not be opened, or broke.
    Lost,
}

/// What the server works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkKind {
    /// A plan, without running the statement.
    Explain,
    /// A plan, with running it.
    Analyze,
    /// Indexes.
    Advise,
    /// One index that the person thought of.
    Try,
    /// A real index is built, invisible to others.
    Build,
    /// Several indexes at once.
    Together,
    /// What would be.
    Suppose,
}

/// A question to be answered by yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// How indexes may be tried: on a twin with a sample of the rows, on session-private temporary tables, or not at all.
    Trials,
    /// Whether a sample of the rows may be read, to make statistics of (PostgreSQL).
    Sample,
}

/// What goes on when a question is answered.
#[derive(Debug, Clone, Default)]
pub(super) enum Waiting {
    /// The search for indexes.
    #[default]
    Advise,
    /// The trial of one index.
    Try(Box<Candidate>),
    /// The trial of several at once.
    Together,
    /// What would be.
    Suppose(Supposition),
}

/// A statement as it is sent.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// What is sent.
    pub sql: String,
    /// What was typed, and how it was filled, when parameters got values.
    pub typed: Option<(String, Filled)>,
    /// Byte of the editor's text at which the statement starts, if it came from there.
    pub start: Option<usize>,
    /// To be planned for unknown values.
    pub generic: bool,
    /// Which of how many statements of the text it is, from 1; none where it stands alone.
    pub which: Option<(usize, usize)>,
}

impl Asked {
    /// A statement sent as it was typed.
    #[must_use]
    pub fn plain(sql: String, start: Option<usize>) -> Self {
        Self { sql, start, ..Self::default() }
    }

    /// Where a server's position is in the statement as it was typed; both count characters from 1.
    #[must_use]
    pub fn original(&self, position: usize) -> usize {
        self.typed.as_ref().map_or(position, |(typed, filled)| filled.original(typed, position))
    }
}

/// One request that is under way.
#[derive(Debug, Clone)]
pub struct Work {
    /// What.
    pub kind: WorkKind,
    /// Its number.
    pub generation: u64,
    /// How long it has taken so far.
    pub elapsed: Duration,
    /// How far it has come.
    pub progress: Option<Progress>,
    /// The statement.
    pub asked: Asked,
    /// Look for indexes when the plan is there.
    pub then_advise: bool,
    /// What was looked at when it began.
    pub(super) from: View,
}

/// A message that goes away by itself; the list of messages keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// What it says.
    pub text: String,
    /// Whether something is not as it should be.
    pub warning: bool,
    /// How long it stays.
    pub left: Duration,
}

/// A text that stands in front and scrolls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Which.
    pub kind: PageKind,
    /// Lines that are scrolled away.
    pub scroll: usize,
}

/// Which text stands in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageKind {
    /// The keys, those of the place behind it first.
    Help,
    /// What was said so far.
    Messages,
    /// All that is known of what is compared.
    Trial,
}

/// What the last drawing had room for; the model cannot know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extents {
    /// Rows of the list or tree that has the keys.
    pub page: usize,
    /// How far what scrolls can be scrolled.
    pub scroll: usize,
    /// The rows of the list or tree that has the keys.
    pub rows: Rows,
    /// The panes of a plan: tree, findings, details; empty where one is not seen.
    pub panes: [Rect; 3],
    /// The names of the views, in the order of their keys.
    pub tabs: [Rect; 7],
}

/// The rows of a list as they were drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rows {
    /// Where they stand.
    pub area: Rect,
    /// Which of the list is the first seen.
    pub first: usize,
    /// Which is under the cursor.
    pub cursor: usize,
    /// How many there are, seen or not.
    pub all: usize,
    /// Lines that each takes.
    pub each: u16,
}

/// What the screen starts with.
#[derive(Debug, Default)]
pub struct Setup {
    /// Whether there is a server to connect to.
    pub connect: bool,
    /// Where to, as shown before the server has answered; no password.
    pub place: String,
    /// The engine expected there.
    pub engine: Option<Engine>,
    /// A query given by the person: explained as soon as the session is open.
    pub query: Option<String>,
    /// The query typed last time, and not run by itself.
    pub draft: Option<String>,
    /// The plan seen last time, shown when asked for.
    pub last_plan: Option<Plan>,
    /// Plans to open.
    pub plans: Vec<Plan>,
    /// Queries to choose from.
    pub samples: Vec<Sample>,
    /// The keys in force.
    pub keymap: Keymap,
    /// The last value of each parameter.
    pub values: BTreeMap<String, String>,
    /// What was run on this connection before, oldest first.
    pub runs: Vec<Run>,
    /// What trials may do without being asked.
    pub allow: Allow,
    /// Whether the mouse is taken from the terminal.
    pub mouse: bool,
}

/// Everything the screen knows.
#[derive(Debug, Default)]
pub struct Model {
    /// What fills the screen.
    pub view: View,
    /// The server.
    pub link: Link,
    /// Where it is, as shown; no password.
    pub place: String,
    /// The query.
    pub editor: Editor,
    /// Plans, oldest first.
    pub sheets: Vec<Sheet>,
    /// Which is shown.
    pub current: usize,
    /// Queries to choose from.
    pub samples: Vec<Sample>,
    /// Which is under the cursor.
    pub sample: usize,
    /// What the server works on.
    pub work: Option<Work>,
    /// The last error, until it is closed.
    pub error: Option<Box<ServerError>>,
    /// The question that waits for a word.
    pub confirm: Option<Confirm>,
    /// What is being typed to search for.
    pub searching: Option<LineEdit>,
    /// Values that a statement's parameters wait for.
    pub form: Option<Form>,
    /// The last value of each parameter, as it was typed.
    pub values: BTreeMap<String, String>,
    /// The text in front.
    pub page: Option<Page>,
    /// What is being chosen.
    pub picker: Option<Picker>,
    /// The keys in force.
    pub keymap: Keymap,
    /// A passing message.
    pub toast: Option<Toast>,
    /// Counts up with time, for the sign that something works.
    pub beat: Duration,
    /// What the last drawing had room for.
    pub extents: Extents,
    /// Lines of the table's facts that are scrolled away.
    pub table_scroll: usize,
    /// Names of the server's tables and columns.
    pub(super) names: Arc<Names>,
    /// What the word being typed could be, and which of it is chosen.
    pub completion: Option<(Completion, usize)>,
    /// What was run before.
    pub past: Past,
    /// Servers to connect to.
    pub servers: Servers,
    /// The statements of the query's text.
    pub statements: Statements,
    /// Two plans beside each other.
    pub comparison: Option<Comparison>,
    /// A line being asked for.
    pub prompt: Option<Prompt>,
    /// A question that waits for yes or no.
    pub question: Option<Question>,
    /// What goes on when it is answered.
    pub(super) waiting: Waiting,
    /// What trials may do.
    pub allow: Allow,
    /// What trials may do before anybody was asked.
    pub(super) allowed: Allow,
    /// Whether the mouse is taken from the terminal.
    pub mouse: bool,
    /// Whether the person was asked about temporary tables.
    pub(super) asked_for_tables: bool,
    /// The file a plan was saved to last.
    pub(super) report: Option<PathBuf>,
    /// The file the query was opened from or saved to.
    pub(super) file: Option<PathBuf>,
    /// What was said, oldest first.
    pub log: Vec<Toast>,
    /// Themes.
    pub(super) looks_of_theme: Looks,
    /// What was looked at before, oldest first.
    pub(super) looks: Vec<Look>,
    /// The number of the last request.
    pub(super) generation: u64,
    /// The engine before the server has answered.
    pub(super) expected: Option<Engine>,
    /// Time since the text changed, while it is not kept yet.
    pub(super) unsaved_for: Duration,
    /// Explain the text once the session is open.
    pub(super) explain_when_open: bool,
}

impl Model {
    /// How many messages are kept.
    const LOG: usize = 200;
    /// How many plans are kept on the screen; the oldest goes first.
    pub(super) const SHEETS: usize = 50;

    /// The first state, and what to do first.
    #[must_use]
    pub fn new(setup: Setup) -> (Self, Vec<Effect>) {
        let mut model = Self {
            place: setup.place,
            expected: setup.engine,
            samples: setup.samples,
            keymap: setup.keymap,
            values: setup.values,
            past: Past::new(setup.runs),
            allow: setup.allow,
            allowed: setup.allow,
            mouse: setup.mouse,
            explain_when_open: setup.query.is_some(),
            ..Self::default()
        };
        if let Some(text) = setup.query.as_deref().or(setup.draft.as_deref()) {
            model.editor.set_text(text);
            model.editor.dirty = setup.query.is_some();
            model.editor.offered = setup.query.is_none();
        }
        model.sheets = setup.plans.into_iter().map(Sheet::saved).collect();
        if let Some(statement) = model.sheet().and_then(|s| s.statement.clone())
            && model.editor.is_blank()
        {
            model.editor.set_text(&statement);
        }
        model.view = if !model.sheets.is_empty() {
            View::Plan
        } else if model.explain_when_open {
            View::Query
        } else if !model.samples.is_empty() || !setup.connect {
            View::Start
        } else {
            View::Query
        };
        model.editor.typing = model.view == View::Query;
        // After the view was chosen: it waits behind its key and does not stand in the way.
        if model.sheets.is_empty()
            && let Some(plan) = setup.last_plan
        {
            model.sheets.push(Sheet::saved(plan));
            model.say("the query and the plan of last time are still here (2 shows the plan)");
        }
        let mut effects = Vec::new();
        if setup.connect {
            model.link = Link::Connecting;
            effects.push(Effect::Connect);
        }
        (model, effects)
    }

    /// The plan shown.
    #[must_use]
    pub fn sheet(&self) -> Option<&Sheet> {
        self.sheets.get(self.current)
    }

    /// The plan shown, to change it.
    pub fn sheet_mut(&mut self) -> Option<&mut Sheet> {
        self.sheets.get_mut(self.current)
    }

    /// The proposals for the plan shown.
    #[must_use]
    pub fn advice(&self) -> Option<&Advice> {
        self.sheet()?.advice.as_ref()
    }

    /// The proposals for the plan shown, to change them.
    pub fn advice_mut(&mut self) -> Option<&mut Advice> {
        self.sheet_mut()?.advice.as_mut()
    }

    /// How long the statement of the plan shown took when it was measured last, milliseconds.
    #[must_use]
    pub fn measured(&self) -> Option<f64> {
        let statement = self.sheet()?.statement.as_deref()?;
        let of_it = self.sheets.iter().rev().filter(|sheet| sheet.statement.as_deref() == Some(statement));
        of_it.filter(|sheet| sheet.plan.analyzed).find_map(Sheet::took)
    }

    /// The engine that statements are for.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match &self.link {
            Link::Open(info) => info.engine,
            _ => self.expected.or(self.sheet().map(|s| s.plan.engine)).unwrap_or(Engine::PostgreSql),
        }
    }

    /// Whether time has to be told: something moves on the screen or waits to be kept.
    #[must_use]
    pub const fn wants_ticks(&self) -> bool {
        self.work.is_some()
            || self.toast.is_some()
            || self.editor.dirty
            || matches!(self.link, Link::Connecting | Link::Preparing { .. })
    }

    /// Says something in passing.
    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.pass(text.into(), false, 4);
    }

    /// Says that something is not as it should be.
    pub(super) fn warn(&mut self, text: impl Into<String>) {
        self.pass(text.into(), true, 12);
    }

    fn pass(&mut self, text: String, warning: bool, seconds: u64) {
        let toast = Toast { text, warning, left: Duration::from_secs(seconds) };
        self.log.push(toast.clone());
        if self.log.len() > Self::LOG {
            self.log.remove(0);
        }
        // A warning is not hidden by what matters less.
        if warning || !self.toast.as_ref().is_some_and(|t| t.warning) {
            self.toast = Some(toast);
        }
    }
}
