//! The table itself. The order is the order of help and of hints: what is used most comes first.

use super::{
    Binding,
    Command::{self, Accept, Analyze, Back, Cancel, CopyDdl, Explain, FindIndexes, Leave, Open, Quit},
    Place::{
        self, Always, Busy, Compare, Confirm, Editor, Error, Findings, Help, Indexes, Moving, Normal, Plan, Query,
        Search, Start, Tree,
    },
};

const fn line(
    command: Command,
    name: &'static str,
    keys: &'static [&'static str],
    places: &'static [Place],
    help: &'static str,
    hint: &'static str,
) -> Binding {
    Binding { command, name, keys, places, help, hint }
}

/// Every command.
#[rustfmt::skip]
pub static COMMANDS: &[Binding] = &[
    line(Cancel, "cancel", &["esc", "ctrl-c"], &[Busy], "Stop what the server is doing", "cancel"),
    line(Accept, "accept", &["ret"], &[Search, Confirm], "Take what was typed", "accept"),
    line(Leave, "leave", &["esc"], &[Editor, Search, Confirm, Help, Error], "Stop typing, or close what is in front", "leave"),
    line(Leave, "leave", &["q", "?"], &[Help], "Close the help", ""),
    line(Leave, "leave", &["ctrl-c"], &[Confirm, Search], "Stop typing", ""),

    line(Open, "open", &["ret"], &[Start], "Explain the sample query", "explain it"),
    line(Open, "open", &["ret"], &[Findings], "Go to the node it is about", "go to node"),
    line(Open, "open", &["ret"], &[Indexes], "Show the plans before and after", "before/after"),
    line(Open, "open", &["ret"], &[Tree], "Go to the node's details", ""),
    line(CopyDdl, "copy-ddl", &["y"], &[Indexes, Compare], "Copy the statements that create the index", "copy DDL"),
    line(Command::CopyUndo, "copy-undo", &["Y"], &[Indexes, Compare], "Copy the statements that take it away again", ""),
    line(Command::CopyQuery, "copy-query", &["y"], &[Query, Plan], "Copy the query", ""),

    line(Command::Edit, "edit", &["i", "ret"], &[Query], "Type the query", "type"),
    line(FindIndexes, "find-indexes", &["x"], &[Normal], "Look for indexes and try each", "find indexes"),
    line(Analyze, "analyze", &["a"], &[Normal], "Run the statement and measure (rolled back, with a time limit)", "run+measure"),
    line(Explain, "explain", &["r"], &[Normal], "Explain the statement without running it", "explain"),
    line(Explain, "explain", &["F5", "ctrl-r", "alt-ret"], &[Always], "Explain the statement under the cursor without running it", "explain"),
    line(Analyze, "analyze", &["F6"], &[Always], "Explain it, run it and measure (rolled back, with a time limit)", "run+measure"),
    line(FindIndexes, "find-indexes", &["F7"], &[Always], "Look for indexes and try each", "find indexes"),

    line(Command::NextFinding, "next-finding", &["]"], &[Plan], "To the node of the next finding", "next finding"),
    line(Command::PreviousFinding, "previous-finding", &["["], &[Plan], "To the node of the finding before", ""),
    line(Command::Search, "search", &["/"], &[Tree, Plan], "Search operators, tables, indexes and conditions", "search"),
    line(Command::NextMatch, "next-match", &["n"], &[Plan], "To the next match", ""),
    line(Command::PreviousMatch, "previous-match", &["N"], &[Plan], "To the match before", ""),
    line(Command::Fold, "fold", &["h", "left"], &[Tree], "Close the node, or go to its parent", ""),
    line(Command::Unfold, "unfold", &["l", "right"], &[Tree], "Open the node, or go to its first child", ""),
    line(Command::ToggleFold, "toggle-fold", &["space"], &[Tree], "Open or close the node", ""),
    line(Command::FoldAll, "fold-all", &["-"], &[Tree], "Close every node below the first two levels", ""),
    line(Command::UnfoldAll, "unfold-all", &["+", "="], &[Tree], "Open every node", ""),
    line(Command::NextPlan, "next-plan", &[">"], &[Plan], "To the next plan, where there are several", ""),
    line(Command::PreviousPlan, "previous-plan", &["<"], &[Plan], "To the plan before", ""),

    line(Command::Down, "down", &["j", "down"], &[Moving], "Down", ""),
    line(Command::Up, "up", &["k", "up"], &[Moving], "Up", ""),
    line(Command::PageDown, "page-down", &["pagedown", "ctrl-d", "ctrl-f"], &[Moving], "A page down", ""),
    line(Command::PageUp, "page-up", &["pageup", "ctrl-u", "ctrl-b"], &[Moving], "A page up", ""),
    line(Command::First, "first", &["g", "home"], &[Moving], "To the beginning", ""),
    line(Command::Last, "last", &["G", "end"], &[Moving], "To the end", ""),

    line(Command::NextPane, "next-pane", &["tab"], &[Moving], "To the next pane", "next pane"),
    line(Command::PreviousPane, "previous-pane", &["backtab"], &[Moving], "To the pane before", ""),
    line(Command::ShowQuery, "show-query", &["1", "e"], &[Normal], "The query", "edit query"),
    line(Command::ShowPlan, "show-plan", &["2", "p"], &[Normal], "The plan", ""),
    line(Command::ShowIndexes, "show-indexes", &["3"], &[Normal], "The indexes tried", ""),
    line(Command::ShowCompare, "show-compare", &["4", "c"], &[Normal], "Before and after", ""),
    line(Command::ShowSamples, "show-samples", &["0", "s"], &[Normal], "The sample queries", ""),
    line(Back, "back", &["esc", "backspace"], &[Normal], "Back", ""),
    line(Command::Reconnect, "reconnect", &["R"], &[Normal], "Connect again", ""),
    line(Command::Suspend, "suspend", &["ctrl-z"], &[Normal], "To the shell; `fg` comes back", ""),
    line(Command::Help, "help", &["?"], &[Normal], "The keys", "help"),
    line(Command::Help, "help", &["F1"], &[Always], "The keys", "help"),
    line(Quit, "quit", &["q"], &[Normal], "Quit; the query typed is kept", "quit"),
    line(Quit, "quit", &["ctrl-q", "ctrl-c"], &[Always], "Quit; the query typed is kept", ""),

    line(Command::NewLine, "new-line", &["ret"], &[Editor], "Begin a line", ""),
    line(Command::Indent, "indent", &["tab"], &[Editor], "Indent", ""),
    line(Command::DeleteBack, "delete-back", &["backspace", "ctrl-h"], &[Editor, Search, Confirm], "Delete the character before", ""),
    line(Command::DeleteNext, "delete-next", &["del", "ctrl-d"], &[Editor], "Delete the character under the cursor", ""),
    line(Command::DeleteWord, "delete-word", &["ctrl-w", "alt-backspace"], &[Editor], "Delete the word before", ""),
    line(Command::DeleteNextWord, "delete-next-word", &["alt-d", "alt-del"], &[Editor], "Delete the word after", ""),
    line(Command::DeleteToEnd, "delete-to-end", &["ctrl-k"], &[Editor], "Delete to the end of the line", ""),
    line(Command::DeleteToStart, "delete-to-start", &["ctrl-u"], &[Editor, Search], "Delete to the start of the line", ""),
    line(Command::Undo, "undo", &["ctrl-z", "ctrl-_", "ctrl-7"], &[Editor], "Undo", ""),
    line(Command::Redo, "redo", &["ctrl-y"], &[Editor], "Redo", ""),
    line(Command::CharLeft, "char-left", &["left", "ctrl-b"], &[Editor], "A character left", ""),
    line(Command::CharRight, "char-right", &["right", "ctrl-f"], &[Editor], "A character right", ""),
    line(Command::LineUp, "line-up", &["up", "ctrl-p"], &[Editor], "A line up", ""),
    line(Command::LineDown, "line-down", &["down", "ctrl-n"], &[Editor], "A line down", ""),
    line(Command::WordLeft, "word-left", &["ctrl-left", "alt-b"], &[Editor], "A word left", ""),
    line(Command::WordRight, "word-right", &["ctrl-right", "alt-f"], &[Editor], "A word right", ""),
    line(Command::LineStart, "line-start", &["home", "ctrl-a"], &[Editor], "To the start of the line", ""),
    line(Command::LineEnd, "line-end", &["end", "ctrl-e"], &[Editor], "To the end of the line", ""),
    line(Command::TextStart, "text-start", &["ctrl-home", "pageup"], &[Editor], "To the start of the text", ""),
    line(Command::TextEnd, "text-end", &["ctrl-end", "pagedown"], &[Editor], "To the end of the text", ""),
];
