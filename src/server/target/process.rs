//! The environment of this process.

use std::path::{Path, PathBuf};

use super::Environment;

impl Environment {
    /// This process's variables, home directory and user. Variables that are not UTF-8 are left out: no server setting is.
    #[must_use]
    pub fn of_process() -> Self {
        let variables: std::collections::BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let entry = passwd_entry();
        let home = variables.get("HOME").filter(|h| !h.is_empty()).map(PathBuf::from);
        Self {
            home: home.or_else(|| entry.as_ref().map(|(_, home)| home.clone())),
            user: entry.map(|(name, _)| name).or_else(|| variables.get("USER").cloned()),
            variables,
        }
    }
}

/// Name and home of the user this process runs as. libpq asks `getpwuid`; reading the file asks for no unsafe code,
/// and where accounts live elsewhere (LDAP) `USER` answers.
fn passwd_entry() -> Option<(String, PathBuf)> {
    use std::os::unix::fs::MetadataExt;
    let uid = std::fs::metadata("/proc/self").ok()?.uid();
    named(&std::fs::read_to_string(Path::new("/etc/passwd")).ok()?, uid)
}

fn named(passwd: &str, uid: u32) -> Option<(String, PathBuf)> {
    passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let found = fields.get(2)?.parse() == Ok(uid);
        found.then(|| Some(((*fields.first()?).to_owned(), PathBuf::from(fields.get(5)?))))?
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_user_is_found_by_number() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\nann:x:1000:1000:Ann,,,:/home/ann:/bin/zsh\n";
        assert_eq!(super::named(passwd, 1000), Some(("ann".to_owned(), "/home/ann".into())));
        assert_eq!(super::named(passwd, 7), None);
    }
}
