//! TLS as svar speaks it: rustls with ring, 1.2 or newer, certificates always verified.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Why no TLS configuration could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read the certificates in {path}: {reason}")]
    CaFile { path: PathBuf, reason: String },
    #[error("there is no certificate in {0}")]
    CaFileEmpty(PathBuf),
    #[error("this machine has no root certificates (install ca-certificates, or set ca_file): {0}")]
    NoRoots(String),
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// The machine's root certificates, read once; an unreadable one among them is left out.
fn native_roots() -> Result<&'static RootCertStore, TlsError> {
    static ROOTS: OnceLock<Result<RootCertStore, String>> = OnceLock::new();
    ROOTS
        .get_or_init(|| {
            let found = rustls_native_certs::load_native_certs();
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(found.certs);
            if store.is_empty() {
                let reasons: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
                return Err(if reasons.is_empty() { "none found".to_owned() } else { reasons.join("; ") });
            }
            Ok(store)
        })
        .as_ref()
        .map_err(|reason| TlsError::NoRoots(reason.clone()))
}

/// The certificates that [`client_config`] believes, for a library that makes a configuration of its own. Blocks on files.
pub(super) fn certificates(ca_file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut certificates = found.certs;
    if let Some(path) = ca_file {
        // Judged as for any other connection; its faults are said there.
        roots_of(path)?;
        let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        certificates.extend(read.map_err(|e| TlsError::CaFile { path: path.to_owned(), reason: e.to_string() })?);
    }
    if certificates.is_empty() {
        let reasons: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        return Err(TlsError::NoRoots(if reasons.is_empty() { "none found".to_owned() } else { reasons.join("; ") }));
    }
    Ok(certificates)
}

fn with_roots(roots: RootCertStore) -> Result<Arc<ClientConfig>, TlsError> {
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| TlsError::Setup(e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// A client configuration that believes the machine's roots and those in `ca_file` (PEM), which is read anew at each
/// call. Blocks on files.
pub fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    // Kept, so that connections to the same server resume their TLS session.
    static PUBLIC: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(path) = ca_file {
        return with_roots(roots_of(path)?);
    }
    if let Some(config) = PUBLIC.get() {
        return Ok(config.clone());
    }
    let config = with_roots(native_roots()?.clone())?;
    Ok(PUBLIC.get_or_init(|| config).clone())
}

/// What judges a server's certificate, by the same roots as [`client_config`]. Blocks on files.
pub(super) fn verifier(ca_file: Option<&Path>) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
    let roots = match ca_file {
        Some(path) => roots_of(path)?,
        None => native_roots()?.clone(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|e| TlsError::Setup(e.to_string()))
}

fn roots_of(path: &Path) -> Result<RootCertStore, TlsError> {
    // With a file of one's own, a machine without public roots will do.
    let mut roots = native_roots().cloned().unwrap_or_else(|_| RootCertStore::empty());
    let unreadable = |reason: String| TlsError::CaFile { path: path.to_owned(), reason };
    let mut found = false;
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| unreadable(e.to_string()))? {
        let certificate = certificate.map_err(|e| unreadable(e.to_string()))?;
        roots.add(certificate).map_err(|e| unreadable(e.to_string()))?;
        found = true;
    }
    if !found {
        return Err(TlsError::CaFileEmpty(path.to_owned()));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_must_hold_a_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let check = |content: Option<&str>, expect: &str| {
            let path = dir.path().join("ca.pem");
            match content {
                Some(text) => std::fs::write(&path, text).unwrap(),
                None => drop(std::fs::remove_file(&path)),
            }
            let error = client_config(Some(&path)).unwrap_err().to_string();
            assert!(error.contains(expect), "{content:?}: {error}");
        };
        check(None, "cannot read");
        check(Some(""), "no certificate");
        check(Some("hello\n"), "no certificate");
        check(Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "cannot read");
        check(Some("-----BEGIN CERTIFICATE-----\nAAAA"), "cannot read");
    }
}
