//! Any text is classified without a panic, and what comes after a writing statement does not make it harmless.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whyslow::{
    plan::Engine,
    sql::{Effects, classify, split},
};

fuzz_target!(|text: &str| {
    for engine in [Engine::PostgreSql, Engine::MySql, Engine::MariaDb] {
        let class = classify(text, engine);
        let mut end = 0;
        for span in split(text, engine) {
            let piece = span.of(text);
            let start = piece.as_ptr() as usize - text.as_ptr() as usize;
            assert!(start >= end, "statements do not overlap");
            end = start + piece.len();
        }
        assert_eq!(class.statements, split(text, engine).len());
        let poisoned = classify(&format!("drop table x;\n{text}"), engine);
        assert!(poisoned.effects >= Effects::Writes, "{poisoned:?}");
    }
});
