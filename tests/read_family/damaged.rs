//! Real documents, damaged: whatever comes, there is an answer, and its numbers are numbers.

use std::sync::OnceLock;

use proptest::prelude::*;
use whyslow::{diagnose::diagnose, export, plan::NodeId, read};

fn documents() -> &'static [String] {
    static ALL: OnceLock<Vec<String>> = OnceLock::new();
    ALL.get_or_init(|| {
        let servers = ["mysql-9.7", "mariadb-11.8"].iter();
        let mut all: Vec<String> =
            servers.flat_map(|s| super::cases(s)).flat_map(|(_, formats)| formats).map(|(_, text)| text).collect();
        all.push(include_str!("../fixtures/tidb/join.analyze.txt").to_owned());
        all
    })
}

/// One change to a text.
#[derive(Debug, Clone)]
enum Damage {
    Cut(prop::sample::Index),
    Remove(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
    Insert(prop::sample::Index, String),
    DropLine(prop::sample::Index),
    SwapLines(prop::sample::Index, prop::sample::Index),
    Digits(prop::sample::Index, String),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    let bits = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "|",
        "\t",
        "\n",
        "\\n",
        "-> ",
        "  ",
        "(",
        ")",
        "'",
        "null",
        "-1",
        "1e999",
        "NaN",
        "Select #2 (subquery in projection; dependent)",
        "<derived2>",
        "<union1,2>",
        "<subquery2>",
        "└─",
        "é",
        "\u{0}",
        "\r",
    ]);
    prop_oneof![
        1 => at().prop_map(Damage::Cut),
        3 => (at(), 1..40_usize).prop_map(|(at, n)| Damage::Remove(at, n)),
        2 => (at(), 1..200_usize).prop_map(|(at, n)| Damage::Repeat(at, n)),
        4 => (at(), bits).prop_map(|(at, bit)| Damage::Insert(at, bit.to_owned())),
        2 => at().prop_map(Damage::DropLine),
        2 => (at(), at()).prop_map(|(a, b)| Damage::SwapLines(a, b)),
        2 => (at(), "[0-9.e+-]{1,12}").prop_map(|(at, digits)| Damage::Digits(at, digits)),
    ]
}

fn apply(text: &str, damage: &Damage) -> String {
    let boundary = |at: usize| (at..=text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(text.len());
    let place = |at: &prop::sample::Index| boundary(at.index(text.len().max(1)));
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    match damage {
        Damage::Cut(at) => text[..place(at)].to_owned(),
        Damage::Remove(at, n) => {
            let from = place(at);
            format!("{}{}", &text[..from], &text[boundary((from + n).min(text.len()))..])
        }
        Damage::Repeat(at, n) => {
            let from = place(at);
            let to = boundary((from + n).min(text.len()));
            format!("{}{}{}", &text[..to], &text[from..to], &text[to..])
        }
        Damage::Insert(at, bit) => {
            let at = place(at);
            format!("{}{bit}{}", &text[..at], &text[at..])
        }
        Damage::DropLine(at) if !lines.is_empty() => {
            lines.remove(at.index(lines.len()));
            lines.concat()
        }
        Damage::SwapLines(a, b) if !lines.is_empty() => {
            let (a, b) = (a.index(lines.len()), b.index(lines.len()));
            lines.swap(a, b);
            lines.concat()
        }
        Damage::Digits(at, digits) => {
            let from = place(at);
            let Some(start) = text[from..].find(|c: char| c.is_ascii_digit()).map(|i| from + i) else {
                return text.to_owned();
            };
            let end = text[start..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |i| start + i);
            format!("{}{digits}{}", &text[..start], &text[end..])
        }
        Damage::DropLine(_) | Damage::SwapLines(..) => text.to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_document_gives_an_answer(
        document in any::<prop::sample::Index>(),
        damages in prop::collection::vec(damage(), 1..6),
    ) {
        let documents = documents();
        let mut text = documents[document.index(documents.len())].clone();
        for damage in &damages {
            text = apply(&text, damage);
        }
        let (plans, error) = read::read_partial(&text);
        prop_assert!(!plans.is_empty() || error.is_some());
        if let Some(error) = &error {
            let lines = text.lines().count().max(1);
            prop_assert!(error.line >= 1 && error.line as usize <= lines + 1, "{error} of {lines} lines");
            prop_assert!(error.column >= 1 && !error.expected.is_empty());
        }
        for plan in &plans {
            for id in plan.ids() {
                let d = plan.derived(id);
                for n in [d.wall_ms, d.self_ms, d.self_cost, d.q_error, d.share].into_iter().flatten() {
                    prop_assert!(n.is_finite() && n >= 0.0, "{d:?}");
                }
            }
            let sum: f64 = plan.ids().filter_map(|id| plan.derived(id).self_ms).sum();
            let whole = plan.derived(NodeId::ROOT).wall_ms.unwrap_or(0.0);
            prop_assert!((sum - whole).abs() <= whole * 0.01 + 0.001, "{sum} of {whole}");
            let findings = diagnose(plan, None);
            let shown = export::text::render(&[export::Report::new(plan, &findings)], &export::text::Options::default());
            let odd = |word: &&str| ["NaN", "inf", "-inf"].contains(word) && !text.contains(*word);
            prop_assert!(!shown.split_whitespace().any(|word| odd(&word)), "{shown}");
        }
    }
}
