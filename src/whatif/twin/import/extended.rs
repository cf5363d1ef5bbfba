//! Values of extended statistics, written as bytes by casts that only a superuser may make.

use std::{collections::BTreeMap, fmt::Write};

use tokio_postgres::types::Type;

use super::{Twin, TwinError, quoted_list, reason};
use crate::whatif::{
    snapshot::{Extended, ExtendedData, Snapshot},
    twin::{
        extended::{self, Dimension, Item},
        link::get,
        statistics::{self, Operators, Place},
    },
};

/// Casts from bytes to the values of extended statistics, and from types of any length to the bytes they lie as.
const CASTS: &str = "
    DO $$ DECLARE r record; BEGIN
      FOR r IN SELECT 'bytea' AS a, t AS b FROM unnest(ARRAY['pg_ndistinct', 'pg_dependencies', 'pg_mcv_list']) t
        UNION ALL SELECT typname::text, 'bytea' FROM pg_type
                  WHERE typname IN ('numeric', 'inet', 'cidr', 'jsonb', 'json', 'varbit', 'bit', 'text', 'varchar', 'bpchar')
                    AND typnamespace = 'pg_catalog'::regnamespace
      LOOP
        IF NOT EXISTS (SELECT FROM pg_cast WHERE castsource = r.a::regtype AND casttarget = r.b::regtype) THEN
          EXECUTE format('CREATE CAST (%s AS %s) WITHOUT FUNCTION', r.a, r.b);
        END IF;
      END LOOP;
    END $$";

/// `$1` types: length, by value, kind, name, function that sends them, at heart a number that lies as it is sent but turned round.
const KINDS: &str = "
    SELECT t.oid, t.typlen, t.typbyval, t.typtype::text, format_type(t.oid, -1), t.typsend::regproc::text
    FROM pg_type t WHERE t.oid = ANY ($1)";

struct Kind {
    length: i16,
    by_value: bool,
    class: String,
    name: String,
    send: String,
}

impl Twin {
    /// Writes the values of every object of extended statistics; those that will not go in are told of.
    pub(super) async fn insert_extended(&mut self) -> Result<(), TwinError> {
        if self.snapshot.extended_data.is_empty() {
            return Ok(());
        }
        self.root.ours("making casts", CASTS).await?;
        let snapshot = std::mem::take(&mut self.snapshot);
        let mut failed = Vec::new();
        for data in &snapshot.extended_data {
            let Some(object) = snapshot.extended.iter().find(|e| e.oid == data.oid) else { continue };
            if let Err(error) = self.insert_one(&snapshot, object, data).await {
                let _ = self.root.ours("starting over", "ROLLBACK").await;
                failed.push(format!(
                    "the values of the statistics {} could not be carried over: {}",
                    object.name,
                    reason(&error)
                ));
            }
        }
        self.snapshot = snapshot;
        self.notes.append(&mut failed);
        Ok(())
    }

    async fn insert_one(&self, snapshot: &Snapshot, object: &Extended, data: &ExtendedData) -> Result<(), TwinError> {
        let wrong = || TwinError::Unsupported("it is not understood".to_owned());
        let here = self.here.get(&object.relation).ok_or_else(wrong)?;
        let table = snapshot.relation(object.relation).ok_or_else(wrong)?.sql();
        let number = |production: i16| {
            let column = snapshot.columns.iter().find(|c| c.relation == object.relation && c.number == production)?;
            here.columns.get(&column.name).map(|(number, ..)| *number)
        };
        let expressions = data.expressions.clone().unwrap_or_default();
        let mut of_expressions = Vec::new();
        for expression in &expressions {
            let kinds = self
                .hand
                .types("looking at an expression", &format!("SELECT ({expression}) FROM ONLY {table}"))
                .await?;
            of_expressions.push(kinds.first().copied().ok_or_else(wrong)?);
        }
        let mut values: Vec<(&str, String)> = Vec::new();
        let bytes = |bytes: Vec<u8>, kind: &str| format!("'\\x{}'::bytea::{kind}", hex(&bytes));
        if let Some(text) = &data.ndistinct {
            values.push(("stxdndistinct", bytes(extended::ndistinct(text, number).ok_or_else(wrong)?, "pg_ndistinct")));
        }
        if let Some(text) = &data.dependencies {
            values.push((
                "stxddependencies",
                bytes(extended::dependencies(text, number).ok_or_else(wrong)?, "pg_dependencies"),
            ));
        }
        if data.values.is_some() {
            let mut columns: Vec<(i16, u32)> = Vec::new();
            for name in data.columns.iter().flatten() {
                let (number, kind, _) = here.columns.get(name).ok_or_else(wrong)?;
                columns.push((*number, *kind));
            }
            columns.sort_unstable();
            let kinds: Vec<u32> = columns.iter().map(|(_, kind)| *kind).chain(of_expressions.iter().copied()).collect();
            values.push(("stxdmcv", bytes(self.mcv(&kinds, data).await?, "pg_mcv_list")));
        }
        let rows = self.expression_rows(snapshot, object, data, &expressions, &of_expressions).await?;
        let mut sql = String::from("BEGIN;");
        if !rows.is_empty() {
            let _ = write!(sql, "INSERT INTO pg_catalog.pg_statistic VALUES {};", rows.join(", "));
            values.push((
                "stxdexpr",
                "(SELECT array_agg(s ORDER BY staattnum) FROM pg_statistic s WHERE starelid = 0)".to_owned(),
            ));
        }
        let mut names = vec!["stxoid"];
        let mut list = vec!["e.oid".to_owned()];
        let mut known = String::new();
        if self.engine.version_number() >= 150_000 {
            names.push("stxdinherit");
            list.push(data.inherited.to_string());
            known = format!(" AND stxdinherit = {}", data.inherited);
        }
        for (name, value) in values {
            names.push(name);
            list.push(value);
        }
        let of = format!(
            "FROM pg_statistic_ext e JOIN pg_namespace n ON n.oid = e.stxnamespace WHERE n.nspname = {} AND e.stxname = {}",
            crate::whatif::snapshot::literal(&object.schema),
            crate::whatif::snapshot::literal(&object.name)
        );
        let _ = write!(
            sql,
            "DELETE FROM pg_statistic_ext_data WHERE stxoid IN (SELECT e.oid {of}){known}; \
             INSERT INTO pg_catalog.pg_statistic_ext_data ({}) SELECT {} {of}; DELETE FROM pg_statistic WHERE starelid = 0; COMMIT",
            names.join(", "),
            list.join(", ")
        );
        self.root.ours("writing extended statistics", &sql).await
    }

    async fn expression_rows(
        &self,
        snapshot: &Snapshot,
        object: &Extended,
        data: &ExtendedData,
        expressions: &[String],
        kinds: &[u32],
    ) -> Result<Vec<String>, TwinError> {
        let known = |expression: &String| {
            snapshot
                .extended_expressions
                .iter()
                .find(|x| x.oid == object.oid && x.inherited == data.inherited && x.expression == *expression)
        };
        if expressions.is_empty() || !expressions.iter().all(|e| known(e).is_some()) {
            return Ok(Vec::new());
        }
        let operators = statistics::operators(&self.root, kinds).await?;
        let mut rows = Vec::new();
        for (place, (expression, kind)) in (1..).zip(expressions.iter().zip(kinds)) {
            let operators = operators.get(kind).copied().unwrap_or_default();
            if let Some(x) = known(expression) {
                let place =
                    Place { relation: 0, number: place, kind: *kind, collation: operators.collation, inherited: false };
                rows.push(statistics::row(place, &operators as &Operators, &x.slots));
            }
        }
        Ok(rows)
    }

    async fn mcv(&self, kinds: &[u32], data: &ExtendedData) -> Result<Vec<u8>, TwinError> {
        let wrong = || TwinError::Unsupported("its most common combinations are not understood".to_owned());
        let rows = data.values.as_deref().ok_or_else(wrong)?;
        let nulls = data.nulls.as_deref().ok_or_else(wrong)?;
        let mut dimensions = Vec::new();
        let mut numbers: Vec<BTreeMap<&str, u16>> = Vec::new();
        for (at, kind) in kinds.iter().enumerate() {
            let mut distinct: Vec<String> = Vec::new();
            let mut places: BTreeMap<&str, u16> = BTreeMap::new();
            for (row, null) in rows.iter().zip(nulls) {
                let value = row.get(at).ok_or_else(wrong)?;
                if let (Some(value), false) = (value, null.get(at).copied().unwrap_or(true))
                    && !places.contains_key(value.as_str())
                {
                    places.insert(value, u16::try_from(distinct.len()).map_err(|_| wrong())?);
                    distinct.push(value.clone());
                }
            }
            dimensions.push(self.dimension(*kind, &distinct).await?);
            numbers.push(places);
        }
        let frequencies = data.frequencies.as_deref().unwrap_or_default();
        let base = data.base_frequencies.as_deref().unwrap_or_default();
        let mut items = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            let values = row
                .iter()
                .zip(&numbers)
                .map(|(value, numbers)| value.as_deref().and_then(|v| numbers.get(v).copied()))
                .collect();
            let of = |list: &[f64]| list.get(place).copied().ok_or_else(wrong);
            items.push(Item { values, frequency: of(frequencies)?, base_frequency: of(base)? });
        }
        extended::mcv(&dimensions, &items).ok_or_else(wrong)
    }

    /// A column's values as they lie in a row.
    async fn dimension(&self, oid: u32, values: &[String]) -> Result<Dimension, TwinError> {
        let doing = "looking at values";
        let rows = self.root.rows(doing, KINDS, &[(&vec![oid], Type::OID_ARRAY)]).await?;
        let row = rows.first().ok_or_else(|| TwinError::Unsupported(format!("the type {oid} is not known")))?;
        let kind = Kind {
            length: get(row, 1)?,
            by_value: get(row, 2)?,
            class: get(row, 3)?,
            name: get(row, 4)?,
            send: get(row, 5)?,
        };
        let raw = if matches!(kind.name.as_str(), "text" | "character varying" | "bpchar" | "json") {
            values.iter().map(|v| v.clone().into_bytes()).collect()
        } else if values.is_empty() {
            Vec::new()
        } else {
            self.raw(&kind, oid, values).await?
        };
        Ok(Dimension { kind: oid, length: kind.length, by_value: kind.by_value, values: raw })
    }

    async fn raw(&self, kind: &Kind, oid: u32, values: &[String]) -> Result<Vec<Vec<u8>>, TwinError> {
        let list = quoted_list(values);
        let name = &kind.name;
        let from = format!("FROM unnest(ARRAY[{list}]::text[]) WITH ORDINALITY AS x (v, place)");
        let sql = match kind.class.as_str() {
            "e" => format!(
                "SELECT int4send(e.oid::int8::int4) {from} JOIN pg_enum e ON e.enumtypid = {oid} AND e.enumlabel = v ORDER BY place"
            ),
            _ if kind.length == -1 => format!("SELECT (v::{name})::bytea {from} ORDER BY place"),
            _ => format!("SELECT {}(v::{name}) {from} ORDER BY place", kind.send),
        };
        let turn = move |mut sent: Vec<u8>| {
            match (kind.length, name.as_str()) {
                (-1, _) | (_, "uuid") => {}
                // Microseconds, days and months, each by itself.
                (16, "interval") => {
                    sent[..8].reverse();
                    sent[8..12].reverse();
                    sent[12..].reverse();
                }
                _ => sent.reverse(),
            }
            sent
        };
        if !(kind.length == -1
            || kind.by_value
            || kind.length == 8
            || matches!(name.as_str(), "uuid" | "interval")
            || kind.class == "e")
        {
            return Err(TwinError::Unsupported(format!("values of the type {name} are not understood")));
        }
        let rows = self.root.rows("looking at values", &sql, &[]).await?;
        if rows.len() != values.len() {
            return Err(TwinError::Unsupported(format!("values of the type {name} are not understood")));
        }
        rows.iter().map(|row| get(row, 0).map(turn)).collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
