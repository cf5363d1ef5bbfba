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
            .find_map(|at| Some((at, from(at) + pasted[at].get(from(at)..)?.find(words)?)))
            .filter(|_| !words.is_empty());
        here = found.map(|(at, byte)| (byte, row.len() - row.trim_start().len(), at));
        if let Some((at, byte)) = found {
            (line, used) = (at, byte + words.len());
        } else if line + 1 < pasted.len() && words.is_empty() && pasted[line + 1].trim().is_empty() {
            (line, used) = (line + 1, 0);
        }
    }
    if error.line > count {
        error.line = u32::try_from(pasted.len()).unwrap_or(u32::MAX).saturating_add(error.line - count);
        return error;
    }
    error.line = u32::try_from(line + 1).unwrap_or(u32::MAX);
    if let Some((byte, indent, at)) = here {
        let before = pasted[at][..byte].chars().count();
        let indent = u32::try_from(indent).unwrap_or(u32::MAX);
        error.column =
            u32::try_from(before + 1).unwrap_or(u32::MAX).saturating_add(error.column.saturating_sub(1 + indent));
    }
    error
}

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
            // Nothing of it stands in the paste.
            ("&lt;\n", "<\n", (1, 1), (1, 1)),
        ] {
            let now = placed(paste, text, error(line, column));
            assert_eq!((now.line, now.column), expected, "{paste:?}");
        }
    }
}
