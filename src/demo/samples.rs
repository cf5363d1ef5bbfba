//! The demo's slow queries, each with a trouble of its own.

/// A slow query over the demo's shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The trouble, in a few words.
    pub title: &'static str,
    /// Who asks, and why it is slow; one line.
    pub story: &'static str,
    /// The query.
    pub sql: &'static str,
    /// What helps.
    pub remedy: Remedy,
}

/// What helps a [`Sample`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// An index; the statement that makes one the planner then uses.
    Index(&'static str),
    /// Statistics over several columns; the statement that makes them, after which `ANALYZE` is due.
    Statistics(&'static str),
    /// A larger value of a setting, as `name = value`.
    Setting(&'static str),
}

/// The slow queries, easiest first.
pub const SAMPLES: &[Sample] = &[
    Sample {
        title: "A filter without an index",
        story: "A customer's page lists five orders and reads all ninety thousand.",
        sql: "SELECT id, status, total, created_at\nFROM orders\nWHERE customer_id = 4711",
        remedy: Remedy::Index("CREATE INDEX ON orders (customer_id)"),
    },
    Sample {
        title: "The newest few of many",
        story: "The dashboard wants the last twenty refunds; every event is read and the refunds are sorted.",
        sql: "SELECT id, customer_id, at, payload\nFROM events\nWHERE kind = 'refund'\nORDER BY at DESC\nLIMIT 20",
        remedy: Remedy::Index("CREATE INDEX ON events (kind, at DESC)"),
    },
    Sample {
        title: "A join on an unindexed foreign key",
        story: "What did one product earn? It is found at once, its seven sales by reading every order line.",
        sql: "SELECT p.name, sum(i.quantity) AS sold, sum(i.quantity * i.price) AS earned\nFROM products p\n\
              JOIN order_items i ON i.product_id = p.id\nWHERE p.sku = 'SKU-04242'\nGROUP BY p.name",
        remedy: Remedy::Index("CREATE INDEX ON order_items (product_id)"),
    },
    Sample {
        title: "Looking inside JSON",
        story: "Marketing counts one campaign's views on televisions; each of seventy thousand documents is opened.",
        sql: "SELECT count(*)\nFROM events\nWHERE payload @> '{\"campaign\": \"c317\", \"device\": \"tv\"}'",
        remedy: Remedy::Index("CREATE INDEX ON events USING gin (payload)"),
    },
    Sample {
        title: "Looking inside an array",
        story: "The shop filters by two tags; every product's list of tags is searched.",
        sql: "SELECT sku, name, price\nFROM products\nWHERE tags @> ARRAY['handmade', 'heirloom']",
        remedy: Remedy::Index("CREATE INDEX ON products USING gin (tags)"),
    },
    Sample {
        title: "A function around the column",
        story: "Logging in ignores case; the index on email does not know lower(email).",
        sql: "SELECT id, name, email\nFROM customers\nWHERE lower(email) = 'lucia.bauer4711@example.net'",
        remedy: Remedy::Index("CREATE INDEX ON customers (lower(email))"),
    },
    Sample {
        title: "A rare value",
        story: "The warehouse picks large pending orders: less than one order in a hundred is pending.",
        sql: "SELECT id, customer_id, total\nFROM orders\nWHERE status = 'pending' AND total > 300",
        remedy: Remedy::Index("CREATE INDEX ON orders (total) WHERE status = 'pending'"),
    },
    Sample {
        title: "An index that stops short",
        story: "The index finds the reviews of forty products, and each rating is then fetched from the table.",
        sql: "SELECT rating, count(*)\nFROM reviews\nWHERE product_id BETWEEN 1 AND 40\nGROUP BY rating",
        remedy: Remedy::Index("CREATE INDEX ON reviews (product_id) INCLUDE (rating)"),
    },
    Sample {
        title: "Columns that say the same",
        story: "A zip code implies its city and country; the planner multiplies them and expects one customer of 165.",
        sql: "SELECT o.id, c.name, sum(i.quantity * i.price) AS amount\nFROM customers c\n\
              JOIN orders o ON o.customer_id = c.id\nJOIN order_items i ON i.order_id = o.id\n\
              WHERE c.country = 'CH' AND c.city = 'Zurich' AND c.zip = '80012'\nGROUP BY o.id, c.name",
        remedy: Remedy::Statistics(
            "CREATE STATISTICS customers_place (dependencies) ON country, city, zip FROM customers",
        ),
    },
    Sample {
        title: "A sort that spills to disk",
        story: "Visits per kind of event: seventy thousand rows are sorted in four megabytes of memory.",
        sql: "SELECT kind, count(DISTINCT session) AS visits\nFROM events\nGROUP BY kind",
        remedy: Remedy::Setting("work_mem = '16MB'"),
    },
];

#[cfg(test)]
mod tests {
    use super::SAMPLES;

    #[test]
    fn every_sample_has_a_title_and_a_story_of_one_line() {
        for sample in SAMPLES {
            assert!(sample.title.len() <= 40 && sample.story.len() <= 110, "{sample:#?}");
            assert!(!sample.story.contains('\n') && !sample.sql.ends_with(';'), "{sample:#?}");
        }
    }
}
