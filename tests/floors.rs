//! The floors of the house: a room imports only from lower floors, and other promises that can be read off the source text.

mod source;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use source::{Name, names};

/// Every room, its floor, and its step on that floor: the ground floor has steps, so that numbers, words and plans may be used above them, and so
/// has the top one, since the command line opens the screen. The table in the documentation of `src/lib.rs` says the same.
const FLOORS: &[(&str, (u8, u8))] = &[
    ("fmt", (0, 0)),
    ("text", (0, 0)),
    ("plan", (0, 1)),
    ("sql", (0, 3)),
    ("catalog", (0, 2)),
    ("read", (1, 0)),
    ("store", (1, 0)),
    ("diagnose", (2, 0)),
    ("advise", (2, 0)),
    ("server", (2, 0)),
    ("demo", (3, 0)),
    ("whatif", (3, 1)),
    ("inspect", (3, 0)),
    ("workload", (3, 0)),
    ("history", (3, 0)),
    ("theme", (3, 0)),
    ("keys", (3, 0)),
    ("config", (4, 0)),
    ("export", (4, 0)),
    ("app", (4, 0)),
    ("ui", (5, 0)),
    ("runtime", (6, 0)),
    ("cli", (6, 1)),
];

/// Where threads, tasks and processes may be started, and why.
const SPAWNERS: &[(&str, &str)] = &[
    ("src/runtime", "the event loop"),
    ("src/cli", "the event loop of a command without a screen"),
    ("src/demo", "the embedded server is a process of its own, serving with threads"),
    ("src/engine", "the embedded server, in the program only"),
    ("src/server/postgres", "tokio-postgres wants its connection driven"),
    ("src/whatif/private_server", "a twin's server is a process of its own, kept by a thread that lives as long"),
    ("src/whatif/twin/engine", "starting a server blocks"),
    ("src/whatif/twin/embedded", "its test plays the part of the embedded server's process"),
    ("src/whatif/mysql_twin/local", "starting it blocks"),
    ("src/whatif/twin/link", "tokio-postgres wants its connection driven"),
    ("src/sql/parse", "a thread with a deep stack, joined before the parse returns"),
];

/// What may lie at the top of the repository, besides dot-files and licences.
const TOP: &[&str] = &["Cargo.toml", "Cargo.lock", "README.md", "src", "tests", "themes", "screenshots"];

/// Lines a source file may have.
const LINES: usize = 500;

/// What is wrong with the file `path` (from the top of the repository): rooms imported from the same or a higher floor, names `app` must not
/// use, spawns where none may be.
fn faults(path: &str, text: &str) -> Vec<String> {
    let floors: BTreeMap<&str, (u8, u8)> = FLOORS.iter().copied().collect();
    let module = module_of(path);
    let names = names(text, &module);
    let at = |name: &Name| format!("{path}:{}: `{}`", name.line, name.path.join("::"));
    let mut faults = Vec::new();
    if let Some(room) = module.first().filter(|room| floors.contains_key(room.as_str())) {
        let floor = floors[room.as_str()];
        for name in &names {
            let [root, target, ..] = name.path.as_slice() else { continue };
            if root != "crate" || target == room {
                continue;
            }
            match floors.get(target.as_str()) {
                None => faults.push(format!("{} is no room", at(name))),
                Some(&other) if other >= floor => {
                    faults.push(format!(
                        "{}: {target} (floor {}) is not below {room} (floor {})",
                        at(name),
                        other.0,
                        floor.0
                    ));
                }
                Some(_) => {}
            }
        }
        if room == "app" {
            faults.extend(
                names
                    .iter()
                    .filter(|name| {
                        name.path[0] == "tokio" || name.path.starts_with(&["ratatui".into(), "widgets".into()])
                    })
                    .map(|name| format!("{}: app is pure", at(name))),
            );
        }
    }
    if !SPAWNERS.iter().any(|(place, _)| below(path, place)) {
        faults.extend(
            source::spawns(text)
                .into_iter()
                .map(|line| format!("{path}:{line}: spawns; see SPAWNERS in tests/floors.rs")),
        );
    }
    faults
}

/// Whether `path` is the file `place`.rs or lies in the folder `place`.
fn below(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// `src/plan/node.rs` is the module `plan`, `node`; `src/lib.rs` and `src/main.rs` are the root.
fn module_of(path: &str) -> Vec<String> {
    let module = path.trim_start_matches("src/").trim_end_matches(".rs");
    if matches!(module, "lib" | "main") { Vec::new() } else { module.split('/').map(str::to_owned).collect() }
}

/// The modules that a root file declares.
fn declared(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';')).collect()
}

/// Every source file with its path from the top of the repository.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    walk(&top.join("src"), &mut found);
    assert!(found.len() > 20, "only {} source files found", found.len());
    found
        .into_iter()
        .map(|path| (path.strip_prefix(top).unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect()
}

fn root(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name)).unwrap()
}

#[test]
fn a_room_imports_only_from_lower_floors() {
    let faults: Vec<String> = sources().iter().flat_map(|(path, text)| faults(path, text)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_room_stands_in_the_table_and_in_the_documentation() {
    let text = root("lib.rs");
    assert_eq!(declared(&text), FLOORS.iter().map(|(room, _)| *room).collect());
    let documented: BTreeSet<(String, u8)> = text
        .lines()
        .filter_map(|line| line.strip_prefix("//! | ")?.split_once(" | "))
        .filter_map(|(floor, rooms)| Some((floor.parse::<u8>().ok()?, rooms)))
        .flat_map(|(floor, rooms)| rooms.split('`').skip(1).step_by(2).map(move |room| (room.to_owned(), floor)))
        .collect();
    assert_eq!(documented, FLOORS.iter().map(|&(room, (floor, _))| (room.to_owned(), floor)).collect());
}

#[test]
fn every_source_file_belongs_to_a_room_or_to_the_program() {
    let (library, program) = (root("lib.rs"), root("main.rs"));
    let known: BTreeSet<&str> = declared(&library).union(&declared(&program)).copied().collect();
    for (path, _) in sources() {
        let module = module_of(&path);
        assert!(
            // The build script is compiled by itself.
            path == "src/build.rs" || module.first().is_none_or(|room| known.contains(room.as_str())),
            "{path} is no part of the library or the program"
        );
        assert!(!path.ends_with("/mod.rs"), "{path}: foo.rs beside foo/, never mod.rs");
    }
}

#[test]
fn no_source_file_is_longer_than_can_be_read() {
    let long: Vec<String> = sources()
        .iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LINES)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn the_top_of_the_repository_stays_tidy() {
    let listing =
        Command::new("git").args(["ls-files", "-z"]).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(listing.status.success(), "{}", String::from_utf8_lossy(&listing.stderr));
    let files = String::from_utf8(listing.stdout).unwrap();
    let strays: BTreeSet<&str> = files
        .split('\0')
        .filter_map(|path| path.split('/').next())
        .filter(|name| {
            !name.is_empty() && !name.starts_with('.') && !name.starts_with("LICENSE") && !TOP.contains(name)
        })
        .collect();
    assert!(strays.is_empty(), "{strays:?}");
}

/// The checks above can fail: text of a file, and what is said of it.
#[test]
fn a_breach_is_seen_however_it_is_written() {
    const CASES: &[(&str, &str, &[&str])] = &[
        ("src/plan/node.rs", "use crate::plan::walk;\nuse super::walk;\nuse super::super::plan;", &[]),
        ("src/plan/node.rs", "use crate::fmt::rows;", &[]),
        ("src/plan/node.rs", "use crate::sql::split;", &["sql"]),
        ("src/sql/split.rs", "use crate::plan::Engine;", &[]),
        ("src/sql/split.rs", "use crate::catalog;", &[]),
        ("src/catalog.rs", "use crate::sql;", &["sql"]),
        ("src/plan/node.rs", "use super::super::ui::draw;", &["ui"]),
        ("src/read.rs", "use crate::plan::{Node, Plan};", &[]),
        (
            "src/read.rs",
            "use crate::{\n    plan::{Plan, build},\n    server::{self, Session},\n};",
            &["server", "server"],
        ),
        ("src/read/json.rs", "pub(crate) fn f(x: &crate::advise::Candidate) {}", &["advise"]),
        (
            "src/read/json.rs",
            "mod tests {\n    use super::super::super::{plan, cli};\n    use super::raw;\n}",
            &["cli"],
        ),
        (
            "src/export.rs",
            "fn f() -> crate::app::Model { super::cli::run(); super::nonsense::x() }",
            &["app", "cli", "nonsense"],
        ),
        (
            "src/ui.rs",
            "use crate::{app::Model, theme::Theme};\n// use crate::runtime;\nconst A: &str = \"crate::runtime\";",
            &[],
        ),
        ("src/ui.rs", "const A: &str = r#\"\"\"#; use crate::runtime::run;", &["runtime"]),
        (
            "src/ui.rs",
            "/* /* */ crate::cli::x */ fn f<'a>(c: char) -> bool { c == '\"' && crate::cli::x == '\\'' }",
            &["cli"],
        ),
        (
            "src/diagnose.rs",
            "mod a { mod b { use super::super::super::server; } } use super::advise;",
            &["server", "advise"],
        ),
        ("src/app/update.rs", "use ratatui::{layout::Rect, widgets::Block};", &["app is pure"]),
        ("src/app/update.rs", "use tokio::sync::mpsc;", &["app is pure"]),
        ("src/app/update.rs", "use ratatui::style::Style;", &[]),
        ("src/whatif.rs", "fn f() { tokio::spawn(async {}); }", &["spawns"]),
        ("src/whatif.rs", "fn f() { std::thread::Builder::new().spawn(|| 1); }", &["spawns"]),
        ("src/whatif.rs", "use tokio::task::spawn_blocking as go;", &["spawns"]),
        ("src/runtime/worker.rs", "fn f() { tokio::spawn(async {}); }", &[]),
        ("src/runtime_of_old.rs", "fn f() { tokio::spawn(async {}); }", &["spawns"]),
        ("src/whatif.rs", "/// Never spawn(s) a thing.\nfn f() { let respawn = \"spawn(\"; }", &[]),
    ];
    for (path, text, expected) in CASES {
        let found = faults(path, text);
        assert_eq!(found.len(), expected.len(), "{path}: {text}\n{found:#?}");
        for (fault, part) in found.iter().zip(*expected) {
            assert!(fault.contains(part), "{fault} should speak of {part}");
        }
    }
}
