//! Production's settings for the session that plans.

use mysql_async::Value;

use super::{facts, refused};
use crate::{advise::TrialError, server::mysql::Connection, text::one_line};

/// Gives the session that plans production's settings. Those that it does not take, in words.
pub(super) async fn settings(plans: &mut Connection, theirs: &[(String, String)]) -> Result<Vec<String>, TrialError> {
    let ours = facts::variables(plans).await.map_err(|e| refused(&e))?;
    let mut refused_ones = Vec::new();
    for (name, value) in theirs.iter().filter(|(name, _)| facts::decides(name)) {
        let own = ours.iter().find(|(n, _)| n == name).map(|(_, v)| v);
        if own == Some(value) {
            continue;
        }
        let flags: Vec<&str> =
            if name == "optimizer_switch" { value.split(',').collect() } else { vec![value.as_str()] };
        for flag in flags {
            let given = number(flag);
            let mut set = false;
            // Some are the server's as a whole.
            for scope in ["SESSION", "GLOBAL"] {
                let sql = format!("SET @@{scope}.{name} = ?");
                set = set || plans.ask("taking over a setting", &sql, vec![given.clone()]).await.is_ok();
            }
            if !set && own.is_some() {
                refused_ones.push(format!("the twin does not take production's {name}={}", one_line(flag)));
            }
        }
    }
    if refused_ones.len() > 3 {
        refused_ones.truncate(3);
    }
    Ok(refused_ones)
}

/// Numbers go as numbers: a variable that holds one takes no text.
pub(super) fn number(text: &str) -> Value {
    if let Ok(n) = text.parse::<i64>() {
        return Value::from(n);
    }
    text.parse::<f64>().map_or_else(|_| Value::from(text), Value::from)
}
