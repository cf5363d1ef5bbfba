//! The `whyslow` program.

#[cfg(feature = "embedded")]
mod engine;

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(feature = "embedded")]
    let engine = Some(&engine::PROVIDER);
    #[cfg(not(feature = "embedded"))]
    let engine = None;
    whyslow::cli::main(engine)
}
