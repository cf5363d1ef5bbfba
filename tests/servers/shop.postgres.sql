-- An online shop, the same rows as shop.mysql.sql makes: every value comes from the SHA-256 sum of its row number, so that each run
-- and each server has the same data. Skewed and correlated on purpose, and indexes that its queries need are missing on purpose.

create role reader login password :'reader_password';
create role tls_only login password :'reader_password';
create extension pg_stat_statements;
create extension pg_trgm;

create function hash(word text) returns text language sql immutable parallel safe
    return encode(sha256(word::bytea), 'hex');
-- The k-th of five numbers, 0 to 16777215, from a sum.
create function r(h text, k int) returns int language sql immutable parallel safe
    return ('x' || substr(h, k * 6 + 1, 6))::bit(24)::int;
-- The same number in 0..n-1, small ones far more often (power 2 or 3).
create function skewed(r int, n int, power int) returns int language sql immutable parallel safe
    return floor(n * (r / 16777216.0::float8) ^ power)::int;

create table categories (
    id int primary key,
    parent_id int references categories,
    name text not null
);
insert into categories
select i, case when i > 12 then 1 + (i - 13) % 12 end, 'Category ' || i from generate_series(1, 120) i;

create table customers (
    id int primary key,
    name text not null,
    email text not null unique,
    phone varchar(20),
    country char(2) not null,
    city text not null,
    vip boolean not null,
    birthday date,
    referred_by int,
    created_at timestamp not null
);
insert into customers
select i,
    (array['Anna','Ben','Carla','David','Eva','Felix','Greta','Hugo','Ida','Jan','Klara','Luca','Mia','Noah','Olga','Paul'])[1 + r(h, 2) % 16]
        || ' ' ||
    (array['Schmidt','Müller','Dubois','Moreau','Jansen','de Vries','Smith','Jones','佐藤','O''Neill','Weber','Bernard'])[1 + r(h, 3) % 12],
    'customer' || i || '@' || (array['example.com','example.org','mail.example','shop.example'])[1 + r(h, 1) % 4],
    case when r(h, 4) % 100 < 40 then '+49' || lpad((r(h, 4) % 10000000)::text, 8, '0') end,
    country,
    case country
        when 'DE' then (array['Berlin','Hamburg','München','Köln'])[1 + r(h, 1) % 4]
        when 'FR' then (array['Paris','Lyon','Marseille'])[1 + r(h, 1) % 3]
        when 'NL' then (array['Amsterdam','Utrecht'])[1 + r(h, 1) % 2]
        when 'US' then (array['New York','Boston','Austin','Reno'])[1 + r(h, 1) % 4]
        when 'JP' then 'Tokyo'
        else 'Reykjavík' end,
    r(h, 3) % 50 = 0,
    case when r(h, 2) % 10 < 7 then date '1940-01-01' + r(h, 2) % 24000 end,
    case when r(h, 4) % 5 = 0 and i > 1 then 1 + r(h, 3) % (i - 1) end,
    timestamp '2020-01-01' + i * interval '63 minutes'
from (
    select i, h, case when p < 55 then 'DE' when p < 75 then 'FR' when p < 87 then 'NL' when p < 95 then 'US' when p < 99 then 'JP' else 'IS' end as country
    from (select i, h, r(h, 0) % 100 as p from (select i, hash('customer' || i) as h from generate_series(1, 50000) i) a) b
) c
order by i;
create index customers_country on customers (country);

create table products (
    id int primary key,
    sku varchar(16) not null unique,
    name text not null,
    category_id int not null references categories,
    price numeric(10, 2) not null,
    description text not null,
    attributes jsonb not null,
    tags text[] not null,
    discontinued_at timestamp
);
insert into products
select i,
    'SKU-' || lpad(i::text, 5, '0'),
    (array['Oak','Steel','Paper','Wool','Glass','Copper','Linen','Clay'])[1 + r(h, 0) % 8] || ' '
        || (array['lamp','chair','notebook','scarf','vase','kettle','towel','bowl','shelf','clock'])[1 + r(h, 1) % 10] || ' ' || i,
    1 + skewed(r(h, 2), 120, 2),
    (100 + r(h, 3) % 49900) / 100.0,
    'A ' || (array['small','large','light','heavy','bright','quiet','round','plain'])[1 + r(h, 4) % 8] || ' thing for the '
        || (array['kitchen','garden','office','bedroom','workshop'])[1 + r(h, 3) % 5] || ', made in '
        || (array['Porto','Gdansk','Leeds','Graz','Turku','Kyoto'])[1 + r(h, 2) % 6] || case when r(h, 0) % 200 = 0 then ', handmade and waterproof' else '' end || '.',
    jsonb_build_object(
        'brand', 'brand' || skewed(r(h, 1), 60, 3),
        'colour', (array['black','white','red','blue','green'])[1 + skewed(r(h, 3), 5, 2)],
        'weight_g', 50 + r(h, 4) % 9950,
        'size', jsonb_build_object('w', 1 + r(h, 2) % 200, 'h', 1 + r(h, 0) % 200)
    ) || case when r(h, 4) % 40 = 0 then '{"fragile": true}' else '{}' end::jsonb,
    case when r(h, 0) % 10 = 0 then '{}'::text[] else array[
        (array['home','gift','sale','new','eco'])[1 + skewed(r(h, 0), 5, 2)], 'season' || r(h, 1) % 4
    ] || case when r(h, 2) % 250 = 0 then array['limited'] else '{}'::text[] end end,
    case when r(h, 2) % 100 < 8 then timestamp '2023-01-01' + (r(h, 2) % 900) * interval '1 day' end
from (select i, hash('product' || i) as h from generate_series(1, 5000) i) a
order by i;

-- Nearly all orders are done; the few pending ones are the newest. The device depends on the channel.
create table orders (
    id int primary key,
    customer_id int not null,
    status varchar(12) not null,
    channel varchar(8) not null,
    device varchar(8) not null,
    coupon varchar(16),
    total numeric(10, 2) not null,
    note text,
    created_at timestamp not null,
    shipped_at timestamp
);
insert into orders
select i, 1 + skewed(r(h, 0), 50000, 3), status, channel,
    case channel when 'web' then (array['desktop','desktop','ios','android'])[1 + r(h, 2) % 4]
        when 'app' then (array['ios','android'])[1 + r(h, 2) % 2] else 'none' end,
    case when r(h, 3) % 10 = 0 then 'SAVE' || r(h, 4) % 200 end,
    (500 + r(h, 3) % 60000 + case when r(h, 4) % 500 = 0 then 900000 else 0 end) / 100.0,
    case when r(h, 4) % 33 = 0 then 'Please ring twice, order ' || i end,
    at,
    case when status in ('done', 'returned') then at + (1 + r(h, 2) % 96) * interval '1 hour' end
from (
    select i, h, timestamp '2021-01-01' + i * interval '13 minutes' as at,
        case when i > 199000 and r(h, 1) % 10 < 6 then 'pending' when r(h, 1) % 1000 < 955 then 'done'
            when r(h, 1) % 1000 < 985 then 'cancelled' else 'returned' end as status,
        case when r(h, 4) % 100 < 62 then 'web' when r(h, 4) % 100 < 97 then 'app' else 'phone' end as channel
    from (select i, hash('order' || i) as h from generate_series(1, 200000) i) a
) b
order by i;
create index orders_channel on orders (channel);

create table order_items (
    order_id int not null,
    line int not null,
    product_id int not null,
    quantity int not null,
    unit_price numeric(10, 2) not null,
    primary key (order_id, line)
);
insert into order_items
select o, line, 1 + skewed(r(h, 0), 5000, 2), 1 + skewed(r(h, 1), 9, 3), (100 + r(h, 2) % 49900) / 100.0
from (select o, line, hash('item' || o || '.' || line) as h from generate_series(1, 200000) o, generate_series(1, 1 + o % 4) line) a
order by o, line;

create table events (
    id int primary key,
    at timestamp not null,
    kind varchar(10) not null,
    customer_id int,
    payload jsonb not null
);
insert into events
select i, timestamp '2025-01-01' + i * interval '90 seconds',
    case when p < 70 then 'view' when p < 85 then 'search' when p < 95 then 'cart' when p < 99 then 'checkout' else 'error' end,
    case when r(h, 1) % 10 < 6 then 1 + skewed(r(h, 2), 50000, 3) end,
    jsonb_build_object('page', '/p/' || skewed(r(h, 3), 5000, 2), 'ms', 5 + skewed(r(h, 4), 4000, 3),
        'agent', jsonb_build_object('os', (array['linux','windows','macos','ios','android'])[1 + r(h, 1) % 5], 'bot', r(h, 2) % 20 = 0))
        || case when p = 99 then jsonb_build_object('code', (array[500, 502, 503, 418])[1 + skewed(r(h, 3), 4, 3)]) else '{}' end
from (select i, h, r(h, 0) % 100 as p from (select i, hash('event' || i) as h from generate_series(1, 200000) i) a) b
order by i;

create table payments (
    id int not null,
    order_id int not null,
    paid_on date not null,
    method varchar(8) not null,
    amount numeric(10, 2) not null,
    primary key (id, paid_on)
) partition by range (paid_on);
create table payments_2021 partition of payments for values from (minvalue) to ('2022-01-01');
create table payments_2022 partition of payments for values from ('2022-01-01') to ('2023-01-01');
create table payments_2023 partition of payments for values from ('2023-01-01') to ('2024-01-01');
create table payments_2024 partition of payments for values from ('2024-01-01') to ('2025-01-01');
create table payments_2025 partition of payments for values from ('2025-01-01') to ('2026-01-01');
create table payments_later partition of payments default;
insert into payments
select i, i * 2, date '2021-01-01' + i * 26 / 1440, (array['card','card','invoice','voucher'])[1 + r(h, 0) % 4], (500 + r(h, 1) % 60000) / 100.0
from (select i, hash('payment' || i) as h from generate_series(1, 100000) i) a
order by i;

-- Names that need quotes.
create table "Odd Name" (
    "Select" int primary key,
    "mixedCase" int not null,
    "with ""quotes""" text,
    "naïve – column" text
);
insert into "Odd Name"
select i, r(hash('odd' || i), 0) % 500, case when i % 3 = 0 then 'text ' || i end, 'ü' || i % 7 from generate_series(1, 20000) i;

-- The reader may not see this one.
create table secrets (id int primary key, token text not null);
insert into secrets select i, substr(hash('secret' || i), 1, 32) from generate_series(1, 1000) i;

create view order_totals as
select c.country, o.status, count(*) as orders, sum(o.total) as total
from orders o join customers c on c.id = o.customer_id group by c.country, o.status;

-- A function that writes, so that a SELECT is not always a read.
create table visits (id int generated always as identity primary key, what text not null);
create function note_visit(what text) returns int language plpgsql volatile security definer set search_path = public
    as $$ declare n int; begin insert into visits (what) values (note_visit.what) returning id into n; return n; end $$;

alter table orders add foreign key (customer_id) references customers;
alter table order_items add foreign key (order_id) references orders;

grant select on categories, customers, products, orders, order_items, events, payments, payments_2021, payments_2022, payments_2023,
    payments_2024, payments_2025, payments_later, "Odd Name", visits, order_totals to reader, tls_only;
