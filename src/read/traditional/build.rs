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
    /// Blocks that are united with this one, which comes first, and the row of the result.
    union: Vec<usize>,
    result: Option<Row>,
    /// Sub-queries of its conditions and select list.
    subqueries: Vec<usize>,
    placed: bool,
}

impl Block {
    const fn of(id: Option<u32>, rows: Vec<Row>) -> Self {
        Self { id, rows, union: Vec::new(), result: None, subqueries: Vec::new(), placed: false }
    }
}

/// All blocks of a statement, in the order of their first rows.
pub(super) struct Blocks {
    blocks: Vec<Block>,
    by_id: HashMap<u32, usize>,
}

/// What is still to be turned into nodes.
#[derive(Clone, Copy)]
enum Work {
    /// A block with those united with it.
    Unit(usize),
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
        let mut all = Self { blocks: Vec::new(), by_id: HashMap::new() };
        let mut results = Vec::new();
        for row in rows {
            if row.is_result() {
                results.push(row);
                continue;
            }
            let known = row.id.and_then(|id| all.by_id.get(&id).copied());
            let place = known.unwrap_or_else(|| {
                let place = all.blocks.len();
                if let Some(id) = row.id {
                    all.by_id.insert(id, place);
                }
                all.blocks.push(Block::of(row.id, Vec::new()));
                place
            });
            all.blocks[place].rows.push(row);
        }
        for row in results {
            all.unite(row);
        }
        all.place();
        all
    }

    /// `<union1,2,3>`, or `<union1,2,...,9>` where the list is long.
    fn unite(&mut self, result: Row) {
        let name = result.table.clone().unwrap_or_default();
        let list = name.trim_start_matches(|c: char| !c.is_ascii_digit()).trim_end_matches('>');
        let mut members: Vec<usize> = Vec::new();
        let mut gap = false;
        for part in list.split(',') {
            let Some(block) = part.trim().parse().ok().and_then(|id: u32| self.by_id.get(&id).copied()) else {
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
            self.blocks.push(Block::of(None, vec![result]));
            return;
        };
        let rest: Vec<usize> = rest.iter().copied().filter(|b| b != first && !self.blocks[*b].placed).collect();
        for member in &rest {
            self.blocks[*member].placed = true;
        }
        self.blocks[*first].union.extend(rest);
        self.blocks[*first].result.get_or_insert(result);
    }

    fn is_branch(&self, block: usize) -> bool {
        let kinds = ["UNION", "RECURSIVE UNION", "INTERSECT", "EXCEPT"];
        self.blocks[block].rows.first().is_some_and(|row| kinds.iter().any(|kind| row.is(kind)))
    }

    /// Gives every block a place: in a union, below the table it fills, or below the block whose conditions ask for it.
    fn place(&mut self) {
        for block in 1..self.blocks.len() {
            if self.blocks[block].placed || !self.is_branch(block) {
                continue;
            }
            // UNION ALL needs no temporary table and has no row for its result.
            let dependent = self.blocks[block].rows[0].select_type.starts_with("DEPENDENT");
            let head = (0..block).rev().find(|b| {
                let starts = self.blocks[*b].rows.first().map(|row| row.select_type.starts_with("DEPENDENT"));
                !self.is_branch(*b) && starts == Some(dependent)
            });
            let head = head.or_else(|| (0..block).rev().find(|b| !self.is_branch(*b))).unwrap_or(0);
            self.blocks[head].union.push(block);
            self.blocks[block].placed = true;
        }
        let filled: std::collections::HashSet<usize> =
            self.blocks.iter().flat_map(|b| &b.rows).filter_map(|row| self.fills(row)).collect();
        for block in 1..self.blocks.len() {
            if self.blocks[block].placed || filled.contains(&block) {
                continue;
            }
            let asked: Vec<String> = self.blocks[block].rows.iter().flat_map(Row::asks).map(str::to_owned).collect();
            let own = |row: &Row| row.table.as_ref().is_some_and(|table| asked.contains(table));
            let outer = (0..self.blocks.len())
                .filter(|b| *b < block)
                .find(|b| self.blocks[*b].rows.iter().any(own))
                .unwrap_or(0);
            self.blocks[outer].subqueries.push(block);
            self.blocks[block].placed = true;
        }
        // From here on: whether nodes were made of it.
        for block in &mut self.blocks {
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
                let Some(left) = self.blocks.iter().position(|block| !block.placed) else { return Ok(()) };
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
            Work::Block(block) => self.block(block, role),
            Work::Sort(block) => self.sort(block, role),
            Work::Temporary(block) => {
                let tables = self.tables(block).len();
                let row = self.blocks[block].rows.iter().find(|row| row.says("Using temporary"));
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

    fn unit(&mut self, block: usize, role: Role) -> (Option<Node>, Vec<(Work, Role)>) {
        let this = &self.blocks[block];
        if this.union.is_empty() || this.placed {
            return (None, vec![(Work::Block(block), role)]);
        }
        let mut parts = vec![(Work::Block(block), Role::Union)];
        parts.extend(this.union.iter().map(|member| (Work::Block(*member), Role::Union)));
        let recursive = this.union.iter().any(|member| {
            self.blocks[*member].rows.iter().any(|row| row.is("RECURSIVE UNION") || row.says("Recursive"))
        });
        let first = this.rows.first().map(|row| row.line);
        let mut node = match &this.result {
            Some(row) => {
                let mut node = row.node(role, Some(Operator::SetOp));
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
        let this = &mut self.blocks[block];
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
        let mut parts = vec![(Work::Sort(block), Role::Outer)];
        for sub in self.blocks[block].subqueries.clone() {
            let often = self.blocks[sub].rows.first().is_some_and(|row| {
                row.select_type.starts_with("DEPENDENT") || row.select_type.starts_with("UNCACHEABLE")
            });
            parts.push((Work::Unit(sub), if often { Role::Subplan } else { Role::InitPlan }));
        }
        (Some(node), parts)
    }

    /// A sort of everything the block joins. One of the first table alone stands at that table.
    fn sort(&self, block: usize, role: Role) -> (Option<Node>, Vec<(Work, Role)>) {
        let row = self.blocks[block].rows.iter().find(|row| row.says("Using filesort"));
        match row.filter(|_| self.sorts_all(block)) {
            Some(row) => (Some(filesort(row, role)), vec![(Work::Temporary(block), Role::Outer)]),
            None => (None, vec![(Work::Temporary(block), role)]),
        }
    }

    /// Whether what is sorted is the result of all joins: with a temporary table, or when there is but one table.
    fn sorts_all(&self, block: usize) -> bool {
        self.tables(block).len() <= 1 || self.blocks[block].rows.iter().any(|row| row.says("Using temporary"))
    }

    /// The tables that a block reads: the target of an INSERT is none of them.
    fn tables(&self, block: usize) -> Vec<&Row> {
        let reads = |row: &&Row| !["INSERT", "REPLACE"].contains(&row.select_type.as_str());
        self.blocks[block].rows.iter().filter(reads).collect()
    }

    fn table(&self, block: usize, place: usize, role: Role) -> (Option<Node>, Vec<(Work, Role)>) {
        let row = self.tables(block)[place];
        let Some(filled) = self.fills(row) else { return (Some(row.node(role, None)), Vec::new()) };
        if self.blocks[filled].placed || filled == block {
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
