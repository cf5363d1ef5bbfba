//! Pages of relation files, byte for byte as PostgreSQL 12 to 18 writes them (little-endian, 8192 bytes).
//!
//! Sources: `storage/bufpage.h`, `access/nbtree.h`, `access/gin_private.h`, `access/brin_page.h`, `storage/checksum_impl.h`.

/// Bytes of a page.
pub(super) const PAGE: usize = 8192;
/// Where the special space of a B-tree page begins: `BTPageOpaqueData` has 16 bytes.
const BTREE_SPECIAL: usize = PAGE - 16;
/// Where contents begin, after `PageHeaderData`.
const CONTENTS: usize = 24;
/// `BTREE_MAGIC`.
const BTREE_MAGIC: u32 = 0x05_3162;
/// `btpo_flags`: leaf, root.
const LEAF: u16 = 1;
const ROOT: u16 = 2;
/// Highest level that a tree may plausibly have.
const HIGHEST: u32 = 30;

/// What the first page of a GIN index counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct GinCounts {
    /// All pages.
    pub(super) total: u32,
    /// Pages of the tree of keys.
    pub(super) entry: u32,
    /// Pages of lists and trees of row numbers.
    pub(super) data: u32,
    /// Keys.
    pub(super) entries: i64,
}

/// The first pages of a B-tree of `blocks` pages and a height (0: the root is a leaf): the metapage and leaf that PostgreSQL itself
/// just built, and above that leaf a chain of inner pages, each with one downlink. So the planner sees the height, and its looks
/// for the first or last value find a valid tree. The rest of the file is a hole.
///
/// `None` when `built` does not begin with a B-tree's metapage.
pub(super) fn btree(built: &[u8], height: u32, blocks: u64) -> Option<Vec<u8>> {
    let mut pages = built.get(..PAGE)?.to_vec();
    if u32_at(&pages, CONTENTS)? != BTREE_MAGIC {
        return None;
    }
    if blocks < 2 {
        return Some(pages);
    }
    let height = height.min(u32::try_from(blocks - 2).unwrap_or(u32::MAX)).min(HIGHEST);
    // Block n holds level n - 1, so that the root is the block above its height.
    for (at, value) in [(32, height + 1), (36, height), (40, height + 1), (44, height)] {
        put(&mut pages, at, &value.to_le_bytes());
    }
    let flags = LEAF | if height == 0 { ROOT } else { 0 };
    if let Some(leaf) = built.get(PAGE..2 * PAGE).filter(|leaf| leaf.iter().any(|b| *b != 0)) {
        let mut leaf = leaf.to_vec();
        put(&mut leaf, PAGE - 4, &flags.to_le_bytes());
        pages.extend(leaf);
    } else {
        pages.extend(btree_page(0, height == 0));
    }
    for level in 1..=height {
        pages.extend(btree_page(level, level == height));
    }
    Some(pages)
}

/// Whether PostgreSQL lets equal keys of this B-tree share their entry (`btm_allequalimage`).
pub(super) fn btree_deduplicates(built: &[u8]) -> bool {
    built.get(64).is_some_and(|b| *b != 0)
}

/// An empty leaf, or an inner page whose one entry, the lowest key, leads to block `level`, which holds the level below.
fn btree_page(level: u32, root: bool) -> Vec<u8> {
    let mut page = vec![0; PAGE];
    let (mut lower, mut upper) = (CONTENTS, BTREE_SPECIAL);
    if level > 0 {
        upper -= 8;
        lower += 4;
        // ItemIdData: offset, LP_NORMAL, length; then an IndexTuple of no columns (INDEX_ALT_TID_MASK) with the child's block.
        let item = small(upper) | 1 << 15 | 8 << 17;
        put(&mut page, CONTENTS, &item.to_le_bytes());
        put(&mut page, upper, &halves(level));
        put(&mut page, upper + 6, &(8_u16 | 0x2000).to_le_bytes());
    }
    let header = [small(lower), small(upper), small(BTREE_SPECIAL), small(PAGE) | 4];
    for (place, value) in header.into_iter().enumerate() {
        put(&mut page, 12 + 2 * place, &value.to_le_bytes()[..2]);
    }
    let flags = if level == 0 { LEAF } else { 0 } | if root { ROOT } else { 0 };
    put(&mut page, BTREE_SPECIAL + 8, &level.to_le_bytes());
    put(&mut page, BTREE_SPECIAL + 12, &flags.to_le_bytes());
    page
}

/// A block number as `BlockIdData`: the high half first.
fn halves(block: u32) -> [u8; 4] {
    let [a, b, c, d] = block.to_le_bytes();
    [c, d, a, b]
}

fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(0)
}

/// The first page of a GIN index with these counts and no pending entries.
pub(super) fn gin(built: &[u8], counts: GinCounts) -> Option<Vec<u8>> {
    let mut page = built.get(..PAGE)?.to_vec();
    let nowhere = u32::MAX.to_le_bytes();
    for at in [24, 28] {
        put(&mut page, at, &nowhere);
    }
    for at in [32, 36, 40, 44] {
        put(&mut page, at, &[0; 4]);
    }
    for (at, value) in [(48, counts.total), (52, counts.entry), (56, counts.data)] {
        put(&mut page, at, &value.to_le_bytes());
    }
    put(&mut page, 64, &counts.entries.to_le_bytes());
    Some(page)
}

/// What the first page of a GIN index counts.
pub(super) fn gin_counts(page: &[u8]) -> Option<GinCounts> {
    let entries = page.get(64..72)?.try_into().ok()?;
    Some(GinCounts {
        total: u32_at(page, 48)?,
        entry: u32_at(page, 52)?,
        data: u32_at(page, 56)?,
        entries: i64::from_le_bytes(entries),
    })
}

/// The first page of a BRIN index whose map of ranges ends on this block.
pub(super) fn brin(built: &[u8], last_map_block: u32) -> Option<Vec<u8>> {
    let mut page = built.get(..PAGE)?.to_vec();
    put(&mut page, 36, &last_map_block.to_le_bytes());
    Some(page)
}

/// Pages a range of a BRIN index covers, from its first page.
pub(super) fn brin_pages_per_range(page: &[u8]) -> Option<u32> {
    u32_at(page, 32).filter(|n| *n > 0)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn put(page: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = page.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

/// `checksumBaseOffsets`.
const OFFSETS: [u32; 32] = [
    0x5B1F_36E9,
    0xB852_5960,
    0x02AB_50AA,
    0x1DE6_6D2A,
    0x79FF_467A,
    0x9BB9_F8A3,
    0x217E_7CD2,
    0x83E1_3D2C,
    0xF8D4_474F,
    0xE39E_B970,
    0x42C6_AE16,
    0x9932_16FA,
    0x7B09_3B5D,
    0x98DA_FF3C,
    0xF718_902A,
    0x0B1C_9CDB,
    0xE58F_764B,
    0x1876_36BC,
    0x5D7B_3BB1,
    0xE73D_E7DE,
    0x92BE_C979,
    0xCCA6_C0B2,
    0x304A_0979,
    0x85AA_43D4,
    0x7831_25BB,
    0x6CA8_EAA2,
    0xE407_EAC6,
    0x4B5C_FC3E,
    0x9FBF_8C76,
    0x15CA_20BE,
    0xF2CA_9FD3,
    0x959B_D756,
];

/// Writes the checksum of every page that is not empty into it; `pages` begin with block 0 of their file.
pub(super) fn sign(pages: &mut [u8]) {
    for (block, page) in pages.chunks_exact_mut(PAGE).enumerate() {
        if page.iter().any(|b| *b != 0) {
            let sum = checksum(page, small(block));
            put(page, 8, &sum.to_le_bytes());
        }
    }
}

/// `pg_checksum_page`: 32 sums of FNV-1a side by side over the page without its checksum, mixed with the block's number.
fn checksum(page: &[u8], block: u32) -> u16 {
    let mix = |sum: u32, value: u32| {
        let mixed = sum ^ value;
        mixed.wrapping_mul(16_777_619) ^ (mixed >> 17)
    };
    let mut sums = OFFSETS;
    for (row, words) in page.chunks_exact(32 * 4).enumerate() {
        for (column, word) in words.chunks_exact(4).enumerate() {
            let mut word: [u8; 4] = [word[0], word[1], word[2], word[3]];
            if row == 0 && column == 2 {
                (word[0], word[1]) = (0, 0);
            }
            sums[column] = mix(sums[column], u32::from_le_bytes(word));
        }
    }
    for _ in 0..2 {
        for sum in &mut sums {
            *sum = mix(*sum, 0);
        }
    }
    let all = sums.iter().fold(0, |all, sum| all ^ sum) ^ block;
    u16::try_from(all % 65_535 + 1).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::{
        BTREE_MAGIC, GinCounts, PAGE, brin, btree, btree_deduplicates, checksum, gin, gin_counts, put, sign, u32_at,
    };

    fn meta() -> Vec<u8> {
        let mut page = vec![0; PAGE];
        put(&mut page, 24, &BTREE_MAGIC.to_le_bytes());
        page[64] = 1;
        page
    }

    #[test]
    fn a_tree_has_the_height_it_is_given_and_a_way_down_to_its_leaf() {
        for (height, blocks, expected) in [(0, 2, 0), (2, 500, 2), (3, 3, 1), (1, 1, 0)] {
            let pages = btree(&meta(), height, blocks).unwrap();
            assert!(btree_deduplicates(&pages));
            if blocks < 2 {
                assert_eq!(pages.len(), PAGE);
                continue;
            }
            assert_eq!(pages.len(), PAGE * (expected as usize + 2));
            assert_eq!((u32_at(&pages, 32), u32_at(&pages, 44)), (Some(expected + 1), Some(expected)));
            let mut block = (expected + 1) as usize;
            for level in (0..=expected).rev() {
                let page = &pages[block * PAGE..(block + 1) * PAGE];
                assert_eq!(u32_at(page, PAGE - 8), Some(level));
                let flags = u16::from_le_bytes([page[PAGE - 4], page[PAGE - 3]]);
                assert_eq!(flags, u16::from(level == 0) | (2 * u16::from(level == expected)));
                if level > 0 {
                    let item = u32_at(page, 24).unwrap();
                    let at = (item & 0x7fff) as usize;
                    assert_eq!((item >> 15 & 3, item >> 17), (1, 8), "a normal item of eight bytes");
                    block = usize::from(u16::from_le_bytes([page[at + 2], page[at + 3]]));
                }
            }
            assert_eq!(block, 1, "the leaf that was built");
        }
        assert_eq!(btree(&vec![0; PAGE], 1, 9), None);
        assert_eq!(btree(b"short", 1, 9), None);
    }

    #[test]
    fn counts_are_written_where_they_are_read() {
        let counts = GinCounts { total: 12, entry: 3, data: 8, entries: 70_000 };
        assert_eq!(gin_counts(&gin(&vec![7; PAGE], counts).unwrap()), Some(counts));
        assert_eq!(u32_at(&brin(&vec![0; PAGE], 5).unwrap(), 36), Some(5));
    }

    /// The bytes that are not zero.
    fn real_page() -> (Vec<u8>, u16) {
        let mut page = vec![0; PAGE];
        for (at, byte) in [
            (4, 200),
            (5, 40),
            (6, 118),
            (7, 1),
            (8, 180),
            (9, 135),
            (12, 72),
            (14, 240),
            (15, 31),
            (16, 240),
            (17, 31),
            (18, 4),
            (19, 32),
            (24, 98),
            (25, 49),
            (26, 5),
            (28, 4),
            (62, 240),
            (63, 191),
            (64, 1),
            (8188, 8),
        ] {
            page[at] = byte;
        }
        (page, 34740)
    }

    /// The checksum that PostgreSQL 15.20 wrote (`initdb -k`) on the metapage of an empty B-tree.
    #[test]
    fn checksums_are_those_of_the_server() {
        let (page, expected) = real_page();
        assert_eq!(checksum(&page, 0), expected);
        let mut pages = page.clone();
        pages[8..10].fill(0);
        pages.extend(vec![0; PAGE]);
        sign(&mut pages);
        assert_eq!(u16::from_le_bytes([pages[8], pages[9]]), expected);
        assert!(pages[PAGE..].iter().all(|b| *b == 0), "an empty page has none");
    }
}
