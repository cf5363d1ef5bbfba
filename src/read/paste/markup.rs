//! Pages: tables and lines as HTML, as the XML of mysql's `-X`, and as the LaTeX of psql.

use std::fmt::Write as _;

/// Words between `<` and `>` that are a page's. Servers write others so: `<temporary>`, `<subquery2>`.
const TAGS: [&str; 34] = [
    "table",
    "tbody",
    "thead",
    "tfoot",
    "tr",
    "td",
    "th",
    "caption",
    "colgroup",
    "col",
    "pre",
    "code",
    "br",
    "p",
    "div",
    "span",
    "strong",
    "em",
    "b",
    "i",
    "tt",
    "samp",
    "font",
    "html",
    "head",
    "body",
    "title",
    "meta",
    "style",
    "field",
    "row",
    "resultset",
    "!doctype",
    "?xml",
];

/// What a page's lines begin with.
const TOPS: [&str; 11] =
    ["<table", "<tr", "<td", "<th", "<pre", "<field name=", "<resultset", "<html", "<!doctype html", "<code", "<div"];

/// The text that a page shows; `None` when it is no page.
pub(super) fn text(page: &str) -> Option<String> {
    if page.contains("\\begin{tabular}") || page.contains("\\begin{longtable}") {
        return Some(latex(page));
    }
    // A large document seldom has the sign at all.
    memchr::memchr(b'<', page.as_bytes())?;
    let begins = |row: &str| {
        let row = row.trim_start();
        TOPS.iter().any(|tag| row.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)))
    };
    let breaks = || {
        let ends = |row: &&str| ["<br>", "<br/>", "<br />"].iter().any(|tag| row.trim_end().ends_with(tag));
        let rows = page.lines().filter(|row| !row.trim().is_empty());
        let (all, broken) = rows.fold((0, 0), |(all, broken), row| (all + 1, broken + usize::from(ends(&row))));
        broken > 0 && broken * 2 >= all
    };
    if page.contains("<explain") || !(page.lines().take(super::LOOKED_AT).any(begins) || breaks()) {
        return None;
    }
    Some(Page::default().read(page))
}

/// What was read of a page.
#[derive(Default)]
struct Page {
    out: String,
    /// Cells of the row that is read, and the last one's name.
    cells: Vec<String>,
    names: Vec<String>,
    /// Whether text belongs to a cell.
    inside: bool,
    headed: bool,
}

impl Page {
    fn read(mut self, page: &str) -> String {
        let mut rest = page;
        while let Some(at) = rest.find('<') {
            self.text(&rest[..at]);
            rest = &rest[at..];
            if let Some((name, attributes, length)) = tag(rest) {
                self.tag(&name, attributes);
                rest = &rest[length..];
                // A break and the line's own end are one.
                if matches!(name.as_str(), "br" | "/p" | "/div" | "/pre") {
                    rest = rest.strip_prefix('\n').or_else(|| rest.strip_prefix("\r\n")).unwrap_or(rest);
                }
            } else {
                self.text("<");
                rest = &rest[1..];
            }
        }
        self.text(rest);
        self.row();
        self.out
    }

    fn text(&mut self, text: &str) {
        let plain = plain(text);
        if !self.inside {
            // Between the cells of a table are the page's own blanks.
            if !(self.headed && plain.trim().is_empty()) {
                self.out.push_str(&plain);
            }
        } else if let Some(cell) = self.cells.last_mut() {
            cell.push_str(&plain);
        }
    }

    fn tag(&mut self, name: &str, attributes: &str) {
        match name {
            "td" | "th" | "field" => {
                let named = attributes.split_once("name=\"").and_then(|(_, rest)| rest.split_once('"'));
                self.names.extend(named.map(|(name, _)| plain(name)));
                let null = attributes.contains("xsi:nil=\"true\"");
                self.cells.push(if null { "NULL".to_owned() } else { String::new() });
                self.inside = !attributes.ends_with('/');
                self.headed = true;
            }
            "/td" | "/th" | "/field" => self.inside = false,
            "/tr" | "/row" => self.row(),
            "br" | "/p" | "/div" | "/pre" => self.text("\n"),
            "/table" | "/resultset" => {
                self.row();
                self.headed = false;
            }
            _ => {}
        }
    }

    /// Ends a row of a table.
    fn row(&mut self) {
        let (cells, names) = (std::mem::take(&mut self.cells), std::mem::take(&mut self.names));
        self.inside = false;
        if !cells.is_empty() {
            // The page's own blanks before the row.
            self.out.truncate(self.out.trim_end_matches([' ', '\t']).len());
        }
        if !names.is_empty() && names.len() == cells.len() && cells.len() > 1 && !self.out.contains(&names.join("\t")) {
            let _ = writeln!(self.out, "{}", names.join("\t"));
        }
        match cells.as_slice() {
            [] => {}
            [one] => {
                self.out.push_str(one.trim_end_matches(['\n', '\r']));
                self.out.push('\n');
            }
            many => {
                let many: Vec<String> = many.iter().map(|cell| cell.trim().replace(['\n', '\t'], " ")).collect();
                let _ = writeln!(self.out, "{}", many.join("\t"));
            }
        }
    }
}

/// The tag that a text begins with: its name in lower case (`/` before it when it ends something), what else it holds, and its length.
fn tag(text: &str) -> Option<(String, &str, usize)> {
    let end = text.find('>')?;
    let inside = text.get(1..end)?;
    let (close, bare) = match inside.strip_prefix('/') {
        Some(bare) => ("/", bare),
        None => ("", inside),
    };
    let length = bare.find(|c: char| !(c.is_ascii_alphanumeric() || c == '!' || c == '?')).unwrap_or(bare.len());
    let (name, attributes) = bare.split_at(length);
    let name = name.to_ascii_lowercase();
    let whole = attributes.is_empty() || attributes.starts_with([' ', '/', '\n', '\t']);
    (TAGS.contains(&name.as_str()) && whole).then(|| (format!("{close}{name}"), attributes, end + 1))
}

/// With the signs that a page names.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let name = rest[1..].split_once(';').map(|(name, _)| name).filter(|name| name.len() < 9);
        let sign = name.and_then(|name| match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            "nbsp" | "ensp" | "emsp" => Some(' '),
            _ => {
                let number = name.strip_prefix('#')?;
                let hexadecimal = number.strip_prefix(['x', 'X']).map(|digits| u32::from_str_radix(digits, 16));
                hexadecimal
                    .unwrap_or_else(|| number.parse())
                    .ok()
                    .and_then(char::from_u32)
                    .map(|c| if c == '\u{a0}' { ' ' } else { c })
            }
        });
        if let (Some(sign), Some(name)) = (sign, name) {
            out.push(sign);
            rest = &rest[name.len() + 2..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// psql's rows of LaTeX.
fn latex(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for row in text.lines() {
        let bare = row.strip_suffix(" \\\\").or_else(|| row.strip_suffix("\\\\")).unwrap_or(row);
        let bare = bare.replace("\\textgreater{}", ">").replace("\\textless{}", "<").replace("\\textbar{}", "|");
        let bare = bare.replace("\\textbackslash{}", "\u{0}").replace("\\^{}", "^").replace("\\~{}", "~");
        let command = ["\\begin", "\\end", "\\hline", "\\noindent"].iter().any(|word| bare.starts_with(word));
        if !command {
            let mut escaped = false;
            for c in bare.chars() {
                escaped = c == '\\' && !escaped;
                if !escaped {
                    out.push(if c == '\u{0}' { '\\' } else { c });
                }
            }
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_page_shows_its_text() {
        for (page, expected) in [
            ("<div class=highlight><pre>Sort (<span class=\"mf\">1.5</span>)\n</pre></div>", "Sort (1.5)\n\n\n"),
            ("<pre>Sort\n  -&gt;  Scan &amp; x\n</pre>\n", "Sort\n  ->  Scan & x\n\n"),
            ("Sort<br>\n&nbsp; -&gt;&nbsp; Scan on &lt;temporary&gt;<br/>\n", "Sort\n  ->  Scan on <temporary>\n"),
            (
                "<TABLE BORDER=1><TR><TH>EXPLAIN</TH></TR><TR><TD>-&gt; a\n    -&gt; b\n</TD></TR></TABLE>",
                "EXPLAIN\n-> a\n    -> b\n",
            ),
            (
                "<table>\n<tr>\n<th>id</th><th>key</th></tr>\n<tr><td>1</td>\n<td>a&#39;b</td></tr>\n</table>",
                "id\tkey\n1\ta'b\n",
            ),
            (
                "<row>\n\t<field name=\"id\">1</field>\n\t<field name=\"key\" xsi:nil=\"true\" />\n  </row>",
                "id\tkey\n1\tNULL\n",
            ),
        ] {
            let seen = text(page).unwrap_or_default();
            assert_eq!(seen.trim_start(), expected, "{page}");
        }
    }

    #[test]
    fn what_is_no_page_stays() {
        for page in
            ["Sort\n  ->  Scan on <temporary>\n", "Filter: (a <b) and (c> d)\n", "<explain xmlns=\"x\">\n<td>\n"]
        {
            assert_eq!(text(page), None, "{page}");
        }
    }
}
