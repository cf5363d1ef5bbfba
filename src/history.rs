//! What was typed, run and seen, kept on disk. Holds no secrets.
