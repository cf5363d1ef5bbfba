//! Files and the person's own editor.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    app::{Notes, SaveError},
    history::{History, Run},
    plan::Plan,
    read,
};

/// A larger file is no query and no plan a person would look at here.
const LARGEST: u64 = 256 * 1024 * 1024;

/// A path with `~` for the home directory.
fn expanded(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), env::var_os("HOME")) {
        (Ok(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => path.to_owned(),
    }
}

/// Reads a file as text.
pub(super) async fn open(path: &Path) -> Result<String, String> {
    let path = expanded(path);
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    let known = tokio::fs::metadata(&path).await.map_err(failed)?;
    if !known.is_file() {
        return Err(format!("{} is no file", path.display()));
    }
    if known.len() > LARGEST {
        return Err(format!("{} is larger than 256 MB", path.display()));
    }
    let bytes = tokio::fs::read(&path).await.map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| format!("{} is no text in UTF-8", path.display()))
}

/// Writes a file; one that is there only when it may be replaced.
pub(super) async fn save(path: &Path, mut text: String, replace: bool) -> Result<(), SaveError> {
    let path = expanded(path);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true);
    if replace {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let write = async {
        let mut file = options.open(&path).await?;
        tokio::io::AsyncWriteExt::write_all(&mut file, text.as_bytes()).await?;
        tokio::io::AsyncWriteExt::flush(&mut file).await
    };
    write.await.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => SaveError::Exists,
        _ => SaveError::Other(format!("{}: {error}", path.display())),
    })
}

/// A plan that was kept with a run, and the notes on it.
pub(super) fn plan(history: Option<&History>, run: &Run) -> Result<(Box<Plan>, Notes), String> {
    let (Some(history), Some(name)) = (history, &run.plan) else {
        return Err("that run's plan was not kept".to_owned());
    };
    let document = history.document(name).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "that run's plan is not kept any more: only the newest are".to_owned(),
        _ => format!("reading that run's plan: {error}"),
    })?;
    let mut plans = read::read(&document).map_err(|error| format!("reading that run's plan: {error}"))?;
    if plans.is_empty() {
        return Err("that run's plan is empty".to_owned());
    }
    let mut plan = plans.swap_remove(0);
    plan.query = Some(run.sql.clone());
    let mut notes = history.notes(name);
    if notes.is_empty() {
        notes.clone_from(&plan.remarks);
    }
    Ok((Box::new(plan), notes))
}

/// Gives a text to `$VISUAL`, `$EDITOR` or `vi`; `None` when it came back unchanged.
pub(super) fn edit(text: &str) -> Result<Option<String>, String> {
    let editor = ["VISUAL", "EDITOR"].iter().find_map(|name| env::var(name).ok().filter(|v| !v.trim().is_empty()));
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let path = env::temp_dir().join(format!("whyslow-{}.sql", std::process::id()));
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    write_private(&path, text).map_err(failed)?;
    // The variable may hold arguments (`code --wait`); a shell takes them apart as people expect.
    let status = Command::new("sh").args(["-c", &format!("{editor} \"$1\""), "sh"]).arg(&path).status();
    let out = match status {
        Ok(status) if status.success() => fs::read_to_string(&path).map_err(failed).map(Some),
        Ok(_) => Err(format!("{editor} ended with a failure: the query is as it was")),
        Err(error) => Err(format!("starting {editor}: {error}")),
    };
    // It holds a query: it does not stay.
    drop(fs::remove_file(&path));
    out.map(|new| new.filter(|new| new.trim_end() != text.trim_end()))
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    // What is left of a run that was killed, or a link somebody put there, is not written through.
    drop(fs::remove_file(path));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
