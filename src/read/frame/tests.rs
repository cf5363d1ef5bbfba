use super::unframe;

#[test]
fn frames_go_and_lines_stay() {
    for (framed, plain) in [
        (" [   +\n   {  +\n", " [\n   {\n"),
        ("| [   +|\n|   {  +|\n| ]    |\n", "  [\n    {\n  ]\n"),
        ("│ [   ↵│\n", "  [\n"),
        ("QUERY PLAN | [  +\n           | ]\n", "             [\n             ]\n"),
        ("| EXPLAIN |\n| {\n \"a\": 1\n} |\n", "  EXPLAIN\n  {\n \"a\": 1\n}\n"),
    ] {
        let out = unframe(framed);
        let trimmed: Vec<_> = out.text.lines().map(str::trim_end).collect();
        assert_eq!(trimmed, plain.lines().collect::<Vec<_>>());
        assert!(out.same_lines);
    }
}

#[test]
fn a_plain_document_passes_unchanged() {
    let text = "{\"Filter\": \"(a || b) + 1 | 2\",\n \"b\": \"x+\"}";
    assert_eq!(unframe(text).text, text);
}

#[test]
fn the_escapes_of_batch_mode_become_lines() {
    assert_eq!(unframe("EXPLAIN\n{\\n  \"a\": \"x\\\\\"y\"\\n}").text, "EXPLAIN\n{\n  \"a\": \"x\\\"y\"\n}");
}
