//! What a text plan says, under the keys the other formats use.

use std::borrow::Cow;

use crate::read::json::{Builder, Kind};

/// A key; most are the server's own and constant.
pub(super) type Key<'t> = Cow<'t, str>;

/// A value under a key.
#[derive(Debug, Clone)]
pub(super) enum Field<'t> {
    /// A text.
    Text(Cow<'t, str>),
    /// A number, a truth or a text, by its looks.
    Scalar(Cow<'t, str>),
    /// Several texts.
    List(Vec<Cow<'t, str>>),
    /// Several values.
    Array(Vec<Field<'t>>),
    /// Keys with values.
    Object(Fields<'t>),
}

/// Keys with values, in order.
pub(super) type Fields<'t> = Vec<(Key<'t>, Field<'t>)>;

impl<'t> Field<'t> {
    /// A number that is not printed.
    pub(super) const fn zero() -> Self {
        Self::Scalar(Cow::Borrowed("0"))
    }

    /// A text that is not printed so.
    pub(super) const fn word(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// A number, a truth or a text that stands in the plan.
    pub(super) fn scalar(text: &'t str) -> Self {
        Self::Scalar(Cow::Borrowed(text))
    }

    /// Writes the value; its key was written. Values nest a few levels, whatever the plan.
    pub(super) fn write(&self, to: &mut Builder<'_>, at: usize) {
        match self {
            Self::Text(text) => {
                to.text(text);
            }
            Self::Scalar(text) => {
                to.scalar(text);
            }
            Self::List(texts) => {
                to.begin(Kind::Array, at);
                for text in texts {
                    to.text(text);
                }
                to.end();
            }
            Self::Array(values) => {
                to.begin(Kind::Array, at);
                for value in values {
                    value.write(to, at);
                }
                to.end();
            }
            Self::Object(fields) => {
                to.begin(Kind::Object, at);
                write(fields, to, at);
                to.end();
            }
        }
    }
}

/// Writes keys and values.
pub(super) fn write(fields: &Fields<'_>, to: &mut Builder<'_>, at: usize) {
    for (key, value) in fields {
        to.key(key);
        value.write(to, at);
    }
}

/// Adds a value.
pub(super) fn put<'t>(to: &mut Fields<'t>, key: impl Into<Key<'t>>, value: Field<'t>) {
    to.push((key.into(), value));
}
