//! Words that are no names unless quoted.

use crate::plan::Engine;

/// Whether a word must be quoted to be a name.
#[must_use]
pub fn is_reserved(word: &str, engine: Engine) -> bool {
    let list = if engine == Engine::PostgreSql { POSTGRES } else { MYSQL };
    let word = word.to_ascii_lowercase();
    list.split_ascii_whitespace().any(|reserved| reserved == word)
}

/// A name as SQL, quoted only where the server needs it: PostgreSQL folds unquoted names to lower case, and words of
/// the language are no names.
#[must_use]
pub fn quoted(name: &str, engine: Engine) -> String {
    let fits = |c: char| {
        c == '_'
            || c.is_ascii_digit()
            || c.is_ascii_lowercase()
            || (engine != Engine::PostgreSql && c.is_ascii_uppercase())
    };
    let plain = !name.is_empty() && name.chars().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit());
    if plain && !is_reserved(name, engine) {
        return name.to_owned();
    }
    match engine {
        Engine::PostgreSql => format!("\"{}\"", name.replace('"', "\"\"")),
        Engine::MySql | Engine::MariaDb => format!("`{}`", name.replace('`', "``")),
    }
}

/// PostgreSQL 18, `src/include/parser/kwlist.h`: `RESERVED_KEYWORD` and `TYPE_FUNC_NAME_KEYWORD`.
const POSTGRES: &str = "
all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column
concurrently constraint create cross current_catalog current_date current_role current_schema current_time
current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from
full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime
localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references returning
right select session_user similar some symmetric system_user table tablesample then to trailing true union unique user
using variadic verbose when where window with";

/// MySQL 9.7 manual, "Keywords and Reserved Words", with those that MariaDB 11.8 adds.
const MYSQL: &str = "
accessible add all alter analyze and as asc asensitive before between bigint binary blob both by call cascade case change
char character check collate column condition constraint continue convert create cross cube cume_dist current_date
current_role current_time current_timestamp current_user cursor database databases day_hour day_microsecond day_minute
day_second dec decimal declare default delayed delete dense_rank desc describe deterministic distinct distinctrow div
do_domain_ids double drop dual each else elseif empty enclosed escaped except exists exit explain false fetch first_value
float float4 float8 for force foreign from fulltext function general generated get grant group grouping groups having
high_priority hour_microsecond hour_minute hour_second if ignore ignore_domain_ids ignore_server_ids in index infile
inner inout insensitive insert int int1 int2 int3 int4 int8 integer intersect interval into io_after_gtids
io_before_gtids is iterate join json_table key keys kill lag last_value lateral lead leading leave left library like
limit linear lines load localtime localtimestamp lock long longblob longtext loop low_priority manual
master_bind master_heartbeat_period master_ssl_verify_server_cert match maxvalue mediumblob mediumint mediumtext
middleint minute_microsecond minute_second mod modifies natural not no_write_to_binlog nth_value ntile null numeric of
offset on optimize optimizer_costs option optionally or order out outer outfile over page_checksum parallel
parse_vcol_expr partition percent_rank precision primary procedure purge qualify range rank read reads read_write real
recursive ref_system_id references regexp release rename repeat replace require resignal restrict return returning
revoke right rlike row rows row_number schema schemas second_microsecond select sensitive separator set show signal
slow smallint spatial specific sql sqlexception sqlstate sqlwarning sql_big_result sql_calc_found_rows sql_small_result
ssl starting stats_auto_recalc stats_persistent stats_sample_pages stored straight_join system table tablesample
terminated then tinyblob tinyint tinytext to trailing trigger true undo union unique unlock unsigned update usage use
using utc_date utc_time utc_timestamp values varbinary varchar varcharacter varying virtual when where while window with
write xor year_month zerofill";

#[cfg(test)]
mod tests {
    use super::is_reserved;
    use crate::plan::Engine::{MySql, PostgreSql};

    #[test]
    fn reserved_words_differ_by_server() {
        for (word, postgres, mysql) in [
            ("order", true, true),
            ("ORDER", true, true),
            ("user", true, false),
            ("key", false, true),
            ("rank", false, true),
            ("status", false, false),
        ] {
            assert_eq!((is_reserved(word, PostgreSql), is_reserved(word, MySql)), (postgres, mysql), "{word}");
        }
    }
}
