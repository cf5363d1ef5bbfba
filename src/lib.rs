//! whyslow: a query goes in, the reason it is slow and a tested way to make it fast come out.
//!
//! The rooms stand on floors; a room imports only from lower floors, and from those before a semicolon on its own (`tests/floors.rs` holds
//! it so):
//!
//! | floor | rooms |
//! |---|---|
//! | 0 | [`fmt`], [`text`]; [`plan`]; [`catalog`]; [`sql`] |
//! | 1 | [`read`], `store` |
//! | 2 | [`diagnose`], [`advise`], [`server`] |
//! | 3 | [`demo`], [`workload`], [`inspect`], [`history`], [`theme`], [`keys`]; [`whatif`] |
//! | 4 | [`config`], [`export`], [`app`] |
//! | 5 | [`ui`] |
//! | 6 | [`runtime`]; [`cli`] |

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

pub mod advise;
pub mod app;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod demo;
pub mod diagnose;
pub mod export;
pub mod fmt;
pub mod history;
pub mod inspect;
pub mod keys;
pub mod plan;
pub mod read;
pub mod runtime;
pub mod server;
pub mod sql;
mod store;
pub mod text;
pub mod theme;
pub mod ui;
pub mod whatif;
pub mod workload;
