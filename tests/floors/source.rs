//! Just enough of Rust's grammar to list the paths that a file names: words and marks, without comments and literals.

/// A path as it is named in the source, resolved to `crate` where it began with `super` or `self`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// Line, from 1.
    pub(super) line: usize,
    /// Its parts.
    pub(super) path: Vec<String>,
}

/// A word, or one mark (`::` counts as one).
#[derive(Debug, PartialEq, Eq)]
struct Token<'a> {
    line: usize,
    text: &'a str,
}

/// Every path of two or more parts that `text`, the source of `module`, names; groups (`a::{b, c::d}`) are spread out. A word alone after `use`
/// counts too.
pub(super) fn names(text: &str, module: &[String]) -> Vec<Name> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    // Modules within the file that are open, each with the depth of braces it began at.
    let mut inner: Vec<(usize, String)> = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while at < tokens.len() {
        let word = |n: usize| tokens.get(at + n).map_or("", |token| token.text);
        match word(0) {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inner.retain(|(from, _)| *from < depth + 1);
            }
            "mod" if word(2) == "{" => {
                inner.push((depth + 1, word(1).to_owned()));
                at += 1;
            }
            "use" => {
                let here = here(module, &inner);
                at = tree(&tokens, at + 1, &[], &here, &mut found);
                continue;
            }
            first if is_word(first) && word(1) == "::" => {
                let here = here(module, &inner);
                at = tree(&tokens, at, &[], &here, &mut found);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The lines of `text` that start a thread, a task or a process: a call or an import of `spawn` or `spawn_…`.
pub(super) fn spawns(text: &str) -> Vec<usize> {
    let tokens = tokens(text);
    let mut lines = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let around = |n: usize| tokens.get(n).map_or("", |token| token.text);
        let spawn = token.text == "spawn" || token.text.starts_with("spawn_");
        let before = if at == 0 { "" } else { around(at - 1) };
        let path = matches!(before, "::" | "." | "{" | ",") || around(at + 1) == "(";
        if spawn && path && before != "fn" && before != "let" {
            lines.push(token.line);
        }
    }
    lines
}

fn here(module: &[String], inner: &[(usize, String)]) -> Vec<String> {
    module.iter().cloned().chain(inner.iter().map(|(_, name)| name.clone())).collect()
}

/// Reads one path or group at `at` below `prefix`; gives the place after it.
fn tree(tokens: &[Token<'_>], mut at: usize, prefix: &[String], here: &[String], found: &mut Vec<Name>) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token: &Token<'_>| token.text);
    let mut path = prefix.to_vec();
    let line = tokens.get(at).map_or(0, |token| token.line);
    loop {
        if text(at) == "{" {
            at += 1;
            while !matches!(text(at), "}" | "") {
                at = tree(tokens, at, &path, here, found);
                if text(at) == "," {
                    at += 1;
                } else if text(at) != "}" {
                    // No use tree after all (a block after `a::`): leave it to the caller.
                    return at;
                }
            }
            return at + 1;
        }
        if !is_word(text(at)) && text(at) != "*" {
            break;
        }
        path.push(text(at).to_owned());
        at += 1;
        if text(at) == "as" {
            at += 2;
        }
        if text(at) != "::" {
            break;
        }
        at += 1;
    }
    if at == 0 || path.len() == prefix.len() {
        return at + 1;
    }
    found.push(Name { line, path: resolve(path, here) });
    at
}

/// Replaces `super` and `self` at the front by the path from `crate`.
fn resolve(path: Vec<String>, here: &[String]) -> Vec<String> {
    let mut path = path;
    if path.len() > 1 && path.last().is_some_and(|part| part == "self") {
        path.pop();
    }
    let ups = path.iter().take_while(|part| *part == "super" || *part == "self").count();
    if ups == 0 {
        return path;
    }
    let up = path[..ups].iter().filter(|part| *part == "super").count();
    let base = &here[..here.len().saturating_sub(up)];
    std::iter::once("crate".to_owned()).chain(base.iter().cloned()).chain(path[ups..].iter().cloned()).collect()
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Words and marks of `text`, without comments, strings, characters and lifetimes.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let rest = &text[at..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest)
        } else if let Some(length) = string(rest) {
            length
        } else if rest.starts_with('\'') {
            quote(rest)
        } else if is_word(rest) {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(Token { line, text: &rest[..length] });
            length
        } else {
            let length = if rest.starts_with("::") { 2 } else { rest.chars().next().map_or(1, char::len_utf8) };
            if !rest.starts_with(char::is_whitespace) {
                tokens.push(Token { line, text: &rest[..length] });
            }
            length
        };
        line += rest[..length].matches('\n').count();
        at += length;
    }
    tokens
}

/// Length of the block comment at the front; they nest.
fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// Length of the string literal at the front (`"…"`, `b"…"`, `r#"…"#` and their kin), if there is one.
fn string(rest: &str) -> Option<usize> {
    let prefix = rest.find(|c: char| !matches!(c, 'b' | 'c' | 'r')).filter(|length| *length <= 2)?;
    let raw = rest[..prefix].contains('r');
    let hashes = if raw { rest[prefix..].bytes().take_while(|b| *b == b'#').count() } else { 0 };
    let open = prefix + hashes;
    rest[open..].starts_with('"').then_some(())?;
    if raw {
        let close = format!("\"{}", "#".repeat(hashes));
        return Some(rest[open + 1..].find(&close).map_or(rest.len(), |end| open + 1 + end + close.len()));
    }
    let mut escaped = false;
    for (at, c) in rest[open + 1..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(open + at + 2),
            _ => {}
        }
    }
    Some(rest.len())
}

/// Length of the character literal or lifetime at the front.
fn quote(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        // The escaped character itself may be a quote.
        Some((_, '\\')) => {
            chars.next();
            chars.find(|(_, c)| *c == '\'').map_or(rest.len(), |(at, _)| at + 1)
        }
        Some((at, c)) if rest[at + c.len_utf8()..].starts_with('\'') => at + c.len_utf8() + 1,
        _ => 1,
    }
}
