//! The `whyslow` program.
fn main() {}
