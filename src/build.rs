//! Tells the linker to keep one of functions that are alike to the byte: a fortieth of the binary, which is copied over bad links to
//! bastion hosts.
//!
//! Only the linker that Rust brings along for x86-64 Linux is told so (its default there since 1.90); that of another packager, or one
//! that was asked for, may not know how.

#![allow(clippy::print_stdout, reason = "this is how a build script speaks")]

use std::{env, ffi::OsString, path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-env-changed=CARGO_ENCODED_RUSTFLAGS");
    let target = env::var("TARGET").unwrap_or_default();
    let asked = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let other = ["linker-features", "linker-flavor", "fuse-ld", "link-self-contained", "linker="];
    if target != "x86_64-unknown-linux-gnu"
        || env::var_os("RUSTC_LINKER").is_some()
        || other.iter().any(|flag| asked.contains(flag))
    {
        return;
    }
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let Ok(answer) = Command::new(rustc).args(["--print", "sysroot"]).output() else { return };
    let sysroot = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    if Path::new(&sysroot).join("lib/rustlib").join(&target).join("bin/gcc-ld/ld.lld").exists() {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
    }
}
