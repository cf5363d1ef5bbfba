//! Plans of one statement in several formats, compared; and a plan written as PostgreSQL's text without costs.

use serde_json::Value;
use whyslow::plan::{NodeId, Operator, Plan, Role};

/// Facts that a text does not tell: it leaves out what is usual.
const NOT_IN_TEXT: [&str; 12] = [
    "Strategy",
    "Partial Mode",
    "Scan Direction",
    "Inner Unique",
    "Single Copy",
    "Disabled",
    "Trigger Name",
    "Join Type",
    "Parent Relationship",
    "Command",
    "Operation",
    "Cache Mode",
];

/// Whether two readings are one plan. `lossy`: the second was a text, which leaves out what is zero or usual.
pub(crate) fn same(a: &Plan, b: &Plan, lossy: bool) -> Result<(), String> {
    let differ = |what: &str, a: &dyn std::fmt::Debug, b: &dyn std::fmt::Debug| Err(format!("{what}: {a:?} and {b:?}"));
    if a.len() != b.len() {
        return differ("nodes", &outline(a), &outline(b));
    }
    for id in a.ids() {
        let (x, y) = (a.node(id), b.node(id));
        let at = format!("node {} {}", id.0, x.native);
        if (&x.operator, &x.native, a.parent(id)) != (&y.operator, &y.native, b.parent(id)) {
            return differ(&at, &(&x.operator, &x.native, a.parent(id)), &(&y.operator, &y.native, b.parent(id)));
        }
        if (&x.relation, &x.index, &x.subplan, &x.keys) != (&y.relation, &y.index, &y.subplan, &y.keys) {
            return differ(
                &at,
                &(&x.relation, &x.index, &x.subplan, &x.keys),
                &(&y.relation, &y.index, &y.subplan, &y.keys),
            );
        }
        if (&x.conditions, x.cost, x.timing) != (&y.conditions, y.cost, y.timing) {
            return differ(&at, &(&x.conditions, x.cost, x.timing), &(&y.conditions, y.cost, y.timing));
        }
        let changes = a.parent(id).is_some_and(|up| a.node(up).operator == Operator::ModifyTable);
        if x.role != y.role && !(changes && matches!(x.role, Role::Member | Role::Outer)) {
            return differ(&at, &x.role, &y.role);
        }
        let (mut rows, mut other) = (x.rows, y.rows);
        if lossy {
            for rows in [&mut rows, &mut other] {
                rows.removed = rows.removed.filter(|n| *n > 0.0);
                rows.removed_by_recheck = rows.removed_by_recheck.filter(|n| *n > 0.0);
            }
        }
        if rows != other {
            return differ(&at, &rows, &other);
        }
        // Blocks and memory differ from run to run.
        if !lossy && (&x.spill, &x.workers, &x.buffers) != (&y.spill, &y.workers, &y.buffers) {
            return differ(&at, &(&x.spill, &x.workers, &x.buffers), &(&y.spill, &y.workers, &y.buffers));
        }
        let facts = |node: &whyslow::plan::Node| {
            let kept = node.extra.iter().filter(|(key, value)| !lossy || told(key, value));
            let mut all: Vec<(String, String)> = kept.cloned().collect();
            all.sort();
            all
        };
        let (x, y) = (facts(x), facts(y));
        if x != y {
            let only = |a: &[(String, String)], b: &[(String, String)]| {
                a.iter().filter(|fact| !b.contains(fact)).cloned().collect::<Vec<_>>()
            };
            return differ(&at, &only(&x, &y), &only(&y, &x));
        }
    }
    Ok(())
}

/// Whether a text tells this fact: nothing that is zero or false, and nothing that changes from run to run.
fn told(key: &str, value: &str) -> bool {
    let moves = ["Peak Memory Usage", "Workers", "Sort Space Used", "Cache Hits", "Cache Misses", "Heap Fetches"];
    let cached = key.ends_with(" Blocks") || key.contains("I/O ") || key.starts_with("WAL ");
    !NOT_IN_TEXT.contains(&key) && !matches!(value, "0" | "0.0" | "0.000" | "false") && !moves.contains(&key) && !cached
}

fn outline(plan: &Plan) -> Vec<String> {
    plan.ids().map(|id| format!("{}{}", " ".repeat(plan.depth(id) as usize), plan.node(id).native)).collect()
}

/// A plan as EXPLAIN (COSTS OFF) prints it; the order of the lines under a node is not the server's.
pub(crate) fn written(plan: &Plan) -> Vec<String> {
    let mut out = Vec::new();
    // Columns of each node's arrow; the root's has none.
    let mut columns: Vec<usize> = Vec::new();
    for id in plan.ids() {
        let node = plan.node(id);
        let (column, inside) = match plan.parent(id) {
            None => (0, 2),
            Some(parent) => {
                let mut column = columns[parent.0 as usize];
                if let Some(section) = &node.subplan {
                    out.push(format!("{}{section}", " ".repeat(column)));
                    column += 2;
                }
                (column, column + 6)
            }
        };
        columns.push(inside);
        let arrow = if id == NodeId::ROOT { "" } else { "->  " };
        out.push(format!("{}{arrow}{}", " ".repeat(column), headline(plan, id)));
        let margin = " ".repeat(inside);
        out.extend(properties(plan, id).into_iter().map(|line| format!("{margin}{line}")));
    }
    out.extend(plan.settings.iter().map(|(name, value)| format!("Settings: {name} = '{value}'")));
    out
}

fn quoted(name: &str) -> String {
    const RESERVED: [&str; 17] = [
        "all",
        "user",
        "table",
        "select",
        "values",
        "order",
        "current_catalog",
        "current_role",
        "current_user",
        "session_user",
        "only",
        "window",
        "xmltable",
        "json_table",
        "left",
        "right",
        "coalesce",
    ];
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain && !RESERVED.contains(&name) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

fn headline(plan: &Plan, id: NodeId) -> String {
    let node = plan.node(id);
    let mut out = node.native.clone().into_owned();
    if let Some(index) = &node.index {
        let word = if node.operator == Operator::BitmapIndexScan { "on" } else { "using" };
        out = format!("{out} {word} {}", quoted(index));
    }
    if let Some(relation) = &node.relation {
        let schema = relation.schema.as_ref().map_or(String::new(), |s| format!("{}.", quoted(s)));
        out = format!("{out} on {schema}{}", quoted(&relation.name));
        if let Some(alias) = &relation.alias {
            out = format!("{out} {}", quoted(alias));
        }
    }
    out
}

/// Facts that the headline or another line says.
const SAID: [&str; 17] = [
    "Strategy",
    "Partial Mode",
    "Join Type",
    "Operation",
    "Command",
    "Custom Plan Provider",
    "Scan Direction",
    "Join Filter",
    "One-Time Filter",
    "Filter",
    "Grouping Sets",
    "Sampling Method",
    "Sampling Parameters",
    "Repeatable Seed",
    "Target Tables",
    "Note",
    "Parent Relationship",
];

fn properties(plan: &Plan, id: NodeId) -> Vec<String> {
    let node = plan.node(id);
    let extra = |key: &str| node.extra.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str());
    let mut out = Vec::new();
    let mut say = |key: &str, value: &str| out.push(format!("{key}: {value}"));
    let conditions = &node.conditions;
    if let Some(index) = &conditions.index {
        say(if node.operator == Operator::TidScan { "TID Cond" } else { "Index Cond" }, index);
    }
    if let Some(join) = &conditions.join {
        let key = match node.operator {
            Operator::HashJoin => "Hash Cond",
            Operator::MergeJoin => "Merge Cond",
            _ => "Join Filter",
        };
        // A full join may have nothing to hash or to merge by, only a filter, which is among the facts.
        if extra("Join Filter") != Some(join) {
            say(key, join);
        }
    }
    if let Some(recheck) = &conditions.recheck {
        say("Recheck Cond", recheck);
    }
    let parts: Vec<_> =
        ["Join Filter", "One-Time Filter", "Filter"].into_iter().filter_map(|k| Some((k, extra(k)?))).collect();
    match &conditions.filter {
        Some(filter) if parts.is_empty() => say("Filter", filter),
        _ => parts.iter().for_each(|(key, value)| say(key, value)),
    }
    let list = |json: &str| -> String {
        let items: Vec<Value> = serde_json::from_str(json).unwrap_or_default();
        items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
    };
    if let Some(sets) = extra("Grouping Sets") {
        grouping_sets(sets, &mut say);
    } else if !node.keys.is_empty() {
        let key = match node.operator {
            Operator::Sort | Operator::IncrementalSort | Operator::MergeAppend => "Sort Key",
            Operator::Memoize => "Cache Key",
            _ => "Group Key",
        };
        say(key, &node.keys.join(", "));
    }
    if let Some(planned) = node.workers.as_ref().and_then(|w| w.planned) {
        say("Workers Planned", &planned.to_string());
    }
    if let Some(method) = extra("Sampling Method") {
        let seed = extra("Repeatable Seed").map_or(String::new(), |seed| format!(" REPEATABLE ({seed})"));
        say("Sampling", &format!("{method} ({}){seed}", list(extra("Sampling Parameters").unwrap_or("[]"))));
    }
    if let Some(targets) = extra("Target Tables") {
        let targets: Vec<Value> = serde_json::from_str(targets).unwrap();
        for target in targets {
            let name = |key: &str| target[key].as_str();
            let schema = name("Schema").map_or(String::new(), |s| format!("{}.", quoted(s)));
            let (table, alias) = (name("Relation Name").unwrap(), name("Alias").unwrap());
            let alias = if alias == table { String::new() } else { format!(" {}", quoted(alias)) };
            out.push(format!("{} on {schema}{}{alias}", node.native, quoted(table)));
        }
    }
    for (key, value) in node.extra.iter().filter(|(key, _)| !SAID.contains(&key.as_str())) {
        let value = if value.starts_with("[\"") { list(value) } else { value.clone() };
        out.push(format!("{key}: {value}"));
    }
    out
}

/// The keys of grouping sets, a set's own sort above them.
fn grouping_sets(json: &str, say: &mut impl FnMut(&str, &str)) {
    let sets: Vec<Value> = serde_json::from_str(json).unwrap();
    for set in sets {
        let join = |list: &Value| {
            let items: Vec<&str> = list.as_array().unwrap().iter().filter_map(Value::as_str).collect();
            if items.is_empty() { "()".to_owned() } else { items.join(", ") }
        };
        let sorted = set.get("Sort Key").is_some();
        if sorted {
            say("Sort Key", &join(&set["Sort Key"]));
        }
        for (plural, key) in [("Group Keys", "Group Key"), ("Hash Keys", "Hash Key")] {
            for keys in set[plural].as_array().into_iter().flatten() {
                say(&format!("{}{key}", if sorted { "  " } else { "" }), &join(keys));
            }
        }
    }
}
