//! Methods that try an index which does not exist. Each says what it needs, what it costs and how far to trust it.
