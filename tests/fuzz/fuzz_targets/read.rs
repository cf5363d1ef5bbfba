//! Any text is read to plans or to an error, never to a panic; and whatever was read can be judged and has a sound shape.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (plans, error) = whyslow::read::read_partial(text);
    assert!(error.is_some() || !plans.is_empty());
    for plan in &plans {
        let ids: Vec<_> = plan.ids().collect();
        assert_eq!(ids.len(), plan.len());
        for id in ids {
            assert!(plan.end(id) > id, "a subtree holds its own root");
            if let Some(parent) = plan.parent(id) {
                assert!(parent < id && plan.end(id) <= plan.end(parent), "pre-order");
            }
        }
        let _ = whyslow::diagnose::diagnose(plan, None);
    }
});
