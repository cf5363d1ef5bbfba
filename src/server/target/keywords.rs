//! libpq's keyword strings: `host=db dbname='my shop' password=it\'s` (manual, "Keyword/Value Connection Strings").

use super::TargetError;

/// The pairs of a keyword string in order, and the string with its passwords replaced, for messages.
///
/// # Errors
/// [`TargetError::Malformed`].
pub(super) fn parse(text: &str) -> Result<(Vec<(String, String)>, String), TargetError> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut chars = text.chars().peekable();
    // The text itself stays out of the message: where it is broken, a password's bounds are not known.
    let malformed = |problem: &str| TargetError::Malformed { text: "keywords".to_owned(), problem: problem.to_owned() };
    loop {
        while chars.next_if(char::is_ascii_whitespace).is_some() {}
        if chars.peek().is_none() {
            break;
        }
        let mut name = String::new();
        while let Some(c) = chars.next_if(|c| *c != '=' && !c.is_ascii_whitespace()) {
            name.push(c);
        }
        while chars.next_if(char::is_ascii_whitespace).is_some() {}
        if chars.next() != Some('=') || name.is_empty() {
            return Err(malformed("a keyword is not followed by = and a value"));
        }
        while chars.next_if(char::is_ascii_whitespace).is_some() {}
        let quoted = chars.next_if_eq(&'\'').is_some();
        let mut value = String::new();
        loop {
            match chars.next() {
                None if quoted => return Err(malformed("the quote ' of a value is not closed")),
                None => break,
                Some('\'') if quoted => break,
                Some(c) if !quoted && c.is_ascii_whitespace() => break,
                Some('\\') => value.extend(chars.next()),
                Some(c) => value.push(c),
            }
        }
        pairs.push((name, value));
    }
    let shown = pairs
        .iter()
        .map(|(name, value)| {
            if name.contains("pass") {
                format!("{name}=***")
            } else {
                format!("{name}={}", crate::text::one_line(value))
            }
        })
        .collect::<Vec<_>>()
        .join(" ");
    Ok((pairs, shown))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn values_are_quoted_and_escaped_as_libpq_does() {
        let (pairs, shown) = parse(r"host = db port=6000  dbname='my \'shop\'' password=a\ b\\c user=''").unwrap();
        let pairs: Vec<_> = pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            pairs,
            [("host", "db"), ("port", "6000"), ("dbname", "my 'shop'"), ("password", r"a b\c"), ("user", "")]
        );
        assert!(shown.contains("password=***") && !shown.contains("a b"), "{shown}");
    }

    #[test]
    fn a_broken_string_is_refused_without_being_shown() {
        for text in ["password='s3cret", "host s3cret=x y", "=s3cret", "password s3cret"] {
            let error = parse(text).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
