//! Where the answer goes: standard output or a file. A closed pipe is success.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{failure::Failure, options::Common};
use crate::{
    config::{Colours, Config},
    theme::Depth,
};

/// Standard output or a file.
#[derive(Debug)]
pub(super) struct Output {
    file: Option<PathBuf>,
}

impl Output {
    /// What the options say.
    pub(super) fn new(common: &Common) -> Self {
        Self { file: common.output.clone() }
    }

    /// Standard output.
    pub(super) const fn standard() -> Self {
        Self { file: None }
    }

    /// Whether people look at it as it is written.
    pub(super) fn is_terminal(&self) -> bool {
        self.file.is_none() && io::stdout().is_terminal()
    }

    /// Whether to colour.
    pub(super) fn colored(&self, colours: Colours) -> bool {
        match colours {
            Colours::Always => true,
            Colours::Never => false,
            Colours::Depth(depth) => depth != Depth::None,
            Colours::Auto => self.is_terminal() && Depth::detect(|name| std::env::var(name).ok()) != Depth::None,
        }
    }

    /// Whether to do without what is not ASCII: where it is wanted, and on a terminal that has nothing else.
    pub(super) fn ascii(&self, config: &Config) -> bool {
        let terminal = || self.is_terminal() && config.glyphs(|name| std::env::var(name).ok()).ascii;
        config.ascii == Some(true) || terminal()
    }

    /// Columns to fill: the terminal's width, else 100.
    pub(super) fn width(&self) -> usize {
        if self.is_terminal()
            && let Ok((columns, _)) = crossterm::terminal::size()
        {
            return usize::from(columns.max(40));
        }
        100
    }

    /// Writes a text and ends with success.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be written; a closed pipe is none.
    pub(super) fn text(&self, text: &str) -> Result<ExitCode, Failure> {
        let result = if let Some(path) = &self.file {
            std::fs::write(path, text)
        } else {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        };
        match result {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
            Err(e) => Err(Failure::plain(&format!("writing {}", self.name()), &e.to_string())),
            Ok(()) => Ok(ExitCode::SUCCESS),
        }
    }

    fn name(&self) -> String {
        self.file.as_deref().map_or_else(|| "standard output".to_owned(), |p: &Path| p.display().to_string())
    }
}
