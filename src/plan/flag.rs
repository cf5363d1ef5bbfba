//! What stands out on a node.

/// What stands out on a node. The names are the contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flag {
    /// Every row of a table is read.
    FullScan,
    /// Every entry of an index is read.
    FullIndexScan,
    /// MySQL or MariaDB sorts outside an index; on PostgreSQL a sort node.
    Filesort,
    /// A temporary table is built.
    Temporary,
    /// Memory was not enough.
    Spill,
    /// Estimated and actual rows differ by ten times or more.
    Misestimate,
    /// The node never ran.
    NeverExecuted,
    /// Runs in parallel workers.
    Parallel,
    /// Answered from an index alone.
    Covering,
    /// Rows are buffered for a join without a usable index (MySQL `Using join buffer`).
    JoinBuffer,
    /// A sub-query that runs once per outer row.
    Dependent,
    /// The server stopped before the end; the numbers are of the part that ran.
    Partial,
}

impl Flag {
    /// The flag as the contract spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FullScan => "full-scan",
            Self::FullIndexScan => "full-index-scan",
            Self::Filesort => "filesort",
            Self::Temporary => "temporary",
            Self::Spill => "spill",
            Self::Misestimate => "misestimate",
            Self::NeverExecuted => "never-executed",
            Self::Parallel => "parallel",
            Self::Covering => "covering",
            Self::JoinBuffer => "join-buffer",
            Self::Dependent => "dependent",
            Self::Partial => "partial",
        }
    }
}

/// Every flag, in the order in which they are declared and shown.
const ALL: [Flag; 12] = [
    Flag::FullScan,
    Flag::FullIndexScan,
    Flag::Filesort,
    Flag::Temporary,
    Flag::Spill,
    Flag::Misestimate,
    Flag::NeverExecuted,
    Flag::Parallel,
    Flag::Covering,
    Flag::JoinBuffer,
    Flag::Dependent,
    Flag::Partial,
];

impl Flag {
    /// The flag of a [name](Flag::name).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|flag| flag.name() == name)
    }
}

/// A set of flags, in two bytes: a plan may have a hundred thousand nodes.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u16);

impl Flags {
    /// Whether the flag is in the set.
    #[must_use]
    pub const fn contains(self, flag: Flag) -> bool {
        self.0 & (1 << flag as u16) != 0
    }

    /// Adds a flag; a second time changes nothing.
    pub const fn push(&mut self, flag: Flag) {
        self.0 |= 1 << flag as u16;
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The flags in the order of [`Flag`].
    pub fn iter(self) -> impl Iterator<Item = Flag> {
        ALL.into_iter().filter(move |flag| self.contains(*flag))
    }
}

impl FromIterator<Flag> for Flags {
    fn from_iter<I: IntoIterator<Item = Flag>>(flags: I) -> Self {
        let mut set = Self::default();
        set.extend(flags);
        set
    }
}

impl Extend<Flag> for Flags {
    fn extend<I: IntoIterator<Item = Flag>>(&mut self, flags: I) {
        flags.into_iter().for_each(|flag| self.push(flag));
    }
}

impl std::fmt::Debug for Flags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl serde::Serialize for Flags {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, Flag, Flags};

    #[test]
    fn a_set_gives_each_flag_once_and_in_order() {
        let flags: Flags = [Flag::Partial, Flag::Spill, Flag::Partial].into_iter().collect();
        assert_eq!(flags.iter().collect::<Vec<_>>(), [Flag::Spill, Flag::Partial]);
        assert_eq!(serde_json::to_value(flags).unwrap(), serde_json::json!(["spill", "partial"]));
        assert!(flags.contains(Flag::Spill) && !flags.contains(Flag::Filesort) && Flags::default().is_empty());
        assert!(ALL.is_sorted(), "the order of showing is that of the declaration");
        assert!(ALL.iter().all(|flag| Flag::named(flag.name()) == Some(*flag)));
    }
}
