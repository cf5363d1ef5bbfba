//! The commands that open the screen.

use std::process::ExitCode;

use super::{
    connect,
    failure::Failure,
    options::{self, Color, Common, Connecting},
};
use crate::{
    demo::{self, Engine},
    plan::Plan,
    runtime::{self, Start},
    server::SessionOptions,
    whatif::Allow,
};

/// `whyslow [TARGET]`.
///
/// # Errors
/// [`Failure`] when the target cannot be understood or there is no terminal. A server that does not answer is shown
/// on the screen.
pub(super) async fn target(
    text: Option<String>,
    common: &Common,
    connecting: &Connecting,
    engine: Option<Engine>,
) -> Result<ExitCode, Failure> {
    if text.as_deref() == Some("demo") {
        return demo(&options::Demo { common: common.clone(), connecting: connecting.clone() }, engine).await;
    }
    let mut place = connect::place(text.as_deref(), engine).await?;
    connect::password_before_screen(&mut place.target, connecting).await?;
    let prelude = connect::prelude(connecting.prelude.as_deref(), &place.target)?;
    open(Start { target: Some(place.target), ..start(common, connecting.session(prelude), connecting) }).await
}

/// `whyslow demo`.
///
/// # Errors
/// [`Failure`] when this binary carries no engine or there is no terminal.
pub(super) async fn demo(options: &options::Demo, engine: Option<Engine>) -> Result<ExitCode, Failure> {
    todo(options, engine).await
}

/// `whyslow read` on a terminal.
///
/// # Errors
/// [`Failure`] when the terminal cannot be used.
pub(super) async fn plans(plans: Vec<Plan>, common: &Common) -> Result<ExitCode, Failure> {
    todo(plans, common).await
}
