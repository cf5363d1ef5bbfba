//! Statistics that production does not have, made of a sample of its rows: analysed in a table of the twin's own that holds nothing else,
//! then put right for the whole table. What is analysed is run by the twin's owner, as everything that comes from production.

mod estimate;

use serde::de::DeserializeOwned;
use tokio_postgres::types::{ToSql, Type};

use super::{
    Twin, TwinError,
    link::{Parameters, get},
    statistics::{self, Place},
};
use crate::{
    server::postgres::elements,
    whatif::snapshot::{
        ColumnStatistics, Extended, ExtendedData, ExtendedExpression, Slots, Snapshot, literal, queries, quote,
        sample::Sample,
    },
};

/// The table that holds a sample, and the statistics made of it.
const SCRATCH: &str = "whyslow_sample";
const WISHED: &str = "whyslow_statistics";

/// Statistics of an expression.
#[derive(Debug, Clone)]
pub(super) struct OfExpression {
    kind: u32,
    collation: u32,
    slots: Slots,
}

/// A column of the table for a sample: its name, its type in SQL.
type Columns<'a> = &'a [(String, String)];

impl Twin {
    /// Statistics of an expression over a table of `rows` rows, whose values in a sample these are.
    pub(super) async fn analyse_expression(
        &self,
        (schema, table): (&str, &str),
        expression: &str,
        sample: &Sample,
        rows: f64,
    ) -> Result<OfExpression, TwinError> {
        let sql = format!("SELECT ({expression}) FROM ONLY {}.{}", quote(schema), quote(table));
        let kinds = self.hand.types("looking at an expression", &sql).await?;
        let kind = kinds.first().copied().ok_or_else(unreadable)?;
        let named = "SELECT format_type(oid, NULL), typcollation FROM pg_type WHERE oid = $1";
        let told = self.root.rows("looking at a type", named, &[(&kind, Type::OID)]).await?;
        let told = told.first().ok_or_else(unreadable)?;
        let (name, collation): (String, u32) = (get(told, 0)?, get(told, 1)?);
        let scratch = self.fill(schema, &[("v".to_owned(), name)], sample).await?;
        let slots = self.analysed(schema, "v", None, sample, rows).await;
        self.empty(&scratch).await?;
        Ok(OfExpression { kind, collation, slots: slots? })
    }

    /// Gives a column of an index the statistics of its expression.
    pub(super) async fn insert_expression(&self, index: u32, number: i16, own: &OfExpression) -> Result<(), TwinError> {
        let operators = statistics::operators(&self.root, &[own.kind]).await?;
        let operators = operators.get(&own.kind).copied().unwrap_or_default();
        let place = Place { relation: index, number, kind: own.kind, collation: own.collation, inherited: false };
        let row = statistics::row(place, &operators, &own.slots);
        let sql = format!("INSERT INTO pg_catalog.pg_statistic VALUES {row}");
        self.root.ours("writing statistics of an expression", &sql).await
    }

    /// Puts into a snapshot what a column's statistics would be with another target.
    pub(super) async fn analyse_column(
        &self,
        snapshot: &mut Snapshot,
        relation: u32,
        column: &str,
        target: u32,
        sample: &Sample,
    ) -> Result<(), TwinError> {
        let (schema, columns) = columns(snapshot, relation, &[column.to_owned()])?;
        let rows = rows_of(snapshot, relation);
        let scratch = self.fill(&schema, &columns, sample).await?;
        let slots = self.analysed(&schema, column, Some(target), sample, rows).await;
        self.empty(&scratch).await?;
        let slots = slots?;
        for own in snapshot.statistics.iter_mut().filter(|s| s.relation == relation && s.column == column) {
            // A sample of blocks says less of the order on disk than ANALYZE did.
            let correlation = own.slots.correlation.take().or_else(|| slots.correlation.clone());
            own.slots = Slots { correlation, ..slots.clone() };
        }
        Ok(())
    }

    /// Puts into a snapshot extended statistics on a list of columns and expressions, made of a sample of these columns.
    pub(super) async fn analyse_together(
        &self,
        snapshot: &mut Snapshot,
        relation: u32,
        on: &str,
        sampled: &[String],
        sample: &Sample,
    ) -> Result<(), TwinError> {
        let (schema, columns) = columns(snapshot, relation, sampled)?;
        let table = snapshot.relation(relation).cloned().ok_or_else(unreadable)?;
        let scratch = self.fill_like(&schema, &table.sql(), &columns, sample).await?;
        let made = self.together(snapshot, relation, on, &schema, sample).await;
        self.empty(&scratch).await?;
        let (mut data, expressions) = made?;
        let oid = u32::MAX;
        data.oid = oid;
        data.inherited = table.kind == "p" && snapshot.server.version_number >= 150_000;
        snapshot.extended.push(Extended {
            oid,
            schema: schema.clone(),
            name: WISHED.to_owned(),
            relation,
            definition: format!("CREATE STATISTICS {}.{WISHED} ON {on} FROM {}", quote(&schema), table.sql()),
        });
        let inherited = data.inherited;
        snapshot.extended_data.push(data);
        snapshot.extended_expressions.extend(expressions.into_iter().map(|e| ExtendedExpression {
            oid,
            inherited,
            ..e
        }));
        Ok(())
    }

    async fn together(
        &self,
        snapshot: &Snapshot,
        relation: u32,
        on: &str,
        schema: &str,
        sample: &Sample,
    ) -> Result<(ExtendedData, Vec<ExtendedExpression>), TwinError> {
        let schema = quote(schema);
        let create = format!("CREATE STATISTICS {schema}.{WISHED} ON {on} FROM {schema}.{SCRATCH}");
        self.hand.rows("making statistics", &create, &[]).await?;
        self.hand.rows("analysing a sample", &format!("ANALYZE {schema}.{SCRATCH}"), &[]).await?;
        let find = format!("SELECT oid FROM pg_statistic_ext WHERE stxrelid = '{schema}.{SCRATCH}'::regclass");
        let found = self.root.rows("looking for statistics", &find, &[]).await?;
        let oids: Vec<u32> = found.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
        let version = self.engine.version_number();
        let with: Parameters<'_> = &[(&oids, Type::OID_ARRAY)];
        let data = queries::of_version(queries::EXTENDED_DATA_DIRECT, version, true);
        let mut data: ExtendedData = self.read(&data, with).await?.pop().ok_or_else(unreadable)?;
        let expressions = if version >= 140_000 {
            self.read(&queries::of_version(queries::EXTENDED_EXPRESSIONS_DIRECT, version, true), with).await?
        } else {
            Vec::new()
        };
        let rows = rows_of(snapshot, relation);
        let names: Vec<&crate::whatif::snapshot::Column> =
            snapshot.columns.iter().filter(|c| c.relation == relation).collect();
        if let Some(text) = &data.ndistinct {
            data.ndistinct = Some(self.distinct_of(text, &names, &schema, rows).await?);
        }
        if let Some(text) = &data.dependencies {
            data.dependencies = Some(by_production(text, &names).ok_or_else(unreadable)?);
        }
        let least = estimate::least_common(float(sample.rows()), rows) / float(sample.rows()).max(1.0);
        let keep: Vec<bool> = data.frequencies.iter().flatten().map(|f| *f >= least).collect();
        retain(&mut data.values, &keep);
        retain(&mut data.nulls, &keep);
        retain(&mut data.base_frequencies, &keep);
        retain(&mut data.frequencies, &keep);
        if data.frequencies.as_ref().is_some_and(Vec::is_empty) {
            (data.values, data.nulls, data.frequencies, data.base_frequencies) = (None, None, None, None);
        }
        Ok((data, expressions))
    }

    /// Numbers of distinct combinations (`{"1, 2": 33}`, by the twin's column numbers) for the whole table, by production's numbers.
    async fn distinct_of(
        &self,
        text: &str,
        columns: &[&crate::whatif::snapshot::Column],
        schema: &str,
        rows: f64,
    ) -> Result<String, TwinError> {
        let seen: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).map_err(|_| unreadable())?;
        let mut all = serde_json::Map::new();
        for (key, value) in seen {
            let numbers: Vec<i16> =
                key.split(',').map(|n| n.trim().parse()).collect::<Result<_, _>>().map_err(|_| unreadable())?;
            let mut names = Vec::new();
            for number in numbers.iter().filter(|n| **n > 0) {
                names.push(quote(&at(columns, *number).ok_or_else(unreadable)?.name));
            }
            // Of combinations with an expression what the sample had is taken.
            let whole = if names.len() == numbers.len() {
                let (sampled, distinct, once) = self.counts(schema, &names.join(", ")).await?;
                serde_json::Value::from(estimate::distinct(sampled, distinct, once, rows))
            } else {
                value
            };
            all.insert(key, whole);
        }
        let text = serde_json::Value::Object(all).to_string();
        by_production(&text, columns).ok_or_else(unreadable)
    }

    /// Rows of the sample, distinct combinations, and those that came once.
    async fn counts(&self, schema: &str, columns: &str) -> Result<(f64, f64, f64), TwinError> {
        let sql = format!(
            "SELECT coalesce(sum(n), 0)::float8, count(*)::float8, (count(*) FILTER (WHERE n = 1))::float8 \
             FROM (SELECT count(*) AS n FROM {schema}.{SCRATCH} GROUP BY {columns}) g"
        );
        let told = self.root.rows("counting a sample", &sql, &[]).await?;
        let row = told.first().ok_or_else(unreadable)?;
        Ok((get(row, 0)?, get(row, 1)?, get(row, 2)?))
    }

    /// The statistics of a column of the sample, put right for a table of so many rows.
    async fn analysed(
        &self,
        schema: &str,
        column: &str,
        target: Option<u32>,
        sample: &Sample,
        rows: f64,
    ) -> Result<Slots, TwinError> {
        let (schema, name) = (quote(schema), quote(column));
        if let Some(target) = target {
            let set = format!("ALTER TABLE {schema}.{SCRATCH} ALTER COLUMN {name} SET STATISTICS {target}");
            self.hand.rows("setting a statistics target", &set, &[]).await?;
        }
        self.hand.rows("analysing a sample", &format!("ANALYZE {schema}.{SCRATCH}"), &[]).await?;
        let find = format!("SELECT '{}.{SCRATCH}'::regclass::oid", schema.replace('\'', "''"));
        let found = self.root.rows("looking for a sample", &find, &[]).await?;
        let oid: u32 = found.first().map(|row| get(row, 0)).transpose()?.ok_or_else(unreadable)?;
        let with: Parameters<'_> = &[(&vec![oid], Type::OID_ARRAY), (&vec![SCRATCH], Type::TEXT_ARRAY)];
        let question =
            if self.engine.version_number() >= 170_000 { queries::STATISTICS_17 } else { queries::STATISTICS };
        let all: Vec<ColumnStatistics> = self.read(question, with).await?;
        let mut slots = all.into_iter().find(|s| s.column == column).ok_or_else(unreadable)?.slots;
        // A type without equality (json) has neither distinct values nor common ones.
        let Ok((seen, distinct, once)) = self.counts(&schema, &name).await else { return Ok(slots) };
        let nulls: f64 = slots.null_frac.parse().unwrap_or(0.0);
        let sampled = float(sample.rows());
        let (distinct, once) = if nulls > 0.0 { (distinct - 1.0, once) } else { (distinct, once) };
        let whole = estimate::distinct(seen * (1.0 - nulls), distinct, once, rows * (1.0 - nulls));
        slots.n_distinct = estimate::stored(whole, rows).to_string();
        let frequencies = slots.mcf.as_deref().map(elements).unwrap_or_default();
        let counts: Vec<f64> = frequencies.iter().filter_map(|f| f.parse::<f64>().ok()).map(|f| f * sampled).collect();
        let keep = estimate::common(&counts, whole, nulls, sampled, rows);
        if keep == 0 {
            (slots.mcv, slots.mcf) = (None, None);
        } else if keep < counts.len()
            && let Some(values) = &slots.mcv
        {
            let kind =
                format!("SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = {oid} AND attname = $1");
            let kind = self.root.rows("looking at a sample", &kind, &[(&column, Type::TEXT)]).await?;
            let kind: String = kind.first().map(|row| get(row, 0)).transpose()?.ok_or_else(unreadable)?;
            // Arrays of arrays are one array to PostgreSQL, which cannot be cut so.
            if !kind.ends_with("[]") {
                let cut = format!(
                    "SELECT (({}::{kind}[])[1:{keep}])::text, (({}::float4[])[1:{keep}])::text",
                    literal(values),
                    literal(slots.mcf.as_deref().unwrap_or("{}"))
                );
                let cut = self.root.rows("cutting a list", &cut, &[]).await?;
                let cut = cut.first().ok_or_else(unreadable)?;
                (slots.mcv, slots.mcf) = (get(cut, 0)?, get(cut, 1)?);
            }
        }
        Ok(slots)
    }

    /// Makes the table for a sample and fills it; its name in SQL.
    async fn fill(&self, schema: &str, columns: Columns<'_>, sample: &Sample) -> Result<String, TwinError> {
        let list: Vec<String> = columns.iter().map(|(name, kind)| format!("{} {kind}", quote(name))).collect();
        let create = format!("CREATE TABLE {}.{SCRATCH} ({})", quote(schema), list.join(", "));
        self.filled(schema, &create, columns, sample).await
    }

    /// The same with the columns of another table, so that numbers of columns are the same; what was not sampled stays NULL.
    async fn fill_like(
        &self,
        schema: &str,
        table: &str,
        columns: Columns<'_>,
        sample: &Sample,
    ) -> Result<String, TwinError> {
        let create = format!("CREATE TABLE {}.{SCRATCH} AS SELECT * FROM {table} WITH NO DATA", quote(schema));
        self.filled(schema, &create, columns, sample).await
    }

    async fn filled(
        &self,
        schema: &str,
        create: &str,
        columns: Columns<'_>,
        sample: &Sample,
    ) -> Result<String, TwinError> {
        let scratch = format!("{}.{SCRATCH}", quote(schema));
        self.empty(&scratch).await?;
        self.hand.rows("making a table for a sample", create, &[]).await?;
        let names: Vec<String> = columns.iter().map(|(name, _)| quote(name)).collect();
        let casts: Vec<String> = (1..).zip(columns).map(|(at, (_, kind))| format!("v{at}::{kind}")).collect();
        let places: Vec<String> = (1..=columns.len()).map(|at| format!("${at}")).collect();
        let aliases: Vec<String> = (1..=columns.len()).map(|at| format!("v{at}")).collect();
        let insert = format!(
            "INSERT INTO {scratch} ({}) SELECT {} FROM unnest({}) AS s ({})",
            names.join(", "),
            casts.join(", "),
            places.join(", "),
            aliases.join(", ")
        );
        let with: Vec<(&(dyn ToSql + Sync), Type)> =
            sample.columns.iter().map(|values| (values as _, Type::TEXT_ARRAY)).collect();
        self.hand.rows("filling in a sample", &insert, &with).await?;
        Ok(scratch)
    }

    async fn empty(&self, scratch: &str) -> Result<(), TwinError> {
        self.hand.rows("taking a sample away", &format!("DROP TABLE IF EXISTS {scratch}"), &[]).await.map(drop)
    }

    async fn read<T: DeserializeOwned>(&self, question: &str, with: Parameters<'_>) -> Result<Vec<T>, TwinError> {
        let sql = format!("SELECT pg_catalog.row_to_json(answer)::text FROM ({question}) AS answer");
        let rows = self.root.rows("reading statistics", &sql, with).await?;
        rows.iter().map(|row| serde_json::from_str(get::<&str>(row, 0)?).map_err(|_| unreadable())).collect()
    }
}

/// The schema of a relation, and of some of its columns name and type.
fn columns(snapshot: &Snapshot, relation: u32, names: &[String]) -> Result<(String, Vec<(String, String)>), TwinError> {
    let table = snapshot.relation(relation).ok_or_else(unreadable)?;
    let kind = |name: &String| {
        let column = snapshot.columns.iter().find(|c| c.relation == relation && c.name == *name)?;
        Some((name.clone(), column.kind.clone()))
    };
    let all: Option<Vec<_>> = names.iter().map(kind).collect();
    let unknown = || TwinError::Unsupported(format!("{} has no such column", crate::text::one_line(&table.name)));
    Ok((table.schema.clone(), all.ok_or_else(unknown)?))
}

/// Rows of a table, those of its partitions where it has none itself.
pub(super) fn rows_of(snapshot: &Snapshot, relation: u32) -> f64 {
    let own = snapshot.relation(relation).map_or(0.0, |r| r.tuples);
    if own > 0.0 {
        return own;
    }
    let child =
        |r: &&crate::whatif::snapshot::Relation| r.parents.iter().flatten().any(|p| *p == relation) && r.is_table();
    snapshot.relations.iter().filter(child).map(|r| rows_of(snapshot, r.oid)).sum()
}

/// The column with the twin's number: its tables lack those that production dropped.
fn at<'a>(columns: &[&'a crate::whatif::snapshot::Column], number: i16) -> Option<&'a crate::whatif::snapshot::Column> {
    columns.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
}

/// A list of combinations with production's column numbers for the twin's. Those of expressions are below zero in both.
fn by_production(text: &str, columns: &[&crate::whatif::snapshot::Column]) -> Option<String> {
    let all: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    let mut out = serde_json::Map::new();
    for (key, value) in all {
        let numbers = |list: &str| -> Option<String> {
            let each = list.split(',').map(|n| {
                let number: i16 = n.trim().parse().ok()?;
                Some(if number > 0 { at(columns, number)?.number.to_string() } else { number.to_string() })
            });
            Some(each.collect::<Option<Vec<_>>>()?.join(", "))
        };
        let key = match key.split_once("=>") {
            Some((from, to)) => format!("{} => {}", numbers(from)?, numbers(to)?),
            None => numbers(&key)?,
        };
        out.insert(key, value);
    }
    Some(serde_json::Value::Object(out).to_string())
}

fn retain<T>(list: &mut Option<Vec<T>>, keep: &[bool]) {
    if let Some(list) = list {
        let mut keep = keep.iter();
        list.retain(|_| keep.next().copied().unwrap_or(true));
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most some millions")]
fn float(n: usize) -> f64 {
    n as f64
}

fn unreadable() -> TwinError {
    TwinError::Unsupported("statistics of the sample are not understood".to_owned())
}

#[cfg(test)]
mod tests {
    use super::by_production;
    use crate::whatif::snapshot::Column;

    #[test]
    fn columns_that_production_dropped_are_counted_there_and_not_here() {
        let column = |number, name: &str| Column {
            relation: 1,
            number,
            name: name.to_owned(),
            kind: "integer".to_owned(),
            not_null: false,
            collation: None,
        };
        let (a, b) = (column(1, "a"), column(3, "b"));
        assert_eq!(by_production(r#"{"1, 2": 33, "2, -1": 4}"#, &[&a, &b]).unwrap(), r#"{"1, 3":33,"3, -1":4}"#);
        assert_eq!(by_production(r#"{"1 => 2": 0.5}"#, &[&a, &b]).unwrap(), r#"{"1 => 3":0.5}"#);
        assert_eq!(by_production(r#"{"1, 9": 33}"#, &[&a, &b]), None);
    }
}
