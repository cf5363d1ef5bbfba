//! The commands that open the screen.

use std::process::ExitCode;

use super::{
    connect,
    failure::Failure,
    input::Given,
    options::{Common, Connecting},
    settings,
};
use crate::{
    app::Sample,
    config,
    demo::{self, Provider},
    history::History,
    plan::{Engine, Plan},
    runtime::{self, Connect, Outcome, Prepared, Preparing, Start},
    server::{ErrorKind, ServerError, Target},
    theme::{Depth, Theme, UNICODE},
    whatif::Allow,
};

/// `whyslow [TARGET] [FILE|SQL]`. Without a target and without one in the environment: the start page, or what was given to be looked at.
///
/// # Errors
/// [`Failure`] when the target cannot be understood or there is no terminal. A server that does not answer is shown
/// on the screen.
pub(super) async fn target(
    text: Option<&str>,
    given: Option<Given>,
    common: &Common,
    connecting: &Connecting,
    engine: Option<&'static Provider>,
) -> Result<ExitCode, Failure> {
    let (query, plans) = match given {
        None => (None, Vec::new()),
        Some(Given::Query(text)) => (Some(text), Vec::new()),
        Some(Given::Plans(plans)) => (None, plans),
    };
    let start = Start { query, plans, ..start(common)? };
    if text == Some(connect::DEMO) {
        return demo(start, connecting, engine).await;
    }
    let Some(mut target) = connect::target_or_none(text)? else {
        return open(start).await;
    };
    connect::password_before_screen(&mut target, connecting).await?;
    let prelude = connect::prelude(connecting.prelude.as_deref(), target.engine)?;
    let options = connecting.session(prelude);
    let connect = Connect::Server(Box::new(target));
    open(Start { connect, options, allow: connecting.allow(), ..start }).await
}

/// `whyslow demo`: the screen is there at once, the embedded server is made ready behind a bar.
///
/// # Errors
/// [`Failure`] when this program carries no engine or there is no terminal.
async fn demo(start: Start, connecting: &Connecting, engine: Option<&'static Provider>) -> Result<ExitCode, Failure> {
    let provider = engine.ok_or_else(|| Failure::plain("starting the demo", demo::UNAVAILABLE))?;
    let prelude = connect::prelude(connecting.prelude.as_deref(), Engine::PostgreSql)?;
    let samples = demo::SAMPLES.iter().map(|s| Sample {
        title: s.title.to_owned(),
        trouble: s.story.to_owned(),
        sql: s.sql.to_owned(),
    });
    let start = Start {
        connect: Connect::Own(Box::new(move |preparing| Box::pin(prepare(provider, preparing)))),
        options: connecting.session(prelude),
        // In the embedded server everything may be tried: it is a private copy that is thrown away.
        allow: Allow { temporary_tables: true, ..Allow::default() },
        samples: samples.collect(),
        ..start
    };
    open(start).await
}

async fn prepare(provider: &'static Provider, preparing: Preparing) -> Result<Prepared, ServerError> {
    let failed = |message: String| ServerError::new(ErrorKind::Unreachable, "starting the demo", message);
    let told = preparing.clone();
    let demo = tokio::task::spawn_blocking(move || {
        demo::start(provider, &demo::Options::default(), |progress| {
            told.say(progress.doing, Some(progress.fraction()));
        })
    })
    .await
    .map_err(|e| failed(e.to_string()))?
    .map_err(|e| failed(e.to_string()))?;
    if let Some(note) = demo.note() {
        preparing.say(note, None);
    }
    let target: Target = demo.target();
    Ok(Prepared { target, keep: Box::new(demo) })
}

/// `whyslow read` on a terminal.
///
/// # Errors
/// [`Failure`] when the terminal cannot be used.
pub(super) async fn plans(plans: Vec<Plan>, common: &Common) -> Result<ExitCode, Failure> {
    open(Start { plans, ..start(common)? }).await
}

/// What all screens start with. A theme that was asked for by name has to be there; one from a file is only missed.
fn start(common: &Common) -> Result<Start, Failure> {
    let config = common.config();
    if let Some(name) = config.theme.as_deref().filter(|_| common.names_theme()) {
        Theme::load(name, Depth::True, &UNICODE, &config::own_theme)
            .map_err(|e| Failure::plain("taking the theme", &e.to_string()))?;
    }
    let history = if config.history { History::open() } else { None };
    Ok(Start { config, warnings: settings::warnings().to_vec(), history, ..Start::default() })
}

async fn open(start: Start) -> Result<ExitCode, Failure> {
    match runtime::run(start).await {
        Ok(Outcome::Quit) => Ok(ExitCode::SUCCESS),
        // 128 + n is how a shell reports a program that a signal ended.
        Ok(Outcome::Signal(number)) => Ok(ExitCode::from(128_u8.saturating_add(u8::try_from(number).unwrap_or(0)))),
        Err(error) => Err(Failure::plain("opening the screen", &error.to_string())),
    }
}
