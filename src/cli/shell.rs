//! What shells and manuals want: completion scripts and manual pages, made of the same table as `--help`.

use std::process::ExitCode;

use super::{failure::Failure, output::Output};

/// The completion script for a shell.
///
/// # Errors
/// [`Failure`] when it cannot be written.
pub(super) fn completions(mut command: clap::Command, shell: clap_complete::Shell) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "whyslow", &mut script);
    Output::standard().text(&String::from_utf8_lossy(&script))
}

/// The manual page in the language of `man`, of the program or of one command.
///
/// # Errors
/// [`Failure`] when there is no such command, or it cannot be written.
pub(super) fn man(mut command: clap::Command, name: Option<&str>) -> Result<ExitCode, Failure> {
    command.build();
    let (page, title) = match name {
        None => (command, "whyslow".to_owned()),
        Some(name) => {
            let known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
            let unknown = || {
                let problem = format!("there is no command {name:?}; there are {}", known.join(", "));
                Failure::plain("printing the manual", &problem)
            };
            let page = command.find_subcommand(name).cloned().ok_or_else(unknown)?;
            (page, format!("whyslow-{name}"))
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page)
        .title(title)
        .render(&mut text)
        .map_err(|e| Failure::plain("printing the manual", &e.to_string()))?;
    Output::standard().text(&String::from_utf8_lossy(&text))
}
