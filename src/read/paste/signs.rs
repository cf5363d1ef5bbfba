//! Signs that a page, a terminal or a typesetter wrote for others, and signs that nobody sees.

/// What clients and pages colour with, and what a terminal wraps around text.
const ESCAPE: char = '\u{1b}';

/// The text in plain signs; `None` when it is.
pub(super) fn plain(text: &str) -> Option<String> {
    let odd = !text.is_ascii();
    let returns = memchr::memchr(b'\r', text.as_bytes()).is_some_and(|at| !text[at..].starts_with("\r\n"))
        || text.contains("\r\r\n")
        || lonely_return(text);
    let colours = memchr::memchr(ESCAPE as u8, text.as_bytes()).is_some() || text.contains('\u{9b}');
    let caret = text.contains("^[[");
    let bare = text.contains("[0m");
    let feeds = memchr::memchr3(0x0b, 0x0c, 0x85, text.as_bytes()).is_some();
    if !(odd || returns || colours || caret || bare || feeds) {
        return None;
    }
    let mut out = text.to_owned();
    if colours || caret || bare {
        out = uncoloured(&out);
    }
    if returns {
        out = out.replace("\r\r\n", "\n").replace("\r\n", "\n").replace('\r', "\n");
    }
    if !out.contains('\n') {
        out = out.replace(['\u{2028}', '\u{2029}', '\u{b}', '\u{85}'], "\n");
    }
    out = out.replace('\u{c}', " ");
    if odd {
        out = seen(&out);
        out = blanks(out);
        out = quotes(out);
        out = arrows(out);
    }
    (out != text).then_some(out)
}

/// Whether a carriage return ends a line by itself.
fn lonely_return(text: &str) -> bool {
    memchr::memchr_iter(b'\r', text.as_bytes()).any(|at| !text[at + 1..].starts_with('\n'))
}

/// Without what changes colours, sets titles and marks a paste, be it written as the escape, as `^[`, or with the escape lost.
fn uncoloured(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let lost = text.matches("[0m").count() > 0;
    while let Some(at) = rest.find([ESCAPE, '\u{9b}', '^', '[']) {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        let body = match found {
            _ if found.starts_with(ESCAPE) => &found[1..],
            _ if found.starts_with("^[[") => &found[2..],
            _ if found.starts_with('\u{9b}') => found,
            _ if lost && found.starts_with('[') && colour(found).is_some() => found,
            _ => {
                out.push_str(&found[..1]);
                rest = &found[1..];
                continue;
            }
        };
        rest = after_sequence(body);
    }
    out.push_str(rest);
    out
}

/// The length of `[1;33m`.
fn colour(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('[')?;
    let digits = inside.len() - inside.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').len();
    inside[digits..].starts_with('m').then_some(digits + 2)
}

/// What follows a sequence whose escape was passed.
fn after_sequence(body: &str) -> &str {
    let mut chars = body.chars();
    match chars.next() {
        Some('[' | '\u{9b}') => {
            let rest = chars.as_str();
            let parameters = rest.find(|c: char| !('\u{20}'..='\u{3f}').contains(&c)).unwrap_or(rest.len());
            let mut rest = rest[parameters..].chars();
            match rest.clone().next() {
                Some('\u{40}'..='\u{7e}') => {
                    rest.next();
                    rest.as_str()
                }
                _ => rest.as_str(),
            }
        }
        Some(']') => {
            let rest = chars.as_str();
            let line = rest.find('\n').unwrap_or(rest.len());
            let end = rest[..line].find(['\u{7}', ESCAPE]);
            match end {
                Some(end) if rest[end..].starts_with('\u{7}') => &rest[end + 1..],
                Some(end) => rest[end + 1..].strip_prefix('\\').unwrap_or(&rest[end..]),
                None => rest,
            }
        }
        // A set of characters: two more signs.
        Some('(' | ')') => {
            chars.next();
            chars.as_str()
        }
        Some(c) if c.is_ascii_graphic() => chars.as_str(),
        _ => body,
    }
}

/// Signs of no width.
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Signs that only a layout put there.
const fn is_joint(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// Without signs that nobody sees, around lines and inside of what is plain. In a name or a text of another script they mean something,
/// and those that turn a text around stay where somebody may have hidden something.
fn seen(text: &str) -> String {
    if !text.contains(is_unseen) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let row = line.trim_end_matches(['\n', '\r']);
        let inside = row.trim_matches(is_unseen);
        let mut before = ' ';
        for (at, c) in inside.char_indices() {
            let next = || inside[at + c.len_utf8()..].chars().next().unwrap_or(' ');
            if !(is_joint(c) && (before.is_ascii() && next().is_ascii())) {
                out.push(c);
                before = c;
            }
        }
        out.push_str(&line[row.len()..]);
    }
    out
}

/// Blanks that are not the keyboard's.
const fn is_odd_blank(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

/// With the keyboard's blank for every other, where a page wrote them for the blanks of a layout: before lines, beside other blanks,
/// before figures and keys. Those inside of a text otherwise stay.
fn blanks(text: String) -> String {
    if !text.contains(is_odd_blank) {
        return text;
    }
    let layout = text.lines().any(|row| row.starts_with(is_odd_blank))
        || text.match_indices(is_odd_blank).any(|(at, blank)| {
            let (before, after) = (&text[..at], &text[at + blank.len()..]);
            let figures = ["(cost=", "(actual", "[", "{", "\""].iter().any(|start| after.starts_with(start));
            let blank = |c: char| is_odd_blank(c) || c == ' ';
            after.starts_with(blank) || before.ends_with(blank) || before.ends_with("->") || figures
        });
    if layout { text.replace(is_odd_blank, " ") } else { text }
}

/// With straight quotes where a typesetter bent those of JSON.
fn quotes(text: String) -> String {
    const BENT: [char; 6] = ['“', '”', '„', '‟', '＂', '″'];
    let key = |key: &str| {
        text.match_indices(key).any(|(at, _)| text[..at].ends_with(BENT) && text[at + key.len()..].starts_with(BENT))
    };
    let keys = ["Node Type", "query_block", "query_plan", "operation", "QUERY PLAN", "EXPLAIN"];
    if text.contains(BENT) && keys.iter().any(|k| key(k)) { text.replace(BENT, "\"") } else { text }
}

/// With the two signs of an arrow where a typesetter made one of them.
fn arrows(text: String) -> String {
    const DRAWN: [&str; 8] = ["→", "⟶", "➔", "➜", "–>", "—>", "−>", "‐>"];
    if !DRAWN.iter().any(|arrow| text.contains(arrow)) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start_matches([' ', '\t', '|', '"', '\'', '>']);
        let arrow =
            DRAWN.iter().find(|arrow| bare.strip_prefix(**arrow).is_some_and(|rest| rest.starts_with([' ', '\t'])));
        match arrow {
            Some(arrow) => {
                out.push_str(&line[..line.len() - bare.len()]);
                out.push_str("->");
                out.push_str(&bare[arrow.len()..]);
            }
            None => out.push_str(line),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_terminals_and_pages_add_goes() {
        for (pasted, expected) in [
            ("\u{1b}[1;33mSort\u{1b}[0m\u{1b}[K", "Sort"),
            ("\u{1b}]0;title\u{7}Sort\u{1b}]8;;x\u{1b}\\ y", "Sort y"),
            ("^[[1mSort^[[0m", "Sort"),
            ("[1;33mSort[0m [1]", "Sort [1]"),
            ("a\rb\r", "a\nb\n"),
            ("a\r\r\nb", "a\nb"),
            ("a\u{2028}b", "a\nb"),
            ("\u{a0}\u{a0}->\u{a0}Sort", "  -> Sort"),
            ("a\u{202f}\u{202f}(cost=", "a  (cost="),
            ("\u{200b}co\u{ad}st\u{200e}\n", "cost\n"),
            ("{“Node Type”: “Sort”}", "{\"Node Type\": \"Sort\"}"),
            ("  → Sort", "  -> Sort"),
            ("–>  Sort", "->  Sort"),
        ] {
            assert_eq!(plain(pasted).as_deref(), Some(expected), "{pasted:?}");
        }
    }

    #[test]
    fn what_a_text_means_stays() {
        for text in [
            "Sort Key: a[1], b[0]",
            "Filter: (x = 'a\u{a0}b'::text)",
            "Filter: (x = 'می\u{200c}خواهم'::text)",
            "Seq Scan on x\u{202e}y",
            "Filter: (x = '“y” → z'::text)",
            "a\r\nb\r\n",
        ] {
            assert_eq!(plain(text), None, "{text:?}");
        }
    }
}
