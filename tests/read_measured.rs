//! What was measured of waiting for blocks and of processes with unlike shares of the work, in JSON and in text.
//!
//! `fixtures/make-waits` made the documents; the two formats of a case are two runs of one statement.

use std::path::Path;

use whyslow::{
    plan::{Io, NodeId, Operator, Plan},
    read::read,
};

fn text(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

fn plan(name: &str) -> Plan {
    read(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}")).remove(0)
}

fn parts(io: &Io) -> [f64; 4] {
    [io.read_ms, io.write_ms, io.temp_read_ms, io.temp_write_ms]
}

/// The times of the nodes as they stand in a document, added up: reading and writing of tables, and of temporary files.
fn stated(document: &str) -> [f64; 4] {
    let mut sums = [0.0; 4];
    let mut add = |temporary: bool, write: bool, ms: &str| {
        sums[usize::from(temporary) * 2 + usize::from(write)] += ms.trim_end_matches(',').parse::<f64>().unwrap();
    };
    for line in document.lines().map(str::trim).take_while(|line| !["Planning:", "\"Planning\": {"].contains(line)) {
        if let Some(times) = line.strip_prefix("I/O Timings: ") {
            for scope in times.split(", ") {
                let temporary = scope.starts_with("temp ");
                for (key, ms) in scope.split(' ').filter_map(|word| word.split_once('=')) {
                    add(temporary, key == "write", ms);
                }
            }
        } else if let Some((key, ms)) = line.split_once("\": ").filter(|(key, _)| key.contains("I/O ")) {
            add(key.starts_with("\"Temp"), key.ends_with("Write Time"), ms);
        }
    }
    sums
}

#[test]
fn waiting_for_blocks_is_told_alike_in_every_spelling() {
    for server in ["postgresql-15", "postgresql-18"] {
        for case in ["waits-read", "waits-write"] {
            let mut waited = Vec::new();
            for ending in ["json", "txt"] {
                let name = format!("{server}/{case}.analyze.{ending}");
                let plan = plan(&name);
                let of = |id: NodeId| plan.node(id).io.as_deref().map(parts).unwrap_or_default();
                let (mut sums, mut own) = ([0.0; 4], [0.0; 4]);
                for id in plan.ids() {
                    let alone = plan.derived(id).self_io.as_deref().map(parts).unwrap_or_default();
                    for i in 0..4 {
                        sums[i] += of(id)[i];
                        own[i] += alone[i];
                    }
                }
                for (i, stated) in stated(&text(&name)).into_iter().enumerate() {
                    assert!((sums[i] - stated).abs() < 1e-6, "{name}: {sums:?}, {stated} stated");
                    let root = of(NodeId::ROOT)[i];
                    assert!((own[i] - root).abs() < 0.01, "{name}: own times {own:?}, the root's {root}");
                }
                assert!(sums[0] > 0.0, "{name}: nothing was read");
                let kinds: &[usize] = if case == "waits-read" { &[0, 2, 3] } else { &[0, 1] };
                let which = |id| kinds.iter().map(|i| of(id)[*i] > 0.0).collect::<Vec<_>>();
                waited.push(plan.ids().map(|id| (plan.title(id), which(id))).collect::<Vec<_>>());
            }
            assert_eq!(waited[0], waited[1], "{server}/{case}");
        }
    }
}

/// The leader or a worker reads the large table alone, while others have nothing to do: averages of three processes are a third of that.
#[test]
fn what_one_process_did_alone_is_slow_and_not_who_gathers() {
    for server in ["postgresql-15", "postgresql-18"] {
        for ending in ["json", "txt"] {
            let name = format!("{server}/uneven-append.analyze.{ending}");
            let plan = plan(&name);
            let find = |operator: Operator| plan.ids().find(|id| plan.node(*id).operator == operator).unwrap();
            let (gather, scan) = (find(Operator::GatherMerge), find(Operator::SeqScan));
            let slowest = plan
                .ids()
                .max_by(|a, b| plan.derived(*a).blame.unwrap().total_cmp(&plan.derived(*b).blame.unwrap()))
                .unwrap();
            assert_eq!(slowest, scan, "{name}: {}", plan.title(slowest));
            let most =
                plan.ids().max_by(|a, b| plan.derived(*a).share.unwrap().total_cmp(&plan.derived(*b).share.unwrap()));
            assert_eq!(most, Some(scan), "{name}");
            let (whole, read) = (plan.derived(gather).wall_ms.unwrap(), plan.derived(scan).self_ms.unwrap());
            assert!(read > whole * 0.7, "{name}: {read} of {whole}");
            for own in [|d: &whyslow::plan::Derived| d.self_ms, |d: &whyslow::plan::Derived| d.felt_ms()] {
                let sum: f64 = plan.ids().filter_map(|id| own(plan.derived(id))).sum();
                assert!((sum - whole).abs() < whole * 0.01, "{name}: {sum} of {whole}");
            }
        }
    }
}

/// PostgreSQL writes what a MERGE did among the tables it did it to: keys inside a list.
#[test]
fn what_a_merge_of_a_partitioned_table_did_is_read_from_json_that_is_none() {
    for server in ["postgresql-15", "postgresql-18"] {
        let json = text(&format!("{server}/merge-partitioned.json"));
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_err(), "{server}: it is valid now");
        for ending in ["json", "yaml", "xml", "txt"] {
            let name = format!("{server}/merge-partitioned.{ending}");
            let plan = plan(&name);
            let root = plan.node(NodeId::ROOT);
            let told = |key: &str| root.extra.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str());
            assert_eq!((told("Tuples Inserted"), told("Tuples Updated")), (Some("2"), Some("8")), "{name}");
            let targets = told("Target Tables").unwrap();
            assert!(
                targets.contains("parts_1") && targets.contains("parts_2") && !targets.contains("Tuples"),
                "{name}"
            );
            assert_eq!(plan.len(), 6, "{name}");
            let noted = plan.notes.iter().any(|note| note.contains("JSON is not valid"));
            assert_eq!(noted, ending == "json", "{name}: {:?}", plan.notes);
        }
    }
}
