//! The `whyslow` program.

#[cfg(feature = "embedded")]
mod engine;

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(feature = "embedded")]
    {
        let arguments: Vec<_> = std::env::args_os().skip(1).collect();
        if arguments.first().is_some_and(|first| first == whyslow::demo::ENGINE_ARGUMENT) {
            return whyslow::demo::engine_main(&engine::PROVIDER, &arguments[1..]);
        }
    }
    ExitCode::SUCCESS
}
