//! TLS by rustls, with sslmode meaning what libpq means (manual, "SSL Support", "Client Verification of Server
//! Certificates").
//!
//! | sslmode | signed by a trusted root | made out for the host |
//! |---|---|---|
//! | prefer | not asked | not asked |
//! | require | if a root certificate is given | not asked |
//! | verify-ca | yes | not asked |
//! | verify-full | yes | yes |
//!
//! Unlike OpenSSL, rustls reads host names from `subjectAltName` alone and never from the common name.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};

use super::{ErrorKind, ServerError, Target, target::TlsMode};

/// The protocol version a handshake came to, told by the verifier: 0 none, else 12 or 13.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen(Arc<AtomicU8>);

impl Seen {
    /// `TLSv1.3`, as PostgreSQL spells it; none without a handshake.
    pub(super) fn version(&self) -> Option<String> {
        match self.0.load(Ordering::Relaxed) {
            12 => Some("TLSv1.2".to_owned()),
            13 => Some("TLSv1.3".to_owned()),
            _ => None,
        }
    }
}

/// What is asked of a server's certificate.
#[derive(Debug)]
struct Verifier {
    /// None: any certificate will do.
    roots: Option<Roots>,
    name: bool,
    provider: Arc<CryptoProvider>,
    seen: Seen,
}

#[derive(Debug)]
struct Roots {
    store: RootCertStore,
    /// The same certificates as they stand in the file: a self-signed server certificate may be its own root.
    certificates: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(roots) = &self.roots else {
            return Ok(ServerCertVerified::assertion());
        };
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        match verify_server_cert_signed_by_trust_anchor(&certificate, &roots.store, intermediates, now, algorithms) {
            Ok(()) => {}
            // webpki takes no authority's certificate for a server, OpenSSL does when the file holds that very one. The
            // dates were checked before; they have errors of their own.
            Err(Error::InvalidCertificate(CertificateError::Other(_))) if roots.certificates.contains(end_entity) => {}
            Err(error) => return Err(error),
        }
        if self.name {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.seen.0.store(12, Ordering::Relaxed);
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.seen.0.store(13, Ordering::Relaxed);
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The configuration for a target, and where the handshake's outcome will stand.
///
/// # Errors
/// [`ErrorKind::Unreachable`] when a certificate or key file cannot be used.
pub(super) fn configuration(target: &Target) -> Result<(ClientConfig, Seen), ServerError> {
    let attempted = format!("preparing TLS for {target}");
    let unusable = |problem: String| ServerError::new(ErrorKind::Unreachable, attempted.clone(), problem);
    let roots = match (target.tls, &target.root_certificate) {
        (TlsMode::Disable | TlsMode::Prefer, _) | (TlsMode::Require, None) => None,
        (_, Some(path)) => Some(from_file(path).map_err(|problem| {
            unusable(problem).next("give the authority's certificate by sslrootcert=FILE, or sslrootcert=system")
        })?),
        (_, None) => Some(from_system().map_err(&unusable)?),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let seen = Seen::default();
    let verifier = Verifier {
        roots,
        name: target.tls == TlsMode::VerifyFull,
        provider: Arc::clone(&provider),
        seen: seen.clone(),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| unusable(e.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let configuration = match &target.postgres.client_certificate {
        Some((certificate, key)) if target.tls != TlsMode::Disable => {
            let chain = certificates(certificate).map_err(&unusable)?;
            let secret = private_key(key).map_err(&unusable)?;
            builder
                .with_client_auth_cert(chain, secret)
                .map_err(|e| unusable(format!("client certificate {}: {e}", certificate.display())))?
        }
        _ => builder.with_no_client_auth(),
    };
    Ok((configuration, seen))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = |e: rustls::pki_types::pem::Error| format!("certificate file {}: {e}", path.display());
    let found = CertificateDer::pem_file_iter(path).map_err(read)?.collect::<Result<Vec<_>, _>>().map_err(read)?;
    if found.is_empty() {
        return Err(format!("certificate file {} holds no certificate", path.display()));
    }
    Ok(found)
}

/// A client key; like libpq, only one that others cannot read (or that root lends to a group).
fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let metadata = std::fs::metadata(path).map_err(|e| format!("private key file {}: {e}", path.display()))?;
        let allowed = if metadata.uid() == 0 { 0o740 } else { 0o700 };
        if metadata.mode() & 0o777 & !allowed != 0 {
            return Err(format!("private key file {} can be read by others; chmod 600 it", path.display()));
        }
    }
    PrivateKeyDer::from_pem_file(path)
        .map_err(|e| format!("private key file {}: {e} (encrypted keys are not supported)", path.display()))
}

fn from_file(path: &Path) -> Result<Roots, String> {
    let certificates = certificates(path).map_err(|e| format!("root {e}"))?;
    let mut store = RootCertStore::empty();
    for certificate in &certificates {
        store.add(certificate.clone()).map_err(|e| format!("root certificate file {}: {e}", path.display()))?;
    }
    Ok(Roots { store, certificates })
}

fn from_system() -> Result<Roots, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    // A system's store may hold certificates that rustls cannot read; it takes the others.
    store.add_parsable_certificates(found.certs.iter().cloned());
    if store.is_empty() {
        return Err("the system has no root certificates; give a file by sslrootcert=FILE".to_owned());
    }
    Ok(Roots { store, certificates: found.certs })
}
