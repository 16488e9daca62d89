//! The dashboard over TLS: the same pages behind the same doors, with the caller's address known.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use crate::testing::House;

/// Settings of a server and of a client that trusts it.
fn settings() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

#[tokio::test]
async fn over_tls_pages_are_served_and_a_silent_client_keeps_nobody_waiting() {
    let (server, client) = settings();
    let certificate = Arc::clone(&server);
    let house = House::with(|config| config.certificate = Some(certificate)).await;
    assert!(house.app.public_url().starts_with("https://") && house.app.is_https(), "cookies are marked");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = tokio::task::JoinSet::new();
    serving.spawn(crate::server::serve_tls(listener, server, house.app.clone()));
    let silent = TcpStream::connect(address).await.unwrap();
    let ask = async |request: &str| {
        let stream = TcpStream::connect(address).await.unwrap();
        let connector = TlsConnector::from(Arc::clone(&client));
        let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    let health = ask("GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    assert!(health.starts_with("HTTP/1.1 200") && health.contains("strict-transport-security"), "{health}");
    let form = "email=a%40example.com&password=nobody-has-it";
    let post = format!(
        "POST /sign-in HTTP/1.1\r\nhost: localhost\r\norigin: https://{address}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    );
    let refused = ask(&post).await;
    assert!(refused.starts_with("HTTP/1.1 4"), "the address is known, so the door says no: {refused}");
    house.app.stopping.cancel();
    drop(silent);
    serving.join_next().await.unwrap().unwrap().unwrap();
}
