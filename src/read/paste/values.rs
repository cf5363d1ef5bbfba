//! Plans among the values of a program: rows that Python, Ruby, JavaScript, Go, PHP, Java or Rust printed, strings of source code, logs
//! whose lines are objects.
//!
//! Whatever the language, text stands in quotes with backslashes before what would end it, and names stand before `:`, `=` or `=>`. So all
//! strings are taken with the name before each; the strings of one name are the lines of one column.

use std::fmt::Write as _;

/// A part of a text.
#[derive(Debug, PartialEq)]
enum Token<'t> {
    /// What stands in quotes.
    Text(String),
    /// A number, a name, `None`.
    Word(&'t str),
    /// Anything else; `=>` is one.
    Sign(char),
}

/// `=>`.
const LEADS_TO: char = '⇒';

/// One value and the name before it.
struct Value<'t> {
    name: String,
    text: String,
    /// It was quoted in a sentence.
    said: bool,
    /// It was no string.
    word: Option<&'t str>,
}

/// The plan whose lines are strings each, or that is a string of many lines; `None` when there is none.
pub(in crate::read) fn of_strings(text: &str) -> Option<String> {
    // A large document has neither, which is seen soon.
    let quoted = |at: usize| text[..at].trim_end_matches([' ', '\t']).ends_with(['"', '\'', '`']);
    let arrows = || memchr::memmem::find_iter(text.as_bytes(), "->").any(quoted);
    let indented = || ["\"  ", "'  "].iter().any(|two| memchr::memmem::find(text.as_bytes(), two.as_bytes()).is_some());
    let begin = text.trim_start();
    let document = begin.starts_with('{') || (begin.starts_with('[') && begin[1..].trim_start().starts_with('{'));
    let long = || !document && text.contains(['"', '\'', '`']) && super::tells(text);
    if !(arrows() || indented() || long()) {
        return None;
    }
    let tokens = tokens(text);
    lines(text, &tokens)
        .or_else(|| listed(&tokens))
        .or_else(|| if document { None } else { long_ones(text, &tokens).or_else(|| copied(text)) })
}

/// The lines that are strings each.
fn lines(text: &str, tokens: &[(usize, usize, Token<'_>)]) -> Option<String> {
    // What stands outside of quotes may be lines of the plan as well: only some of them needed quotes.
    let outside = |two: &[(usize, usize, Token<'_>)]| matches!(two, [(at, _, Token::Sign('-')), (then, _, Token::Sign('>'))] if at + 1 == *then);
    let bare = text.lines().any(|row| {
        let row = row.trim();
        !row.is_empty()
            && row.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ')
            && !matches!(row, "QUERY PLAN" | "EXPLAIN")
    });
    if bare || tokens.windows(2).any(outside) {
        return None;
    }
    let values = named(text, tokens);
    let (_, lines) = columns(&values)
        .into_iter()
        .map(|lines| (lines.iter().filter(|line| begins_line(line)).count(), lines))
        .filter(|(count, _)| *count > 0)
        .max_by_key(|(count, _)| *count)?;
    lines.iter().all(|line| !line.contains('\n')).then(|| lines.join("\n") + "\n")
}

/// The lines that are the strings of a list with nothing else in it.
fn listed(tokens: &[(usize, usize, Token<'_>)]) -> Option<String> {
    const LEAST: usize = 2;
    if !matches!(tokens.first(), Some((_, _, Token::Sign('[')))) {
        return None;
    }
    let mut rows = Vec::new();
    for (_, _, token) in tokens {
        match token {
            Token::Text(row) if !row.contains('\n') => rows.push(row.as_str()),
            Token::Sign('[' | ']' | ',') => {}
            _ => return None,
        }
    }
    (rows.len() >= LEAST && rows.iter().any(|row| super::tells(row))).then(|| rows.join("\n") + "\n")
}

/// The strings that hold plans of many lines, when nothing outside of them tells of a plan.
fn long_ones(text: &str, tokens: &[(usize, usize, Token<'_>)]) -> Option<String> {
    let mut plans = Vec::new();
    let (mut outside, mut last) = (String::new(), 0);
    for (start, end, token) in tokens {
        let Token::Text(value) = token else { continue };
        if value.trim_end().contains('\n') && super::tells(value) && value.starts_with(|c: char| !c.is_whitespace()) {
            let before = text[..*start].trim_end_matches(['#', 'r', 'R', 'E', 'f', 'b', 'u', 'N']);
            let after = text[*end..].trim_start_matches('#');
            let alone =
                before.is_empty() || before.ends_with(['=', '(', ':', ',', '\n', '\t', ' ', '[', '{', '>', ';']);
            let ends = after.is_empty() || after.starts_with([',', ';', ')', ']', '}', '\t', '\n', '\r', ' ', '.']);
            if !(alone && ends) {
                return None;
            }
            outside.push_str(&text[last..*start]);
            last = *end;
            plans.push(value.trim_end());
        }
    }
    outside.push_str(&text[last..]);
    (!plans.is_empty() && !super::tells(&outside)).then(|| plans.join("\n\n") + "\n")
}

/// A cell in quotes that were put around it without a look at those inside, as MySQL Workbench copies it.
fn copied(text: &str) -> Option<String> {
    let cell = text.trim();
    let cell = cell.strip_prefix("# EXPLAIN").or_else(|| cell.strip_prefix("EXPLAIN")).unwrap_or(cell).trim_start();
    let inside = cell.strip_prefix('\'')?.strip_suffix('\'')?;
    (inside.starts_with("-> ") && inside.contains('\n')).then(|| inside.to_owned() + "\n")
}

/// Whether a string is a line of a plan that stands under another.
fn begins_line(text: &str) -> bool {
    let bare = text.trim_start_matches([' ', '\t']);
    let property = || {
        text.starts_with("  ")
            && bare.starts_with(|c: char| c.is_ascii_uppercase())
            && bare.split_once(": ").is_some_and(|(key, _)| key.len() < 32 && !key.contains(['"', '\'', '\n']))
    };
    bare.starts_with("-> ") || (bare.starts_with("->\t")) || property()
}

/// What may hold a plan when the text as it stands has none, likeliest first.
pub(in crate::read) fn values(text: &str) -> Vec<String> {
    if !text.contains(['"', '\'', '`']) {
        return Vec::new();
    }
    let tokens = tokens(text);
    let values = named(text, &tokens);
    let mut out = Vec::new();
    let keys = ["Node Type", "query_block", "query_plan", "operation"];
    if tokens.iter().any(|(_, _, token)| matches!(token, Token::Text(text) if keys.contains(&text.as_str()))) {
        out.push(json(text, &tokens));
    }
    out.extend(table(&values));
    let lines = columns(&values).into_iter().map(|lines| lines.join("\n") + "\n");
    let whole = values.iter().filter(|value| value.text.contains('\n')).map(|value| value.text.clone());
    out.extend(lines.chain(whole).filter(|text| super::tells(text)));
    out
}

/// The parts of a text with the bytes each begins and ends on.
fn tokens(text: &str) -> Vec<(usize, usize, Token<'_>)> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut before = ' ';
    // Quotes that nothing closes any more.
    let mut open: Vec<char> = Vec::new();
    while let Some(c) = text[at..].chars().next() {
        let start = at;
        at += c.len_utf8();
        match c {
            // An apostrophe is inside of a word.
            '"' | '\'' | '`' if !(open.contains(&c) || (c == '\'' && before.is_alphanumeric())) => {
                let raw = c == '"' && text[..start].ends_with("r#");
                let read = if raw { raw_string(&text[at..]) } else { string(&text[at..], c) };
                if let Some((value, length)) = read {
                    at += length;
                    found.push((start, at, Token::Text(value)));
                } else {
                    open.push(c);
                    found.push((start, at, Token::Sign(c)));
                }
            }
            c if c.is_whitespace() => {}
            '=' if text[at..].starts_with('>') => {
                at += 1;
                found.push((start, at, Token::Sign(LEADS_TO)));
            }
            c if c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.' | '@') => {
                let rest = &text[start..];
                let length = rest
                    .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '+' | '-' | '@')))
                    .unwrap_or(rest.len());
                if rest[..length].contains(char::is_alphanumeric) {
                    at = start + length;
                    found.push((start, at, Token::Word(&rest[..length])));
                } else {
                    found.push((start, at, Token::Sign(c)));
                }
            }
            c => found.push((start, at, Token::Sign(c))),
        }
        before = c;
    }
    found
}

/// `r#"…"#`, whose first quote was passed.
fn raw_string(text: &str) -> Option<(String, usize)> {
    let end = text.find("\"#")?;
    Some((text[..end].to_owned(), end + 1))
}

/// A string whose first quote was passed, and its length with the last. One of many lines is a cell of a table or of SQL, where a
/// backslash is itself.
fn string(text: &str, quote: char) -> Option<(String, usize)> {
    let read = quoted(text, quote, true);
    let long = read.as_ref().is_none_or(|(_, length)| text[..*length].contains('\n'));
    if long && text.contains('\\') {
        return quoted(text, quote, false).or(read);
    }
    read
}

fn quoted(text: &str, quote: char, escapes: bool) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            let next = text[at + 1..].chars().next();
            // Twice inside of a string is once; an empty string ends here.
            if next == Some(quote) && !(at == 0 && out.is_empty()) {
                out.push(quote);
                chars.next();
                continue;
            }
            return Some((out, at + 1));
        }
        if c != '\\' || !escapes {
            out.push(c);
            continue;
        }
        match chars.next()?.1 {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => {}
            'u' => {
                let rest = chars.as_str();
                let (digits, skip) = match rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
                    Some((digits, _)) => (digits, digits.len() + 2),
                    None => (rest.get(..4)?, 4),
                };
                out.extend(u32::from_str_radix(digits, 16).ok().and_then(char::from_u32));
                for _ in 0..skip {
                    chars.next();
                }
            }
            c => out.push(c),
        }
    }
    None
}

/// The values with the names before them; what stands in a list has the list's name.
fn named<'t>(source: &str, tokens: &[(usize, usize, Token<'t>)]) -> Vec<Value<'t>> {
    let mut values = Vec::new();
    let mut name = String::new();
    let mut lists: Vec<String> = Vec::new();
    for (i, (_, _, token)) in tokens.iter().enumerate() {
        let sign = |n: usize| match tokens.get(i + n) {
            Some((_, _, Token::Sign(c))) => Some(*c),
            _ => None,
        };
        let leads = |n: usize| matches!(sign(n), Some(':' | '=' | LEADS_TO)) && sign(n) != sign(n + 1);
        let own = |name: &str| match lists.last() {
            Some(list) if name.is_empty() => list.clone(),
            _ => name.to_owned(),
        };
        match token {
            Token::Text(text) if leads(1) || (sign(1) == Some(']') && leads(2)) => name.clone_from(text),
            Token::Word(word) if leads(1) => (*word).clone_into(&mut name),
            Token::Text(text) => {
                values.push(Value {
                    name: own(&name),
                    text: text.clone(),
                    said: is_said(source, tokens, i),
                    word: None,
                });
                // Strings that are written one after the other are one.
                if !matches!(tokens.get(i + 1), Some((_, _, Token::Text(_)))) {
                    name.clear();
                }
            }
            Token::Word(word) if matches!(sign(1), Some(',' | '}' | ']' | ')') | None) => {
                values.push(Value { name: own(&name), text: (*word).to_owned(), said: false, word: Some(word) });
                name.clear();
            }
            Token::Sign('[' | '(') => {
                let list = own(&name);
                lists.push(list);
                name.clear();
            }
            Token::Sign(']' | ')') => {
                lists.pop();
            }
            _ => {}
        }
    }
    values
}

/// Whether a sentence goes on around a string: words of it stand before, or one behind. Code has a name, a bracket or a comma there.
fn is_said(text: &str, tokens: &[(usize, usize, Token<'_>)], at: usize) -> bool {
    // What stands so many parts further, when it is a word that only blanks part from what is between.
    let word = |here: usize, there: usize| {
        let (first, second) = (tokens.get(here.min(there))?, tokens.get(here.max(there))?);
        let gap = text.get(first.1..second.0).filter(|gap| !gap.is_empty() && gap.bytes().all(|b| b == b' '));
        let Token::Word(word) = tokens[there].2 else { return None };
        gap.filter(|_| word.chars().all(char::is_alphabetic)).map(|_| word)
    };
    let before = at >= 2 && word(at, at - 1).is_some() && word(at - 1, at - 2).is_some();
    let leads = matches!(tokens.get(at + 2), Some((_, _, Token::Sign(':' | '=' | '(' | LEADS_TO))));
    before || word(at, at + 1).is_some_and(|word| !leads && !word.eq_ignore_ascii_case("as"))
}

/// The strings of each name, in order; a line each.
fn columns(values: &[Value<'_>]) -> Vec<Vec<String>> {
    let mut names: Vec<&str> = Vec::new();
    for value in values.iter().filter(|value| value.word.is_none()) {
        if !names.contains(&value.name.as_str()) && names.len() < 50 {
            names.push(&value.name);
        }
    }
    let of = |name: &str| -> Vec<String> {
        let own = values.iter().filter(|value| value.name == name && value.word.is_none() && !value.said);
        own.map(|value| value.text.strip_suffix('\n').unwrap_or(&value.text).to_owned()).collect()
    };
    let heading = |lines: &mut Vec<String>| lines.retain(|line| line != "QUERY PLAN" && line != "EXPLAIN");
    let mut all: Vec<Vec<String>> = names.into_iter().map(of).collect();
    all.iter_mut().for_each(heading);
    all
}

/// The rows of MySQL's table, as lines with tabs.
fn table(values: &[Value<'_>]) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    let mut rows: Vec<Vec<Option<&Value<'_>>>> = Vec::new();
    let known = |value: &&Value<'_>| !value.name.is_empty();
    for value in values.iter().filter(known) {
        let first = names.first().copied();
        let place = names.iter().position(|name| *name == value.name).unwrap_or_else(|| {
            names.push(&value.name);
            names.len() - 1
        });
        if rows.is_empty() || first == Some(value.name.as_str()) {
            rows.push(Vec::new());
        }
        let row = rows.last_mut()?;
        row.resize(names.len().max(row.len()), None);
        row[place] = Some(value);
    }
    if !names.contains(&"select_type") {
        return None;
    }
    let mut out = names.join("\t") + "\n";
    for row in rows {
        let cells = (0..names.len()).map(|place| match row.get(place).copied().flatten() {
            Some(Value { word: Some("None" | "nil" | "null" | "undefined" | "NULL"), .. }) | None => "NULL".to_owned(),
            Some(value) => value.text.replace(['\t', '\n'], " "),
        });
        let _ = writeln!(out, "{}", cells.collect::<Vec<_>>().join("\t"));
    }
    Some(out)
}

/// The text as JSON: its strings in double quotes, its names too, and the words of other languages in those of JSON.
fn json(text: &str, tokens: &[(usize, usize, Token<'_>)]) -> String {
    let mut out = String::with_capacity(text.len());
    for (i, (_, end, token)) in tokens.iter().enumerate() {
        let next = tokens.get(i + 1);
        let leads = matches!(next, Some((_, _, Token::Sign(':' | '=' | LEADS_TO))));
        match token {
            Token::Text(value) => out.push_str(&serde_json::Value::from(value.as_str()).to_string()),
            Token::Word("None" | "nil" | "undefined") => out.push_str("null"),
            Token::Word("True") => out.push_str("true"),
            Token::Word("False") => out.push_str("false"),
            Token::Word(word) if leads => out.push_str(&serde_json::Value::from(*word).to_string()),
            Token::Word(word) => out.push_str(word),
            Token::Sign(LEADS_TO) => out.push(':'),
            Token::Sign('(') => out.push('['),
            Token::Sign(')') => out.push(']'),
            // Nothing comes behind it.
            Token::Sign(',') if matches!(next, Some((_, _, Token::Sign(')' | ']' | '}')))) => {}
            Token::Sign(c) => out.push(*c),
        }
        // Lines stay as they are.
        let until = next.map_or(text.len(), |(at, _, _)| *at);
        out.push_str(&text[*end..until]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{of_strings, values};

    #[test]
    fn lines_are_strings_of_any_language() {
        for text in [
            "[(\"Sort\",), (\"  ->  Scan on \\\"x\\\"\",)]",
            "[{'QUERY PLAN': 'Sort'}, {'QUERY PLAN': '  ->  Scan on \"x\"'}]",
            "[{\"QUERY PLAN\"=>\"Sort\"}, {\"QUERY PLAN\"=>\"  ->  Scan on \\\"x\\\"\"}]",
            "{\"log\":\"Sort\\n\",\"t\":\"1\"}\n{\"log\":\"  ->  Scan on \\\"x\\\"\\n\",\"t\":\"2\"}\n",
            "%R{columns: [\"QUERY PLAN\"], rows: [[\"Sort\"], [\"  ->  Scan on \\\"x\\\"\"]]}",
            "let plan = r#\"Sort\n  ->  Scan on \"x\"\n\"#;\n",
            "insert into t values (1, 'Sort\n  ->  Scan on \"x\"');\n",
            "1\t\"Sort\n  ->  Scan on \"\"x\"\"\"\t2.5\n",
            "Some(\"Sort\\n  ->  Scan on \\\"x\\\"\")",
            "Row(plan='Sort')\nRow(plan='  ->  Scan on \"x\"')",
        ] {
            assert_eq!(of_strings(text).as_deref(), Some("Sort\n  ->  Scan on \"x\"\n"), "{text}");
        }
    }

    #[test]
    fn lines_outside_of_quotes_are_not_lost() {
        for text in ["Limit\n\"  ->  Sort, x\"\n", "Sort\n  ->  Scan\n  Filter: (a = '-> b')\n", "{\"a\": \"b -> c\"}"]
        {
            assert_eq!(of_strings(text), None, "{text}");
        }
    }

    #[test]
    fn values_of_other_languages_become_those_of_json() {
        let python = "[({'Node Type': 'Sort', 'Alias': None, 'x': [True, 1.5,]},)]";
        assert_eq!(values(python)[0].trim(), "[[{\"Node Type\": \"Sort\", \"Alias\": null, \"x\": [true, 1.5]}]]");
    }

    #[test]
    fn what_a_sentence_quotes_is_no_value() {
        let node = "Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)";
        for text in [
            format!("I saw \"{node}\" yesterday"),
            format!("I saw \"{node}\"."),
            format!("Then it said '{node}' and hung"),
            format!("\"{node}\" is what I saw"),
        ] {
            assert!(!values(&text).iter().any(|value| value.contains("cost")), "{text}");
        }
        for text in [
            format!("plan = \"{node}\""),
            format!("[\"{node}\"]"),
            format!("{{'QUERY PLAN': '{node}'}}"),
            format!("String plan = \"{node}\";"),
            format!("level=info plan=\"{node}\" took=5"),
            format!("echo \"{node}\" | less"),
        ] {
            assert_eq!(values(&text), [format!("{node}\n")], "{text}");
        }
    }

    #[test]
    fn rows_of_a_table_become_lines() {
        let rows = "[{'id': 1, 'select_type': 'SIMPLE', 'key': None}, {'id': 2, 'select_type': 'UNION', 'key': 'a'}]";
        assert!(
            values(rows).contains(&"id\tselect_type\tkey\n1\tSIMPLE\tNULL\n2\tUNION\ta\n".to_owned()),
            "{:?}",
            values(rows)
        );
    }
}
