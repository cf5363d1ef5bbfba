//! The one way the state changes.

use std::time::Duration;

use super::{
    answers, commands, looks,
    message::{Effect, Message},
    model::{Link, Model, View},
    mouse, past, prompt, servers, suggest, trees,
};
use crate::keys::{Key, Place};

/// How long after the last change a typed query is kept.
const KEEP_AFTER: Duration = Duration::from_secs(2);

/// What a key means where the person is; `None` when it means nothing there.
#[must_use]
pub fn on_key(model: &Model, key: Key) -> Option<Message> {
    let places = model.places();
    if let Some(command) = model.keymap.lookup(&places, key) {
        return Some(Message::Command(command));
    }
    let typing = places.iter().any(|place| *place != Place::Always && place.is_typing());
    key.typed().filter(|_| typing).map(Message::Insert)
}

/// Takes one message and gives what has to be done outside.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let mut effects = change(model, message);
    effects.extend(looks::preview(model));
    effects
}

fn change(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Command(command) => commands::command(model, command),
        Message::Insert(c) => {
            insert(model, c);
            Vec::new()
        }
        Message::Paste(text) => {
            paste(model, &text);
            Vec::new()
        }
        Message::Click(at) => mouse::click(model, at),
        Message::Wheel(at, down) => {
            mouse::wheel(model, at, down);
            Vec::new()
        }
        Message::Tick(passed) => tick(model, passed),
        Message::Measured(extents) => {
            model.extents = extents;
            Vec::new()
        }
        Message::Preparing { doing, done } => {
            model.link = Link::Preparing { doing, done };
            Vec::new()
        }
        Message::Connected(info) => answers::connected(model, info),
        Message::ConnectFailed(error) => {
            answers::connect_failed(model, error);
            Vec::new()
        }
        Message::PasswordWanted(error) => {
            servers::ask_password(model, &error);
            Vec::new()
        }
        Message::Explained { generation, result } => answers::explained(model, generation, result),
        Message::Progress { generation, progress } => {
            if let Some(work) = model.work.as_mut().filter(|w| w.generation == generation) {
                work.progress = Some(progress);
            }
            Vec::new()
        }
        Message::Advised { generation, result } => answers::advised(model, generation, result),
        Message::Say(text) => {
            model.say(text);
            Vec::new()
        }
        Message::Tried { generation, result } => answers::tried(model, generation, result),
        Message::TriedTogether { generation, result } => answers::tried_together(model, generation, result),
        Message::Supposed { generation, result } => answers::supposed(model, generation, result),
        Message::Themes(names) => {
            looks::choose(model, names);
            Vec::new()
        }
        Message::Servers(all) => {
            servers::listed(model, all);
            Vec::new()
        }
        Message::Arrived(arrival) => servers::arrived(model, *arrival),
        Message::Opened { path, result } => {
            prompt::opened(model, path, result);
            Vec::new()
        }
        Message::Saved { path, result } => {
            prompt::saved(model, path, result);
            Vec::new()
        }
        Message::ReportSaved { path, result } => {
            prompt::report_saved(model, path, result);
            Vec::new()
        }
        Message::Edited(text) => {
            if let Some(text) = text {
                model.editor.set_text(text.trim_end());
                model.unsaved_for = Duration::ZERO;
            }
            Vec::new()
        }
        Message::Names(names) => {
            model.names = names;
            // They may come while a word is being typed.
            if model.editor.dirty {
                suggest::renew(model);
            }
            Vec::new()
        }
        Message::Recorded(run) => {
            answers::recorded(model, *run);
            Vec::new()
        }
        Message::Loaded { run, purpose, result } => {
            past::loaded(model, &run, purpose, result);
            Vec::new()
        }
        Message::Warn(text) => {
            model.warn(text);
            Vec::new()
        }
        Message::Stop => commands::quit(model),
    }
}

fn insert(model: &mut Model, c: char) {
    if let Some(confirm) = &mut model.confirm {
        if confirm.typed.chars().count() < confirm.longest() {
            confirm.typed.push(c);
        }
    } else if let Some(prompt) = &mut model.prompt {
        prompt.line.insert(c);
        prompt.problem = None;
    } else if let Some(form) = &mut model.form {
        form.field().into_iter().for_each(|field| field.line.insert(c));
    } else if let Some(picker) = &mut model.picker {
        picker.line.insert(c);
        picker.narrow();
    } else if let Some(line) = &mut model.searching {
        line.insert(c);
        trees::search_as_typed(model);
    } else {
        model.editor.insert(c);
        model.unsaved_for = Duration::ZERO;
        suggest::renew(model);
    }
}

fn paste(model: &mut Model, text: &str) {
    if model.confirm.is_some() || model.question.is_some() || model.page.is_some() {
        // The word is to be typed.
        return;
    }
    if let Some(prompt) = &mut model.prompt {
        prompt.line.paste(text);
        return;
    }
    if let Some(form) = &mut model.form {
        form.field().into_iter().for_each(|field| field.line.paste(text));
        return;
    }
    if let Some(picker) = &mut model.picker {
        picker.line.paste(text);
        picker.narrow();
        return;
    }
    if let Some(line) = &mut model.searching {
        line.paste(text);
        trees::search_as_typed(model);
        return;
    }
    // A query pasted anywhere is meant for the editor: into the text where that is typed, else in its place.
    if model.view == View::Query && model.editor.typing {
        model.editor.paste(text);
    } else {
        if !model.editor.is_blank() && !model.editor.offered {
            model.say("pasted in the place of the query before; undo brings that back");
        }
        model.editor.set_text(text);
        model.view = View::Query;
        model.editor.typing = true;
    }
    model.unsaved_for = Duration::ZERO;
}

fn tick(model: &mut Model, passed: Duration) -> Vec<Effect> {
    model.beat += passed;
    if let Some(work) = &mut model.work {
        work.elapsed += passed;
    }
    if let Some(toast) = &mut model.toast {
        toast.left = toast.left.saturating_sub(passed);
        if toast.left.is_zero() {
            model.toast = None;
        }
    }
    if model.editor.dirty {
        model.unsaved_for += passed;
        if model.unsaved_for >= KEEP_AFTER {
            return commands::keep_draft(model);
        }
    }
    Vec::new()
}
