use crate::{
    diagnose::diagnose,
    export::{Comparison, Report, text::Options},
    plan::{Plan, diff::diff},
    read::read,
};

fn plan(document: &str) -> Plan {
    read(document).unwrap().remove(0)
}

const BEFORE: &str = r#"[{"Plan": {"Node Type": "Hash Join", "Hash Cond": "(o.customer_id = c.id)", "Total Cost": 900, "Plan Rows": 8,
 "Actual Total Time": 90, "Actual Rows": 8, "Actual Loops": 1, "Plans": [
 {"Node Type": "Seq Scan", "Parent Relationship": "Outer", "Relation Name": "orders", "Alias": "o", "Filter": "(total > 10)", "Total Cost": 800, "Plan Rows": 8,
  "Rows Removed by Filter": 200000, "Actual Total Time": 80, "Actual Rows": 8, "Actual Loops": 1},
 {"Node Type": "Hash", "Parent Relationship": "Inner", "Total Cost": 20, "Plan Rows": 5, "Actual Total Time": 2, "Actual Rows": 5, "Actual Loops": 1, "Plans": [
  {"Node Type": "Seq Scan", "Parent Relationship": "Outer", "Relation Name": "customers", "Alias": "c", "Total Cost": 20, "Plan Rows": 5,
   "Actual Total Time": 2, "Actual Rows": 5, "Actual Loops": 1}]}]}}]"#;

const AFTER: &str = r#"[{"Plan": {"Node Type": "Nested Loop", "Total Cost": 40, "Plan Rows": 8,
 "Actual Total Time": 3, "Actual Rows": 8, "Actual Loops": 1, "Plans": [
 {"Node Type": "Index Scan", "Parent Relationship": "Outer", "Relation Name": "orders", "Alias": "o", "Index Name": "ix_total", "Index Cond": "(total > 10)", "Total Cost": 12, "Plan Rows": 8,
  "Actual Total Time": 0.5, "Actual Rows": 8, "Actual Loops": 1},
 {"Node Type": "Seq Scan", "Parent Relationship": "Inner", "Relation Name": "customers", "Alias": "c", "Total Cost": 2, "Plan Rows": 5,
   "Actual Total Time": 0.2, "Actual Rows": 5, "Actual Loops": 8}]}}]"#;

fn compared(before: &str, after: &str) -> String {
    let (before, after) = (plan(before), plan(after));
    let (was, is) = (diagnose(&before, None), diagnose(&after, None));
    let comparison = Comparison {
        names: ("old.json", "new.json"),
        before: Report::new(&before, &was),
        after: Report::new(&after, &is),
        diff: &diff(&before, &after),
    };
    super::render(&comparison, &Options::plain(100))
}

#[test]
fn what_changed_in_kind_comes_first_and_then_the_numbers() {
    let text = compared(BEFORE, AFTER);
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("no {words:?} in\n{text}"));
    assert!(at("old.json · PostgreSQL") < at("new.json"));
    assert!(at("orders o: Seq Scan → Index Scan using ix_total") < at("gone: Hash"));
    assert!(at("gone: Hash") < at("cost: 900 → 40"), "kinds before numbers");
    assert!(at("time: 90 ms → 3.0 ms (×30 less)") < at("Own time of nodes"));
    assert!(at("80 ms → 0.50 ms  Index Scan using ix_total on orders o") < at("Before"));
    assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
}

#[test]
fn a_plan_and_itself_have_the_same_shape() {
    let text = compared(BEFORE, BEFORE);
    assert!(text.contains("The plans have the same shape"), "{text}");
    assert!(!text.contains("Own time") && !text.contains('~'), "{text}");
}

#[test]
fn a_filter_that_became_a_lookup_is_told_though_the_scan_is_the_same() {
    let scan = |condition: &str| {
        format!(
            r#"{{"Plan": {{"Node Type": "Index Scan", "Relation Name": "t", "Index Name": "i", "Total Cost": 5, {condition}}}}}"#
        )
    };
    let text = compared(&scan(r#""Filter": "(a = 1)""#), &scan(r#""Index Cond": "(a = 1)""#));
    assert!(
        text.contains("Index Scan using i on t: no filter any more, was (a = 1); new index condition (a = 1)"),
        "{text}"
    );
}
