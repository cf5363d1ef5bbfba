//! Choosing a theme: the one under the cursor is shown at once, and taken back when none is chosen.

use super::{
    message::Effect,
    model::Model,
    picker::{Item, Note, Picker, PickerKind, Value},
};

/// Themes to choose from, and which is in force.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// Names and what each is in a line.
    names: Vec<(String, String)>,
    /// The one that was chosen here; none: the one it began with.
    chosen: Option<String>,
    /// The one that is shown.
    shown: Option<String>,
}

/// Offers the themes.
pub(super) fn choose(model: &mut Model, names: Vec<(String, String)>) {
    let items = names.iter().enumerate().map(|(at, (name, about))| Item {
        label: name.clone(),
        detail: about.clone(),
        note: Note::Words(String::new()),
        value: Value::Theme(at),
    });
    let mut picker = Picker::new(PickerKind::Themes, items.collect());
    picker.cursor = names.iter().position(|(name, _)| model.looks_of_theme.chosen.as_ref() == Some(name)).unwrap_or(0);
    model.picker = Some(picker);
    model.looks_of_theme.names = names;
}

/// Takes the theme chosen, until the end of the program.
pub(super) fn chosen(model: &mut Model, at: usize) {
    let Some((name, _)) = model.looks_of_theme.names.get(at).cloned() else { return };
    model.say(format!("theme {name} until you quit; `theme = \"{name}\"` in the configuration keeps it"));
    model.looks_of_theme.chosen = Some(name);
}

/// What has to be shown now, if that is not what is shown.
pub(super) fn preview(model: &mut Model) -> Option<Effect> {
    let under = model.picker.as_ref().filter(|p| p.kind == PickerKind::Themes).and_then(Picker::selected);
    let looks = &mut model.looks_of_theme;
    let wanted = match under.map(|item| item.value) {
        Some(Value::Theme(at)) => looks.names.get(at).map(|(name, _)| name.clone()),
        _ => looks.chosen.clone(),
    };
    if wanted == looks.shown {
        return None;
    }
    looks.shown.clone_from(&wanted);
    Some(Effect::ShowTheme { name: wanted })
}
