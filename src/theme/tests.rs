use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Modifier},
};

use super::{BUILT_IN, Depth, SCOPES, Theme, ThemeError, UNICODE};

fn load(name: &str, depth: Depth) -> Theme {
    let (theme, warnings) = Theme::load(name, depth, &UNICODE, &|_| None).unwrap();
    assert_eq!(warnings, Vec::<String>::new(), "{name}");
    theme
}

fn own(text: &'static str) -> impl Fn(&str) -> Option<String> {
    move |name| (name == "own").then(|| text.to_owned())
}

#[test]
fn built_in_themes_load_without_a_warning_and_tell_meanings_apart() {
    for (name, _) in BUILT_IN {
        for depth in [Depth::True, Depth::Indexed, Depth::Ansi, Depth::None] {
            let theme = load(name, depth);
            assert!(!theme.about.is_empty(), "{name} says what it is");
            if depth != Depth::None {
                assert_ne!(theme.style("plan.heat.5"), theme.style("plan.heat.1"), "{name} {depth:?}");
                assert_ne!(theme.style("verdict.proved"), theme.style("verdict.rejected"), "{name} {depth:?}");
            }
            for scope in SCOPES {
                let style = theme.style(scope);
                assert!(depth != Depth::None || (style.fg.is_none() && style.bg.is_none()), "{scope} keeps a colour");
            }
        }
    }
}

#[test]
fn a_scope_without_a_style_takes_its_parents() {
    let text = "inherits = \"dark\"\n[scopes]\nflag = { fg = \"#112233\" }\n";
    let (theme, warnings) = Theme::load("own", Depth::True, &UNICODE, &own(text)).unwrap();
    assert!(warnings.is_empty());
    assert_eq!(theme.style("flag.some.new-one").fg, Some(Color::Rgb(0x11, 0x22, 0x33)));
    assert_eq!(theme.style("nothing.of.that"), ratatui::style::Style::new());
}

#[test]
fn mistakes_are_warnings_and_the_rest_counts() {
    let text = "[scopes]\nerror = { fg = \"no-such\", bold = true }\n\"plan.hot\" = { fg = \"red\" }\n\"ui.dim\" = { dim = true, blink = 1 }\n";
    let (theme, warnings) = Theme::load("own", Depth::True, &UNICODE, &own(text)).unwrap();
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(theme.style("error").add_modifier.contains(Modifier::BOLD));
}

#[test]
fn what_cannot_be_had_is_an_error_that_says_so() {
    assert!(matches!(Theme::load("nope", Depth::True, &UNICODE, &|_| None), Err(ThemeError::Unknown { .. })));
    assert!(matches!(Theme::load("own", Depth::True, &UNICODE, &own("a = [")), Err(ThemeError::Malformed { .. })));
    let circle = |name: &str| Some(format!("inherits = \"{}\"", if name == "a" { "b" } else { "a" }));
    assert!(matches!(Theme::load("a", Depth::True, &UNICODE, &circle), Err(ThemeError::Circle(_))));
}

#[test]
fn without_colours_a_selection_is_turned_round() {
    let theme = Theme::built_in(true, Depth::None, &UNICODE);
    assert!(theme.style("ui.selection").add_modifier.contains(Modifier::REVERSED));
}

#[test]
fn a_theme_of_ones_own_may_build_on_the_built_in_one_of_its_name() {
    let text = "inherits = \"dark\"\n[palette]\nred = \"#ff0000\"\n";
    let own = |name: &str| (name == "dark").then(|| text.to_owned());
    let (theme, warnings) = Theme::load("dark", Depth::True, &UNICODE, &own).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(theme.style("error").fg, Some(Color::Rgb(255, 0, 0)));
    assert_eq!(theme.style("verdict.proved"), load("dark", Depth::True).style("verdict.proved"));
}

#[test]
fn a_mistake_names_the_theme_and_the_line() {
    let text = "about = \"x\"\ncolour = 1\n[scopes]\nerror = \"mauvish\"\n";
    let (_, warnings) = Theme::load("own", Depth::True, &UNICODE, &own(text)).unwrap();
    assert!(warnings[0].starts_with("theme own, line 2: colour is not understood"), "{warnings:?}");
    assert!(warnings[1].starts_with("theme own, line 4: error: no colour"), "{warnings:?}");
    let error = Theme::load("own", Depth::True, &UNICODE, &own("a = 1\nb = [")).unwrap_err();
    assert!(error.to_string().starts_with("theme own, line 2: "), "{error}");
}

#[test]
fn painting_leaves_no_cell_in_the_terminals_own_colours() {
    let theme = load("gruvbox-light", Depth::True);
    let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
    buffer[(1, 0)].fg = Color::Red;
    theme.paint(&mut buffer);
    assert!(buffer.content.iter().all(|c| c.bg == theme.page.0 && c.fg != Color::Reset));
    assert_eq!(buffer[(1, 0)].fg, Color::Red);
}

/// What is asked for in the source of the screen, so that a scope cannot be forgotten in the list.
#[test]
fn every_scope_the_screen_asks_for_is_in_the_list() {
    let mut asked = 0;
    let mut places = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/ui"))];
    while let Some(place) = places.pop() {
        if place.is_dir() {
            places.extend(std::fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = std::fs::read_to_string(&place).unwrap();
        for piece in text.split("theme.style(\"").skip(1) {
            let scope = piece.split('"').next().unwrap();
            assert!(SCOPES.contains(&scope), "{scope} is not in SCOPES");
            asked += 1;
        }
    }
    assert!(asked > 50, "only {asked} found");
}

#[test]
fn the_sixteen_colour_theme_has_no_others_and_the_monochrome_one_none() {
    for scope in SCOPES {
        let style = load("ansi", Depth::True).style(scope);
        for color in [style.fg, style.bg].into_iter().flatten() {
            assert!(!matches!(color, Color::Rgb(..) | Color::Indexed(_)), "{scope}: {color}");
        }
        let style = load("mono", Depth::True).style(scope);
        assert_eq!((style.fg, style.bg), (None, None), "{scope}");
    }
}

/// How well each kind of scope has to stand out, as WCAG 2.2 counts it: 4.5 is its mark for text, 3 for what is large or
/// only supports. The first prefix that fits counts.
const CONTRAST: &[(&str, f64)] = &[
    ("ui.border", 1.8),
    ("ui.selection", 0.0),
    ("plan.guide", 3.0),
    ("plan.heat.0", 3.0),
    ("editor.gutter", 3.0),
    ("", 4.5),
];

#[test]
fn everything_can_be_read_on_the_page_and_under_the_cursor() {
    for (name, _) in BUILT_IN.iter().filter(|(name, _)| !["ansi", "mono"].contains(name)) {
        for depth in [Depth::True, Depth::Indexed] {
            let theme = load(name, depth);
            let (page, text) = (rgb(theme.page.0), rgb(theme.page.1));
            assert!(contrast(text, page) >= if *name == "contrast" { 15.0 } else { 5.5 }, "{name}: text");
            let cursor = rgb(theme.style("ui.selection").bg.unwrap());
            assert!(contrast(cursor, page) >= 1.15, "{name} {depth:?}: the cursor is not seen");
            for scope in SCOPES {
                let wanted = CONTRAST.iter().find(|(prefix, _)| scope.starts_with(prefix)).unwrap().1;
                let wanted = if *name == "contrast" { wanted * 1.5 } else { wanted };
                let style = theme.style(scope);
                let on = style.bg.map_or(page, rgb);
                let ink = style.fg.map_or(text, rgb);
                assert!(contrast(ink, on) >= wanted, "{name} {depth:?} {scope}: {:.2} < {wanted}", contrast(ink, on));
                let wanted = if wanted < 4.0 { wanted * 0.6 } else { 3.0 };
                if style.bg.is_none() {
                    let found = contrast(ink, cursor);
                    assert!(found >= wanted, "{name} {depth:?} {scope} under the cursor: {found:.2} < {wanted}");
                }
            }
        }
    }
}

/// Meanings that must not be taken for one another.
const PAIRS: &[(&str, &str)] = &[
    ("verdict.proved", "verdict.rejected"),
    ("verdict.proved", "verdict.untested"),
    ("verdict.rejected", "verdict.untested"),
    ("diff.added", "diff.removed"),
    ("diff.added", "diff.changed"),
    ("diff.changed", "diff.removed"),
    ("finding.critical", "finding.warning"),
    ("finding.critical", "finding.info"),
    ("finding.warning", "finding.info"),
    ("plan.heat.1", "plan.heat.5"),
    ("plan.heat.2", "plan.heat.3"),
    ("plan.heat.3", "plan.heat.4"),
    ("plan.heat.4", "plan.heat.5"),
    ("plan.heat.2", "plan.heat.5"),
    ("flag.full-scan", "flag.misestimate"),
];

/// Protanopia, deuteranopia, tritanopia: G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, "A Physiologically-based Model
/// for Simulation of Color Vision Deficiency", 2009, table of severity 1.0, on linear RGB.
const EYES: [[[f64; 3]; 3]; 3] = [
    [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
    [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
    [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
];

#[test]
fn the_colour_blind_safe_theme_keeps_meanings_apart_for_every_kind_of_eye() {
    let apart = |theme: &Theme, eye: &[[f64; 3]; 3], (a, b): (&str, &str)| {
        let seen = |scope| {
            let colour = linear(theme.style(scope).fg.map_or(rgb(theme.page.1), rgb));
            lab(std::array::from_fn(|i| (0..3).map(|j| eye[i][j] * colour[j]).sum()))
        };
        let (a, b) = (seen(a), seen(b));
        (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
    };
    let theme = load("colorblind", Depth::True);
    for pair in PAIRS {
        for eye in &EYES {
            let found = apart(&theme, eye, *pair);
            assert!(found >= 12.0, "{pair:?}: {found:.1}");
        }
    }
    // The measure can tell: the usual green and red are not safe.
    let usual = load("gruvbox-dark", Depth::True);
    assert!(EYES.iter().any(|eye| PAIRS.iter().any(|pair| apart(&usual, eye, *pair) < 12.0)));
}

/// Red, green and blue of a colour of one of our themes.
fn rgb(color: Color) -> [u8; 3] {
    match color {
        Color::Rgb(r, g, b) => [r, g, b],
        Color::Indexed(n @ 232..) => [8 + 10 * (n - 232); 3],
        Color::Indexed(n @ 16..) => {
            const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
            [(n - 16) / 36, (n - 16) / 6 % 6, (n - 16) % 6].map(|i| LEVELS[usize::from(i)])
        }
        other => panic!("{other} is no fixed colour"),
    }
}

fn linear(rgb: [u8; 3]) -> [f64; 3] {
    rgb.map(|v| {
        let v = f64::from(v) / 255.0;
        if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    })
}

/// The contrast ratio of WCAG 2.2.
fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let light = |rgb| {
        let [r, g, b] = linear(rgb);
        0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
    };
    let (a, b) = (light(a), light(b));
    a.max(b) / a.min(b)
}

/// CIE L*a*b* under D65.
#[allow(clippy::many_single_char_names, reason = "as the standard names them")]
fn lab([r, g, b]: [f64; 3]) -> [f64; 3] {
    let [r, g, b] = [r, g, b].map(|v| v.clamp(0.0, 1.0));
    let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.950_47);
    let y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
    let z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.088_83);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}
