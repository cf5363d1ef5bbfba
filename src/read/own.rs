//! Our own documents (`--format json`): a plan that was read once is read again, with the same numbers.

use std::sync::Arc;

use super::{
    ReadError, Source,
    json::{Fields, Value},
    source::push,
};
use crate::plan::{
    Buffers, Conditions, Cost, Engine, Flag, Io, Jit, Node, NodeId, Operator, Phases, Plan, PlanBuilder, Relation,
    Role, Rows, Serialization, Spill, Timing, Trigger, Wal, Workers,
};

/// What a document of ours without a plan lacks, for people.
pub(super) const WANTED: &str = "`nodes`, the plan: this is an answer of whyslow that holds none; pass what `whyslow explain` or \
                                 `whyslow read` wrote with --format json, or the server's own EXPLAIN";

/// Whether an object is a plan of ours.
pub(super) fn recognises(value: Value<'_>) -> bool {
    engine(value).is_some() && value.get("nodes").is_some_and(Value::is_array)
}

/// Whether an object is an answer of ours that holds no plan.
pub(super) fn is_planless(value: Value<'_>) -> bool {
    engine(value).is_some() && value.get("format").is_some() && value.get("statements").is_some()
}

fn engine(value: Value<'_>) -> Option<Engine> {
    let name = value.get("engine")?.get("name")?.text()?.into_owned();
    [Engine::PostgreSql, Engine::MySql, Engine::MariaDb].into_iter().find(|engine| engine.name() == name)
}

/// Reads one plan.
pub(super) fn read(value: Value<'_>, source: &Source<'_>) -> Result<Plan, ReadError> {
    let (Some(engine), Some(nodes)) = (engine(value), value.get("nodes")) else {
        return Err(source.expected(value, WANTED));
    };
    let mut builder = PlanBuilder::new();
    let mut remarks = std::collections::BTreeMap::new();
    for (place, item) in nodes.children().enumerate() {
        let id = item.get("id").and_then(index);
        let parent = item.get("parent").and_then(index);
        let known = parent.is_none_or(|parent| (parent as usize) < place);
        if item.get("operator").and_then(Value::text).is_none() || id != u32::try_from(place).ok() || !known {
            if source.broken && place > 0 {
                break;
            }
            let expected = format!("a node with \"id\": {place}, an \"operator\" and a \"parent\" above it");
            return Err(source.expected(item, expected));
        }
        push(&mut builder, parent.map(NodeId), node(item, parent.is_none()))?;
        if let Some(note) = item.get("note").and_then(string) {
            remarks.insert(id.unwrap_or_default(), note);
        }
    }
    let mut plan = source.finish(builder, engine, value)?;
    let mut fields = Fields::of(value);
    plan.version = value.get("engine").and_then(|engine| engine.get("version")).and_then(string);
    plan.query = fields.text("query");
    plan.remarks = remarks;
    plan.planning_ms = fields.number("planning_ms");
    plan.execution_ms = fields.number("execution_ms");
    plan.settings = pairs(value.get("settings"));
    plan.notes.extend(value.get("notes").into_iter().flat_map(Value::children).filter_map(string));
    plan.extra = pairs(value.get("extra"));
    plan.phases = value.get("phases").map(phases).unwrap_or_default();
    plan.analyzed |= fields.truth("analyzed");
    Ok(plan)
}

fn string(value: Value<'_>) -> Option<String> {
    value.text().map(std::borrow::Cow::into_owned)
}

fn index(value: Value<'_>) -> Option<u32> {
    value.digits()?.parse().ok()
}

/// Names with values; a name that came several times has a list.
fn pairs(value: Option<Value<'_>>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for item in value.into_iter().filter(|value| value.is_object()).flat_map(Value::children) {
        let key = item.key().unwrap_or_default().into_owned();
        if item.is_array() {
            out.extend(item.children().map(|one| (key.clone(), one.verbatim())));
        } else {
            out.push((key, item.verbatim()));
        }
    }
    out
}

fn node(value: Value<'_>, is_root: bool) -> Node {
    let mut f = Fields::of(value);
    let operator = Operator::named(&f.text("operator").unwrap_or_default());
    let role = f.text("role").and_then(|role| Role::named(&role)).filter(|role| (*role == Role::Root) == is_root);
    let role = role.unwrap_or(if is_root { Role::Root } else { Role::Outer });
    let mut node = Node::new(role, operator, f.text("native").unwrap_or_default());
    node.line = Some(value.line());
    node.subplan = f.text("subplan");
    node.index = f.text("index");
    node.relation = f.take("relation").filter(|value| value.is_object()).map(|value| {
        let mut f = Fields::of(value);
        Relation { schema: f.text("schema"), name: f.text("name").unwrap_or_default(), alias: f.text("alias") }
    });
    if let Some(value) = f.take("cost") {
        let mut f = Fields::of(value);
        node.cost = Cost { startup: f.number("startup"), total: f.number("total"), own: f.number("own") };
    }
    if let Some(value) = f.take("rows") {
        let mut f = Fields::of(value);
        node.rows = Rows {
            estimated: f.number("estimated"),
            examined: f.number("examined"),
            actual: f.number("actual"),
            loops: f.number("loops"),
            removed: f.number("removed"),
            removed_by_recheck: f.number("removed_by_recheck"),
            width: f.number("width"),
            rounded: f.truth("approximate"),
        };
    }
    if let Some(value) = f.take("time") {
        let mut f = Fields::of(value);
        let (first, last) = (f.number("first_ms"), f.number("last_ms"));
        let each = last.map(|last_ms| Timing::PerLoop { first_ms: first.unwrap_or(last_ms), last_ms });
        node.timing = each.or(f.number("wall_ms").map(Timing::Inclusive));
    }
    node.buffers = f.take("buffers").and_then(buffers).map(Arc::new);
    node.io = f.take("io").filter(|value| value.is_object()).map(|value| {
        let mut f = Fields::of(value);
        let mut ms = |key: &str| f.number(key).unwrap_or(0.0).max(0.0);
        Box::new(Io {
            read_ms: ms("read_ms"),
            write_ms: ms("write_ms"),
            temp_read_ms: ms("temp_read_ms"),
            temp_write_ms: ms("temp_write_ms"),
        })
    });
    node.wal = f.take("wal").filter(|value| value.is_object()).map(|value| {
        let mut f = Fields::of(value);
        Box::new(Wal {
            records: count(&mut f, "records"),
            full_pages: count(&mut f, "full_pages"),
            bytes: count(&mut f, "bytes"),
        })
    });
    if let Some(value) = f.take("conditions") {
        let mut f = Fields::of(value);
        node.conditions = Conditions {
            filter: f.text("filter"),
            index: f.text("index"),
            join: f.text("join"),
            recheck: f.text("recheck"),
        };
    }
    node.keys = f.take("keys").map(Value::texts).unwrap_or_default();
    node.workers = f.take("workers").filter(|value| value.is_object()).map(|value| {
        let planned = value.get("planned").and_then(index);
        let launched = value.get("launched").and_then(index);
        let mut f = Fields::of(value);
        Box::new(Workers {
            planned,
            launched,
            min_ms: f.number("min_ms"),
            max_ms: f.number("max_ms"),
            min_rows: f.number("min_rows"),
            max_rows: f.number("max_rows"),
        })
    });
    node.spill = f.take("spill").filter(|value| value.is_object()).map(|value| {
        let mut f = Fields::of(value);
        Box::new(Spill { bytes: whole(&mut f, "bytes"), how: f.text("how").unwrap_or_default() })
    });
    node.flags = f.texts("flags").iter().filter_map(|name| Flag::named(name)).collect();
    node.extra = pairs(f.take("extra"));
    node
}

fn whole(f: &mut Fields<'_>, key: &str) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    f.number(key).map(|n| n.round() as u64)
}

fn count(f: &mut Fields<'_>, key: &str) -> u64 {
    whole(f, key).unwrap_or(0)
}

fn buffers(value: Value<'_>) -> Option<Buffers> {
    let mut f = Fields::of(Some(value).filter(|value| value.is_object())?);
    let mut n = |key: &str| count(&mut f, key);
    Some(Buffers {
        hit: n("hit"),
        read: n("read"),
        dirtied: n("dirtied"),
        written: n("written"),
        temp_read: n("temp_read"),
        temp_written: n("temp_written"),
        local_hit: n("local_hit"),
        local_read: n("local_read"),
        local_dirtied: n("local_dirtied"),
        local_written: n("local_written"),
    })
}

fn phases(value: Value<'_>) -> Phases {
    let object = |key: &str| value.get(key).filter(|value| value.is_object());
    Phases {
        planning_buffers: value.get("planning_buffers").and_then(buffers),
        planning_memory: object("planning_memory").map(|value| {
            let mut f = Fields::of(value);
            (count(&mut f, "used"), count(&mut f, "allocated"))
        }),
        jit: object("jit").map(|value| {
            let mut f = Fields::of(value);
            Jit {
                functions: count(&mut f, "functions"),
                total_ms: f.number("total_ms"),
                generation_ms: f.number("generation_ms"),
                inlining_ms: f.number("inlining_ms"),
                optimization_ms: f.number("optimization_ms"),
                emission_ms: f.number("emission_ms"),
            }
        }),
        triggers: value.get("triggers").into_iter().flat_map(Value::children).map(trigger).collect(),
        serialization: object("serialization").map(|value| {
            let mut f = Fields::of(value);
            Serialization { time_ms: f.number("time_ms"), bytes: whole(&mut f, "bytes"), format: f.text("format") }
        }),
    }
}

fn trigger(value: Value<'_>) -> Trigger {
    let mut f = Fields::of(value);
    Trigger {
        name: f.text("name"),
        constraint: f.text("constraint"),
        relation: f.text("relation"),
        time_ms: f.number("time_ms"),
        calls: f.number("calls").unwrap_or(0.0),
    }
}
