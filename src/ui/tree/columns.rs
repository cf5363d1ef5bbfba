//! Which columns of the tree there is room for.

use super::{super::text::width, is_told, words_of};
use crate::{
    fmt,
    plan::{Engine, NodeId, Plan, fold::Group},
};

/// Which columns there is room for, and how wide each is; 0 is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) operator: usize,
    pub(super) number: usize,
    pub(super) bar: usize,
    pub(super) rows: usize,
    pub(super) error: usize,
    pub(super) loops: usize,
    pub(super) flags: usize,
    /// Some rows are of one loop of several: the heading says it.
    pub(super) looped: bool,
}

impl Columns {
    /// Which columns fit: the operator first, as far as it needs to be read, then the rows, what is notable, the bar, and how far an
    /// estimate is off with the loops. What is left over is the operator's again.
    pub(super) fn choose(columns: usize, plan: &Plan, comparing: bool, arrow: usize, groups: &[&Group]) -> Self {
        let wide = columns >= 100;
        let content = Content::of(plan, comparing, arrow, groups, if wide { 3 } else { 2 });
        let out = Self::fitted(columns, plan, arrow, content, content.rows);
        if content.loops == 0 || out.loops > 0 {
            return out;
        }
        // Without a column of their own the loops stand behind the rows that are of one of them.
        Self { loops: 0, ..Self::fitted(columns, plan, arrow, content, content.rows_looped) }
    }

    fn fitted(columns: usize, plan: &Plan, arrow: usize, content: Content, most_rows: usize) -> Self {
        let analyzed = plan.analyzed;
        let looped = content.loops > 0;
        let mut out = Self { operator: 0, number: 9, bar: 0, rows: 0, error: 0, loops: 0, flags: 0, looped };
        let wide = columns >= 100;
        // What it has in any case.
        let least = if wide { 44 } else { 26 };
        let heading = match (analyzed, looped, wide) {
            (true, true, true) => 18 + arrow,
            (true, true, false) => 16 + arrow,
            (true, false, true) => 11 + arrow,
            (true, false, false) => 9 + arrow,
            (false, _, wide) => 9 + if wide { 2 } else { 0 },
        };
        // No wider than what stands in it, so that the operator gets the rest.
        let rows = (most_rows + 1 + if wide { 2 } else { 0 }).max(heading);
        let mut room = columns.saturating_sub(least + out.number);
        if rows <= room {
            out.rows = rows;
            room -= rows;
            // Names of tables that stand deep are worth more than all that follows.
            room -= content.operator.saturating_sub(least).min(room);
        }
        // Where not even one flag can be read whole, the details have to tell them.
        let flags = if out.rows > 0 && room >= content.flag { content.flags.min(room) } else { 0 };
        let wishes: [(&mut usize, usize); 4] = [
            (&mut out.flags, flags),
            (&mut out.bar, if wide { 9 } else { 5 }),
            (&mut out.error, if analyzed && columns >= 90 { 8 } else { 0 }),
            (&mut out.loops, if analyzed && columns >= 90 { 8 } else { 0 }),
        ];
        for (column, wanted) in wishes {
            if wanted <= room {
                *column = wanted;
                room -= wanted;
            }
        }
        out.operator = columns.saturating_sub(out.number + out.bar + out.rows + out.error + out.loops + out.flags);
        out
    }
}

/// The widest of what there is to tell of the first few hundred nodes: what follows is cut if it is wider still.
#[derive(Debug, Clone, Copy)]
struct Content {
    /// Guides, operator and table, without what can be left out of a title.
    operator: usize,
    rows: usize,
    /// Rows with their loops behind them.
    rows_looped: usize,
    /// Two flags; of more the first two matter.
    flags: usize,
    /// The widest that stands first.
    flag: usize,
    /// 0 where nothing runs more than once.
    loops: usize,
}

impl Content {
    fn of(plan: &Plan, comparing: bool, arrow: usize, groups: &[&Group], step: usize) -> Self {
        const SEEN: usize = 300;
        let digits = |n: Option<f64>| n.map_or(1, |n| fmt::count(n).len());
        let mut out = Self { operator: 0, rows: 0, rows_looped: 0, flags: 0, flag: 0, loops: 0 };
        for id in plan.ids().take(SEEN) {
            let (node, derived) = (plan.node(id), plan.derived(id));
            out.operator = out.operator.max(needed(plan, id, step));
            let wide = if plan.analyzed {
                let loops = several(plan, id).map_or(0, |n| fmt::count(n).len());
                out.loops = out.loops.max(loops);
                let rows = if node.rows.loops == Some(0.0) {
                    9
                } else {
                    digits(node.rows.estimated) + arrow + 2 + usize::from(derived.rough_rows) + digits(node.rows.actual)
                };
                out.rows_looped = out.rows_looped.max(rows + if loops > 0 { loops + 2 } else { 0 });
                rows
            } else {
                digits(node.rows.estimated)
            };
            out.rows = out.rows.max(wide);
            if comparing {
                continue;
            }
            let mut shown = derived.flags.iter().filter(|flag| !is_told(plan, id, *flag, true, true));
            let first = shown.next().map_or(0, |flag| words_of(plan.engine, flag).len() + 5);
            out.flag = out.flag.max(first);
            out.flags = out.flags.max(first + shown.map(|flag| words_of(plan.engine, flag).len() + 5).sum::<usize>());
        }
        if !comparing && !groups.is_empty() {
            // Room for how the members of a closed group are spread, and for what they gave together.
            out.flags = out.flags.max(26);
            let most = groups.iter().map(|g| digits(g.together.estimated) + digits(g.together.actual)).max();
            out.rows = out.rows.max(most.unwrap_or(0) + arrow + 2);
        }
        out.rows_looped = out.rows_looped.max(out.rows);
        out.flags = if out.flags == 0 { 0 } else { out.flags.clamp(12, 34) };
        out.flag = out.flag.clamp(12, 34);
        out
    }
}

/// Columns for a node's guides, operator and table. Names are not prepared for a terminal here, which would cost more than it tells.
fn needed(plan: &Plan, id: NodeId, step: usize) -> usize {
    let node = plan.node(id);
    let operator = match plan.engine {
        Engine::PostgreSql if !node.native.is_empty() => node.native.trim_start_matches("Parallel "),
        _ => node.operator.name(),
    };
    let depth = plan.depth(id) as usize;
    let guides = depth * step + usize::from(depth > 0 && step < 3);
    let relation = node.relation.as_ref().map_or(0, |relation| width(&relation.name) + 1);
    let section = node.subplan.as_ref().map_or(0, |section| width(section) + 2);
    // The mark, the note, a blank, and one before the next column.
    4 + guides + section + width(operator) + relation
}

/// How often a node ran, where that was more than once: its rows are then those of one time.
pub(super) fn several(plan: &Plan, id: NodeId) -> Option<f64> {
    plan.node(id).rows.loops.filter(|loops| *loops > 1.0)
}

#[cfg(test)]
mod tests {
    use super::Columns;
    use crate::plan::{Engine, Node, NodeId, Operator, Plan, PlanBuilder, Relation, Role};

    #[test]
    fn columns_fill_the_width_and_the_operator_is_never_crushed() {
        let mut builder = PlanBuilder::new();
        builder.push(None, Node::new(Role::Root, Operator::Result, "Result")).unwrap();
        let mut plan = builder.finish(Engine::PostgreSql).unwrap();
        for analyzed in [true, false] {
            plan.analyzed = analyzed;
            for width in 20..250 {
                let c = Columns::choose(width, &plan, false, 1, &[]);
                assert_eq!(c.operator + c.number + c.bar + c.rows + c.error + c.loops + c.flags, width);
                assert!(c.operator >= 26.min(width - 9), "{width}: {c:?}");
            }
        }
    }

    /// A join of four tables as MySQL runs it: eight levels, many rows, flags.
    fn deep() -> Plan {
        let mut builder = PlanBuilder::new();
        let mut above = None;
        for depth in 0..9_u32 {
            let last = depth == 8;
            let role = if depth == 0 { Role::Root } else { Role::Outer };
            let mut node = Node::new(role, if last { Operator::SeqScan } else { Operator::NestedLoop }, "");
            node.rows.estimated = Some(198_867.0);
            node.rows.actual = Some(200_000.0);
            node.rows.loops = Some(if depth == 5 { 2_886.0 } else { 1.0 });
            if depth == 5 {
                (node.rows.estimated, node.rows.actual) = (Some(1.0), Some(1.0));
            }
            if last {
                node.relation = Some(Relation { name: "orders".into(), alias: Some("o".into()), schema: None });
            }
            above = Some(builder.push(above, node).unwrap());
        }
        let mut plan = builder.finish(Engine::MySql).unwrap();
        plan.analyzed = true;
        plan
    }

    #[test]
    fn a_table_that_stands_deep_is_named_at_80_columns() {
        let plan = deep();
        let id = NodeId(8);
        let needed = super::needed(&plan, id, 2);
        assert_eq!(needed, 4 + 17 + "Seq Scan orders".len());
        let c = Columns::choose(78, &plan, false, 1, &[]);
        assert!(c.operator >= needed && c.rows > 0, "{c:?}");
        // The loops of one row and the digits of another are never in one row: no room is kept for both.
        assert_eq!(c.rows, "198,867 > 200,000".len() + 1);
    }
}
