//! `.pgpass`: one line a password, `host:port:database:user:password` (manual, "The Password File";
//! `passwordFromFile` in libpq's fe-connect.c).

use std::{fs, path::Path};

use secrecy::SecretString;

/// The password for a server, from the first line that fits. `Err` is a warning: the file was not used.
///
/// `host` is `localhost` for a socket in a default directory, else the socket's directory.
pub(super) fn look_up(
    path: &Path,
    host: &str,
    port: u16,
    database: &str,
    user: &str,
) -> Result<Option<SecretString>, String> {
    let Ok(metadata) = fs::metadata(path) else {
        return Ok(None);
    };
    if !metadata.is_file() {
        return Err(format!("password file {} is not a plain file; it was not used", path.display()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(format!(
                "password file {} has group or world access and was not used; chmod 600 makes it usable",
                path.display()
            ));
        }
    }
    let text = fs::read(path).map_err(|e| format!("password file {} was not used: {e}", path.display()))?;
    let port = port.to_string();
    Ok(String::from_utf8_lossy(&text).lines().find_map(|line| matching(line, [host, &port, database, user])))
}

/// The password of a line whose four fields fit.
fn matching(line: &str, wanted: [&str; 4]) -> Option<SecretString> {
    let mut rest = line.trim_end_matches('\r');
    if rest.starts_with('#') {
        return None;
    }
    for value in wanted {
        let (field, after) = field(rest);
        // `\*` is an escaped star and no wildcard.
        if !rest.starts_with("*:") && field != value {
            return None;
        }
        rest = after?;
    }
    let password = field(rest).0;
    (!password.is_empty()).then(|| SecretString::from(password))
}

/// One field with its backslashes taken away, and what follows its colon.
fn field(text: &str) -> (String, Option<&str>) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            ':' => return (value, Some(&text[at + 1..])),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, None)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::matching;

    #[test]
    fn the_first_line_whose_fields_fit_gives_the_password() {
        let wanted = ["::1", "5432", "shop", "ann"];
        for (line, expected) in [
            (r"\:\:1:5432:shop:ann:secret", Some("secret")),
            ("*:*:*:*:any", Some("any")),
            (r"*:*:*:ann:a\:b\\c", Some(r"a:b\c")),
            ("*:*:*:ann:with trailing:colon", Some("with trailing")),
            ("*:*:other:ann:secret", None),
            (r"\*:*:*:*:secret", None),
            ("# *:*:*:*:comment", None),
            ("*:*:*:*:", None),
            ("*:*:*", None),
            ("", None),
        ] {
            let found = matching(line, wanted);
            assert_eq!(found.as_ref().map(ExposeSecret::expose_secret), expected, "{line}");
        }
    }
}
