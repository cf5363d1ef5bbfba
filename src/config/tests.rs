use super::{Background, Clipboard, Colours, Config, Loaded, SETTINGS, sample};
use crate::{
    keys::{Command, Place},
    theme::Depth,
};

fn of(text: &str) -> Loaded {
    Config::of(Some(("config.toml", text)), |_| None)
}

#[test]
fn the_sample_says_what_the_defaults_say() {
    let loaded = of(&sample());
    assert_eq!(loaded.warnings, Vec::<String>::new());
    assert_eq!(loaded.config, Config::default());
    for setting in SETTINGS {
        assert!(sample().contains(&format!("\n{} = {}\n", setting.name, setting.default)), "{}", setting.name);
        assert!(!setting.values.is_empty());
    }
}

#[test]
fn the_commented_keys_and_connections_of_the_sample_can_be_taken_as_they_stand() {
    let (settings, sections) = sample().split_once("[keys]").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let open: Vec<&str> = sections
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ")).unwrap_or(line))
        .collect();
    let loaded = of(&format!("{settings}[keys]{}", open.join("\n")));
    // Taken all at once the keys get in each other's way; none is unknown.
    let unknown = |w: &String| w.contains("is no command") || w.contains("is not a key") || w.contains("can be a");
    assert!(!loaded.warnings.iter().any(unknown), "{:?}", loaded.warnings);
    assert!(loaded.config.keys.len() > 50 && loaded.config.connections.len() == 2, "{:?}", loaded.config);
}

#[test]
fn every_setting_can_be_set_and_a_bad_value_names_the_line_and_what_could_stand_there() {
    for (line, change) in [
        ("theme = \"nord\"", Config { theme: Some("nord".into()), ..Config::default() }),
        ("dark-theme = \"nord\"", Config { dark_theme: "nord".into(), ..Config::default() }),
        ("light-theme = \"nord\"", Config { light_theme: "nord".into(), ..Config::default() }),
        ("background = \"theme\"", Config { background: Background::Theme, ..Config::default() }),
        ("color = \"256\"", Config { color: Colours::Depth(Depth::Indexed), ..Config::default() }),
        ("color = 16", Config { color: Colours::Depth(Depth::Ansi), ..Config::default() }),
        ("ascii = true", Config { ascii: Some(true), ..Config::default() }),
        ("mouse = true", Config { mouse: true, ..Config::default() }),
        ("clipboard = \"file\"", Config { clipboard: Clipboard::File, ..Config::default() }),
        ("history = false", Config { history: false, ..Config::default() }),
        ("timeout = 5", Config { timeout_s: 5, ..Config::default() }),
        ("lock-timeout = 0", Config { lock_timeout_s: 0, ..Config::default() }),
        ("allow-temporary-tables = true", Config { allow_temporary_tables: true, ..Config::default() }),
    ] {
        let loaded = of(line);
        assert_eq!((loaded.warnings.len(), &loaded.config), (0, &change), "{line}");
        let name = line.split(' ').next().unwrap();
        for wrong in ["[1]", "1.5", "{}"] {
            let (other, kept) = if name == "mouse" { ("history = false", "mouse") } else { ("mouse = true", "") };
            let loaded = of(&format!("# one\n{name} = {wrong}\n{other}\n"));
            let setting = SETTINGS.iter().find(|s| s.name == name).unwrap();
            assert!(
                loaded.warnings[0].starts_with(&format!("config.toml, line 2: {name} can be {}", setting.values)),
                "{:?}",
                loaded.warnings
            );
            assert!(loaded.config.mouse != (kept == "mouse") && loaded.config.history != (kept == "mouse"), "the rest");
        }
    }
}

#[test]
fn the_environment_wins_over_the_file() {
    let variable = |name: &str| match name {
        "WHYSLOW_TIMEOUT" => Some("7".to_owned()),
        "WHYSLOW_ASCII" => Some("maybe".to_owned()),
        "WHYSLOW_THEME" => Some(String::new()),
        _ => None,
    };
    let loaded = Config::of(Some(("config.toml", "timeout = 5\nlock-timeout = 9\ntheme = \"nord\"")), variable);
    let config = &loaded.config;
    assert_eq!((config.timeout_s, config.lock_timeout_s, config.theme.as_deref()), (7, 9, Some("nord")));
    assert_eq!(loaded.warnings, ["WHYSLOW_ASCII=maybe: it can be \"auto\", true or false"]);
}

#[test]
fn what_is_unknown_or_broken_is_told_with_its_line_and_the_rest_counts() {
    for (text, line, part) in [
        ("thme = 1", 1, "thme is not known; there are: theme,"),
        ("timeout = 99999999", 1, "timeout can be seconds"),
        ("\n\ntimeout = \"soon\"", 3, "timeout can be seconds"),
        ("keys = 1", 1, "[keys] is a table"),
        ("[keys]\nfly = \"z\"", 1, "is no command"),
        ("[keys]\nquit = \"hyper-x\"", 1, "is not a key"),
        ("[keys]\nanalyze = \"z\"\nexplain = \"z\"", 1, "analyze keeps it"),
        ("[keys]\nquit = 1", 2, "a key or a list"),
        ("[connections]\na = 1", 2, "a can be a target"),
        ("connection = \"b\"\n[connections]\na = \"service=a\"", 1, "no connection is called b; there are: a"),
        ("a = [", 1, ""),
        ("theme = nord", 1, ""),
    ] {
        let loaded = of(&format!("{text}\n"));
        let found = &loaded.warnings[0];
        assert!(found.starts_with(&format!("config.toml, line {line}: ")) && found.contains(part), "{text}: {found}");
        let rest = Config { connection: None, connections: vec![], keys: vec![], ..loaded.config };
        assert_eq!(rest, Config::default(), "{text}");
    }
    let loaded = of("mouse = true\ntheme = nord\ntimeout = 5\n");
    assert!(loaded.config.mouse && loaded.config.timeout_s == 5, "{loaded:?}");
}

#[test]
fn a_password_is_neither_taken_nor_shown() {
    for target in [
        "postgres://ann:hunter2@db/shop",
        "mysql://ann:hunter2/x@db/shop",
        "postgres://db/shop?password=hunter2",
        "host=db password = 'hunter2'",
        "host=db sslpassword=hunter2",
    ] {
        let loaded = of(&format!("[connections]\nshop = \"{target}\"\nother = \"postgres://ann@db:5432/shop\""));
        assert_eq!(loaded.config.target("shop"), None, "{target}");
        assert_eq!(loaded.config.target("other"), Some("postgres://ann@db:5432/shop"));
        let said = loaded.warnings.join("\n");
        assert!(said.contains("line 2: shop holds a password") && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn keys_are_rebound() {
    let loaded = of("[keys]\nexplain = [\"F9\"]\n\"tree.search\" = \"ctrl-s\"");
    assert_eq!(loaded.warnings, Vec::<String>::new());
    let map = loaded.config.keymap();
    let at = |place, key: &str| map.lookup(&[place], key.parse().unwrap());
    assert_eq!(at(Place::Always, "F9"), Some(Command::Explain));
    assert_eq!(at(Place::Always, "F5"), None);
    assert_eq!(at(Place::Tree, "ctrl-s"), Some(Command::Search));
    assert_eq!(at(Place::Plan, "/"), Some(Command::Search));
}

#[test]
fn colours_wanted_win_over_the_environment() {
    let variable = |name: &str| (name == "NO_COLOR").then(|| "1".to_owned());
    for (color, depth) in [
        (Colours::Auto, Depth::None),
        (Colours::Always, Depth::Ansi),
        (Colours::Never, Depth::None),
        (Colours::Depth(Depth::True), Depth::True),
    ] {
        assert_eq!(Config { color, ..Config::default() }.depth(variable), depth, "{color:?}");
    }
}
