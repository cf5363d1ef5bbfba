//! What stands around every line: numbers, marks of comments and citations, quotes, and what ends a statement; and the lines of a page
//! that begin and end what is printed as it is.
//!
//! A layer is taken off when nearly all lines have it, or all that only a plan can have.

use std::borrow::Cow;

use super::{by_line, tells};

/// A line without the layer, if it has it.
type Layer = fn(&str) -> Option<Cow<'_, str>>;

/// Marks before lines: one a layer, longest first.
const MARKS: [&str; 14] = ["/// ", "//! ", ";; ", "// ", "-- ", "# ", "% ", "* ", "> ", ">", "E   ", "+", "--", "REM "];

/// Layers with something at both ends.
const AROUND: [Layer; 5] = [double, single, other, named, ended];

/// The text without one layer; `None` when there is none.
pub(super) fn without(text: &str, rows: &[&str]) -> Option<String> {
    if let Some(out) = unfenced(text, rows) {
        return Some(out);
    }
    if rows.len() < 2 {
        return None;
    }
    // `>` is before lines that have no blank behind it too.
    let count = |mark: &str| rows.iter().filter(|row| unmarked(row, mark).is_some()).count();
    let fitting = MARKS.iter().rev().filter(|mark| has(rows, |row| unmarked(row, mark).is_some()));
    if let Some(mark) = fitting.max_by_key(|mark| count(mark)) {
        return Some(by_line(text, |row| unmarked(row, mark).map(Cow::Borrowed)));
    }
    let layer = AROUND.iter().find(|layer| has(rows, |row| layer(row).is_some()))?;
    // What a program printed around each line goes whole.
    let bracketed = rows.iter().any(|row| layer(row).is_none() && is_bracket(row));
    Some(if bracketed {
        let lines = text.lines().filter_map(|row| match layer(row) {
            // An empty line of the plan's text parts two of them.
            None if is_bracket(row) || row.trim().is_empty() => None,
            kept => Some(kept.unwrap_or(Cow::Borrowed(row))),
        });
        lines.fold(String::new(), |out, row| out + &row + "\n")
    } else {
        by_line(text, |row| layer(row).or_else(|| is_bracket(row).then_some(Cow::Borrowed(""))))
    })
}

/// Whether nearly all lines have a layer, or all that tell of a plan.
fn has(rows: &[&str], layer: impl Fn(&str) -> bool) -> bool {
    let (mut all, mut told, mut plan) = (0, 0, 0);
    for row in rows {
        let has = layer(row);
        all += usize::from(has);
        if tells(row) {
            plan += 1;
            told += usize::from(has);
        }
    }
    all > 1 && (all * 10 >= rows.len() * 9 || (told > 0 && told == plan)) && told * 10 >= plan * 9
}

/// Whether a line only begins or ends a list of lines.
fn is_bracket(row: &str) -> bool {
    let row = row.trim();
    (!row.is_empty() && row.chars().all(|c| "[](){},;".contains(c))) || (row.ends_with("=> Array") || row == "Array")
}

/// A line without a mark before it. Blanks stand before it in code, and behind it where it has any.
fn unmarked<'r>(row: &'r str, mark: &str) -> Option<&'r str> {
    let bare = row.trim_start();
    let rest = match bare.strip_prefix(mark) {
        Some(rest) => rest,
        None if bare.trim_end() == mark.trim_end() => "",
        // Where the comment begins and ends.
        None if mark == "* " && matches!(bare.trim_end(), "/**" | "/*" | "*/" | "**/") => "",
        None => return None,
    };
    // `->` is no mark, nor are rulers and the borders of boxes.
    let other = match mark {
        "+" => rest.starts_with(['-', '=', '+']) && !["- ", "-> ", "->\t"].iter().any(|start| rest.starts_with(start)),
        "--" => rest.starts_with(['-', '+', '>']) && !rest.starts_with("- "),
        "* " | ">" => rest.starts_with(['*', '=']),
        _ => false,
    };
    (!other).then_some(rest)
}

/// So many escaped tabs make a line a row of a table.
const TABS: usize = 3;

/// `"…"`, `"…",`, `"…\n" +`.
fn double(row: &str) -> Option<Cow<'_, str>> {
    let inside = between(row, '"', '"')?;
    // Quotes inside are escaped or doubled; a JSON plan's own escapes are doubled too.
    let lone = |text: &str| text.replace("\"\"", "").contains('"');
    let unescaped = inside.replace("\\\\", "").replace("\\\"", "");
    if lone(&unescaped) && lone(inside) {
        return None;
    }
    let inside = inside.strip_suffix("\\n").unwrap_or(inside);
    let doubled = inside.contains("\"\"") && !lone(inside);
    // A row of a table between tabs has many; a backslash in a plan's own text is seldom before a `t`.
    if inside.matches("\\t").count() >= TABS && !inside.contains('\t') {
        return Some(Cow::Owned(inside.replace("\\t", "\t").replace("\\\"", "\"").replace("\\\\", "\\")));
    }
    Some(if inside.contains("\\\"") && !doubled {
        Cow::Owned(inside.replace("\\\"", "\"").replace("\\\\", "\\"))
    } else if inside.contains("\"\"") {
        Cow::Owned(inside.replace("\"\"", "\""))
    } else {
        Cow::Borrowed(inside)
    })
}

/// `'…'`, `'…',`, `'…' ||`, the quotes inside doubled, escaped or left alone.
fn single(row: &str) -> Option<Cow<'_, str>> {
    let inside = between(row, '\'', '\'')?;
    if inside.matches("',").count() > 5 {
        return None;
    }
    let inside = inside.strip_suffix("\\n").unwrap_or(inside);
    Some(if row.trim_end().ends_with("||") {
        Cow::Owned(inside.replace("''", "'"))
    } else if inside.contains("\\'") {
        Cow::Owned(inside.replace("\\'", "'"))
    } else {
        Cow::Borrowed(inside)
    })
}

/// Other pairs of quotes.
fn other(row: &str) -> Option<Cow<'_, str>> {
    let pairs = [('`', '`'), ('“', '”'), ('„', '“'), ('«', '»'), ('‘', '’')];
    pairs.iter().find_map(|(open, close)| between(row, *open, *close)).map(Cow::Borrowed)
}

/// What a pair of quotes holds that is a line's all, save for what joins it to the next.
fn between(row: &str, open: char, close: char) -> Option<&str> {
    let bare = row.trim();
    let mut inside = bare.strip_prefix(open).or_else(|| assigned(bare, open))?;
    for join in ["||", "+", ",", ";", "\\", "."] {
        if let Some(before) = inside.strip_suffix(join).filter(|before| before.trim_end().ends_with(close)) {
            inside = before.trim_end();
            break;
        }
    }
    inside.strip_suffix(close)
}

/// What follows the first quote of a text that a program joins of lines: `String plan = "…\n" +`.
fn assigned(row: &str, open: char) -> Option<&str> {
    let (before, inside) = row.split_once(open)?;
    let code = |c: char| c.is_ascii_alphanumeric() || " _.:=([<>&$*".contains(c);
    let joined =
        row.strip_suffix(['+', '\\', '.', '|']).is_some_and(|row| row.trim_end_matches([' ', '|']).ends_with(open));
    (joined && before.trim_end().ends_with(['=', '(']) && before.chars().all(code)).then_some(inside)
}

/// `map[QUERY PLAN:…]`, `{QUERY PLAN=…}`, `[QUERY PLAN] => …`: a row of one column as a program prints it.
fn named(row: &str) -> Option<Cow<'_, str>> {
    let (before, rest) = row.split_once("QUERY PLAN").or_else(|| row.split_once("EXPLAIN"))?;
    let before = before.trim_start();
    if !matches!(before, "map[" | "{" | "[" | "[map[" | "[{" | "Row(") {
        return None;
    }
    let rest = rest.strip_prefix(']').unwrap_or(rest);
    let value = rest.strip_prefix(" => ").or_else(|| rest.strip_prefix([':', '=']))?;
    let close = if before.ends_with('{') { '}' } else { ']' };
    let value = value.trim_end().trim_end_matches(',');
    Some(Cow::Borrowed(if before == "[" { value } else { value.strip_suffix(close).unwrap_or(value) }))
}

/// `| … |;`
fn ended(row: &str) -> Option<Cow<'_, str>> {
    let bare = row.trim_end().strip_suffix(';')?;
    bare.ends_with(['|', '+', '│', '┤', '┘', ')', '}', ']']).then_some(Cow::Borrowed(bare))
}

/// What begins and ends a passage that is printed as it is.
const OPENING: [&str; 7] = ["{noformat}", "[code]", "[quote]", "<pre>", "<code>", "```", "~~~"];
const CLOSING: [&str; 8] = ["{noformat}", "{code}", "[/code]", "[/quote]", "</pre>", "</code>", "```", "~~~"];

/// The text without the words of a fence, where they stand on a line with something of a plan.
fn unfenced(text: &str, rows: &[&str]) -> Option<String> {
    rows.iter().any(|row| opened(row).is_some() || closed(row).is_some()).then(|| {
        by_line(text, |row| {
            let open = opened(row).unwrap_or(row);
            let inside = closed(open).unwrap_or(open);
            (inside.len() < row.len()).then_some(Cow::Borrowed(inside))
        })
    })
}

fn opened(row: &str) -> Option<&str> {
    let bare = row.trim_start();
    let asciidoc = ["[options=", "[cols=", "[source", "[%header"].iter().any(|word| bare.starts_with(word));
    // The end of a text in Python.
    if matches!(bare.trim_end(), "\"\"\"" | "\'\'\'") {
        return Some("");
    }
    if (asciidoc && bare.trim_end().ends_with(']')) || bare.trim_end() == "|====" || bare.trim_end() == "|===" {
        return Some("");
    }
    for word in OPENING {
        let Some(rest) = bare.strip_prefix(word) else { continue };
        // The name of a language follows.
        let name = rest.trim();
        let words = |c: char| c.is_ascii_alphanumeric() || "+-_{}.:=\"".contains(c);
        let language = name.chars().all(words) && (name.len() > 1 || name.is_empty()) && !is_name(name);
        let fence = word.starts_with(['`', '~']) && language;
        return Some(if fence { "" } else { rest });
    }
    // `{code:sql|title=x}`
    let code = bare.strip_prefix("{code").or_else(|| bare.strip_prefix("{panel"))?;
    let (options, rest) = code.split_once('}')?;
    (options.is_empty() || options.starts_with(':')).then_some(rest)
}

/// Whether a word is a node's name and no language's: `Limit`, not `sql` or `SQL`.
fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.contains(|c: char| c.is_ascii_lowercase())
        && !word.ends_with("SQL")
}

fn closed(row: &str) -> Option<&str> {
    let bare = row.trim_end();
    CLOSING.iter().find_map(|word| bare.strip_suffix(word))
}

#[cfg(test)]
mod tests {
    use super::without;

    fn peeled(text: &str) -> Option<String> {
        let rows: Vec<&str> = text.lines().filter(|row| !row.trim().is_empty()).collect();
        without(text, &rows)
    }

    #[test]
    fn a_layer_goes_and_lines_stay() {
        for (pasted, expected) in [
            ("> -> a\n>     -> b\n", "-> a\n    -> b\n"),
            ("words\n  -- -> a\n  --     -> b\nselect 1;\n", "words\n-> a\n    -> b\nselect 1;\n"),
            ("\"-> a\"\n\"    -> (b = \"\"c\"\")\"\n", "-> a\n    -> (b = \"c\")\n"),
            ("\"-> a\"\n\"  \"\"o\"\": \"\"\\\"\"x\\\"\".y\"\"\"\n", "-> a\n  \"o\": \"\\\"x\\\".y\"\n"),
            ("'-> a',\n'    -> b'\n", "-> a\n    -> b\n"),
            ("\"-> a\\n\" +\n\"    -> b\\n\";\n", "-> a\n    -> b\n"),
            ("String plan = \"-> a\\n\" +\n        \"    -> b\\n\";\n", "-> a\n    -> b\n"),
            ("```-> a\n    -> b```\n", "-> a\n    -> b\n"),
            ("/**\n * -> a\n *     -> b\n */\n", "\n-> a\n    -> b\n\n"),
            (">Limit\n>  ->  Sort\n>    ->  Scan\n", "Limit\n  ->  Sort\n    ->  Scan\n"),
            ("[\n  \"Limit\",\n  \"  ->  Sort\"\n]\n", "Limit\n  ->  Sort\n"),
            ("```Limit\n  ->  Sort\n```\n", "Limit\n  ->  Sort\n\n"),
            ("{code:sql}\n-> a\n{code}\n", "\n-> a\n\n"),
            ("+---+;\n| a |;\n+---+;\n", "+---+\n| a |\n+---+\n"),
        ] {
            assert_eq!(peeled(pasted).as_deref(), Some(expected), "{pasted:?}");
        }
    }

    #[test]
    fn what_is_no_layer_stays() {
        for text in [
            "-> a\n    -> b\n",
            "+---+\n| a |\n+---+\n",
            "{\n  \"Node Type\": \"Sort\",\n  \"a\": [\n  \"b\",\n  \"c\"\n ]\n}\n",
            "*************************** 1. row ***************************\nEXPLAIN: -> a\n    -> b\n",
            "'1','SIMPLE','t','ref','a','b','c'\n'2','PRIMARY','t','ref','a','b','c'\n",
        ] {
            assert_eq!(peeled(text), None, "{text:?}");
        }
    }
}
