//! Pages by the last row of the one before (keyset), written so that the server reads all earlier pages for each.

use crate::{
    plan::Engine,
    sql::shape::{Branch, Predicate, Shape, Test},
};

/// A line for each such condition beside `ORDER BY a, b LIMIT n`, with the form that is a range, in which reading begins at the page.
///
/// PostgreSQL makes no range of `a < x OR a = x AND b < y`, and one of the row `(a, b) < (x, y)` (manual, "Row Constructor Comparison");
/// MySQL and `MariaDB` the other way round. Measured on page 260 of a tenant: PostgreSQL 15 9,574 and 39 blocks, 419 and 4 ms; MySQL 9.7
/// and `MariaDB` 11.8 6,009 and 49 entries.
pub(super) fn told(shape: &Shape, engine: Engine) -> Vec<String> {
    if engine != Engine::PostgreSql {
        return shape.predicates.iter().filter_map(|row| as_an_or(shape, row, engine)).collect();
    }
    let branches = shape.predicates.iter().filter_map(|p| p.branch).filter(|b| b.arms == 2 && b.arm == 0);
    let mut ors: Vec<usize> = branches.map(|b| b.or).collect();
    ors.dedup();
    ors.into_iter().filter_map(|or| as_a_row(shape, or)).collect()
}

/// Whether rows are walked in the order of two columns until there are enough.
fn is_walked(shape: &Shape, source: usize, a: &str, b: &str) -> bool {
    shape.sorts.iter().filter(|sort| sort.limited && sort.source == source).any(|sort| {
        let keys: Vec<&str> = sort.keys.iter().map(|k| k.operand.sql()).collect();
        // Only columns of one value may come before.
        let open = keys.iter().position(|key| !is_fixed(shape, source, key)).unwrap_or(keys.len());
        keys[open..].starts_with(&[a, b])
    })
}

fn is_fixed(shape: &Shape, source: usize, key: &str) -> bool {
    shape.predicates.iter().any(|p| {
        p.source == source
            && p.branch.is_none()
            && matches!(p.test, Test::Equal | Test::IsNull)
            && p.operand.sql() == key
    })
}

fn as_an_or(shape: &Shape, row: &Predicate, engine: Engine) -> Option<String> {
    let pair = |text: &'_ str| -> Option<(String, String)> {
        let (a, b) = text.trim().strip_prefix('(')?.strip_suffix(')')?.split_once(", ")?;
        (!b.contains([',', '('])).then(|| (a.to_owned(), b.to_owned()))
    };
    if row.test != Test::Range || row.branch.is_some() {
        return None;
    }
    let at = row.sql.find(['<', '>'])?;
    let (left, rest) = row.sql.split_at(at);
    let end = rest.find(|c: char| !"<>=".contains(c))?;
    let (operator, right) = rest.split_at(end);
    let ((a, b), (x, y)) = (pair(left)?, pair(right)?);
    let strict = operator.trim_end_matches('=');
    is_walked(shape, row.source, &a, &b).then(|| {
        format!(
            "{}: {} makes no range of a row and reads the pages before each time; ({a} {strict} {x} OR {a} = {x} AND {b} {operator} {y}) asks \
             the same, and an index with {a}, {b} in this order begins there",
            row.sql,
            engine.title()
        )
    })
}

fn as_a_row(shape: &Shape, or: usize) -> Option<String> {
    let arm = |arm: usize| -> Vec<&Predicate> {
        shape.predicates.iter().filter(|p| p.branch.is_some_and(|b| b.or == or && b.arm == arm)).collect()
    };
    let (short, long) = match (arm(0), arm(1)) {
        (one, two) | (two, one) if one.len() == 1 && two.len() == 2 => (one, two),
        _ => return None,
    };
    // What else an alternative asks, another OR within it for one, a row would forget.
    let told = |b: Branch| shape.predicates.iter().filter(|p| p.branch == Some(b)).count();
    if shape.predicates.iter().filter_map(|p| p.branch).any(|b| told(b) < b.asked) {
        return None;
    }
    let [first] = short.as_slice() else { return None };
    let equal = long.iter().find(|p| p.test == Test::Equal && p.operand == first.operand)?;
    let second = long.iter().find(|p| p.test == Test::Range && p.operand != first.operand)?;
    let (operator, value) = compared(first)?;
    let (same, behind) = compared(second)?;
    let (is, equal_value) = compared(equal)?;
    let strict = matches!(operator, "<" | ">");
    if !strict || !same.starts_with(operator) || is != "=" || equal_value != value || first.source != second.source {
        return None;
    }
    let (a, b) = (first.operand.sql(), second.operand.sql());
    is_walked(shape, first.source, a, b).then(|| {
        format!(
            "{} OR {} AND {}: PostgreSQL reads the pages before each time; ({a}, {b}) {same} ({value}, {behind}) asks the same, and an index \
             with {a}, {b} in this order begins there",
            first.sql, equal.sql, second.sql
        )
    })
}

/// The operator behind what is asked, and what it is compared with.
fn compared(predicate: &Predicate) -> Option<(&str, &str)> {
    let rest = predicate.sql.strip_prefix(predicate.operand.sql())?.trim_start();
    let end = rest.find(|c: char| !"<>=!".contains(c)).filter(|end| *end > 0)?;
    Some((&rest[..end], rest[end..].trim()))
}

#[cfg(test)]
mod tests {
    use super::told;
    use crate::{
        catalog::{Catalog, Column, Table},
        plan::Engine::{MySql, PostgreSql},
        sql::shape::shape,
    };

    #[test]
    fn pages_by_an_or_are_told_as_rows() {
        let column = |name: &str| Column { name: name.to_owned(), ..Column::default() };
        let catalog = Catalog {
            tables: vec![Table {
                schema: "public".to_owned(),
                name: "t".to_owned(),
                columns: ["id", "a", "b"].map(column).to_vec(),
                ..Table::default()
            }],
            search_path: vec!["public".to_owned()],
            ..Catalog::default()
        };
        let told = |condition: &str, order: &str, engine| {
            let sql = format!("select * from t x where x.id > 0 and ({condition}) {order}");
            told(&shape(&sql, engine, &catalog).unwrap(), engine)
        };
        let order = "order by a desc, b desc limit 20";
        for (condition, row) in [
            ("x.a < $1 or (x.a = $1 and x.b < $2)", "(a, b) < ($1, $2) asks the same"),
            ("(a = '5' and b > 7) or a > '5'", "(a, b) > ('5', 7) asks the same"),
            ("a < $1 or (a = $1 and b <= $2)", "(a, b) <= ($1, $2) asks the same"),
        ] {
            let lines = told(condition, order, PostgreSql);
            assert!(lines.len() == 1 && lines[0].contains(row), "{condition}: {lines:?}");
            assert_eq!(told(condition, order, MySql), Vec::<String>::new());
            assert_eq!(told(condition, "order by b, a limit 20", PostgreSql), Vec::<String>::new());
            assert_eq!(told(condition, "order by id, a, b limit 20", PostgreSql), Vec::<String>::new());
            assert_eq!(told(&format!("x.id = 7 and ({condition})"), "order by id, a, b limit 20", PostgreSql).len(), 1);
            assert_eq!(told(condition, "order by a, b", PostgreSql), Vec::<String>::new());
        }
        let of_each = "(x.id = 5 and a < $1) or (x.id = 5 and a = $1 and b < $2)";
        assert!(told(of_each, "order by id, a, b limit 20", PostgreSql)[0].contains("(a, b) < ($1, $2) asks the same"));
        for (condition, or) in [
            ("(x.a, x.b) < ('5', 7)", "(a < '5' OR a = '5' AND b < 7) asks the same"),
            ("(a, b) >= (?, ?)", "(a > ? OR a = ? AND b >= ?) asks the same"),
        ] {
            let lines = told(condition, order, MySql);
            assert!(lines.len() == 1 && lines[0].contains(or), "{condition}: {lines:?}");
            assert_eq!(told(condition, "order by b limit 20", MySql), Vec::<String>::new());
            assert_eq!(told(&condition.replace('?', "1"), order, PostgreSql), Vec::<String>::new());
        }
        for condition in [
            "a < $1 or (a = $1 and b > $2)",
            "a <= $1 or (a = $1 and b < $2)",
            "a < $1 or (a = $3 and b < $2)",
            "a < $1 or (b = $1 and a < $2)",
            "a < $1 or b < $2",
            "a < $1 or (a = $1 and b < $2 and exists (select 1 from t y where y.id = x.b))",
            "(a < $1 and not b in (1, 2) and x.id in (select 1)) or (a = $1 and b < $2)",
            "id < $3 or (id = $3 and (a < $1 or (a = $1 and b < $2)))",
        ] {
            assert_eq!(told(condition, order, PostgreSql), Vec::<String>::new(), "{condition}");
        }
    }
}
