//! Mixed traffic with a memory: what was asked, what was answered, so that the archive can be compared with it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use weir_tests::client::Client;

/// What the clients saw of their requests.
#[derive(Default)]
pub struct Seen {
    /// Request ids whose answer arrived whole, with the customer that asked.
    pub answered: BTreeMap<String, String>,
    /// Requests that failed on the way (the gateway was gone).
    pub broken: usize,
}

/// Clients that ask until told to stop; each request names its own customer.
pub struct Load {
    seen: Arc<Mutex<Seen>>,
    stop: Arc<AtomicBool>,
    clients: Vec<tokio::task::JoinHandle<()>>,
}

/// Where to ask, and with which key.
#[derive(Clone)]
pub struct Target {
    pub gateway: String,
    pub key: String,
}

impl Load {
    /// Starts `clients` clients on that gateway, mixing plain, streamed and tool requests.
    pub fn start(target: &Target, clients: usize, round: usize) -> Self {
        Self::paced(target, clients, round, Duration::ZERO)
    }

    /// The same with a pause of each client between two requests: what a long story can bear.
    #[expect(clippy::disallowed_methods, reason = "the handles are joined in `finish`")]
    pub fn paced(target: &Target, clients: usize, round: usize, pause: Duration) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let client = |number: usize| {
            let (seen, stop, target) = (Arc::clone(&seen), Arc::clone(&stop), target.clone());
            tokio::spawn(async move {
                let client = Client::default();
                let mut turn = 0;
                while !stop.load(Ordering::Relaxed) {
                    let customer = format!("c{round}-{number}-{turn}");
                    ask(&client, &target, &customer, turn, &seen).await;
                    turn += 1;
                    if !pause.is_zero() {
                        tokio::time::sleep(pause).await;
                    }
                }
            })
        };
        let clients = (0..clients).map(client).collect();
        Self { seen, stop, clients }
    }

    /// How many answers arrived so far.
    pub async fn answered(&self) -> usize {
        self.seen.lock().await.answered.len()
    }

    /// Stops asking, waits for what is in flight, and tells what was seen.
    pub async fn finish(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        join_all(self.clients).await;
        std::mem::take(&mut *self.seen.lock().await)
    }
}

async fn ask(client: &Client, target: &Target, customer: &str, turn: usize, seen: &Mutex<Seen>) {
    let bearer = format!("Bearer {}", target.key);
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-weir-customer", customer),
        ("content-type", "application/json"),
    ];
    let url = format!("{}/v1/chat/completions", target.gateway);
    let answer = client.try_send(http::Method::POST, &url, &headers, body(turn).to_string()).await;
    let mut seen = seen.lock().await;
    match answer {
        Ok(answer) if answer.complete && answer.status.is_success() => {
            seen.answered.insert(answer.header("x-weir-request-id").to_owned(), customer.to_owned());
        }
        Ok(_) => seen.broken += 1,
        Err(_) => {
            seen.broken += 1;
            drop(seen);
            tokio::task::yield_now().await;
        }
    }
}

fn body(turn: usize) -> Value {
    let messages =
        json!([{ "role": "user", "content": format!("Question number {turn}: how high is the water?") }]);
    match turn % 3 {
        0 => json!({ "model": "demo/fast", "messages": messages }),
        1 => json!({ "model": "demo/smart", "messages": messages, "stream": true }),
        _ => {
            json!({ "model": "demo/reasoner", "messages": messages, "stream": true, "stream_options": { "include_usage": true } })
        }
    }
}
