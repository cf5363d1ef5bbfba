//! Connections: where to connect, how to talk, and what to ask. One folder an engine.
//!
//! **User text travels only by a path on which the server itself takes one statement**: the extended protocol on
//! PostgreSQL, prepared statements on MySQL and MariaDB.

pub mod busiest;
mod error;
pub mod mysql;
pub mod postgres;
pub mod session;
pub mod target;
mod tls;

pub use error::{ErrorKind, ServerError};
pub use session::{Canceller, ExplainRequest, Explained, Info, Session, SessionOptions};
pub use target::{Environment, Target, TargetError};
