//! Server logs: what stands around a plan that `auto_explain` wrote.

/// Milliseconds from the line `auto_explain` begins an entry with: `duration: 12.345 ms  plan:`.
pub(super) fn duration(row: &str) -> Option<f64> {
    let before = row.find(" ms  plan:").or_else(|| row.find(" ms plan:"))?;
    let (_, number) = row[..before].rsplit_once("duration: ")?;
    number.trim().parse().ok().filter(|ms: &f64| ms.is_finite() && *ms >= 0.0)
}

/// The plans of a log in the CSV format: its cells that hold one, everything else blank. Lines stay where they are. `None`
/// when the text is no such log.
pub(super) fn cells(text: &str) -> Option<String> {
    const CELL: &str = ",\"duration: ";
    if !text.contains(CELL) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let blank = |out: &mut String, part: &str| out.extend(part.chars().filter(|c| *c == '\n'));
    let mut rest = text;
    while let Some(at) = rest.find(CELL) {
        let start = at + CELL.len() - "duration: ".len();
        blank(&mut out, &rest[..start]);
        rest = &rest[start..];
        let end = closing_quote(rest).unwrap_or(rest.len());
        let cell = &rest[..end];
        if cell.lines().next().and_then(duration).is_some() {
            out.push_str(&cell.replace("\"\"", "\""));
        } else {
            blank(&mut out, cell);
        }
        rest = &rest[end..];
    }
    blank(&mut out, rest);
    Some(out)
}

/// Where a quoted cell ends whose first quote was passed.
fn closing_quote(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at += text[at..].find('"')?;
        if bytes.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

/// A line of syslog without what syslog puts before it: `… postgres[123]: [5-2] #011Seq Scan on t`.
pub(crate) fn without_syslog(row: &str) -> Option<String> {
    let (_, after) = row.split_once("postgres[")?;
    let (_, message) = after.split_once("]: [")?;
    let (number, message) = message.split_once("] ")?;
    let numbered = number.contains('-') && number.chars().all(|c| c.is_ascii_digit() || c == '-');
    numbered.then(|| message.replace("#011", "\t"))
}

#[cfg(test)]
mod tests {
    use super::{cells, duration, without_syslog};

    #[test]
    fn a_csv_log_gives_its_plans_on_their_lines() {
        let log = "2026-01-01,\"u\",,\"duration: 1.5 ms  plan:\nQuery Text: select \"\"a\"\"\nResult  (cost=0.00..0.01 rows=1 width=4)\",,,\n2026,\"x\",\"duration: 2 ms  statement: select 1\",,\n";
        let plain = "duration: 1.5 ms  plan:\nQuery Text: select \"a\"\nResult  (cost=0.00..0.01 rows=1 width=4)\n\n";
        assert_eq!(cells(log).unwrap(), plain);
        assert_eq!(cells("a,b,c"), None);
    }

    #[test]
    fn durations_and_syslog_are_recognised() {
        assert_eq!(duration("2026-01-01 [1] LOG:  duration: 12.5 ms  plan:"), Some(12.5));
        assert_eq!(duration("LOG:  duration: 12.5 ms  statement: select 1"), None);
        let row = "Nov 26 11:00:00 db postgres[42]: [5-2] #011Seq Scan on t";
        assert_eq!(without_syslog(row).unwrap(), "\tSeq Scan on t");
        assert_eq!(without_syslog("Seq Scan on t"), None);
    }
}
