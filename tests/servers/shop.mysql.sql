-- An online shop, the same rows as shop.postgres.sql makes: every value comes from the SHA-256 sum of its row number, so that each run
-- and each server has the same data. Skewed and correlated on purpose, and indexes that its queries need are missing on purpose.
-- For MySQL 8 and later and MariaDB 10.6 and later.

-- 1 … 200000, and the five numbers, 0 to 16777215, of each row's sum. POW(r / 16777216e0, 2 or 3) makes small ones frequent.
create table thousand (i int primary key);
insert into thousand
with recursive n as (select 0 as i union all select i + 1 from n where i < 999) select i from n;
create table numbers (i int primary key);
insert into numbers select a.i * 1000 + b.i + 1 from thousand a, thousand b where a.i < 200 order by 1;
create table words (word varchar(20) primary key);
insert into words values ('customer'), ('product'), ('order'), ('event'), ('payment'), ('odd'), ('secret');
create view sums as
select word, i,
    cast(conv(substr(sha2(concat(word, i), 256), 1, 6), 16, 10) as unsigned) as r0,
    cast(conv(substr(sha2(concat(word, i), 256), 7, 6), 16, 10) as unsigned) as r1,
    cast(conv(substr(sha2(concat(word, i), 256), 13, 6), 16, 10) as unsigned) as r2,
    cast(conv(substr(sha2(concat(word, i), 256), 19, 6), 16, 10) as unsigned) as r3,
    cast(conv(substr(sha2(concat(word, i), 256), 25, 6), 16, 10) as unsigned) as r4
from words, numbers;

create table categories (
    id int primary key,
    parent_id int,
    name varchar(60) not null
);
insert into categories
select i, case when i > 12 then 1 + (i - 13) % 12 end, concat('Category ', i) from numbers where i <= 120;

create table customers (
    id int primary key,
    name varchar(100) not null,
    email varchar(100) not null unique,
    phone varchar(20),
    country char(2) not null,
    city varchar(40) not null,
    vip boolean not null,
    birthday date,
    referred_by int,
    created_at datetime not null
);
insert into customers
select i,
    concat(elt(1 + r2 % 16, 'Anna','Ben','Carla','David','Eva','Felix','Greta','Hugo','Ida','Jan','Klara','Luca','Mia','Noah','Olga','Paul'), ' ',
        elt(1 + r3 % 12, 'Schmidt','Müller','Dubois','Moreau','Jansen','de Vries','Smith','Jones','佐藤','O''Neill','Weber','Bernard')),
    concat('customer', i, '@', elt(1 + r1 % 4, 'example.com','example.org','mail.example','shop.example')),
    case when r4 % 100 < 40 then concat('+49', lpad(r4 % 10000000, 8, '0')) end,
    country,
    case country
        when 'DE' then elt(1 + r1 % 4, 'Berlin','Hamburg','München','Köln')
        when 'FR' then elt(1 + r1 % 3, 'Paris','Lyon','Marseille')
        when 'NL' then elt(1 + r1 % 2, 'Amsterdam','Utrecht')
        when 'US' then elt(1 + r1 % 4, 'New York','Boston','Austin','Reno')
        when 'JP' then 'Tokyo'
        else 'Reykjavík' end,
    r3 % 50 = 0,
    case when r2 % 10 < 7 then date '1940-01-01' + interval (r2 % 24000) day end,
    case when r4 % 5 = 0 and i > 1 then 1 + r3 % (i - 1) end,
    '2020-01-01' + interval (i * 63) minute
from (
    select s.*, case when r0 % 100 < 55 then 'DE' when r0 % 100 < 75 then 'FR' when r0 % 100 < 87 then 'NL' when r0 % 100 < 95 then 'US'
        when r0 % 100 < 99 then 'JP' else 'IS' end as country
    from sums s where word = 'customer' and i <= 50000
) c
order by i;
create index customers_country on customers (country);

create table products (
    id int primary key,
    sku varchar(16) not null unique,
    name varchar(60) not null,
    category_id int not null,
    price decimal(10, 2) not null,
    description text not null,
    attributes json not null,
    tags json not null,
    discontinued_at datetime
);
insert into products
select i,
    concat('SKU-', lpad(i, 5, '0')),
    concat(elt(1 + r0 % 8, 'Oak','Steel','Paper','Wool','Glass','Copper','Linen','Clay'), ' ',
        elt(1 + r1 % 10, 'lamp','chair','notebook','scarf','vase','kettle','towel','bowl','shelf','clock'), ' ', i),
    1 + floor(120 * pow(r2 / 16777216e0, 2)),
    (100 + r3 % 49900) / 100,
    concat('A ', elt(1 + r4 % 8, 'small','large','light','heavy','bright','quiet','round','plain'), ' thing for the ',
        elt(1 + r3 % 5, 'kitchen','garden','office','bedroom','workshop'), ', made in ',
        elt(1 + r2 % 6, 'Porto','Gdansk','Leeds','Graz','Turku','Kyoto'), if(r0 % 200 = 0, ', handmade and waterproof', ''), '.'),
    json_merge_patch(json_object(
        'brand', concat('brand', floor(60 * pow(r1 / 16777216e0, 3))),
        'colour', elt(1 + floor(5 * pow(r3 / 16777216e0, 2)), 'black','white','red','blue','green'),
        'weight_g', 50 + r4 % 9950,
        'size', json_object('w', 1 + r2 % 200, 'h', 1 + r0 % 200)
    ), if(r4 % 40 = 0, '{"fragile": true}', '{}')),
    if(r0 % 10 = 0, '[]', json_merge_preserve(
        json_array(elt(1 + floor(5 * pow(r0 / 16777216e0, 2)), 'home','gift','sale','new','eco'), concat('season', r1 % 4)),
        if(r2 % 250 = 0, '["limited"]', '[]'))),
    case when r2 % 100 < 8 then '2023-01-01' + interval (r2 % 900) day end
from sums where word = 'product' and i <= 5000
order by i;

-- Nearly all orders are done; the few pending ones are the newest. The device depends on the channel.
create table orders (
    id int primary key,
    customer_id int not null,
    status varchar(12) not null,
    channel varchar(8) not null,
    device varchar(8) not null,
    coupon varchar(16),
    total decimal(10, 2) not null,
    note text,
    created_at datetime not null,
    shipped_at datetime
);
insert into orders
select i, 1 + floor(50000 * pow(r0 / 16777216e0, 3)), status, channel,
    case channel when 'web' then elt(1 + r2 % 4, 'desktop','desktop','ios','android')
        when 'app' then elt(1 + r2 % 2, 'ios','android') else 'none' end,
    case when r3 % 10 = 0 then concat('SAVE', r4 % 200) end,
    (500 + r3 % 60000 + if(r4 % 500 = 0, 900000, 0)) / 100,
    case when r4 % 33 = 0 then concat('Please ring twice, order ', i) end,
    at,
    case when status in ('done', 'returned') then at + interval (1 + r2 % 96) hour end
from (
    select s.*, '2021-01-01' + interval (i * 13) minute as at,
        case when i > 199000 and r1 % 10 < 6 then 'pending' when r1 % 1000 < 955 then 'done'
            when r1 % 1000 < 985 then 'cancelled' else 'returned' end as status,
        case when r4 % 100 < 62 then 'web' when r4 % 100 < 97 then 'app' else 'phone' end as channel
    from sums s where word = 'order' and i <= 200000
) b
order by i;
create index orders_channel on orders (channel);

create table order_items (
    order_id int not null,
    line int not null,
    product_id int not null,
    quantity int not null,
    unit_price decimal(10, 2) not null,
    primary key (order_id, line)
);
insert into order_items
select o, line, 1 + floor(5000 * pow(conv(substr(h, 1, 6), 16, 10) / 16777216e0, 2)),
    1 + floor(9 * pow(conv(substr(h, 7, 6), 16, 10) / 16777216e0, 3)), (100 + conv(substr(h, 13, 6), 16, 10) % 49900) / 100
from (
    select n.i as o, l.i as line, sha2(concat('item', n.i, '.', l.i), 256) as h
    from numbers n straight_join numbers l where l.i <= 1 + n.i % 4
) a
order by o, line;

create table events (
    id int primary key,
    at datetime not null,
    kind varchar(10) not null,
    customer_id int,
    payload json not null
);
insert into events
select i, '2025-01-01' + interval (i * 90) second,
    case when r0 % 100 < 70 then 'view' when r0 % 100 < 85 then 'search' when r0 % 100 < 95 then 'cart'
        when r0 % 100 < 99 then 'checkout' else 'error' end,
    case when r1 % 10 < 6 then 1 + floor(50000 * pow(r2 / 16777216e0, 3)) end,
    json_merge_patch(json_object('page', concat('/p/', floor(5000 * pow(r3 / 16777216e0, 2))), 'ms', cast(5 + floor(4000 * pow(r4 / 16777216e0, 3)) as signed),
        'agent', json_object('os', elt(1 + r1 % 5, 'linux','windows','macos','ios','android'), 'bot', r2 % 20 = 0)),
        case when r0 % 100 = 99 then json_object('code', cast(elt(1 + floor(4 * pow(r3 / 16777216e0, 3)), 500, 502, 503, 418) as unsigned)) else '{}' end)
from sums where word = 'event' and i <= 200000
order by i;

create table payments (
    id int not null,
    order_id int not null,
    paid_on date not null,
    method varchar(8) not null,
    amount decimal(10, 2) not null,
    primary key (id, paid_on)
) partition by range columns (paid_on) (
    partition payments_2021 values less than ('2022-01-01'),
    partition payments_2022 values less than ('2023-01-01'),
    partition payments_2023 values less than ('2024-01-01'),
    partition payments_2024 values less than ('2025-01-01'),
    partition payments_2025 values less than ('2026-01-01'),
    partition payments_later values less than (maxvalue)
);
insert into payments
select i, i * 2, date '2021-01-01' + interval (i * 26 div 1440) day, elt(1 + r0 % 4, 'card','card','invoice','voucher'), (500 + r1 % 60000) / 100
from sums where word = 'payment' and i <= 100000
order by i;

-- Names that need quotes.
create table `Odd Name` (
    `Select` int primary key,
    `mixedCase` int not null,
    `with ``quotes``` text,
    `naïve – column` text
);
insert into `Odd Name`
select i, r0 % 500, case when i % 3 = 0 then concat('text ', i) end, concat('ü', i % 7) from sums where word = 'odd' and i <= 20000 order by i;

-- The reader may not see this one.
create table secrets (id int primary key, token varchar(40) not null);
insert into secrets select i, substr(sha2(concat('secret', i), 256), 1, 32) from numbers where i <= 1000;

-- Tables on which ROLLBACK undoes nothing.
create table page_hits (id int primary key, path varchar(60) not null, hits int not null) engine = MyISAM;
insert into page_hits select i, concat('/p/', i % 5000), i * 7 % 1000 from numbers where i <= 20000;
create table visits (id int primary key auto_increment, what varchar(60) not null) engine = MyISAM;

create view order_totals as
select c.country, o.status, count(*) as orders, sum(o.total) as total
from orders o join customers c on c.id = o.customer_id group by c.country, o.status;

-- A function that writes, so that a SELECT is not always a read.
delimiter //
create function note_visit(what varchar(60)) returns int modifies sql data sql security definer
begin
    insert into visits (what) values (what);
    return last_insert_id();
end//
delimiter ;

drop view sums;
drop table thousand, numbers, words;
analyze table categories, customers, products, orders, order_items, events, payments, `Odd Name`, secrets, page_hits, visits;

grant select on categories to reader@'%';
grant select on customers to reader@'%';
grant select on products to reader@'%';
grant select on orders to reader@'%';
grant select on order_items to reader@'%';
grant select on events to reader@'%';
grant select on payments to reader@'%';
grant select on `Odd Name` to reader@'%';
grant select on page_hits to reader@'%';
grant select on visits to reader@'%';
grant select on order_totals to reader@'%';
grant execute on function note_visit to reader@'%';
grant create temporary tables on shop.* to reader@'%';
grant select on shop.orders to tls_only@'%';
