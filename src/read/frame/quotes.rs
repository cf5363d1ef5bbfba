//! Quotes around a whole cell, or around every line.

/// The text without the quotes of a spreadsheet's cell (inner ones doubled) or of pgAdmin's grid (each line a cell). Lines stay
/// where they are. `None` when there are none.
pub(super) fn unquote(text: &str) -> Option<String> {
    if text.contains("\"\"Plan\"\"") || text.contains("\"\"query_") || text.contains("\"\"Node Type\"\"") {
        return Some(halve(text));
    }
    let rows = || text.lines().map(str::trim).filter(|row| !row.is_empty()).take(200);
    let single = rows().filter(|row| in_single(row).is_some()).count();
    if single > 1 && single * 10 >= rows().count() * 9 {
        return Some(by_line(text, |row| in_single(row).map(str::to_owned)));
    }
    let quoted = rows().filter(|row| is_cell(row)).count();
    // CSV quotes only the lines that need it. A cell of many lines has quotes that neither begin nor end a line.
    let headed = rows().next().is_some_and(|row| row == "QUERY PLAN");
    let cells = || text.lines().skip(1).filter(|row| row.starts_with('"')).take(200);
    let by_need = || cells().next().is_some() && cells().all(|row| is_cell(row.trim()));
    // A heading or a prompt may stand without.
    if quoted == 0 || (quoted * 2 < rows().count() && !(headed && by_need())) {
        return one_cell(text);
    }
    Some(by_line(text, |row| is_cell(row).then(|| row[1..row.len() - 1].replace("\"\"", "\""))))
}

/// The text with those lines replaced of which something else is made.
fn by_line(text: &str, inside: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match inside(line.trim()) {
            Some(row) => {
                out.push_str(&row);
                out.push_str(&line[line.trim_end().len()..]);
            }
            None => out.push_str(line),
        }
    }
    out
}

/// What stands between single quotes around a whole line.
fn in_single(row: &str) -> Option<&str> {
    row.strip_prefix('\'')?.strip_suffix('\'')
}

/// Whether a line is one quoted cell: a line of JSON in quotes has single quotes inside.
fn is_cell(row: &str) -> bool {
    let inside = row.strip_prefix('"').and_then(|row| row.strip_suffix('"'));
    inside.is_some_and(|inside| !inside.replace("\"\"", "").contains('"')) && row.len() > 2
}

/// A text plan in one quoted cell of many lines.
fn one_cell(text: &str) -> Option<String> {
    let inside = text.trim();
    let inside = inside.strip_prefix("\"QUERY PLAN\"").map_or(inside, str::trim_start);
    let cell = inside.strip_prefix('"').and_then(|cell| cell.strip_suffix('"'))?;
    let plan =
        cell.contains("(cost=") || cell.contains("->  ") || cell.starts_with("- Plan:") || cell.contains("<Plan>");
    (plan && !cell.replace("\"\"", "").contains('"')).then(|| {
        let before = text.len() - text.trim_start().len() + (text.trim().len() - inside.len());
        let lines = text[..before].chars().filter(|c| *c == '\n').count();
        "\n".repeat(lines) + &cell.replace("\"\"", "\"")
    })
}

/// Pairs of quotes become one; a single one, the cell's own, a blank.
fn halve(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '"' {
            out.push(if chars.next_if_eq(&'"').is_some() { '"' } else { ' ' });
        } else {
            out.push(c);
        }
    }
    out
}
