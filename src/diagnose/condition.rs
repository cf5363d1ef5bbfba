//! Looking into a condition as a server prints it: its comparisons, and whether a column stands bare in them.
//!
//! Servers print conditions with every parenthesis and cast, in their own dialects (`lower((email)::text) = 'x'::text`,
//! `(cast(`t`.`ts` as date) = '…')`), which no SQL parser takes whole. Words and brackets are enough to tell a bare column from a
//! wrapped one; what is not understood is not reported.

/// A piece of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token<'a> {
    /// A name, a keyword or a type; quotes taken off.
    Word(&'a str, bool),
    Number,
    Text(&'a str),
    Open,
    Close,
    Comma,
    Dot,
    Cast,
    /// Any operator.
    Operator(&'a str),
    /// `$1`, `?`
    Parameter,
}

/// How a column stands in a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// Inside a function: its name in lower case.
    Function(String),
    /// Converted to a type.
    Converted(String),
    /// In arithmetic or concatenation.
    Computed,
    /// Bare, but compared with a pattern that begins with a wildcard.
    LeadingWildcard,
    /// Bare, compared with a number.
    BareToNumber,
}

/// A comparison that a plain index on `column` cannot serve (or, for [`Shape::BareToNumber`], cannot if the column is text).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrapped {
    pub column: String,
    pub shape: Shape,
}

/// Operators whose right side an inverted index could look up.
const CONTAINMENT: &[&str] = &["@>", "<@", "&&", "?", "?|", "?&", "@@", "@?"];

/// Words that are no columns.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "and", "or", "not", "xor", "is", "null", "true", "false", "any", "all", "some", "in", "between", "like", "ilike",
    "rlike", "regexp", "escape", "as", "at", "time", "zone", "interval", "date", "timestamp", "year", "month", "day",
    "hour", "minute", "second", "week", "quarter", "from", "case", "when", "then", "else", "end", "array", "row",
    "collate", "distinct", "current_date", "current_timestamp", "localtimestamp", "unknown", "using", "char",
    "charset", "signed", "unsigned", "integer", "decimal", "double", "precision", "subplan", "initplan", "hashed",
    "alternatives", "exists", "similar", "to", "binary", "cache", "select", "_utf8mb4", "_latin1", "_utf8mb3",
    "regex", "member", "of", "both", "leading", "trailing", "for", "unicode", "json", "datetime", "epoch", "dow",
    "doy",
];

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (token, length) = match c {
            c if c.is_whitespace() => (None, c.len_utf8()),
            '(' | '[' => (Some(Token::Open), 1),
            ')' | ']' => (Some(Token::Close), 1),
            ',' => (Some(Token::Comma), 1),
            '\'' => {
                let length = quoted(rest, '\'');
                (Some(Token::Text(inside(rest, length))), length)
            }
            '"' | '`' => {
                let length = quoted(rest, c);
                (Some(Token::Word(inside(rest, length), true)), length)
            }
            '$' => (Some(Token::Parameter), run(rest, |c| c == '$' || c.is_alphanumeric())),
            c if c.is_ascii_digit() => (Some(Token::Number), run(rest, |c| c.is_ascii_alphanumeric() || c == '.')),
            c if c.is_alphabetic() || c == '_' => {
                let length = run(rest, |c| c.is_alphanumeric() || c == '_' || c == '$');
                (Some(Token::Word(rest.get(..length).unwrap_or_default(), false)), length)
            }
            '.' => (Some(Token::Dot), 1),
            ':' if rest.starts_with("::") => (Some(Token::Cast), 2),
            '<' if remark(rest) > 0 => (None, remark(rest)),
            _ => {
                let length = run(rest, |c| !c.is_alphanumeric() && !c.is_whitespace() && !"()[],'\"`.$_:".contains(c))
                    .max(c.len_utf8());
                (Some(Token::Operator(rest.get(..length).unwrap_or_default())), length)
            }
        };
        out.extend(token);
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

/// Bytes of a word with which MySQL and MariaDB say what they do with what follows (`<cache>(now())`, `<in_optimizer>(…)`); none otherwise.
fn remark(text: &str) -> usize {
    let inner = text.strip_prefix('<').map_or(0, |rest| run(rest, |c| c.is_ascii_lowercase() || c == '_'));
    let whole = inner > 0 && text.get(inner + 1..).is_some_and(|rest| rest.starts_with(">(") || rest.starts_with("><"));
    if whole { inner + 2 } else { 0 }
}

/// Bytes of the leading characters for which `is` holds.
fn run(text: &str, is: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is(c)).unwrap_or(text.len())
}

/// Bytes of a quoted piece, quotes included; a doubled quote is inside, an open end takes the rest.
fn quoted(text: &str, quote: char) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote == '\'' {
            chars.next();
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    text.len()
}

fn inside(text: &str, length: usize) -> &str {
    text.get(1..length.saturating_sub(1).max(1)).unwrap_or_default()
}

impl Token<'_> {
    fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Word(w, false) if w.eq_ignore_ascii_case(word))
    }

    /// Ends an operand on the outer level.
    fn separates(&self) -> bool {
        ["and", "or", "not", "xor"].iter().any(|w| self.is_word(w)) || matches!(self, Self::Comma)
    }

    fn compares(&self) -> bool {
        match self {
            Self::Operator(op) => {
                matches!(*op, "=" | "<" | ">" | "<=" | ">=" | "<>" | "!=" | "<=>" | "~~" | "~~*" | "!~~" | "!~~*")
                    || CONTAINMENT.contains(op)
            }
            Self::Word(..) => ["like", "in", "between"].iter().any(|w| self.is_word(w)),
            _ => false,
        }
    }
}

/// The columns of a piece: unquoted names are columns unless they are keywords, functions, qualifiers or types.
fn columns(tokens: &[Token<'_>]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut in_type = false;
    for (i, token) in tokens.iter().enumerate() {
        match token {
            Token::Cast => in_type = true,
            Token::Word(word, quoted) if !in_type => {
                let next = tokens.get(i + 1);
                let call = matches!(next, Some(Token::Open)) && !quoted;
                let qualifier = matches!(next, Some(Token::Dot));
                let literal = matches!(next, Some(Token::Text(_))) && !quoted;
                let known = !quoted && KEYWORDS.contains(&word.to_ascii_lowercase().as_str());
                let taken = out.iter().any(|c| c == word);
                // `cast(x as unsigned)`: what follows AS is a type.
                let after_as = i > 0 && tokens[i - 1].is_word("as");
                if !(call || qualifier || literal || known || taken || after_as) {
                    out.push((*word).to_owned());
                }
            }
            Token::Word(..) | Token::Dot => {}
            _ => in_type = false,
        }
    }
    out
}

/// Every column a condition names, in order.
pub(super) fn columns_of(condition: &str) -> Vec<String> {
    columns(&tokens(condition))
}

/// The columns that a condition names without a qualifier, or with one of these: those of one table and not of what it is joined to.
pub(super) fn columns_of_table(condition: &str, called: &[&str]) -> Vec<String> {
    let tokens = tokens(condition);
    // A qualified name of another table loses its column; the qualifier is none anyway.
    let foreign = |at: usize| match tokens.get(..at) {
        Some([.., Token::Word(qualifier, _), Token::Dot]) => {
            !called.iter().any(|name| name.eq_ignore_ascii_case(qualifier))
        }
        _ => false,
    };
    let own: Vec<Token<'_>> =
        tokens.iter().enumerate().filter(|(at, _)| !foreign(*at)).map(|(_, t)| t.clone()).collect();
    columns(&own)
}

/// The columns that a condition compares for equality, those of `IN` among them: they come first in a B-tree that serves it.
pub(super) fn equal_columns(condition: &str) -> Vec<String> {
    let tokens = tokens(condition);
    let equal = |t: &Token<'_>| matches!(t, Token::Operator("=" | "<=>")) || t.is_word("in");
    let places = (0..tokens.len()).filter(|at| equal(&tokens[*at]));
    let sides = places.map(|at| operands(&tokens, at));
    sides.flat_map(|(left, right)| columns(left).into_iter().chain(columns(right))).collect()
}

/// The column on the left of an operator for which an inverted index exists (`@>`, `?`, `@@`, `&&`, …), and the operator.
pub(super) fn containment(condition: &str) -> Option<(String, String)> {
    let tokens = tokens(condition);
    tokens.iter().enumerate().find_map(|(i, token)| match token {
        Token::Operator(op) if CONTAINMENT.contains(op) => {
            let (left, right) = operands(&tokens, i);
            let side = if matches!(*op, "<@") && columns(left).is_empty() { right } else { left };
            // `'…'::tsquery @@ column` and `'{…}' && column` read as well from the other side.
            let column = columns(side).into_iter().next().or_else(|| columns(right).into_iter().next())?;
            Some((column, (*op).to_owned()))
        }
        _ => None,
    })
}

/// The two sides of the comparison at `at`.
fn operands<'t, 'a>(tokens: &'t [Token<'a>], at: usize) -> (&'t [Token<'a>], &'t [Token<'a>]) {
    let mut depth = 0_usize;
    let mut start = at;
    while start > 0 {
        match &tokens[start - 1] {
            Token::Close => depth += 1,
            Token::Open if depth == 0 => break,
            Token::Open => depth -= 1,
            t if depth == 0 && t.separates() => break,
            _ => {}
        }
        start -= 1;
    }
    depth = 0;
    let mut end = at + 1;
    while end < tokens.len() {
        match &tokens[end] {
            Token::Open => depth += 1,
            Token::Close if depth == 0 => break,
            Token::Close => depth -= 1,
            t if depth == 0 && t.separates() => break,
            _ => {}
        }
        end += 1;
    }
    (&tokens[start..at], &tokens[at + 1..end])
}

/// The piece without brackets around the whole of it.
fn bare<'t, 'a>(mut tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    while let [Token::Open, inner @ .., Token::Close] = tokens {
        let mut depth = 0_i32;
        let whole = inner.iter().all(|t| {
            depth += match t {
                Token::Open => 1,
                Token::Close => -1,
                _ => 0,
            };
            depth >= 0
        });
        if !whole {
            break;
        }
        tokens = inner;
    }
    tokens
}

/// How the column of one side stands, `None` when it stands bare (or there is not exactly one).
fn shape(side: &[Token<'_>]) -> Option<Wrapped> {
    let side = bare(side);
    let names = columns(side);
    let [column] = names.as_slice() else {
        return None;
    };
    let wrapped = |shape| Some(Wrapped { column: column.clone(), shape });
    // A cast at the end: `(email)::text`, `(id)::numeric`.
    let mut depth = 0_i32;
    let cast = side.iter().enumerate().filter(|(_, t)| {
        depth += i32::from(**t == Token::Open) - i32::from(**t == Token::Close);
        depth == 0 && **t == Token::Cast
    });
    if let Some((at, _)) = cast.last() {
        let types: Vec<&str> =
            side[at + 1..].iter().filter_map(|t| if let Token::Word(w, _) = t { Some(*w) } else { None }).collect();
        let only_type = !side[at + 1..].iter().any(|t| matches!(t, Token::Operator(_) | Token::Cast));
        if only_type {
            return shape(&side[..at]).or_else(|| wrapped(Shape::Converted(types.join(" "))));
        }
    }
    if let [Token::Word(function, false), Token::Open, ..] = side
        && matches!(side.last(), Some(Token::Close))
    {
        return wrapped(Shape::Function(function.to_ascii_lowercase()));
    }
    if side.iter().any(|t| matches!(t, Token::Operator(op) if !op.starts_with("->") && !op.starts_with("#>"))) {
        return wrapped(Shape::Computed);
    }
    if side.iter().any(|t| matches!(t, Token::Operator(_))) {
        return wrapped(Shape::Function("->".to_owned()));
    }
    None
}

/// Every comparison of a wrapped column with something that names no column.
pub(super) fn wrapped(condition: &str) -> Vec<Wrapped> {
    let tokens = tokens(condition);
    let mut out: Vec<Wrapped> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if !token.compares() || matches!(token, Token::Operator(op) if CONTAINMENT.contains(op)) {
            continue;
        }
        let (left, right) = operands(&tokens, at);
        let (side, other) = match (columns(left).is_empty(), columns(right).is_empty()) {
            (false, true) => (left, right),
            (true, false) => (right, left),
            _ => continue,
        };
        let found = shape(side).or_else(|| {
            let names = columns(side);
            let [column] = names.as_slice() else {
                return None;
            };
            let like = matches!(token, Token::Operator("~~" | "~~*")) || token.is_word("like");
            match bare(other) {
                [Token::Text(pattern), ..] if like && pattern.starts_with(['%', '_']) => {
                    Some(Wrapped { column: column.clone(), shape: Shape::LeadingWildcard })
                }
                [Token::Number] if matches!(token, Token::Operator("=")) => {
                    Some(Wrapped { column: column.clone(), shape: Shape::BareToNumber })
                }
                _ => None,
            }
        });
        // `(name)::text ~~ '%x%'`: the wildcard is the trouble, not the cast.
        let found = found.map(|w| match (bare(other), &w.shape) {
            ([Token::Text(pattern), ..], Shape::Converted(_))
                if matches!(token, Token::Operator("~~" | "~~*")) && pattern.starts_with(['%', '_']) =>
            {
                Wrapped { shape: Shape::LeadingWildcard, ..w }
            }
            _ => w,
        });
        out.extend(found.filter(|w| !out.contains(w)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Shape, columns_of, columns_of_table, containment, wrapped};

    #[test]
    fn a_wrapped_column_is_told_from_a_bare_one_in_every_dialect() {
        let function = |f: &str| Shape::Function(f.into());
        for (condition, expected) in [
            ("(lower((email)::text) = 'ann@x.example'::text)", vec![("email", function("lower"))]),
            ("((email)::text = 'x'::text)", vec![("email", Shape::Converted("text".into()))]),
            ("((id)::numeric = 12.5)", vec![("id", Shape::Converted("numeric".into()))]),
            ("((o.created_at)::date = '2026-01-01'::date)", vec![("created_at", Shape::Converted("date".into()))]),
            ("(date_trunc('day'::text, created_at) >= now())", vec![("created_at", function("date_trunc"))]),
            ("((total * '2'::numeric) > '10'::numeric)", vec![("total", Shape::Computed)]),
            ("((name)::text ~~ '%abc%'::text)", vec![("name", Shape::LeadingWildcard)]),
            ("(name ~~* '%abc%'::text)", vec![("name", Shape::LeadingWildcard)]),
            ("(name ~~ 'abc%'::text)", vec![]),
            ("((data ->> 'kind'::text) = 'a'::text)", vec![("data", function("->"))]),
            ("(customer_id = 42)", vec![("customer_id", Shape::BareToNumber)]),
            ("(created_at >= (now() - '7 days'::interval))", vec![]),
            ("((status = 'open'::text) AND (total > 10.5))", vec![]),
            ("(status = ANY ('{open,\"a b\"}'::text[]))", vec![]),
            ("(cast(`events`.ts as date) = '2024-03-01')", vec![("ts", function("cast"))]),
            ("(year(orders.created_at) = 2024)", vec![("created_at", function("year"))]),
            ("cast(`events`.`ts` as date) = '2024-03-01'", vec![("ts", function("cast"))]),
            ("(`shop`.`products`.`name` like '%lamp%')", vec![("name", Shape::LeadingWildcard)]),
            ("(customers.email = 12345)", vec![("email", Shape::BareToNumber)]),
            ("(orders.created_at between '2024-01-01' and '2024-02-01')", vec![]),
            ("(orders.created_at > <cache>((now() - interval 3 day)))", vec![]),
            ("(orders.customer_id = <cache>((5 + 5)))", vec![]),
            ("(a.x = b.y)", vec![]),
            ("(upper(a.x) = b.y)", vec![]),
        ] {
            let got: Vec<(String, Shape)> = wrapped(condition).into_iter().map(|w| (w.column, w.shape)).collect();
            let expected: Vec<(String, Shape)> = expected.into_iter().map(|(c, s)| (c.to_owned(), s)).collect();
            assert_eq!(got, expected, "{condition}");
        }
    }

    #[test]
    fn columns_are_told_from_functions_types_and_literals() {
        for (condition, expected) in [
            ("((status = 'open'::text) AND (o.total > '10'::numeric) AND (status <> 'x'))", vec!["status", "total"]),
            ("(lower((email)::character varying(20)) = $1)", vec!["email"]),
            ("((`shop`.`orders`.`channel` = 'web') and (`shop`.`orders`.`note` is not null))", vec!["channel", "note"]),
            ("(ts >= TIMESTAMP'2024-01-01 00:00:00')", vec!["ts"]),
            ("('it''s' = \"Mixed Case\")", vec!["Mixed Case"]),
        ] {
            assert_eq!(columns_of(condition), expected, "{condition}");
        }
    }

    #[test]
    fn columns_of_the_table_joined_to_are_none_of_this_one() {
        for (condition, called, expected) in [
            ("i.product_id = p.`id`", &["i"][..], vec!["product_id"]),
            ("`i`.`product_id` = `p`.`id` and i.line > 1", &["order_items", "i"], vec!["product_id", "line"]),
            ("(o.total > '10'::numeric) AND (status = 'x')", &["orders", "o"], vec!["total", "status"]),
            ("`shop`.`o`.`total` > 5", &["o"], vec!["total"]),
        ] {
            assert_eq!(columns_of_table(condition, called), expected, "{condition}");
        }
    }

    #[test]
    fn containment_is_found_on_either_side() {
        for (condition, expected) in [
            ("(attributes @> '{\"colour\": \"red\"}'::jsonb)", Some(("attributes", "@>"))),
            ("(tags && '{a,b}'::text[])", Some(("tags", "&&"))),
            ("('{a}'::text[] <@ tags)", Some(("tags", "<@"))),
            ("(data ? 'x'::text)", Some(("data", "?"))),
            ("(to_tsvector('english'::regconfig, body) @@ '''a'''::tsquery)", Some(("body", "@@"))),
            ("(a = 1)", None),
        ] {
            let expected = expected.map(|(c, o)| (c.to_owned(), o.to_owned()));
            assert_eq!(containment(condition), expected, "{condition}");
        }
    }
}
