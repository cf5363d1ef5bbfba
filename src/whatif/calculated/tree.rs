//! The calculated way of a statement as a plan: the server's own plan with what lies below its sorts and groups in place of the old, and
//! without those that an index makes needless.

use super::{
    order::Outcome,
    paths::{Access, How, World},
    question::Cond,
};
use crate::plan::{
    BuildError, Conditions, Cost, Engine, Flag, Node, NodeId, Operator, Plan, PlanBuilder, Relation, Role, Rows,
};

/// Builds it.
pub(super) fn tree(now: &Plan, world: &World<'_>, outcome: &Outcome) -> Result<Plan, BuildError> {
    let mut builder = PlanBuilder::new();
    let mut made = Tree { world, outcome, engine: now.engine, builder: &mut builder };
    if outcome.away {
        made.away()?;
    } else {
        let parent = if now.engine == Engine::MariaDb { made.block(now)? } else { made.upper(now)? };
        let parent = made.constants(parent)?;
        if let Some(last) = outcome.steps.len().checked_sub(1) {
            made.joined(last, parent)?;
        }
    }
    let mut plan = builder.finish(now.engine)?;
    plan.version.clone_from(&now.version);
    plan.query.clone_from(&now.query);
    Ok(plan)
}

struct Tree<'a> {
    world: &'a World<'a>,
    outcome: &'a Outcome,
    engine: Engine,
    builder: &'a mut PlanBuilder,
}

impl Tree<'_> {
    fn role(parent: Option<NodeId>, role: Role) -> Role {
        if parent.is_some() { role } else { Role::Root }
    }

    /// The answer stands at the end of an index.
    fn away(&mut self) -> Result<(), BuildError> {
        let words = if self.engine == Engine::MariaDb {
            "Select tables optimized away"
        } else {
            "Rows fetched before execution"
        };
        let mut node = Node::new(Role::Root, Operator::Result, words);
        node.index = self.outcome.steps.first().and_then(|a| self.ends(a.tab));
        node.rows.estimated = Some(1.0);
        node.cost = Cost { startup: None, total: Some(0.0), own: Some(0.0) };
        self.builder.push(None, node).map(|_| ())
    }

    /// The index whose end is read: a new one, if there is one that may be.
    fn ends(&self, tab: usize) -> Option<String> {
        let all = &self.world.indexes[tab];
        all.iter().rev().find(|ix| ix.new).or(all.first()).map(|ix| ix.name.clone())
    }

    /// MariaDB: the block, and what it sorts and keeps.
    fn block(&mut self, now: &Plan) -> Result<Option<NodeId>, BuildError> {
        let form = &self.world.question.form;
        let mut root = Node::new(Role::Root, Operator::Result, "query_block");
        root.cost = Cost { startup: None, total: Some(self.outcome.cost), own: None };
        let mut at = self.builder.push(None, root)?;
        let groups = (!form.group.is_empty() || !form.distinct.is_empty()) && !self.outcome.grouped;
        let sorts = !form.order.is_empty() && !self.outcome.ordered || !form.group.is_empty() && groups;
        let keeps = groups || !form.group.is_empty() && !form.order.is_empty() && sorts;
        if sorts {
            let mut node = Node::new(Role::Outer, Operator::Sort, "filesort");
            node.flags.push(Flag::Filesort);
            let sort = now.ids().map(|id| now.node(id)).find(|node| node.operator == Operator::Sort);
            node.keys = sort.map(|sort| sort.keys.clone()).unwrap_or_default();
            at = self.builder.push(Some(at), node)?;
        }
        if keeps {
            let mut node = Node::new(Role::Outer, Operator::TemporaryTable, "temporary_table");
            node.flags.push(Flag::Temporary);
            at = self.builder.push(Some(at), node)?;
        }
        Ok(Some(at))
    }

    /// MySQL: what stands above the joins now, as far as it is still needed.
    fn upper(&mut self, now: &Plan) -> Result<Option<NodeId>, BuildError> {
        let (form, outcome) = (&self.world.question.form, self.outcome);
        let mut parent = None;
        let (mut sorts, mut keeps) = (false, false);
        for id in above(now) {
            let mut node = now.node(id).clone();
            let groups =
                matches!(node.operator, Operator::HashAggregate | Operator::TemporaryTable | Operator::WorkTableScan);
            match node.operator {
                Operator::Sort if outcome.ordered => continue,
                Operator::Sort => sorts = true,
                Operator::WorkTableScan | Operator::TemporaryTable if outcome.grouped => continue,
                Operator::HashAggregate if outcome.grouped => {
                    node = Node::new(node.role, Operator::GroupAggregate, "Group aggregate");
                    node.cost.total = Some(outcome.cost);
                }
                _ => keeps |= groups,
            }
            if node.cost.total.is_some() {
                node.cost = Cost { startup: None, total: Some(outcome.cost), own: None };
            }
            node.role = Self::role(parent, node.role);
            parent = Some(self.builder.push(parent, node)?);
        }
        let groups = (!form.group.is_empty() || !form.distinct.is_empty()) && !outcome.grouped && !keeps;
        let sort = !form.order.is_empty() && !outcome.ordered && !sorts;
        let new = [
            (sort, Operator::Sort, "Sort", Flag::Filesort),
            (groups, Operator::HashAggregate, "Aggregate using temporary table", Flag::Temporary),
        ];
        for (_, operator, words, flag) in new.into_iter().filter(|(wanted, ..)| *wanted) {
            let mut node = Node::new(Self::role(parent, Role::Outer), operator, words);
            node.flags.push(flag);
            node.cost.total = Some(outcome.cost);
            parent = Some(self.builder.push(parent, node)?);
        }
        Ok(parent)
    }

    /// MariaDB shows tables of which one row is read beforehand; MySQL does not.
    fn constants(&mut self, parent: Option<NodeId>) -> Result<Option<NodeId>, BuildError> {
        if self.engine == Engine::MySql {
            return Ok(parent);
        }
        let mut at = parent;
        for (number, tab) in self.outcome.consts.iter().enumerate() {
            if number + 1 < self.outcome.consts.len() || !self.outcome.steps.is_empty() {
                let node = Node::new(Role::Outer, Operator::NestedLoop, "nested_loop");
                at = Some(self.builder.push(at, node)?);
            }
            let mut node = Node::new(Role::Outer, Operator::UniqueLookup, "const");
            let fixes = |ix: &&super::tables::Ix| {
                ix.unique == Some(ix.own)
                    && ix.parts[..ix.own].iter().all(|p| self.world.fixed(*tab, &p.column).is_some())
            };
            node.index = self.world.indexes[*tab].iter().find(fixes).map(|ix| ix.name.clone());
            node.relation = Some(self.relation(*tab));
            node.rows = Rows { estimated: Some(1.0), examined: Some(1.0), ..Rows::default() };
            self.builder.push(at, node)?;
        }
        Ok(at)
    }

    fn joined(&mut self, at: usize, parent: Option<NodeId>) -> Result<(), BuildError> {
        let Some(step) = self.outcome.steps.get(at) else { return Ok(()) };
        if at == 0 {
            let role =
                if self.outcome.consts.is_empty() || self.engine == Engine::MySql { Role::Outer } else { Role::Inner };
            return self.read(step, parent, role);
        }
        let hashed = step.buffered && self.engine == Engine::MySql;
        let (operator, words) = match (hashed, step.buffered, self.engine) {
            (true, ..) => (Operator::HashJoin, "Inner hash join"),
            (_, true, _) => (Operator::NestedLoop, "block-nl-join"),
            (.., Engine::MySql) => (Operator::NestedLoop, "Nested loop inner join"),
            _ => (Operator::NestedLoop, "nested_loop"),
        };
        let mut node = Node::new(Self::role(parent, Role::Outer), operator, words);
        let rows = step.before * step.rows * step.filter;
        let total: f64 = self.outcome.steps[..=at].iter().map(|s| s.cost).sum();
        node.rows.estimated = Some(rows);
        if self.engine == Engine::MySql {
            node.cost.total = Some(total);
        }
        if step.buffered {
            node.flags.push(Flag::JoinBuffer);
        }
        let join = Some(self.builder.push(parent, node)?);
        if hashed {
            self.read(step, join, Role::Outer)?;
            return self.joined(at - 1, join);
        }
        self.joined(at - 1, join)?;
        self.read(step, join, Role::Inner)
    }

    /// One table.
    fn read(&mut self, step: &Access, parent: Option<NodeId>, role: Role) -> Result<(), BuildError> {
        let index = step.index.map(|at| self.world.indexes[step.tab][at].name.clone());
        let alias = &self.world.question.tabs[step.tab].alias;
        let operator = match step.how {
            How::Scan => Operator::SeqScan,
            How::IndexScan => Operator::FullIndexScan,
            How::Unique => Operator::UniqueLookup,
            _ if step.covers => Operator::IndexOnlyScan,
            _ => Operator::IndexScan,
        };
        let words = match (self.engine, step.how) {
            (Engine::MariaDb, How::Scan) => "ALL".to_owned(),
            (Engine::MariaDb, How::IndexScan) => "index".to_owned(),
            (Engine::MariaDb, How::Lookup) => "ref".to_owned(),
            (Engine::MariaDb, How::Unique) => "eq_ref".to_owned(),
            (Engine::MariaDb, How::Range | How::Loose) => "range".to_owned(),
            (_, how) => Self::words(how, step.covers, alias, index.as_deref()),
        };
        let each = step.cost / step.before.max(1.0);
        let conditions = self.conditions(step);
        let filtered = conditions.filter.is_some() && self.engine == Engine::MySql;
        let mut at = parent;
        let mut role = Self::role(parent, role);
        if filtered {
            let mut filter = Node::new(role, Operator::Filter, "Filter");
            filter.rows.estimated = Some(step.rows * step.filter);
            filter.cost.total = Some(each);
            filter.conditions.filter.clone_from(&conditions.filter);
            at = Some(self.builder.push(at, filter)?);
            role = Role::Outer;
        }
        let mut node = Node::new(role, operator, words);
        node.relation = Some(self.relation(step.tab));
        node.conditions.index.clone_from(&conditions.index);
        if !filtered {
            node.conditions.filter = conditions.filter;
        }
        if let Some(ix) = step.index.map(|at| &self.world.indexes[step.tab][at]) {
            node.keys = ix.parts.iter().take(step.parts).map(|p| p.column.clone()).collect();
        }
        node.index = index;
        if self.engine == Engine::MariaDb {
            node.rows = Rows { estimated: Some(step.rows * step.filter), examined: Some(step.rows), ..Rows::default() };
            node.cost.own = Some(step.cost);
        } else {
            node.rows.estimated = Some(step.rows);
            node.cost.total = Some(each);
        }
        match step.how {
            How::Scan => node.flags.push(Flag::FullScan),
            How::IndexScan => node.flags.push(Flag::FullIndexScan),
            _ => {}
        }
        if step.covers {
            node.flags.push(Flag::Covering);
        }
        self.builder.push(at, node).map(|_| ())
    }

    /// What finds rows in the index, and what is asked of them afterwards.
    fn conditions(&self, step: &Access) -> Conditions {
        let question = self.world.question;
        let tab = &question.tabs[step.tab];
        let used: Vec<&str> = step.index.map_or_else(Vec::new, |at| {
            self.world.indexes[step.tab][at].parts.iter().take(step.parts).map(|p| p.column.as_str()).collect()
        });
        let finds = |c: &&Cond| c.column.as_deref().is_some_and(|c| used.contains(&c));
        let mut index: Vec<String> = tab.conds.iter().filter(finds).map(|c| c.text.clone()).collect();
        for column in used.iter().filter(|column| !tab.conds.iter().any(|c| c.column.as_deref() == Some(**column))) {
            let other = question.equals(step.tab, column).into_iter().next();
            index.extend(other.map(|(at, name)| format!("{column} = {}.{name}", question.tabs[at].alias)));
        }
        let filter: Vec<String> = tab.conds.iter().filter(|c| !finds(c)).map(|c| c.text.clone()).collect();
        let joined = |all: Vec<String>| (!all.is_empty()).then(|| all.join(" AND "));
        Conditions { filter: joined(filter), index: joined(index), ..Conditions::default() }
    }

    /// As MySQL words it.
    fn words(how: How, covers: bool, alias: &str, index: Option<&str>) -> String {
        let Some(index) = index else { return format!("Table scan on {alias}") };
        let covering = if covers { "Covering index" } else { "Index" };
        match how {
            How::IndexScan => format!("{covering} scan on {alias} using {index}"),
            How::Lookup => format!("{covering} lookup on {alias} using {index}"),
            How::Unique => format!("Single-row {} lookup on {alias} using {index}", covering.to_lowercase()),
            How::Loose => format!("Covering index skip scan for grouping on {alias} using {index}"),
            How::Range | How::Scan => format!("{covering} range scan on {alias} using {index}"),
        }
    }

    fn relation(&self, tab: usize) -> Relation {
        let tab = &self.world.question.tabs[tab];
        if self.engine == Engine::MariaDb {
            // It calls tables by their aliases alone.
            return Relation { name: tab.alias.clone(), ..Relation::default() };
        }
        let alias = (tab.alias != tab.table).then(|| tab.alias.clone());
        Relation { schema: Some(tab.schema.clone()), name: tab.table.clone(), alias }
    }
}

/// Whether an operator stands above the joins of a block.
fn sits_above(operator: &Operator) -> bool {
    matches!(
        operator,
        Operator::Limit
            | Operator::Sort
            | Operator::Aggregate
            | Operator::HashAggregate
            | Operator::GroupAggregate
            | Operator::TemporaryTable
            | Operator::WorkTableScan
            | Operator::Unique
            | Operator::Result
            | Operator::Materialize
    )
}

/// The nodes above the joins, the root first.
fn above(plan: &Plan) -> Vec<NodeId> {
    let mut all = Vec::new();
    let mut at = Some(NodeId::ROOT);
    while let Some(id) = at {
        let holds = plan.subtree(id).any(|below| sits_above(&plan.node(below).operator));
        let mut children = plan.children(id);
        let child = children.next();
        if !holds || children.next().is_some() {
            break;
        }
        all.push(id);
        at = child;
    }
    all
}

/// The node below which the joins of a block stand.
pub(super) fn lower(plan: &Plan) -> Option<NodeId> {
    match above(plan).last() {
        None => Some(NodeId::ROOT),
        Some(last) => plan.children(*last).next(),
    }
}
