//! The event loop: keys and answers in, drawings and requests out. The only place that spawns; it decides nothing.

mod clipboard;
mod files;
mod start;
mod terminal;
mod worker;

use std::{
    io,
    time::{Duration, Instant},
};

use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;

pub use start::{Connect, Prepare, Prepared, Preparing, Start};

use crate::{
    app::{self, Effect, Message, Model},
    history::{self, History, Run},
    keys::Key,
    plan::Plan,
    theme::Theme,
    ui,
};
use worker::Worker;

/// How often time is told while something moves.
const TICK: Duration = Duration::from_millis(100);

/// Why the screen could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The theme asked for cannot be had.
    #[error(transparent)]
    Theme(#[from] crate::theme::ThemeError),
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
pub async fn run(start: Start) -> Result<Outcome, RunError> {
    let (theme, warnings) = start.theme()?;
    let history = start.history.clone();
    let (messages, inbox) = mpsc::unbounded_channel();
    let place = start.place();
    let (setup, connect, options) = start.split(&place);
    let (mut model, first) = Model::new(setup);
    for warning in warnings {
        drop(app::update(&mut model, Message::Warn(warning)));
    }
    let worker = Worker::spawn(connect, options, messages.clone());
    let guard = terminal::Guard::enter()?;
    let mut running = Loop { model, theme, guard, worker, messages, inbox, history, place };
    let outcome = running.run(first).await;
    running.worker.end().await;
    outcome
}

struct Loop {
    model: Model,
    theme: Theme,
    guard: terminal::Guard,
    worker: Worker,
    messages: mpsc::UnboundedSender<Message>,
    inbox: mpsc::UnboundedReceiver<Message>,
    history: Option<History>,
    place: String,
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
            if !ticking {
                last = Instant::now();
            }
            let tick = tokio::time::sleep(TICK.saturating_sub(last.elapsed()));
            let message = tokio::select! {
                biased;
                signal = signals.next() => {
                    let effects = app::update(&mut self.model, Message::Stop);
                    self.perform(effects).await?;
                    return Ok(Outcome::Signal(signal));
                }
                event = events.next() => match event {
                    Some(Ok(event)) => self.on_event(event),
                    Some(Err(error)) => return Err(error.into()),
                    // The terminal is gone.
                    None => return Ok(Outcome::Quit),
                },
                Some(message) = self.inbox.recv() => Some(message),
                // It only ends by a panic, which has given the terminal back already.
                () = self.worker.ended() => {
                    let effects = app::update(&mut self.model, Message::Stop);
                    self.perform(effects).await?;
                    return Err(RunError::Stopped);
                }
                () = tick, if ticking => {
                    let passed = last.elapsed();
                    last = Instant::now();
                    Some(Message::Tick(passed))
                }
            };
            let mut next = message;
            // What has piled up is taken before the next drawing.
            while let Some(message) = next {
                let effects = app::update(&mut self.model, message);
                match self.perform(effects).await? {
                    Next::End => return Ok(Outcome::Quit),
                    Next::EditOutside(text) => outside = Some(text),
                    Next::On => {}
                }
                next = self.inbox.try_recv().ok();
            }
        }
    }

    fn on_event(&self, event: Event) -> Option<Message> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                Key::from_event(key).and_then(|key| app::on_key(&self.model, key))
            }
            Event::Paste(text) => Some(Message::Paste(text)),
            _ => None,
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let (model, theme) = (&self.model, &self.theme);
        let mut extents = app::Extents::default();
        self.guard.draw(|frame| extents = ui::draw(frame, model, theme))?;
        drop(app::update(&mut self.model, Message::Measured(extents)));
        Ok(())
    }

    async fn perform(&mut self, effects: Vec<Effect>) -> io::Result<Next> {
        for effect in effects {
            match effect {
                Effect::Quit => return Ok(Next::End),
                Effect::Suspend => self.guard.suspend()?,
                Effect::Copy { what, text } => {
                    let said = clipboard::copy(&mut self.guard, what, &text).await;
                    drop(self.messages.send(Message::Say(said)));
                }
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
                Effect::EditOutside { text } => return Ok(Next::EditOutside(text)),
                request => self.worker.send(request),
            }
        }
        Ok(Next::On)
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
