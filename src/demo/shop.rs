//! The demo's data set: an online shop, as steps of SQL.

/// The whole of it; its head tells the format.
const SQL: &str = include_str!("shop.sql");

/// One step of making the data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// How long it takes on two cores, milliseconds: its share of the progress bar.
    pub(super) weight: u32,
    /// What it makes, for people.
    pub(super) label: &'static str,
    /// Its statements, each sent alone.
    pub(super) statements: Vec<&'static str>,
}

/// The steps in order.
pub(super) fn steps() -> Vec<Step> {
    SQL.split("\n--- ").skip(1).filter_map(step).collect()
}

fn step(text: &'static str) -> Option<Step> {
    let (head, body) = text.split_once('\n')?;
    let (weight, label) = head.split_once(' ')?;
    let statements = body.split(";\n").map(str::trim).filter(|s| !s.is_empty()).collect();
    Some(Step { weight: weight.parse().ok()?, label, statements })
}

/// A number that changes with the data set: FNV-1a over its text.
pub(super) fn fingerprint() -> u64 {
    SQL.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::{SQL, steps};

    #[test]
    fn every_step_of_the_data_set_is_read_whole() {
        let steps = steps();
        assert_eq!(steps.len(), SQL.lines().filter(|l| l.starts_with("--- ")).count());
        assert!(steps.iter().all(|s| s.weight > 0 && !s.label.is_empty()), "{steps:#?}");
        let statements: usize = steps.iter().map(|s| s.statements.len()).sum();
        assert_eq!(statements, SQL.lines().filter(|l| l.ends_with(';')).count());
    }

    #[test]
    fn a_table_is_filled_by_the_transaction_that_makes_it() {
        for step in
            steps().iter().filter(|s| s.statements.iter().any(|q| q.contains("\nINSERT") || q.starts_with("INSERT")))
        {
            assert_eq!(step.statements.first(), Some(&"BEGIN"), "{}", step.label);
            assert_eq!(step.statements.last(), Some(&"COMMIT"), "{}", step.label);
        }
    }
}
