//! From what the person named to an open session: target, password prompt, prelude, demo.

use std::{io::IsTerminal, path::Path};

use secrecy::SecretString;

use super::{failure::Failure, input, options::Connecting};
use crate::{
    server::{Environment, ErrorKind, ServerError, Session, Target},
    sql,
};

/// Finds out where to connect.
///
/// # Errors
/// [`Failure`] when the target cannot be understood.
pub(super) fn place(text: Option<&str>) -> Result<Target, Failure> {
    Target::resolve(text, &Environment::of_process()).map_err(|e| Failure::plain("finding the server", &e.to_string()))
}

/// The statements of the prelude file.
///
/// # Errors
/// [`Failure`] when the file cannot be read.
pub(super) fn prelude(file: Option<&Path>, target: &Target) -> Result<Vec<String>, Failure> {
    let Some(file) = file else { return Ok(Vec::new()) };
    let text = input::file(file)?;
    Ok(sql::split(&text, target.engine).into_iter().map(|s| text[s.start..s.end].to_owned()).collect())
}

/// Connects, and asks for a password when the server wants one and none was found. The password stays in `target`.
///
/// # Errors
/// [`Failure`] with the server's answer.
pub(super) async fn session(target: &mut Target, connecting: &Connecting) -> Result<Session, Failure> {
    let options = connecting.session(prelude(connecting.prelude.as_deref(), target)?);
    match Session::connect(target, &options).await {
        Err(error) if wants_password(&error, target) => {
            target.password = Some(ask_password(target)?);
            Session::connect(target, &options).await.map_err(|e| Failure::server(&e, None))
        }
        other => other.map_err(|e| Failure::server(&e, None)),
    }
}

fn wants_password(error: &ServerError, target: &Target) -> bool {
    error.kind == ErrorKind::Authentication && target.password.is_none() && std::io::stderr().is_terminal()
}

fn ask_password(target: &Target) -> Result<SecretString, Failure> {
    // rpassword reads from /dev/tty, so that a statement may still come from standard input.
    rpassword::prompt_password(format!("Password for {}: ", crate::text::one_line(&target.user)))
        .map(SecretString::from)
        .map_err(|e| Failure::plain("reading the password", &e.to_string()))
}
