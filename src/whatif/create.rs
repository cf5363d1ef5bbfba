//! A candidate as the plain `CREATE INDEX` a trial needs. What people copy is made by `advise`.

use crate::advise::{Candidate, Key};

/// `CREATE INDEX name ON …`, every name quoted; without a name the server (or HypoPG) makes one.
pub(super) fn postgres(candidate: &Candidate, name: Option<&str>) -> String {
    let list = |items: Vec<String>| items.join(", ");
    let mut sql = "CREATE INDEX ".to_owned();
    if let Some(name) = name {
        sql.push_str(&quoted(name));
        sql.push(' ');
    }
    sql.push_str("ON ");
    sql.push_str(&quoted(&candidate.schema));
    sql.push('.');
    sql.push_str(&quoted(&candidate.table));
    sql.push_str(" USING ");
    sql.push_str(candidate.method);
    sql.push_str(" (");
    sql.push_str(&list(candidate.keys.iter().map(key).collect()));
    sql.push(')');
    if !candidate.include.is_empty() {
        sql.push_str(" INCLUDE (");
        sql.push_str(&list(candidate.include.iter().map(|c| quoted(c)).collect()));
        sql.push(')');
    }
    if let Some(predicate) = &candidate.predicate {
        sql.push_str(" WHERE ");
        sql.push_str(predicate);
    }
    sql
}

fn key(key: &Key) -> String {
    let mut sql = if key.expression { format!("({})", key.expr) } else { quoted(&key.expr) };
    if let Some(opclass) = &key.opclass {
        sql.push(' ');
        sql.push_str(opclass);
    }
    if key.desc {
        sql.push_str(" DESC");
    }
    match key.nulls_first {
        Some(true) => sql.push_str(" NULLS FIRST"),
        Some(false) => sql.push_str(" NULLS LAST"),
        None => {}
    }
    sql
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::postgres;
    use crate::{
        advise::{Candidate, Key},
        plan::Engine,
    };

    #[test]
    fn every_part_of_a_candidate_is_written() {
        let key = |expr: &str, expression, desc, nulls_first, opclass: Option<&str>| Key {
            expression,
            desc,
            nulls_first,
            opclass: opclass.map(str::to_owned),
            ..Key::column(expr)
        };
        let candidate = Candidate {
            engine: Engine::PostgreSql,
            schema: "public".to_owned(),
            table: "Odd \"Name".to_owned(),
            method: "btree",
            keys: vec![
                key("a", false, false, None, None),
                key("lower(b)", true, true, Some(false), None),
                key("c", false, false, None, Some("text_pattern_ops")),
            ],
            include: vec!["D".to_owned()],
            predicate: Some("a > 1".to_owned()),
            replaces: Vec::new(),
            reasons: Vec::new(),
        };
        assert_eq!(
            postgres(&candidate, None),
            "CREATE INDEX ON \"public\".\"Odd \"\"Name\" USING btree (\"a\", (lower(b)) DESC NULLS LAST, \
             \"c\" text_pattern_ops) INCLUDE (\"D\") WHERE a > 1"
        );
        assert!(postgres(&candidate, Some("x")).starts_with("CREATE INDEX \"x\" ON "));
    }
}
