//! A real MySQL.
