use super::{Context, Finding, Rule, condition::containment, context::short, sieve::Sieve, stake::Stake};
use crate::plan::{Engine, Operator};

/// **What it does**: looks for full scans whose filter asks what is *inside* a value: `@>`, `<@`, `?`, `&&`, `@@` on JSONB, arrays and
/// full text.
///
/// **Why it hurts**: no B-tree answers such a question, so every document is opened for every execution.
///
/// **How to fix**: a GIN index on the column (for JSONB asked only with `@>`, `jsonb_path_ops` is smaller and faster).
pub(super) struct Containment;

impl Rule for Containment {
    fn name(&self) -> &'static str {
        "containment-without-gin"
    }

    fn summary(&self) -> &'static str {
        "a full scan looks inside documents, arrays or text that a GIN index could search"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        if context.plan.engine != Engine::PostgreSql {
            return;
        }
        for scan in context.of(&[Operator::SeqScan]) {
            let Some(sieve) = Sieve::of(context, scan).filter(Sieve::wasteful) else {
                continue;
            };
            let Some((column, operator)) = containment(sieve.condition) else {
                continue;
            };
            let table = context.table(scan);
            let kind = table.and_then(|t| t.column(&column)).map(|c| c.type_name.as_str());
            // Ranges and shapes have these operators too; theirs is a GiST index.
            let method = match kind {
                Some(k) if k.ends_with("range") || ["box", "polygon", "circle", "inet", "cidr"].contains(&k) => "gist",
                _ => "gin",
            };
            let stake = Stake::own(context, &sieve.nodes()).rows(sieve.read);
            if stake.negligible() {
                continue;
            }
            let name = context.name(scan);
            let class = if kind == Some("jsonb") && operator == "@>" { " jsonb_path_ops" } else { "" };
            found.push(
                stake
                    .finding(self.name(), scan, format!("{column} {operator} … opens every row of {name}"))
                    .why(format!(
                        "A B-tree cannot answer {operator}; the filter {} {}.{}",
                        short(sieve.condition),
                        sieve.told(),
                        sieve.caveat()
                    ))
                    .next(format!("CREATE INDEX CONCURRENTLY ON {name} USING {method} ({column}{class}); let the index search test it."))
                    .number("rows_read", sieve.read)
                    .number("rows_kept", sieve.kept)
                    .text("column", column)
                    .text("operator", operator)
                    .at_most(sieve.ceiling()),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Containment;
    use crate::{
        diagnose::testing::{Say, catalog, found, node, plan, rules},
        plan::{Engine, Operator},
    };

    #[test]
    fn a_look_into_documents_asks_for_the_right_kind_of_index() {
        for (kind, condition, index) in [
            ("jsonb", "(data @> '{\"a\": 1}'::jsonb)", "USING gin (data jsonb_path_ops)"),
            ("jsonb", "(data ? 'a'::text)", "USING gin (data)"),
            ("text[]", "(data && '{a}'::text[])", "USING gin (data)"),
            ("tstzrange", "(data && '[a,b)'::tstzrange)", "USING gist (data)"),
        ] {
            let scan =
                node(Operator::SeqScan).on("products").estimated(50.0, 9_000.0).ran(40.0, 1.0, 70.0).removed(99_960.0);
            let plan = plan(Engine::PostgreSql, [(0, scan.filter(condition))]);
            let known = catalog("products", 1e5, &[("data", kind)], &[]);
            let found = found(&Containment, &plan, Some(&known));
            assert!(found[0].next.contains(index), "{}", found[0].next);
            assert_eq!(rules(&plan, Some(&known))[0], "containment-without-gin");
        }
    }

    #[test]
    fn other_conditions_and_small_tables_are_left_alone() {
        for (condition, removed) in [("(a = 1)", 99_960.0), ("(data @> '{}'::jsonb)", 200.0)] {
            let scan = node(Operator::SeqScan).on("products").estimated(50.0, 9_000.0).ran(40.0, 1.0, 70.0);
            let plan = plan(Engine::PostgreSql, [(0, scan.removed(removed).filter(condition))]);
            assert!(found(&Containment, &plan, None).is_empty(), "{condition}");
        }
    }
}
