//! Statements and the indexes that might help them, over the shop: what a trial says of each is held against the index really built.
//!
//! [`FIRST`] was written before the twin existed, [`LATER`] when it was written, before it had planned any statement.

/// A statement, and indexes that are built together, as `table (keys)` separated by `;`.
pub(crate) type Pair = (&'static str, &'static str);

/// Written before the twin.
pub(crate) const FIRST: &[Pair] = &[
    // One value, frequent and rare.
    ("select * from orders where customer_id = 4711", "orders (customer_id)"),
    ("select * from orders where customer_id = 3", "orders (customer_id)"),
    ("select * from orders where status = 'returned'", "orders (status)"),
    ("select * from orders where status = 'done'", "orders (status)"),
    ("select count(*) from orders where status = 'cancelled'", "orders (status)"),
    ("select * from orders where coupon = 'SAVE17'", "orders (coupon)"),
    ("select * from orders where total = 42.5", "orders (total)"),
    ("select * from orders where customer_id in (10, 2000, 30000)", "orders (customer_id)"),
    ("select * from order_items where product_id = 4000", "order_items (product_id)"),
    ("select * from order_items where product_id = 1", "order_items (product_id)"),
    ("select * from events where customer_id = 1234", "events (customer_id)"),
    ("select * from customers where city = 'Boston'", "customers (city)"),
    ("select * from customers where referred_by = 5", "customers (referred_by)"),
    ("select * from customers where birthday = '1980-05-05'", "customers (birthday)"),
    ("select * from payments where order_id = 5000", "payments (order_id)"),
    ("select * from `Odd Name` where mixedCase = 77", "`Odd Name` (mixedCase)"),
    // Ranges, narrow and wide.
    ("select * from orders where created_at >= '2025-11-01'", "orders (created_at)"),
    ("select * from orders where created_at between '2023-03-01' and '2023-03-03'", "orders (created_at)"),
    ("select * from orders where created_at between '2022-01-01' and '2023-12-31'", "orders (created_at)"),
    ("select * from orders where total > 9000", "orders (total)"),
    ("select * from orders where total between 300 and 305", "orders (total)"),
    ("select * from orders where customer_id > 49000", "orders (customer_id)"),
    ("select * from order_items where unit_price < 1.5", "order_items (unit_price)"),
    ("select * from order_items where product_id < 3 and quantity > 8", "order_items (product_id, quantity)"),
    ("select * from events where at between '2025-03-01' and '2025-03-01 06:00'", "events (at)"),
    ("select * from products where price < 2", "products (price)"),
    ("select * from orders where note like 'Please ring twice, order 100%'", "orders (note(32))"),
    ("select * from customers where name like 'Greta%'", "customers (name)"),
    // NULL and not.
    ("select * from orders where shipped_at is null", "orders (shipped_at)"),
    ("select * from orders where coupon is not null", "orders (coupon)"),
    ("select * from orders where note is not null", "orders (note(16))"),
    ("select * from products where discontinued_at is not null", "products (discontinued_at)"),
    ("select * from events where customer_id is null and kind = 'error'", "events (kind, customer_id)"),
    // Several columns.
    ("select * from orders where coupon like 'SAVE1%' and status = 'returned'", "orders (coupon, status)"),
    ("select * from orders where device = 'ios' and channel = 'web'", "orders (device, channel)"),
    ("select * from orders where channel = 'phone' and status = 'returned'", "orders (channel, status)"),
    ("select * from orders where customer_id = 15 and status = 'cancelled'", "orders (customer_id, status)"),
    (
        "select * from orders where status in ('returned', 'cancelled') and created_at > '2025-06-01'",
        "orders (status, created_at)",
    ),
    ("select * from orders where customer_id = 40 or coupon = 'SAVE3'", "orders (customer_id); orders (coupon)"),
    // Orders and limits.
    (
        "select id, total from orders where customer_id = 120 order by created_at desc limit 10",
        "orders (customer_id, created_at)",
    ),
    ("select * from orders where status = 'pending' order by created_at limit 20", "orders (status, created_at)"),
    ("select id, total from orders order by total desc limit 10", "orders (total)"),
    ("select * from orders where channel = 'phone' order by total desc limit 5", "orders (channel, total)"),
    ("select id from orders where status = 'done' order by id desc limit 50", "orders (status)"),
    ("select * from events where kind = 'error' order by at desc limit 20", "events (kind, at)"),
    ("select * from customers order by created_at desc limit 10", "customers (created_at)"),
    // Groups and answers from the index alone.
    ("select coupon, count(*) from orders group by coupon", "orders (coupon)"),
    ("select max(created_at) from orders where customer_id = 77", "orders (customer_id, created_at)"),
    (
        "select customer_id, sum(total) from orders group by customer_id order by 2 desc limit 10",
        "orders (customer_id, total)",
    ),
    ("select distinct status from orders", "orders (status)"),
    ("select status, count(*) from orders group by status", "orders (status)"),
    ("select status, max(total) from orders group by status", "orders (status, total)"),
    ("select product_id, sum(quantity) from order_items group by product_id", "order_items (product_id, quantity)"),
    ("select avg(unit_price) from order_items where quantity = 9", "order_items (quantity, unit_price)"),
    ("select count(*) from events where kind = 'checkout' and at >= '2025-06-01'", "events (kind, at)"),
    ("select kind, count(*) from events where at > '2025-07-01' group by kind", "events (at, kind)"),
    ("select city, count(*) from customers group by city", "customers (city)"),
    (
        "select method, sum(amount) from payments where paid_on >= '2024-01-01' group by method",
        "payments (method, amount)",
    ),
    // Joins.
    (
        "select c.name, o.total from customers c join orders o on o.customer_id = c.id where c.id = 4242",
        "orders (customer_id)",
    ),
    (
        "select c.name, o.total from customers c join orders o on o.customer_id = c.id where c.email = 'customer31337@shop.example'",
        "orders (customer_id)",
    ),
    (
        "select c.name, o.id from customers c join orders o on o.customer_id = c.id where c.country = 'IS'",
        "orders (customer_id)",
    ),
    (
        "select count(*) from customers c join orders o on o.customer_id = c.id where c.city = 'Reno' and c.vip",
        "orders (customer_id)",
    ),
    (
        "select count(*) from customers c join orders o on o.customer_id = c.id where c.city = 'Reno' and c.vip",
        "customers (city)",
    ),
    (
        "select o.id, i.product_id from orders o join order_items i on i.order_id = o.id where o.status = 'returned'",
        "orders (status)",
    ),
    (
        "select p.name, sum(i.quantity) from products p join order_items i on i.product_id = p.id where p.sku = 'SKU-00042' group by p.name",
        "order_items (product_id)",
    ),
    (
        "select p.name, i.quantity from products p join order_items i on i.product_id = p.id where p.category_id = 7",
        "products (category_id)",
    ),
    (
        "select p.name, i.quantity from products p join order_items i on i.product_id = p.id where p.category_id = 7",
        "order_items (product_id)",
    ),
    (
        "select e.* from events e join customers c on c.id = e.customer_id where c.country = 'IS' and e.kind = 'error'",
        "events (customer_id, kind)",
    ),
    (
        "select c.country, sum(i.quantity) from customers c join orders o on o.customer_id = c.id join order_items i on i.order_id = o.id \
         where c.city = 'Austin' and o.status = 'returned' group by c.country",
        "orders (customer_id, status)",
    ),
    (
        "select c.name, p.name from customers c join orders o on o.customer_id = c.id join order_items i on i.order_id = o.id \
         join products p on p.id = i.product_id where p.sku = 'SKU-00007' and c.country = 'NL'",
        "order_items (product_id)",
    ),
    // A table beside itself, and sub-queries.
    (
        "select a.id from orders a join orders b on a.customer_id = b.customer_id where b.coupon = 'SAVE9'",
        "orders (customer_id)",
    ),
    (
        "select a.id from orders a join orders b on a.customer_id = b.customer_id where b.coupon = 'SAVE9'",
        "orders (coupon)",
    ),
    (
        "select * from customers c where c.country = 'IS' and exists \
         (select 1 from orders o where o.customer_id = c.id and o.status = 'returned')",
        "orders (customer_id, status)",
    ),
    (
        "select c.id from customers c where c.country = 'JP' and not exists (select 1 from orders o where o.customer_id = c.id)",
        "orders (customer_id)",
    ),
    (
        "select * from orders where id in (select order_id from order_items where product_id = 4500)",
        "order_items (product_id)",
    ),
    (
        "select t.customer_id, t.n from (select customer_id, count(*) n from orders group by customer_id) t \
         join customers c on c.id = t.customer_id where c.vip and t.n > 10",
        "orders (customer_id)",
    ),
];

/// Written after the twin, before it had planned any statement; nothing was changed for their sake.
pub(crate) const LATER: &[Pair] = &[
    (
        "select * from orders where channel = 'app' and device = 'ios' and status = 'cancelled'",
        "orders (status, device)",
    ),
    ("select * from orders where customer_id between 100 and 110", "orders (customer_id)"),
    ("select * from orders where total >= 100 and created_at < '2021-02-01'", "orders (created_at, total)"),
    (
        "select id from orders where coupon in ('SAVE1', 'SAVE2', 'SAVE3') order by created_at",
        "orders (coupon, created_at)",
    ),
    (
        "select customer_id, max(created_at) from orders where channel = 'phone' group by customer_id",
        "orders (channel, customer_id, created_at)",
    ),
    ("select * from orders where shipped_at between '2024-05-01' and '2024-05-02'", "orders (shipped_at)"),
    (
        "select o.id, c.name from orders o join customers c on c.id = o.customer_id where o.total > 9000 and c.country = 'FR'",
        "orders (total)",
    ),
    (
        "select count(*) from order_items i join orders o on o.id = i.order_id where i.product_id = 77 and o.channel = 'web'",
        "order_items (product_id)",
    ),
    (
        "select sku from products where category_id in (3, 4) order by price desc limit 5",
        "products (category_id, price)",
    ),
    ("select category_id, count(*), avg(price) from products group by category_id", "products (category_id, price)"),
    ("select * from events where kind = 'search' and customer_id = 99", "events (customer_id, kind)"),
    (
        "select date(at), count(*) from events where at >= '2025-04-01' and at < '2025-04-08' group by date(at)",
        "events (at)",
    ),
    (
        "select c.id, count(*) from customers c join events e on e.customer_id = c.id \
         where c.city = 'Lyon' and e.kind = 'checkout' group by c.id",
        "events (kind, customer_id)",
    ),
    ("select * from customers where country = 'NL' and city = 'Utrecht' and vip", "customers (country, vip)"),
    ("select * from customers where created_at >= '2025-12-01' order by name limit 20", "customers (created_at)"),
    (
        "select a.name, b.name from customers a join customers b on b.id = a.referred_by where a.city = 'Boston'",
        "customers (city)",
    ),
    (
        "select a.name from customers a join customers b on b.referred_by = a.id where a.id = 12",
        "customers (referred_by)",
    ),
    ("select * from payments where method = 'voucher' and amount > 600", "payments (method, amount)"),
    (
        "select p.order_id from payments p join orders o on o.id = p.order_id where o.status = 'returned' and p.method = 'card'",
        "payments (order_id)",
    ),
    (
        "select * from order_items where product_id = 2500 order by quantity desc limit 3",
        "order_items (product_id, quantity)",
    ),
    ("select `Select` from `Odd Name` where mixedCase > 490 and `with ``quotes``` is null", "`Odd Name` (mixedCase)"),
    (
        "select * from orders o where o.created_at > '2025-12-01' and not exists (select 1 from payments p where p.order_id = o.id)",
        "payments (order_id)",
    ),
];

/// Written after the formulas, before they had calculated any of these; nothing was changed for their sake but what was wrong and not
/// flagged.
pub(crate) const CALCULATED: &[Pair] = &[
    ("select * from orders where total between 50 and 60 and channel = 'web'", "orders (channel, total)"),
    (
        "select * from orders where customer_id in (1, 2, 3, 4, 5, 6, 7, 8) and status = 'pending'",
        "orders (customer_id, status)",
    ),
    ("select * from orders where status <> 'done'", "orders (status)"),
    ("select count(*) from orders", "orders (customer_id)"),
    ("select max(total) from orders", "orders (total)"),
    ("select min(created_at), max(created_at) from orders where channel = 'app'", "orders (channel, created_at)"),
    ("select distinct channel, device from orders", "orders (channel, device)"),
    ("select channel, device, count(*) from orders group by channel, device", "orders (channel, device)"),
    ("select * from orders order by created_at", "orders (created_at)"),
    ("select id, created_at from orders order by created_at", "orders (created_at)"),
    ("select * from orders order by created_at desc limit 20000", "orders (created_at)"),
    ("select * from orders where device = 'ios' order by created_at desc limit 10", "orders (created_at)"),
    ("select * from orders where status = 'returned' order by total limit 10", "orders (total)"),
    ("select * from orders where created_at >= '2024-01-01' and created_at < '2024-07-01'", "orders (created_at)"),
    ("select * from orders where created_at >= '2025-06-01'", "orders (created_at)"),
    ("select sum(total) from orders where created_at >= '2024-01-01'", "orders (created_at, total)"),
    ("select * from orders where shipped_at is null and channel = 'phone'", "orders (shipped_at, channel)"),
    (
        "select id from orders where coupon = 'SAVE5' and created_at > '2025-01-01' order by created_at limit 5",
        "orders (coupon, created_at)",
    ),
    ("select * from customers where name like 'A%'", "customers (name)"),
    (
        "select * from customers where birthday between '1990-01-01' and '1990-12-31' and country = 'DE'",
        "customers (country, birthday)",
    ),
    (
        "select city, country, count(*) from customers where vip group by city, country",
        "customers (vip, city, country)",
    ),
    ("select * from customers where phone is null", "customers (phone)"),
    ("select * from events where at >= '2025-07-20' order by id limit 10", "events (at)"),
    ("select * from events where kind in ('error', 'checkout') and customer_id = 40", "events (kind, customer_id)"),
    ("select customer_id, max(at) from events group by customer_id", "events (customer_id, at)"),
    ("select * from order_items where quantity = 1 and unit_price > 900", "order_items (quantity, unit_price)"),
    ("select * from order_items where product_id between 100 and 300", "order_items (product_id)"),
    ("select count(distinct product_id) from order_items where quantity > 5", "order_items (quantity, product_id)"),
    ("select * from products where category_id = 12 and price > 100 order by price", "products (category_id, price)"),
    ("select * from products where name like 'S%' order by name limit 20", "products (name)"),
    ("select * from payments where amount > 900", "payments (amount)"),
    (
        "select o.id, c.name from orders o join customers c on c.id = o.customer_id where o.status = 'pending' and o.channel = 'phone'",
        "orders (channel, status)",
    ),
    (
        "select c.name, count(*) from customers c join orders o on o.customer_id = c.id where c.vip group by c.id, c.name",
        "orders (customer_id)",
    ),
    (
        "select c.name, o.total from customers c join orders o on o.customer_id = c.id where c.country = 'FR' order by o.total desc limit 10",
        "orders (customer_id, total)",
    ),
    (
        "select p.name, i.quantity from order_items i join products p on p.id = i.product_id where i.unit_price > 950 and p.price > 500",
        "order_items (unit_price)",
    ),
    (
        "select e.kind, count(*) from events e join customers c on c.id = e.customer_id where c.birthday = '1980-05-05' group by e.kind",
        "customers (birthday); events (customer_id)",
    ),
    (
        "select o.id, p.amount from orders o join payments p on p.order_id = o.id where o.coupon = 'SAVE9'",
        "orders (coupon); payments (order_id)",
    ),
    (
        "select a.id, b.id from orders a join orders b on b.customer_id = a.customer_id where a.id = 77",
        "orders (customer_id)",
    ),
];
