//! A candidate as SQL.
