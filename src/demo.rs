//! The embedded PostgreSQL of `whyslow demo`: its data set, its slow queries and its engine in a child process.
