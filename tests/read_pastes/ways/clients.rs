//! What clients of the servers and their exports make of a result.
#![expect(clippy::format_collect, reason = "short texts")]

use super::{
    COLUMN, DOCUMENTS,
    Kind::{Json, Table, Text, Tree},
    LINES, Way, before, cells, each, escaped, html, name, records, table,
};

pub(super) const WAYS: &[Way] = &[
    // Clients.
    ("psql", COLUMN, |t| {
        format!("{:^60}\n{}\n{}(9 rows)\n\nTime: 1.234 ms\n", "QUERY PLAN", "-".repeat(62), before(t, " "))
    }),
    ("pgcli", COLUMN, |t| {
        let width = t.lines().map(|line| line.chars().count()).max().unwrap();
        format!(
            "+-{0:-<width$}-+\n| {1:<width$} |\n|-{0:-<width$}-|\n{2}+-{0:-<width$}-+\nEXPLAIN\nTime: 0.012s\n",
            "",
            name(t),
            each(t, |_, line| format!("| {line:<width$} |"))
        )
    }),
    ("Markdown of DBeaver", COLUMN, |t| {
        format!("|{}|\n|----------|\n{}", name(t), each(t, |_, line| format!("|{line}|")))
    }),
    ("Markdown", COLUMN, |t| {
        let width = t.lines().map(|line| line.chars().count()).max().unwrap();
        format!("| {:<width$} |\n| {:-<width$} |\n{}", name(t), ":", each(t, |_, line| format!("| {line:<width$} |")))
    }),
    ("psql csv", &[Text], |t| {
        format!(
            "{}\n{}",
            name(t),
            each(t, |_, line| if line.contains([',', '"']) {
                format!("\"{}\"", line.replace('"', "\"\""))
            } else {
                line.to_owned()
            })
        )
    }),
    ("psql unaligned", COLUMN, |t| format!("{}\n{t}(9 rows)\n", name(t))),
    ("psql html", COLUMN, |t| {
        format!(
            "<table border=\"1\">\n  <tr>\n    <th align=\"center\">{}</th>\n  </tr>\n{}</table>\n<p>(9 rows)<br />\n</p>\n",
            name(t),
            each(t, |_, line| {
                let bare = line.trim_start();
                let blanks = "&nbsp; ".repeat((line.len() - bare.len()) / 2);
                format!(
                    "  <tr valign=\"top\">\n    <td align=\"left\">{blanks}{}</td>\n  </tr>",
                    html(bare).replace("  ", "&nbsp; ")
                )
            })
        )
    }),
    ("psql latex", COLUMN, |t| {
        format!(
            "\\begin{{tabular}}{{l}}\n\\textit{{{}}} \\\\\n\\hline\n{}\\end{{tabular}}\n\n\\noindent (9 rows) \\\\\n\n",
            name(t),
            each(t, |_, line| format!(
                "{} \\\\",
                line.replace('_', "\\_")
                    .replace('%', "\\%")
                    .replace('$', "\\$")
                    .replace('>', "\\textgreater{}")
                    .replace('<', "\\textless{}")
                    .replace('#', "\\#")
                    .replace('&', "\\&")
            ))
        )
    }),
    ("psql asciidoc", COLUMN, |t| {
        format!(
            "\n[options=\"header\",cols=\"<l\",frame=\"none\"]\n|====\n^l|{}\n{}|====\n\n....\n(9 rows)\n....\n",
            name(t),
            each(t, |_, line| format!("|{}", line.replace('|', "\\|")))
        )
    }),
    ("mysql html", &[Tree, Json], |t| {
        format!("<TABLE BORDER=1><TR><TH>EXPLAIN</TH></TR><TR><TD>{}</TD></TR></TABLE>\n", html(t))
    }),
    ("mysql xml", &[Tree, Json], |t| {
        format!(
            "<?xml version=\"1.0\"?>\n\n<resultset statement=\"explain select 1\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n  <row>\n\t<field name=\"EXPLAIN\">{}</field>\n  </row>\n</resultset>\n",
            html(t)
        )
    }),
    ("mysql batch", &[Tree, Json], |t| {
        format!("EXPLAIN\n{}\n", t.trim_end().replace('\\', "\\\\").replace('\n', "\\n"))
    }),
    ("mysql raw", &[Tree, Json], |t| format!("EXPLAIN\n{t}\n")),
    ("mysql box", &[Tree, Json], |t| {
        format!(
            "mysql> explain select 1;\n+---+\n| EXPLAIN |\n+---+\n| {t} |\n+---+\n1 row in set (0.00 sec)\n\nmysql> \n"
        )
    }),
    ("mysql vertical", &[Tree, Json], |t| {
        format!("*************************** 1. row ***************************\nEXPLAIN: {t}1 row in set (0.00 sec)\n")
    }),
    ("mysql vertical, cited", &[Tree, Json], |t| {
        before(
            &format!(
                "*************************** 1. row ***************************\nEXPLAIN: {t}1 row in set (0.00 sec)\n"
            ),
            "> ",
        )
    }),
    ("Excel cell", DOCUMENTS, |t| format!("\"{}\"\n", t.trim_end().replace('"', "\"\""))),
    ("Excel cell with carriage returns", DOCUMENTS, |t| {
        format!("\"{}\"\r\n", t.trim_end().replace('"', "\"\"").replace('\n', "\r\n"))
    }),
    ("Excel cell beside another", &[Tree, Text], |t| format!("1\t\"{}\"\t12.5\n", t.trim_end().replace('"', "\"\""))),
    ("CSV of id and plan", DOCUMENTS, |t| format!("id,plan,ms\n1,\"{}\",12.5\n", t.trim_end().replace('"', "\"\""))),
    ("Workbench cell", &[Tree], |t| format!("'{}'\n", t.trim_end())),
    ("Workbench row", &[Tree], |t| format!("# EXPLAIN\n'{}'\n", t.trim_end())),
    ("SQL insert", LINES, |t| format!("INSERT INTO plans VALUES (1, '{}');\n", t.trim_end().replace('\'', "''"))),
    // The table.
    ("semicolons", &[Table], |t| each(t, |_, line| format!("{line};"))),
    ("a semicolon at the end", &[Table, Text, Tree, Json], |t| format!("{};\n", t.trim_end())),
    ("no borders", &[Table], |t| table(t, |_, row| row.join("\t"))),
    ("CSV", &[Table], |t| {
        table(t, |_, row| {
            row.iter()
                .map(|c| if c.contains(',') { format!("\"{c}\"") } else { c.clone() })
                .collect::<Vec<_>>()
                .join(",")
        })
    }),
    ("CSV, all quoted", &[Table], |t| {
        table(t, |_, row| row.iter().map(|c| format!("\"{}\"", c.replace('"', "\"\""))).collect::<Vec<_>>().join(","))
    }),
    ("CSV by semicolons", &[Table], |t| {
        table(t, |_, row| {
            row.iter()
                .map(|c| if c.contains(';') { format!("\"{c}\"") } else { c.clone() })
                .collect::<Vec<_>>()
                .join(";")
        })
    }),
    ("CSV by semicolons, all quoted", &[Table], |t| {
        table(t, |_, row| row.iter().map(|c| format!("\"{}\"", c.replace('"', "\"\""))).collect::<Vec<_>>().join(";"))
    }),
    ("CSV in single quotes", &[Table], |t| {
        table(t, |i, row| {
            if i == 0 {
                format!("# {}", row.join(", "))
            } else {
                row.iter()
                    .map(|c| if c == "NULL" { c.clone() } else { format!("'{}'", c.replace('\'', "\\'")) })
                    .collect::<Vec<_>>()
                    .join(",")
            }
        })
    }),
    ("tabs, quoted", &[Table], |t| {
        table(t, |_, row| row.iter().map(|c| format!("\"{}\"", c.replace('"', "\"\""))).collect::<Vec<_>>().join("\t"))
    }),
    ("Markdown table", &[Table], |t| {
        table(t, |i, row| {
            let line = format!("| {} |", row.join(" | "));
            if i == 0 { format!("{line}\n|{}", "---|".repeat(row.len())) } else { line }
        })
    }),
    ("Markdown table without blanks", &[Table], |t| {
        table(t, |i, row| {
            let line = format!("|{}|", row.join("|"));
            if i == 0 { format!("{line}\n|{}", "---|".repeat(row.len())) } else { line }
        })
    }),
    ("vertical", &[Table], |t| {
        let all = cells(t);
        all[1..]
            .iter()
            .enumerate()
            .map(|(i, row)| {
                let fields: String = all[0].iter().zip(row).map(|(n, c)| format!("{n:>13}: {c}\n")).collect();
                format!("*************************** {}. row ***************************\n{fields}", i + 1)
            })
            .collect()
    }),
    ("vertical, numbered", &[Table], |t| {
        let all = cells(t);
        let text: String = all[1..]
            .iter()
            .enumerate()
            .map(|(i, row)| {
                let fields: String = all[0].iter().zip(row).map(|(n, c)| format!("{n:>13}: {c}\n")).collect();
                format!("*************************** {}. row ***************************\n{fields}", i + 1)
            })
            .collect();
        each(&text, |i, line| format!("{:>6}\t{line}", i + 1))
    }),
    ("vertical, commented", &[Table], |t| {
        let all = cells(t);
        let text: String = all[1..]
            .iter()
            .enumerate()
            .map(|(i, row)| {
                let fields: String = all[0].iter().zip(row).map(|(n, c)| format!("{n:>13}: {c}\n")).collect();
                format!("*************************** {}. row ***************************\n{fields}", i + 1)
            })
            .collect();
        before(&text, "# ")
    }),
    ("rows of JSON", &[Table], |t| {
        let all = cells(t);
        let rows: Vec<serde_json::Value> = all[1..]
            .iter()
            .map(|row| {
                serde_json::Value::Object(
                    all[0]
                        .iter()
                        .zip(row)
                        .map(|(n, c)| {
                            (n.clone(), if c == "NULL" { serde_json::Value::Null } else { c.as_str().into() })
                        })
                        .collect(),
                )
            })
            .collect();
        serde_json::Value::from(rows).to_string()
    }),
    ("rows of JSON, numbers as such", &[Table], |t| {
        let all = cells(t);
        let rows: Vec<serde_json::Value> = all[1..]
            .iter()
            .map(|row| {
                serde_json::Value::Object(
                    all[0]
                        .iter()
                        .zip(row)
                        .map(|(n, c)| {
                            (
                                n.clone(),
                                if c == "NULL" {
                                    serde_json::Value::Null
                                } else if let (true, Ok(x)) = (n == "id" || n == "rows", c.parse::<i64>()) {
                                    x.into()
                                } else {
                                    c.as_str().into()
                                },
                            )
                        })
                        .collect(),
                )
            })
            .collect();
        serde_json::to_string_pretty(&rows).unwrap()
    }),
    ("rows of Python", &[Table], |t| {
        let rows = records(
            t,
            |n, c| {
                format!(
                    "'{n}': {}",
                    if c == "NULL" {
                        "None".to_owned()
                    } else if n == "id" || n == "rows" {
                        c.to_owned()
                    } else {
                        format!("'{}'", c.replace('\'', "\\'"))
                    }
                )
            },
            ", ",
            ("{", "}, "),
        );
        format!("[{}]\n", rows.trim_end_matches(", "))
    }),
    ("rows of Ruby", &[Table], |t| {
        let rows = records(
            t,
            |n, c| format!("\"{n}\"=>{}", if c == "NULL" { "nil".to_owned() } else { format!("\"{}\"", escaped(c)) }),
            ", ",
            ("{", "}, "),
        );
        format!("[{}]\n", rows.trim_end_matches(", "))
    }),
    ("rows of JavaScript", &[Table], |t| {
        let rows = records(
            t,
            |n, c| {
                format!(
                    "    {n}: {}",
                    if c == "NULL" { "null".to_owned() } else { format!("'{}'", c.replace('\'', "\\'")) }
                )
            },
            ",\n",
            ("  {\n", "\n  },\n"),
        );
        format!("[\n{rows}]\n")
    }),
    ("mysql xml table", &[Table], |t| {
        let rows = records(
            t,
            |n, c| {
                if c == "NULL" {
                    format!("\t<field name=\"{n}\" xsi:nil=\"true\" />")
                } else {
                    format!("\t<field name=\"{n}\">{}</field>", html(c))
                }
            },
            "\n",
            ("\n  <row>\n", "\n  </row>\n"),
        );
        format!(
            "<?xml version=\"1.0\"?>\n\n<resultset statement=\"explain select 1\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">{rows}</resultset>\n"
        )
    }),
    ("mysql html table", &[Table], |t| {
        let row = |tag: &str, row: &[String]| {
            format!("<TR>{}</TR>", row.iter().map(|c| format!("<{tag}>{}</{tag}>", html(c))).collect::<String>())
        };
        let all = cells(t);
        format!(
            "<TABLE BORDER=1>{}{}</TABLE>",
            row("TH", &all[0]),
            all[1..].iter().map(|r| row("TD", r)).collect::<String>()
        )
    }),
    ("DataGrip html table", &[Table], |t| {
        let row = |tag: &str, row: &[String]| {
            format!("<tr>{}</tr>\n", row.iter().map(|c| format!("<{tag}>{}</{tag}>", html(c))).collect::<String>())
        };
        let all = cells(t);
        format!(
            "<!DOCTYPE html>\n<html>\n<head>\n<title></title>\n</head>\n<body>\n<table border=\"1\" style=\"border-collapse:collapse\">\n{}{}</table>\n</body>\n</html>\n",
            row("th", &all[0]),
            all[1..].iter().map(|r| row("td", r)).collect::<String>()
        )
    }),
];
