//! A person at the dashboard without a browser: signs in by the forms, keeps the cookie, reads HTML as text.

use std::sync::Mutex;

use http::Method;

use crate::client::{Answer, Client};

/// The e-mail address every administrator of the tests signs in with.
pub const EMAIL: &str = "ada@example.com";
/// Their password.
pub const PASSWORD: &str = "a low dam across a river";

/// Someone with a session, or without one yet, in a browser that may be known here.
pub struct Visitor {
    client: Client,
    base: String,
    cookie: Mutex<String>,
    /// The mark of a browser in which somebody came in before.
    browser: Mutex<String>,
}

impl Visitor {
    /// Arrives at a dashboard.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self::holding(base, "")
    }

    /// Arrives with a session cookie that somebody else put into the browser.
    #[must_use]
    pub fn holding(base: &str, cookie: &str) -> Self {
        let (client, cookie) = (Client::default(), Mutex::new(cookie.to_owned()));
        Self { client, base: base.to_owned(), cookie, browser: Mutex::default() }
    }

    /// Becomes the first administrator by the one-time link.
    pub async fn first_admin(base: &str, link: &str) -> Self {
        let visitor = Self::new(base);
        let path = link.strip_prefix(base).unwrap_or_else(|| panic!("{link} does not lead to {base}"));
        let form = visitor.page(path).await;
        let (_, token) = path.split_once("token=").unwrap_or_else(|| panic!("no token in {link}"));
        assert!(form.contains(token), "the form carries the token");
        let fields = [("token", token), ("name", "Ada"), ("email", EMAIL), ("password", PASSWORD)];
        let made = visitor.post("/first-admin", &fields).await;
        assert!(made.status.is_redirection(), "{}: {}", made.status, made.text());
        visitor
    }

    /// Signs in with address and password.
    pub async fn sign_in(base: &str) -> Self {
        let visitor = Self::new(base);
        let made = visitor.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
        assert!(made.status.is_redirection(), "{}: {}", made.status, made.text());
        visitor
    }

    /// Accepts an invitation.
    pub async fn accept(base: &str, link: &str, name: &str, password: &str) -> Self {
        let visitor = Self::new(base);
        let path = link.strip_prefix(base).unwrap_or_else(|| panic!("{link} does not lead to {base}"));
        let (_, token) = path.split_once("token=").unwrap_or_else(|| panic!("no token in {link}"));
        assert!(visitor.page(path).await.contains(token), "the form carries the token");
        let made =
            visitor.post("/invitation", &[("token", token), ("name", name), ("password", password)]).await;
        assert!(made.status.is_redirection(), "{}: {}", made.status, made.text());
        visitor
    }

    /// The cookie to send, `name=value`.
    #[must_use]
    pub fn cookie(&self) -> String {
        self.cookie.lock().unwrap().clone()
    }

    /// The mark by which this browser is known, `name=value`; empty before anybody came in.
    #[must_use]
    pub fn browser(&self) -> String {
        self.browser.lock().unwrap().clone()
    }

    /// GET of a path; the answer whatever it is.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], String::new()).await
    }

    /// GET of a path that must be a page; its HTML.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    /// POST of a form as the browser does it on this site.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let origin = self.base.clone();
        self.post_from(&origin, path, fields).await
    }

    /// POST of a form by a page of another origin.
    pub async fn post_from(&self, origin: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let escape = |text: &str| -> String {
            text.bytes()
                .map(|byte| {
                    if byte.is_ascii_alphanumeric() {
                        char::from(byte).to_string()
                    } else {
                        format!("%{byte:02X}")
                    }
                })
                .collect()
        };
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", origin)];
        self.send(Method::POST, path, &headers, body.join("&")).await
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let held = [self.cookie(), self.browser()];
        let mut headers = headers.to_vec();
        headers.extend(held.iter().filter(|cookie| !cookie.is_empty()).map(|cookie| ("cookie", &**cookie)));
        let answer = self.client.send(method, &format!("{}{path}", self.base), &headers, body).await;
        for set in answer.headers.get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let place = if pair.starts_with("weir_session=") { &self.cookie } else { &self.browser };
            pair.clone_into(&mut place.lock().unwrap());
        }
        answer
    }
}

/// Text as it reads once HTML's references are resolved.
#[must_use]
pub fn unescaped(html: &str) -> String {
    let mut text = html.to_owned();
    for (reference, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ] {
        text = text.replace(reference, character);
    }
    text
}

/// The text between two marks, behind a place that says which.
#[must_use]
pub fn between<'a>(text: &'a str, place: &str, open: &str, close: &str) -> Option<&'a str> {
    let from = &text[text.find(place)?..];
    let from = &from[from.find(open)? + open.len()..];
    Some(&from[..from.find(close)?])
}
