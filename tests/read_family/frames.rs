//! The same documents in every frame that a client, a driver or a log draws around them.

use super::{cases, plan, reads};
use whyslow::plan::Plan;

/// A table printed by another option of the client, made of the box.
fn reframed(boxed: &str, how: &str) -> String {
    let rows: Vec<Vec<&str>> = boxed
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let (heading, rows) = rows.split_first().unwrap();
    let lines: Vec<String> = match how {
        "vertical" => {
            let record = |(i, row): (usize, &Vec<&str>)| {
                let title = format!("*************************** {}. row ***************************", i + 1);
                let fields = heading.iter().zip(row).map(|(name, cell)| format!("{name:>13}: {cell}"));
                std::iter::once(title).chain(fields).collect::<Vec<_>>()
            };
            rows.iter().enumerate().flat_map(record).collect()
        }
        "headless" => rows.iter().map(|row| row.join("\t")).collect(),
        separator => std::iter::once(heading).chain(rows).map(|row| row.join(separator)).collect(),
    };
    lines.join("\n") + "\n"
}

#[test]
fn the_table_reads_the_same_in_every_frame() {
    for (server, format) in
        [("mysql-9.7", "traditional"), ("mariadb-11.8", "traditional"), ("mariadb-11.8", "analyze-traditional")]
    {
        for (case, formats) in cases(server) {
            let Some((_, boxed)) = formats.iter().find(|(name, _)| name == format) else { continue };
            let expected = plan(&case, format, boxed);
            for how in ["vertical", "headless", "\t", " | ", "|"] {
                if how == "|" && boxed.contains("filter|") || boxed.contains("|filter") {
                    // A bare bar inside a cell cannot be told from one between cells.
                    continue;
                }
                let text = reframed(boxed, how);
                let got = plan(&case, how, &text);
                assert_eq!(reads(&got), reads(&expected), "{server}/{case} {how:?}\n{text}");
                for id in expected.ids() {
                    assert_eq!(got.node(id).rows, expected.node(id).rows, "{server}/{case} {how:?}");
                }
            }
        }
    }
}

#[test]
fn the_tree_reads_the_same_in_every_frame() {
    for (case, formats) in cases("mysql-9.7") {
        let Some((_, tree)) = formats.iter().find(|(name, _)| name == "analyze-tree") else { continue };
        let expected = plan(&case, "tree", tree);
        let padded: Vec<_> = tree.trim_end().lines().map(|line| format!("| {line:<200} |")).collect();
        let padded = padded.join("\n");
        for (how, text) in [
            ("box", format!("+---+\n| EXPLAIN |\n+---+\n| {tree} |\n+---+\n1 row in set (0.00 sec)\n")),
            (
                "vertical",
                format!(
                    "*************************** 1. row ***************************\nEXPLAIN: {tree}\n1 row in set\n"
                ),
            ),
            ("batch", format!("EXPLAIN\n{}\\n\n", tree.trim_end().replace('\n', "\\n"))),
            ("every line in the box", format!("+---+\n| EXPLAIN |\n+---+\n{padded}\n+---+\n")),
            ("shifted", format!("        {}", tree.replace('\n', "\n        "))),
            ("a cell", format!("EXPLAIN\n\"{}\"\n", tree.trim_end())),
            ("a driver's rows", serde_json::json!([{"EXPLAIN": tree}]).to_string()),
        ] {
            let got = plan(&case, how, &text);
            let shape = |plan: &Plan| -> Vec<_> {
                plan.ids().map(|id| (plan.depth(id), plan.title(id), plan.node(id).rows)).collect()
            };
            assert_eq!(shape(&got), shape(&expected), "{case}, {how}");
        }
    }
}
