//! Connection service files: named sets of keywords (manual, "The Connection Service File";
//! `parseServiceInfo` in libpq's fe-connect.c).

use std::{fs, path::PathBuf};

use super::{Environment, TargetError};

/// The keywords of a service: of `servicefile`, `PGSERVICEFILE` or `~/.pg_service.conf`, then of `PGSYSCONFDIR`.
///
/// # Errors
/// [`TargetError::Malformed`] when no file has the service or its lines cannot be read.
pub(super) fn look_up(
    name: &str,
    file: Option<&str>,
    environment: &Environment,
) -> Result<Vec<(String, String)>, TargetError> {
    let malformed = |problem: String| TargetError::Malformed { text: format!("service={name}"), problem };
    let own = file
        .or(environment.variable("PGSERVICEFILE"))
        .map(PathBuf::from)
        .or_else(|| Some(environment.home.as_ref()?.join(".pg_service.conf")));
    let shared = environment.variable("PGSYSCONFDIR").unwrap_or("/etc/postgresql-common");
    let files: Vec<_> = own.into_iter().chain([PathBuf::from(shared).join("pg_service.conf")]).collect();
    for path in &files {
        let Ok(text) = fs::read_to_string(path) else { continue };
        if let Some(pairs) = section(&text, name).map_err(|p| malformed(format!("{}: {p}", path.display())))? {
            return Ok(pairs);
        }
    }
    let names: Vec<_> = files.iter().map(|p| p.display().to_string()).collect();
    Err(malformed(format!("no such service in {}", names.join(" or "))))
}

/// The keywords below `[name]`, first section of that name.
fn section(text: &str, name: &str) -> Result<Option<Vec<(String, String)>>, String> {
    let mut found: Option<Vec<(String, String)>> = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            if header.strip_suffix(']') == Some(name) {
                found = Some(Vec::new());
            }
        } else if let Some(pairs) = &mut found {
            let (key, value) = line
                .split_once('=')
                .ok_or_else(|| format!("line {} of the service file is not name=value", number + 1))?;
            if matches!(key.trim(), "service" | "servicefile" | "ldap") || key.starts_with("ldap") {
                return Err(format!("line {}: {} is not supported in a service", number + 1, key.trim()));
            }
            pairs.push((key.trim().to_owned(), value.trim().to_owned()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::section;

    #[test]
    fn a_service_is_the_lines_below_its_name() {
        let text = "# comment\n[other]\nhost=a\n\n[shop]\nhost = db\nport=6000\n# x\ndbname=shop\n[shop]\nhost=late\n";
        let pairs = section(text, "shop").unwrap().unwrap();
        let pairs: Vec<_> = pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("host", "db"), ("port", "6000"), ("dbname", "shop")]);
        assert_eq!(section(text, "none").unwrap(), None);
        assert!(section("[shop]\nnonsense", "shop").unwrap_err().contains("line 2"));
        assert!(section("[shop]\nldap://x", "shop").is_err());
    }
}
