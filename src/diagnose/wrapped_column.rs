use super::{
    Context, Finding, Rule,
    condition::{Shape, Wrapped, wrapped},
    context::short,
    sieve::Sieve,
    stake::Stake,
};
use crate::{
    catalog::Table,
    plan::{Engine, NodeId, Operator},
};

/// **What it does**: looks for conditions that hide a column from its index: a function or arithmetic around it, a conversion
/// of its type or collation, a pattern that begins with a wildcard.
///
/// **Why it hurts**: an index is ordered by the column's values and not by what becomes of them, so it cannot be searched and
/// every row is read.
///
/// **How to fix**: turn the condition round so that the column stands alone (`ts >= '2024-03-01' AND ts < '2024-03-02'`), compare with a
/// value of the column's own type, or index the expression itself; for wildcards a trigram or full-text index.
pub(super) struct WrappedColumn;

impl Rule for WrappedColumn {
    fn name(&self) -> &'static str {
        "wrapped-column"
    }

    fn summary(&self) -> &'static str {
        "a function, conversion or wildcard keeps an index on the column from being used"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        for scan in
            context.of(&[Operator::SeqScan, Operator::FullIndexScan, Operator::IndexScan, Operator::IndexOnlyScan])
        {
            let node = context.plan.node(scan);
            if node.operator != Operator::SeqScan && !context.walks_whole_index(scan) {
                continue;
            }
            let Some(sieve) = Sieve::of(context, scan) else {
                continue;
            };
            let said = warning(context, scan);
            // The server's own word counts even where its estimate is too bad to show the waste.
            if !(sieve.wasteful() || (said.is_some() && sieve.read >= super::sieve::TINY)) {
                continue;
            }
            let stake = Stake::own(context, &sieve.nodes()).rows(sieve.read);
            if stake.negligible() {
                continue;
            }
            let table = context.table(scan);
            let hidden = wrapped(sieve.condition).into_iter().find(|w| hides(context, table, w));
            let Some((what, next)) = explain(context.plan.engine, hidden.as_ref(), said) else {
                continue;
            };
            let column = hidden.as_ref().map(|w| w.column.clone());
            let index = column.as_deref().and_then(|c| index_on(table?, c));
            let known = match (&index, table, &column) {
                (Some(index), _, _) => format!(" Index {index} is there and cannot be used."),
                (None, Some(_), Some(column)) => {
                    format!(" No index begins with {column} yet; a plain one would not help.")
                }
                (None, Some(_), None) => String::new(),
                (None, None, _) => " Whether the column has an index cannot be told from the plan alone.".to_owned(),
            };
            let mut finding = stake
                .finding(self.name(), scan, what)
                .why(format!(
                    "In {} the column does not stand alone, so every row of {} is read; the filter {}.{known}{}",
                    short(sieve.condition),
                    context.name(scan),
                    sieve.told(),
                    sieve.caveat()
                ))
                .next(next)
                .number("rows_read", sieve.read)
                .number("rows_kept", sieve.kept)
                .at_most(sieve.ceiling());
            for (name, value) in [("column", column), ("index", index), ("server_note", said.map(str::to_owned))] {
                if let Some(value) = value {
                    finding = finding.text(name, value);
                }
            }
            found.push(finding);
        }
    }
}

/// The server's own warning (MySQL 1739, MariaDB 1105) about an index of this scan's table; without a catalog, of the only scan
/// it can be about.
fn warning(context: Context<'_>, scan: NodeId) -> Option<&str> {
    let note = |text: &&String| text.contains("due to type or collation conversion") || text.contains("for lookup: ");
    let said = context.plan.notes.iter().find(note)?;
    let named = |text: &str| said.contains(&format!("'{text}'")) || said.contains(&format!("`{text}`"));
    match context.table(scan) {
        Some(table) => table.indexes.iter().any(|i| named(&i.name)).then_some(said.as_str()),
        None => (context.of(&[Operator::SeqScan, Operator::FullIndexScan]).count() == 1).then_some(said.as_str()),
    }
}

/// Whether this really keeps a plain index from being used.
pub(super) fn hides(context: Context<'_>, table: Option<&Table>, found: &Wrapped) -> bool {
    let column = table.and_then(|t| t.column(&found.column));
    let text = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["char", "text", "name", "enum", "set("].iter().any(|t| name.contains(t))
    };
    match &found.shape {
        // PostgreSQL prints `(email)::text` for every varchar: the same bytes, the same index.
        Shape::Converted(to) if context.plan.engine == Engine::PostgreSql && text(to) => {
            column.is_some_and(|c| !text(&c.type_name) && c.type_name != "citext")
        }
        // Only text is converted when compared with a number, and only on MySQL and MariaDB.
        Shape::BareToNumber => context.plan.engine != Engine::PostgreSql && column.is_some_and(|c| text(&c.type_name)),
        // A name that is no column of the table would be a guess.
        _ => table.is_none_or(|t| t.columns.is_empty()) || column.is_some(),
    }
}

/// An index that begins with the column and could be searched if the column stood alone.
fn index_on(table: &Table, column: &str) -> Option<String> {
    let first = |i: &&crate::catalog::Index| i.keys.first().and_then(|k| k.column.as_deref()) == Some(column);
    table.indexes.iter().filter(|i| !i.disabled).find(first).map(|i| i.name.clone())
}

/// The title and the next step.
fn explain(engine: Engine, hidden: Option<&Wrapped>, said: Option<&str>) -> Option<(String, String)> {
    let Some(Wrapped { column, shape }) = hidden else {
        let said = said?;
        return Some((
            "The server cannot use an index because of a conversion".to_owned(),
            format!("Compare with a value of the column's own type and collation. The server says: {said}"),
        ));
    };
    let expression_index = match engine {
        Engine::MariaDb => "or index a generated column that holds the expression",
        _ => "or index the expression itself",
    };
    Some(match shape {
        Shape::Function(function) if function == "->" => (
            format!("A value inside {column} is compared, which a plain index on {column} cannot serve"),
            match engine {
                Engine::PostgreSql => {
                    format!("Index the expression as it is written, or ask with {column} @> '…' and a GIN index.")
                }
                _ => format!("Index a generated column that extracts the value from {column}."),
            },
        ),
        Shape::Function(function) => (
            format!("{function}(…) around {column} keeps an index on it from being used"),
            format!(
                "Turn the condition round so that {column} stands alone (a range instead of a function), {expression_index}."
            ),
        ),
        Shape::Converted(to) => (
            format!("{column} is converted to {to} in every row, which keeps an index on it from being used"),
            format!("Compare {column} with a value of its own type, {expression_index}."),
        ),
        Shape::Computed => (
            format!("Arithmetic on {column} keeps an index on it from being used"),
            format!("Move the arithmetic to the other side so that {column} stands alone, {expression_index}."),
        ),
        Shape::LeadingWildcard => (
            format!("A pattern that begins with a wildcard keeps an index on {column} from being used"),
            match engine {
                Engine::PostgreSql => {
                    format!(
                        "A trigram index (CREATE EXTENSION pg_trgm; … USING gin ({column} gin_trgm_ops)) serves patterns like this."
                    )
                }
                _ => format!(
                    "A FULLTEXT index on {column} with MATCH … AGAINST finds words; drop the leading wildcard if you can."
                ),
            },
        ),
        Shape::BareToNumber => (
            format!("{column} is text and is compared with a number, so every row is converted"),
            format!("Put the number in quotes, so that {column} is compared as text."),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::WrappedColumn;
    use crate::{
        diagnose::testing::{Say, catalog, found, node, plan, rules},
        plan::{Engine, Node, Operator},
    };

    fn scan(condition: &str) -> Node {
        let scan = node(Operator::SeqScan).on("customers").estimated(5.0, 5_073.0).ran(1.0, 1.0, 60.0);
        scan.removed(50_000.0).filter(condition)
    }

    #[test]
    fn a_function_around_an_indexed_column_is_the_cause_of_the_full_scan() {
        let plan = plan(Engine::PostgreSql, [(0, scan("(lower((email)::text) = 'ann@x.example'::text)"))]);
        let known = catalog("customers", 50_000.0, &[("email", "character varying(80)")], &["email"]);
        let found = found(&WrappedColumn, &plan, Some(&known));
        assert_eq!(found[0].title, "lower(…) around email keeps an index on it from being used");
        assert!(found[0].why.contains("Index ix_email is there and cannot be used"), "{}", found[0].why);
        assert_eq!(rules(&plan, Some(&known)), ["wrapped-column", "full-scan-filtering"]);
    }

    #[test]
    fn without_a_catalog_it_says_what_it_cannot_tell() {
        let plan = plan(Engine::PostgreSql, [(0, scan("(lower(email) = 'x'::text)"))]);
        assert!(found(&WrappedColumn, &plan, None)[0].why.contains("cannot be told from the plan alone"));
    }

    #[test]
    fn a_cast_between_text_types_hides_nothing_but_one_from_a_number_does() {
        let varchar = catalog("customers", 50_000.0, &[("email", "character varying(80)")], &["email"]);
        let number = catalog("customers", 50_000.0, &[("email", "integer")], &["email"]);
        let plan = plan(Engine::PostgreSql, [(0, scan("((email)::text = '5'::text)"))]);
        for (catalog, count) in [(None, 0), (Some(&varchar), 0), (Some(&number), 1)] {
            assert_eq!(found(&WrappedColumn, &plan, catalog).len(), count);
        }
    }

    #[test]
    fn text_compared_with_a_number_is_found_by_the_catalog_or_by_the_servers_own_word() {
        let text = catalog("customers", 50_000.0, &[("email", "varchar(80)")], &["email"]);
        let number = catalog("customers", 50_000.0, &[("email", "int")], &[]);
        let mut plan = plan(Engine::MySql, [(0, scan("(customers.email = 12345)"))]);
        for (catalog, count) in [(None, 0), (Some(&text), 1), (Some(&number), 0)] {
            assert_eq!(found(&WrappedColumn, &plan, catalog).len(), count);
        }
        plan.notes.push(
            "Cannot use ref access on index 'ix_email' due to type or collation conversion on field 'email'".into(),
        );
        let found = found(&WrappedColumn, &plan, None);
        assert!(found[0].next.contains("ix_email"), "{}", found[0].next);
    }

    #[test]
    fn a_bare_column_is_left_alone() {
        for condition in ["(email = 'x'::text)", "(email ~~ 'x%'::text)", "(created_at > (now() - '7 days'::interval))"]
        {
            let plan = plan(Engine::PostgreSql, [(0, scan(condition))]);
            assert!(found(&WrappedColumn, &plan, None).is_empty(), "{condition}");
        }
    }
}
