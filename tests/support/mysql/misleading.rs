//! Tables on which a sample of the rows must mislead, and what a twin says of them all the same.

use whyslow::{
    advise::{Trust, ddl},
    whatif::{Allow, Supposition},
};

use super::{
    Server, drop_private, private,
    twin::{CALCULATED, TWIN, alone, candidates, catalog, path, planned, supposed_by},
};

/// 200,000 rows, of which some twenty of each 200 that follow each other are read.
///
/// - `b`: forty values stand together, 120 rows each, and the others are in two rows or three.
/// - `c`, `d`: each has forty common values; `d` is one more than `c` in forty stretches of 120 rows and nowhere else.
/// - `s`: five values are in six rows of seven, every other one is in one row.
const TABLES: &[&str] = &[
    "create table log (id int primary key, a int not null, b int not null, c int not null, d int not null, e int not null, s int not null, \
     pad char(60) not null) engine = InnoDB",
    "insert into log select i, i * 7919 % 4000, if(i % 5000 < 120, i div 5000, 1000 + i * 104729 % 90000), \
     if(i % 5000 between 2000 and 2119, i div 5000, (i * 7919 div 7) % 40), \
     if(i % 5000 between 2000 and 2119, (i div 5000 + 1) % 40, \
        ((i * 7919 div 7) % 40 + 2 + (i * 6007 div 11) % 39) % 40), \
     i * 6007 % 4000, if(i * 7919 % 100 < 85, i % 5, 10 + i), 'x' from (select id as i from shop.orders) n",
    "create index log_a on log (a)",
    "create index log_e on log (e)",
    "create table dim (id int primary key, g int not null, key dim_g (g)) engine = InnoDB",
    "insert into dim select i, i % 2000 from (select id as i from shop.orders) n where i <= 40000",
    "analyze table log, dim",
];

/// An index, and statements that it may serve or not.
fn statements() -> Vec<(&'static str, Vec<String>)> {
    let places = [3, 8, 13, 18, 23, 28, 33, 38];
    let alone = places.iter().map(|n| format!("select * from log where a = {} and b = {n}", 40 * n));
    let both =
        places.iter().map(|n| format!("select * from log where e = {} and c = {n} and d = {}", 8 * n, (n + 1) % 40));
    let joined = [7, 77].iter().map(|g| {
        format!("select * from dim join log on log.s = dim.id where dim.g = {g} and log.a between {} and {}", g, g + 3)
    });
    vec![("log (b)", alone.collect()), ("log (c, d)", both.collect()), ("log (s)", joined.collect())]
}

impl Server {
    /// What a sample cannot tell is asked about: where the twin is wrong, it says that it may be.
    pub(crate) async fn a_sample_that_misleads_is_not_trusted(self) {
        self.misled("misleading", TWIN).await;
    }

    /// So it is where formulas answer.
    pub(crate) async fn a_sample_that_misleads_formulas_is_not_trusted(self) {
        self.misled("formulas", CALCULATED).await;
    }

    async fn misled(self, database: &str, allow: Allow) {
        let (mut admin, mut session) = private(self, database).await;
        let engine = session.info().engine;
        let _alone = alone(engine).await;
        for sql in TABLES {
            admin.run(sql).await;
        }
        let (mut wrong, mut rough, mut asked, mut trusted) = (0, 0, 0, Vec::new());
        for (index, statements) in statements() {
            let facts = catalog(&mut session, &statements[0]).await;
            let add = candidates(index, engine, &facts);
            let mut twin: Vec<(Vec<String>, Trust, Vec<String>)> = Vec::new();
            for sql in &statements {
                let supposition = Supposition::Indexes { add: add.clone(), drop: Vec::new() };
                let both = supposed_by(&mut session, sql, supposition, &facts, allow).await.unwrap();
                twin.push((path(&both.after), both.trust, both.notes));
            }
            let name = ddl::name(&add[0], &facts);
            admin.run(&ddl::plain_create_on(&add[0], &name, &ddl::table(&add[0]))).await;
            for (sql, (ours, trust, notes)) in statements.iter().zip(twin) {
                let truth = path(&planned(&mut session, sql).await);
                let right = ours == truth;
                println!("{} {trust:?} {sql} | {index}", if right { "right" } else { "WRONG" });
                asked += 1;
                rough += usize::from(trust == Trust::Rough);
                wrong += usize::from(!right);
                if !right && trust != Trust::Rough {
                    trusted.push(format!("{sql} | {index}: {ours:?} instead of {truth:?}: {notes:#?}"));
                }
            }
            admin.run(&format!("drop index {name} on log")).await;
        }
        println!("{} {}: {asked} asked, {wrong} wrong, {rough} rough", engine.title(), session.info().version);
        assert!(trusted.is_empty(), "{trusted:#?}");
        assert!(wrong > 0, "nothing misled");
        drop_private(admin, session).await;
    }
}
