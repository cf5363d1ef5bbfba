//! Semantic colours: theme files, inheritance, and what the terminal can show.
