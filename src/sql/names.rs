//! Names as a server stores them.

use sqlparser::ast::{Ident, ObjectName};

use crate::plan::Engine;

/// The name as the server stores it: PostgreSQL folds unquoted names to lower case; MySQL keeps them as written.
pub(super) fn fold(ident: &Ident, engine: Engine) -> String {
    if engine == Engine::PostgreSql && ident.quote_style.is_none() {
        ident.value.to_lowercase()
    } else {
        ident.value.clone()
    }
}

/// The folded parts of a qualified name.
pub(super) fn parts(name: &ObjectName, engine: Engine) -> Vec<String> {
    name.0.iter().filter_map(|part| part.as_ident()).map(|ident| fold(ident, engine)).collect()
}
