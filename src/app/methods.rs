//! By which method indexes are tried, and what it may read: chosen by itself, and changeable.

use super::{
    message::Effect,
    model::{Link, Model, Question, Waiting},
    picker::{Item, Note, Picker, PickerKind, Value},
    tries,
};
use crate::{plan::Engine, whatif::Method};

/// What can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// By which method.
    Method(Method),
    /// Whether a twin may read the first and last value of each indexed column.
    Ends,
    /// Whether a twin may read a sample of the rows.
    Rows,
}

/// Every choice on PostgreSQL, by name, and what it is.
const CHOICES: [(Choice, &str, &str); 5] = [
    (Choice::Method(Method::Auto), "auto", "the surest that works here"),
    (Choice::Method(Method::Twin), "twin", "a private PostgreSQL here with your statistics"),
    (Choice::Method(Method::HypoPg), "hypopg", "the server's extension; its planner alone knows them"),
    (Choice::Ends, "read-ends", "the twin reads each indexed column's two ends"),
    (Choice::Rows, "read-rows", "the twin reads a sample where statistics lack"),
];

/// Offers the methods; on MySQL and MariaDB puts the question again, for another answer.
pub(super) fn choose(model: &mut Model) {
    if model.engine() != Engine::PostgreSql {
        tries::ask_first(model, Question::Trials, Waiting::Advise);
        return;
    }
    let has_hypopg = matches!(&model.link, Link::Open(info) if info.hypopg.is_some());
    let possible = |(choice, ..): &&(Choice, &str, &str)| has_hypopg || *choice != Choice::Method(Method::HypoPg);
    let items = CHOICES.iter().filter(possible).map(|(choice, name, about)| Item {
        label: (*name).to_owned(),
        detail: (*about).to_owned(),
        note: Note::Words(in_force(model, *choice).to_owned()),
        value: Value::Trials(*choice),
    });
    model.picker = Some(Picker::new(PickerKind::Trials, items.collect()));
}

fn in_force(model: &Model, choice: Choice) -> &'static str {
    let reads = model.allow.reads;
    match choice {
        Choice::Method(method) if method == model.allow.method => "in force",
        Choice::Method(_) => "",
        Choice::Ends if reads.ends => "allowed",
        Choice::Rows if reads.rows => "allowed",
        Choice::Ends | Choice::Rows => "not allowed",
    }
}

/// Takes what was chosen, for the trials from now on.
pub(super) fn chosen(model: &mut Model, choice: Choice) -> Vec<Effect> {
    let allow = &mut model.allow;
    let words = match choice {
        Choice::Method(method) => {
            allow.method = method;
            let name = CHOICES.iter().find(|(other, ..)| *other == choice).map_or("", |(_, name, _)| name);
            format!("indexes are tried by {name} from now on")
        }
        Choice::Ends => {
            allow.reads.ends = !allow.reads.ends;
            read("first and last values", allow.reads.ends)
        }
        Choice::Rows => {
            allow.reads.rows = !allow.reads.rows;
            read("a sample of the rows", allow.reads.rows)
        }
    };
    model.say(format!("{words}; x looks again"));
    Vec::new()
}

fn read(what: &str, may: bool) -> String {
    format!("a twin {} {what} from now on", if may { "may read" } else { "does not read" })
}
