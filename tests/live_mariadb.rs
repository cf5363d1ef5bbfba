//! A real MariaDB.
