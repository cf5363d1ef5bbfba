//! Rows to nodes: query blocks, the tables in them joined from the left, what sorts and collects them, and the blocks that
//! tables and conditions ask for.

use std::collections::HashMap;

use super::{
    super::{ReadError, source::push},
    row::Row,
};
use crate::plan::{Flag, Node, NodeId, Operator, PlanBuilder, Relation, Role};

/// A query block.
struct Block {
    /// Its number, if it has one.
    id: Option<u32>,
    rows: Vec<Row>,
    /// What it is united with and how, the innermost first; it comes before them.
    unions: Vec<Union>,
    /// Sub-queries of its conditions and select list.
    subqueries: Vec<usize>,
    placed: bool,
}

/// A set operation, or the sort of its result.
#[derive(Default)]
struct Union {
    /// Blocks that come after what stands below.
    members: Vec<usize>,
    /// The row of the result.
    result: Option<Row>,
}

impl Block {
    const fn of(id: Option<u32>, rows: Vec<Row>) -> Self {
        Self { id, rows, unions: Vec::new(), subqueries: Vec::new(), placed: false }
    }
}

/// All blocks of a statement, in the order of their first rows.
pub(super) struct Blocks {
    all: Vec<Block>,
    by_id: HashMap<u32, usize>,
    /// Of numbered results of set operations, the block that comes first in them.
    results: HashMap<u32, usize>,
}

/// What is still to be turned into nodes.
#[derive(Clone, Copy)]
enum Work {
    /// A block with those united with it.
    Unit(usize),
    /// The same up to one of its set operations.
    Union(usize, usize),
    /// A block alone.
    Block(usize),
    /// What stands between a block and its tables: a sort, then a temporary table.
    Sort(usize),
    Temporary(usize),
    /// The join of so many of its tables.
    Chain(usize, usize),
    /// One table.
    Table(usize, usize),
    /// One table without the sort above it.
    Bare(usize, usize),
}

impl Blocks {
    /// Divides rows into blocks and finds out which belongs where.
    pub(super) fn of(rows: Vec<Row>) -> Self {
        let mut blocks = Self { all: Vec::new(), by_id: HashMap::new(), results: HashMap::new() };
        let mut results = Vec::new();
        for row in rows {
            if row.is_result() {
                results.push(row);
                continue;
            }
            let known = row.id.and_then(|id| blocks.by_id.get(&id).copied());
            let place = known.unwrap_or_else(|| {
                let place = blocks.all.len();
                if let Some(id) = row.id {
                    blocks.by_id.insert(id, place);
                }
                blocks.all.push(Block::of(row.id, Vec::new()));
                place
            });
            blocks.all[place].rows.push(row);
        }
        for row in results {
            blocks.unite(row);
        }
        blocks.place();
        blocks
    }

    /// `<union1,2,3>`, or `<union1,2,...,9>` where the list is long.
    fn unite(&mut self, result: Row) {
        let name = result.table.clone().unwrap_or_default();
        let number = result.id;
        let list = name.trim_start_matches(|c: char| !c.is_ascii_digit()).trim_end_matches('>');
        let mut members: Vec<usize> = Vec::new();
        let mut gap = false;
        for part in list.split(',') {
            let known = |id: u32| self.by_id.get(&id).or_else(|| self.results.get(&id)).copied();
            let Some(block) = part.trim().parse().ok().and_then(known) else {
                gap = part.trim() == "...";
                continue;
            };
            if std::mem::take(&mut gap)
                && let Some(last) = members.last().copied()
            {
                members.extend((last + 1..block).filter(|b| self.is_branch(*b)));
            }
            members.push(block);
        }
        let Some((first, rest)) = members.split_first() else {
            // A result of nothing known: it must not be lost.
            self.all.push(Block::of(None, vec![result]));
            return;
        };
        let rest: Vec<usize> = rest.iter().copied().filter(|b| b != first && !self.all[*b].placed).collect();
        for member in &rest {
            self.all[*member].placed = true;
        }
        if let Some(number) = number {
            self.results.insert(number, *first);
        }
        self.all[*first].unions.push(Union { members: rest, result: Some(result) });
    }

    fn is_branch(&self, block: usize) -> bool {
        let kinds = ["UNION", "RECURSIVE UNION", "INTERSECT", "EXCEPT"];
        self.all[block].rows.first().is_some_and(|row| kinds.iter().any(|kind| row.is(kind)))
    }

    /// Gives every block a place: in a union, below the table it fills, or below the block whose conditions ask for it.
    fn place(&mut self) {
        for block in 1..self.all.len() {
            if self.all[block].placed || !self.is_branch(block) {
                continue;
            }
            // UNION ALL needs no temporary table and has no row for its result.
            let dependent = self.all[block].rows[0].select_type.starts_with("DEPENDENT");
            let head = (0..block).rev().find(|b| {
                let starts = self.all[*b].rows.first().map(|row| row.select_type.starts_with("DEPENDENT"));
                !self.is_branch(*b) && starts == Some(dependent)
            });
            let head = head.or_else(|| (0..block).rev().find(|b| !self.is_branch(*b))).unwrap_or(0);
            let unions = &mut self.all[head].unions;
            if unions.is_empty() {
                unions.push(Union::default());
            }
            unions[0].members.push(block);
            self.all[block].placed = true;
        }
        let filled: std::collections::HashSet<usize> =
            self.all.iter().flat_map(|b| &b.rows).filter_map(|row| self.fills(row)).collect();
        for block in 1..self.all.len() {
            if self.all[block].placed || filled.contains(&block) {
                continue;
            }
            let asked: Vec<String> = self.all[block].rows.iter().flat_map(Row::asks).map(str::to_owned).collect();
            let own = |row: &Row| row.table.as_ref().is_some_and(|table| asked.contains(table));
            let outer =
                (0..self.all.len()).filter(|b| *b < block).find(|b| self.all[*b].rows.iter().any(own)).unwrap_or(0);
            self.all[outer].subqueries.push(block);
            self.all[block].placed = true;
        }
        // From here on: whether nodes were made of it.
        for block in &mut self.all {
            block.placed = false;
        }
    }

    /// The block that fills the table of a row: `<derived2>`, `<subquery3>`.
    fn fills(&self, row: &Row) -> Option<usize> {
        let name = row.table.as_deref()?;
        let inside = name.strip_prefix('<')?.strip_suffix('>')?;
        let number = inside.strip_prefix("derived").or_else(|| inside.strip_prefix("subquery"))?;
        self.by_id.get(&number.parse().ok()?).copied()
    }

    /// Makes nodes of all blocks, the first one at the root.
    pub(super) fn build(mut self, builder: &mut PlanBuilder) -> Result<(), ReadError> {
        let mut todo = vec![(Work::Unit(0), Role::Root, None)];
        loop {
            let Some((work, role, parent)) = todo.pop() else {
                // Blocks that only each other ask for: shown below the root, rather than lost.
                let Some(left) = self.all.iter().position(|block| !block.placed) else { return Ok(()) };
                todo.push((Work::Unit(left), Role::Subplan, Some(NodeId::ROOT)));
                continue;
            };
            let (node, parts) = self.step(work, role);
            let parent = match node {
                Some(node) => Some(push(builder, parent, node)?),
                None => parent,
            };
            todo.extend(parts.into_iter().rev().map(|(work, role)| (work, role, parent)));
        }
    }

    fn step(&mut self, work: Work, role: Role) -> (Option<Node>, Vec<(Work, Role)>) {
        match work {
            Work::Unit(block) => self.unit(block, role),
            Work::Union(block, count) => self.union(block, count, role),
            Work::Block(block) => self.block(block, role),
            Work::Sort(block) => self.sort(block, role),
            Work::Temporary(block) => {
                let tables = self.tables(block).len();
                let row = self.all[block].rows.iter().find(|row| row.says("Using temporary"));
                let Some(row) = row else { return (None, vec![(Work::Chain(block, tables), role)]) };
                let mut node = Node::new(role, Operator::TemporaryTable, "Using temporary");
                node.flags.push(Flag::Temporary);
                node.line = Some(row.line);
                (Some(node), vec![(Work::Chain(block, tables), Role::Outer)])
            }
            Work::Chain(_, 0) => (None, Vec::new()),
            Work::Chain(block, 1) => (None, vec![(Work::Table(block, 0), role)]),
            Work::Chain(block, count) => {
                let last = count - 1;
                let node = self.tables(block)[last].join(role);
                (Some(node), vec![(Work::Chain(block, last), Role::Outer), (Work::Table(block, last), Role::Inner)])
            }
            Work::Table(block, place) => {
                let row = self.tables(block)[place];
                if !row.says("Using filesort") || self.sorts_all(block) {
                    return (None, vec![(Work::Bare(block, place), role)]);
                }
                (Some(filesort(row, role)), vec![(Work::Bare(block, place), Role::Outer)])
            }
            Work::Bare(block, place) => self.table(block, place, role),
        }
    }

    fn unit(&self, block: usize, role: Role) -> (Option<Node>, Vec<(Work, Role)>) {
        let this = &self.all[block];
        (
            None,
            vec![if this.placed { (Work::Block(block), role) } else { (Work::Union(block, this.unions.len()), role) }],
        )
    }

    /// A block with the first `count` of its set operations.
    fn union(&self, block: usize, count: usize, role: Role) -> (Option<Node>, Vec<(Work, Role)>) {
        let this = &self.all[block];
        let Some(union) = count.checked_sub(1).and_then(|last| this.unions.get(last)) else {
            return (None, vec![(Work::Block(block), role)]);
        };
        let sorts = union.members.is_empty();
        let mut parts = vec![(Work::Union(block, count - 1), if sorts { Role::Outer } else { Role::Union })];
        // A member is a block alone, or what other set operations begin with.
        parts.extend(union.members.iter().map(|member| (Work::Unit(*member), Role::Union)));
        let recursive = union
            .members
            .iter()
            .any(|member| self.all[*member].rows.iter().any(|row| row.is("RECURSIVE UNION") || row.says("Recursive")));
        let first = this.rows.first().map(|row| row.line);
        let mut node = match &union.result {
            Some(row) => {
                let operator = if sorts { Operator::Sort } else { Operator::SetOp };
                let mut node = row.node(role, Some(operator));
                node.native = row.select_type.clone().into();
                node.relation = None;
                node.flags.push(Flag::Temporary);
                if row.says("Using filesort") {
                    node.flags.push(Flag::Filesort);
                }
                node
            }
            None => Node { line: first, ..Node::new(role, Operator::Append, "UNION ALL") },
        };
        if recursive {
            node.operator = Operator::RecursiveUnion;
            node.flags.push(Flag::Temporary);
        }
        if role != Role::Root {
            node.subplan = this.id.map(|id| format!("select #{id}"));
        }
        (Some(node), parts)
    }

    fn block(&mut self, block: usize, role: Role) -> (Option<Node>, Vec<(Work, Role)>) {
        let this = &mut self.all[block];
        if std::mem::replace(&mut this.placed, true) {
            return (None, Vec::new());
        }
        let Some(row) = this.rows.iter().find(|row| !row.writes()).or(this.rows.first()) else {
            return (None, Vec::new());
        };
        let mut node = Node::new(role, Operator::Result, row.select_type.clone());
        if ["DERIVED", "MATERIALIZED", "LATERAL DERIVED"].iter().any(|kind| row.is(kind)) {
            node.operator = Operator::Materialize;
            node.flags.push(Flag::Temporary);
        }
        if row.select_type.starts_with("PUSHED ") {
            node.operator = Operator::ForeignScan;
        }
        let often = ["DEPENDENT", "UNCACHEABLE", "LATERAL"].iter().any(|word| row.select_type.starts_with(word));
        if often {
            node.flags.push(Flag::Dependent);
        }
        node.line = this.rows.first().map(|row| row.line);
        if role != Role::Root {
            node.subplan = this.id.map(|id| format!("select #{id}"));
        }
        if let Some(target) = this.rows.iter().find(|row| row.writes()) {
            node.operator = Operator::ModifyTable;
            node.native = target.select_type.to_lowercase().into();
            node.relation = target.table.clone().map(|name| Relation { name, ..Relation::default() });
        }
        // A row without a table says why the block gives its rows without one.
        let unread = match self.tables(block)[..] {
            [row] if row.table.is_none() => Some(row.node(role, None)),
            _ => None,
        };
        let mut parts = match unread.filter(|_| matches!(node.operator, Operator::Result | Operator::ForeignScan)) {
            Some(row) => {
                if node.operator == Operator::Result {
                    node.native = row.native;
                }
                (node.rows, node.extra) = (row.rows, row.extra);
                Vec::new()
            }
            None => vec![(Work::Sort(block), Role::Outer)],
        };
        for sub in self.all[block].subqueries.clone() {
            let often = self.all[sub].rows.first().is_some_and(|row| {
                row.select_type.starts_with("DEPENDENT") || row.select_type.starts_with("UNCACHEABLE")
            });
            parts.push((Work::Unit(sub), if often { Role::Subplan } else { Role::InitPlan }));
        }
        (Some(node), parts)
    }

    /// A sort of everything the block joins. One of the first table alone stands at that table.
    fn sort(&self, block: usize, role: Role) -> (Option<Node>, Vec<(Work, Role)>) {
        let row = self.all[block].rows.iter().find(|row| row.says("Using filesort"));
        match row.filter(|_| self.sorts_all(block)) {
            Some(row) => (Some(filesort(row, role)), vec![(Work::Temporary(block), Role::Outer)]),
            None => (None, vec![(Work::Temporary(block), role)]),
        }
    }

    /// Whether what is sorted is the result of all joins: with a temporary table, or when there is but one table.
    fn sorts_all(&self, block: usize) -> bool {
        self.tables(block).len() <= 1 || self.all[block].rows.iter().any(|row| row.says("Using temporary"))
    }

    /// The tables that a block reads: the target of an INSERT is none of them.
    fn tables(&self, block: usize) -> Vec<&Row> {
        let reads = |row: &&Row| !["INSERT", "REPLACE"].contains(&row.select_type.as_str());
        self.all[block].rows.iter().filter(reads).collect()
    }

    fn table(&self, block: usize, place: usize, role: Role) -> (Option<Node>, Vec<(Work, Role)>) {
        let row = self.tables(block)[place];
        let Some(filled) = self.fills(row) else { return (Some(row.node(role, None)), Vec::new()) };
        if self.all[filled].placed || filled == block {
            // Read again: inside the recursion that fills it, or where a common table expression is used twice.
            let operator = if row.is("RECURSIVE UNION") { Operator::WorkTableScan } else { Operator::CteScan };
            return (Some(row.node(role, Some(operator))), Vec::new());
        }
        (Some(row.node(role, None)), vec![(Work::Unit(filled), Role::Outer)])
    }
}

fn filesort(row: &Row, role: Role) -> Node {
    let mut node = Node::new(role, Operator::Sort, "Using filesort");
    node.flags.push(Flag::Filesort);
    node.line = Some(row.line);
    node
}
