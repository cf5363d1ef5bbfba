//! How many pages a freshly built PostgreSQL B-tree takes.
//!
//! The one formula behind both the price of a proposal and the size of an index in a twin; who asks brings the bytes of an
//! entry. After PostgreSQL's `nbtsort.c` (`_bt_buildadd`, `_bt_sort_dedup_finish_pending`) and `nbtree.h`.

/// Bytes of a page without its header and its end.
const USABLE: f64 = 8_152.0;
/// A line pointer.
pub const POINTER: f64 = 4.0;
/// A leaf is full when what follows the pointers of the high key and of the next entry is less than a tenth of the page
/// (`BTREE_DEFAULT_FILLFACTOR`).
const FULL: f64 = USABLE - 2.0 * POINTER - 819.0;
/// How full inner pages are (`BTREE_NONLEAF_FILLFACTOR`).
const INNER_FILLED: f64 = 0.70;
/// Largest posting list, bytes (a tenth of a page, rounded down, without its line pointer), and each row's place in it.
const LIST: f64 = 808.0;
const PLACE: f64 = 6.0;
/// What rounding a posting list up to eight bytes adds on average.
const ROUNDING: f64 = 3.0;

/// What decides how large a B-tree is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Btree {
    /// Entries: rows of the table, or of a partial index's part of it.
    pub rows: f64,
    /// Average bytes of an entry without its line pointer: the 8 bytes before its columns, all columns in their alignment,
    /// rounded up to 8.
    pub entry: f64,
    /// Average bytes of the keys alone, in their alignment: what inner pages hold.
    pub keys: f64,
    /// Distinct keys, where equal ones share posting lists; `None` where they do not: unique and carrying indexes, servers before
    /// 13, types whose equal values may look different.
    pub shared: Option<f64>,
}

/// How large it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Built {
    /// Pages of 8192 bytes, the first one (the meta page) included.
    pub pages: u64,
    /// Levels above the leaves.
    pub height: u32,
}

impl Btree {
    /// The size of a fresh build.
    #[must_use]
    pub fn built(&self) -> Built {
        let rows = self.rows.max(0.0);
        let distinct = self.shared.unwrap_or(rows).clamp(1.0_f64.min(rows), rows.max(1.0)).max(1.0);
        let each = (rows / distinct).max(1.0);
        let one = self.entry + POINTER;
        let list = |places: f64| self.entry + PLACE * places + ROUNDING + POINTER;
        let (bytes, content) = if each < 1.0 + f64::EPSILON {
            // The entry that comes when a leaf is full goes to the next one.
            (rows * one, FULL - one / 2.0)
        } else if each < 2.0 {
            // Some keys come once, the others twice.
            (distinct * ((2.0 - each) * one + (each - 1.0) * list(2.0)), FULL - one / 2.0)
        } else {
            let most = ((LIST - self.entry) / PLACE).floor().max(2.0);
            // The last list of a key is half full.
            let lists = (each / most + 0.5).max(1.0);
            let bytes = distinct * (lists * list(0.0) + PLACE * each);
            let average = bytes / (distinct * lists);
            // A list that comes when a leaf is full still counts, as its rows will not be in the high key; but it must fit.
            (bytes, (FULL - one + average / 2.0).min(USABLE - POINTER - average))
        };
        let leaves = (bytes / content.max(1_000.0)).ceil().max(1.0);
        let fan = fan_out(self.keys);
        let (mut level, mut inner, mut height) = (leaves, 0.0, 0);
        while level > 1.0 {
            level = (level / fan).ceil();
            inner += level;
            height += 1;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
        Built { pages: (leaves + inner + 1.0).min(4_294_967_294.0) as u64, height }
    }
}

/// The height of a B-tree that exists, from its pages and the average bytes of its keys.
#[must_use]
pub fn height(pages: u64, keys: f64) -> u32 {
    if pages <= 2 {
        return 0;
    }
    let fan = fan_out(keys);
    #[expect(clippy::cast_precision_loss, reason = "a number of pages")]
    let mut level = (pages - 1) as f64 * (1.0 - 1.0 / fan);
    let mut height = 0;
    while level > 1.0 {
        level = (level / fan).ceil();
        height += 1;
    }
    height
}

fn fan_out(keys: f64) -> f64 {
    (USABLE * INNER_FILLED / (align(8.0 + keys) + POINTER)).max(2.0)
}

/// Bytes rounded up to eight.
#[must_use]
pub fn align(bytes: f64) -> f64 {
    (bytes / 8.0).ceil() * 8.0
}

#[cfg(test)]
mod tests {
    use super::{Btree, Built, height};

    #[test]
    fn sizes_are_those_of_real_indexes() {
        // Rows, bytes of an entry, distinct keys that share lists; pages and height of a fresh build, PostgreSQL 15.
        for (what, rows, entry, keys, shared, pages, levels, tolerance) in [
            ("unique int4", 1e5, 16.0, 4.0, None, 276, 1, 0.002),
            ("int4 of 1000 values", 2e5, 16.0, 4.0, Some(1e3), 169, 1, 0.03),
            ("int4 carrying an int4", 2e5, 16.0, 4.0, None, 551, 1, 0.003),
            ("int8", 1e6, 16.0, 8.0, None, 2_745, 2, 0.003),
            ("int4, 30 rows a value", 6_001_215.0, 16.0, 4.0, Some(2e5), 5_503, 2, 0.02),
            ("date, 2,376 rows a value", 6_001_215.0, 16.0, 4.0, Some(2_526.0), 5_212, 2, 0.04),
        ] {
            let built = Btree { rows, entry, keys, shared }.built();
            let off = f64::from(u32::try_from(built.pages).unwrap()) / f64::from(pages) - 1.0;
            assert!(off.abs() <= tolerance, "{what}: {} pages for {pages}", built.pages);
            assert!(built.height >= 1 && built.height.abs_diff(levels) <= 1, "{what}: {built:?}");
        }
    }

    #[test]
    fn the_smallest_is_a_meta_page_and_a_root() {
        for rows in [0.0, 1.0, 100.0] {
            for shared in [None, Some(1.0)] {
                let built = Btree { rows, entry: 16.0, keys: 4.0, shared }.built();
                assert_eq!(built, Built { pages: 2, height: 0 }, "{rows} {shared:?}");
            }
        }
    }

    #[test]
    fn a_height_follows_from_pages_and_keys() {
        for (pages, width, expected) in
            [(1, 4.0, 0), (2, 4.0, 0), (3, 4.0, 1), (276, 4.0, 1), (551, 4.0, 2), (2745, 8.0, 2)]
        {
            assert_eq!(height(pages, width), expected, "{pages}");
        }
    }
}
