//! From what the person named to an open session: target, password prompt, prelude, demo.

use std::{
    io::{IsTerminal, Write},
    path::Path,
};

use secrecy::SecretString;

use super::{failure::Failure, input, options::Connecting, settings, telling};
use crate::{
    demo::{self, Demo, Provider},
    plan::Engine,
    server::{Environment, ServerError, Session, Target, TargetError},
    sql,
};

/// The word that stands for the embedded server where a target is expected.
pub(super) const DEMO: &str = "demo";

/// A target, and the embedded server where it is the demo: dropping that ends its process.
#[derive(Debug)]
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
pub(super) async fn place(text: Option<&str>, engine: Option<&'static Provider>) -> Result<Place, Failure> {
    if text == Some(DEMO) {
        let demo = start_demo(engine).await?;
        return Ok(Place { target: demo.target(), demo: Some(demo) });
    }
    let target = resolve(text).map_err(|e| unclear(&e))?;
    for warning in &target.warnings {
        let _ = writeln!(std::io::stderr(), "whyslow: {}", crate::text::visible(warning));
    }
    Ok(Place { target, demo: None })
}

/// The target, or none when nothing says where to connect.
///
/// # Errors
/// [`Failure`] when what says so cannot be understood.
pub(super) fn target_or_none(text: Option<&str>) -> Result<Option<Target>, Failure> {
    match resolve(text) {
        Ok(target) => Ok(Some(target)),
        Err(TargetError::Nothing) => Ok(None),
        Err(error) => Err(unclear(&error)),
    }
}

/// What the person named: a saved connection or a target; nothing means the environment, then the saved connection that is
/// marked, or the only one.
fn resolve(text: Option<&str>) -> Result<Target, TargetError> {
    let (config, environment) = (settings::config(), Environment::of_process());
    let saved = text.and_then(|name| config.target(name.trim()));
    match (Target::resolve(saved.or(text), &environment), config.connections.as_slice()) {
        (Err(TargetError::Nothing), [(_, only)]) => Target::resolve(Some(only), &environment),
        (Err(TargetError::Nothing), _) => {
            let marked = config.connection.as_deref().and_then(|name| config.target(name));
            marked.map_or(Err(TargetError::Nothing), |target| Target::resolve(Some(target), &environment))
        }
        (found, _) => found,
    }
}

fn unclear(error: &TargetError) -> Failure {
    let names: Vec<&str> = settings::config().connections.iter().map(|(name, _)| name.as_str()).collect();
    let saved = if names.is_empty() { String::new() } else { format!("; saved connections: {}", names.join(", ")) };
    let failure = Failure::plain("finding the server", &format!("{error}{saved}"));
    match error {
        TargetError::Nothing => failure.with("whyslow postgres://user@host/database, or whyslow demo"),
        TargetError::Malformed { .. } => {
            failure.with("write it as postgres://user@host:port/database?sslmode=require, or see whyslow --help")
        }
        TargetError::Unsupported { .. } => {
            failure.with("leave the option out or give it another value; nothing was sent")
        }
    }
}

async fn start_demo(engine: Option<&'static Provider>) -> Result<Demo, Failure> {
    let provider = engine.ok_or_else(|| Failure::plain("starting the demo", demo::UNAVAILABLE))?;
    let started = tokio::task::spawn_blocking(move || {
        let demo = demo::start(provider, &demo::Options::default(), |progress| {
            telling::doing(&format!("demo: {} {}", crate::fmt::percent(progress.fraction()), progress.doing));
        });
        telling::clear();
        demo
    });
    let failed = |problem: String| Failure::plain("starting the demo", &problem);
    started.await.map_err(|e| failed(e.to_string()))?.map_err(|e| failed(e.to_string()))
}

/// The statements of the prelude file.
///
/// # Errors
/// [`Failure`] when the file cannot be read.
pub(super) fn prelude(file: Option<&Path>, engine: Engine) -> Result<Vec<String>, Failure> {
    let Some(file) = file else { return Ok(Vec::new()) };
    let text = input::file(file)?;
    Ok(sql::split(&text, engine).into_iter().map(|s| text[s.start..s.end].to_owned()).collect())
}

/// Connects, and asks for a password when the server wants one and none was found. The password stays in `target`.
///
/// # Errors
/// [`Failure`] with the server's answer.
pub(super) async fn session(target: &mut Target, connecting: &Connecting) -> Result<Session, Failure> {
    let options = connecting.session(prelude(connecting.prelude.as_deref(), target.engine)?);
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
    if target.password.is_some() {
        return Ok(());
    }
    if let Err(error) = Session::connect(target, &connecting.session(Vec::new())).await
        && wants_password(&error, target)
    {
        target.password = Some(ask_password(target)?);
    }
    Ok(())
}

fn wants_password(error: &ServerError, target: &Target) -> bool {
    error.asks_for_password() && target.password.is_none() && std::io::stderr().is_terminal()
}

fn ask_password(target: &Target) -> Result<SecretString, Failure> {
    // rpassword reads from /dev/tty, so that a statement may still come from standard input.
    rpassword::prompt_password(format!("Password for {}: ", crate::text::one_line(&target.user)))
        .map(SecretString::from)
        .map_err(|e| Failure::plain("reading the password", &e.to_string()))
}
