//! Drives the screen by keys and looks at it. Requests are answered from fixtures; nothing else is different from the program.

use std::{collections::HashMap, fmt::Write as _, path::PathBuf, sync::Arc, time::Duration};

use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};
use whyslow::{
    app::{self, Confirmed, Effect, Message, Model, Notes, SaveError, Setup},
    catalog::{NamedTable, Names},
    inspect::InspectError,
    keys,
    plan::Engine,
    server::{ErrorKind, ServerError},
    theme::{Depth, Theme, UNICODE},
    ui,
};

use super::answers;

/// A screen with a person at it.
pub(crate) struct Harness {
    pub(crate) model: Model,
    pub(crate) theme: Theme,
    size: (u16, u16),
    /// Requests that are to stay without an answer.
    hold: bool,
    /// The same of suppositions alone.
    hold_suppositions: bool,
    /// The error every request gets instead of an answer.
    refuse: Option<ServerError>,
    /// Every statement is answered as if it were the one of the fixtures.
    lenient: bool,
    /// What was asked for, oldest first.
    pub(crate) effects: Vec<Effect>,
    /// Files that are there.
    pub(crate) files: HashMap<PathBuf, String>,
}

impl Harness {
    /// A screen of 80x24.
    pub(crate) fn new(setup: Setup) -> Self {
        let (model, first) = Model::new(setup);
        let theme = Theme::built_in(true, Depth::True, &UNICODE);
        let mut out = Self {
            model,
            theme,
            size: (80, 24),
            hold: false,
            hold_suppositions: false,
            refuse: None,
            lenient: false,
            effects: Vec::new(),
            files: HashMap::new(),
        };
        out.measure();
        out.perform(first);
        out
    }

    /// Connected to a server, with this query typed but not explained.
    pub(crate) fn connected(query: &str) -> Self {
        let setup = Setup {
            connect: true,
            place: "ann@db.example:5432/shop".into(),
            draft: Some(query.into()),
            ..Setup::default()
        };
        Self::new(setup)
    }

    /// A plan that was read, without a server.
    pub(crate) fn plan(plan: whyslow::plan::Plan) -> Self {
        Self::new(Setup { plans: vec![plan], ..Setup::default() })
    }

    pub(crate) fn size(mut self, width: u16, height: u16) -> Self {
        self.size = (width, height);
        self.measure();
        self
    }

    pub(crate) fn theme(mut self, theme: Theme) -> Self {
        self.theme = theme;
        self
    }

    /// The names of the shop's tables have come.
    pub(crate) fn names(mut self) -> Self {
        let mut names = Names::default();
        for table in answers::catalog().tables {
            let columns = table.columns.into_iter().map(|column| column.name).collect();
            names.tables.push(NamedTable { schema: table.schema, name: table.name, columns });
        }
        self.send(Message::Names(Arc::new(names)));
        self
    }

    /// From now on every statement has an answer.
    pub(crate) fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// A file that can be opened.
    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(PathBuf::from(path), text.to_owned());
        self
    }

    /// From now on the server is a MySQL.
    pub(crate) fn on_mysql(mut self) -> Self {
        if let app::Link::Open(info) = &mut self.model.link {
            (info.engine, info.version, info.version_number) = (Engine::MySql, "9.7.4".to_owned(), 90_704);
        }
        self
    }

    /// From now on requests stay without an answer.
    pub(crate) fn hold(mut self) -> Self {
        self.hold = true;
        self
    }

    /// From now on what is supposed stays without an answer.
    pub(crate) fn hold_suppositions(mut self) -> Self {
        self.hold_suppositions = true;
        self
    }

    /// From now on requests get this error.
    pub(crate) fn refuse(mut self, error: ServerError) -> Self {
        self.refuse = Some(error);
        self
    }

    /// Presses keys one after another.
    pub(crate) fn keys(mut self, text: &str) -> Self {
        for key in keys::sequence(text).unwrap() {
            if let Some(message) = app::on_key(&self.model, key) {
                self.send(message);
            }
            self.measure();
        }
        self
    }

    /// Takes a message, as the event loop would.
    pub(crate) fn send(&mut self, message: Message) {
        let effects = app::update(&mut self.model, message);
        self.perform(effects);
        self.measure();
    }

    pub(crate) fn wait(mut self, time: Duration) -> Self {
        self.send(Message::Tick(time));
        self
    }

    fn measure(&mut self) {
        let mut terminal = self.terminal();
        let mut extents = app::Extents::default();
        terminal.draw(|frame| extents = ui::draw(frame, &self.model, &self.theme)).unwrap();
        app::update(&mut self.model, Message::Measured(extents));
    }

    fn terminal(&self) -> Terminal<TestBackend> {
        Terminal::new(TestBackend::new(self.size.0, self.size.1)).unwrap()
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.effects.push(effect.clone());
            if self.hold || (self.hold_suppositions && matches!(effect, Effect::Suppose { .. })) {
                continue;
            }
            if let Some(answer) = self.answer(effect) {
                self.send(answer);
            }
        }
    }

    fn answer(&self, effect: Effect) -> Option<Message> {
        Some(match effect {
            Effect::Connect => Message::Connected(Box::new(answers::info())),
            Effect::Explain { generation, sql, analyze, confirmed, .. } => {
                let refused = self
                    .refuse
                    .clone()
                    .filter(|e| e.kind != ErrorKind::NeedsConfirmation || confirmed == Confirmed::No);
                let result = match refused {
                    Some(error) => Err(Box::new(InspectError::Server(error))),
                    None if self.lenient => Ok(Box::new(answers::inspection(&answers::known(), analyze))),
                    None => Ok(Box::new(answers::inspection(&sql, analyze))),
                };
                Message::Explained { generation, result }
            }
            Effect::Advise { generation, sql, .. } => {
                Message::Advised { generation, result: Ok(answers::proposals(&sql)) }
            }
            Effect::Copy { what, .. } => Message::Say(format!("copied {what}")),
            Effect::TryIndex { generation, candidate, .. } => {
                Message::Tried { generation, result: Ok(Box::new(answers::own(*candidate))) }
            }
            Effect::BuildIndex { generation, candidate, keep, .. } => {
                Message::Tried { generation, result: Ok(Box::new(answers::built(*candidate, keep))) }
            }
            Effect::TryTogether { generation, sql, candidates, .. } => {
                Message::TriedTogether { generation, result: Ok(Box::new(answers::together(&sql, &candidates))) }
            }
            Effect::Suppose { generation, sql, supposition, .. } => {
                Message::Supposed { generation, result: Ok(Box::new(answers::supposed(&sql, supposition))) }
            }
            Effect::ListThemes => {
                let theme = |name: &str| (name.to_owned(), format!("about {name}"));
                Message::Themes(["dark", "light", "nord"].map(theme).to_vec())
            }
            Effect::ListServers => Message::Servers(answers::servers()),
            Effect::GoTo { address } => Message::Arrived(Box::new(answers::arrival(&address))),
            Effect::Record { sql, plan, findings, elapsed } => {
                Message::Recorded(Box::new(answers::run(self.effects.len(), sql, &plan, findings, elapsed)))
            }
            Effect::LoadPlan { run, purpose } => {
                let sql = if self.lenient { answers::known() } else { run.sql.clone() };
                let plan = answers::inspection(&sql, run.analyzed).plan;
                Message::Loaded { run, purpose, result: Ok((Box::new(plan), Notes::new())) }
            }
            Effect::OpenFile { path } => {
                let result = self.files.get(&path).cloned().ok_or_else(|| "no such file".to_owned());
                Message::Opened { path, result }
            }
            Effect::SaveFile { path, replace, .. } => {
                let exists = self.files.contains_key(&path) && !replace;
                Message::Saved { path, result: if exists { Err(SaveError::Exists) } else { Ok(()) } }
            }
            Effect::SaveReport { path, replace, .. } => {
                let exists = self.files.contains_key(&path) && !replace;
                Message::ReportSaved { path, result: if exists { Err(SaveError::Exists) } else { Ok(()) } }
            }
            Effect::EditOutside { text } => Message::Edited(Some(format!("{text} -- seen outside"))),
            _ => return None,
        })
    }

    /// The last request.
    pub(crate) fn last(&self) -> &Effect {
        // The names for completion are asked for behind everything else.
        self.effects.iter().rev().find(|effect| !matches!(effect, Effect::Names)).unwrap()
    }

    pub(crate) fn buffer(&self) -> (Buffer, Option<(u16, u16)>) {
        let mut terminal = self.terminal();
        terminal
            .draw(|frame| {
                ui::draw(frame, &self.model, &self.theme);
            })
            .unwrap();
        let typing = self.model.editor.typing && self.model.view == app::View::Query;
        let at = terminal.get_cursor_position().unwrap();
        (terminal.backend().buffer().clone(), typing.then_some((at.x, at.y)))
    }

    /// What a person sees, without colours.
    pub(crate) fn text(&self) -> String {
        let (buffer, _) = self.buffer();
        let area = buffer.area;
        let mut out = String::new();
        for y in 0..area.height {
            let mut x = 0;
            let mut line = String::new();
            while x < area.width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol).max(1)).unwrap();
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// The text, then a letter for the style of each cell, then what the letters mean.
    pub(crate) fn screen(&self) -> String {
        let (buffer, _) = self.buffer();
        format!("{}{}", self.text(), styles(&[&buffer]))
    }

    /// The same in two themes and in ASCII: the text; a letter for each pair of styles that a cell has in the one and in the
    /// other; what the letters mean in both; and the text as a terminal without Unicode shows it.
    pub(crate) fn screens(&mut self, other: &Theme, ascii: &Theme) -> String {
        let (buffer, _) = self.buffer();
        let text = self.text();
        let theme = std::mem::replace(&mut self.theme, other.clone());
        let (second, _) = self.buffer();
        assert_eq!(text, self.text(), "a theme changes no text");
        self.theme = ascii.clone();
        let plain = self.text();
        self.theme = theme;
        format!("{text}{}--- ascii\n{plain}", styles(&[&buffer, &second]))
    }
}

/// A letter for the style that each cell has in each of the buffers, and what the letters mean.
fn styles(buffers: &[&Buffer]) -> String {
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&*+=?@^~";
    let mut names: HashMap<String, char> = HashMap::new();
    let mut letters = LETTERS.chars();
    let (mut legend, mut out) = (String::new(), String::new());
    let area = buffers[0].area;
    for y in 0..area.height {
        let mut line = String::new();
        for x in 0..area.width {
            let style = buffers.iter().map(|buffer| describe(&buffer[(x, y)])).collect::<Vec<_>>().join(" | ");
            if style.chars().all(|c| " |".contains(c)) {
                line.push(' ');
                continue;
            }
            line.push(*names.entry(style.clone()).or_insert_with(|| {
                let next = letters.next().expect("more styles than letters");
                let _ = writeln!(legend, "{next} {style}");
                next
            }));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    format!("--- styles\n{out}--- legend\n{legend}")
}

fn describe(cell: &Cell) -> String {
    let mut out = Vec::new();
    if cell.fg != Color::Reset && cell.symbol() != " " {
        out.push(cell.fg.to_string());
    }
    if cell.bg != Color::Reset {
        out.push(format!("on {}", cell.bg));
    }
    if cell.symbol() != " " || cell.modifier.intersects(Modifier::REVERSED | Modifier::UNDERLINED) {
        out.extend(cell.modifier.iter_names().map(|(name, _)| name.to_lowercase()));
    }
    out.join(" ")
}
