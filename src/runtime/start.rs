//! What the screen is started with.

use std::{any::Any, fmt, future::Future, pin::Pin};

use tokio::sync::mpsc;

use crate::{
    app::{Message, Sample, Setup},
    config::{self, Background, Config},
    history::{self, History},
    plan::{Engine, Plan},
    read,
    server::{ServerError, SessionOptions, Target},
    theme::{BUILT_IN, Depth, Glyphs, Theme, UNICODE},
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
    /// How it looks and which keys it has.
    pub config: Config,
    /// What the person should know first.
    pub warnings: Vec<String>,
    /// Where drafts and runs are kept; `None` keeps nothing.
    pub history: Option<History>,
}

/// A theme, and whether its background is painted over the terminal's own.
#[derive(Clone)]
pub(super) struct Look {
    pub(super) theme: Theme,
    pub(super) painted: bool,
    depth: Depth,
    glyphs: &'static Glyphs,
    background: Background,
}

impl Look {
    /// The same terminal in another theme; what is wrong with that is of no matter while it is only looked at.
    pub(super) fn other(&self, name: &str) -> Option<Self> {
        let (theme, _) = Theme::load(name, self.depth, self.glyphs, &config::own_theme).ok()?;
        let painted = self.depth >= Depth::Indexed && self.background != Background::Terminal;
        Some(Self { theme, painted, ..self.clone() })
    }
}

/// Every theme there is, with what it is in a line: the person's own first.
pub(super) fn themes() -> Vec<(String, String)> {
    let own = config::own_themes();
    let built_in = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).filter(|name| !own.contains(name));
    let all: Vec<String> = own.iter().cloned().chain(built_in).collect();
    all.into_iter()
        .filter_map(|name| {
            let (theme, _) = Theme::load(&name, Depth::True, &UNICODE, &config::own_theme).ok()?;
            Some((name, theme.about))
        })
        .collect()
}

/// How long the terminal may take to say whether its background is dark or light.
const ASK: std::time::Duration = std::time::Duration::from_millis(150);

impl Start {
    /// How it looks on this terminal, decided here once. What was wrong with a theme becomes a warning.
    pub(super) fn look(&mut self) -> Look {
        let variable = |name: &str| std::env::var(name).ok();
        let depth = self.config.depth(variable);
        let glyphs = self.config.glyphs(variable);
        let mut load = |name: &str| match Theme::load(name, depth, glyphs, &config::own_theme) {
            Ok((theme, warnings)) => {
                self.warnings.extend(warnings);
                Some(theme)
            }
            Err(error) => {
                self.warnings.push(error.to_string());
                None
            }
        };
        let named = self.config.theme.as_deref().and_then(&mut load);
        let painted = depth >= Depth::Indexed
            && match self.config.background {
                Background::Auto => named.is_some(),
                Background::Terminal => false,
                Background::Theme => true,
            };
        let theme = named.or_else(|| match (depth, is_dark(depth)) {
            // Weight and underlining then say what colours would.
            (Depth::None, _) => load("mono"),
            (_, true) => load(&self.config.dark_theme),
            (_, false) => load(&self.config.light_theme),
        });
        let theme = theme.unwrap_or_else(|| Theme::built_in(true, depth, glyphs));
        Look { theme, painted, depth, glyphs, background: self.config.background }
    }

    /// The connection as it is shown and under which its draft is kept.
    pub(super) fn place(&self) -> String {
        match &self.connect {
            Connect::None => String::new(),
            Connect::Server(target) => history::place(target),
            Connect::Own(_) => "demo".to_owned(),
        }
    }

    /// What leads to the server again; no password.
    pub(super) fn address(&self) -> Option<String> {
        match &self.connect {
            Connect::Server(target) if !target.embedded => Some(target.address()),
            _ => None,
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
            keymap: self.config.keymap(),
            allow: self.allow,
            mouse: self.config.mouse,
            runs: history.as_ref().map(|h| h.runs_of(place)).unwrap_or_default(),
            values: history.as_ref().map(|h| h.values(place)).unwrap_or_default(),
        };
        (setup, self.connect, self.options)
    }
}

/// Asks the terminal for its background, then `COLORFGBG`; dark when neither says.
fn is_dark(depth: Depth) -> bool {
    use terminal_colorsaurus::{QueryOptions, ThemeMode, theme_mode};
    if depth == Depth::None {
        return true;
    }
    let mut options = QueryOptions::default();
    options.timeout = ASK;
    match theme_mode(options) {
        Ok(mode) => mode == ThemeMode::Dark,
        Err(_) => !std::env::var("COLORFGBG").is_ok_and(|v| matches!(v.rsplit(';').next(), Some("7" | "15"))),
    }
}
