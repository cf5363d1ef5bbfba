//! Rows of `pg_statistic`, as ANALYZE would have written them.

use std::collections::BTreeMap;

use tokio_postgres::types::Type;

use super::{
    error::TwinError,
    link::{Link, get},
};
use crate::whatif::snapshot::{Slots, literal};

/// What a type brings to the slots of its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Operators {
    /// The type itself, below domains.
    pub(super) base: u32,
    /// Its elements' type; `text` for `tsvector`; 0 for none.
    pub(super) element: u32,
    /// `=` of its default operator class, 0 for none.
    pub(super) equal: u32,
    /// `<` of its default B-tree operator class, 0 for none.
    pub(super) less: u32,
    /// `=` of its elements.
    pub(super) element_equal: u32,
    /// Its collation.
    pub(super) collation: u32,
}

/// Where a row of statistics belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Relation on the twin, 0 for expressions on their way into extended statistics.
    pub(super) relation: u32,
    /// Column.
    pub(super) number: i16,
    /// Type.
    pub(super) kind: u32,
    /// Collation.
    pub(super) collation: u32,
    /// Whether children are included.
    pub(super) inherited: bool,
}

/// `pg_catalog` numbers: `tsvector`, `float8`, `<` of `float8`, the default collation.
const TSVECTOR: u32 = 3614;
const FLOAT8: u32 = 701;
const FLOAT8_LESS: u32 = 672;
const DEFAULT_COLLATION: u32 = 100;
/// Slots of a row.
const SLOTS: usize = 5;

/// `$1` types. The default B-tree class of a type, else of what it is at heart (arrays, enums, ranges, what is binary coercible),
/// else the default hash class.
const OPERATORS: &str = "
    WITH RECURSIVE chain (oid, base) AS (
        SELECT t, t FROM unnest($1) t
      UNION ALL
        SELECT c.oid, t.typbasetype FROM chain c JOIN pg_type t ON t.oid = c.base AND t.typtype = 'd'
    ), based AS (
        SELECT c.oid, t.oid AS base, t.typtype, t.typcategory, t.typlen, t.typcollation,
               CASE WHEN t.oid = 3614 THEN 25::oid ELSE t.typelem END AS element
        FROM chain c JOIN pg_type t ON t.oid = c.base WHERE t.typtype <> 'd'
    )
    SELECT b.oid, b.base, b.element, coalesce(o.equal, h.equal, 0::oid), coalesce(o.less, 0::oid), b.typcollation
    FROM based b
    LEFT JOIN LATERAL (
        SELECT (SELECT a.amopopr FROM pg_amop a WHERE a.amopfamily = c.opcfamily AND a.amoplefttype = c.opcintype
                AND a.amoprighttype = c.opcintype AND a.amopstrategy = 3) AS equal,
               (SELECT a.amopopr FROM pg_amop a WHERE a.amopfamily = c.opcfamily AND a.amoplefttype = c.opcintype
                AND a.amoprighttype = c.opcintype AND a.amopstrategy = 1) AS less
        FROM pg_opclass c JOIN pg_type i ON i.oid = c.opcintype
        WHERE c.opcmethod = 403 AND c.opcdefault
          AND (c.opcintype = b.base
               OR EXISTS (SELECT FROM pg_cast k WHERE k.castsource = b.base AND k.casttarget = c.opcintype AND k.castmethod = 'b'
                          AND k.castcontext = 'i')
               OR (c.opcintype = 2277 AND b.typcategory = 'A' AND b.typlen = -1)
               OR (c.opcintype = 3500 AND b.typtype = 'e') OR (c.opcintype = 3831 AND b.typtype = 'r')
               OR (c.opcintype = 4537 AND b.typtype = 'm') OR (c.opcintype = 2249 AND b.typtype = 'c'))
        ORDER BY c.opcintype = b.base DESC, i.typispreferred DESC LIMIT 1
    ) o ON true
    LEFT JOIN LATERAL (
        SELECT a.amopopr AS equal
        FROM pg_opclass c JOIN pg_amop a ON a.amopfamily = c.opcfamily AND a.amoplefttype = c.opcintype AND a.amoprighttype = c.opcintype
         AND a.amopstrategy = 1
        WHERE c.opcmethod = 405 AND c.opcdefault AND c.opcintype = b.base LIMIT 1
    ) h ON true";

/// The operators of some types.
pub(super) async fn operators(root: &Link, kinds: &[u32]) -> Result<BTreeMap<u32, Operators>, TwinError> {
    let mut found = one_round(root, kinds).await?;
    let elements: Vec<u32> = found.values().map(|o| o.element).filter(|e| *e != 0).collect();
    let of_elements = one_round(root, &elements).await?;
    for operators in found.values_mut() {
        operators.element_equal = of_elements.get(&operators.element).map_or(0, |e| e.equal);
    }
    Ok(found)
}

async fn one_round(root: &Link, kinds: &[u32]) -> Result<BTreeMap<u32, Operators>, TwinError> {
    let rows = root.rows("looking up operators", OPERATORS, &[(&kinds, Type::OID_ARRAY)]).await?;
    rows.iter()
        .map(|row| {
            let operators = Operators {
                base: get(row, 1)?,
                element: get(row, 2)?,
                equal: get(row, 3)?,
                less: get(row, 4)?,
                element_equal: 0,
                collation: get(row, 5)?,
            };
            Ok((get(row, 0)?, operators))
        })
        .collect()
}

/// What a slot keeps: kind, operator, collation, numbers, and values with their type.
type Slot<'a> = (i16, u32, u32, Option<String>, Option<(&'a str, u32)>);

/// One row as a list of values for `INSERT INTO pg_statistic VALUES`.
pub(super) fn row(place: Place, operators: &Operators, slots: &Slots) -> String {
    let collation = place.collation;
    let kind = place.kind;
    let mut all: Vec<Slot<'_>> = Vec::new();
    let own = |text: &Option<String>| text.clone();
    if let Some(values) = slots.mcv.as_deref().filter(|_| operators.equal != 0) {
        all.push((1, operators.equal, collation, own(&slots.mcf), Some((values, kind))));
    }
    if let Some(values) = slots.histogram.as_deref().filter(|_| operators.less != 0) {
        all.push((2, operators.less, collation, None, Some((values, kind))));
    }
    if let Some(correlation) = slots.correlation.as_ref().filter(|_| operators.less != 0) {
        all.push((3, operators.less, collation, Some(format!("{{{correlation}}}")), None));
    }
    if let Some(values) = slots.mce.as_deref().filter(|_| operators.element != 0) {
        let collation = if operators.base == TSVECTOR { DEFAULT_COLLATION } else { collation };
        all.push((4, operators.element_equal, collation, own(&slots.mcef), Some((values, operators.element))));
    }
    if slots.counts.is_some() {
        all.push((5, operators.element_equal, collation, own(&slots.counts), None));
    }
    if let Some(values) = slots.lengths.as_deref() {
        let numbers = slots.empty_frac.as_ref().map(|f| format!("{{{f}}}"));
        all.push((6, FLOAT8_LESS, 0, numbers, Some((values, FLOAT8))));
    }
    if let Some(values) = slots.bounds.as_deref() {
        all.push((7, 0, 0, None, Some((values, kind))));
    }
    all.resize(SLOTS, (0, 0, 0, None, None));
    let mut columns = vec![
        place.relation.to_string(),
        place.number.to_string(),
        place.inherited.to_string(),
        literal(&slots.null_frac),
        slots.avg_width.to_string(),
        literal(&slots.n_distinct),
    ];
    columns.extend(all.iter().map(|s| s.0.to_string()));
    columns.extend(all.iter().map(|s| s.1.to_string()));
    columns.extend(all.iter().map(|s| s.2.to_string()));
    columns.extend(
        all.iter().map(|s| s.3.as_ref().map_or_else(|| "NULL".to_owned(), |n| format!("{}::float4[]", literal(n)))),
    );
    columns.extend(all.iter().map(|s| {
        s.4.map_or_else(
            || "NULL".to_owned(),
            |(values, kind)| format!("array_in({}::cstring, {kind}, -1)", literal(values)),
        )
    }));
    // Literals of a list of rows get no type from their columns.
    columns[3].push_str("::float4");
    columns[5].push_str("::float4");
    format!("({})", columns.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{Operators, Place, row};
    use crate::whatif::snapshot::Slots;

    const TEXT: Operators = Operators { base: 25, element: 0, equal: 98, less: 664, element_equal: 0, collation: 100 };
    const PLACE: Place = Place { relation: 16_400, number: 3, kind: 25, collation: 100, inherited: false };

    fn slots() -> Slots {
        Slots { null_frac: "0.25".to_owned(), avg_width: 6, n_distinct: "-0.5".to_owned(), ..Slots::default() }
    }

    #[test]
    fn slots_are_filled_in_the_order_of_analyze() {
        let full = Slots {
            mcv: Some("{\"it's\",b\\\\}".to_owned()),
            mcf: Some("{0.5,0.1}".to_owned()),
            histogram: Some("{c,d}".to_owned()),
            correlation: Some("0.9".to_owned()),
            ..slots()
        };
        assert_eq!(
            row(PLACE, &TEXT, &full),
            "(16400, 3, false, '0.25'::float4, 6, '-0.5'::float4, 1, 2, 3, 0, 0, 98, 664, 664, 0, 0, 100, 100, 100, 0, 0, \
             '{0.5,0.1}'::float4[], NULL, '{0.9}'::float4[], NULL, NULL, \
             array_in(E'{\"it''s\",b\\\\\\\\}'::cstring, 25, -1), array_in('{c,d}'::cstring, 25, -1), NULL, NULL, NULL)"
        );
    }

    #[test]
    fn elements_have_their_own_type_and_operator() {
        let elements = Slots {
            mce: Some("{a}".to_owned()),
            mcef: Some("{1,1,1}".to_owned()),
            counts: Some("{1,2}".to_owned()),
            ..slots()
        };
        let array = Operators { base: 1009, element: 25, equal: 1070, less: 1072, element_equal: 98, collation: 100 };
        let written = row(Place { kind: 1009, ..PLACE }, &array, &elements);
        assert!(written.contains(" 4, 5, 0, 0, 0, 98, 98, 0, 0, 0, 100, 100, 0, 0, 0, "), "{written}");
        assert!(written.contains("array_in('{a}'::cstring, 25, -1)"), "{written}");
    }

    #[test]
    fn what_a_type_has_no_operator_for_is_left_out() {
        let none = Operators { equal: 0, less: 0, ..TEXT };
        let full = Slots {
            mcv: Some("{a}".to_owned()),
            histogram: Some("{b}".to_owned()),
            correlation: Some("1".to_owned()),
            ..slots()
        };
        assert!(!row(PLACE, &none, &full).contains("array_in"));
    }
}
