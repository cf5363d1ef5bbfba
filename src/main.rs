//! The `whyslow` program.

#[cfg(feature = "embedded")]
mod engine;

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(feature = "embedded")]
    if let Some(code) = whyslow::demo::link(&engine::PROVIDER, std::env::args_os()) {
        return code;
    }
    whyslow::cli::main()
}
