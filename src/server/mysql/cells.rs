//! Cells of an answer. Prepared statements answer in binary: a number may come as any of several types.

use mysql_async::{Row, Value};

/// A cell as text; `None` for NULL and for a cell that is not there. Bytes that are no UTF-8 are replaced.
pub(crate) fn text(row: &Row, at: usize) -> Option<String> {
    match row.as_ref(at)? {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::Int(n) => Some(n.to_string()),
        Value::UInt(n) => Some(n.to_string()),
        Value::Float(n) => Some(n.to_string()),
        Value::Double(n) => Some(n.to_string()),
        value => Some(value.as_sql(true).trim_matches('\'').to_owned()),
    }
}

/// A cell as a number.
pub(crate) fn number(row: &Row, at: usize) -> Option<f64> {
    text(row, at)?.trim().parse().ok()
}

/// A cell as a whole number that is not negative.
pub(crate) fn whole(row: &Row, at: usize) -> Option<u64> {
    let text = text(row, at)?;
    text.parse().ok()
}
/// A name quoted for either server, whatever the SQL mode.
pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(quoted("a`; drop table x; -- "), "`a``; drop table x; -- `");
    }
}
