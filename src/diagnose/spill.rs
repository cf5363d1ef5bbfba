use super::{Context, Finding, Rule, Severity, stake::Stake};
use crate::{
    fmt,
    plan::{Engine, Flag, NodeId, Operator},
};

/// **What it does**: looks for sorts, hashes and buffers that did not fit in their memory and went to disk.
///
/// **Why it hurts**: what would be compared in memory is written out and read back, often more than once.
///
/// **How to fix**: fewer or narrower rows before that step; an index that makes the step needless; or more memory for this statement
/// (`work_mem`, `sort_buffer_size`, `join_buffer_size`), set for the session and not for the whole server, since every step of
/// every session may take as much.
pub(super) struct SpillToDisk;

impl Rule for SpillToDisk {
    fn name(&self) -> &'static str {
        "spill-to-disk"
    }

    fn summary(&self) -> &'static str {
        "a sort or a hash did not fit in memory"
    }

    fn check(&self, context: Context<'_>, found: &mut Vec<Finding>) {
        for id in context.plan.ids() {
            let node = context.plan.node(id);
            if node.spill.is_none() && !node.flags.contains(Flag::Spill) {
                continue;
            }
            // What these drop is not written; a lossy bitmap has a rule of its own.
            if matches!(node.operator, Operator::Memoize | Operator::BitmapHeapScan) {
                continue;
            }
            // Writing and reading the batches of a hash is charged to the join above it.
            let mut nodes = vec![id];
            if node.operator == Operator::Hash {
                nodes.extend(context.plan.parent(id));
            }
            let stake = Stake::own(context, &nodes);
            if stake.negligible() {
                continue;
            }
            let bytes = node.spill.as_ref().and_then(|s| s.bytes);
            let how = node.spill.as_ref().map_or("", |s| s.how.as_str());
            let size = bytes.map(|b| format!(" {}", fmt::bytes(b))).unwrap_or_default();
            let what = match node.operator {
                Operator::Sort | Operator::IncrementalSort => "sort",
                Operator::Hash | Operator::HashJoin => "hash table",
                Operator::HashAggregate | Operator::Aggregate | Operator::SetOp => "hash aggregate",
                _ => "intermediate result",
            };
            let mut finding = stake
                .finding(self.name(), id, format!("The {what} does not fit in memory and writes{size} to disk"))
                .why(format!(
                    "The server says: {}. Rows are written out and read back instead of being held in memory.",
                    if how.is_empty() { "more passes than one" } else { how }
                ))
                .next(next(context, id, bytes, how));
            if let Some(bytes) = bytes {
                #[expect(clippy::cast_precision_loss, reason = "evidence")]
                let bytes = bytes as f64;
                finding = finding.number("bytes_on_disk", bytes);
            }
            if !how.is_empty() {
                finding = finding.text("how", how);
            }
            // Without times, that it spilled is known and what it costs is not.
            if stake.ms.is_none() {
                finding = finding.at_most(Severity::Warning);
            }
            found.push(finding);
        }
    }
}

fn next(context: Context<'_>, id: NodeId, bytes: Option<u64>, how: &str) -> String {
    if context.plan.engine != Engine::PostgreSql {
        return match context.plan.node(id).operator {
            Operator::HashJoin | Operator::Hash => {
                "Try SET SESSION join_buffer_size higher for this statement, or index the join's columns.".to_owned()
            }
            _ => "Try SET SESSION sort_buffer_size higher for this statement, or an index that gives this order."
                .to_owned(),
        };
    }
    let setting = |name: &str| context.plan.settings.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let now = setting("work_mem")
        .or_else(|| context.catalog?.settings.iter().find(|(n, _)| n == "work_mem").map(|(_, v)| v.as_str()))
        .map(|v| format!(" (now {v})"))
        .unwrap_or_default();
    // In memory the rows take two to three times what the tapes took (tuples with headers and pointers); each batch of a
    // hash needed one `work_mem` (multiplied by hash_mem_multiplier).
    let wanted = match (bytes, batches(how)) {
        (Some(bytes), _) => Some(bytes.saturating_mul(3)),
        (None, Some(batches)) => context.extra(id, "Peak Memory Usage").map(|kb| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "kilobytes, saturating")]
            let kb = kb.max(0.0) as u64;
            kb.saturating_mul(1024).saturating_mul(batches)
        }),
        _ => None,
    };
    match wanted {
        Some(bytes) => {
            let mb = (bytes / (1 << 20)).max(1).checked_next_power_of_two().unwrap_or(u64::MAX);
            if mb > 1024 {
                return format!(
                    "It would need more memory than a session should have (about {}){now}: reduce the rows before this step, or index it away.",
                    fmt::bytes(bytes)
                );
            }
            format!("Try SET work_mem = '{mb}MB' for this statement{now}, or an index that makes this step needless.")
        }
        None => format!("Try a higher work_mem for this statement{now}, or an index that makes this step needless."),
    }
}

/// `Batches: 8 (originally 1)`.
fn batches(how: &str) -> Option<u64> {
    how.strip_prefix("Batches: ")?.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::SpillToDisk;
    use crate::{
        diagnose::testing::{Say, found, node, plan},
        plan::{Engine, Operator, Role},
    };

    #[test]
    fn a_sort_on_disk_gets_a_size_to_try_and_one_in_memory_is_left_alone() {
        let scan = || node(Operator::SeqScan).on("big").ran(600_000.0, 1.0, 100.0);
        let sort = || node(Operator::Sort).key("s").ran(600_000.0, 1.0, 600.0);
        let disk = plan(Engine::PostgreSql, [(0, sort().spilled("external merge", Some(29 << 20))), (1, scan())]);
        let found_on_disk = found(&SpillToDisk, &disk, None);
        assert!(found_on_disk[0].next.contains("SET work_mem = '128MB'"), "{}", found_on_disk[0].next);
        assert_eq!(found_on_disk[0].evidence["bytes_on_disk"], 29 << 20);
        let memory = plan(Engine::PostgreSql, [(0, sort()), (1, scan())]);
        assert!(found(&SpillToDisk, &memory, None).is_empty());
    }

    #[test]
    fn memory_that_no_session_should_have_is_not_advised() {
        let sort = node(Operator::Sort).key("s").ran(6e7, 1.0, 60_000.0).spilled("external merge", Some(5 << 30));
        let found = found(&SpillToDisk, &plan(Engine::PostgreSql, [(0, sort)]), None);
        assert!(!found[0].next.contains("SET work_mem"), "{}", found[0].next);
    }

    #[test]
    fn a_hash_in_batches_is_charged_with_its_join() {
        let hash =
            node(Operator::Hash).role(Role::Inner).ran(2e5, 1.0, 90.0).spilled("Batches: 8 (originally 1)", None);
        let plan = plan(
            Engine::PostgreSql,
            [
                (0, node(Operator::HashJoin).ran(2e5, 1.0, 600.0)),
                (1, node(Operator::SeqScan).on("a").ran(2e5, 1.0, 40.0)),
                (1, hash.extra("Peak Memory Usage", "4096")),
            ],
        );
        let found = found(&SpillToDisk, &plan, None);
        assert_eq!((found[0].node.0, found[0].share.map(|s| s > 0.9)), (2, Some(true)));
        assert!(found[0].next.contains("'32MB'"), "{}", found[0].next);
    }
}
