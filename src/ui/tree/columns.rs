//! Which columns of the tree there is room for.

use super::{is_told, words_of};
use crate::{
    fmt,
    plan::{NodeId, Plan, fold::Group},
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
    pub(super) fn choose(columns: usize, plan: &Plan, comparing: bool, arrow: usize, groups: &[&Group]) -> Self {
        let content = Content::of(plan, comparing, arrow, groups);
        let out = Self::fitted(columns, plan, arrow, content);
        if content.loops == 0 || out.loops > 0 {
            return out;
        }
        // Without a column of their own the loops stand behind the rows that are of one of them.
        let with_loops = Content { rows: content.rows + content.loops + 2, ..content };
        Self { loops: 0, ..Self::fitted(columns, plan, arrow, with_loops) }
    }

    fn fitted(columns: usize, plan: &Plan, arrow: usize, content: Content) -> Self {
        let analyzed = plan.analyzed;
        let Content { rows: most_rows, flags: most_flags, loops: most_loops } = content;
        let looped = most_loops > 0;
        let mut out = Self { operator: 0, number: 9, bar: 0, rows: 0, error: 0, loops: 0, flags: 0, looped };
        // In the order of what tells most; the operator keeps at least what is left of the least.
        let wide = columns >= 100;
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
        let flags = if room >= rows + 12 { most_flags.min(room - rows) } else { 0 };
        let wishes: [(&mut usize, usize); 5] = [
            (&mut out.rows, rows),
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

/// The widest rows, flags and loops there are, of the first few hundred nodes: what follows is cut if it is wider still.
#[derive(Debug, Clone, Copy)]
struct Content {
    rows: usize,
    flags: usize,
    /// 0 where nothing runs more than once.
    loops: usize,
}

impl Content {
    fn of(plan: &Plan, comparing: bool, arrow: usize, groups: &[&Group]) -> Self {
        const SEEN: usize = 300;
        let digits = |n: Option<f64>| n.map_or(1, |n| fmt::count(n).len());
        let (mut rows, mut flags, mut loops) = (0, 0, 0);
        for id in plan.ids().take(SEEN) {
            let (node, derived) = (plan.node(id), plan.derived(id));
            let wide = if plan.analyzed {
                loops = loops.max(several(plan, id).map_or(0, |n| fmt::count(n).len()));
                if node.rows.loops == Some(0.0) {
                    9
                } else {
                    digits(node.rows.estimated) + arrow + 2 + usize::from(derived.rough_rows) + digits(node.rows.actual)
                }
            } else {
                digits(node.rows.estimated)
            };
            rows = rows.max(wide);
            if comparing {
                continue;
            }
            let shown = derived.flags.iter().filter(|flag| !is_told(plan, id, *flag, true, true));
            let wide: usize = shown.map(|flag| words_of(plan.engine, flag).len() + 5).sum();
            flags = flags.max(wide);
        }
        if !comparing && !groups.is_empty() {
            // Room for how the members of a closed group are spread, and for what they gave together.
            flags = flags.max(26);
            let most = groups.iter().map(|g| digits(g.together.estimated) + digits(g.together.actual)).max();
            rows = rows.max(most.unwrap_or(0) + arrow + 2);
        }
        // Two flags are seen in full; of more the first two matter.
        let flags = if flags == 0 { 0 } else { flags.clamp(12, 34) };
        Self { rows, flags, loops }
    }
}

/// How often a node ran, where that was more than once: its rows are then those of one time.
pub(super) fn several(plan: &Plan, id: NodeId) -> Option<f64> {
    plan.node(id).rows.loops.filter(|loops| *loops > 1.0)
}

#[cfg(test)]
mod tests {
    use super::Columns;
    use crate::plan::{Engine, Node, Operator, PlanBuilder, Role};

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
}
