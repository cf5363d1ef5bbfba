//! Targets in libpq's spelling.

use std::{fs, path::PathBuf};

use secrecy::ExposeSecret;

use super::ChannelBinding;
use crate::server::{Environment, Target, TargetError, target::TlsMode};

fn environment(pairs: &[(&str, &str)]) -> Environment {
    Environment {
        variables: pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        home: None,
        user: Some("me".to_owned()),
    }
}

fn resolve(text: &str) -> Result<Target, TargetError> {
    Target::resolve(Some(text), &environment(&[]))
}

/// A directory of its own, removed when dropped.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("whyslow-target-{name}-{}", std::process::id()));
        fs::create_dir_all(path.join(".postgresql")).unwrap();
        Self(path)
    }

    fn environment(&self, pairs: &[(&str, &str)]) -> Environment {
        Environment { home: Some(self.0.clone()), ..environment(pairs) }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn urls_and_keyword_strings_name_the_same_server() {
    for (text, shown) in [
        ("postgres://ann:x@db:6000/shop", "postgres://ann@db:6000/shop"),
        ("postgresql://ann@db/shop?port=6001", "postgres://ann@db:6001/shop"),
        ("host=db user=ann dbname=shop", "postgres://ann@db:5432/shop"),
        ("postgres://db", "postgres://me@db:5432/me"),
        ("postgres://ann@[::1]/shop", "postgres://ann@[::1]:5432/shop"),
        ("postgres://ann@%2Frun%2Fmine/shop", "postgres://ann@/shop?socket=/run/mine"),
        ("postgres:///shop?host=/run/mine&user=ann", "postgres://ann@/shop?socket=/run/mine"),
        ("host=/run/mine user=ann", "postgres://ann@/ann?socket=/run/mine"),
        ("hostaddr=10.0.0.1 host=db", "postgres://me@db:5432/me"),
    ] {
        assert_eq!(resolve(text).unwrap().to_string(), shown, "{text}");
    }
}

#[test]
fn without_a_host_a_socket_directory_is_taken() {
    let target = resolve("dbname=shop").unwrap();
    assert!(target.socket.is_some() && target.host.is_empty());
}

#[test]
fn the_environment_fills_what_the_text_leaves_out() {
    let environment = environment(&[
        ("PGHOST", "other"),
        ("PGPORT", "6000"),
        ("PGPASSWORD", "secret"),
        ("PGAPPNAME", "mine"),
        ("PGSSLMODE", "disable"),
        ("PGCONNECT_TIMEOUT", "3"),
    ]);
    let target = Target::resolve(Some("postgres://ann@db/shop"), &environment).unwrap();
    assert_eq!(target.to_string(), "postgres://ann@db:6000/shop");
    assert_eq!(target.password.unwrap().expose_secret(), "secret");
    assert_eq!((target.application_name.as_str(), target.tls, target.connect_timeout_s), ("mine", TlsMode::Disable, 3));
}

#[test]
fn sslmode_means_what_libpq_means() {
    for (text, mode) in [
        ("host=h", TlsMode::Prefer),
        ("host=h sslmode=disable", TlsMode::Disable),
        ("host=h sslmode=require", TlsMode::Require),
        ("host=h sslmode=verify-ca sslrootcert=/ca.pem", TlsMode::VerifyCa),
        ("host=h sslmode=verify-full sslrootcert=system", TlsMode::VerifyFull),
        ("host=h sslrootcert=system", TlsMode::VerifyFull),
        ("postgres://h/d?ssl=true", TlsMode::Require),
    ] {
        assert_eq!(resolve(text).unwrap().tls, mode, "{text}");
    }
    let home = Home::new("ssl");
    let root = home.0.join(".postgresql/root.crt");
    let with_home = |text: &str| Target::resolve(Some(text), &home.environment(&[])).unwrap().root_certificate;
    assert_eq!(with_home("host=h sslmode=require"), None, "no file, nothing to verify with");
    assert_eq!(with_home("host=h sslmode=verify-ca"), Some(root.clone()), "libpq then says that the file is missing");
    fs::write(&root, "").unwrap();
    assert_eq!(with_home("host=h sslmode=require"), Some(root), "libpq then verifies the authority");
    assert_eq!(with_home("host=h sslrootcert=system"), None);
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    for text in [
        "host=h sslmode=allow",
        "host=h gssencmode=require",
        "host=h target_session_attrs=read-write",
        "host=h require_auth=scram-sha-256",
        "host=h sslcrl=/x",
        "host=h sslnegotiation=direct",
        "host=h sslpassword=s3cret",
        "host=h ssl_min_protocol_version=TLSv1.3",
        "host=a,b",
        "host=@abstract",
        "postgres://a,b/d",
    ] {
        let error = resolve(text).unwrap_err();
        assert!(matches!(error, TargetError::Unsupported { .. }), "{text}: {error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    for text in [
        "host=h nonsense=1",
        "host=h sslmode=sometimes",
        "host=h port=x",
        "host=h sslmode=verify-full",
        "host=h sslmode=require sslrootcert=system",
        "host=h channel_binding=maybe",
        "host=h connect_timeout=soon",
        "hostaddr=name",
        "postgres://h/d?pgbouncer=true",
    ] {
        let error = resolve(text).unwrap_err();
        assert!(matches!(error, TargetError::Malformed { .. }), "{text}: {error}");
    }
}

#[test]
fn harmless_options_are_taken() {
    let target = resolve(
        "host=h channel_binding=require gssencmode=prefer keepalives=1 options='-c geqo=off' client_encoding=UTF8 \
         connect_timeout=-1 hostaddr=::1 sslcert=/c sslkey=/k load_balance_hosts=disable",
    )
    .unwrap();
    assert_eq!(target.postgres.channel_binding, ChannelBinding::Require);
    assert_eq!(target.postgres.options.as_deref(), Some("-c geqo=off"));
    assert_eq!(target.postgres.client_certificate, Some((PathBuf::from("/c"), PathBuf::from("/k"))));
    assert_eq!(target.connect_timeout_s, 0);
}

#[cfg(unix)]
#[test]
fn the_password_file_is_used_when_only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;

    let home = Home::new("pgpass");
    let file = home.0.join(".pgpass");
    fs::write(&file, "db:5432:shop:ann:from-file\nlocalhost:*:*:*:socket\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let password = |text: &str| {
        let target = Target::resolve(Some(text), &home.environment(&[])).unwrap();
        (target.password.map(|p| p.expose_secret().to_owned()), target.warnings)
    };
    assert_eq!(password("postgres://ann@db/shop").0.as_deref(), Some("from-file"));
    assert_eq!(password("postgres://bob@db/shop").0, None);
    assert_eq!(password("postgres://ann:mine@db/shop").0.as_deref(), Some("mine"));
    assert_eq!(password("host=/tmp").0.as_deref(), Some("socket"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let (found, warnings) = password("postgres://ann@db/shop");
    assert_eq!(found, None);
    assert!(warnings[0].contains("group or world access"), "{warnings:?}");
}

#[test]
fn a_service_comes_before_the_environment_and_after_the_text() {
    let home = Home::new("service");
    fs::write(home.0.join(".pg_service.conf"), "[shop]\nhost=db\nport=6000\nuser=svc\n").unwrap();
    let environment = home.environment(&[("PGPORT", "7000"), ("PGDATABASE", "env")]);
    let target = Target::resolve(Some("service=shop user=ann"), &environment).unwrap();
    assert_eq!(target.to_string(), "postgres://ann@db:6000/env");
    let error = Target::resolve(Some("service=none"), &environment).unwrap_err().to_string();
    assert!(error.contains("no such service"), "{error}");
}
