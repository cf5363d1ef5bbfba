//! The pictures of `screenshots/`, made from the real screen. They fail the test when they no longer show it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use whyslow::{
    app::{Message, Setup},
    theme::{Depth, Theme, UNICODE},
    whatif::Progress,
};

use super::{Harness, answers, png::Picture, svg::svg};

fn check(name: &str, screen: &Harness) {
    let (buffer, cursor) = screen.buffer();
    let picture = svg(&buffer, cursor, &screen.theme);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots").join(format!("{name}.svg"));
    if std::env::var_os("WHYSLOW_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &picture).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == picture, "{} is not what the screen shows; renew it with WHYSLOW_BLESS=1", path.display());
    check_png(&path.with_extension("png"), &Picture::of(&buffer, cursor, &screen.theme));
}

/// Pixels are compared and not files: another deflate may pack the same picture otherwise.
fn check_png(path: &Path, picture: &Picture) {
    const LARGEST: usize = 150_000;
    if std::env::var_os("WHYSLOW_BLESS").is_some() {
        fs::write(path, picture.encode()).unwrap();
    }
    let file = fs::read(path).unwrap_or_default();
    assert!(
        Picture::decode(&file).is_some_and(|committed| committed == *picture),
        "{} is not what the screen shows; renew it with WHYSLOW_BLESS=1",
        path.display()
    );
    assert!(file.len() < LARGEST, "{} has {} bytes", path.display(), file.len());
}

fn query(name: &str) -> String {
    answers::fixture(name).trim().to_owned()
}

#[test]
fn the_pictures_show_the_screen_as_it_is() {
    let samples = || Setup { connect: true, place: "demo".into(), samples: answers::samples(), ..Setup::default() };
    check("start", &Harness::new(samples()).size(100, 28));
    check("query", &Harness::connected(&query("top-products.sql")).size(100, 28).keys("<ctrl-end>"));
    check("plan", &Harness::connected(&query("open-orders.sql")).size(120, 36).keys("<F6>"));
    check("plan-80x24", &Harness::connected(&query("top-products.sql")).keys("<F6>"));
    check("plan-200x60", &Harness::connected(&query("top-products.sql")).size(200, 60).keys("<F6>"));
    let mut trying = Harness::connected(&query("open-orders.sql")).size(100, 28).keys("<F5>").hold().keys("x");
    let progress = Progress { done: 3, total: 8, doing: "orders (status, created) by hypopg".into() };
    trying.send(Message::Progress { generation: 2, progress });
    check("trying", &trying.wait(Duration::from_millis(1_430)));
    check(
        "indexes",
        &Harness::connected(&query("open-orders.sql")).size(120, 36).keys("<F7>").wait(Duration::from_secs(5)),
    );
    check(
        "compare",
        &Harness::connected(&query("open-orders.sql")).size(150, 40).keys("<F7><ret>").wait(Duration::from_secs(5)),
    );
    check(
        "compare-80x24",
        &Harness::connected(&query("open-orders.sql")).keys("<F7><ret>").wait(Duration::from_secs(5)),
    );
    let light = Theme::built_in(false, Depth::True, &UNICODE);
    check("plan-light", &Harness::connected(&query("open-orders.sql")).size(120, 36).theme(light).keys("<F6>"));
    check("help", &Harness::connected(&query("open-orders.sql")).size(120, 36).keys("<F6>?"));
}

/// For eyes: with `WHYSLOW_PICTURES` naming a folder, every view at every size as a picture.
#[test]
fn every_view_is_a_picture_where_a_folder_is_named() {
    let Some(folder) = std::env::var_os("WHYSLOW_PICTURES").map(PathBuf::from) else { return };
    fs::create_dir_all(&folder).unwrap();
    for (width, height) in super::layout::SIZES {
        for (view, keys) in super::layout::VIEWS {
            let screen = Harness::connected(&query("open-orders.sql")).size(width, height).keys(keys);
            let (buffer, cursor) = screen.buffer();
            let picture = Picture::of(&buffer, cursor, &screen.theme);
            fs::write(folder.join(format!("{view}-{width}x{height}.png")), picture.encode()).unwrap();
        }
    }
}
