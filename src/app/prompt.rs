//! Asking for one line: a file's name, an index, a note.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::{
    commands,
    line::LineEdit,
    message::{Effect, Excerpt},
    model::{Model, View},
    suppositions, tries,
};
use crate::plan::{Engine, NodeId};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptKind {
    /// A file with a query to open.
    Open,
    /// A file to write the query to; whether it may be replaced.
    Save {
        /// It is there already, and the person was told.
        replace: bool,
    },
    /// A file to write the plan to, with everything known of it.
    Report {
        /// It is there already, and the person was told.
        replace: bool,
    },
    /// An index to try.
    Index,
    /// Something to suppose on such a server.
    WhatIf(Engine),
    /// What to remember of a node.
    Note(NodeId),
    /// The password of the account on the server that is being connected to.
    Password,
}

/// One line being asked for.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What is asked for.
    pub kind: PromptKind,
    /// What is typed.
    pub line: LineEdit,
    /// What was wrong with it.
    pub problem: Option<String>,
}

impl Prompt {
    pub(super) fn new(kind: PromptKind, text: impl Into<String>) -> Self {
        Self { kind, line: LineEdit::new(text), problem: None }
    }

    /// The box's title.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        match self.kind {
            PromptKind::Open => "Open a file",
            PromptKind::Save { .. } => "Save the query to a file",
            PromptKind::Report { .. } => "Save the plan and what is known of it to a file",
            PromptKind::Index => "Try an index",
            PromptKind::WhatIf(_) => "What if",
            PromptKind::Note(_) => "Note on",
            PromptKind::Password => "Password",
        }
    }

    /// What can be typed, in a line.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self.kind {
            PromptKind::Open => "SQL, or a plan in any dialect; ~ is your home",
            PromptKind::Save { .. } => "~ is your home",
            PromptKind::Report { .. } => "the ending says how: .html, .md, .json (opens again with the notes) or .txt",
            PromptKind::Index => {
                "go on with its columns: orders (status, created desc) include (total) where …, or type a whole CREATE INDEX: both are understood"
            }
            PromptKind::WhatIf(Engine::PostgreSql) => {
                "a setting: work_mem=256MB · a table ten times as large: orders=10x · another version: postgres=18 · statistics(a, b) on orders · statistics 1000 on orders.a"
            }
            PromptKind::WhatIf(_) => "a setting: optimizer_switch=mrr=off · a table ten times as large: orders=10x",
            PromptKind::Note(_) => "kept with this plan; empty takes it away",
            PromptKind::Password => "for this connection; it is kept nowhere",
        }
    }
}

/// Takes what was typed.
pub(super) fn accept(model: &mut Model) -> Vec<Effect> {
    let Some(prompt) = model.prompt.take() else { return Vec::new() };
    let text = prompt.line.text().trim().to_owned();
    match prompt.kind {
        PromptKind::Password => {
            model.link = super::Link::Connecting;
            model.beat = std::time::Duration::ZERO;
            vec![Effect::Password(SecretString::from(prompt.line.text())), Effect::Connect]
        }
        PromptKind::Note(id) => note(model, id, text),
        PromptKind::Index => tries::typed(model, prompt, &text),
        PromptKind::WhatIf(_) => suppositions::typed(model, prompt, &text),
        _ if text.is_empty() => {
            model.say("nothing was named");
            Vec::new()
        }
        PromptKind::Report { replace } => save_report(model, &prompt, &text, replace),
        PromptKind::Open => vec![Effect::OpenFile { path: PathBuf::from(text) }],
        PromptKind::Save { replace } => {
            let path = PathBuf::from(text);
            let same = model.file.as_ref() == Some(&path);
            vec![Effect::SaveFile { path, text: model.editor.text(), replace: replace || same }]
        }
    }
}

fn note(model: &mut Model, id: NodeId, text: String) -> Vec<Effect> {
    let Some(sheet) = model.sheet_mut() else { return Vec::new() };
    if text.is_empty() {
        sheet.notes.remove(&id.0);
    } else {
        sheet.notes.insert(id.0, text);
    }
    let kept = sheet.document.clone().map(|document| Effect::SaveNotes { document, notes: sheet.notes.clone() });
    if kept.is_none() {
        model.say("noted until you quit: this plan is not kept on disk");
    }
    kept.into_iter().collect()
}

/// Asks where the plan shown is to be written.
pub(super) fn ask_report(model: &mut Model) {
    if model.sheet().is_none() {
        model.say("there is no plan to save");
        return;
    }
    let last = model.report.as_ref().map_or_else(|| "plan.html".to_owned(), |path| path.to_string_lossy().into_owned());
    model.prompt = Some(Prompt::new(PromptKind::Report { replace: false }, last));
}

/// How a file with that ending is written.
fn excerpt(path: &Path) -> Option<Excerpt> {
    Some(match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "html" | "htm" => Excerpt::Html,
        "md" | "markdown" => Excerpt::Report,
        "json" => Excerpt::Json,
        "txt" | "text" => Excerpt::Everything,
        _ => return None,
    })
}

fn save_report(model: &mut Model, prompt: &Prompt, text: &str, replace: bool) -> Vec<Effect> {
    let path = PathBuf::from(text);
    let Some(excerpt) = excerpt(&path) else {
        let problem = Some("the name has to end with .html, .md, .json or .txt".to_owned());
        model.prompt = Some(Prompt { problem, ..prompt.clone() });
        return Vec::new();
    };
    let Some(copied) = commands::copied(model, excerpt) else { return Vec::new() };
    vec![Effect::SaveReport { path, copied: Box::new(copied), replace }]
}

/// What became of saving the plan.
pub(super) fn report_saved(model: &mut Model, path: PathBuf, result: Result<(), SaveError>) {
    if written(model, &path, result, |replace| PromptKind::Report { replace }) {
        model.report = Some(path);
    }
}

/// Takes a file that was opened: plans are shown, anything else is the query.
pub(super) fn opened(model: &mut Model, path: PathBuf, result: Result<String, String>) {
    match result {
        Err(problem) => {
            let mut prompt = Prompt::new(PromptKind::Open, path.to_string_lossy());
            prompt.problem = Some(problem);
            model.prompt = Some(prompt);
        }
        Ok(text) => {
            if let Ok(plans) = crate::read::read(&text)
                && !plans.is_empty()
            {
                let n = plans.len();
                for plan in plans {
                    super::answers::push_sheet(model, super::Sheet::saved(plan));
                }
                model.view = View::Plan;
                model.editor.typing = false;
                model.say(if n == 1 { "a plan".to_owned() } else { format!("{n} plans; < and > go between them") });
                return;
            }
            model.editor.set_text(text.trim_end());
            model.view = View::Query;
            model.editor.typing = true;
            model.say(format!("opened {}; undo brings the text before back", path.display()));
            model.file = Some(path);
        }
    }
}

/// What became of saving.
pub(super) fn saved(model: &mut Model, path: PathBuf, result: Result<(), SaveError>) {
    if written(model, &path, result, |replace| PromptKind::Save { replace }) {
        model.file = Some(path);
    }
}

/// Says that a file was written, or asks for its name again with what stands in the way; whether it was.
fn written(
    model: &mut Model,
    path: &Path,
    result: Result<(), SaveError>,
    kind: impl FnOnce(bool) -> PromptKind,
) -> bool {
    let (replace, problem) = match result {
        Ok(()) => {
            model.say(format!("saved to {}", path.display()));
            return true;
        }
        Err(SaveError::Exists) => (true, "that file is there: Enter replaces it".to_owned()),
        Err(SaveError::Other(problem)) => (false, problem),
    };
    model.prompt = Some(Prompt { problem: Some(problem), ..Prompt::new(kind(replace), path.to_string_lossy()) });
    false
}

/// Why a file was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaveError {
    /// It is there already.
    Exists,
    /// What the file system answered.
    Other(String),
}
