//! Drawing the model: pure, builds visible rows only.
