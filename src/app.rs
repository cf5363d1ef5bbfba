//! The state of the screen and how it changes: `update(&mut Model, Message) -> Vec<Effect>`. Pure: no clock, no I/O, no widget.
