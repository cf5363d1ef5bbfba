//! The vocabulary read back: operators, roles and flags by the names that documents of this program give them.

use super::{Operator, Role};

/// Every operator that has a name of its own.
const OPERATORS: [Operator; 45] = [
    Operator::SeqScan,
    Operator::FullIndexScan,
    Operator::IndexScan,
    Operator::IndexOnlyScan,
    Operator::UniqueLookup,
    Operator::BitmapIndexScan,
    Operator::BitmapHeapScan,
    Operator::BitmapAnd,
    Operator::BitmapOr,
    Operator::IndexMerge,
    Operator::FullTextScan,
    Operator::TidScan,
    Operator::SubqueryScan,
    Operator::CteScan,
    Operator::WorkTableScan,
    Operator::FunctionScan,
    Operator::ValuesScan,
    Operator::ForeignScan,
    Operator::CustomScan,
    Operator::NestedLoop,
    Operator::HashJoin,
    Operator::MergeJoin,
    Operator::Hash,
    Operator::Sort,
    Operator::IncrementalSort,
    Operator::Aggregate,
    Operator::HashAggregate,
    Operator::GroupAggregate,
    Operator::TemporaryTable,
    Operator::WindowAgg,
    Operator::Unique,
    Operator::Limit,
    Operator::Append,
    Operator::MergeAppend,
    Operator::SetOp,
    Operator::RecursiveUnion,
    Operator::Materialize,
    Operator::Memoize,
    Operator::Gather,
    Operator::GatherMerge,
    Operator::LockRows,
    Operator::ModifyTable,
    Operator::Result,
    Operator::ProjectSet,
    Operator::Filter,
];

impl Operator {
    /// The operator of a [name](Operator::name); one that is none of ours stays as it is.
    #[must_use]
    pub fn named(name: &str) -> Self {
        OPERATORS
            .iter()
            .find(|operator| operator.name() == name)
            .cloned()
            .unwrap_or_else(|| Self::Other(name.to_owned()))
    }
}

impl Role {
    /// The role that the JSON contract spells so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "root" => Self::Root,
            "outer" => Self::Outer,
            "inner" => Self::Inner,
            "member" => Self::Member,
            "subplan" => Self::Subplan,
            "initplan" => Self::InitPlan,
            "cte" => Self::Cte,
            "union" => Self::Union,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{OPERATORS, Operator, Role};
    use crate::plan::Flag;

    #[test]
    fn every_name_is_that_of_one_operator() {
        let mut names: Vec<&str> = OPERATORS.iter().map(Operator::name).collect();
        for operator in &OPERATORS {
            assert_eq!(Operator::named(operator.name()), *operator);
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), OPERATORS.len());
        assert_eq!(Operator::named("Warp"), Operator::Other("Warp".to_owned()));
    }

    #[test]
    fn roles_and_flags_are_known_by_what_is_written() {
        for role in
            [Role::Root, Role::Outer, Role::Inner, Role::Member, Role::Subplan, Role::InitPlan, Role::Cte, Role::Union]
        {
            let written = serde_json::to_value(role).unwrap();
            assert_eq!(Role::named(written.as_str().unwrap()), Some(role));
        }
        assert_eq!(Flag::named("never-executed"), Some(Flag::NeverExecuted));
        assert_eq!(Flag::named("x"), None);
    }
}
