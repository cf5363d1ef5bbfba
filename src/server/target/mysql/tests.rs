use std::{fs, path::PathBuf};

use secrecy::ExposeSecret;

use super::{Environment, Target, TargetError, TlsMode};
use crate::plan::Engine;

/// A home folder with an option file, taken away at the end.
struct Home(PathBuf);

impl Home {
    fn new(name: &str, my_cnf: &str) -> Self {
        let path = std::env::temp_dir().join(format!("whyslow-home-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join(".my.cnf"), my_cnf).unwrap();
        Self(path)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn environment(pairs: &[(&str, &str)], home: Option<&Home>) -> Environment {
    Environment {
        variables: pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        home: home.map(|h| h.0.clone()),
        user: Some("me".to_owned()),
    }
}

fn resolve(text: &str) -> Result<Target, TargetError> {
    Target::resolve(Some(text), &environment(&[], None))
}

fn password(target: &Target) -> Option<&str> {
    target.password.as_ref().map(ExposeSecret::expose_secret)
}

#[test]
fn urls_name_host_port_user_password_and_database() {
    let target = resolve("mysql://ann:p%40ss%3Aw%2F%25@db.example:3307/shop").unwrap();
    assert_eq!((target.engine, target.host.as_str(), target.port), (Engine::MySql, "db.example", 3307));
    assert_eq!((target.user.as_str(), password(&target)), ("ann", Some("p@ss:w/%")));
    assert_eq!((target.database.as_deref(), target.socket, target.tls), (Some("shop"), None, TlsMode::Prefer));
    let target = resolve("mariadb://[::1]").unwrap();
    assert_eq!((target.engine, target.host.as_str(), target.port), (Engine::MariaDb, "::1", 3306));
    assert_eq!((target.user.as_str(), password(&target), target.database.as_deref()), ("me", None, None));
}

#[test]
fn localhost_is_the_socket_and_a_port_in_the_url_or_an_address_is_tcp() {
    for (text, socket) in [
        ("mysql://localhost/d?socket=/run/x.sock", Some("/run/x.sock")),
        ("mysql:///d?socket=/run/x.sock", Some("/run/x.sock")),
        ("mysql://127.0.0.1/d", None),
        ("mysql://localhost:3306/d", None),
    ] {
        assert_eq!(resolve(text).unwrap().socket, socket.map(PathBuf::from), "{text}");
    }
    let target = resolve("mysql://localhost/d").unwrap();
    assert!(target.socket.is_some_and(|s| s.to_string_lossy().ends_with(".sock")));
    let socket = environment(&[("MYSQL_UNIX_PORT", "/run/y.sock")], None);
    let target = Target::resolve(Some("mysql://localhost/d"), &socket).unwrap();
    assert_eq!(target.socket, Some(PathBuf::from("/run/y.sock")));
}

#[test]
fn tls_modes_are_read_in_both_spellings() {
    for (query, mode) in [
        ("ssl-mode=DISABLED", TlsMode::Disable),
        ("ssl_mode=preferred", TlsMode::Prefer),
        ("sslmode=require", TlsMode::Require),
        ("ssl-mode=VERIFY_CA", TlsMode::VerifyCa),
        ("ssl-mode=VERIFY_IDENTITY&ssl-ca=/ca.pem", TlsMode::VerifyFull),
        ("sslmode=verify-full", TlsMode::VerifyFull),
        ("ssl-ca=/ca.pem", TlsMode::VerifyCa),
    ] {
        let target = resolve(&format!("mysql://ann@h/d?{query}")).unwrap();
        assert_eq!(target.tls, mode, "{query}");
        assert_eq!(target.root_certificate.is_some(), query.contains("ca.pem"), "{query}");
    }
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    for (text, name) in [
        ("mysql://ann:s3cret@h/d?compress=zlib", "compress=zlib"),
        ("mysql://ann:s3cret@h/d?sslmode=allow", "sslmode=allow"),
        ("mysql://ann:s3cret@h/d?ssl-key=/k", "ssl-key=/k"),
        ("mysql://ann:s3cret@localhost/d?ssl-mode=REQUIRED", "TLS over a Unix socket"),
        ("mysql://ann:s3cret@h/d?login-path=prod", "login-path=prod"),
    ] {
        let message = resolve(text).unwrap_err().to_string();
        assert!(message.starts_with(name), "{message}");
        assert!(!message.contains("s3cret"), "{message}");
    }
    let message = resolve("mysql://ann@h/d?connect-timeout=soon").unwrap_err().to_string();
    assert!(message.contains("connect-timeout is not seconds"), "{message}");
}

#[test]
fn the_url_wins_over_files_and_files_win_over_the_environment() {
    let home = Home::new(
        "order",
        "[client]\nuser=filed\npassword=\"from file\"\nhost=filehost\nport=3310\n[mysql]\ndatabase=fd\n",
    );
    let variables = [("MYSQL_HOST", "envhost"), ("MYSQL_TCP_PORT", "3399"), ("MYSQL_PWD", "from env")];
    let target = Target::resolve(None, &environment(&variables, Some(&home))).unwrap();
    assert_eq!((target.host.as_str(), target.port, target.user.as_str()), ("filehost", 3310, "filed"));
    assert_eq!((password(&target), target.database.as_deref()), (Some("from file"), Some("fd")));
    let target = Target::resolve(Some("mysql://ann@h2/d2"), &environment(&variables, Some(&home))).unwrap();
    assert_eq!((target.host.as_str(), target.port, target.user.as_str()), ("h2", 3310, "ann"));
    assert_eq!((password(&target), target.database.as_deref()), (Some("from file"), Some("d2")));
    let target = Target::resolve(None, &environment(&variables, None)).unwrap();
    assert_eq!((target.host.as_str(), target.port, password(&target)), ("envhost", 3399, Some("from env")));
    assert!(!format!("{target:?} {target}").contains("from env"));
}

#[test]
fn option_files_speak_of_tls_in_both_dialects() {
    for (line, mode) in [
        ("ssl-mode=VERIFY_CA", TlsMode::VerifyCa),
        ("ssl", TlsMode::Require),
        ("skip-ssl", TlsMode::Disable),
        ("ssl=0", TlsMode::Disable),
        ("ssl-verify-server-cert", TlsMode::VerifyFull),
        ("ssl_ca=/ca.pem", TlsMode::VerifyCa),
    ] {
        let home = Home::new("tls", &format!("[client-mariadb]\nhost=h\n{line}\n"));
        let target = Target::resolve(None, &environment(&[], Some(&home))).unwrap();
        assert_eq!(target.tls, mode, "{line}");
    }
    let home = Home::new("key", "[client]\nhost=h\nssl-key=/k.pem\n");
    let message = Target::resolve(None, &environment(&[], Some(&home))).unwrap_err().to_string();
    assert!(message.starts_with("ssl-key=/k.pem"), "{message}");
}

#[test]
fn a_login_path_file_is_refused_by_name_and_not_read() {
    let home = Home::new("login", "[mysqld]\nport=1\n");
    fs::write(home.0.join(".mylogin.cnf"), b"\0\0\0\0secret").unwrap();
    let message = Target::resolve(None, &environment(&[], Some(&home))).unwrap_err().to_string();
    assert!(message.contains(".mylogin.cnf is not supported"), "{message}");
    let target = Target::resolve(Some("mysql://ann@h/d"), &environment(&[], Some(&home))).unwrap();
    assert!(target.warnings[0].contains(".mylogin.cnf"), "{:?}", target.warnings);
    let target = Target::resolve(Some("mysql://ann:pw@h/d"), &environment(&[], Some(&home))).unwrap();
    assert!(target.warnings.is_empty(), "{:?}", target.warnings);
}
