//! What the README promises is what the program does.

use std::{fs, path::Path};

use whyslow::keys;

const OPEN: &str = "<!-- keys -->\n";
const CLOSE: &str = "<!-- /keys -->";

/// To renew the table: `UPDATE_README=1 cargo test --release the_table_of_keys`.
#[test]
fn the_table_of_keys_is_the_programs_own() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(OPEN).expect("the README has a place for the keys");
    let (table, after) = rest.split_once(CLOSE).expect("the place for the keys ends");
    let own = keys::Keymap::default().markdown();
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, format!("{before}{OPEN}{own}{CLOSE}{after}")).unwrap();
    } else {
        assert!(
            table == own,
            "the README's keys are not those of `whyslow keys`; renew them: UPDATE_README=1 cargo test --release the_table_of_keys"
        );
    }
}
