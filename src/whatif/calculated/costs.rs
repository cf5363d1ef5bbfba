//! What each server's optimizer takes a way of reading a table to cost, by its own formulas.
//!
//! - **MySQL 8 and 9** (`sql/opt_costconstants.cc`, `handler::read_cost`, `index_scan_cost`, `table_scan_cost` of `sql/handler.cc`,
//!   `find_cost_for_ref` of `sql/sql_planner.cc`, `ha_innobase::read_time` of `storage/innobase/handler/ha_innodb.cc`): a row that is looked
//!   at 0.1, a page 0.25 in memory and 1 on disk; by an index that does not cover, a page for each row, bounded for `ref` by three scans.
//! - **MariaDB to 10.11** (`cost_for_index_read` of `sql/sql_select.cc`, `read_time` and `keyread_time` of `sql/handler.h` and
//!   `sql/handler.cc`): a page or a row fetched 1, a row that is looked at 0.2.
//! - **MariaDB from 11.0** (`sql/optimizer_costs.h`, `sql/optimizer_defaults.h`, `sql/handler.h`): milliseconds, of the microseconds that
//!   `information_schema.OPTIMIZER_COSTS` tells.
//!
//! All three were held against what MySQL 9.7.4, MariaDB 10.11 and 11.8.9 told of 98 statements with and without an index.

/// A storage engine's page, bytes.
pub(super) const PAGE: f64 = 16_384.0;
/// A row that is looked at (MySQL's `row_evaluate_cost`).
const EVALUATE: f64 = 0.1;
/// Rows that are looked at for one page read (MariaDB's `TIME_FOR_COMPARE` until 10.11).
const COMPARED: f64 = 5.0;

/// Which formulas.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Model {
    /// MySQL 8 and 9.
    MySql,
    /// MariaDB until 10.11.
    Pages,
    /// MariaDB from 11.0 on.
    Micros(Micros),
}

/// Microseconds of MariaDB's `OPTIMIZER_COSTS` and session variables.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Micros {
    pub(super) disk_read: f64,
    pub(super) disk_ratio: f64,
    pub(super) block_copy: f64,
    pub(super) key_copy: f64,
    pub(super) key_lookup: f64,
    pub(super) key_next: f64,
    pub(super) row_copy: f64,
    pub(super) row_lookup: f64,
    pub(super) row_next: f64,
    pub(super) whole: f64,
    pub(super) setup: f64,
}

impl Default for Micros {
    /// InnoDB's of MariaDB 11.8.
    fn default() -> Self {
        Self {
            disk_read: 10.24,
            disk_ratio: 0.02,
            block_copy: 0.0356,
            key_copy: 0.015_685,
            key_lookup: 0.791_12,
            key_next: 0.099,
            row_copy: 0.060_87,
            row_lookup: 0.765_97,
            row_next: 0.070_13,
            whole: 0.032,
            setup: 10.0,
        }
    }
}

impl Micros {
    /// Reading a page's four blocks of 4,096 bytes.
    fn io(&self) -> f64 {
        4.0 * self.disk_read * self.disk_ratio
    }

    /// Reading and copying a page.
    fn page(&self) -> f64 {
        self.io() + self.block_copy
    }
}

/// A table as the formulas see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Size {
    pub(super) rows: f64,
    pub(super) pages: f64,
    /// Of one of its pages (MySQL): by how much of it is in memory.
    pub(super) page: f64,
    /// Bytes of its primary key.
    pub(super) primary: f64,
    /// Bytes of the session's join buffer.
    pub(super) buffer: f64,
}

/// What a lookup by an index finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finds {
    /// One row at most.
    One,
    /// The rows of values that the statement names, of which the server estimates a range.
    Named,
    /// The rows of another table's values, of which it cannot.
    Joined,
}

/// An index as the formulas see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Through {
    /// Bytes of a key as defined.
    pub(super) key: f64,
    /// It holds all that is needed.
    pub(super) covers: bool,
    /// It is the primary key, in which the rows lie.
    pub(super) clustered: bool,
    /// What each lookup finds.
    pub(super) finds: Finds,
    /// Of one of its pages (MySQL).
    pub(super) page: f64,
}

impl Model {
    /// Every row, each looked at.
    pub(super) fn scan(&self, t: Size) -> f64 {
        match self {
            Self::MySql => t.pages * t.page + EVALUATE * t.rows,
            Self::Pages => t.pages + t.rows / COMPARED,
            Self::Micros(c) => (t.pages * c.page() + c.setup + t.rows * (c.row_next + c.row_copy + c.whole)) / 1e3,
        }
    }

    /// Every entry of an index that covers, each looked at.
    pub(super) fn index_scan(&self, t: Size, ix: Through) -> f64 {
        let pages = t.rows * (ix.key + t.primary) / PAGE + 1.0;
        match self {
            // MySQL takes an index in place of the table without asking what it costs.
            Self::MySql => self.scan(t),
            Self::Pages => t.rows / per_block(ix.key + t.primary, 0.75) + t.rows / COMPARED,
            Self::Micros(c) => (c.setup / 2.0 + pages * c.page() + t.rows * (c.key_next + c.key_copy + c.whole)) / 1e3,
        }
    }

    /// Every row for each of those before, which are kept in a buffer or hashed; a part of the table's rows passes its own conditions.
    pub(super) fn buffered(&self, t: Size, before: f64, width: f64, own: f64) -> f64 {
        let times = 1.0 + before * width / t.buffer.max(1.0);
        match self {
            Self::MySql => {
                let passed = t.rows * own;
                t.pages * t.page * times + EVALUATE * ((t.rows - passed) * times + before * passed)
            }
            Self::Pages => t.pages * times.floor() + before * t.rows / COMPARED,
            Self::Micros(c) => self.scan(t) * times.floor() + before * t.rows * own * (c.row_copy + c.whole) / 1e3,
        }
    }

    /// Lookups that find so many rows each, each looked at.
    pub(super) fn lookups(&self, t: Size, ix: Through, probes: f64, rows: f64) -> f64 {
        match self {
            Self::MySql => {
                let io = if ix.finds == Finds::One {
                    t.page
                } else if ix.covers {
                    entries(ix, t, rows) * ix.page
                } else if ix.clustered {
                    clustered(t, 1.0, rows) * t.page
                } else {
                    let worst = (t.rows / 10.0).min(3.0 * t.pages * t.page).max(2.0 * t.page);
                    (rows * t.page).min(worst)
                };
                probes * (io + EVALUATE * if ix.finds == Finds::One { 1.0 } else { rows })
            }
            Self::Pages => {
                let io = if ix.finds == Finds::One {
                    1.0
                } else if ix.covers {
                    rows / per_block(ix.key + t.primary, 0.75) + 1.0
                } else if ix.clustered {
                    1.0 + rows / t.rows.max(1.0) * t.pages
                } else if ix.finds == Finds::Joined {
                    // `handler::read_time` with one range; a value that is known takes its estimate from the range optimizer.
                    1.0 + rows
                } else {
                    rows
                };
                probes * (io + rows / COMPARED)
            }
            Self::Micros(c) => micro_lookups(c, t, ix, probes, rows) / 1e3,
        }
    }

    /// Ranges with so many rows together, each looked at.
    pub(super) fn range(&self, t: Size, ix: Through, ranges: f64, rows: f64) -> f64 {
        match self {
            Self::MySql => {
                let io = if ix.covers {
                    entries(ix, t, rows) * ix.page
                } else if ix.clustered {
                    clustered(t, ranges, rows) * t.page
                } else {
                    (ranges + rows) * t.page
                };
                io + 2.0 * EVALUATE * rows + 0.01
            }
            Self::Pages => {
                let io = if ix.covers {
                    rows / per_block(ix.key + t.primary, 0.75) + ranges
                } else if ix.clustered {
                    ranges + rows / t.rows.max(1.0) * t.pages
                } else {
                    ranges + rows
                };
                io + 2.0 * rows / COMPARED
            }
            Self::Micros(c) => {
                let one = Through { finds: Finds::Named, ..ix };
                (micro_lookups(c, t, one, 1.0, rows) + ranges * c.key_lookup) / 1e3
            }
        }
    }

    /// What the server compares an ordered read of a part of the table with: fetching so many rows in an index's order.
    pub(super) fn ordered(&self, t: Size, ix: Through, rows: f64) -> f64 {
        match self {
            Self::MySql => rows * t.page,
            Self::Pages if ix.covers => rows / per_block(ix.key + t.primary, 0.75) + 1.0,
            Self::Pages => rows,
            Self::Micros(c) => micro_lookups(c, t, Through { finds: Finds::Named, ..ix }, 1.0, rows) / 1e3,
        }
    }

    /// Looking at rows that are read (MySQL, MariaDB to 10.11).
    pub(super) fn evaluated(&self, rows: f64) -> f64 {
        match self {
            Self::MySql => EVALUATE * rows,
            Self::Pages => rows / COMPARED,
            Self::Micros(_) => 0.0,
        }
    }

    /// What one page of a new index costs (MySQL): nothing of it is in memory yet, as far as the server knows; and once it is read.
    pub(super) const fn new_page(once_read: bool) -> f64 {
        if once_read { 0.25 } else { 1.0 }
    }

    /// Rows of a join without statistics of the joined column (10.11 tells indexes selective by twice).
    pub(super) fn per_key(&self, rows: f64, distinct: f64) -> f64 {
        match self {
            Self::MySql => rows / distinct.max(1.0),
            Self::Pages => (rows / (2.0 * distinct.max(1.0))).floor().max(1.0),
            Self::Micros(_) => (rows / distinct.max(1.0)).floor().max(1.0),
        }
    }
}

/// Entries of a block that is filled by a part, as the servers reckon.
fn per_block(entry: f64, filled: f64) -> f64 {
    PAGE * filled / entry.max(1.0) + 1.0
}

/// Blocks of an index that rows take (`handler::index_only_read_time`).
fn entries(ix: Through, t: Size, rows: f64) -> f64 {
    (rows - 1.0).max(0.0) / per_block(ix.key + t.primary, 0.5) + 1.0
}

/// Pages of the table that rows take which lie together (`ha_innobase::read_time`).
fn clustered(t: Size, ranges: f64, rows: f64) -> f64 {
    if rows < 3.0 { rows.floor().max(1.0) } else { ranges + rows / t.rows.max(1.0) * t.pages }
}

fn micro_lookups(c: &Micros, t: Size, ix: Through, probes: f64, rows: f64) -> f64 {
    let table_io = (probes * rows).min(t.pages) * c.io();
    if ix.clustered {
        // Rows are found where the key is.
        let found =
            if ix.finds == Finds::One { c.row_copy + c.whole } else { rows * (c.row_next + c.row_copy + c.whole) };
        let io = (probes * (rows / t.rows.max(1.0) * t.pages).max(1.0)).min(t.pages) * c.io();
        return io + probes * (c.row_lookup + c.block_copy + found);
    }
    let key = ix.key + t.primary;
    let per = per_block(key, 0.75);
    let all = t.rows / per + 1.0;
    let blocks = (rows / per).floor().max(0.0) + 1.0;
    let index_io = (probes * blocks).min(all) * c.io() + probes * blocks * c.block_copy;
    let lookup = probes * c.key_lookup + index_io;
    if ix.covers {
        let next = if ix.finds == Finds::One { 0.0 } else { c.key_next };
        return lookup + probes * rows * (next + c.key_copy + c.whole);
    }
    let next = if ix.finds == Finds::One { 0.0 } else { c.key_next };
    lookup + table_io + probes * rows * (next + c.row_lookup + c.row_copy + c.whole + c.block_copy)
}

#[cfg(test)]
mod tests {
    use super::{Finds, Micros, Model, Size, Through};

    /// `orders` of the tests' shop.
    const ORDERS: Size = Size { rows: 199_183.0, pages: 801.0, page: 0.25, primary: 4.0, buffer: 262_144.0 };

    fn through(key: f64, covers: bool) -> Through {
        Through { key, covers, clustered: false, finds: Finds::Named, page: 1.0 }
    }

    fn alike(found: f64, told: f64, part: f64) {
        assert!((found / told - 1.0).abs() < part, "{found} instead of {told}");
    }

    #[test]
    fn mysql_told_these_costs() {
        let m = Model::MySql;
        alike(m.scan(ORDERS), 20_118.55, 1e-6);
        alike(m.lookups(ORDERS, through(4.0, false), 1.0, 975.0), 341.25, 1e-6);
        alike(m.lookups(ORDERS, through(50.0, false), 1.0, 2_886.0), 889.35, 1e-6);
        alike(m.lookups(ORDERS, through(50.0, true), 1.0, 6_127.0), 653.83, 1e-4);
        alike(m.range(ORDERS, through(5.0, false), 1.0, 4_493.0), 2_022.11, 1e-5);
    }

    #[test]
    fn mariadb_told_these_costs() {
        let m = Model::Micros(Micros::default());
        alike(m.scan(ORDERS), 33.161_523_8, 1e-6);
        for (rows, told) in [(1.0, 0.003_458_56), (3.0, 0.007_083_84), (975.0, 1.626_429_12)] {
            alike(m.lookups(ORDERS, through(4.0, false), 1.0, rows), told, 0.01);
        }
        alike(m.lookups(ORDERS, through(46.0, true), 1.0, 6_127.0), 0.920_900_115, 0.01);
        alike(m.range(ORDERS, through(5.0, false), 1.0, 4_493.0), 5.122_996_96, 0.01);
        let customers = Size { rows: 49_860.0, pages: 289.0, ..ORDERS };
        alike(m.lookups(customers, PRIMARY, 199_104.0, 1.0), 178.323_330_6, 0.01);
    }

    /// `customers`, found by its primary key.
    const PRIMARY: Through = Through { key: 4.0, covers: false, clustered: true, finds: Finds::One, page: 0.25 };

    /// MySQL 9.7.4: `Last_query_cost` and the optimizer trace of the shop, `orders` with indexes on `customer_id` and `status`.
    #[test]
    fn mysql_told_these_costs_of_keys_and_joins() {
        let m = Model::MySql;
        let orders = Size { rows: 199_261.0, ..ORDERS };
        let customers = Size { rows: 49_761.0, pages: 289.0, ..ORDERS };
        alike(m.scan(customers), 5_048.35, 1e-6);
        // id between 500 and 9000.
        let range = Through { finds: Finds::Named, ..PRIMARY };
        alike(m.range(orders, range, 1.0, 16_050.0), 3_216.101_767, 5e-3);
        // Two thirds of the table by an index: never more than three scans; and by one that covers.
        alike(m.lookups(orders, through(50.0, false), 1.0, 66_420.0), 7_242.749, 1e-6);
        alike(m.lookups(orders, through(50.0, true), 1.0, 66_420.0), 7_078.161_296, 1e-3);
        // Customers by their key for each order with a note; orders by theirs for each customer of a city.
        alike(m.lookups(customers, PRIMARY, 179_335.0, 1.0), 62_767.2, 1e-5);
        let joined = Through { finds: Finds::Joined, page: 0.25, ..through(4.0, false) };
        alike(m.lookups(orders, joined, 4_976.1, 4.9102), 8_551.78, 1e-4);
        // Without an index, by a hash of eleven buffers.
        let width = 10.77 * orders.buffer / 4_976.1;
        alike(m.buffered(orders, 4_976.1, width, 1.0), 99_156_600.0, 1e-4);
    }

    /// MariaDB 10.11.18: `Last_query_cost` and the optimizer trace of the shop, `orders` with indexes on `customer_id`, `status` and
    /// `created_at`.
    #[test]
    fn mariadb_to_10_11_told_these_costs() {
        let m = Model::Pages;
        let orders = Size { rows: 199_459.0, page: 1.0, ..ORDERS };
        let customers = Size { rows: 49_974.0, pages: 289.0, ..orders };
        alike(m.scan(orders), 40_692.8, 1e-6);
        alike(m.scan(customers), 10_283.8, 1e-6);
        alike(m.index_scan(orders, through(4.0, true)), 40_183.24, 5e-3);
        // customer_id = 3, status = 'returned' by an index that covers and by one that does not.
        alike(m.lookups(orders, through(4.0, false), 1.0, 975.0), 1_170.219_209, 1e-3);
        alike(m.lookups(orders, through(50.0, true), 1.0, 2_886.0), 590.226_276, 2e-3);
        alike(m.lookups(orders, through(50.0, false), 1.0, 2_886.0), 3_476.226_276, 5e-3);
        // Two days of created_at, alike, and ids between 500 and 9000.
        alike(m.range(orders, through(5.0, false), 1.0, 222.0), 310.968_388, 5e-3);
        alike(m.range(orders, through(5.0, true), 1.0, 222.0), 88.968_388, 0.02);
        alike(m.range(orders, Through { finds: Finds::Named, ..PRIMARY }, 1.0, 17_796.0), 7_145.457_49, 0.01);
        // Customers by their key for each order; orders by theirs for each customer, two each.
        alike(m.lookups(customers, PRIMARY, 199_459.0, 1.0), 280_043.6 - 40_692.8, 1e-6);
        let joined = Through { finds: Finds::Joined, ..through(4.0, false) };
        alike(m.lookups(orders, joined, 49_974.0, 2.0), 180_205.16 - 10_283.8, 1e-3);
        assert!((m.per_key(199_459.0, 49_000.0) - 2.0).abs() < 1e-9, "an index is told selective by twice");
        // Without an index: the whole table for each of eighteen buffers.
        let width = 17.5 * orders.buffer / customers.rows;
        alike(m.buffered(orders, customers.rows, width, 1.0), 1_993_577_515.0 - 10_283.8, 1e-6);
    }
}
