//! What a database server that we start for ourselves needs, whatever its make: a directory in the cache, an unprivileged user, and an
//! end with this program.

mod keeper;

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

pub(super) use keeper::{End, Keeper};

use crate::store::{Store, StoreError};

/// Why there is no server, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure(pub(super) String);

impl Failure {
    /// What the system said of something attempted.
    pub(super) fn io(doing: &str, error: &std::io::Error) -> Self {
        Self(format!("{doing}: {error}"))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

/// User and group that a server runs as; `None`: as ourselves.
pub(super) type Servant = Option<(u32, u32)>;

/// The directory of one kind of server. Root's cache is closed to the user that the server runs as, so root's lie in the machine's.
pub(super) fn store(root: bool, name: &str) -> Result<Store, Failure> {
    if !root {
        return Ok(Store::open(None, name)?);
    }
    let store = Store::open(Some(Path::new("/var/cache")), name)?;
    let runs = store.root().join("runs");
    for directory in [store.root().parent(), Some(store.root()), Some(runs.as_path())].into_iter().flatten() {
        if directory.metadata().is_ok_and(|m| m.uid() == 0 && m.mode() & 0o11 == 0) {
            fs::set_permissions(directory, fs::Permissions::from_mode(0o711))
                .map_err(|e| Failure::io("opening the way to its directory", &e))?;
        }
    }
    Ok(store)
}

/// Whom to run a server as: nobody else, unless we are root; then the first of these users that there is.
pub(super) fn servant(names: &[&str]) -> Result<Servant, Failure> {
    let probe = crate::store::unique(&std::env::temp_dir(), "whyslow-who")
        .map_err(|e| Failure::io("making a directory", &e))?;
    let user = probe.metadata().map(|m| m.uid());
    let _ = fs::remove_dir(&probe);
    if user.map_err(|e| Failure::io("asking who we are", &e))? != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    names.iter().find_map(|name| entry(&users, name)).map(Some).ok_or_else(|| {
        Failure(format!(
            "it does not run as root, and there is no user {}; run whyslow as another user",
            names.join(" and no user ")
        ))
    })
}

/// User and group of a line of `/etc/passwd`.
fn entry(users: &str, name: &str) -> Option<(u32, u32)> {
    let mut fields =
        users.lines().map(|line| line.split(':')).find_map(|mut f| (f.next() == Some(name)).then_some(f))?;
    let user = fields.nth(1)?.parse().ok()?;
    Some((user, fields.next()?.parse().ok()?))
}

/// Runs a command as the servant.
pub(super) fn as_servant(command: &mut Command, servant: Servant) -> &mut Command {
    if let Some((user, group)) = servant {
        command.uid(user).gid(group);
    }
    command
}

/// Gives a directory to the server's user.
pub(super) fn own(path: &Path, servant: Servant) -> Result<(), Failure> {
    let Some((user, group)) = servant else { return Ok(()) };
    chown(path, Some(user), Some(group)).map_err(|e| Failure::io("giving it its directory", &e))
}

/// Gives a directory and everything in it to the server's user.
pub(super) fn own_all(path: &Path, servant: Servant) -> Result<(), Failure> {
    if servant.is_none() {
        return Ok(());
    }
    let mut todo = vec![path.to_path_buf()];
    while let Some(next) = todo.pop() {
        own(&next, servant)?;
        if next.is_dir() {
            let entries = fs::read_dir(&next).map_err(|e| Failure::io("giving it its files", &e))?;
            todo.extend(entries.flatten().map(|entry| entry.path()));
        }
    }
    Ok(())
}

/// A server's command; where `setpriv` is, it ends the server by that signal when this program is killed.
pub(super) fn guarded(program: &Path, signal: &str) -> Command {
    let setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].into_iter().find(|p| Path::new(p).exists());
    let mut command = Command::new(setpriv.map_or(program, Path::new));
    if setpriv.is_some() {
        command.args(["--pdeathsig", signal]).arg(program);
    }
    // Keys that signal the terminal's processes are meant for the screen.
    command.stdin(Stdio::null()).stdout(Stdio::null()).env("LC_ALL", "C").process_group(0);
    command
}

/// FNV-1a over what a template depends on.
pub(super) fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Directories of programs that a variable names, separated as in `PATH`; `None` when it names none.
pub(super) fn configured(variable: &str) -> Option<Vec<PathBuf>> {
    let value = std::env::var_os(variable).filter(|value| !value.is_empty())?;
    Some(std::env::split_paths(&value).collect())
}

#[cfg(test)]
mod tests {
    use super::entry;

    #[test]
    fn a_user_is_found_by_name() {
        let users = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:n:/:/x\nbroken\npostgresql:x:1:1::/:/\n";
        assert_eq!(entry(users, "nobody"), Some((65_534, 65_533)));
        assert_eq!(entry(users, "postgres"), None);
        assert_eq!(entry(users, "broken"), None);
    }
}
