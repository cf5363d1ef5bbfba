//! A table's definition, from SHOW CREATE TABLE, as that of a temporary table of the same columns and keys.
//!
//! Temporary InnoDB tables have no foreign keys, FULLTEXT keys and partitions (MySQL 8.4 manual, "CREATE TEMPORARY TABLE
//! Statement"). Checks are left out as well: the rows have passed them.

use crate::server::mysql::cells::quoted;

/// What can be made of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::whatif) struct Definition {
    /// Column names and their definitions as the server writes them.
    columns: Vec<(String, String)>,
    primary: Option<String>,
    keys: Vec<String>,
    /// FULLTEXT and SPATIAL keys, which no temporary table has.
    special: Vec<String>,
    /// `PARTITION BY …`, which no temporary table has.
    partitions: Option<String>,
    options: String,
    /// What the copy lacks.
    pub(super) lacks: Vec<String>,
}

impl Definition {
    /// Reads the server's `CREATE TABLE`.
    ///
    /// # Errors
    /// Why no temporary table can be made of it.
    pub(in crate::whatif) fn read(ddl: &str) -> Result<Self, String> {
        let (items, rest) = items(ddl).ok_or("its definition could not be read")?;
        let mut definition = Self {
            columns: Vec::new(),
            primary: None,
            keys: Vec::new(),
            special: Vec::new(),
            partitions: partitions(rest),
            options: options(rest)?,
            lacks: Vec::new(),
        };
        if definition.partitions.is_some() {
            definition.lacks.push("its partitions".to_owned());
        }
        for item in items {
            definition.item(item)?;
        }
        if definition.columns.is_empty() { Err("its definition could not be read".to_owned()) } else { Ok(definition) }
    }

    fn item(&mut self, item: &str) -> Result<(), String> {
        if let Some((name, rest)) = quoted_name(item) {
            let bare = unquoted(rest).to_ascii_uppercase();
            if bare.contains(" AS ROW START") || bare.contains(" AS ROW END") {
                return Err("it is system-versioned, which a temporary table cannot be".to_owned());
            }
            self.columns.push((name, without_counter(item)));
            return Ok(());
        }
        let words = unquoted(item).to_ascii_uppercase();
        let mut words = words.split_ascii_whitespace();
        match words.next().unwrap_or_default() {
            "PRIMARY" => self.primary = Some(item.to_owned()),
            "KEY" | "UNIQUE" => self.keys.push(item.to_owned()),
            kind @ ("FULLTEXT" | "SPATIAL" | "VECTOR") => {
                self.lacks.push(format!("its {kind} keys"));
                if kind != "VECTOR" {
                    self.special.push(item.to_owned());
                }
            }
            "CONSTRAINT" | "FOREIGN" | "CHECK" => {}
            "PERIOD" => return Err("it has a period, which a temporary table cannot have".to_owned()),
            _ => return Err("its definition could not be read".to_owned()),
        }
        Ok(())
    }

    /// A table of these columns and the primary key alone, for rows on their way.
    pub(super) fn stage(&self, table: &str, columns: &[&str]) -> String {
        let mut parts: Vec<&str> = self
            .columns
            .iter()
            .filter(|(name, _)| columns.contains(&name.as_str()))
            .map(|(_, text)| text.as_str())
            .collect();
        // A key over a generated column would need that column.
        let whole = parts.len() == self.columns.len();
        parts.extend(self.primary.as_deref().filter(|_| whole));
        format!("CREATE TEMPORARY TABLE {table} ({}) {}", parts.join(", "), self.options)
    }

    /// The copy, with more keys if wanted, and without some of its own.
    pub(super) fn shadow(&self, table: &str, more: Option<&str>, gone: &[String]) -> String {
        let mut parts: Vec<&str> = self.columns.iter().map(|(_, text)| text.as_str()).collect();
        parts.extend(self.primary.as_deref());
        let stays = |key: &&String| !key_name(key).is_some_and(|name| gone.contains(&name));
        parts.extend(self.keys.iter().filter(stays).map(String::as_str));
        parts.extend(more);
        format!("CREATE TEMPORARY TABLE {table} ({}) {}", parts.join(", "), self.options)
    }

    /// A table that stays, of the same columns and partitions, with the primary key alone or with the unique ones too, so that rows that
    /// are the same in them come in once. Its statistics are kept as they are written.
    pub(in crate::whatif) fn lasting(&self, table: &str, unique: bool) -> String {
        let mut parts: Vec<&str> = self.columns.iter().map(|(_, text)| text.as_str()).collect();
        parts.extend(self.primary.as_deref());
        parts.extend(self.keys.iter().filter(|key| unique && is_unique(key)).map(String::as_str));
        let partitions = self.partitions.as_deref().unwrap_or_default();
        let statistics = "STATS_PERSISTENT=1 STATS_AUTO_RECALC=0";
        format!("CREATE TABLE {table} ({}) {} {statistics} {partitions}", parts.join(", "), self.options)
    }

    /// A table that stays, of some of the columns and no key of them, with more columns and keys before.
    pub(in crate::whatif) fn heap(&self, table: &str, more: &str, columns: &[String]) -> String {
        let own = self.columns.iter().filter(|(name, _)| columns.contains(name)).map(|(_, text)| text.as_str());
        let parts: Vec<&str> = std::iter::once(more).chain(own).collect();
        format!("CREATE TABLE {table} ({}) {}", parts.join(", "), self.options)
    }

    /// The definitions of its keys besides the primary one, and whether each is unique.
    pub(in crate::whatif) fn keys(&self) -> impl Iterator<Item = (&str, bool)> {
        self.keys.iter().map(|key| (key.as_str(), is_unique(key)))
    }

    /// The definitions of its FULLTEXT and SPATIAL keys.
    pub(in crate::whatif) fn special(&self) -> &[String] {
        &self.special
    }

    /// Whether it is split into partitions.
    pub(in crate::whatif) fn is_partitioned(&self) -> bool {
        self.partitions.is_some()
    }

    /// The storage engine.
    pub(in crate::whatif) fn is_innodb(&self) -> bool {
        self.options.to_ascii_lowercase().starts_with("engine=innodb")
    }

    /// Whether a key of that name is copied, the primary key apart.
    pub(super) fn has_key(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key_name(key).as_deref() == Some(name))
    }

    /// The columns' names.
    pub(in crate::whatif) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }
}

/// A key definition for [`Definition::shadow`].
pub(super) fn key(name: &str, keys: &str) -> String {
    format!("KEY {} ({keys})", quoted(name))
}

fn is_unique(key: &str) -> bool {
    key.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("UNIQUE"))
}

/// `PARTITION BY …` of what follows the parentheses, without the comment that MySQL puts around it.
fn partitions(rest: &str) -> Option<String> {
    const WORDS: &str = "PARTITION BY";
    let mut quotes = Quotes::new();
    let outside: Vec<(usize, bool)> = rest.char_indices().map(|(at, c)| (at, quotes.outside(c))).collect();
    let start = outside.iter().find(|(at, outside)| {
        *outside && rest.get(*at..*at + WORDS.len()).is_some_and(|words| words.eq_ignore_ascii_case(WORDS))
    })?;
    let text = rest[start.0..].trim_end();
    Some(text.strip_suffix("*/").unwrap_or(text).trim_end().to_owned())
}

/// The name in `[UNIQUE] KEY name (…)`.
fn key_name(key: &str) -> Option<String> {
    let at = key.find(['`', '"'])?;
    quoted_name(&key[at..]).map(|(name, _)| name)
}

/// Where quotes are in a text: what stands outside them, and where they end.
struct Quotes {
    open: Option<char>,
    escaped: bool,
}

impl Quotes {
    const fn new() -> Self {
        Self { open: None, escaped: false }
    }

    /// Takes the next character; true when it stands outside quotes and is none itself. A doubled quote closes and opens.
    fn outside(&mut self, c: char) -> bool {
        if let Some(open) = self.open {
            if self.escaped {
                self.escaped = false;
            } else if c == '\\' && open != '`' {
                self.escaped = true;
            } else if c == open {
                self.open = None;
            }
            return false;
        }
        if matches!(c, '\'' | '"' | '`') {
            self.open = Some(c);
            return false;
        }
        true
    }
}

/// The text with everything in quotes left out.
fn unquoted(text: &str) -> String {
    let mut quotes = Quotes::new();
    text.chars().filter(|&c| quotes.outside(c)).collect()
}

/// What stands between the outermost parentheses, split at its commas, and what follows.
fn items(ddl: &str) -> Option<(Vec<&str>, &str)> {
    let (mut quotes, mut depth, mut start, mut out) = (Quotes::new(), 0_u32, 0, Vec::new());
    for (at, c) in ddl.char_indices() {
        if !quotes.outside(c) {
            continue;
        }
        match c {
            '(' => {
                depth += 1;
                if depth == 1 {
                    start = at + 1;
                }
            }
            ')' if depth == 1 => {
                out.push(ddl[start..at].trim());
                return Some((out, &ddl[at + 1..]));
            }
            ')' => depth = depth.checked_sub(1)?,
            ',' if depth == 1 => {
                out.push(ddl[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    None
}

/// A name in back-quotes (or double quotes, under `ANSI_QUOTES`) at the start, and what follows it.
fn quoted_name(item: &str) -> Option<(String, &str)> {
    let quote = item.chars().next().filter(|c| matches!(c, '`' | '"'))?;
    let mut name = String::new();
    let mut chars = item.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            name.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == quote) {
            name.push(quote);
            chars.next();
        } else {
            return Some((name, &item[at + 1..]));
        }
    }
    None
}

/// A column's definition without `AUTO_INCREMENT`, which would want a key of its own in every copy.
fn without_counter(column: &str) -> String {
    const WORD: &str = " AUTO_INCREMENT";
    let mut quotes = Quotes::new();
    let outside: Vec<bool> = column.chars().map(|c| quotes.outside(c)).collect();
    let place = column.match_indices(WORD).find(|(at, _)| outside.get(column[..*at].chars().count()) == Some(&true));
    match place {
        Some((at, _)) => format!("{}{}", &column[..at], &column[at + WORD.len()..]),
        None => column.to_owned(),
    }
}

/// The options that a temporary table can have and that decide about plans: engine, character set, collation.
fn options(rest: &str) -> Result<String, String> {
    let bare = unquoted(rest);
    if bare.to_ascii_uppercase().contains("WITH SYSTEM VERSIONING") {
        return Err("it is system-versioned, which a temporary table cannot be".to_owned());
    }
    let words: Vec<&str> = bare.split_ascii_whitespace().collect();
    let value = |name: &str| {
        words.iter().find_map(|word| word.split_once('=').filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v))
    };
    let engine = value("ENGINE").unwrap_or("InnoDB");
    if !["InnoDB", "MyISAM", "Aria", "MEMORY"].iter().any(|known| known.eq_ignore_ascii_case(engine)) {
        return Err(format!("it is a table of {engine}, of which no copy was ever tried"));
    }
    let mut out = format!("ENGINE={engine}");
    for (name, written) in [("CHARSET", "DEFAULT CHARSET"), ("COLLATE", "COLLATE")] {
        if let Some(value) = value(name) {
            out = format!("{out} {written}={value}");
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{Definition, key};

    // SHOW CREATE TABLE of MySQL 9.7.4 and MariaDB 11.8.6, shortened.
    const MYSQL: &str = "CREATE TABLE `orders` (\n  `id` int NOT NULL AUTO_INCREMENT,\n  `status` enum('a,b','c)d') COLLATE utf8mb4_bin DEFAULT 'it''s AUTO_INCREMENT',\n  `c``d` int GENERATED ALWAYS AS ((`id` + 1)) VIRTUAL,\n  `note` text COMMENT 'PARTITION BY (',\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `u` (`status`,`id` DESC),\n  KEY `f` ((lower(`note`))) /*!80000 INVISIBLE */,\n  FULLTEXT KEY `ft` (`note`),\n  CONSTRAINT `fk` FOREIGN KEY (`id`) REFERENCES `t` (`id`),\n  CONSTRAINT `ck` CHECK ((`id` > 0))\n) ENGINE=InnoDB AUTO_INCREMENT=17 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci STATS_PERSISTENT=1 COMMENT='x ENGINE=CSV y'\n/*!50100 PARTITION BY RANGE (`id`)\n(PARTITION p0 VALUES LESS THAN (10) ENGINE = InnoDB) */";

    #[test]
    fn a_copy_has_the_columns_and_keys_and_nothing_a_temporary_table_cannot_have() {
        let definition = Definition::read(MYSQL).unwrap();
        let shadow = definition.shadow("`shop`.`orders`", Some(&key("try", "`status`")), &[]);
        assert_eq!(
            shadow,
            "CREATE TEMPORARY TABLE `shop`.`orders` (`id` int NOT NULL, \
             `status` enum('a,b','c)d') COLLATE utf8mb4_bin DEFAULT 'it''s AUTO_INCREMENT', \
             `c``d` int GENERATED ALWAYS AS ((`id` + 1)) VIRTUAL, `note` text COMMENT 'PARTITION BY (', PRIMARY KEY (`id`), \
             UNIQUE KEY `u` (`status`,`id` DESC), KEY `f` ((lower(`note`))) /*!80000 INVISIBLE */, KEY `try` (`status`)) \
             ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"
        );
        let without = definition.shadow("`t`", None, &["u".to_owned()]);
        assert!(!without.contains("UNIQUE KEY `u`") && without.contains("KEY `f`"), "{without}");
        assert!(definition.has_key("u") && !definition.has_key("PRIMARY"));
        assert_eq!(definition.lacks, ["its partitions", "its FULLTEXT keys"]);
        assert_eq!(definition.names().collect::<Vec<_>>(), ["id", "status", "c`d", "note"]);
    }

    #[test]
    fn a_table_that_stays_has_its_partitions_and_gets_its_keys_later() {
        let definition = Definition::read(MYSQL).unwrap();
        let table = definition.lasting("`t`", true);
        assert!(table.contains("PRIMARY KEY (`id`), UNIQUE KEY `u`") && !table.contains("KEY `f`"), "{table}");
        assert!(
            table.ends_with(
                "STATS_AUTO_RECALC=0 PARTITION BY RANGE (`id`)\n(PARTITION p0 VALUES LESS THAN (10) ENGINE = InnoDB)"
            ),
            "{table}"
        );
        let keys: Vec<bool> = definition.keys().map(|(_, unique)| unique).collect();
        assert_eq!((keys, definition.special().len()), (vec![true, false], 1));
        let heap = definition.heap("`h`", "a int, primary key (a)", &["id".to_owned()]);
        assert!(
            heap.starts_with("CREATE TABLE `h` (a int, primary key (a), `id` int NOT NULL) ENGINE=InnoDB"),
            "{heap}"
        );
    }

    #[test]
    fn rows_on_their_way_need_no_keys_and_no_generated_columns() {
        let definition = Definition::read(MYSQL).unwrap();
        let stage = definition.stage("`s`", &["id", "status", "note"]);
        assert!(!stage.contains("GENERATED") && !stage.contains("KEY"), "{stage}");
        assert!(definition.stage("`s`", &["id", "status", "c`d", "note"]).contains("PRIMARY KEY (`id`)"));
    }

    #[test]
    fn what_cannot_be_copied_says_why() {
        for (ddl, why) in [
            ("CREATE TABLE `t` (\n  `a` int\n) ENGINE=CSV", "CSV"),
            ("CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB WITH SYSTEM VERSIONING", "system-versioned"),
            (
                "CREATE TABLE `t` (\n  `a` timestamp(6) GENERATED ALWAYS AS ROW START\n) ENGINE=InnoDB",
                "system-versioned",
            ),
            ("CREATE TABLE `t` (\n  `a` int", "could not be read"),
            ("", "could not be read"),
        ] {
            let error = Definition::read(ddl).unwrap_err();
            assert!(error.contains(why), "{ddl}: {error}");
        }
    }
}
