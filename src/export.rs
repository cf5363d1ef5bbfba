//! Plans, findings and proposals as text and JSON, from the same values the screen shows.
