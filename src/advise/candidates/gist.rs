//! `GiST` and SP-GiST indexes (PostgreSQL): ranges, networks, trees, shapes, and what lies nearest.

use super::draft::{At, Draft};
use crate::{
    advise::Key,
    catalog::Column,
    plan::Engine,
    sql::shape::{Operand, Predicate, SortKind, Test},
};

/// What such an index can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Space {
    Range,
    Network,
    Tree,
    Point,
    Shape,
    Text,
}

/// Drafts for conditions on the position of values, and for the order of distance.
pub(super) fn drafts(at: &At<'_>) -> Vec<Draft> {
    if at.engine != Engine::PostgreSql {
        return Vec::new();
    }
    let mut found: Vec<Draft> = Vec::new();
    let arms = at.arms.iter().flatten();
    for predicate in at.always.iter().chain(arms) {
        let Some(column) = predicate.operand.column().and_then(|name| at.table.column(name)) else { continue };
        let Some(space) = space(column).filter(|space| answers(*space, predicate.test)) else { continue };
        let alone = one(column, space, At::reason(predicate));
        if let Some(equal) = fixed(at) {
            found.extend(behind(equal, &alone));
        }
        if matches!(space, Space::Range | Space::Network | Space::Point) {
            // Ranges overlap and make deep trees; quadrants suit values that do not.
            let mut quadrants = Draft { method: "spgist", rank: alone.rank + 3, ..alone.clone() };
            quadrants.keys[0].opclass = None;
            found.push(quadrants);
        }
        found.push(alone);
    }
    for sort in at.sorts.iter().filter(|s| s.kind == SortKind::Nearest && s.limited) {
        let Some(column) = sort.keys.first().and_then(|k| k.operand.column()).and_then(|c| at.table.column(c)) else {
            continue;
        };
        let space = space(column).or_else(|| is_text(column).then_some(Space::Text));
        if let Some(space) = space {
            let reason = format!("{0}: ORDER BY the distance of {0}, the nearest first", column.name);
            found.push(one(column, space, reason));
        }
    }
    found
}

fn one(column: &Column, space: Space, reason: String) -> Draft {
    let opclass = match space {
        // The default of inet in GiST is none.
        Space::Network => Some("inet_ops"),
        Space::Text => Some("gist_trgm_ops"),
        _ => None,
    };
    let mut draft = Draft { method: "gist", ..Draft::btree(4) };
    let key = At::plain_key(&column.name, opclass);
    draft.add(Some(key), reason);
    draft
}

/// A single value that is fixed: the room of a booking.
fn fixed<'a>(at: &At<'a>) -> Option<&'a Predicate> {
    at.always.iter().copied().find(|p| {
        p.test == Test::Equal
            && p.operand.column().and_then(|c| at.table.column(c)).is_some_and(|c| {
                matches!(
                    c.type_name.split('(').next().unwrap_or_default(),
                    "integer" | "bigint" | "smallint" | "uuid" | "text" | "character varying" | "date"
                )
            })
    })
}

/// The value first, then the position: needs the extension `btree_gist`.
fn behind(equal: &Predicate, alone: &Draft) -> Option<Draft> {
    let Operand::Column(column) = &equal.operand else { return None };
    let mut draft = Draft { method: "gist", ..Draft::btree(5) };
    draft.add(Some(At::plain_key(column, None)), At::reason(equal));
    let key: Key = alone.keys.first()?.clone();
    draft.add(Some(key), alone.reasons.first()?.clone()).then_some(draft)
}

fn space(column: &Column) -> Option<Space> {
    let name = column.type_name.to_lowercase();
    let base = name.split(['(', ' ']).next().unwrap_or_default();
    Some(match base {
        _ if base.ends_with("range") => Space::Range,
        "inet" | "cidr" => Space::Network,
        "ltree" => Space::Tree,
        "point" => Space::Point,
        "box" | "circle" | "polygon" | "geometry" | "geography" => Space::Shape,
        _ => return None,
    })
}

fn is_text(column: &Column) -> bool {
    let name = column.type_name.as_str();
    name == "text" || name.starts_with("character")
}

fn answers(space: Space, test: Test) -> bool {
    match test {
        Test::Overlaps | Test::Position | Test::Contains | Test::ContainedBy => space != Space::Text,
        Test::Pattern => space == Space::Tree,
        _ => false,
    }
}
