-- The demo's data set: an online shop. Deterministic: every value is arithmetic on a row number, so that two machines
-- show the same plans. A line `--- <weight> <label>` starts a step; weights are milliseconds once measured on two
-- cores, the unit of the progress bar. A table is created and filled in one transaction, which at wal_level = minimal
-- writes no log. Statements end with a semicolon at the end of a line.

--- 10 helpers
-- A number from 0 to n-1 that looks random and is not. Inlined by the planner.
CREATE FUNCTION pick(i bigint, seed int, n int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT ((hashint8extended(i, seed) & 2147483647) % n)::int $$;
-- The same, small numbers far more often than large ones.
CREATE FUNCTION skew(i bigint, seed int, n int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT (n * power((hashint8extended(i, seed) & 1048575) / 1048576.0::float8, 3))::int $$;
-- The shop's clock stands still.
CREATE FUNCTION past(seconds bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT '2026-11-01 00:00:00+00'::timestamptz - seconds * interval '1 second' $$;

--- 170 customers
BEGIN;
CREATE TABLE customers (
  id int NOT NULL,
  name text NOT NULL,
  email text NOT NULL,
  country text NOT NULL,
  city text NOT NULL,
  zip text NOT NULL,
  created_at timestamptz NOT NULL,
  newsletter boolean NOT NULL);
-- A zip code lies in one city and a city in one country: three columns that are one fact.
INSERT INTO customers
SELECT i,
       first || ' ' || last,
       CASE WHEN pick(i, 3, 3) = 0 THEN first || '.' || last ELSE lower(first || '.' || last) END || i || '@example.'
         || (ARRAY['com', 'org', 'net'])[1 + pick(i, 4, 3)],
       split_part(place, ' ', 1),
       split_part(place, ' ', 2),
       split_part(place, ' ', 3) || pick(i, 6, 4),
       past(pick(i, 7, 94608000)),
       pick(i, 8, 3) > 0
FROM (SELECT i,
        (ARRAY['Ada', 'Ben', 'Clara', 'David', 'Elif', 'Farid', 'Grace', 'Hana', 'Ivan', 'Jonas', 'Kemal', 'Lucia', 'Mina',
          'Noah', 'Olga', 'Pedro', 'Rosa', 'Sven', 'Tara', 'Yusuf'])[1 + pick(i, 1, 20)] AS first,
        (ARRAY['Abbott', 'Bauer', 'Costa', 'Dubois', 'Eriksen', 'Fischer', 'Garcia', 'Haddad', 'Ito', 'Jansen', 'Kowalski',
          'Lopez', 'Moreau', 'Novak', 'Okafor', 'Park', 'Rossi', 'Silva', 'Tanaka', 'Weber'])[1 + pick(i, 2, 20)] AS last,
        (ARRAY['DE Berlin 1011', 'GB London 2011', 'FR Paris 7500', 'DE Hamburg 2009', 'ES Madrid 2800', 'IT Rome 0018',
          'DE Munich 8033', 'PL Warsaw 0001', 'AT Vienna 1010', 'CH Zurich 8001', 'NL Amsterdam 1011', 'SE Stockholm 1112',
          'PT Lisbon 1100', 'BE Brussels 1000', 'DK Copenhagen 1050', 'CZ Prague 1100', 'IE Dublin 0020', 'NO Oslo 0150',
          'FI Helsinki 0010', 'CH Geneva 1201'])[1 + skew(i, 5, 19)] AS place
      FROM generate_series(1, 20000) AS i) AS person;
ALTER TABLE customers ADD PRIMARY KEY (id);
COMMIT;

--- 150 products
BEGIN;
CREATE TABLE products (
  id int NOT NULL,
  sku text NOT NULL,
  name text NOT NULL,
  category text NOT NULL,
  price numeric(8,2) NOT NULL,
  tags text[] NOT NULL,
  attributes jsonb NOT NULL,
  description text NOT NULL);
INSERT INTO products
SELECT i,
       'SKU-' || lpad(i::text, 5, '0'),
       initcap(colour) || ' ' || thing,
       category,
       (4 + pick(i, 10, 20000) / 100.0)::numeric(8,2),
       (ARRAY[category, colour,
         (ARRAY['new', 'sale', 'gift', 'vegan', 'handmade', 'local', 'organic', 'refurbished'])[1 + skew(i, 11, 7)],
         (ARRAY['summer', 'winter', 'spring', 'autumn', 'limited', 'classic', 'outlet', 'heirloom'])[1 + skew(i, 12, 7)]]),
       jsonb_build_object('colour', colour, 'material', material, 'weight_g', 50 + pick(i, 13, 5000),
         'size', (ARRAY['S', 'M', 'L', 'XL'])[1 + pick(i, 14, 4)], 'warranty_years', skew(i, 15, 10)),
       'A ' || colour || ' ' || lower(thing) || ' of ' || material || ', made to be used every day.'
FROM (SELECT i,
        (ARRAY['kitchen', 'garden', 'office', 'sports', 'books', 'toys', 'lighting', 'travel'])[1 + skew(i, 16, 7)] AS category,
        (ARRAY['black', 'white', 'blue', 'green', 'red', 'grey', 'amber', 'teal', 'violet', 'coral'])[1 + skew(i, 17, 9)] AS colour,
        (ARRAY['wood', 'steel', 'cotton', 'glass', 'paper', 'leather', 'cork', 'bamboo'])[1 + skew(i, 18, 7)] AS material,
        (ARRAY['Kettle', 'Lamp', 'Chair', 'Tent', 'Notebook', 'Bottle', 'Puzzle', 'Backpack', 'Spade', 'Racket'])
          [1 + pick(i, 19, 10)] AS thing
      FROM generate_series(1, 15000) AS i) AS thing;
ALTER TABLE products ADD PRIMARY KEY (id);
COMMIT;

--- 480 orders
BEGIN;
CREATE TABLE orders (
  id int NOT NULL,
  customer_id int NOT NULL,
  status text NOT NULL,
  region text NOT NULL,
  currency text NOT NULL,
  total numeric(10,2) NOT NULL,
  created_at timestamptz NOT NULL,
  note text);
-- Most orders are long delivered; few are pending, and those lie everywhere.
INSERT INTO orders
SELECT i,
       1 + skew(i, 20, 19999),
       CASE WHEN dice < 7 THEN 'pending' WHEN dice < 30 THEN 'paid' WHEN dice < 60 THEN 'shipped'
         WHEN dice < 90 THEN 'returned' ELSE 'delivered' END,
       split_part(place, ' ', 1),
       split_part(place, ' ', 2),
       (5 + pick(i, 21, 40000) / 100.0)::numeric(10,2),
       past((90000 - i) * 1050::bigint + pick(i, 22, 1000)),
       CASE WHEN pick(i, 23, 9) = 0 THEN 'Please leave it with the neighbour, bell ' || pick(i, 24, 40) END
FROM (SELECT i, pick(i, 25, 1000) AS dice,
        (ARRAY['EU EUR', 'EU EUR', 'EU EUR', 'UK GBP', 'CH CHF', 'NORDIC SEK', 'PL PLN'])[1 + pick(i, 26, 7)] AS place
      FROM generate_series(1, 90000) AS i) AS sale;
ALTER TABLE orders ADD PRIMARY KEY (id);
COMMIT;

--- 410 order items
BEGIN;
CREATE TABLE order_items (
  order_id int NOT NULL,
  line int NOT NULL,
  product_id int NOT NULL,
  quantity int NOT NULL,
  price numeric(8,2) NOT NULL);
INSERT INTO order_items
SELECT o, l, 1 + skew(o * 8::bigint + l, 30, 14999), 1 + skew(o * 8::bigint + l, 31, 5),
       (4 + pick(o * 8::bigint + l, 32, 20000) / 100.0)::numeric(8,2)
FROM generate_series(1, 90000) AS o, generate_series(1, 1 + pick(o, 33, 3)) AS l;
ALTER TABLE order_items ADD PRIMARY KEY (order_id, line);
COMMIT;

--- 410 events
BEGIN;
CREATE TABLE events (
  id int NOT NULL,
  customer_id int NOT NULL,
  kind text NOT NULL,
  at timestamptz NOT NULL,
  session text NOT NULL,
  payload jsonb NOT NULL);
INSERT INTO events
SELECT i,
       1 + pick(i, 40, 20000),
       (ARRAY['view', 'search', 'cart', 'login', 'checkout', 'payment', 'refund'])[1 + skew(i, 41, 6)],
       past((70000 - i) * 600::bigint + pick(i, 42, 600)),
       md5((i / 4)::text),
       jsonb_build_object('page', '/p/' || pick(i, 43, 15000), 'ms', 20 + skew(i, 44, 4000),
         'device', (ARRAY['phone', 'laptop', 'tablet', 'tv'])[1 + skew(i, 45, 3)],
         'campaign', 'c' || skew(i, 46, 400), 'ok', pick(i, 47, 50) > 0)
FROM generate_series(1, 70000) AS i;
ALTER TABLE events ADD PRIMARY KEY (id);
COMMIT;

--- 300 reviews
BEGIN;
CREATE TABLE reviews (
  id int NOT NULL,
  product_id int NOT NULL,
  customer_id int NOT NULL,
  rating int NOT NULL,
  body text NOT NULL,
  created_at timestamptz NOT NULL);
INSERT INTO reviews
SELECT i, 1 + skew(i, 50, 14999), 1 + pick(i, 51, 20000), 5 - skew(i, 52, 4),
       (ARRAY['Arrived quickly and works well.', 'Smaller than it looks on the picture.', 'A gift for my sister, she loves it.',
         'Broke after two weeks, money back.', 'Good value, would buy again.', 'Colour differs from the photo.'])[1 + pick(i, 53, 6)]
       || ' ' ||
       (ARRAY['Packed without plastic.', 'The courier was friendly.', 'Instructions only in Finnish.', 'Sturdy handle.',
         'Smells of glue at first.', 'Five months in and no complaints.'])[1 + pick(i, 54, 6)],
       past(pick(i, 55, 63072000))
FROM generate_series(1, 30000) AS i;
ALTER TABLE reviews ADD PRIMARY KEY (id);
COMMIT;

--- 250 references and indexes
CREATE UNIQUE INDEX customers_email_idx ON customers (email);
CREATE UNIQUE INDEX products_sku_idx ON products (sku);
CREATE INDEX orders_created_at_idx ON orders (created_at);
CREATE INDEX reviews_product_id_idx ON reviews (product_id);
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers;
ALTER TABLE order_items ADD FOREIGN KEY (order_id) REFERENCES orders;
ALTER TABLE order_items ADD FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE events ADD FOREIGN KEY (customer_id) REFERENCES customers;
ALTER TABLE reviews ADD FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE reviews ADD FOREIGN KEY (customer_id) REFERENCES customers;
CREATE EXTENSION pg_trgm;
CREATE EXTENSION btree_gin;
DROP FUNCTION pick;
DROP FUNCTION skew;
DROP FUNCTION past;

--- 1000 statistics
-- Twice: this engine's first VACUUM of a table freezes its rows and leaves the visibility map, without which there is
-- no index-only scan, to the second. ANALYZE reads 300 rows for each unit of the largest target, so that these targets
-- make it read all of them and leave nothing to chance; the columns have few values, and their statistics stay small.
VACUUM (FREEZE) customers;
VACUUM (FREEZE) products;
VACUUM (FREEZE) orders;
VACUUM (FREEZE) order_items;
VACUUM (FREEZE) events;
VACUUM (FREEZE) reviews;
ALTER TABLE orders ALTER status SET STATISTICS 300;
ALTER TABLE order_items ALTER line SET STATISTICS 600;
ALTER TABLE events ALTER kind SET STATISTICS 240;
VACUUM (ANALYZE) customers;
VACUUM (ANALYZE) products;
VACUUM (ANALYZE) orders;
VACUUM (ANALYZE) order_items;
VACUUM (ANALYZE) events;
VACUUM (ANALYZE) reviews;
ALTER TABLE orders ALTER status SET STATISTICS DEFAULT;
ALTER TABLE order_items ALTER line SET STATISTICS DEFAULT;
ALTER TABLE events ALTER kind SET STATISTICS DEFAULT;

--- 100 writing to disk
CHECKPOINT;
