//! The promises of credentials.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::task::JoinSet;

use super::*;
use crate::{Dial, client, roots};

/// Made for these tests; nobody trusts it.
const KEY: &str = include_str!("test_key.pem");

fn test_client() -> HttpClient {
    client(roots::client_config(None, None).unwrap(), Dial::anywhere(Duration::from_secs(5)))
}

fn signer(style: AuthStyle, credential: &str) -> Result<Signer, String> {
    let client = test_client();
    let base_url = "https://bedrock-runtime.eu-west-1.amazonaws.com";
    Signer::prepare(&Given { style, credential, base_url, region: "", client: &client })
}

async fn signed(signer: &Signer, now_us: i64) -> Result<Request<Full<Bytes>>, SignError> {
    let mut request = Request::new(Full::new(Bytes::from_static(b"{}")));
    *request.uri_mut() = "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse".parse().unwrap();
    signer.sign(&mut request, b"{}", now_us).await?;
    Ok(request)
}

#[tokio::test]
async fn a_credential_travels_as_its_style_says_and_is_marked_secret() {
    let cases = [
        (AuthStyle::Bearer, "authorization", "Bearer sk-1"),
        (AuthStyle::XApiKey, "x-api-key", "sk-1"),
        (AuthStyle::ApiKey, "api-key", "sk-1"),
        (AuthStyle::XGoogApiKey, "x-goog-api-key", "sk-1"),
    ];
    for (style, name, text) in cases {
        let request = signed(&signer(style, " sk-1\n").unwrap(), 0).await.unwrap();
        let value = &request.headers()[name];
        assert_eq!(value.to_str().unwrap(), text);
        assert!(value.is_sensitive());
        assert_eq!(request.headers().len(), 1);
    }
    let request = signed(&signer(AuthStyle::None, "sk-3").unwrap(), 0).await.unwrap();
    assert!(request.headers().is_empty());
    let request = signed(&signer(AuthStyle::AwsSigV4, "id:secret:session").unwrap(), 0).await.unwrap();
    assert_eq!(request.headers()["x-amz-security-token"], "session");
}

#[test]
fn a_provider_that_repeats_the_credential_is_not_repeated() {
    let told = |style, credential: &str, words: &'static str| {
        let told = signer(style, credential).unwrap().conceal(Bytes::from_static(words.as_bytes()));
        String::from_utf8(told.to_vec()).unwrap()
    };
    let words = "wrong key: sk-1! (sk-1)";
    assert_eq!(told(AuthStyle::Bearer, " sk-1\n", words), "wrong key: …! (…)");
    assert_eq!(told(AuthStyle::XApiKey, "sk-1", words), "wrong key: …! (…)");
    assert_eq!(told(AuthStyle::XApiKey, "sk-2", words), words);
    assert_eq!(told(AuthStyle::AwsSigV4, "id:secret:sk-1", words), "wrong key: …! (…)");
    assert_eq!(told(AuthStyle::AwsSigV4, "id:sk-1", words), words, "it never travels");
    assert_eq!(told(AuthStyle::Bearer, "", words), words);
    assert_eq!(told(AuthStyle::None, "sk-1", words), words);
}

#[test]
fn a_credential_of_the_wrong_form_is_refused_without_being_shown() {
    for style in [AuthStyle::AwsSigV4, AuthStyle::GoogleServiceAccount, AuthStyle::EntraClient] {
        let refused = signer(style, "hunter2").err().unwrap();
        assert!(!refused.contains("hunter2"), "{refused}");
        assert!(!form_of(style).is_empty());
    }
    assert!(check(AuthStyle::Bearer, "a\nb", "", "").is_err());
    let odd_tenant = r#"{"tenant_id":"../x","client_id":"c","client_secret":"hunter2"}"#;
    assert!(check(AuthStyle::EntraClient, odd_tenant, "", "").unwrap_err().contains("tenant_id"));
}

/// An authority that gives out one token after another, or refuses; it ends with the test.
struct Authority {
    url: String,
    asked: Arc<AtomicUsize>,
    _serving: JoinSet<()>,
}

async fn authority(refuses: bool) -> Authority {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let (count, mut serving) = (Arc::clone(&asked), JoinSet::new());
    serving.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let count = Arc::clone(&count);
            let answer = service_fn(move |request| answer(request, Arc::clone(&count), refuses));
            let server = hyper::server::conn::http1::Builder::new();
            connections.spawn(server.serve_connection(TokioIo::new(stream), answer));
        }
    });
    Authority { url, asked, _serving: serving }
}

async fn answer(
    request: Request<Incoming>,
    count: Arc<AtomicUsize>,
    refuses: bool,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    let text = String::from_utf8_lossy(&body).into_owned();
    let number = count.fetch_add(1, Ordering::SeqCst) + 1;
    let (status, said) = if refuses {
        let words =
            json!({ "error": "invalid_client", "error_description": format!("no such client: {text}") });
        (StatusCode::UNAUTHORIZED, words)
    } else if text.contains("assertion=") || text.contains("client_secret=hunter2") {
        (StatusCode::OK, json!({ "access_token": format!("t{number}"), "expires_in": 3600 }))
    } else {
        (StatusCode::BAD_REQUEST, json!({ "error": "nothing to go by" }))
    };
    let mut response = Response::new(Full::new(Bytes::from(said.to_string())));
    *response.status_mut() = status;
    Ok(response)
}

fn account(url: &str) -> String {
    let uri = format!("{url}/token");
    json!({ "client_email": "a@b.example", "private_key": KEY, "token_uri": uri }).to_string()
}

fn application(url: &str) -> String {
    json!({ "tenant_id": "t", "client_id": "c", "client_secret": "hunter2", "authority": url }).to_string()
}

async fn bearer(signer: &Signer, now_us: i64) -> String {
    let request = signed(signer, now_us).await.unwrap();
    request.headers()["authorization"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_serves_until_shortly_before_its_end_and_is_asked_for_once() {
    const MINUTE: i64 = 60 * 1_000_000;
    for style in [AuthStyle::GoogleServiceAccount, AuthStyle::EntraClient] {
        let authority = authority(false).await;
        let url = &authority.url;
        let credential = if style == AuthStyle::EntraClient { application(url) } else { account(url) };
        let signer = signer(style, &credential).unwrap();
        let (one, two) = tokio::join!(bearer(&signer, 0), bearer(&signer, 0));
        assert_eq!([one.as_str(), two.as_str()], ["Bearer t1", "Bearer t1"]);
        assert_eq!(bearer(&signer, 54 * MINUTE).await, "Bearer t1");
        assert_eq!(authority.asked.load(Ordering::SeqCst), 1);
        assert_eq!(bearer(&signer, 56 * MINUTE).await, "Bearer t2");
        assert_eq!(bearer(&signer, 110 * MINUTE).await, "Bearer t2");
    }
}

#[tokio::test]
async fn an_authority_that_refuses_is_quoted_and_one_that_is_away_is_named() {
    let refusing = authority(true).await;
    let refused = signed(&signer(AuthStyle::EntraClient, &application(&refusing.url)).unwrap(), 0).await;
    let refused = refused.err().unwrap();
    assert!(matches!(&refused, SignError::Refused(words) if words.contains("no such client")), "{refused}");
    assert!(!refused.to_string().contains("hunter2"));
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let away = signed(&signer(AuthStyle::GoogleServiceAccount, &account(&url)).unwrap(), 0).await;
    assert!(matches!(away.err().unwrap(), SignError::Unreachable(words) if words.contains(&url)));
}
