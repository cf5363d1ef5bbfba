//! What the screen is started with.

use std::{any::Any, fmt, future::Future, pin::Pin};

use tokio::sync::mpsc;

use crate::{
    app::{Message, Sample, Setup},
    history::{self, History},
    keys::Keymap,
    plan::{Engine, Plan},
    read,
    server::{ServerError, SessionOptions, Target},
    theme::{Depth, Glyphs, Theme, ThemeError},
    whatif::Allow,
};

/// Tells the screen how far a server of our own has come.
#[derive(Debug, Clone)]
pub struct Preparing(pub(super) mpsc::UnboundedSender<Message>);

impl Preparing {
    /// Says what is done now, and how far it has come (0 to 1) where that can be told.
    pub fn say(&self, doing: impl Into<String>, done: Option<f64>) {
        drop(self.0.send(Message::Preparing { doing: doing.into(), done }));
    }

    /// Whether the screen is still there.
    #[must_use]
    pub fn is_listened_to(&self) -> bool {
        !self.0.is_closed()
    }
}

/// A server of our own that is ready.
pub struct Prepared {
    /// How to connect.
    pub target: Target,
    /// What keeps it alive; dropped when the screen ends.
    pub keep: Box<dyn Any + Send>,
}

/// Makes a server of our own ready, while the screen is already there.
pub type Prepare =
    Box<dyn FnOnce(Preparing) -> Pin<Box<dyn Future<Output = Result<Prepared, ServerError>> + Send>> + Send>;

/// Where statements go.
#[derive(Default)]
pub enum Connect {
    /// Nowhere: plans are only read.
    #[default]
    None,
    /// To a server.
    Server(Box<Target>),
    /// To a server that is made ready first.
    Own(Prepare),
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Server(target) => f.debug_tuple("Server").field(target).finish(),
            Self::Own(_) => f.write_str("Own"),
        }
    }
}

/// Everything the screen is started with. `Start::default()` shows the page for those without a server.
#[derive(Debug, Default)]
pub struct Start {
    /// Where statements go.
    pub connect: Connect,
    /// How the session is shaped.
    pub options: SessionOptions,
    /// What trials may do.
    pub allow: Allow,
    /// A query to explain at once.
    pub query: Option<String>,
    /// Plans to open.
    pub plans: Vec<Plan>,
    /// Queries to choose from.
    pub samples: Vec<Sample>,
    /// A theme by name; `None` takes the dark or the light one, as the terminal's background is.
    pub theme: Option<String>,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// Colours, whatever the environment says: `Some(false)` is none.
    pub color: Option<bool>,
    /// Where drafts and runs are kept; `None` keeps nothing.
    pub history: Option<History>,
    /// The keys in force.
    pub keymap: Keymap,
}

/// How long the terminal may take to say whether its background is dark or light.
const ASK: std::time::Duration = std::time::Duration::from_millis(150);

impl Start {
    /// The theme for this terminal, and what was wrong with it.
    pub(super) fn theme(&self) -> Result<(Theme, Vec<String>), ThemeError> {
        let variable = |name: &str| std::env::var(name).ok();
        let depth = match (self.color, Depth::detect(variable)) {
            (Some(false), _) => Depth::None,
            (Some(true), Depth::None) => Depth::Ansi,
            (_, depth) => depth,
        };
        let glyphs = Glyphs::choose(self.ascii, variable);
        match self.theme.clone().or_else(|| variable("WHYSLOW_THEME").filter(|v| !v.is_empty())) {
            Some(name) => Theme::load(&name, depth, glyphs, &own_theme),
            None => Ok((Theme::built_in(is_dark(depth), depth, glyphs), Vec::new())),
        }
    }

    /// The connection as it is shown and under which its draft is kept.
    pub(super) fn place(&self) -> String {
        match &self.connect {
            Connect::None => String::new(),
            Connect::Server(target) => history::place(target),
            Connect::Own(_) => "demo".to_owned(),
        }
    }

    /// The model's part and the worker's part.
    pub(super) fn split(self, place: &str) -> (Setup, Connect, SessionOptions) {
        let engine = match &self.connect {
            Connect::Server(target) => Some(target.engine),
            Connect::Own(_) => Some(Engine::PostgreSql),
            Connect::None => None,
        };
        let history = self.history.filter(|_| engine.is_some());
        let setup = Setup {
            connect: engine.is_some(),
            place: place.to_owned(),
            engine,
            query: self.query,
            draft: history.as_ref().and_then(|h| h.draft(place)),
            last_plan: history
                .as_ref()
                .and_then(|h| h.plan(place))
                .and_then(|document| read::read(&document).ok()?.into_iter().next()),
            plans: self.plans,
            samples: self.samples,
            keymap: self.keymap,
            allow: self.allow,
            runs: history.as_ref().map(|h| h.runs_of(place)).unwrap_or_default(),
            values: history.as_ref().map(|h| h.values(place)).unwrap_or_default(),
        };
        (setup, self.connect, self.options)
    }
}

/// A theme of the person's own: `themes/NAME.toml` in the configuration directory.
fn own_theme(name: &str) -> Option<String> {
    use etcetera::BaseStrategy as _;
    let base = etcetera::base_strategy::choose_base_strategy().ok()?;
    let plain = !name.contains(['/', '\\']) && !name.starts_with('.');
    plain
        .then(|| std::fs::read_to_string(base.config_dir().join("whyslow/themes").join(format!("{name}.toml"))).ok())?
}

/// Asks the terminal for its background; dark when it does not say.
fn is_dark(depth: Depth) -> bool {
    use terminal_colorsaurus::{QueryOptions, ThemeMode, theme_mode};
    if depth == Depth::None {
        return true;
    }
    let mut options = QueryOptions::default();
    options.timeout = ASK;
    !matches!(theme_mode(options), Ok(ThemeMode::Light))
}
