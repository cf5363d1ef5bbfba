//! Trials on a twin, on MySQL and on MariaDB alike.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use whyslow::{
    advise::{Candidate, Compared, Existing, Key, TrialError, Trust, ddl, uses},
    catalog::Catalog,
    plan::{Engine, Plan},
    server::Session,
    sql::{classify, index_text},
    whatif::{Allow, Method, Supposition, suppose, try_one},
};

use super::{
    ADMIN, Server, connect, explain,
    pairs::{CALCULATED as HELD, FIRST, LATER, Pair},
    whatif::candidate,
};

/// A twin and nothing else.
pub(super) const TWIN: Allow =
    Allow { method: Method::Twin, reads: whyslow::whatif::Reads { ends: false, rows: true }, temporary_tables: false };

/// Formulas and a sample, and nothing else.
pub(super) const CALCULATED: Allow = Allow { method: Method::Calculated, ..TWIN };

/// How each table is read, in the order in which they are joined.
pub(super) fn path(plan: &Plan) -> Vec<String> {
    plan.ids()
        .filter_map(|id| {
            let node = plan.node(id);
            let relation = node.relation.as_ref()?;
            let name = relation.alias.as_ref().unwrap_or(&relation.name);
            let index = node.index.as_deref().unwrap_or("-");
            Some(format!("{name} {:?} {index}", node.operator))
        })
        .collect()
}

/// Indexes as `table (keys)`, separated by `;`.
pub(super) fn candidates(text: &str, engine: Engine, catalog: &Catalog) -> Vec<Candidate> {
    let one = |text: &str| {
        let read = index_text(text.trim(), engine).unwrap_or_else(|e| panic!("{text}: {e}"));
        let table = catalog.table(None, &read.table).unwrap_or_else(|| panic!("{text}: no such table"));
        let key = |k: whyslow::sql::IndexTextKey| Key {
            expr: k.expr,
            expression: k.expression,
            desc: k.desc,
            nulls_first: None,
            opclass: None,
            prefix: k.prefix,
        };
        Candidate {
            engine,
            schema: table.schema.clone(),
            table: table.name.clone(),
            method: "btree",
            keys: read.keys.into_iter().map(key).collect(),
            include: Vec::new(),
            predicate: None,
            replaces: Vec::new(),
            reasons: Vec::new(),
        }
    };
    text.split(';').map(one).collect()
}

pub(super) async fn supposed(
    session: &mut Session,
    sql: &str,
    supposition: Supposition,
    catalog: &Catalog,
) -> Result<Compared, TrialError> {
    supposed_by(session, sql, supposition, catalog, TWIN).await
}

pub(super) async fn supposed_by(
    session: &mut Session,
    sql: &str,
    supposition: Supposition,
    catalog: &Catalog,
    allow: Allow,
) -> Result<Compared, TrialError> {
    suppose(session, &[sql], &supposition, catalog, allow, |_| {}).await.unwrap().outcomes.remove(0)
}

pub(super) async fn catalog(session: &mut Session, sql: &str) -> Catalog {
    let class = classify(sql, session.info().engine);
    session.catalog(&class.tables, &[]).await.unwrap()
}

pub(super) async fn planned(session: &mut Session, sql: &str) -> Plan {
    let explained = explain(session, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    whyslow::read::read(&explained.document).unwrap().remove(0)
}

/// One twin of each product at a time, so that its directory can be told.
static ALONE: [tokio::sync::Mutex<()>; 2] = [tokio::sync::Mutex::const_new(()), tokio::sync::Mutex::const_new(())];

/// Held by every test that makes a twin of this product.
pub(super) async fn alone(engine: Engine) -> tokio::sync::MutexGuard<'static, ()> {
    ALONE[usize::from(engine == Engine::MariaDb)].lock().await
}

/// Directories in which twins of a product live, as far as this test program made them.
fn runs(engine: Engine) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let kind = format!("twin-{}-", engine.name());
    let home = std::env::var("XDG_CACHE_HOME").unwrap_or_else(|_| format!("{}/.cache", std::env::var("HOME").unwrap()));
    for cache in ["/var/cache".to_owned(), home] {
        let Ok(kinds) = fs::read_dir(Path::new(&cache).join("whyslow")) else { continue };
        let ours = format!("run-{:x}-", std::process::id());
        for kind in kinds.flatten().filter(|k| k.file_name().to_string_lossy().starts_with(&kind)) {
            let Ok(found) = fs::read_dir(kind.path().join("runs")) else { continue };
            let ours = |p: &PathBuf| p.is_dir() && p.file_name().unwrap().to_string_lossy().starts_with(&ours);
            out.extend(found.flatten().map(|e| e.path()).filter(ours));
        }
    }
    out
}

impl Server {
    /// An account that may read is enough; what is said is checked and told, and the rows go with the session.
    pub(crate) async fn a_reader_gets_a_twin_and_leaves_nothing(self) {
        use std::os::unix::fs::PermissionsExt;
        let mut session = connect(self.reader).await;
        let _alone = alone(session.info().engine).await;
        let sql = "select id, total from orders where customer_id = 4711 order by created_at desc limit 5";
        let candidate = candidate(&session, "orders", &["customer_id", "created_at"]);
        // Whoever stops waiting leaves nothing half done behind.
        let stopped =
            tokio::time::timeout(Duration::from_millis(700), try_one(&mut session, sql, &candidate, TWIN)).await;
        let trial = try_one(&mut session, sql, &candidate, TWIN).await.unwrap();
        assert!(stopped.is_err() || stopped.unwrap().is_ok());
        assert_eq!(trial.method, "twin");
        assert!(uses(&trial.after, &trial.index_name), "{:?}", path(&trial.after));
        assert!(!uses(&trial.before, &trial.index_name), "{:?}", path(&trial.before));
        assert_ne!(trial.trust, Trust::Rough, "{:?}", trial.notes);
        assert!(trial.size_bytes.is_some_and(|b| (2_000_000..12_000_000).contains(&b)), "{:?}", trial.size_bytes);
        assert!(trial.notes[0].starts_with("checked: the twin ("), "{:?}", trial.notes);
        assert!(
            trial.notes[1].contains("rows of orders, in 1,000 places along the primary key")
                && trial.notes[1].contains("private directory"),
            "{:?}",
            trial.notes
        );
        let runs = runs(session.info().engine);
        assert!(!runs.is_empty());
        for run in &runs {
            assert_eq!(fs::metadata(run).unwrap().permissions().mode() & 0o777, 0o700, "{}", run.display());
        }
        // Another index, the first one away again, and an existing one gone, on the same twin.
        let catalog = catalog(&mut session, sql).await;
        let by_status = "select * from orders where status = 'returned' and channel = 'phone'";
        let add = candidates("orders (status)", session.info().engine, &catalog);
        let drop = vec![Existing::named("orders_channel", &catalog).unwrap()];
        let start = Instant::now();
        let both = supposed(&mut session, by_status, Supposition::Indexes { add, drop }, &catalog).await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
        assert!(path(&both.before)[0].ends_with("orders_channel"), "{:?}", path(&both.before));
        assert!(uses(&both.after, "ix_orders_status"), "{:?}", path(&both.after));
        drop_session(session, &runs);
    }

    /// A small table ten times as large.
    pub(crate) async fn a_larger_table_can_be_supposed(self) {
        let mut session = connect(self.reader).await;
        let _alone = alone(session.info().engine).await;
        let sql = "select * from products p join categories c on c.id = p.category_id where p.price < 200";
        let catalog = catalog(&mut session, sql).await;
        let table = ("shop".to_owned(), "products".to_owned());
        let both = supposed(&mut session, sql, Supposition::Larger { table, times: 10.0 }, &catalog).await.unwrap();
        let rows = |plan: &Plan| {
            let of = plan
                .ids()
                .map(|id| plan.node(id))
                .filter(|n| n.relation.as_ref().is_some_and(|r| r.alias.as_deref() == Some("p") || r.name == "p"));
            of.filter_map(|n| n.rows.examined.or(n.rows.estimated)).fold(0.0, f64::max)
        };
        let (before, after) = (rows(&both.before), rows(&both.after));
        assert!((4_000.0..6_000.0).contains(&before) && (40_000.0..60_000.0).contains(&after), "{before} {after}");
        assert_ne!(both.trust, Trust::Exact);
    }

    /// Each pair on a twin, right in 95 of 100.
    pub(crate) async fn every_pair_is_planned_as_if_the_index_were_there(self) {
        self.every_pair(TWIN, &[("first", FIRST), ("later", LATER)], Some(95)).await;
    }

    /// Each pair by formulas: what is wrong is flagged.
    pub(crate) async fn every_pair_is_calculated_or_flagged(self) {
        self.every_pair(CALCULATED, &[("first", FIRST), ("later", LATER), ("held", HELD)], None).await;
    }

    /// Each pair beside the index really built on production. Prints a line a pair and the sum. `WHYSLOW_PAIRS` takes a part of them: those
    /// whose statement holds it, or, as `60..`, those from there on. `WHYSLOW_TRUTHS` names a file in which is kept what the real
    /// indexes gave, so that they are not built again.
    async fn every_pair(self, allow: Allow, all: &[(&str, &[Pair])], least: Option<usize>) {
        let mut admin = ADMIN(self.admin).await;
        admin.run("use shop").await;
        let only = std::env::var("WHYSLOW_PAIRS").ok();
        let from: Option<usize> = only.as_deref().and_then(|o| o.strip_suffix("..")).and_then(|n| n.parse().ok());
        let mut table = String::new();
        let mut failures = Vec::new();
        let mut place = 0;
        for (name, pairs) in all {
            let mut sum = Sum::default();
            let mut session = connect(self.reader).await;
            for (at, pair) in pairs.iter().enumerate() {
                place += 1;
                let wanted = match (from, &only) {
                    (Some(from), _) => place > from,
                    (None, Some(part)) => pair.0.contains(part.as_str()),
                    (None, None) => true,
                };
                if !wanted {
                    continue;
                }
                // A twin is kept with its session; now and then one is made anew, for the time from nothing.
                let fresh = at % 20 == 0 || sum.pairs == 0;
                if fresh {
                    session = connect(self.reader).await;
                }
                let seen = seen(&mut admin, &mut session, *pair, allow).await;
                let line = sum.add(&seen, fresh);
                println!("{line}\n      {} | {}", pair.0, pair.1);
                if !seen.right {
                    println!("      really {:?}\n      twin   {:?}", seen.truth, seen.twin);
                    println!("      {}", seen.notes.join("\n      "));
                }
                if !seen.right && !seen.flagged {
                    failures.push(format!("{} | {}: {:?} instead of {:?}", pair.0, pair.1, seen.twin, seen.truth));
                }
            }
            let _ = writeln!(table, "{name}: {}", sum.told(session.info()));
            if only.is_none() && sum.pairs > 0 && least.is_some_and(|least| sum.right * 100 < sum.pairs * least) {
                failures.push(format!("{name}: right in {} of {}", sum.right, sum.pairs));
            }
        }
        println!("{table}");
        assert!(failures.is_empty(), "{failures:#?}");
    }
}

fn drop_session(session: Session, runs: &[PathBuf]) {
    drop(session);
    let start = Instant::now();
    while runs.iter().any(|run| run.exists()) {
        assert!(start.elapsed() < Duration::from_secs(10), "{runs:?} are still there");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What came of a pair.
struct Seen {
    truth: Vec<String>,
    twin: Vec<String>,
    right: bool,
    used: bool,
    flagged: bool,
    trust: Option<Trust>,
    notes: Vec<String>,
    seconds: f64,
}

async fn seen(admin: &mut super::Admin, session: &mut Session, (sql, indexes): Pair, allow: Allow) -> Seen {
    let engine = session.info().engine;
    let facts = catalog(session, sql).await;
    let add = candidates(indexes, engine, &facts);
    let start = Instant::now();
    let supposition = Supposition::Indexes { add: add.clone(), drop: Vec::new() };
    let both = supposed_by(session, sql, supposition, &facts, allow).await;
    let seconds = start.elapsed().as_secs_f64();
    let kept = std::env::var("WHYSLOW_TRUTHS").ok();
    let known = kept.as_ref().and_then(|file| known(file, sql, indexes));
    let truth = if let Some(known) = known {
        known
    } else {
        for one in &add {
            let name = ddl::name(one, &facts);
            admin.run(&ddl::plain_create_on(one, &name, &ddl::table(one))).await;
        }
        let truth = path(&planned(session, sql).await);
        for one in &add {
            let name = ddl::quoted(&ddl::name(one, &facts), engine);
            admin.run(&format!("alter table {} drop index {name}", ddl::table(one))).await;
        }
        if let Some(file) = kept {
            let old = fs::read_to_string(&file).unwrap_or_default();
            fs::write(&file, format!("{old}{sql}\t{indexes}\t{}\n", truth.join("|"))).unwrap();
        }
        truth
    };
    let used = add.iter().any(|one| truth.iter().any(|line| line.ends_with(&format!(" {}", ddl::name(one, &facts)))));
    match both {
        Ok(both) => {
            let twin = path(&both.after);
            let flagged = both.trust == Trust::Rough;
            Seen {
                right: twin == truth,
                truth,
                twin,
                used,
                flagged,
                trust: Some(both.trust),
                notes: both.notes,
                seconds,
            }
        }
        Err(error) => {
            let notes = vec![error.to_string()];
            Seen { right: false, truth, twin: Vec::new(), used, flagged: true, trust: None, notes, seconds }
        }
    }
}

/// What the real index gave another time.
fn known(file: &str, sql: &str, indexes: &str) -> Option<Vec<String>> {
    let all = fs::read_to_string(file).ok()?;
    let line = all.lines().find(|line| line.starts_with(&format!("{sql}\t{indexes}\t")))?;
    let path = line.rsplit('\t').next()?;
    Some(path.split('|').filter(|step| !step.is_empty()).map(str::to_owned).collect())
}

/// What came of all of them.
#[derive(Default)]
struct Sum {
    pairs: usize,
    right: usize,
    used: usize,
    exact: usize,
    close: usize,
    rough: usize,
    none: usize,
    missed: usize,
    fresh: Vec<f64>,
    further: Vec<f64>,
}

impl Sum {
    fn add(&mut self, seen: &Seen, fresh: bool) -> String {
        self.pairs += 1;
        self.right += usize::from(seen.right);
        self.used += usize::from(seen.used);
        self.missed += usize::from(!seen.right && !seen.flagged);
        let of = match seen.trust {
            Some(Trust::Exact) => &mut self.exact,
            Some(Trust::Close) => &mut self.close,
            Some(Trust::Rough) => &mut self.rough,
            None => &mut self.none,
        };
        *of += 1;
        (if fresh { &mut self.fresh } else { &mut self.further }).push(seen.seconds);
        let verdict = if seen.right { "right" } else { "WRONG" };
        format!(
            "{:3} {verdict} {:?} {:.1} s{}",
            self.pairs,
            seen.trust,
            seen.seconds,
            if fresh { " from nothing" } else { "" }
        )
    }

    fn told(&mut self, info: &whyslow::server::Info) -> String {
        let median = |times: &mut Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times.get(times.len() / 2).copied().unwrap_or_default()
        };
        format!(
            "{} {}: {} of {} right ({} use the index); exact {}, close {}, rough {}, not tried {}; wrong and not flagged {}; \
             seconds from nothing {:.1}, further {:.1} (medians)",
            info.engine.title(),
            info.version,
            self.right,
            self.pairs,
            self.used,
            self.exact,
            self.close,
            self.rough,
            self.none,
            self.missed,
            median(&mut self.fresh),
            median(&mut self.further),
        )
    }
}
