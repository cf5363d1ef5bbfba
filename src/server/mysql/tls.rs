//! How a target becomes the client library's options, TLS first of all.
//!
//! | ssl-mode | signed by a trusted root | made out for the host |
//! |---|---|---|
//! | PREFERRED (only if the server offers TLS), REQUIRED | not asked | not asked |
//! | REQUIRED with ssl-ca, `VERIFY_CA`, `VERIFY_IDENTITY` | yes | yes |
//!
//! The library cannot check the signature without the name (its switch for that compares a text that rustls no longer
//! writes), so `VERIFY_CA` is stricter here than its name: it never lets through what it should not.

use mysql_async::{Opts, OptsBuilder, SslOpts};
use rustls::RootCertStore;
use secrecy::ExposeSecret;

use crate::server::{ErrorKind, ServerError, Target, target::TlsMode};

/// The library's options for a target. `encrypted` asks for TLS as the target's mode has it.
pub(super) fn options(target: &Target, encrypted: bool, attempted: &str) -> Result<Opts, ServerError> {
    let ssl = if encrypted && target.socket.is_none() { Some(ssl_options(target, attempted)?) } else { None };
    let socket = target.socket.as_ref().map(|path| path.to_string_lossy().into_owned());
    Ok(OptsBuilder::default()
        .ip_or_hostname(target.host.clone())
        .tcp_port(target.port)
        .socket(socket)
        // The library would otherwise reconnect to whatever socket the server names.
        .prefer_socket(false)
        .user(Some(target.user.clone()))
        .pass(target.password.as_ref().map(|p| p.expose_secret().to_owned()))
        .db_name(target.database.clone())
        .connect_attribute("program_name", target.application_name.clone())
        .stmt_cache_size(32)
        .ssl_opts(ssl)
        .into())
}

/// Whether the mode checks certificates.
pub(super) fn verifies(target: &Target) -> bool {
    match target.tls {
        TlsMode::Disable | TlsMode::Prefer => false,
        TlsMode::Require => target.root_certificate.is_some(),
        TlsMode::VerifyCa | TlsMode::VerifyFull => true,
    }
}

fn ssl_options(target: &Target, attempted: &str) -> Result<SslOpts, ServerError> {
    if !verifies(target) {
        return Ok(SslOpts::default().with_danger_accept_invalid_certs(true));
    }
    let roots = match &target.root_certificate {
        Some(path) => {
            let bytes = std::fs::read(path).map_err(|e| {
                ServerError::new(ErrorKind::Unreachable, attempted, format!("ssl-ca={}: {e}", path.display()))
                    .next("give a readable file of certificates in PEM")
            })?;
            vec![bytes]
        }
        None => system_roots(attempted)?,
    };
    Ok(SslOpts::default()
        .with_root_certs(roots.into_iter().map(Into::into).collect())
        .with_disable_built_in_roots(true))
}

/// The system's roots that rustls can use; the library refuses all if one cannot be read.
fn system_roots(attempted: &str) -> Result<Vec<Vec<u8>>, ServerError> {
    let found = rustls_native_certs::load_native_certs().certs;
    let roots: Vec<_> = found
        .into_iter()
        .filter(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok())
        .map(|certificate| certificate.to_vec())
        .collect();
    if roots.is_empty() {
        return Err(ServerError::new(
            ErrorKind::Unreachable,
            attempted,
            "this system has no trusted root certificates",
        )
        .next("give the file that signs the server's certificate with ssl-ca=/path"));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::{options, verifies};
    use crate::server::{Environment, Target};

    fn target(text: &str) -> Target {
        Target::resolve(Some(text), &Environment::default()).unwrap()
    }

    #[test]
    fn certificates_are_checked_where_the_mode_says_so() {
        for (query, checked) in [
            ("ssl-mode=PREFERRED", false),
            ("ssl-mode=REQUIRED", false),
            ("ssl-mode=REQUIRED&ssl-ca=/ca.pem", true),
            ("ssl-mode=VERIFY_CA", true),
            ("ssl-mode=VERIFY_IDENTITY", true),
        ] {
            assert_eq!(verifies(&target(&format!("mysql://ann@h/d?{query}"))), checked, "{query}");
        }
        let open = options(&target("mysql://ann@h/d?ssl-mode=REQUIRED"), true, "x").unwrap();
        assert!(open.ssl_opts().unwrap().accept_invalid_certs());
        let error = options(&target("mysql://ann@h/d?ssl-ca=/nowhere/ca.pem"), true, "x").unwrap_err();
        assert!(error.message.contains("/nowhere/ca.pem"), "{error}");
    }

    #[test]
    fn a_checked_connection_trusts_no_built_in_roots_and_no_invalid_certificate() {
        let file = std::env::temp_dir().join(format!("whyslow-ca-{}.pem", std::process::id()));
        std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n").unwrap();
        let text = format!("mysql://ann@h/d?ssl-mode=VERIFY_CA&ssl-ca={}", file.display());
        let checked = options(&target(&text), true, "x").unwrap();
        std::fs::remove_file(&file).unwrap();
        let ssl = checked.ssl_opts().unwrap();
        assert!(ssl.disable_built_in_roots() && !ssl.accept_invalid_certs() && !ssl.skip_domain_validation());
        assert_eq!(ssl.root_certs().len(), 1);
        assert!(!checked.prefer_socket());
    }

    #[test]
    fn a_socket_is_never_encrypted() {
        let opts = options(&target("mysql://ann@localhost/d?socket=/s"), true, "x").unwrap();
        assert!(opts.ssl_opts().is_none());
        assert_eq!(opts.socket(), Some("/s"));
    }
}
