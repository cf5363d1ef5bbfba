//! What calling a function may do, as far as anyone can tell without running it.

use mysql_async::Value;

use super::{Connection, cells::text};
use crate::{catalog::Function, server::ServerError};

/// Built-in functions that wait, lock, burn time, read files or move a sequence.
const HARMFUL: [&str; 13] = [
    "benchmark",
    "get_lock",
    "load_file",
    "master_gtid_wait",
    "master_pos_wait",
    "nextval",
    "release_all_locks",
    "release_lock",
    "setval",
    "sleep",
    "source_pos_wait",
    "wait_for_executed_gtid_set",
    "wsrep_sync_wait_upto_gtid",
];

/// Built-in functions that only compute (from the function tables of MySQL 9.7 and MariaDB 11.8). Whatever is not here
/// and not declared harmless by the person who made it counts as volatile. Names that start with `st_`, `mbr` or
/// `json_` are the server's own as well.
const HARMLESS: &str = "abs acos add_months adddate addtime aes_decrypt aes_encrypt any_value array_agg ascii asin atan \
    atan2 avg bin bin_to_uuid bit_and bit_count bit_length bit_or bit_xor cast ceil ceiling char char_length \
    character_length charset chr coalesce coercibility collation column_add column_check column_create column_delete \
    column_exists column_get column_json column_list compress concat concat_ws connection_id contains conv convert \
    convert_tz cos cot count crc32 crc32c cume_dist curdate current_date current_role current_time current_timestamp \
    current_user curtime database date date_add date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear \
    decode decode_histogram default degrees dense_rank des_decrypt des_encrypt elt encode encrypt etag exp export_set \
    extract extractvalue field find_in_set first_value floor format format_bytes format_pico_time found_rows from_base64 \
    from_days from_unixtime from_vector geomcollection geometrycollection get_format greatest group_concat grouping \
    gtid_subset gtid_subtract hex hour if ifnull inet6_aton inet6_ntoa inet_aton inet_ntoa insert instr interval \
    is_free_lock is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 is_used_lock is_uuid isnull kdf lag last_day \
    last_insert_id last_value lastval lcase lead least left length lengthb linestring ln localtime localtimestamp locate \
    log log10 log2 lower lpad ltrim make_set makedate maketime match max md5 median microsecond mid min minute mod month \
    monthname multilinestring multipoint multipolygon name_const natural_sort_key now nth_value ntile nullif nvl nvl2 oct \
    octet_length ord percent_rank percentile_cont percentile_disc period_add period_diff pi point polygon position pow \
    power ps_current_thread_id ps_thread_id quarter quote radians rand random_bytes rank regexp_instr regexp_like \
    regexp_replace regexp_substr repeat replace reverse right round row row_count row_number rownum rpad rtrim schema \
    schemas sec_to_time second session_user sformat sha sha1 sha2 sign sin soundex space sqrt statement_digest \
    statement_digest_text std stddev stddev_pop stddev_samp str_to_date strcmp string_to_vector subdate substr substring \
    substring_index subtime sum sys_guid sysdate system_user tan time time_format time_to_sec timediff timestamp \
    timestampadd timestampdiff to_base64 to_char to_date to_days to_number to_seconds to_vector trim trunc truncate ucase \
    uncompress uncompressed_length unhex unix_timestamp updatexml upper user utc_date utc_time utc_timestamp uuid \
    uuid_short uuid_to_bin uuid_v4 uuid_v7 validate_password_strength values var_pop var_samp variance vec_distance \
    vec_distance_cosine vec_distance_euclidean vec_fromtext vec_totext vector_dim vector_to_string version week weekday \
    weekofyear weight_string year yearweek";

/// What is known of a function by its name alone.
fn builtin(name: &str) -> Option<Function> {
    let lower = name.to_ascii_lowercase();
    let known = |volatile| Some(Function { name: name.to_owned(), volatile, builtin: true });
    if HARMFUL.contains(&lower.as_str()) {
        return known(true);
    }
    let own = ["st_", "mbr", "json_"].iter().any(|prefix| lower.starts_with(prefix));
    if own || HARMLESS.split_ascii_whitespace().any(|harmless| harmless == lower) { known(false) } else { None }
}

/// Whether a stored function's declaration lets it change anything or answer differently each time.
fn declared_volatile(deterministic: &str, data_access: &str) -> bool {
    deterministic != "YES" || !matches!(data_access, "NO SQL" | "READS SQL DATA")
}

impl Connection {
    /// What the functions a statement names may do. What the server does not tell of counts as volatile.
    pub(crate) async fn functions(&mut self, names: &[String]) -> Result<Vec<Function>, ServerError> {
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            if let Some(function) = builtin(name).filter(|_| !name.contains('.')) {
                found.push(function);
                continue;
            }
            let (schema, bare) = name.rsplit_once('.').unwrap_or((&self.info.database, name));
            let rows = self
                .ask(
                    "reading what functions do",
                    "SELECT IS_DETERMINISTIC, SQL_DATA_ACCESS FROM information_schema.ROUTINES \
                     WHERE ROUTINE_TYPE = 'FUNCTION' AND ROUTINE_SCHEMA = ? AND ROUTINE_NAME = ?",
                    vec![Value::from(schema), Value::from(bare)],
                )
                .await?;
            let cell = |at: usize| rows.first().and_then(|row| text(row, at)).unwrap_or_default();
            let volatile = declared_volatile(&cell(0), &cell(1));
            found.push(Function { name: name.clone(), volatile, builtin: false });
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::{builtin, declared_volatile};

    #[test]
    fn built_in_functions_are_known_by_name() {
        for (name, volatile) in [
            ("SLEEP", Some(true)),
            ("get_lock", Some(true)),
            ("nextval", Some(true)),
            ("Lower", Some(false)),
            ("json_extract", Some(false)),
            ("ST_Distance", Some(false)),
            ("uuid", Some(false)),
            ("sys_exec", None),
            ("audit", None),
        ] {
            assert_eq!(builtin(name).map(|f| f.volatile), volatile, "{name}");
        }
    }

    #[test]
    fn a_stored_function_is_harmless_only_when_declared_so() {
        for (deterministic, access, volatile) in [
            ("YES", "NO SQL", false),
            ("YES", "READS SQL DATA", false),
            ("YES", "CONTAINS SQL", true),
            ("YES", "MODIFIES SQL DATA", true),
            ("NO", "NO SQL", true),
            ("", "", true),
        ] {
            assert_eq!(declared_volatile(deterministic, access), volatile, "{deterministic} {access}");
        }
    }
}
