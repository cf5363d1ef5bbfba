//! Which servers there are to connect to, and the way to one.

use std::collections::HashMap;

use crate::{
    app::{Arrival, Server},
    history::{self, History},
    server::{Environment, Target, target::TlsMode},
};

/// Saved servers and those used before, each once.
pub(super) fn list(saved: &[(String, String)], history: Option<&History>) -> Vec<Server> {
    let environment = Environment::of_process();
    let mut runs: HashMap<String, (usize, u64)> = HashMap::new();
    for run in history.map(History::runs).unwrap_or_default() {
        let (count, last) = runs.entry(run.place).or_default();
        *count += 1;
        *last = run.at.max(*last);
    }
    let used = history.map(History::used).unwrap_or_default();
    let mut out: Vec<Server> = Vec::new();
    for (name, address) in saved {
        out.push(server(Some(name), address, &environment));
    }
    for one in &used {
        if !out.iter().any(|other| other.place == one.place) {
            out.push(server(None, &one.address, &environment));
        }
    }
    for server in &mut out {
        let (count, last) = runs.get(&server.place).copied().unwrap_or_default();
        let connected = used.iter().find(|one| one.place == server.place).map(|one| one.at);
        server.runs = count;
        server.last = connected.max((last > 0).then_some(last));
    }
    out
}

fn server(name: Option<&String>, address: &str, environment: &Environment) -> Server {
    let mut out = Server {
        name: name.cloned(),
        place: String::new(),
        address: address.to_owned(),
        engine: None,
        tls: TlsMode::default(),
        last: None,
        runs: 0,
        problem: None,
    };
    match Target::resolve(Some(address), environment) {
        Ok(target) => {
            out.place = history::place(&target);
            out.engine = Some(target.engine);
            out.tls = target.tls;
        }
        Err(error) => {
            address.clone_into(&mut out.place);
            out.problem = Some(error.to_string());
        }
    }
    out
}

/// The target that an address leads to, and what is known of it.
///
/// # Errors
/// Why the address makes no sense.
pub(super) fn way(address: &str, history: Option<&History>) -> Result<(Target, Arrival), String> {
    let target = Target::resolve(Some(address), &Environment::of_process()).map_err(|e| e.to_string())?;
    let place = history::place(&target);
    let arrival = Arrival {
        engine: target.engine,
        draft: history.and_then(|h| h.draft(&place)),
        runs: history.map(|h| h.runs_of(&place)).unwrap_or_default(),
        values: history.map(|h| h.values(&place)).unwrap_or_default(),
        place,
    };
    Ok((target, arrival))
}
