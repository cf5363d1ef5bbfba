//! A set of indexes for one statement: what each does by itself, so that nobody takes the gain of all for that of one.

use super::{
    Proposal, Trial,
    judge::{LEAST_GAIN, price_of, shown, unit},
};
use crate::plan::Plan;

/// Tries each index of the set by itself, says what came of it, and puts the one first that does most alone. The number of plans asked for.
pub(super) async fn tell(trial: &mut dyn Trial, sql: &str, before: &Plan, set: &mut [Proposal]) -> usize {
    if set.len() < 2 {
        return 0;
    }
    let names: Vec<String> = set.iter().map(|p| p.name.clone()).collect();
    let mut order = Vec::with_capacity(set.len());
    for proposal in &mut *set {
        let others: Vec<&str> = names.iter().map(String::as_str).filter(|name| *name != proposal.name).collect();
        let others = others.join(", ");
        let answer = trial.try_set(&[sql], &[&proposal.candidate]).await.pop();
        let Some(Ok(alone)) = answer else {
            proposal.reason = format!("{}; that is with {others} too", proposal.reason);
            order.push(f64::INFINITY);
            continue;
        };
        let (unit, figure) = (unit(alone.plan.engine), shown(&alone.plan));
        let price = price_of(&alone.plan);
        proposal.reason = if price > price_of(before) * (1.0 - LEAST_GAIN) {
            format!("{}; only together with {others}: alone it leaves {unit} {figure}", proposal.reason)
        } else {
            format!("{}; that is with {others} too: alone it gives {unit} {figure}", proposal.reason)
        };
        proposal.cost_alone = alone.plan.total_cost();
        order.push(price);
    }
    let first = |name: &str| names.iter().position(|n| n == name).and_then(|at| order.get(at).copied());
    set.sort_by(|a, b| first(&a.name).unwrap_or(f64::INFINITY).total_cmp(&first(&b.name).unwrap_or(f64::INFINITY)));
    names.len()
}
