//! PostgreSQL targets: URLs, keyword strings, `PG*` variables and `.pgpass`, as libpq reads them.
