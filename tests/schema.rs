//! Every JSON output against the schema.
