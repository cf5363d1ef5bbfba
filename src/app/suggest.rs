//! Completing the word being typed.

use std::time::Duration;

use super::model::{Model, View};
use crate::sql;

/// Looks again for what the word before the cursor could be.
pub(super) fn renew(model: &mut Model) {
    let typing = model.view == View::Query && model.editor.typing && !model.names.tables.is_empty();
    let found =
        typing.then(|| sql::complete(&model.editor.text(), model.editor.offset(), model.engine(), &model.names));
    model.completion = found.flatten().map(|found| (found, 0));
}

/// Types the suggestion that is chosen.
pub(super) fn take(model: &mut Model) {
    let Some((completion, chosen)) = model.completion.take() else { return };
    if let Some(item) = completion.items.get(chosen) {
        model.editor.finish(completion.from, &item.text);
        model.unsaved_for = Duration::ZERO;
    }
}
