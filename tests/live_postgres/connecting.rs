//! The way in.

use whyslow::server::{ErrorKind, SessionOptions};

use super::{connect, connect_with};
use crate::support::{target, url};

#[tokio::test]
async fn the_session_knows_who_answered_and_how() {
    let session = connect("WHYSLOW_TEST_POSTGRES").await;
    let info = session.info();
    let major = info.version.split('.').next().unwrap();
    assert_eq!(major, (info.version_number / 10_000).to_string());
    assert_eq!((info.database.as_str(), info.user.as_str(), info.embedded), ("shop", "reader", false));
    assert_eq!(info.hypopg, None);
    assert_eq!(info.tls.as_deref(), Some("TLSv1.3"), "prefer takes TLS where it is offered");
    let session = connect("WHYSLOW_TEST_HYPOPG").await;
    assert!(session.info().hypopg.is_some());
    let session = connect("WHYSLOW_TEST_POSTGRES_SOCKET").await;
    assert_eq!(session.info().tls, None);
}

#[tokio::test]
async fn sslmode_protects_as_libpq_does() {
    let plain = url("WHYSLOW_TEST_POSTGRES");
    let elsewhere = plain.replace("127.0.0.1", "127.0.0.2");
    let ca = url("WHYSLOW_TEST_CA");
    for (url, parameters, expected) in [
        (&plain, "sslmode=disable", Ok(None)),
        (&plain, "sslmode=require", Ok(Some("TLSv1.3"))),
        (&plain, "sslmode=require&channel_binding=require", Ok(Some("TLSv1.3"))),
        (&elsewhere, "sslmode=require", Ok(Some("TLSv1.3"))),
        (&elsewhere, &format!("sslmode=require&sslrootcert={ca}"), Ok(Some("TLSv1.3"))),
        (&elsewhere, &format!("sslmode=verify-ca&sslrootcert={ca}"), Ok(Some("TLSv1.3"))),
        (&plain, &format!("sslmode=verify-full&sslrootcert={ca}"), Ok(Some("TLSv1.3"))),
        (&elsewhere, &format!("sslmode=verify-full&sslrootcert={ca}"), Err("not valid for name")),
        (&plain, "sslrootcert=system", Err("UnknownIssuer")),
        (&plain, "sslmode=verify-ca&sslrootcert=/does/not/exist", Err("/does/not/exist")),
        (&plain, "sslmode=disable&channel_binding=require", Err("channel binding")),
    ] {
        let found = connect_with(&target(&format!("{url}?{parameters}")), &SessionOptions::default()).await;
        match (found, expected) {
            (Ok(session), Ok(version)) => assert_eq!(session.info().tls.as_deref(), version, "{parameters}"),
            (Err(error), Err(part)) => {
                assert_eq!(error.kind, ErrorKind::Unreachable, "{parameters}: {error}");
                assert!(error.to_string().contains(part), "{parameters}: {error}");
                assert!(error.next.is_some(), "{parameters}: {error}");
            }
            (found, _) => panic!("{parameters}: {found:?}"),
        }
    }
    let tls_only = plain.replace("//reader:", "//tls_only:");
    assert!(connect_with(&target(&tls_only), &SessionOptions::default()).await.is_ok());
    let error = connect_with(&target(&format!("{tls_only}?sslmode=disable")), &SessionOptions::default()).await;
    let error = error.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Authentication, Some("28000")), "{error}");
    assert!(!error.asks_for_password());
}

#[tokio::test]
async fn what_stands_in_the_way_of_connecting_is_told_in_one_message() {
    let right = target(&url("WHYSLOW_TEST_POSTGRES"));
    let port = right.port;
    for (url, kind, code, asks) in [
        (format!("postgres://reader:wr0ng@127.0.0.1:{port}/shop"), ErrorKind::Authentication, Some("28P01"), true),
        (format!("postgres://reader@127.0.0.1:{port}/shop"), ErrorKind::Authentication, None, true),
        (format!("postgres://nobody:wr0ng@127.0.0.1:{port}/shop"), ErrorKind::Authentication, Some("28P01"), true),
        ("postgres://reader:wr0ng@127.0.0.1:1/shop".to_owned(), ErrorKind::Unreachable, None, false),
        ("postgres://reader:wr0ng@no.such.host.invalid/shop".to_owned(), ErrorKind::Unreachable, None, false),
        ("postgres://reader:wr0ng@%2Fno%2Fsuch/shop".to_owned(), ErrorKind::Unreachable, None, false),
    ] {
        let error = connect_with(&target(&url), &SessionOptions::default()).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (kind, code), "{url}: {error}");
        assert_eq!(error.asks_for_password(), asks, "{url}: {error}");
        let text = format!("{error} {error:?}");
        assert!(!text.contains("wr0ng"), "{text}");
        assert!(error.next.is_some() && text.contains("connecting to postgres://"), "{text}");
    }
    let mut nowhere = right;
    nowhere.database = Some("no such database".to_owned());
    let error = connect_with(&nowhere, &SessionOptions::default()).await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("3D000"), "{error}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_in_time() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let text = format!("postgres://a@127.0.0.1:{port}/d?connect_timeout=1");
    let error = connect_with(&target(&text), &SessionOptions::default()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
    assert!(error.message.contains("1 s"), "{error}");
}
