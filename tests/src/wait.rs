//! Waiting for something to become true: asked again and again, with an end, never a fixed pause.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long anything may take before a test says it never happened.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until the answer is `Some`; panics with `what` after a minute.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, ask: impl FnMut() -> F) -> T {
    within(PATIENCE, what, ask).await
}

/// The same with another end.
pub async fn within<T, F: Future<Output = Option<T>>>(
    patience: Duration,
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let end = Instant::now() + patience;
    let mut pause = Duration::from_millis(5);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "never happened: {what}");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}
