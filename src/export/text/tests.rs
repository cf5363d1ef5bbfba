use super::{Options, render};
use crate::{
    advise::{Proposal, Verdict},
    export::{
        Report, Searched,
        samples::{finding, plan, proposal},
    },
    whatif::{Verification, Verified, verify::Runs},
};

#[test]
fn three_findings_are_told_in_full_and_the_fourth_in_a_line() {
    let (plan, findings) = (plan(None), ["one", "two", "three", "four"].map(finding));
    let report = Report::new(&plan, &findings);
    let text = render(&[report], &Options::plain(80));
    assert_eq!(text.matches("next  ").count(), 3, "{text}");
    assert!(text.contains(" 4. CRITICAL  four  Seq Scan on orders o (node 0)"), "{text}");
    let verbose = render(&[report], &Options { verbose: true, ..Options::plain(80) });
    assert_eq!(verbose.matches("next  ").count(), 4);
}

#[test]
fn nothing_of_a_server_reaches_the_terminal_as_a_command_and_no_line_is_ragged() {
    let (plan, findings) = (plan(None), [finding("t")]);
    for width in [10, 80, 100, 200] {
        let text = render(&[Report::new(&plan, &findings)], &Options::plain(width));
        assert!(!text.contains('\x1b') && text.contains("␛[2J"), "{text}");
        assert!(text.lines().all(|l| l.trim_end() == l && l.chars().count() <= width.max(60)), "{text}");
        assert!(text.ends_with('\n'));
    }
}

#[test]
fn a_proposal_shows_both_plans_below_each_other_or_side_by_side() {
    let (plan, proposals) = (plan(None), [proposal()]);
    let searched = Some(Searched { candidates: 1, explains: 2, seconds: 0.1 });
    let report = Report { proposals: &proposals, searched, ..Report::new(&plan, &[]) };
    let narrow = render(&[report], &Options::plain(100));
    assert!(narrow.contains("PROVED  btree index on public.orders (customer_id)"), "{narrow}");
    assert!(narrow.contains("35,811 → 8.40 (×4,263), index of 22 MB, by hypopg (close)"), "{narrow}");
    assert!(
        narrow.contains("do    CREATE INDEX CONCURRENTLY orders_customer_id_idx ON public.orders (customer_id);\n")
    );
    assert!(narrow.contains("undo  DROP INDEX CONCURRENTLY public.orders_customer_id_idx;\n"));
    assert!(narrow.lines().any(|l| l == "Before") && narrow.lines().any(|l| l == "After"), "{narrow}");
    let wide = render(&[report], &Options::plain(160));
    assert!(wide.lines().any(|l| l.starts_with("Before") && l.ends_with("After")), "{wide}");
    assert!(
        wide.lines().any(|l| l.contains("Seq Scan on orders o") && l.contains("Index Scan using <1>btree_orders")),
        "{wide}"
    );
}

#[test]
fn what_is_said_of_all_proposals_is_said_once() {
    let with = |notes: &[&str]| {
        let mut one = proposal();
        one.tried.as_mut().unwrap().notes = notes.iter().map(|note| (*note).to_owned()).collect();
        one
    };
    let untested = |reason: &str| {
        let reason = reason.to_owned();
        Proposal { verdict: Verdict::Untested, tried: None, reason, ..proposal() }
    };
    let plan = plan(None);
    let searched = Some(Searched { candidates: 1, explains: 2, seconds: 0.1 });
    let text = |proposals: &[Proposal]| {
        let report = Report { proposals, searched, ..Report::new(&plan, &[]) };
        render(&[report], &Options::plain(100))
    };
    let several = text(&[with(&["checked", "large"]), untested("no rows"), with(&["checked"]), untested("no rows")]);
    assert!(several.contains("    all   checked\n") && !several.contains("note  checked"), "{several}");
    assert!(several.contains("    note  large\n"), "{several}");
    assert_eq!(several.matches("no rows").count(), 1, "{several}");
    assert!(several.contains("    why   as for 2\n"), "{several}");
    let alone = text(&[with(&["checked"]), untested("no rows"), untested("no table")]);
    assert!(alone.contains("    note  checked\n") && !alone.contains("as for"), "{alone}");
}

#[test]
fn ascii_holds_for_all_that_is_ours() {
    let (plan, findings, proposals) = (plan(None), [finding("t")], [proposal()]);
    let searched = Some(Searched { candidates: 1, explains: 2, seconds: 0.1 });
    let report = Report { proposals: &proposals, searched, ..Report::new(&plan, &findings) };
    for width in [80, 160] {
        let text = render(&[report], &Options { ascii: true, ..Options::plain(width) });
        assert!(text.is_ascii(), "{text}");
    }
}

#[test]
fn colour_is_only_there_when_wanted() {
    let plan = plan(None);
    let report = Report::new(&plan, &[]);
    assert!(render(&[report], &Options { colour: true, ..Options::plain(80) }).contains("\x1b[1mPostgreSQL\x1b[0m"));
}

#[test]
fn an_index_that_was_built_on_a_copy_tells_its_time() {
    let (plan, proposals) = (plan(None), [proposal()]);
    let searched = Some(Searched { candidates: 1, explains: 2, seconds: 0.1 });
    let runs = |median_ms| Runs { first_ms: median_ms * 2.0, median_ms, runs: 4, blocks: Some(1_200) };
    let done =
        |after, used| Verified { before: runs(80.0), after: runs(after), used, size_bytes: Some(8192), build_ms: 20.0 };
    for (outcome, words) in [
        (Ok(done(8.0, true)), "80 ms → 8.0 ms, ×10 faster (medians of 3 runs; the first took 160 ms → 16 ms)"),
        (Ok(done(8.0, true)), "blocks 1,200 → 1,200; the index, 8.0 kB built in 20 ms"),
        (Ok(done(160.0, true)), "an estimate is not a time"),
        (Ok(done(79.0, false)), "the server did not read the index"),
        (Ok(done(79.0, true)), "no change beyond the noise"),
        (Err("no such table".to_owned()), "not measured: no such table"),
    ] {
        let verified = [Verification { proposal: 0, outcome }];
        let report = Report { proposals: &proposals, searched, verified: &verified, ..Report::new(&plan, &[]) };
        let text = render(&[report], &Options::plain(160));
        assert!(text.contains(words), "{words}: {text}");
    }
}
