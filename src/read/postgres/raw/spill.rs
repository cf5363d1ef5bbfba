//! What a node or one worker says about memory that was not enough.

use super::{
    count,
    key::{self, Take},
};
use crate::read::json::Value;

/// Facts of all operators that may spill; each says some of them.
#[derive(Debug, Default)]
pub(in crate::read::postgres) struct RawSpill {
    sort_method: Option<String>,
    sort_space_kb: Option<u64>,
    pub(super) sort_on_disk: bool,
    pub(super) hash_batches: Option<u64>,
    pub(in crate::read::postgres) original_hash_batches: Option<u64>,
    pub(super) hashagg_batches: Option<u64>,
    pub(super) disk_usage_kb: Option<u64>,
    pub(super) storage_kb: Option<u64>,
    pub(super) storage_on_disk: bool,
    pub(super) evictions: Option<u64>,
    pub(super) overflows: Option<u64>,
    pub(super) exact_blocks: Option<u64>,
    pub(super) lossy_blocks: Option<u64>,
}

impl RawSpill {
    /// Looks at a field without taking it: these stay in the node's extra, in the server's words.
    pub(super) fn look(&mut self, key: &str, value: Value<'_>) {
        if let Some(Take::Memory(look)) = key::find(key) {
            look(self, value);
        }
    }

    pub(super) fn sort_method(&mut self, value: Value<'_>) {
        self.sort_method = value.text().map(std::borrow::Cow::into_owned);
    }

    pub(super) fn sort_space(&mut self, value: Value<'_>) {
        self.sort_space_kb = self.sort_space_kb.max(count(value));
    }

    pub(super) fn sort_groups(&mut self, value: Value<'_>) {
        let peak = value.get("Sort Space Disk").and_then(|d| d.get("Peak Sort Space Used")).and_then(count);
        if peak.is_some() {
            self.sort_space_kb = self.sort_space_kb.max(peak);
            self.sort_on_disk = true;
            self.sort_method = value.get("Sort Methods Used").map(|m| m.texts().join(", "));
        }
    }

    /// Disk space of a sort, kB.
    pub(in crate::read::postgres) fn sort_disk_kb(&self) -> Option<u64> {
        self.sort_space_kb.filter(|_| self.sort_on_disk)
    }

    /// The method of a sort on disk.
    pub(in crate::read::postgres) fn disk_method(&self) -> Option<&str> {
        self.sort_method.as_deref().filter(|_| self.sort_on_disk)
    }

    /// Batches of a hash table.
    pub(in crate::read::postgres) fn hash_batches(&self) -> Option<u64> {
        self.hash_batches
    }

    /// Batches of a hash aggregate.
    pub(in crate::read::postgres) fn hashagg_batches(&self) -> Option<u64> {
        self.hashagg_batches
    }

    /// Disk space of a hash aggregate, kB.
    pub(in crate::read::postgres) fn disk_usage_kb(&self) -> Option<u64> {
        self.disk_usage_kb
    }

    /// Disk space of a stored input, kB.
    pub(in crate::read::postgres) fn storage_disk_kb(&self) -> Option<u64> {
        self.storage_kb.filter(|_| self.storage_on_disk)
    }

    /// Results that a cache threw away to make room for others.
    pub(in crate::read::postgres) fn evictions(&self) -> Option<u64> {
        self.evictions
    }

    /// Results that had no room in an empty cache.
    pub(in crate::read::postgres) fn overflows(&self) -> Option<u64> {
        self.overflows
    }

    /// Blocks of which a bitmap knew the rows.
    pub(in crate::read::postgres) fn exact_blocks(&self) -> Option<u64> {
        self.exact_blocks
    }

    /// Blocks of which a bitmap kept no more than that some row is there.
    pub(in crate::read::postgres) fn lossy_blocks(&self) -> Option<u64> {
        self.lossy_blocks
    }
}
