//! Version 2: a tree of iterators, each with the line `FORMAT=TREE` would print for it.

use super::{
    node::{RawNode, input_role, lower},
    words,
};
use crate::{
    plan::{Engine, NodeId, Plan, PlanBuilder, Role},
    read::{
        ReadError, Source,
        json::{Fields, Value},
        source::push,
    },
};

/// What stands for the name of a node where a document breaks off: the server writes inputs before the name of what reads them.
const CUT: &str = "(cut off)";

/// Reads the object around `query_plan`, or the plan itself where a server (8.3) writes no object around it.
pub(super) fn plan(value: Value<'_>, source: &Source<'_>) -> Result<Plan, ReadError> {
    let root = value.get("query_plan").unwrap_or(value);
    let mut builder = PlanBuilder::new();
    let mut todo: Vec<(Value<'_>, RawNode, Option<NodeId>, Role)> = vec![(root, raw(root), None, Role::Root)];
    while let Some((value, mut this, parent, role)) = todo.pop() {
        if value.get("operation").is_none() {
            let named = || value.descendants().any(|inner| inner.key().is_some_and(|key| key == "operation"));
            if source.broken && named() {
                CUT.clone_into(&mut this.operation);
            } else if source.broken && parent.is_some() {
                continue;
            } else {
                return Err(source.expected(value, "a node with a key \"operation\""));
            }
        }
        let inputs: Vec<_> = value
            .get("inputs")
            .into_iter()
            .flat_map(Value::children)
            .map(|input| (input, below(&this, input)))
            .collect();
        let first = inputs.first().map(|(_, raw)| raw);
        let this = RawNode { feeds: first.and_then(RawNode::feed), ..this };
        let node = lower(&this, first, role);
        let above = node.operator.clone();
        let id = push(&mut builder, parent, node)?;
        let start = todo.len();
        for (place, (input, raw)) in inputs.into_iter().enumerate() {
            let role = input_role(&above, &raw, place);
            todo.push((input, raw, Some(id), role));
        }
        for input in value.get("inputs_from_select_list").into_iter().flat_map(Value::children) {
            let raw = raw(input);
            let role = raw.subquery_role().unwrap_or(Role::Subplan);
            todo.push((input, raw, Some(id), role));
        }
        todo[start..].reverse();
    }
    let mut plan = source.finish(builder, Engine::MySql, root)?;
    let mut fields = Fields::of(value);
    if root.place() != value.place() {
        fields.take("query_plan");
        plan.query = fields.text("query");
        plan.extra = fields.rest().collect();
    }
    plan.analyzed |= root.descendants().any(|inner| inner.key().is_some_and(|key| key == "actual_loops"));
    if plan.analyzed
        && let Some(ms) = plan.derived(NodeId::ROOT).wall_ms
    {
        plan.execution_ms = Some(ms);
    }
    Ok(plan)
}

/// The keys of an input. Where a temporary table stands on top of a sub-query, the heading is on the scan of it and the keys that say the
/// same are on what fills it: that is no other sub-query.
fn below(above: &RawNode, input: Value<'_>) -> RawNode {
    let mut raw = raw(input);
    if above.awaits_marks && raw.heading.is_none() {
        if raw.subquery.is_some() {
            (raw.subquery, raw.dependent, raw.cacheable) = (None, false, false);
        } else {
            raw.awaits_marks = true;
        }
    }
    raw
}

/// The keys of one node.
fn raw(value: Value<'_>) -> RawNode {
    let truth = |key: &str| value.get(key).is_some_and(Value::truth);
    let text = |key: &str| value.get(key).and_then(Value::text).map(std::borrow::Cow::into_owned);
    let never = value.get("actual_loops").is_some_and(|loops| loops.number().is_none());
    let mut f = Fields::of(value);
    f.take("inputs");
    f.take("inputs_from_select_list");
    let mut both = |key: &str| Some(f.texts(key)).filter(|texts| !texts.is_empty()).map(|texts| texts.join(" AND "));
    let lookup = both("lookup_condition").or_else(|| both("ranges"));
    let subquery = truth("subquery").then(|| text("subquery_location").unwrap_or_default());
    let operation = text("operation").unwrap_or_default();
    // Some writers have no keys (measured on 9.7: UPDATE of joins): their line says it all.
    let access_type = text("access_type");
    let silent = access_type.is_none() || value.get("table_name").is_none();
    let words = if silent { words::parse(&operation) } else { RawNode::default() };
    let mut raw = RawNode {
        operation,
        access_type: access_type.or(words.access_type),
        index_access_type: text("index_access_type"),
        join_algorithm: text("join_algorithm"),
        covering: truth("covering"),
        group_by: truth("group_by"),
        recursive: truth("recursive"),
        combines: truth("union") || truth("intersect") || truth("except"),
        temp_table: truth("temp_table"),
        cte: truth("cte"),
        invalidated: value.get("cache_invalidators").is_some(),
        subquery,
        dependent: truth("dependent"),
        cacheable: truth("cacheable"),
        schema_name: f.text("schema_name"),
        table_name: f.text("table_name").or(words.table_name),
        alias: f.text("alias"),
        index_name: f.text("index_name"),
        heading: f.text("heading"),
        condition: f.text("condition"),
        lookup,
        pushed: f.text("pushed_index_condition"),
        hash_condition: f.texts("hash_condition"),
        extra_condition: f.texts("extra_condition"),
        keys: ["sort_fields", "key_columns"]
            .into_iter()
            .map(|key| f.texts(key))
            .find(|k| !k.is_empty())
            .unwrap_or_default(),
        first_row_cost: f.number("estimated_first_row_cost"),
        total_cost: f.number("estimated_total_cost"),
        estimated_rows: f.number("estimated_rows"),
        actual_rows: f.number("actual_rows"),
        actual_loops: f.number("actual_loops"),
        first_row_ms: f.number("actual_first_row_ms"),
        last_row_ms: f.number("actual_last_row_ms"),
        never,
        line: Some(value.line()),
        extra: f.rest().collect(),
        feeds: None,
        awaits_marks: false,
    };
    if raw.subquery.is_none()
        && let Some(heading) = raw.heading.clone()
    {
        raw.awaits_marks = raw.serves(&heading);
    }
    if raw.combines_rows() {
        // The table of what combines rows of combined rows is that of the innermost.
        let mut inner = value;
        // Unions of intersections: nothing stands deeper.
        for _ in 0..8 {
            let Some(first) = inner.get("inputs").and_then(|inputs| inputs.children().next()) else { break };
            inner = first;
        }
        let text = |key: &str| inner.get(key).and_then(Value::text).map(std::borrow::Cow::into_owned);
        let (schema_name, table_name, alias) = (text("schema_name"), text("table_name"), text("alias"));
        raw.combines_rows_of(Some(&RawNode { schema_name, table_name, alias, ..RawNode::default() }));
    }
    raw
}

#[cfg(test)]
mod tests {
    use crate::read;

    /// Inputs stand before the name of the node that reads them.
    #[test]
    fn what_was_read_of_a_plan_is_shown_where_it_breaks_off_before_its_root_is_named() {
        let document = r#"{"query": "/* select#1 */ select count(0) from `t`", "query_plan": {
            "inputs": [{"inputs": [{"operation": "Table scan on t", "table_name": "t", "access_type": "table", "estimated_rows": 6.0,
              "estimated_total_cost": 1.5}], "condition": "(t.a < 5)", "operation": "Filter: (t.a < 5)", "access_type": "filter"}],
            "operation": "Aggregate: count(0)", "access_type": "aggregate"}, "json_schema_version": "2.0"}"#;
        let names = |end: &str| -> Vec<String> {
            let text = &document[..document.find(end).unwrap()];
            let (plans, _) = read::read_partial(text);
            plans.iter().flat_map(|plan| plan.ids().map(|id| plan.node(id).native.to_string())).collect()
        };
        assert_eq!(names(", \"json_schema"), ["Aggregate", "Filter", "Table scan on t"]);
        assert_eq!(names("\"operation\": \"Aggregate"), ["(cut off)", "Filter", "Table scan on t"]);
        assert_eq!(names("\"condition"), ["(cut off)", "(cut off)", "Table scan on t"]);
        assert!(names("\"operation\": \"Table").is_empty());
    }
}
