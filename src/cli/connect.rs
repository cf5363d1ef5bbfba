//! From what the person named to an open session: target, password prompt, prelude, demo.

use std::{io::IsTerminal, path::Path};

use secrecy::SecretString;

use super::{failure::Failure, input, options::Connecting};
use crate::{
    demo::{self, Demo, Engine},
    server::{Environment, ErrorKind, ServerError, Session, Target},
    sql,
};

/// A target, and the embedded server's process where it is the demo (dropping it ends the process).
pub(super) struct Place {
    /// Where to connect.
    pub(super) target: Target,
    /// Keeps the embedded server alive.
    pub(super) demo: Option<Demo>,
}

/// Finds out where to connect. `demo` starts the embedded server, with a line of progress on a terminal.
///
/// # Errors
/// [`Failure`] when the target cannot be understood or the demo cannot start.
pub(super) async fn place(text: Option<&str>, engine: Option<Engine>) -> Result<Place, Failure> {
    if text == Some("demo") {
        let demo = start_demo(engine).await?;
        return Ok(Place { target: demo.target(), demo: Some(demo) });
    }
    let target = Target::resolve(text, &Environment::of_process())
        .map_err(|e| Failure::plain("finding the server", &e.to_string()))?;
    Ok(Place { target, demo: None })
}

async fn start_demo(engine: Option<Engine>) -> Result<Demo, Failure> {
    let on_terminal = std::io::stderr().is_terminal();
    let show = move |progress: demo::Progress| {
        if on_terminal {
            use std::io::Write;
            let _ = write!(std::io::stderr(), "\r\x1b[K{}", progress.line());
        }
    };
    let started = demo::start(engine, show).await;
    if on_terminal {
        use std::io::Write;
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
    started.map_err(|e| Failure::plain("starting the demo", &e.to_string()))
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

/// Before the screen opens: if the server wants a password and none was found, asks for it while there still is an
/// ordinary terminal. Any other trouble is left for the screen to show.
///
/// # Errors
/// [`Failure`] when no password could be read.
pub(super) async fn password_before_screen(target: &mut Target, connecting: &Connecting) -> Result<(), Failure> {
    if target.password.is_some() || target.embedded {
        return Ok(());
    }
    let options = connecting.session(Vec::new());
    if let Err(error) = Session::connect(target, &options).await
        && wants_password(&error, target)
    {
        target.password = Some(ask_password(target)?);
    }
    Ok(())
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
