//! The `whyslow` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    whyslow::cli::main()
}
