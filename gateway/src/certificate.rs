//! A server's own certificate, read from files and read again when they change: the next connection gets the new one,
//! open ones stay as they are. A new file that cannot be used leaves the old certificate in force and says so.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;

/// What a file looked like when it was read: another time or length means another content.
type Stamp = [Option<(SystemTime, u64)>; 2];

/// The certificate in force, and the files it comes from.
#[derive(Debug)]
pub struct Certificate {
    files: TlsFiles,
    in_force: ArcSwap<CertifiedKey>,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    stamp: Stamp,
    /// Why the files as they are now cannot be used.
    refused: Option<String>,
}

impl Certificate {
    /// Reads both files; the error is a sentence that names the one that cannot be used.
    pub fn load(files: &TlsFiles) -> Result<Arc<Self>, String> {
        let stamp = stamp(files);
        let in_force = ArcSwap::from_pointee(read(files)?);
        Ok(Arc::new(Self { files: files.clone(), in_force, seen: Mutex::new(Seen { stamp, refused: None }) }))
    }

    /// TLS settings of a listener that shows this certificate and speaks these protocols (`h2`, `http/1.1`).
    pub fn server_config(self: &Arc<Self>, protocols: &[&str]) -> Result<Arc<ServerConfig>, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let resolver: Arc<dyn ResolvesServerCert> = self.clone();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Arc::new(config))
    }

    /// Why the files as they are now cannot be used; `None` when the certificate in force is theirs.
    #[must_use]
    pub fn refused(&self) -> Option<String> {
        self.look_again();
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).refused.clone()
    }

    /// Reads the files again if they changed. Two questions to the file system; a handshake costs far more.
    fn look_again(&self) {
        let now = stamp(&self.files);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.stamp == now {
            return;
        }
        seen.stamp = now;
        match read(&self.files) {
            Ok(key) => {
                self.in_force.store(Arc::new(key));
                seen.refused = None;
                tracing::info!(path = %self.files.cert.display(), "a new certificate is in force");
            }
            Err(reason) => {
                tracing::error!(%reason, "the new certificate cannot be used; the old one stays in force");
                seen.refused = Some(reason);
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.look_again();
        Some(self.in_force.load_full())
    }
}

fn stamp(files: &TlsFiles) -> Stamp {
    [&files.cert, &files.key].map(|path| {
        let about = std::fs::metadata(path).ok()?;
        Some((about.modified().ok()?, about.len()))
    })
}

fn read(files: &TlsFiles) -> Result<CertifiedKey, String> {
    let wrong = |what: &str, path: &Path, error: &dyn std::fmt::Display| {
        format!("tls.{what}: {} cannot be used: {error}", path.display())
    };
    let chain = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong("cert", &files.cert, &error))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong("key", &files.key, &error))?;
    // Checks that both belong together: a renewal replaces them one after the other.
    CertifiedKey::from_der(chain, key, &rustls::crypto::ring::default_provider())
        .map_err(|error| wrong("cert", &files.cert, &error))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::{ClientConfig, RootCertStore};
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::*;

    /// Writes a fresh self-signed certificate; each time with another time of change.
    fn write(files: &TlsFiles, second: u64) -> CertificateDer<'static> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&files.cert, made.cert.pem()).unwrap();
        std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        touch(files, second);
        made.cert.der().clone()
    }

    fn touch(files: &TlsFiles, second: u64) {
        for path in [&files.cert, &files.key] {
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
            std::fs::File::options().append(true).open(path).unwrap().set_modified(at).unwrap();
        }
    }

    /// Whether a client that trusts that certificate alone gets through.
    async fn is_shown(listener: &TcpListener, tls: &TlsAcceptor, trusted: &CertificateDer<'static>) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let connecting =
            TlsConnector::from(Arc::new(client)).connect("localhost".try_into().unwrap(), stream);
        let accepting = async { tls.accept(listener.accept().await.unwrap().0).await };
        let (connected, _) = tokio::join!(connecting, accepting);
        connected.is_ok()
    }

    #[tokio::test]
    async fn a_changed_certificate_is_shown_to_the_next_client_and_a_broken_one_never() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles { cert: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
        let first = write(&files, 1);
        let certificate = Certificate::load(&files).unwrap();
        let tls = TlsAcceptor::from(certificate.server_config(&["http/1.1"]).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        assert!(is_shown(&listener, &tls, &first).await);

        let second = write(&files, 2);
        assert!(is_shown(&listener, &tls, &second).await, "loaded without a restart");
        assert!(!is_shown(&listener, &tls, &first).await);
        assert_eq!(certificate.refused(), None);

        std::fs::write(&files.cert, "half a file").unwrap();
        touch(&files, 3);
        assert!(is_shown(&listener, &tls, &second).await, "the old one stays in force");
        let reason = certificate.refused().unwrap();
        assert!(reason.contains("cert.pem cannot be used"), "{reason}");

        let third = write(&files, 4);
        assert!(is_shown(&listener, &tls, &third).await);
        assert_eq!(certificate.refused(), None);
    }

    #[test]
    fn a_key_that_does_not_belong_to_the_certificate_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let one = TlsFiles { cert: path("cert.pem"), key: path("key.pem") };
        let other = TlsFiles { cert: path("other.pem"), key: path("other.key") };
        write(&one, 1);
        write(&other, 1);
        let mixed = TlsFiles { key: other.key, ..one };
        assert!(Certificate::load(&mixed).unwrap_err().contains("tls.cert"));
        let missing = TlsFiles { cert: path("missing.pem"), ..mixed };
        assert!(Certificate::load(&missing).unwrap_err().contains("missing.pem cannot be used"));
    }
}
