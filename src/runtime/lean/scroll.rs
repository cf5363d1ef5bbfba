//! A window of rows that moved on: the terminal moves what it shows by itself, and only what came in is sent.
//!
//! The region is set by DECSTBM and moved by line feeds at its bottom or reverse indexes at its top: what every terminal since the
//! VT100 does. It spans all columns, so only rows that moved as a whole count.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    ops::Range,
};

use ratatui::buffer::Cell;

use super::columns;

/// Rows that have to change before it is asked whether they only moved.
const WORTH_ASKING: usize = 4;

/// Cells that have to be spared, so that setting a region and taking it back pays.
const WORTH_MOVING: usize = 40;

/// A cell with its column and row.
pub(super) type Placed = (u16, u16, Cell);

/// What the terminal shows, row by row; what was never written is blank.
#[derive(Debug, Default)]
pub(super) struct Shown {
    rows: Vec<Vec<Cell>>,
}

/// A move of whole rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Move {
    /// The region.
    pub(super) rows: Range<usize>,
    /// Rows it moves up, or down where negative.
    pub(super) by: isize,
}

impl Shown {
    /// Nothing is shown any more.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
    }

    /// Takes what is written.
    pub(super) fn put<'a>(&mut self, cells: impl Iterator<Item = (u16, u16, &'a Cell)>) {
        for (x, y, cell) in cells {
            let (x, y) = (usize::from(x), usize::from(y));
            if self.rows.len() <= y {
                self.rows.resize(y + 1, Vec::new());
            }
            let row = &mut self.rows[y];
            if row.len() <= x {
                row.resize(x + 1, Cell::EMPTY);
            }
            row[x].clone_from(cell);
        }
    }

    /// What will be shown after those cells are written.
    fn after<'a>(&self, cells: impl Iterator<Item = (u16, u16, &'a Cell)>) -> Self {
        let mut out = Self { rows: self.rows.clone() };
        out.put(cells);
        // Rows that end in blanks are compared, so they have to be of one length.
        let wide = out.rows.iter().map(Vec::len).max().unwrap_or(0);
        out.rows.iter_mut().for_each(|row| row.resize(wide, Cell::EMPTY));
        out
    }

    fn cell(&self, x: usize, y: usize) -> &Cell {
        const BLANK: Cell = Cell::EMPTY;
        self.rows.get(y).and_then(|row| row.get(x)).unwrap_or(&BLANK)
    }

    /// Moves rows as the terminal does: what comes in is blank.
    fn shift(&mut self, moved: &Move) {
        let count = moved.by.unsigned_abs().min(moved.rows.len());
        self.rows.resize(self.rows.len().max(moved.rows.end), Vec::new());
        let region = &mut self.rows[moved.rows.clone()];
        if moved.by > 0 {
            region.rotate_left(count);
        } else {
            region.rotate_right(count);
        }
        let rows = region.len();
        let fresh = if moved.by > 0 { rows - count..rows } else { 0..count };
        region[fresh].iter_mut().for_each(Vec::clear);
    }

    /// Whether writing those cells is better done by moving rows first: the move, and the cells that then are to be written.
    pub(super) fn moved(&mut self, cells: &[(u16, u16, &Cell)]) -> Option<(Move, Vec<Placed>)> {
        let mut changed: Vec<usize> = cells.iter().map(|(_, y, _)| usize::from(*y)).collect();
        changed.dedup();
        if changed.len() < WORTH_ASKING {
            return None;
        }
        let target = self.after(cells.iter().copied());
        let before = self.after(std::iter::empty());
        let found = likely(&before, &target, &changed)?;
        let wide = target.rows.first().map_or(0, Vec::len);
        // A character of two columns leaves a cell behind it that is not what it seems.
        let is_plain = |row: &Vec<Cell>| row.iter().all(|cell| columns(cell) == 1);
        let all = |shown: &Self| shown.rows.get(found.rows.clone()).is_some_and(|rows| rows.iter().all(is_plain));
        if !all(&before) || !all(&target) {
            return None;
        }
        let mut moved = Self { rows: before.rows.clone() };
        moved.shift(&found);
        let mut left = Vec::new();
        for y in found.rows.clone() {
            for x in 0..wide {
                let cell = target.cell(x, y);
                if moved.cell(x, y) != cell
                    && let (Ok(x), Ok(y)) = (u16::try_from(x), u16::try_from(y))
                {
                    left.push((x, y, cell.clone()));
                }
            }
        }
        let inside = |y: u16| found.rows.contains(&usize::from(y));
        let spared = cells.iter().filter(|(_, y, _)| inside(*y)).count();
        if left.len() + WORTH_MOVING > spared {
            return None;
        }
        left.extend(cells.iter().filter(|(_, y, _)| !inside(*y)).map(|(x, y, cell)| (*x, *y, (*cell).clone())));
        left.sort_by_key(|(x, y, _)| (*y, *x));
        self.rows = target.rows;
        Some((found, left))
    }
}

/// The move that explains most of the rows that changed.
fn likely(before: &Shown, target: &Shown, changed: &[usize]) -> Option<Move> {
    let hash = |row: &Vec<Cell>| {
        let mut hasher = DefaultHasher::new();
        row.hash(&mut hasher);
        hasher.finish()
    };
    let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
    let known: Vec<u64> = before.rows.iter().map(hash).collect();
    for (y, hash) in known.iter().enumerate() {
        places.entry(*hash).or_default().push(y);
    }
    let mut votes: HashMap<isize, Vec<usize>> = HashMap::new();
    for y in changed {
        let Some(row) = target.rows.get(*y) else { continue };
        for from in places.get(&hash(row)).into_iter().flatten() {
            if let Some(by) = from.checked_signed_diff(*y).filter(|by| *by != 0) {
                votes.entry(by).or_default().push(*y);
            }
        }
    }
    let (by, rows) = votes.into_iter().max_by_key(|(by, rows)| (rows.len(), -by.abs(), *by))?;
    let (first, last) = (*rows.iter().min()?, *rows.iter().max()?);
    // Where they came from belongs to the region as well.
    let (from, to) = if by > 0 { (first, last.checked_add_signed(by)?) } else { (first.checked_add_signed(by)?, last) };
    Some(Move { rows: from..to + 1, by })
}
