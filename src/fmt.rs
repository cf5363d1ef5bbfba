//! Numbers for people. Every number a person reads is made here.

/// Milliseconds: `0.04 ms`, `812 ms`, `1.3 s`, `4 min 12 s`.
#[must_use]
pub fn duration_ms(ms: f64) -> String {
    match ms {
        ms if ms < 1.0 => format!("{ms:.2} ms"),
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 1_000.0 => format!("{ms:.0} ms"),
        ms if ms < 10_000.0 => format!("{:.2} s", ms / 1_000.0),
        ms if ms < 60_000.0 => format!("{:.1} s", ms / 1_000.0),
        ms => {
            let seconds = (ms / 1_000.0).round();
            format!("{:.0} min {:02.0} s", (seconds / 60.0).floor(), seconds % 60.0)
        }
    }
}

/// Counts: `8`, `40,123`, `1.2 M`, `3.4 G`. Fractions below ten keep a decimal.
#[must_use]
pub fn count(n: f64) -> String {
    let a = n.abs();
    match a {
        a if a < 10.0 && (a - a.round()).abs() > 0.005 => format!("{n:.1}"),
        a if a < 999_999.5 => grouped(n.round()),
        a if a < 1e9 => format!("{:.1} M", n / 1e6),
        a if a < 1e12 => format!("{:.1} G", n / 1e9),
        _ => format!("{n:.1e}"),
    }
}

/// Index entries that a written row brings: `1 index entry per row written`; a partial index has some for some rows only.
#[must_use]
pub fn entries_per_row(n: f64) -> String {
    if n < 0.95 {
        return format!("{} of the rows written bring an index entry: those that match its condition", percent(n));
    }
    let plural = if (n - 1.0).abs() <= 0.05 { "entry" } else { "entries" };
    format!("{} index {plural} per row written", count(n))
}

/// How many there are of something.
#[must_use]
pub fn whole(n: usize) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with a few digits")]
    count(n as f64)
}

/// A whole number with thousands separated by commas.
#[must_use]
pub fn grouped(n: f64) -> String {
    let digits = format!("{:.0}", n.abs());
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if n < 0.0 && digits != "0" {
        out.push('-');
    }
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Bytes: `512 B`, `22 MB` (1024-based, as PostgreSQL's `pg_size_pretty` counts).
#[must_use]
pub fn bytes(n: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "shown with two digits")]
    let mut value = n as f64;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if value < 1024.0 || unit == "TB" {
            return if unit == "B" || value >= 10.0 {
                format!("{value:.0} {unit}")
            } else {
                format!("{value:.1} {unit}")
            };
        }
        value /= 1024.0;
    }
    String::new()
}

/// A part of a whole: `<1 %`, `37 %`.
#[must_use]
pub fn percent(part: f64) -> String {
    let p = part * 100.0;
    if p > 0.0 && p < 1.0 { "<1 %".to_owned() } else { format!("{p:.0} %") }
}

/// A number kept for evidence: two decimals are enough.
#[must_use]
pub fn rounded(n: f64) -> f64 {
    (n * 100.0).round() / 100.0
}

/// A cost in the server's unit.
#[must_use]
pub fn cost(n: f64) -> String {
    // What is next to nothing has no sign.
    let n = if n.abs() < 0.005 { 0.0 } else { n };
    if n < 100.0 { format!("{n:.2}") } else { count(n) }
}

/// A moment, seconds since 1970, as `2026-11-26 11:30` in universal time.
#[must_use]
pub fn date(seconds: u64) -> String {
    // Days to a date by the Gregorian calendar's 400-year cycle (Howard Hinnant, "chrono-compatible low-level date algorithms").
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}", rest / 3_600, rest % 3_600 / 60)
}

/// How many times: `×12`, `×5,015`, `×502 k`, `×7.9 G`. Beyond what has a letter the power of ten is told.
#[must_use]
pub fn times(n: f64) -> String {
    match n {
        n if n < 10.0 => format!("×{n:.1}"),
        n if n < 99_999.5 => format!("×{}", grouped(n.round())),
        n if n < 999_500.0 => format!("×{:.0} k", n / 1e3),
        n if n < 1e9 => format!("×{:.1} M", n / 1e6),
        n if n < 1e12 => format!("×{:.1} G", n / 1e9),
        n => format!("×{n:.0e}"),
    }
}

/// A moment in seconds since 1970, in universal time: `2026-11-26 11:31 UTC`.
#[must_use]
pub fn utc(seconds: u64) -> String {
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    // Years that begin in March put the day that not every year has at their end; 400 of them are an era of 146,097 days.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (400 * era + year + u64::from(month >= 10), if month < 10 { month + 3 } else { month - 9 });
    format!("{year:04}-{month:02}-{date:02} {:02}:{:02} UTC", of_day / 3_600, of_day / 60 % 60)
}

#[cfg(test)]
mod tests {
    #[test]
    fn moments_are_told_in_universal_time() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_399, "2000-02-28 23:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (1_078_012_800, "2004-02-29 00:00 UTC"),
            (1_798_761_599, "2026-12-31 23:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(super::utc(seconds), text);
        }
    }

    #[test]
    fn numbers_read_as_people_write_them() {
        for (ms, text) in
            [(0.04, "0.04 ms"), (812.4, "812 ms"), (1_300.0, "1.30 s"), (59_999.0, "60.0 s"), (252_000.0, "4 min 12 s")]
        {
            assert_eq!(super::duration_ms(ms), text);
        }
        for (n, text) in
            [(8.0, "8"), (0.5, "0.5"), (40_123.0, "40,123"), (1_234_567.0, "1.2 M"), (999_999.0, "999,999"), (0.0, "0")]
        {
            assert_eq!(super::count(n), text);
        }
        for (n, text) in [(512, "512 B"), (8192, "8.0 kB"), (23_068_672, "22 MB"), (1_610_612_736, "1.5 GB")] {
            assert_eq!(super::bytes(n), text);
        }
        for (seconds, text) in [
            (0, "1970-01-01 00:00"),
            (951_782_399, "2000-02-28 23:59"),
            (951_825_600, "2000-02-29 12:00"),
            (1_795_692_660, "2026-11-26 11:31"),
        ] {
            assert_eq!(super::date(seconds), text);
        }
        for (n, text) in [
            (1.0, "1 index entry per row written"),
            (12.0, "12 index entries per row written"),
            (0.02, "2 % of the rows written bring an index entry: those that match its condition"),
        ] {
            assert_eq!(super::entries_per_row(n), text);
        }
        assert_eq!(super::percent(0.004), "<1 %");
        assert_eq!(super::percent(0.37), "37 %");
        for (n, text) in
            [(1.04, "×1.0"), (12.4, "×12"), (5_015.4, "×5,015"), (99_999.4, "×99,999"), (501_540.0, "×502 k")]
        {
            assert_eq!(super::times(n), text);
        }
        assert_eq!(super::times(7.911e9), "×7.9 G");
        assert_eq!(super::times(7_911_647_269e6), "×8e15");
    }
}
