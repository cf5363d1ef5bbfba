//! Conditions that follow from joins: `a.x = b.x AND b.x = 7` asks `a.x = 7` too.

use super::{Operand, Predicate, Shape, Test};

/// Adds what follows for the other sides of joins, through as many joins as it takes.
pub(super) fn equalities(shape: &mut Shape) {
    let mut at = 0;
    while at < shape.predicates.len() {
        let known = shape.predicates[at].clone();
        at += 1;
        let Operand::Column(column) = &known.operand else { continue };
        if known.branch.is_some() || !matches!(known.test, Test::Equal | Test::OneOf | Test::Range) {
            continue;
        }
        let place = (known.source, column.clone());
        for join in &shape.joins {
            let other = match (join.left == place, join.right == place) {
                (true, false) => &join.right,
                (false, true) => &join.left,
                _ => continue,
            };
            let operand = Operand::Column(other.1.clone());
            let there = shape
                .predicates
                .iter()
                .any(|p| p.source == other.0 && p.operand == operand && p.test == known.test && p.branch.is_none());
            if !there {
                let sql = known.sql.replace(column.as_str(), &other.1);
                shape.predicates.push(Predicate { source: other.0, operand, sql, derived: true, ..known.clone() });
            }
        }
    }
}
