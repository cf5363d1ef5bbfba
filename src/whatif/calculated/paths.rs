//! The ways in which a table can be read, and which of them its server would take.

use super::{
    costs::{Finds, Model, Size, Through},
    question::{Cond, Kind, Question},
    sample::Lean,
    tables::{Ix, Known},
};
use crate::catalog::Table;

/// Pages of a range that InnoDB counts one by one; of more it makes an estimate that comes out twice as large
/// (`btr_estimate_n_rows_in_range`, measured on MySQL 9.7 and MariaDB 11.8).
const COUNTED: f64 = 10.0;

/// What an optimizer takes a condition to keep of which it has no statistics (MySQL's `COND_FILTER_*`, `sql/opt_statistics.h`).
const EQUAL: f64 = 0.1;
const RANGE: f64 = 0.3333;
const BETWEEN: f64 = 0.1111;

/// How a table is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Scan,
    /// Every entry of an index.
    IndexScan,
    /// By equality with the first parts of an index.
    Lookup,
    /// One row at most.
    Unique,
    Range,
    /// The first entry of each group of an index.
    Loose,
}

/// A way.
#[derive(Debug, Clone)]
pub(super) struct Access {
    pub(super) tab: usize,
    pub(super) how: How,
    /// Which of the table's indexes in this trial.
    pub(super) index: Option<usize>,
    /// How many of its parts find the rows.
    pub(super) parts: usize,
    pub(super) covers: bool,
    /// Rows read each time.
    pub(super) rows: f64,
    /// The part of them that is left, as the server reckons.
    pub(super) filter: f64,
    /// How often.
    pub(super) before: f64,
    /// Of all times together.
    pub(super) cost: f64,
    /// Rows of those before are kept and joined at once.
    pub(super) buffered: bool,
}

/// A statement with the indexes of a trial, seen with some leaning.
pub(super) struct World<'a> {
    pub(super) question: &'a Question,
    pub(super) known: Vec<&'a Known>,
    pub(super) indexes: Vec<Vec<Ix>>,
    pub(super) model: &'a Model,
    pub(super) lean: Lean,
    /// A new index is taken to be in memory.
    pub(super) warm: bool,
    /// Bytes of the join buffer.
    pub(super) buffer: f64,
}

/// What constants of a statement find in an index.
#[derive(Debug, Clone)]
pub(super) struct Quick {
    /// Parts that are used.
    pub(super) parts: usize,
    /// The first of them that are fixed to one value.
    pub(super) fixed: usize,
    ranges: f64,
    pub(super) rows: f64,
    columns: Vec<String>,
}

impl World<'_> {
    pub(super) fn size(&self, tab: usize) -> Size {
        let known = self.known[tab];
        Size {
            rows: known.rows.max(1.0),
            pages: known.pages,
            page: known.page,
            primary: known.primary_bytes(),
            buffer: self.buffer,
        }
    }

    fn table(&self, tab: usize) -> &Table {
        &self.known[tab].table
    }

    pub(super) fn covers(&self, tab: usize, ix: &Ix) -> bool {
        let has = |column: &String| ix.parts.iter().any(|p| p.column == *column && !p.cut);
        !ix.primary && self.question.tabs[tab].columns.iter().all(has)
    }

    pub(super) fn through(&self, tab: usize, ix: &Ix) -> Through {
        let page = if ix.new { Model::new_page(self.warm) } else { self.known[tab].page };
        Through { key: ix.bytes, covers: self.covers(tab, ix), clustered: ix.primary, finds: Finds::Named, page }
    }

    /// The condition that fixes a column to one value.
    pub(super) fn fixed(&self, tab: usize, column: &str) -> Option<&Cond> {
        let fixes = |c: &&Cond| c.kind == Kind::Equal && c.sql.is_some() && c.column.as_deref() == Some(column);
        self.question.tabs[tab].conds.iter().find(fixes)
    }

    fn asked(&self, tab: usize, column: &str, kinds: &[Kind]) -> Vec<&Cond> {
        let of = |c: &&Cond| c.column.as_deref() == Some(column) && c.sql.is_some() && kinds.contains(&c.kind);
        self.question.tabs[tab].conds.iter().filter(of).collect()
    }

    /// What the constants find in an index; none where they find nothing, or nobody can tell how many rows.
    pub(super) fn quick(&self, tab: usize, ix: &Ix) -> Option<Quick> {
        let (mut quick, used) = self.used(tab, ix)?;
        quick.rows = self.selected(tab, ix, &used, &quick.columns)?;
        Some(quick)
    }

    /// What the constants would be used for in an index, and which conditions they stand in; how many rows is not looked for.
    pub(super) fn used(&self, tab: usize, ix: &Ix) -> Option<(Quick, Vec<&Cond>)> {
        let mut quick = Quick { parts: 0, fixed: 0, ranges: 1.0, rows: 0.0, columns: Vec::new() };
        let mut used: Vec<&Cond> = Vec::new();
        for part in &ix.parts {
            if let Some(cond) = self.fixed(tab, &part.column) {
                used.push(cond);
                quick.fixed += usize::from(quick.fixed == quick.parts);
                quick.parts += 1;
                quick.columns.push(part.column.clone());
                continue;
            }
            let several = self.asked(tab, &part.column, &[Kind::OneOf]);
            if let Some(cond) = several.first() {
                #[expect(clippy::cast_precision_loss, reason = "a list that somebody wrote")]
                let count = cond.values as f64;
                quick.ranges *= count;
                used.push(cond);
                quick.parts += 1;
                quick.columns.push(part.column.clone());
                continue;
            }
            let ranges = self.asked(tab, &part.column, &[Kind::Range]);
            let others = self.asked(tab, &part.column, &[Kind::NotEqual]);
            if ranges.is_empty() && others.is_empty() {
                break;
            }
            if ranges.is_empty() {
                quick.ranges *= 2.0;
            }
            used.extend(ranges.into_iter().chain(others));
            quick.parts += 1;
            quick.columns.push(part.column.clone());
            break;
        }
        (quick.parts > 0).then_some((quick, used))
    }

    /// Rows that conditions select by an index, as the server would tell them.
    fn selected(&self, tab: usize, ix: &Ix, used: &[&Cond], columns: &[String]) -> Option<f64> {
        let known = self.known[tab];
        let sql: Vec<&str> = used.iter().filter_map(|c| c.sql.as_deref()).collect();
        // The same conditions select the same rows by whichever index.
        let same = |conditions: &[String]| {
            conditions.len() == sql.len() && conditions.iter().all(|c| sql.contains(&c.as_str()))
        };
        let dived = known.dives.iter().find(|(_, conditions, _)| same(conditions));
        if let Some((.., rows)) = dived {
            return Some(*rows);
        }
        let sample = known.sample.as_ref()?;
        let equal = used.iter().all(|c| c.kind == Kind::Equal);
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        let each = sample
            .distinct(&names, known.rows)
            .filter(|_| equal)
            .map_or(known.rows, |d| known.rows / d.leaning(self.lean).max(1.0));
        let rows = sample.passing(&sql, known.rows, each, self.lean)?.max(1.0);
        Some(self.told(tab, ix, rows, equal && ix.unique.is_some_and(|n| columns.len() >= n)))
    }

    /// What InnoDB makes of so many rows.
    fn told(&self, tab: usize, ix: &Ix, rows: f64, unique: bool) -> f64 {
        if unique {
            return 1.0;
        }
        let all = self.known[tab].rows;
        let entry: f64 = if ix.primary {
            self.known[tab].pages * super::costs::PAGE / all.max(1.0)
        } else {
            ix.parts.iter().map(|p| width(self.table(tab), &p.column)).sum::<f64>() + 7.0
        };
        let pages = rows * entry / (super::costs::PAGE * 15.0 / 16.0);
        let counted = match self.lean {
            Lean::Likely => COUNTED,
            Lean::Few => 1.4 * COUNTED,
            Lean::Many => 0.7 * COUNTED,
        };
        if pages <= counted {
            return rows.round().min(all);
        }
        let most = if matches!(self.model, Model::Micros(_)) { all } else { (all / 2.0).floor() };
        (2.0 * rows).round().min(most)
    }

    /// Whether two indexes each find rows by values of all their own parts, each by others: then both may be read and intersected.
    pub(super) fn intersects(&self, tab: usize) -> bool {
        let whole = self.indexes[tab].iter().filter(|ix| ix.unique != Some(ix.own)).filter_map(|ix| {
            let (quick, _) = self.used(tab, ix)?;
            (quick.fixed >= ix.own).then(|| ix.parts[..ix.own].iter().map(|p| p.column.as_str()).collect::<Vec<_>>())
        });
        let all: Vec<Vec<&str>> = whole.collect();
        all.iter().enumerate().any(|(at, a)| {
            all[at + 1..].iter().any(|b| !a.iter().all(|c| b.contains(c)) && !b.iter().all(|c| a.contains(c)))
        })
    }

    /// Rows of each value of the first parts of an index.
    fn per_key(&self, tab: usize, ix: &Ix, parts: usize) -> Option<f64> {
        let known = self.known[tab];
        let own = ix.distinct.get(parts - 1).copied().flatten().filter(|_| parts <= ix.own);
        let distinct = if let Some(own) = own {
            own
        } else {
            let names: Vec<&str> = ix.parts[..parts].iter().map(|p| p.column.as_str()).collect();
            known.sample.as_ref()?.distinct(&names, known.rows)?.leaning(self.lean)
        };
        Some(self.model.per_key(known.rows, distinct))
    }

    /// Whether a column is joined to a table that was read before.
    fn joined(&self, tab: usize, column: &str, before: &[usize]) -> bool {
        self.question.equals(tab, column).iter().any(|(other, _)| before.contains(other))
    }

    /// The best way to read a table behind others, for so many rows of theirs.
    pub(super) fn best(&self, tab: usize, before: &[usize], rows: f64) -> Access {
        let size = self.size(tab);
        let mut lookup: Option<Access> = None;
        let mut range: Option<(Access, usize)> = None;
        for (at, ix) in self.indexes[tab].iter().enumerate() {
            let quick = self.quick(tab, ix);
            if let Some(found) = self.lookup(tab, (at, ix), before, rows, quick.as_ref()) {
                let better = lookup.as_ref().is_none_or(|best| found.cost < best.cost - 1e-9);
                if better {
                    lookup = Some(found);
                }
            }
            let Some(quick) = quick.filter(|q| q.parts > q.fixed) else { continue };
            let cost = self.model.range(size, self.through(tab, ix), quick.ranges, quick.rows);
            if range.as_ref().is_none_or(|(best, _)| cost < best.cost) {
                let access = Access {
                    tab,
                    how: How::Range,
                    index: Some(at),
                    parts: quick.parts,
                    covers: self.covers(tab, ix),
                    rows: quick.rows,
                    filter: self.filter(tab, &quick.columns, before, quick.rows),
                    before: rows,
                    cost,
                    buffered: false,
                };
                range = Some((access, quick.fixed));
            }
        }
        let scan = self.scan(tab, before, rows);
        let whole = self.model.scan(size);
        // A range is first held against the whole table alone, then against lookups.
        let range = range.filter(|(access, _)| match self.model {
            Model::Micros(_) => access.cost < whole,
            Model::MySql => access.cost - 0.1 * access.rows < whole + 2.1,
            Model::Pages => access.cost - access.rows / 5.0 < whole + 2.1,
        });
        let other = match range {
            Some((mut access, _)) => {
                if !before.is_empty() {
                    let part = Size { rows: access.rows, pages: access.rows.min(size.pages), ..size };
                    access.cost +=
                        self.model.buffered(part, rows, self.width(before), access.filter) - self.model.scan(part);
                    access.buffered = true;
                }
                access
            }
            None => scan,
        };
        match lookup {
            // One index, looked up by as much as the range has.
            // One index, looked up by as much as the range has; and an index that covers is not read whole where there is a lookup (the
            // third of the conditions in `best_access_path` by which a scan is not looked at).
            Some(found)
                if found.cost <= other.cost
                    || other.how == How::IndexScan
                    || (other.how == How::Range && found.index == other.index && found.parts >= other.parts) =>
            {
                found
            }
            _ => other,
        }
    }

    /// Every row: by the table, or by an index that covers.
    fn scan(&self, tab: usize, before: &[usize], rows: f64) -> Access {
        let size = self.size(tab);
        let filter = self.filter(tab, &[], before, size.rows);
        let own = self.filter(tab, &[], &[], size.rows);
        let covering = self.indexes[tab].iter().enumerate().filter(|(_, ix)| self.covers(tab, ix));
        let shortest = covering.min_by(|(_, a), (_, b)| a.bytes.total_cmp(&b.bytes));
        let (mut how, mut index, mut cost) = (How::Scan, None, self.model.scan(size));
        if let Some((at, ix)) = shortest {
            let by_index = self.model.index_scan(size, self.through(tab, ix));
            if !matches!(self.model, Model::Micros(_)) || by_index < cost {
                (how, index) = (How::IndexScan, Some(at));
                if matches!(self.model, Model::Micros(_)) {
                    cost = by_index;
                }
            }
        }
        let buffered = !before.is_empty();
        if buffered {
            cost = self.model.buffered(size, rows, self.width(before), own);
        }
        Access {
            tab,
            how,
            index,
            parts: 0,
            covers: index.is_some(),
            rows: size.rows,
            filter,
            before: rows,
            cost,
            buffered,
        }
    }

    /// Bytes of a row of the tables before, as far as they are needed.
    fn width(&self, before: &[usize]) -> f64 {
        let of = |tab: &usize| self.question.tabs[*tab].columns.iter().map(|c| width(self.table(*tab), c)).sum::<f64>();
        before.iter().map(of).sum::<f64>() + 8.0
    }

    fn lookup(
        &self,
        tab: usize,
        (at, ix): (usize, &Ix),
        before: &[usize],
        times: f64,
        quick: Option<&Quick>,
    ) -> Option<Access> {
        let (mut parts, mut joined, mut columns) = (0, false, Vec::new());
        for part in &ix.parts {
            if self.fixed(tab, &part.column).is_none() {
                if !self.joined(tab, &part.column, before) || part.cut {
                    break;
                }
                joined = true;
            }
            parts += 1;
            columns.push(part.column.clone());
        }
        if parts == 0 {
            return None;
        }
        let unique = ix.unique.is_some_and(|n| parts >= n);
        let rows = if unique {
            1.0
        } else if joined {
            let rows = self.per_key(tab, ix, parts)?;
            quick.map_or(rows, |quick| rows.min(quick.rows))
        } else {
            match quick {
                Some(quick) if quick.parts == parts => quick.rows,
                _ => {
                    let used: Vec<&Cond> = columns.iter().filter_map(|c| self.fixed(tab, c)).collect();
                    self.selected(tab, ix, &used, &columns)?
                }
            }
        };
        let size = self.size(tab);
        let finds = match (unique, joined) {
            (true, _) => Finds::One,
            (false, true) => Finds::Joined,
            (false, false) => Finds::Named,
        };
        Some(Access {
            tab,
            how: if unique { How::Unique } else { How::Lookup },
            index: Some(at),
            parts,
            covers: self.covers(tab, ix),
            rows,
            filter: self.filter(tab, &columns, before, rows),
            before: times,
            cost: self.model.lookups(size, Through { finds, ..self.through(tab, ix) }, times, rows),
            buffered: false,
        })
    }

    /// The part of the rows that is left by what a way of reading does not use, as the server reckons: what ranges of indexes tell, and for
    /// the rest, on MySQL, fixed parts.
    fn filter(&self, tab: usize, used: &[String], before: &[usize], read: f64) -> f64 {
        let all = self.known[tab].rows.max(1.0);
        let mut done: Vec<String> = used.to_vec();
        let mut part = 1.0_f64;
        for ix in self.indexes[tab].iter().filter(|ix| !ix.primary) {
            let Some(quick) = self.quick(tab, ix) else { continue };
            if quick.columns.iter().any(|c| done.contains(c)) {
                continue;
            }
            part *= (quick.rows / all).min(1.0);
            done.extend(quick.columns);
        }
        if *self.model != Model::MySql {
            return part.clamp(1e-9, 1.0);
        }
        for cond in &self.question.tabs[tab].conds {
            if cond.column.as_ref().is_some_and(|c| done.contains(c)) {
                continue;
            }
            #[expect(clippy::cast_precision_loss, reason = "a list that somebody wrote")]
            let values = cond.values as f64;
            part *= match cond.kind {
                Kind::Equal => EQUAL,
                Kind::OneOf => (EQUAL * values).min(0.5),
                Kind::Range
                    if values > 1.0
                        || cond.sql.as_deref().is_some_and(|s| s.to_ascii_lowercase().contains(" like ")) =>
                {
                    BETWEEN
                }
                Kind::Range if cond.sql.as_deref().is_some_and(|s| s.to_ascii_lowercase().contains("is not null")) => {
                    1.0 - EQUAL
                }
                Kind::Range => RANGE,
                Kind::NotEqual => 1.0 - EQUAL,
                Kind::Other => 1.0,
            };
        }
        for (left, right) in &self.question.joins {
            for (own, other) in [(left, right), (right, left)] {
                if own.0 == tab && before.contains(&other.0) && !done.contains(&own.1) {
                    part *= EQUAL;
                }
            }
        }
        part.max(0.05 / read.max(0.05)).min(1.0)
    }
}

/// Bytes of a column's values, on average.
pub(super) fn width(table: &Table, name: &str) -> f64 {
    let Some(column) = table.column(name) else { return 8.0 };
    let told = column.statistics.as_ref().map(|s| s.average_width).filter(|w| *w > 0.0);
    told.unwrap_or(8.0)
}
