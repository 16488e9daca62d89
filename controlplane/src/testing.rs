//! Time and chance for tests, and a control plane in a folder of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use weir_contract::clock::{Clock, Randomness};
use weir_contract::policy::Content;
use weir_contract::policy::seal::sha256_hex;
use weir_contract::price::PriceBook;

use crate::app::{Ambient, App};
use crate::auth::{Actor, Grant, Role};
use crate::config::ControlConfig;
use crate::endpoints::EndpointForm;

/// Two o'clock on 21 November 2026, µs UTC.
pub(crate) const NOW_US: i64 = 1_795_226_400_000_000;

/// A clock that goes when told.
pub(crate) struct Hands(AtomicI64);

impl Hands {
    pub(crate) fn at(now_us: i64) -> Self {
        Self(AtomicI64::new(now_us))
    }

    pub(crate) fn advance(&self, by_us: i64) {
        self.0.fetch_add(by_us, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now_us(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Chance that comes out the same in every run.
pub(crate) struct Dice(u64, AtomicU64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed, AtomicU64::new(0))
    }
}

impl Randomness for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let throw = self.1.fetch_add(1, Ordering::SeqCst);
            let digest = sha256_hex(format!("{}:{throw}", self.0).as_bytes());
            for (place, byte) in chunk.iter_mut().enumerate() {
                *byte = u8::from_str_radix(&digest[place * 2..place * 2 + 2], 16).unwrap();
            }
        }
    }
}

/// A control plane without a listener.
pub(crate) struct House {
    pub(crate) app: App,
    book: Arc<PriceBook>,
    pub(crate) clock: Arc<Hands>,
    pub(crate) first: crate::bootstrap::FirstRun,
    folder: tempfile::TempDir,
}

pub(crate) const BOOK: &str = r#"{"version":"test-1","collected":"2026-11-21"}
{"provider":"openai","model":"gpt-x","aliases":["gpt-x-1"],"mode":"chat","context_window":128000,"max_output":16000,"capabilities":["function_calling","vision"],"rates":{"input":2500000000,"cache_read":1250000000,"output":10000000000},"source":"s","date":"2026-11-21"}
{"provider":"openai","model":"embed-x","mode":"embedding","rates":{"input":20000000},"source":"s","date":"2026-11-21"}
{"provider":"demo","model":"demo/fast","mode":"chat","rates":{"input":150000000,"output":600000000},"source":"s","date":"2026-11-21"}
{"provider":"anthropic","model":"claude-x","mode":"chat","rates":{"input":3000000000,"output":15000000000},"source":"s","date":"2026-11-21"}
"#;

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut ControlConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Hands::at(NOW_US));
        let ambient = Ambient { clock: clock.clone(), random: Arc::new(Dice::new(7)) };
        let mut config = ControlConfig { data: folder.path().to_owned(), ..ControlConfig::default() };
        change(&mut config);
        let book = Arc::new(PriceBook::parse(BOOK).unwrap());
        let app = crate::open(config, ambient, Arc::clone(&book)).await.unwrap();
        let opened = crate::bootstrap::first_steps(&app).await.unwrap();
        Self { app, book, clock, first: opened.first_run.unwrap(), folder }
    }

    /// Stops, and starts again with the demo provider elsewhere.
    pub(crate) async fn move_demo(&mut self, url: &str) {
        self.app.store.close().await;
        let ambient = Ambient { clock: self.clock.clone(), random: Arc::new(Dice::new(8)) };
        let data = self.folder.path().to_owned();
        let config = ControlConfig { data, demo_url: Some(url.to_owned()), ..ControlConfig::default() };
        self.app = crate::open(config, ambient, Arc::clone(&self.book)).await.unwrap();
    }

    pub(crate) fn admin(&self) -> Actor {
        let everywhere = Grant { workspace: None, role: Role::Admin, read_bodies: true };
        Actor {
            id: "person_test".to_owned(),
            name: "Ada".to_owned(),
            email: "ada@example.com".to_owned(),
            grants: vec![everywhere],
        }
    }
}

/// What the newest revision says.
pub(crate) fn running(app: &App) -> Content {
    let newest = app.publisher.watch().borrow().clone().unwrap();
    Content::read(&newest.header, &newest.sections).unwrap()
}

/// An endpoint of OpenAI with that credential.
pub(crate) fn openai(credential: &str) -> EndpointForm {
    EndpointForm {
        provider: "openai".to_owned(),
        credential: Some(credential.to_owned()),
        ..EndpointForm::default()
    }
}
