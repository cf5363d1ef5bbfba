//! The findings: one line each, the chosen one in full.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::{
    detail::why,
    text::{fit, unseen, width, wrap},
    tree::severity_mark,
};
use crate::{app::Sheet, diagnose::Finding, fmt, text::one_line, theme::Theme};

/// Draws the list; gives how many lines there is room for.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, sheet: &Sheet, focused: bool, theme: &Theme) -> usize {
    let columns = usize::from(area.width);
    if sheet.findings.is_empty() {
        for (line, y) in nothing(sheet, columns, theme).iter().zip(area.top()..area.bottom()) {
            buffer.set_line(area.x, y, line, area.width);
        }
        return 0;
    }
    // The chosen finding is open when it can be: it is what people read.
    let chosen = sheet.finding.min(sheet.findings.len() - 1);
    let share = |finding: &Finding| finding.share.map(fmt::percent).unwrap_or_default();
    let beside = match width(&share(&sheet.findings[chosen])) {
        0 => 0,
        share => share + 1,
    };
    let open = why(&sheet.findings[chosen], columns.saturating_sub(1), beside, theme);
    let height = usize::from(area.height);
    let before = chosen.min(height.saturating_sub(open.len()));
    let mut y = area.top();
    let below = sheet.findings.len().saturating_sub(chosen - before + height.saturating_sub(open.len()) + 1);
    unseen(buffer, area, chosen - before, below, theme);
    for (i, finding) in sheet.findings.iter().enumerate().skip(chosen - before) {
        if i == chosen {
            for (n, line) in open.iter().enumerate() {
                if y >= area.bottom() {
                    break;
                }
                buffer.set_line(area.x + 1, y, line, area.width.saturating_sub(1));
                if n == 0 {
                    put_right(buffer, area, y, &share(finding), theme);
                    let scope = if focused { "ui.selection" } else { "ui.selection.inactive" };
                    buffer.set_style(Rect::new(area.x, y, area.width, 1), theme.style(scope));
                    buffer.set_string(area.x, y, theme.glyphs.cursor, theme.style("ui.accent"));
                }
                y += 1;
            }
            continue;
        }
        if y >= area.bottom() {
            break;
        }
        let share = share(finding);
        let line = Line::from(vec![
            Span::raw(" "),
            severity_mark(finding.severity, theme),
            Span::raw(" "),
            Span::styled(
                fit(&one_line(&finding.title), columns.saturating_sub(5 + width(&share)), theme),
                theme.style("ui.text"),
            ),
        ]);
        buffer.set_line(area.x, y, &line, area.width);
        put_right(buffer, area, y, &share, theme);
        y += 1;
    }
    height
}

fn put_right(buffer: &mut Buffer, area: Rect, y: u16, text: &str, theme: &Theme) {
    let Ok(w) = u16::try_from(width(text)) else { return };
    if w < area.width {
        buffer.set_string(area.right() - w, y, text, theme.style("ui.dim"));
    }
}

fn nothing(sheet: &Sheet, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let words = if sheet.plan.analyzed {
        "Nothing stands out in this plan."
    } else {
        "Nothing stands out in the estimates. Run and measure the statement (a) to see what really happens."
    };
    wrap(words, columns).into_iter().map(|l| Line::styled(l, theme.style("ui.dim"))).collect()
}
