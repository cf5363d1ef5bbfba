//! Plans of real servers are read, and their arithmetic holds.
//!
//! The fixtures are small and our own. `WHYSLOW_CORPUS` names a folder of many more (`.json`, `.json.xz`), which are not
//! part of the project; without it that test says so and passes.

use std::path::{Path, PathBuf};

use whyslow::plan::{NodeId, Plan};
use whyslow::read;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "trace") {
                files(&path, found);
            }
        } else if path.to_string_lossy().ends_with(".json") || path.to_string_lossy().ends_with(".json.xz") {
            found.push(path);
        }
    }
}

fn text(path: &Path) -> String {
    if path.extension().is_some_and(|e| e == "xz") {
        let out = std::process::Command::new("xz").arg("-dc").arg(path).output().expect("xz is installed");
        assert!(out.status.success(), "{}", path.display());
        return String::from_utf8(out.stdout).unwrap();
    }
    std::fs::read_to_string(path).unwrap()
}

fn hold_together(name: &str, plan: &Plan) {
    let mut sum = 0.0;
    for id in plan.ids() {
        let d = plan.derived(id);
        for n in [d.wall_ms, d.self_ms, d.self_cost, d.q_error, d.share].into_iter().flatten() {
            assert!(n.is_finite() && n >= 0.0, "{name}: node {} has {d:?}", id.0);
        }
        sum += d.self_ms.unwrap_or(0.0);
        assert!(plan.node(id).line.is_some(), "{name}: node {} knows no line", id.0);
        assert!(!plan.node(id).native.is_empty(), "{name}: node {} has no name", id.0);
    }
    if let Some(whole) = plan.derived(NodeId::ROOT).wall_ms {
        assert!(
            (sum - whole).abs() <= whole * 0.01 + 0.001,
            "{name}: self times add up to {sum}, the root took {whole}"
        );
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "says what was not tested")]
fn every_plan_of_the_corpus_reads_and_adds_up() {
    let Some(corpus) = std::env::var_os("WHYSLOW_CORPUS") else {
        eprintln!("WHYSLOW_CORPUS is not set: only the project's own fixtures are read");
        return;
    };
    let mut paths = Vec::new();
    files(Path::new(&corpus), &mut paths);
    let mut wrong = Vec::new();
    for path in &paths {
        match read::read(&text(path)) {
            Ok(plans) => plans.iter().for_each(|plan| hold_together(&path.display().to_string(), plan)),
            Err(error) => wrong.push(format!("{}: {error}", path.display())),
        }
    }
    assert!(wrong.is_empty(), "{} of {} plans do not read:\n{}", wrong.len(), paths.len(), wrong.join("\n"));
    eprintln!("{} plans of the corpus read", paths.len());
}
