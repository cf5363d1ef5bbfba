//! The one command table: keys, help, hint line and documentation come from it.
