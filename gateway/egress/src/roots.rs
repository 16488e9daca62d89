//! Whom we believe, and who we are: TLS settings of an egress.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// The public authorities, those of `ca_pem`, and the certificate and key of `client_pem` to show when asked.
///
/// # Errors
/// A sentence about the PEM that cannot be used.
pub fn client_config(ca_pem: Option<&str>, client_pem: Option<&[u8]>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(pem) = ca_pem {
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate =
                certificate.map_err(|error| format!("its extra authorities are not PEM: {error}"))?;
            roots
                .add(certificate)
                .map_err(|error| format!("one of its extra authorities is not usable: {error}"))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots);
    let Some(pem) = client_pem else { return Ok(builder.with_no_client_auth()) };
    let wrong = |error: &dyn std::fmt::Display| format!("its client certificate cannot be used: {error}");
    let chain =
        CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(|error| wrong(&error))?;
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|error| wrong(&error))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| wrong(&error))
}
