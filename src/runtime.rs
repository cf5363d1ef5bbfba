//! The event loop: keys and answers in, drawings and requests out. The only place that spawns; it decides nothing.

mod clipboard;
mod excerpt;
mod files;
mod lean;
mod servers;
mod start;
mod terminal;
mod worker;

use std::{
    collections::VecDeque,
    io,
    time::{Duration, Instant},
};

use crossterm::event::{Event, EventStream, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use futures_util::StreamExt as _;
use ratatui::layout::Position;
use tokio::sync::mpsc;

pub use lean::Lean;
pub use start::{Connect, Prepare, Prepared, Preparing, Start};

use crate::{
    app::{self, Effect, Message, Model, SaveError},
    config::Clipboard,
    history::{self, History, Run, Used},
    keys::Key,
    plan::Plan,
    ui,
};
use terminal::Asked;
use worker::Worker;

/// Events that are taken without a drawing between them: a text typed or pasted by a terminal that does not bracket it.
const BURST: usize = 1_000;

/// How often time is told while something moves.
const TICK: Duration = Duration::from_millis(100);

/// Why the screen could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A part of the program stopped by a mistake of its own; what happened was printed before.
    #[error("a part of whyslow stopped by a mistake of its own; the query typed was kept")]
    Stopped,
    /// The terminal did not answer as a terminal.
    #[error("opening the terminal: {0}; without a terminal use `whyslow explain` or `--format`")]
    Terminal(#[from] io::Error),
}

/// How the screen was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The person quit.
    Quit,
    /// A signal of that number ended it; the exit status is 128 and that number.
    Signal(i32),
}

/// Shows the screen until the person quits. The terminal is whole again afterwards, also after a panic or a signal.
///
/// # Errors
/// [`RunError`].
pub async fn run(mut start: Start) -> Result<Outcome, RunError> {
    let look = start.look();
    let (mouse, clipboard) = (start.config.mouse, start.config.clipboard);
    let saved = start.config.connections.clone();
    let address = start.address();
    let warnings = std::mem::take(&mut start.warnings);
    let history = start.history.clone();
    let (messages, inbox) = mpsc::unbounded_channel();
    let place = start.place();
    let (setup, connect, options) = start.split(&place);
    let (mut model, first) = Model::new(setup);
    // Each stands on standard error as well.
    for warning in warnings {
        drop(app::update(&mut model, Message::Warn(warning)));
    }
    let worker = Worker::spawn(connect, options, messages.clone());
    let guard = terminal::Guard::enter(mouse)?;
    let mut running = Loop {
        model,
        first_look: look.clone(),
        look,
        clipboard,
        guard,
        worker,
        messages,
        inbox,
        history,
        place,
        address,
        saved,
    };
    let outcome = running.run(first).await;
    running.worker.end().await;
    outcome
}

/// An event that is there already. The stream remembers who waits for it, so it has to be asked from this very task.
async fn ready(events: &mut EventStream) -> Option<Event> {
    tokio::select! {
        biased;
        event = events.next() => event.and_then(Result::ok),
        () = std::future::ready(()) => None,
    }
}

struct Loop {
    model: Model,
    look: start::Look,
    /// The one it began with.
    first_look: start::Look,
    clipboard: Clipboard,
    guard: terminal::Guard,
    worker: Worker,
    messages: mpsc::UnboundedSender<Message>,
    inbox: mpsc::UnboundedReceiver<Message>,
    history: Option<History>,
    place: String,
    /// What leads to the server, if it is one that can be connected to again; no password.
    address: Option<String>,
    /// Saved connections.
    saved: Vec<(String, String)>,
}

/// How the loop goes on.
enum Next {
    On,
    /// With the query in the person's own editor, which has the terminal meanwhile.
    EditOutside(String),
    End,
}

impl Loop {
    async fn run(&mut self, first: Vec<Effect>) -> Result<Outcome, RunError> {
        let mut signals = terminal::Signals::listen()?;
        let mut events = EventStream::new();
        let mut last = Instant::now();
        if let Next::End = self.perform(first).await? {
            return Ok(Outcome::Quit);
        }
        let mut outside: Option<String> = None;
        loop {
            if let Some(text) = outside.take() {
                // The stream would take keys away from the editor.
                drop(events);
                self.edit_outside(&text)?;
                events = EventStream::new();
            }
            self.draw()?;
            let ticking = self.model.wants_ticks();
            let tick = tokio::time::sleep(TICK.saturating_sub(last.elapsed()));
            let messages = tokio::select! {
                biased;
                asked = signals.next() => match asked {
                    Asked::End(signal) => {
                        let effects = app::update(&mut self.model, Message::Stop);
                        self.perform(effects).await?;
                        return Ok(Outcome::Signal(signal));
                    }
                    Asked::Stop => {
                        self.suspend()?;
                        Vec::new()
                    }
                    Asked::GoOn => {
                        self.guard.resume()?;
                        Vec::new()
                    }
                },
                event = events.next() => match event {
                    Some(Ok(event)) => self.on_event(event),
                    Some(Err(error)) => return Err(error.into()),
                    // The terminal is gone.
                    None => return Ok(Outcome::Quit),
                },
                Some(message) = self.inbox.recv() => vec![message],
                // It only ends by a panic, which has given the terminal back already.
                () = self.worker.ended() => {
                    let effects = app::update(&mut self.model, Message::Stop);
                    self.perform(effects).await?;
                    return Err(RunError::Stopped);
                }
                () = tick, if ticking => {
                    let passed = last.elapsed();
                    last = Instant::now();
                    vec![Message::Tick(passed)]
                }
            };
            if !ticking {
                // Time in which nothing was waited for is no part of what begins now.
                last = Instant::now();
            }
            let mut next = VecDeque::from(messages);
            let mut taken = 0;
            // What has piled up is taken before the next drawing: answers, and keys that came faster than frames go out.
            loop {
                let waiting = next.pop_front().or_else(|| self.inbox.try_recv().ok());
                let Some(message) = waiting else {
                    taken += 1;
                    if taken > BURST {
                        break;
                    }
                    let Some(event) = ready(&mut events).await else { break };
                    next.extend(self.on_event(event));
                    continue;
                };
                if matches!(message, Message::Connected(_)) {
                    self.remember();
                }
                let effects = app::update(&mut self.model, message);
                match self.perform(effects).await? {
                    Next::End => return Ok(Outcome::Quit),
                    Next::EditOutside(text) => outside = Some(text),
                    Next::On => {}
                }
            }
        }
    }

    fn on_event(&self, event: Event) -> Vec<Message> {
        // Hidden: what a mistake of our own would do, for the test that the terminal survives it.
        let fault = std::env::var_os("WHYSLOW_FAULT").is_some_and(|fault| fault == "panic");
        assert!(!fault, "a fault that was asked for");
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                Key::from_event(key).and_then(|key| app::on_key(&self.model, key)).into_iter().collect()
            }
            Event::Paste(text) => vec![Message::Paste(text)],
            // Only reported when the mouse was asked for.
            Event::Mouse(MouseEvent { kind, column, row, .. }) => {
                let at = Position::new(column, row);
                match kind {
                    MouseEventKind::Down(MouseButton::Left) => vec![Message::Click(at)],
                    MouseEventKind::ScrollDown => vec![Message::Wheel(at, true)],
                    MouseEventKind::ScrollUp => vec![Message::Wheel(at, false)],
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let (model, theme, painted) = (&self.model, &self.look.theme, self.look.painted);
        let mut extents = app::Extents::default();
        self.guard.draw(|frame| {
            extents = ui::draw(frame, model, theme);
            if painted {
                theme.paint(frame.buffer_mut());
            }
        })?;
        drop(app::update(&mut self.model, Message::Measured(extents)));
        Ok(())
    }

    fn say(&self, text: String) {
        drop(self.messages.send(Message::Say(text)));
    }

    async fn copy(&mut self, what: &str, text: &str) {
        let said = clipboard::copy(&mut self.guard, self.clipboard, self.history.as_ref(), what, text).await;
        self.say(said);
    }

    fn suspend(&mut self) -> io::Result<()> {
        if !self.guard.suspend()? {
            self.say("there is no shell to go back to".to_owned());
        }
        Ok(())
    }

    async fn perform(&mut self, effects: Vec<Effect>) -> io::Result<Next> {
        for effect in effects {
            match effect {
                Effect::Quit => return Ok(Next::End),
                Effect::Suspend => self.suspend()?,
                Effect::TakeMouse(taken) => self.guard.take_mouse(taken)?,
                Effect::SaveReport { path, copied, replace } => {
                    let result = match excerpt::write(&copied).1 {
                        Ok(text) => files::save(&path, text, replace).await,
                        Err(error) => Err(SaveError::Other(error)),
                    };
                    drop(self.messages.send(Message::ReportSaved { path, result }));
                }
                Effect::Copy { what, text } => self.copy(&what, &text).await,
                Effect::CopyPlan(copied) => match excerpt::write(&copied) {
                    (what, Ok(text)) => self.copy(what, &text).await,
                    (what, Err(error)) => self.say(format!("could not copy {what}: {error}")),
                },
                Effect::SaveValues { values } => self.keep(|h, place| h.keep_values(place, &values)),
                Effect::SaveDraft { text } => self.keep(|h, place| h.keep_draft(place, &text)),
                Effect::Record { sql, plan, findings, elapsed } => self.record(sql, &plan, findings, elapsed),
                Effect::OpenFile { path } => {
                    let result = files::open(&path).await;
                    drop(self.messages.send(Message::Opened { path, result }));
                }
                Effect::SaveFile { path, text, replace } => {
                    let result = files::save(&path, text, replace).await;
                    drop(self.messages.send(Message::Saved { path, result }));
                }
                Effect::LoadPlan { run, purpose } => {
                    let result = files::plan(self.history.as_ref(), &run);
                    drop(self.messages.send(Message::Loaded { run, purpose, result }));
                }
                Effect::SaveNotes { document, notes } => self.keep(|h, _| h.keep_notes(&document, &notes)),
                Effect::ListThemes => drop(self.messages.send(Message::Themes(start::themes()))),
                Effect::ShowTheme { name } => {
                    self.look =
                        name.and_then(|name| self.first_look.other(&name)).unwrap_or_else(|| self.first_look.clone());
                }
                Effect::ListServers => {
                    let all = servers::list(&self.saved, self.history.as_ref());
                    drop(self.messages.send(Message::Servers(all)));
                }
                Effect::GoTo { address } => self.go_to(&address),
                Effect::Password(password) => self.worker.password(password),
                Effect::EditOutside { text } => return Ok(Next::EditOutside(text)),
                request => self.worker.send(request),
            }
        }
        Ok(Next::On)
    }

    /// Keeps that this server was connected to.
    fn remember(&self) {
        if let Some(address) = &self.address {
            let used = Used { place: self.place.clone(), address: address.clone(), at: history::now() };
            self.keep(|h, _| h.keep_used(used));
        }
    }

    fn go_to(&mut self, address: &str) {
        match servers::way(address, self.history.as_ref()) {
            Ok((target, arrival)) => {
                self.place.clone_from(&arrival.place);
                self.address = Some(target.address());
                self.worker.go_to(target);
                drop(self.messages.send(Message::Arrived(Box::new(arrival))));
            }
            Err(problem) => drop(self.messages.send(Message::Warn(problem))),
        }
    }

    /// Keeps a run and its plan, and tells the screen.
    fn record(&self, sql: String, plan: &Plan, findings: Vec<String>, elapsed: Duration) {
        let at = history::now();
        let mut run = Run {
            at,
            place: self.place.clone(),
            sql,
            analyzed: plan.analyzed,
            elapsed_ms: elapsed.as_secs_f64() * 1e3,
            cost: plan.total_cost(),
            findings,
            plan: None,
        };
        self.keep(|h, place| {
            h.keep_plan(place, &plan.source)?;
            run.plan = Some(h.keep_document(at, &plan.source)?);
            h.add(&run)
        });
        drop(self.messages.send(Message::Recorded(Box::new(run))));
    }

    fn edit_outside(&mut self, text: &str) -> io::Result<()> {
        let edited = self.guard.away(|| files::edit(text))?;
        drop(self.messages.send(match edited {
            Ok(text) => Message::Edited(text),
            Err(problem) => Message::Warn(problem),
        }));
        Ok(())
    }

    fn keep(&self, write: impl FnOnce(&History, &str) -> io::Result<()>) {
        if let Some(history) = &self.history
            && let Err(error) = write(history, &self.place)
        {
            drop(self.messages.send(Message::Warn(format!("could not be kept on disk: {error}"))));
        }
    }
}
