//! The `whyslow` program.

#[cfg(feature = "embedded")]
mod engine;

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(feature = "embedded")]
    whyslow::demo::link(&engine::PROVIDER, std::env::args_os());
    whyslow::cli::main()
}
