//! The event loop: the only place that spawns; turns effects into calls and answers into messages.
