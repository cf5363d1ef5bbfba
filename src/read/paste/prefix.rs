//! What a log, a pager or an editor puts before every line: numbers, times, names of processes. They are alike but for their digits.

use std::borrow::Cow;

use super::{by_line, tells};
use crate::read::traditional::is_select_type;

/// The text without what stands before its lines; `None` when there is nothing.
pub(super) fn without(text: &str, rows: &[&str]) -> Option<String> {
    if let Some(out) = unnumbered(text, rows) {
        return Some(out);
    }
    let prefix = common(rows)?;
    Some(by_line(text, |row| {
        let end = after(row, &prefix)?;
        let rest = &row[end..];
        // syslog's tab.
        Some(if rest.contains("#011") { Cow::Owned(rest.replace("#011", "\t")) } else { Cow::Borrowed(rest) })
    }))
}

/// Without numbers that count the lines: they may be of any width.
fn unnumbered(text: &str, rows: &[&str]) -> Option<String> {
    let numbers: Vec<(u64, &str)> = rows.iter().filter_map(|row| number(row)).collect();
    let steps = numbers.windows(2).filter(|two| two[0].0 < two[1].0 && two[1].0 - two[0].0 < 4).count();
    let told = rows.iter().filter(|row| tells(row)).count();
    let numbered_told = numbers.iter().filter(|(_, rest)| tells(rest)).count();
    let most = numbers.len() * 10 >= rows.len() * 8 || told > 0;
    let counted = numbers.len() > 1 && steps + 1 == numbers.len();
    // Rows of MySQL's table without its heading are numbered too.
    let table = numbers.iter().any(|(_, rest)| {
        let cell = rest.trim_start_matches(['|', '\t', ' ', ',', '"', '\'']);
        rest.matches(['|', '\t', ',']).count() > 3
            && is_select_type(cell.split(['\t', '|', ',', '"', '\'']).next().unwrap_or_default().trim())
    });
    (most && counted && told == numbered_told && !table).then(|| {
        by_line(text, |row| match number(row) {
            Some((_, rest)) => Some(Cow::Borrowed(rest)),
            // bat names the file in a frame above.
            None => row.contains("│ File: ").then_some(Cow::Borrowed("")),
        })
    })
}

/// `12: rest`, `12 rest`, `12| rest`, `12 │ rest`, `[12] rest`, `12.<tab>rest`, `L12: rest`.
fn number(row: &str) -> Option<(u64, &str)> {
    let text = row.trim_start();
    let (inside, bracket) = match text.strip_prefix(['[', '(', '#', 'L']) {
        Some(inside) => (inside, text.starts_with(['[', '('])),
        None => (text, false),
    };
    let inside = if bracket { inside.trim_start() } else { inside };
    let digits = inside.len() - inside.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = inside[..digits].parse().ok()?;
    let mut rest = &inside[digits..];
    if bracket {
        rest = rest.strip_prefix([']', ')'])?;
    }
    let far = rest.trim_start_matches(' ');
    // A bar that another one ends the line for is a box's own, unless the box's follows it.
    let boxed = |bar: char| {
        far.strip_prefix(bar).is_some_and(|inside| {
            inside.trim_end().ends_with(bar) && !inside.trim_start().starts_with([bar, '+', '┌', '├', '└'])
        })
    };
    let own = rest.starts_with(' ') && (boxed('|') || boxed('│'));
    if !own
        && let Some(after) =
            far.strip_prefix(['│', '┃']).or_else(|| far.strip_prefix('|').filter(|_| rest.len() > far.len()))
    {
        return Some((number, after.strip_prefix(' ').unwrap_or(after)));
    }
    if let Some(after) = rest.strip_prefix([':', '.', ')', '|', '-']) {
        // `grep -n` has no blank behind its mark.
        let near = rest.starts_with(':');
        return match after.strip_prefix(['\t', ' ']) {
            Some(_) if near && after.starts_with(' ') => Some((number, after)),
            Some(cut) => Some((number, cut)),
            None => (near || after.is_empty()).then_some((number, after)),
        };
    }
    let after = rest.strip_prefix('\t').or_else(|| rest.strip_prefix(' ')).or(rest.is_empty().then_some(rest))?;
    Some((number, after))
}

/// What all lines of a plan, and most others, begin with: digits count as one, of whatever number.
fn common(rows: &[&str]) -> Option<Vec<char>> {
    let mut plan: Vec<&&str> = rows.iter().filter(|row| tells(row)).collect();
    if plan.len() < 2 {
        plan = rows.iter().collect();
    }
    if plan.len() < 2 || rows.len() < 2 {
        return None;
    }
    let mut prefix: Vec<char> = masked(plan[0]).map(|(_, c)| c).take(200).collect();
    for row in &plan[1..] {
        let alike = masked(row).zip(&prefix).take_while(|((_, a), b)| a == *b).count();
        prefix.truncate(alike);
    }
    let having = |end: usize| rows.iter().filter(|row| after(row, &prefix[..end]).is_some()).count();
    // Most lines have it; of those, the longest. A table's first border is in its rows only.
    let mut best: Option<(usize, usize)> = None;
    for end in boundaries(&prefix).filter(|end| is_foreign(&prefix[..*end]) && !is_bordered(&prefix[..*end])) {
        let count = having(end);
        let border = end > 2 && matches!(prefix[end - 2], '|' | '│') && having(end - 2) > count;
        if border {
            continue;
        }
        if count * 2 > rows.len() && best.is_none_or(|(most, _)| count >= most) {
            best = Some((count, end));
        }
    }
    // Without any mark only what all lines have, and no plan begins with.
    let sure = rows.len() > 2 || rows.iter().all(|row| tells(row));
    let named = best.is_none() && sure && prefix.first().is_some_and(|c| c.is_lowercase());
    let mut blanks =
        (1..=prefix.len()).rev().filter(|end| named && prefix[end - 1] == ' ' && is_foreign(&prefix[..*end]));
    let blank = blanks.find(|end| having(*end) == rows.len());
    prefix.truncate(best.map(|(_, end)| end).or(blank)?);
    Some(prefix)
}

/// Whether it is the first cell of a box's row.
fn is_bordered(prefix: &[char]) -> bool {
    prefix.first().is_some_and(|c| matches!(c, '|' | '│')) && prefix[1..].iter().any(|c| matches!(c, '|' | '│'))
}

/// Whether a plan's lines never begin so.
fn is_foreign(prefix: &[char]) -> bool {
    let text: String = prefix.iter().collect();
    let own = ["->", "(cost", "SIMPLE", "PRIMARY", "Node", "\": ", "{\"", "<", "select_type"];
    let syslog = text.starts_with("<0");
    prefix.len() > 2
        && prefix.iter().any(|c| c.is_alphanumeric())
        && (syslog || !own.iter().any(|word| text.contains(word)))
}

/// A line's signs with where each begins: a run of digits is one `0`.
fn masked(row: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut digits = false;
    row.char_indices().filter_map(move |(at, c)| {
        let again = digits && c.is_ascii_digit();
        digits = c.is_ascii_digit();
        (!again).then_some((at, if digits { '0' } else { c }))
    })
}

/// Where marks end that stand between a log's words and what is logged.
fn boundaries(prefix: &[char]) -> impl Iterator<Item = usize> + '_ {
    let marks = ['|', '│', ':', ']', '>', '-', 'Z', 'F', ')'];
    (1..=prefix.len()).filter(move |&end| match prefix[end - 1] {
        '\t' => true,
        ' ' => end > 1 && marks.contains(&prefix[end - 2]),
        ':' => prefix.get(end) != Some(&'0'),
        _ => false,
    })
}

/// Where a line goes on after a prefix.
fn after(row: &str, prefix: &[char]) -> Option<usize> {
    let mut signs = masked(row);
    for wanted in prefix {
        match signs.next() {
            Some((_, c)) if c == *wanted => {}
            // An empty line has lost the blank at its end.
            None if *wanted == ' ' => return Some(row.len()),
            _ => return None,
        }
    }
    Some(signs.next().map_or(row.len(), |(at, _)| at))
}

#[cfg(test)]
mod tests {
    use super::without;

    fn peeled(text: &str) -> Option<String> {
        let rows: Vec<&str> = text.lines().filter(|row| !row.trim().is_empty()).collect();
        without(text, &rows)
    }

    #[test]
    fn numbers_times_and_names_go() {
        for (pasted, expected) in [
            ("     9\t-> a\n    10\t    -> b\n", "-> a\n    -> b\n"),
            ("1:-> a\n2:    -> b\n", "-> a\n    -> b\n"),
            ("  1 │ -> a\n  2 │     -> b\n", "-> a\n    -> b\n"),
            ("[1] -> a\n[2]     -> b\n", "-> a\n    -> b\n"),
            ("db-1  | -> a\ndb-1  |     -> b\n", "-> a\n    -> b\n"),
            ("2026-11-27T19:58:59.9Z -> a\n2026-11-27T19:59:00.12Z     -> b\n", "-> a\n    -> b\n"),
            (
                "Nov 27 db postgres[42]: [5-2] #011-> a\nNov 27 db postgres[42]: [5-3] #011#011-> b\n",
                "\t-> a\n\t\t-> b\n",
            ),
            ("db-0 postgres -> a\ndb-0 postgres     -> b\n", "-> a\n    -> b\n"),
            ("DEBUG:app.db:-> a\nDEBUG:app.db:    -> b\n", "-> a\n    -> b\n"),
        ] {
            assert_eq!(peeled(pasted).as_deref(), Some(expected), "{pasted:?}");
        }
    }

    #[test]
    fn what_a_plan_begins_with_stays() {
        for text in [
            "-> a\n    -> b\n",
            "Seq Scan on t1  (cost=0.00..1.00 rows=1 width=4)\nSeq Scan on t2  (cost=0.00..1.00 rows=1 width=4)\n",
            "  ->  Seq Scan on t_1  (cost=0.00..1.00 rows=1 width=4)\n  ->  Seq Scan on t_2  (cost=0.00..1.00 rows=1 width=4)\n",
            "1\tSIMPLE\tt\tALL\n2\tSUBQUERY\tu\tref\n",
            "1\tSIMPLE\tt\tALL\n1\tSIMPLE\tu\tref\n",
            "|  1 | SIMPLE | t | ALL |\n|  1 | SIMPLE | u | ALL |\n",
            " id | select_type | table\n  1 | SIMPLE | t\n",
        ] {
            assert_eq!(peeled(text), None, "{text:?}");
        }
    }
}
