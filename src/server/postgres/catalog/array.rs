//! Arrays as the server prints them (manual, "Array Input and Output Syntax").

/// The elements of a one-dimensional array's text; NULL becomes an empty text. What is no array has no elements.
///
/// `pg_stats` shows values of every type as `anyarray`, which has no binary form that a client could read.
pub(crate) fn elements(text: &str) -> Vec<String> {
    let Some(inner) = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    if inner.is_empty() {
        return all;
    }
    let (mut element, mut quoted, mut was_quoted) = (String::new(), false, false);
    let mut chars = inner.chars();
    loop {
        match chars.next() {
            Some('\\') => element.extend(chars.next()),
            Some('"') => (quoted, was_quoted) = (!quoted, true),
            Some(c) if c != ',' || quoted => element.push(c),
            end => {
                if !was_quoted && element == "NULL" {
                    element.clear();
                }
                all.push(std::mem::take(&mut element));
                was_quoted = false;
                if end.is_none() {
                    return all;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::elements;

    #[test]
    fn elements_are_unquoted() {
        for (text, expected) in [
            ("{}", &[][..]),
            ("{1,2.5}", &["1", "2.5"]),
            (r#"{done,"a b","say \"x\"","c,d",""}"#, &["done", "a b", "say \"x\"", "c,d", ""]),
            (r#"{"{x,y}","{z}"}"#, &["{x,y}", "{z}"]),
            (r#"{NULL,"NULL"}"#, &["", "NULL"]),
            ("no array", &[]),
        ] {
            assert_eq!(elements(text), expected, "{text}");
        }
    }
}
