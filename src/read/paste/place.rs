//! Where in a paste an error is: what was undone may have joined, split and shortened its lines.

use crate::read::ReadError;

/// So many lines of the paste are looked through for one of the text that was made of it.
const AHEAD: usize = 64;

/// The error of a text, at the line and column where the paste it was made of has it.
///
/// The lines of both are walked together: a line of the text stands in the next line of the paste that holds its words.
pub(in crate::read) fn placed(paste: &str, text: &str, mut error: ReadError) -> ReadError {
    let pasted: Vec<&str> = paste.lines().collect();
    // Where in the paste the last words were found, and how far that line is used up.
    let (mut line, mut used) = (0, 0);
    let mut here = None;
    let mut count = 0;
    for (number, row) in (1..).zip(text.lines()).take_while(|(number, _)| *number <= error.line) {
        count = number;
        let words = row.trim();
        let from = |at: usize| if at == line { used } else { 0 };
        let found = (line..pasted.len().min(line + AHEAD))
            .find_map(|at| Some((at, find(pasted[at], from(at), words)?)))
            .filter(|_| !words.is_empty());
        if let Some((at, places)) = &found {
            (line, used) = (*at, places.last().copied().unwrap_or(used));
        } else if line + 1 < pasted.len() && words.is_empty() && pasted[line + 1].trim().is_empty() {
            (line, used) = (line + 1, 0);
        }
        here = found.map(|(at, places)| (at, places, row.chars().count() - row.trim_start().chars().count()));
    }
    if error.line > count {
        error.line = u32::try_from(pasted.len()).unwrap_or(u32::MAX).saturating_add(error.line - count);
        return error;
    }
    error.line = u32::try_from(line + 1).unwrap_or(u32::MAX);
    if let Some((at, places, indent)) = here {
        let within = (error.column as usize).saturating_sub(1 + indent);
        let last = places.len().saturating_sub(1);
        let before = places.get(within.min(last)).map_or(0, |byte| pasted[at][..*byte].chars().count());
        error.column = u32::try_from(before + 1 + within.saturating_sub(last)).unwrap_or(u32::MAX);
    }
    error
}

/// Where in a line, from a byte on, words stand: the byte of each of their characters and of what comes behind them. Quotes may be doubled
/// there, as in CSV, and characters written as HTML does.
fn find(line: &str, from: usize, words: &str) -> Option<Vec<usize>> {
    let rest = line.get(from..)?;
    if let Some(at) = rest.find(words) {
        let start = from + at;
        return Some(words.char_indices().map(|(i, _)| start + i).chain([start + words.len()]).collect());
    }
    // Words that are written otherwise are looked for nearby: a paste may be one long line.
    let near = rest.len().min(LONGEST * words.len() + NEAR);
    let rest = &rest[..(0..=near).rev().find(|end| rest.is_char_boundary(*end))?];
    let kinds: Vec<_> = ESCAPES.iter().filter(|(escape, _)| rest.contains(escape)).collect();
    if kinds.is_empty() {
        return None;
    }
    let (mut plain, mut places, mut at) = (String::with_capacity(rest.len()), Vec::new(), 0);
    while let Some(c) = rest[at..].chars().next() {
        let escape = kinds.iter().find(|(escape, _)| rest[at..].starts_with(escape));
        let (c, width) = escape.map_or((c, c.len_utf8()), |(escape, c)| (*c, escape.len()));
        plain.push(c);
        places.push(from + at);
        at += width;
    }
    places.push(from + at);
    let first = plain[..plain.find(words)?].chars().count();
    places.get(first..=first + words.chars().count()).map(<[usize]>::to_vec)
}

/// The bytes of the longest of [`ESCAPES`].
const LONGEST: usize = 6;

/// So many bytes may stand before words that are written otherwise.
const NEAR: usize = 4_096;

/// How a paste may write what stands in its text.
const ESCAPES: [(&str, char); 9] = [
    ("\"\"", '"'),
    ("&quot;", '"'),
    ("&#34;", '"'),
    ("&#39;", '\''),
    ("&#x27;", '\''),
    ("&apos;", '\''),
    ("&lt;", '<'),
    ("&gt;", '>'),
    ("&amp;", '&'),
];

#[cfg(test)]
mod tests {
    use super::placed;
    use crate::read::ReadError;

    fn error(line: u32, column: u32) -> ReadError {
        ReadError { line, column, expected: "a value".to_owned(), found: "`}`".to_owned() }
    }

    #[test]
    fn an_error_is_where_the_paste_has_it() {
        for (paste, text, (line, column), expected) in [
            ("> a\n>   b: }\n", "a\n  b: }\n", (2, 6), (2, 8)),
            ("a\rb\rc }\nd\n", "a\nb\nc }\nd\n", (3, 3), (1, 7)),
            ("a\n\nb\n\nc }\n", "a\nb\nc }\n", (3, 3), (5, 3)),
            ("words\n<pre>\na\nb }</pre>\n", "a\nb }\n", (2, 3), (4, 3)),
            // At the end.
            ("> a\n> b\n", "a\nb\n", (3, 1), (3, 1)),
            ("a\rb\n", "a\nb\n", (3, 1), (2, 1)),
            // Written otherwise.
            ("&lt;\n", "<\n", (1, 1), (1, 1)),
            (
                "<pre>{\n  &quot;a&quot;: &#x27;,\n  &quot;b&quot; }</pre>\n",
                "{\n  \"a\": ',\n  \"b\" }\n",
                (3, 7),
                (3, 17),
            ),
            ("x,\"{\n  \"\"a\"\": \"\"\"\",\n  \"\"b\"\" }\",y\n", "{\n  \"a\": \"\",\n  \"b\" }\n", (3, 7), (3, 9)),
            // Nothing of it stands in the paste.
            ("&nbsp;\n", "<\n", (1, 1), (1, 1)),
        ] {
            let now = placed(paste, text, error(line, column));
            assert_eq!((now.line, now.column), expected, "{paste:?}");
        }
    }
}
