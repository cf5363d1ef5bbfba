//! From a sample to its table: what ANALYZE makes of the rows it saw, when it takes them for all that there are, is put right here.

/// Distinct values of a table of `rows` rows, of which `sampled` were seen: `distinct` values, `once` of them in one row only. Haas and
/// Stokes, "An Estimator of the Number of Species from Quadrat Sampling" (1998): `n d / (n - f1 + f1 n / N)`, as PostgreSQL has it
/// (`analyze.c`, `mvdistinct.c`).
pub(super) fn distinct(sampled: f64, distinct: f64, once: f64, rows: f64) -> f64 {
    let denominator = sampled - once + once * sampled / rows.max(1.0);
    if denominator <= 0.0 {
        return rows;
    }
    (sampled * distinct / denominator).clamp(distinct, rows.max(distinct)).round()
}

/// `stadistinct` of so many distinct values (`analyze.c`): a tenth of the rows and more counts as a part of them.
pub(super) fn stored(distinct: f64, rows: f64) -> f64 {
    if distinct > 0.1 * rows { -(distinct / rows.max(1.0)).min(1.0) } else { distinct }
}

/// How often a combination must be in a sample to be common (`mcv.c`, `get_mincount_for_mcv_list`): its frequency is then known to a fifth.
pub(super) fn least_common(sampled: f64, rows: f64) -> f64 {
    let left = sampled * (rows - sampled);
    if left <= 0.0 {
        return 0.0;
    }
    left / (rows - sampled + 0.04 * sampled * (rows - 1.0))
}

/// How many of the commonest values are common enough to stand for themselves (`analyze.c`, `analyze_mcv_list`): `counts` of the sample,
/// largest first; `distinct` values and `nulls` (a part) in the table.
pub(super) fn common(counts: &[f64], distinct: f64, nulls: f64, sampled: f64, rows: f64) -> usize {
    let mut number = counts.len();
    if sampled >= rows || rows <= 1.0 {
        return number;
    }
    let mut before: f64 = counts.iter().take(number.saturating_sub(1)).sum();
    while number > 0 {
        let others = distinct - to_float(number - 1);
        let mut each = (1.0 - before / sampled - nulls).clamp(0.0, 1.0);
        if others > 1.0 {
            each /= others;
        }
        let last = counts[number - 1];
        let there = rows * last / sampled;
        let variance = sampled * there * (rows - there) * (rows - sampled) / (rows * rows * (rows - 1.0));
        if last > each * sampled + 2.0 * variance.max(0.0).sqrt() + 0.5 {
            break;
        }
        number -= 1;
        if let Some(next) = number.checked_sub(1) {
            before -= counts[next];
        }
    }
    number
}

#[expect(clippy::cast_precision_loss, reason = "at most ten thousand")]
fn to_float(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::{common, distinct, least_common, stored};

    #[test]
    fn distinct_values_are_foretold_from_those_seen_once() {
        // All rows are different; every value came twice; half of them once.
        assert!((distinct(30_000.0, 30_000.0, 30_000.0, 3e6) - 3e6).abs() < 1.0);
        assert!((distinct(30_000.0, 15_000.0, 0.0, 3e6) - 15_000.0).abs() < 1.0);
        let some = distinct(30_000.0, 20_000.0, 10_000.0, 3e6);
        assert!(some > 29_000.0 && some < 30_000.0, "{some}");
        // The whole table was seen.
        assert!((distinct(900.0, 700.0, 600.0, 900.0) - 700.0).abs() < 1e-9);
        assert!((stored(5.0, 1000.0) - 5.0).abs() < 1e-9);
        assert!((stored(500.0, 1000.0) + 0.5).abs() < 1e-9);
    }

    #[test]
    fn what_a_sample_holds_by_chance_is_not_common() {
        let counts = [9_000.0, 300.0, 3.0, 2.0, 2.0];
        assert_eq!(common(&counts, 20_000.0, 0.0, 30_000.0, 3e6), 2);
        assert_eq!(common(&counts, 5.0, 0.0, 30_000.0, 30_000.0), 5, "all rows were seen");
        assert!(least_common(30_000.0, 3e6) > 20.0 && least_common(30_000.0, 3e6) < 30.0);
        assert!(least_common(900.0, 900.0).abs() < 1e-9);
    }
}
