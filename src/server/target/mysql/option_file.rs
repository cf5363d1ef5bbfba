//! MySQL's option files: what `~/.my.cnf` says of the connection.
//!
//! Format: MySQL 8.4 manual, "Using Option Files"; quoting, comments and escapes as `mysys/my_default.cc` has them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Groups that the `mysql` and `mariadb` clients read.
const GROUPS: [&str; 6] = ["client", "mysql", "client-server", "client-mariadb", "mariadb-client", "mariadb"];

/// Files that include files, at most (`my_default.cc`: 10).
const DEPTH: usize = 10;

/// What the option files said.
#[derive(Default)]
pub(super) struct Options {
    /// Options by name, `_` written as `-`, `loose-` taken off; the last one wins. No value is an empty text.
    values: BTreeMap<String, String>,
    /// What was ignored and must be told.
    pub(super) warnings: Vec<String>,
}

impl Options {
    /// Reads a file and what it includes. A file that is not there says nothing.
    pub(super) fn read(path: &Path) -> Self {
        let mut options = Self::default();
        options.file(path, 0);
        options
    }

    /// The value of an option.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    fn file(&mut self, path: &Path, depth: usize) {
        let Ok(bytes) = fs::read(path) else {
            if path.exists() {
                self.warnings.push(format!("{} cannot be read and is ignored", path.display()));
            }
            return;
        };
        if world_writable(path) {
            self.warnings.push(format!("{} is world-writable and is ignored", path.display()));
            return;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut ours = false;
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with(['#', ';']) {
            } else if let Some(directive) = line.strip_prefix('!') {
                self.directive(directive, path, depth);
            } else if let Some(group) = line.strip_prefix('[') {
                ours = group.split(']').next().is_some_and(|g| GROUPS.contains(&g.trim()));
            } else if ours {
                self.option(line);
            }
        }
    }

    fn directive(&mut self, directive: &str, from: &Path, depth: usize) {
        let (name, place) = directive.split_once(char::is_whitespace).unwrap_or((directive, ""));
        let place = PathBuf::from(place.trim());
        let files = match name {
            _ if depth >= DEPTH => {
                self.warnings.push(format!("{}: includes more than {DEPTH} levels deep are ignored", from.display()));
                return;
            }
            "include" => vec![place],
            "includedir" => {
                let mut files: Vec<_> = fs::read_dir(&place)
                    .into_iter()
                    .flatten()
                    .filter_map(|entry| entry.ok().map(|e| e.path()))
                    .filter(|p| p.extension().is_some_and(|e| e == "cnf"))
                    .collect();
                files.sort();
                files
            }
            _ => {
                self.warnings.push(format!("{}: !{name} is not known and is ignored", from.display()));
                return;
            }
        };
        for file in files {
            self.file(&file, depth + 1);
        }
    }

    fn option(&mut self, line: &str) {
        let line = without_comment(line).trim();
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        let name = name.trim().to_ascii_lowercase().replace('_', "-");
        let name = name.strip_prefix("loose-").unwrap_or(&name).to_owned();
        self.values.insert(name, unquote(value.trim()));
    }
}

/// The line up to a `#` that stands outside quotes.
fn without_comment(line: &str) -> &str {
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in line.char_indices() {
        match c {
            '\'' | '"' if !escaped => match quote {
                None => quote = Some(c),
                Some(open) if open == c => quote = None,
                Some(_) => {}
            },
            '#' if quote.is_none() => return &line[..at],
            _ => {}
        }
        escaped = quote.is_some() && c == '\\' && !escaped;
    }
    line
}

/// The value without the quotes around it, escapes resolved. An unknown escape stays as it is.
fn unquote(value: &str) -> String {
    let inner =
        ['"', '\''].iter().find_map(|q| value.strip_prefix(*q).and_then(|v| v.strip_suffix(*q))).unwrap_or(value);
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\x08'),
            Some('s') => out.push(' '),
            Some(c @ ('"' | '\'' | '\\')) => out.push(c),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(unix)]
fn world_writable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o002 != 0)
}

#[cfg(not(unix))]
fn world_writable(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::{Options, unquote, without_comment};
    use std::fs;

    /// A folder of its own for each test, taken away at the end.
    struct Folder(std::path::PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("whyslow-cnf-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn write(&self, name: &str, text: &str) -> std::path::PathBuf {
            let path = self.0.join(name);
            fs::write(&path, text).unwrap();
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn quotes_escapes_and_comments_are_read_as_the_client_reads_them() {
        for (line, value) in [
            ("plain", "plain"),
            ("\"a b#c\"", "a b#c"),
            ("'it''s'", "it''s"),
            (r"a\sb\tc\\d", "a b\tc\\d"),
            (r"C:\dir", r"C:\dir"),
            (r#""say \"hi\"""#, r#"say "hi""#),
            (r"ends\", r"ends\"),
        ] {
            assert_eq!(unquote(line), value, "{line}");
        }
        assert_eq!(without_comment("password=abc#def"), "password=abc");
        assert_eq!(without_comment("password='abc#def' # mine"), "password='abc#def' ");
        assert_eq!(without_comment(r"password='a\'#b'"), r"password='a\'#b'");
    }

    #[test]
    fn only_the_clients_groups_count_and_the_last_value_wins() {
        let folder = Folder::new("groups");
        let path = folder.write(
            "my.cnf",
            "user=nobody\n[mysqld]\nuser=daemon\n[client]\nuser = ann\nssl_ca=/a\n; no\n[mysql]\nuser=bob\n\
             [client]\nloose-ssl-mode=REQUIRED\npassword\n",
        );
        let options = Options::read(&path);
        assert_eq!(options.get("user"), Some("bob"));
        assert_eq!(options.get("ssl-ca"), Some("/a"));
        assert_eq!(options.get("ssl-mode"), Some("REQUIRED"));
        assert_eq!(options.get("password"), Some(""));
    }

    #[test]
    fn included_files_are_read_where_they_stand_and_circles_end() {
        let folder = Folder::new("include");
        let here = folder.0.display();
        folder.write("d.cnf", "[client]\nport=3310\n");
        folder.write("skipped.txt", "[client]\nport=1\n");
        let inner = folder.write("inner.conf", "[client]\nhost=inner\nuser=inner\n");
        let path = folder.write(
            "my.conf",
            &format!("[client]\nuser=first\n!include {}\n!includedir {here}\nhost=last\n!sing\n", inner.display()),
        );
        let options = Options::read(&path);
        assert_eq!((options.get("user"), options.get("host")), (Some("inner"), Some("last")));
        assert_eq!(options.get("port"), Some("3310"));
        assert!(options.warnings.iter().any(|w| w.contains("!sing")), "{:?}", options.warnings);
        let circle = folder.0.join("circle.conf");
        fs::write(&circle, format!("!include {}\n[client]\nuser=round\n", circle.display())).unwrap();
        let options = Options::read(&circle);
        assert_eq!(options.get("user"), Some("round"));
        assert!(options.warnings.iter().any(|w| w.contains("levels deep")), "{:?}", options.warnings);
    }

    #[cfg(unix)]
    #[test]
    fn a_world_writable_file_is_ignored_with_a_warning() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Folder::new("writable");
        let path = folder.write("my.cnf", "[client]\nuser=mallory\n");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        let options = Options::read(&path);
        assert_eq!(options.get("user"), None);
        assert!(options.warnings[0].contains("world-writable"), "{:?}", options.warnings);
    }
}
