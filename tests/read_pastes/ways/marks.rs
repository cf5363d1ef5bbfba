//! What editors, pages, chats, logs and programs put around and into lines.

use super::{
    ALL, COLUMN, DOCUMENTS,
    Kind::{Json, Table, Text, Tree, Xml, Yaml},
    LINES, Way, before, each, escaped, html, indented_with, name,
};

pub(super) const WAYS: &[Way] = &[
    // Numbers before the lines.
    ("cat -n", ALL, |t| each(t, |i, line| format!("{:>6}\t{line}", i + 1))),
    ("cat -n from 118", ALL, |t| each(t, |i, line| format!("{:>6}\t{line}", i + 118))),
    ("less -N", ALL, |t| each(t, |i, line| format!("{:>7} {line}", i + 1))),
    ("vim number", ALL, |t| each(t, |i, line| format!("{:>3} {line}", i + 1))),
    ("grep -n", ALL, |t| each(t, |i, line| format!("{}:{line}", i + 1))),
    ("grep -n of a file", ALL, |t| each(t, |i, line| format!("plan.txt:{}:{line}", i + 1))),
    ("bat", ALL, |t| {
        format!(
            "───────┬─────\n       │ File: plan.txt\n───────┼─────\n{}───────┴─────\n",
            each(t, |i, line| format!("{:>4}   │ {line}", i + 1))
        )
    }),
    ("numbers with a bar", ALL, |t| each(t, |i, line| format!("{:>3} | {line}", i + 1))),
    ("numbers with a point", ALL, |t| each(t, |i, line| format!("{}. {line}", i + 1))),
    ("numbers in brackets", ALL, |t| each(t, |i, line| format!("[{}] {line}", i + 1))),
    ("numbers of three digits", ALL, |t| each(t, |i, line| format!("{:03} {line}", i + 1))),
    ("numbers in a comment", ALL, |t| each(t, |i, line| format!("-- {:>3}: {line}", i + 1))),
    // Marks before the lines.
    ("mail", ALL, |t| before(t, "> ")),
    ("mail twice", ALL, |t| before(t, ">> ")),
    ("mail twice apart", ALL, |t| before(t, "> > ")),
    ("mail without blanks", ALL, |t| before(t, ">")),
    ("mail with words around", ALL, |t| {
        format!(
            "On Monday somebody wrote:\n> Hi,\n>\n> this one is slow:\n>\n{}>\n> Thanks\n\nHave you an index?\n",
            before(t, "> ")
        )
    }),
    ("mail in words", ALL, |t| {
        format!(
            "Hi,\n\nwe see this one here since we\nmoved to the new server.\n\n{}\nCan you help?\n\n-- \nBob\n",
            before(t, "> ")
        )
    }),
    ("SQL comment", ALL, |t| before(t, "-- ")),
    ("SQL comment below a statement", ALL, |t| {
        format!("select id\nfrom t\nwhere a > 7\norder by b;\n\n{}\nselect 2;\n", before(t, "-- "))
    }),
    ("SQL comment without blanks", &[Text, Yaml, Xml, Json, Table], |t| before(t, "--")),
    ("SQL comment further in", ALL, |t| before(t, "    -- ")),
    ("shell comment", ALL, |t| before(t, "# ")),
    ("C comment", ALL, |t| before(t, "// ")),
    ("Rust documentation", ALL, |t| before(t, "/// ")),
    ("Rust module", ALL, |t| before(t, "//! ")),
    ("Lisp comment", ALL, |t| before(t, ";; ")),
    ("TeX comment", ALL, |t| before(t, "% ")),
    ("Java comment", ALL, |t| format!("    /**\n{}     */\n", before(t, "     * "))),
    ("stars", ALL, |t| before(t, "* ")),
    ("C block comment", ALL, |t| format!("/*\n{t}*/\nselect 1;\n")),
    ("patch adding", ALL, |t| before(t, "+")),
    ("patch", ALL, |t| {
        format!("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1,{} @@\n{}", t.lines().count(), before(t, "+"))
    }),
    ("patch context", ALL, |t| before(t, " ")),
    ("bar", &[Text, Json, Yaml, Xml, Tree], |t| before(t, "| ")),
    ("pytest", ALL, |t| before(t, "E   ")),
    // Quotes.
    ("double quotes", ALL, |t| each(t, |_, line| format!("\"{}\"", line.replace('"', "\"\"")))),
    ("double quotes under a name", &[Text, Tree, Json, Yaml, Xml], |t| {
        format!("\"{}\"\n{}", name(t), each(t, |_, line| format!("\"{}\"", line.replace('"', "\"\""))))
    }),
    ("escaped quotes", ALL, |t| each(t, |_, line| format!("\"{}\"", escaped(line)))),
    ("escaped quotes and commas", ALL, |t| each(t, |_, line| format!("\"{}\",", escaped(line)))),
    ("single quotes", LINES, |t| each(t, |_, line| format!("'{line}'"))),
    ("single quotes and commas", LINES, |t| each(t, |_, line| format!("'{line}',"))),
    ("backticks", ALL, |t| each(t, |_, line| format!("`{line}`"))),
    ("curly quotes", LINES, |t| each(t, |_, line| format!("“{line}”"))),
    ("guillemets", LINES, |t| each(t, |_, line| format!("«{line}»"))),
    ("array of lines", ALL, |t| {
        format!(
            "[\n{}]\n",
            each(t, |_, line| format!("  \"{}\",", escaped(line))).trim_end().trim_end_matches(',').to_owned() + "\n"
        )
    }),
    ("array of lines on one", ALL, |t| serde_json::json!(t.lines().collect::<Vec<_>>()).to_string()),
    ("array of arrays", ALL, |t| serde_json::json!(t.lines().map(|line| [line]).collect::<Vec<_>>()).to_string()),
    ("concatenated in Java", ALL, |t| each(t, |_, line| format!("    \"{}\\n\" +", escaped(line)))),
    ("concatenated in C", ALL, |t| each(t, |_, line| format!("    \"{}\\n\"", escaped(line)))),
    ("concatenated in SQL", LINES, |t| each(t, |_, line| format!("'{}' ||", line.replace('\'', "''")))),
    ("string with a name", ALL, |t| format!("let plan = \"{}\";\n", escaped(t))),
    ("raw string", &[Text, Json, Tree, Table, Xml, Yaml], |t| format!("let plan = r#\"{t}\"#;\n")),
    ("Python docstring", ALL, |t| format!("    plan = \"\"\"\n{t}\"\"\"\n")),
    ("JavaScript template", ALL, |t| format!("const plan = `\n{t}`;\n")),
    ("one JSON string", ALL, |t| format!("\"{}\"\n", escaped(t.trim_end()))),
    ("one Python string", LINES, |t| {
        format!("'{}'\n", escaped(t.trim_end()).replace("\\\"", "\"").replace('\'', "\\'"))
    }),
    // What pages and chats do.
    ("fence", ALL, |t| format!("```\n{t}```\n")),
    ("fence with words", ALL, |t| format!("Here is the plan:\n\n```sql\n{t}```\n\nAny ideas?\n")),
    ("fence on the same line", ALL, |t| format!("```{}```\n", t.trim_end())),
    ("tildes", ALL, |t| format!("~~~ text\n{t}~~~\n")),
    ("fence cited", ALL, |t| format!("> ```\n{}> ```\n", before(t, "> "))),
    ("fence in a list", ALL, |t| format!("1. the plan:\n\n   ```\n{}   ```\n", before(t, "   "))),
    ("fence under a detail", ALL, |t| format!("<details><summary>Plan</summary>\n\n```\n{t}```\n\n</details>\n")),
    ("four blanks", ALL, |t| before(t, "    ")),
    ("a tab", &[Text, Json, Yaml, Xml, Tree, Table], |t| before(t, "\t")),
    ("Jira code", ALL, |t| format!("{{code:sql}}\n{t}{{code}}\n")),
    ("Jira noformat", ALL, |t| format!("{{noformat}}\n{t}{{noformat}}\n")),
    ("Jira on one line", ALL, |t| format!("{{noformat}}{}{{noformat}}\n", t.trim_end())),
    ("bulletin board", ALL, |t| format!("[code]\n{t}[/code]\n")),
    ("bulletin board on one line", ALL, |t| format!("[code]{}[/code]\n", t.trim_end())),
    ("HTML pre", ALL, |t| format!("<pre><code>{}</code></pre>\n", html(t))),
    ("HTML pre, unescaped", &[Text, Json, Yaml, Tree, Table], |t| format!("<pre>\n{t}</pre>\n")),
    ("HTML breaks", &[Text, Yaml, Tree, Table], |t| each(t, |_, line| html(line).replace("  ", "&nbsp; ") + "<br>")),
    ("reST", ALL, |t| format!("The plan::\n\n{}\nAnd so on.\n", before(t, "    "))),
    ("AsciiDoc", ALL, |t| format!("[source,sql]\n----\n{t}----\n")),
    ("Org", ALL, |t| format!("#+BEGIN_SRC sql\n{t}#+END_SRC\n")),
    // Blanks that are none.
    ("no-break blanks", ALL, |t| t.replace(' ', "\u{a0}")),
    ("no-break indentation", ALL, |t| each(t, |_, line| indented_with(line, "\u{a0}"))),
    ("no-break every other", ALL, |t| t.replace("  ", "\u{a0} ")),
    ("no-break every other, the second", ALL, |t| t.replace("  ", " \u{a0}")),
    ("figure blanks", ALL, |t| each(t, |_, line| indented_with(line, "\u{2007}"))),
    ("narrow blanks", ALL, |t| t.replace(' ', "\u{202f}")),
    ("wide blanks", &[Json, Xml], |t| each(t, |_, line| indented_with(line, "\u{3000}"))),
    ("en blanks", ALL, |t| each(t, |_, line| indented_with(line, "\u{2002}"))),
    ("entities", &[Text, Tree], |t| t.replace("  ", "&nbsp; ").replace('>', "&gt;").replace('<', "&lt;")),
    ("trailing blanks", ALL, |t| each(t, |_, line| format!("{line}   "))),
    ("a blank line between", &[Text, Json, Tree, Xml], |t| each(t, |_, line| format!("{line}\n"))),
    ("carriage returns", ALL, |t| t.replace('\n', "\r\n")),
    ("carriage returns alone", ALL, |t| t.replace('\n', "\r")),
    ("carriage returns twice", ALL, |t| t.replace('\n', "\r\r\n")),
    ("form feeds", ALL, |t| format!("\u{c}{t}\u{c}")),
    ("line separators", ALL, |t| t.replace('\n', "\u{2028}")),
    ("vertical tabs", ALL, |t| t.replace('\n', "\u{b}")),
    ("tabs of two", &[Json, Xml], |t| each(t, |_, line| indented_with(line, " ").replace("  ", "\t"))),
    ("unexpanded", &[Text, Json, Tree, Xml], |t| {
        each(t, |_, line| {
            let bare = line.trim_start_matches(' ');
            let blanks = line.len() - bare.len();
            "\t".repeat(blanks / 8) + &" ".repeat(blanks % 8) + bare
        })
    }),
    ("tabs of four", &[Tree], |t| {
        each(t, |_, line| {
            let bare = line.trim_start_matches(' ');
            "\t".repeat((line.len() - bare.len()) / 4) + bare
        })
    }),
    ("byte order mark", ALL, |t| format!("\u{feff}{t}")),
    ("zero-width blanks", ALL, |t| each(t, |_, line| format!("\u{200b}{line}\u{200b}"))),
    ("joiners", ALL, |t| each(t, |_, line| format!("\u{2060}{line}"))),
    ("marks of direction", ALL, |t| each(t, |_, line| format!("\u{200e}{line}\u{200e}"))),
    ("isolates", ALL, |t| format!("\u{2068}{t}\u{2069}")),
    ("zero-width inside", &[Text, Tree], |t| t.replace(" (cost", " \u{200b}(cost").replace("->", "-\u{200d}>")),
    ("soft hyphens", &[Text, Tree], |t| t.replace("cost", "co\u{ad}st").replace("loop", "lo\u{ad}op")),
    ("curly quotes in JSON", &[Json], |t| {
        let mut open = false;
        t.chars()
            .map(|c| {
                if c == '"' {
                    open = !open;
                    if open { '“' } else { '”' }
                } else {
                    c
                }
            })
            .collect()
    }),
    ("one curly quote in JSON", &[Json], |t| t.replace('"', "”")),
    ("low quotes in JSON", &[Json], |t| {
        let mut open = false;
        t.chars()
            .map(|c| {
                if c == '"' {
                    open = !open;
                    if open { '„' } else { '“' }
                } else {
                    c
                }
            })
            .collect()
    }),
    ("arrows by a typesetter", &[Text, Tree], |t| t.replace("->", "→")),
    ("dashes by a typesetter", &[Text, Tree], |t| t.replace("->", "–>")),
    // Colours.
    ("colour of the first line", ALL, |t| format!("\u{1b}[1;33m{}", t.replacen('\n', "\u{1b}[0m\n", 1))),
    ("colours of all lines", ALL, |t| each(t, |_, line| format!("\u{1b}[38;5;12m{line}\u{1b}[0m\u{1b}[K"))),
    ("colours inside of lines", ALL, |t| {
        t.replace("rows", "\u{1b}[31mrows\u{1b}[39m")
            .replace("->", "\u{1b}[2m->\u{1b}[22m")
            .replace('"', "\u{1b}[32m\"\u{1b}[0m")
    }),
    ("colours without their escape", &[Text, Tree], |t| each(t, |_, line| format!("[1;33m{line}[0m"))),
    ("links of a terminal", &[Text, Tree, Json], |t| format!("\u{1b}]8;;https://x.org\u{1b}\\{t}\u{1b}]8;;\u{1b}\\")),
    ("title of a terminal", ALL, |t| format!("\u{1b}]0;db\u{7}{t}")),
    ("bracketed paste", ALL, |t| format!("\u{1b}[200~{t}\u{1b}[201~")),
    // Logs.
    ("docker compose", ALL, |t| before(t, "db-1       | ")),
    ("docker compose, two services", &[Json, Yaml, Xml, Table], |t| {
        format!("web-1      | GET / 200\n{}web-1      | GET /x 200\n", before(t, "db-1       | "))
    }),
    ("docker times", ALL, |t| each(t, |i, line| format!("2026-11-27T19:58:54.{:09}Z {line}", 123_456_789 + i * 1234))),
    ("kubernetes", ALL, |t| {
        each(t, |i, line| format!("2026-11-27T19:58:54.{:09}Z stdout F {line}", 123_456_789 + i * 1234))
    }),
    ("kubectl with a prefix", ALL, |t| before(t, "[pod/db-0/postgres] ")),
    ("stern", ALL, |t| before(t, "db-0 postgres ")),
    ("journal", ALL, |t| before(t, "Nov 27 19:58:54 host postgres[123]: ")),
    ("journal, ISO", ALL, |t| before(t, "2026-11-27T19:58:54+0000 host app[123]: ")),
    ("syslog", ALL, |t| each(t, |i, line| format!("Nov 27 19:58:5{} db app[4711]: {line}", i % 10))),
    ("RFC 5424", ALL, |t| before(t, "<165>1 2026-11-27T19:58:54.003Z host app 123 ID47 - ")),
    ("GitHub Actions", ALL, |t| each(t, |i, line| format!("2026-11-27T19:58:{:02}.1234567Z {line}", i % 60))),
    ("GitHub Actions by gh", ALL, |t| {
        each(t, |i, line| format!("test\tRun tests\t2026-11-27T19:58:{:02}.1234567Z {line}", i % 60))
    }),
    ("Heroku", ALL, |t| {
        each(t, |i, line| {
            format!("2026-11-27T19:58:{:02}+00:00 app[postgres.{}]: [DATABASE] [{}-1] {line}", i % 60, 4242, i + 5)
        })
    }),
    ("Python logging", ALL, |t| before(t, "2026-11-27 19:58:54,123 DEBUG sql: ")),
    ("Python logging with a name", ALL, |t| before(t, "DEBUG:app.db:")),
    ("Java logging", ALL, |t| before(t, "19:58:54.123 [main] DEBUG c.e.Repository - ")),
    ("Rails", ALL, |t| before(t, "D, [2026-11-27T19:58:54.123456 #4242] DEBUG -- : ")),
    ("Rails tagged", ALL, |t| before(t, "[6b2f0c4e-7d1b-4c55-9a9d-d8b4fd3f6b8e] ")),
    ("Rust tracing", ALL, |t| before(t, "2026-11-27T19:58:54.123456Z DEBUG app::db: ")),
    ("Maven", ALL, |t| before(t, "[INFO] ")),
    ("stdout of a test", ALL, |t| before(t, "[stdout] ")),
    ("JSON log", ALL, |t| serde_json::json!({"time": "2026-11-27", "level": "debug", "msg": t}).to_string() + "\n"),
    ("JSON log with words", ALL, |t| {
        serde_json::json!({"time": "2026-11-27", "log": format!("slow query, plan:\n{t}")}).to_string() + "\n"
    }),
    ("JSON log of lines", ALL, |t| {
        each(t, |_, line| {
            serde_json::json!({"log": format!("{line}\n"), "stream": "stdout", "time": "2026-11-27T19:58:54.1Z"})
                .to_string()
        })
    }),
    ("JSON log of lines, named message", ALL, |t| {
        each(t, |_, line| {
            serde_json::json!({"@timestamp": "2026-11-27T19:58:54.1Z", "level": "INFO", "message": line}).to_string()
        })
    }),
    ("JSON log within JSON", ALL, |t| {
        let inner = serde_json::json!({"plan": t}).to_string();
        serde_json::json!({"time": "2026-11-27", "msg": inner}).to_string()
    }),
    ("logfmt", ALL, |t| format!("time=2026-11-27T19:58:54Z level=info msg=\"slow\" plan=\"{}\"\n", escaped(t))),
    // Values as programs print them.
    ("rows of objects", COLUMN, |t| {
        serde_json::json!(t.trim_end().lines().map(|line| serde_json::json!({name(t): line})).collect::<Vec<_>>())
            .to_string()
    }),
    ("rows of objects, pretty", COLUMN, |t| {
        serde_json::to_string_pretty(
            &t.trim_end().lines().map(|line| serde_json::json!({name(t): line})).collect::<Vec<_>>(),
        )
        .unwrap()
    }),
    ("rows of objects, a line each", COLUMN, |t| each(t, |_, line| serde_json::json!({name(t): line}).to_string())),
    ("row of an object", DOCUMENTS, |t| serde_json::json!([{name(t): t}]).to_string()),
    ("DataGrip rows", COLUMN, |t| {
        format!("[\n{}]\n", each(t, |_, line| format!("  {{\n    \"{}\": \"{}\"\n  }},", name(t), escaped(line))))
    }),
    ("DBeaver rows", COLUMN, |t| {
        format!(
            "{{\n\"EXPLAIN ANALYZE select * from t\": [\n{}]}}\n",
            each(t, |_, line| format!("\t{{\n\t\t\"{}\" : \"{}\"\n\t}},", name(t), escaped(line)))
        )
    }),
    ("Python tuples", COLUMN, |t| {
        format!(
            "[{}]\n",
            t.trim_end()
                .lines()
                .map(|line| format!("('{}',)", line.replace('\'', "\\'")))
                .collect::<Vec<_>>()
                .join(", ")
        )
    }),
    ("Python tuples by line", COLUMN, |t| each(t, |_, line| format!("('{}',)", line.replace('\'', "\\'")))),
    ("Python tuple of a document", &[Tree, Text, Yaml, Xml], |t| {
        format!("[('{}',)]\n", escaped(t).replace("\\\"", "\"").replace('\'', "\\'"))
    }),
    ("Python dictionaries", COLUMN, |t| {
        format!(
            "[{}]\n",
            t.trim_end()
                .lines()
                .map(|line| format!("{{'{}': '{}'}}", name(t), line.replace('\'', "\\'")))
                .collect::<Vec<_>>()
                .join(", ")
        )
    }),
    ("Python rows", COLUMN, |t| each(t, |_, line| format!("Row(plan='{}')", line.replace('\'', "\\'")))),
    ("Python JSON", &[Json], |t| {
        let value: serde_json::Value = serde_json::from_str(t).unwrap();
        python(&value)
    }),
    ("Python rows of JSON", &[Json], |t| {
        let value: serde_json::Value = serde_json::from_str(t).unwrap();
        format!("[({},)]", python(&value))
    }),
    ("Ruby rows", COLUMN, |t| {
        format!(
            "[{}]\n",
            t.trim_end()
                .lines()
                .map(|line| format!("{{\"{}\"=>\"{}\"}}", name(t), escaped(line)))
                .collect::<Vec<_>>()
                .join(", ")
        )
    }),
    ("Ruby rows of 3.4", COLUMN, |t| {
        format!(
            "[{}]\n",
            t.trim_end()
                .lines()
                .map(|line| format!("{{\"{}\" => \"{}\"}}", name(t), escaped(line)))
                .collect::<Vec<_>>()
                .join(", ")
        )
    }),
    ("Ruby JSON", &[Json], |t| t.replace("\": ", "\"=>").replace("null", "nil")),
    ("JavaScript rows", COLUMN, |t| {
        format!("[\n{}]\n", each(t, |_, line| format!("  {{ '{}': '{}' }},", name(t), line.replace('\'', "\\'"))))
    }),
    ("Go rows", COLUMN, |t| each(t, |_, line| format!("map[{}:{line}]", name(t)))),
    ("PHP rows", COLUMN, |t| {
        format!(
            "Array\n(\n{})\n",
            each(t, |i, line| format!(
                "    [{i}] => Array\n        (\n            [{}] => {line}\n        )\n",
                name(t)
            ))
        )
    }),
    ("PHP dump", &[Tree], |t| {
        format!(
            "array({}) {{\n{}}}\n",
            t.lines().count(),
            each(t, |i, line| format!(
                "  [{i}]=>\n  array(1) {{\n    [\"{}\"]=>\n    string({}) \"{line}\"\n  }}",
                name(t),
                line.len()
            ))
        )
    }),
    ("Rust strings", ALL, |t| {
        format!("[{}]\n", t.trim_end().lines().map(|line| format!("{line:?}")).collect::<Vec<_>>().join(", "))
    }),
    ("Rust strings, pretty", ALL, |t| format!("{:#?}\n", t.trim_end().lines().collect::<Vec<_>>())),
    ("Rust option", ALL, |t| format!("Some({t:?})\n")),
    ("Elixir rows", COLUMN, |t| {
        format!(
            "%Postgrex.Result{{columns: [\"QUERY PLAN\"], rows: [{}], num_rows: 3}}\n",
            t.trim_end().lines().map(|line| format!("[\"{}\"]", escaped(line))).collect::<Vec<_>>().join(", ")
        )
    }),
    ("Java maps", COLUMN, |t| each(t, |_, line| format!("{{{}={line}}}", name(t)))),
];

/// A value as Python prints it.
fn python(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "None".to_owned(),
        serde_json::Value::Bool(true) => "True".to_owned(),
        serde_json::Value::Bool(false) => "False".to_owned(),
        serde_json::Value::Number(n) => n.to_string(),
        serde_json::Value::String(text) => {
            let plain = text.replace('\\', "\\\\").replace('\n', "\\n");
            if text.contains('\'') && !text.contains('"') {
                format!("\"{plain}\"")
            } else {
                format!("'{}'", plain.replace('\'', "\\'"))
            }
        }
        serde_json::Value::Array(all) => format!("[{}]", all.iter().map(python).collect::<Vec<_>>().join(", ")),
        serde_json::Value::Object(all) => {
            let fields: Vec<String> = all.iter().map(|(key, value)| format!("'{key}': {}", python(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}
