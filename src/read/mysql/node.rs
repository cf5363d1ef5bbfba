//! One iterator as its line and its keys tell it, and the node that becomes of it: the same for version 2, which writes
//! keys, and for `FORMAT=TREE`, which writes the line alone.

use super::operator::{native, operator};
use crate::plan::{Conditions, Cost, Flag, Flags, Node, Operator, Relation, Role, Rows, Timing};

/// What the server says of one iterator. Every field is optional.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the server's own keys")]
pub(super) struct RawNode {
    /// The line of the tree, without figures.
    pub(super) operation: String,
    /// What stands on a line of its own above it: `Hash`, `Select #2 (subquery in condition; dependent)`.
    pub(super) heading: Option<String>,
    pub(super) access_type: Option<String>,
    pub(super) index_access_type: Option<String>,
    pub(super) join_algorithm: Option<String>,
    pub(super) schema_name: Option<String>,
    pub(super) table_name: Option<String>,
    pub(super) alias: Option<String>,
    pub(super) index_name: Option<String>,
    pub(super) covering: bool,
    pub(super) group_by: bool,
    pub(super) recursive: bool,
    pub(super) combines: bool,
    pub(super) temp_table: bool,
    pub(super) cte: bool,
    /// Filled again for each row of another table.
    pub(super) invalidated: bool,
    /// Where a sub-query stands (`condition`, `projection`), for its first node.
    pub(super) subquery: Option<String>,
    pub(super) dependent: bool,
    pub(super) cacheable: bool,
    pub(super) condition: Option<String>,
    pub(super) lookup: Option<String>,
    pub(super) pushed: Option<String>,
    pub(super) hash_condition: Vec<String>,
    pub(super) extra_condition: Vec<String>,
    pub(super) keys: Vec<String>,
    pub(super) first_row_cost: Option<f64>,
    pub(super) total_cost: Option<f64>,
    pub(super) estimated_rows: Option<f64>,
    pub(super) actual_rows: Option<f64>,
    pub(super) actual_loops: Option<f64>,
    pub(super) first_row_ms: Option<f64>,
    pub(super) last_row_ms: Option<f64>,
    pub(super) never: bool,
    pub(super) line: Option<u32>,
    /// What else it says, verbatim.
    pub(super) extra: Vec<(String, String)>,
    /// What its first input is, as far as it tells what the node reads.
    pub(super) feeds: Option<Feed>,
    /// The keys of the sub-query whose heading stands here, or above, are still to come on a node below.
    pub(super) awaits_marks: bool,
}

/// What the first input of a node is, as far as it tells what the node reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feed {
    /// A common table expression.
    Cte,
    /// A materialised sub-query.
    Subquery,
    /// A temporary table.
    Temporary,
}

impl RawNode {
    /// What a node reads whose first input this is.
    pub(super) fn feed(&self) -> Option<Feed> {
        match self.access_type.as_deref()? {
            "materialize" if self.cte => Some(Feed::Cte),
            "materialize" if self.temp_table => Some(Feed::Temporary),
            "materialize" => Some(Feed::Subquery),
            "temp_table_aggregate" | "materialize_information_schema" => Some(Feed::Temporary),
            _ => None,
        }
    }

    /// Whether it combines rows by their ids and names no table itself.
    pub(super) fn combines_rows(&self) -> bool {
        let merges = matches!(self.access_type.as_deref(), Some("index_merge" | "rowid_intersection" | "rowid_union"));
        merges && self.table_name.is_none()
    }

    /// Takes the table of its first input where it combines rows by their ids and names no table itself.
    pub(super) fn combines_rows_of(&mut self, first: Option<&Self>) {
        if let (true, Some(first)) = (self.combines_rows(), first) {
            self.schema_name.clone_from(&first.schema_name);
            self.table_name.clone_from(&first.table_name);
            self.alias.clone_from(&first.alias);
        }
    }

    /// Takes the marks of a sub-query from its heading, such as `Select #2 (subquery in condition; run only once)`; false when it is none.
    pub(super) fn serves(&mut self, heading: &str) -> bool {
        let about = heading.strip_prefix("Select #").and_then(|rest| rest.split_once("(subquery in "));
        let Some((_, about)) = about else { return false };
        let (place, often) = about.trim_end_matches(')').split_once("; ").unwrap_or((about.trim_end_matches(')'), ""));
        self.dependent = often == "dependent";
        self.cacheable = often == "run only once";
        self.subquery = Some(place.to_owned());
        self.extra.push(("subquery_location".to_owned(), place.to_owned()));
        true
    }

    /// How a sub-query serves the node whose condition or select list it stands in; `None` for other inputs.
    pub(super) fn subquery_role(&self) -> Option<Role> {
        self.subquery.as_ref()?;
        Some(if self.dependent || !self.cacheable { Role::Subplan } else { Role::InitPlan })
    }

    fn relation(&self) -> Option<Relation> {
        let name = self.table_name.clone()?;
        let alias = self.alias.clone().filter(|alias| *alias != name);
        Some(Relation { schema: self.schema_name.clone(), alias, name })
    }

    fn conditions(&self) -> Conditions {
        let joined = self.hash_condition.iter().chain(&self.extra_condition).cloned().collect::<Vec<_>>().join(" AND ");
        Conditions {
            filter: self.condition.clone(),
            index: self.lookup.clone(),
            join: Some(joined).filter(|text| !text.is_empty()),
            // Pushed down to the storage engine, it decides on rows after the lookup and before they are read whole.
            recheck: self.pushed.clone(),
        }
    }

    fn rows(&self) -> Rows {
        Rows {
            estimated: self.estimated_rows,
            actual: self.actual_rows,
            loops: self.actual_loops.or(self.never.then_some(0.0)),
            ..Rows::default()
        }
    }

    fn flags(&self, operator: &Operator) -> Flags {
        let temporary = matches!(self.access_type.as_deref(), Some("temp_table_aggregate" | "materialize"));
        [
            (self.covering && *operator != Operator::SubqueryScan, Flag::Covering),
            (temporary || self.temp_table, Flag::Temporary),
            (self.join_algorithm.as_deref() == Some("batch_key_access"), Flag::JoinBuffer),
            (self.dependent || self.invalidated, Flag::Dependent),
        ]
        .into_iter()
        .filter_map(|(holds, flag)| holds.then_some(flag))
        .collect()
    }
}

/// The node. `first` is its first input.
pub(super) fn lower(raw: &RawNode, first: Option<&RawNode>, role: Role) -> Node {
    let operator = operator(raw);
    let mut node = Node {
        flags: raw.flags(&operator),
        relation: raw.relation(),
        index: raw.index_name.clone(),
        cost: Cost { startup: raw.first_row_cost, total: raw.total_cost, own: None },
        rows: raw.rows(),
        conditions: raw.conditions(),
        keys: raw.keys.clone(),
        line: raw.line,
        extra: raw.extra.clone(),
        ..Node::new(role, operator, native(&raw.operation))
    };
    node.subplan = cte_name(&raw.operation);
    if let Some(heading) = &raw.heading {
        // `Select #2 (subquery in condition; dependent)`: the role and flags say the rest.
        if let Some(number) = heading.strip_prefix("Select #").and_then(|rest| rest.split(' ').next()) {
            node.subplan = Some(format!("select #{number}"));
        }
        node.extra.push(("heading".to_owned(), heading.clone()));
    }
    node.timing =
        raw.last_row_ms.map(|last_ms| Timing::PerLoop { first_ms: raw.first_row_ms.unwrap_or(last_ms), last_ms });
    if node.operator == Operator::Filter {
        node.rows.removed = removed(&node.rows, first);
    }
    if node.operator == Operator::IndexMerge && node.relation.is_none() {
        node.relation = first.and_then(RawNode::relation);
    }
    node
}

/// How an input serves a node: as a sub-query, as one of several alike, or as a side of a join.
pub(super) fn input_role(above: &Operator, input: &RawNode, place: usize) -> Role {
    match (input.subquery_role(), above, place) {
        (Some(role), ..) => role,
        (None, Operator::SetOp | Operator::RecursiveUnion, _) => Role::Union,
        (None, Operator::IndexMerge | Operator::Append, _) => Role::Member,
        (None, _, 0) => Role::Outer,
        (None, ..) => Role::Inner,
    }
}

/// Rows a filter threw away per execution: those its input gave less those it passed on.
fn removed(rows: &Rows, input: Option<&RawNode>) -> Option<f64> {
    let input = input?;
    let given = input.actual_rows? * input.actual_loops? / rows.loops.filter(|loops| *loops > 0.0)?;
    Some((given - rows.actual?).max(0.0))
}

/// `CTE big`, from `Materialize CTE big if needed`.
fn cte_name(operation: &str) -> Option<String> {
    let (_, name) = operation.split_once(" CTE ")?;
    let end = name.find(" if needed").or_else(|| name.find(" (")).unwrap_or(name.len());
    operation.starts_with("Materialize").then(|| format!("CTE {}", &name[..end]))
}
