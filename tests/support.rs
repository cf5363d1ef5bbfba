//! What the tests share: servers, fixtures, running the program.
