//! A sample of a table's rows, where it was allowed to be read: for statistics that production does not have.

use super::quote;
use crate::server::{
    ErrorKind, ServerError,
    postgres::{Access, Connection, get},
};

/// Rows that ANALYZE looks at for the usual statistics target: 300 times 100.
pub(in crate::whatif) const USUAL: u32 = 30_000;

/// Texts are to be those that the twin reads back.
const SHAPE: &str = "
    SELECT pg_catalog.set_config('datestyle', 'ISO, MDY', true), pg_catalog.set_config('intervalstyle', 'postgres', true),
           pg_catalog.set_config('timezone', 'UTC', true), pg_catalog.set_config('extra_float_digits', '1', true),
           pg_catalog.set_config('bytea_output', 'hex', true)";

const ATTEMPTED: &str = "reading a sample of rows";

/// Values of some columns or expressions in some rows, as texts.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::whatif) struct Sample {
    /// For each column or expression its values, all lists of the same length.
    pub(in crate::whatif) columns: Vec<Vec<Option<String>>>,
}

impl Sample {
    /// How many rows there are.
    pub(in crate::whatif) fn rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }
}

/// Reads what columns or expressions (`parts`, SQL) of a table hold in about `most` of its `rows` rows, in random blocks: of a small
/// table all of it, of a large one some blocks for each of the rows at worst.
///
/// # Errors
/// [`ServerError`].
pub(in crate::whatif) async fn take(
    connection: &mut Connection,
    (schema, table): (&str, &str),
    parts: &[String],
    rows: f64,
    most: u32,
) -> Result<Sample, ServerError> {
    let limit = connection.plain_limit();
    let transaction = connection.begin(Access::ReadOnly, Some(limit)).await?;
    let sql = question(schema, table, parts, rows, most);
    let answer = async {
        transaction.rows(ATTEMPTED, SHAPE, &[]).await?;
        transaction.rows(ATTEMPTED, &sql, &[]).await
    }
    .await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return transaction.fail(error).await,
    };
    transaction.rollback().await?;
    let mut columns: Vec<Vec<Option<String>>> = vec![Vec::with_capacity(answer.len()); parts.len()];
    for row in &answer {
        for (at, column) in columns.iter_mut().enumerate() {
            column.push(get(row, at)?);
        }
    }
    if answer.is_empty() {
        return Err(ServerError::new(ErrorKind::Unsupported, ATTEMPTED, "the table gave none"));
    }
    Ok(Sample { columns })
}

fn question(schema: &str, table: &str, parts: &[String], rows: f64, most: u32) -> String {
    let list: Vec<String> = parts.iter().map(|part| format!("({part})::text")).collect();
    // A few blocks more than needed: blocks hold different numbers of rows.
    let percent = f64::from(most) * 120.0 / rows.max(1.0);
    let some =
        if percent < 90.0 { format!(" TABLESAMPLE SYSTEM ({percent:.6}) REPEATABLE (1)") } else { String::new() };
    format!("SELECT {} FROM {}.{}{some} LIMIT {most}", list.join(", "), quote(schema), quote(table))
}

#[cfg(test)]
mod tests {
    use super::question;

    #[test]
    fn a_large_table_is_sampled_and_a_small_one_read() {
        let parts = ["\"a\"".to_owned(), "lower(b)".to_owned()];
        assert_eq!(
            question("s", "t", &parts, 3_000_000.0, 30_000),
            "SELECT (\"a\")::text, (lower(b))::text FROM \"s\".\"t\" TABLESAMPLE SYSTEM (1.200000) REPEATABLE (1) LIMIT 30000"
        );
        assert_eq!(question("s", "t", &parts[..1], 900.0, 30_000), "SELECT (\"a\")::text FROM \"s\".\"t\" LIMIT 30000");
    }
}
