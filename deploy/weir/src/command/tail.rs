//! `weir tail`: requests as they end, under the same filter as everywhere.
//!
//! A request is listed by when it came and known only when it ended. So the last seconds are read often, the last
//! quarter of an hour now and then, and what was shown is remembered: nothing is missed, nothing is shown twice.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use http::Method;
use serde_json::Value;
use weir_contract::clock::Clock as _;
use weir_contract::filter::Filter;

use super::Failure;
use super::api::Api;
use super::moment::written;
use super::remote::{Remote, escaped, members, talk, text};
use super::serve::stop_requested;
use super::span::Span;
use crate::ambient::WallClock;
use crate::output;

/// How often the newest requests are read.
const LOOK: Duration = Duration::from_secs(1);
/// How far back the frequent look goes: most requests end within that.
const NEAR_US: i64 = 20 * 1_000_000;
/// Every so many looks goes back as far as a request may last.
const FAR_EVERY: u32 = 15;
const FAR_US: i64 = 15 * 60 * 1_000_000;

/// How often, and how far apart, a body is asked for that is not there yet.
const BODY_LOOKS: u32 = 4;
const BODY_LOOK: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(super) struct TailArguments {
    #[command(flatten)]
    remote: Remote,
    /// Which requests: `customer:acme status:error cost:>0.05`. All when left out.
    #[arg(default_value = "")]
    filter: String,
    /// Begin with the requests of that long ago: `10m`, `1h`.
    #[arg(long, default_value = "0s")]
    since: Span,
    /// Also show what was sent and answered; the token needs the right to read bodies.
    #[arg(long)]
    bodies: bool,
}

/// Follows until it is told to stop.
pub(super) fn run(arguments: &TailArguments) -> Result<(), Failure> {
    let wrong = |error| Failure::Usage(format!("the filter cannot be read: {error}"));
    Filter::parse(&arguments.filter).map_err(wrong)?;
    let api = arguments.remote.api()?;
    talk(async {
        tokio::select! {
            ended = follow(arguments, &api) => ended,
            stopped = stop_requested() => stopped,
        }
    })
}

async fn follow(arguments: &TailArguments, api: &Api) -> Result<(), Failure> {
    let since_us = i64::try_from(arguments.since.seconds()).unwrap_or(0) * 1_000_000;
    let begun_us = WallClock.now_us() - since_us;
    let mut shown = Shown::default();
    for look in 0_u32.. {
        let now_us = WallClock.now_us();
        let back_us = if look.is_multiple_of(FAR_EVERY) { FAR_US } else { NEAR_US };
        let from_us = if look == 0 { begun_us } else { begun_us.max(now_us - back_us) };
        let mut new = shown.only_new(read(arguments, api, from_us).await?);
        // The list is newest first; people read downwards.
        new.reverse();
        for request in &new {
            show(arguments, api, request).await?;
        }
        shown.forget_before(now_us - 2 * FAR_US);
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// All requests since then, newest first.
async fn read(arguments: &TailArguments, api: &Api, from_us: i64) -> Result<Vec<Value>, Failure> {
    let question = format!("/requests?q={}&from={}", escaped(&arguments.filter), escaped(&written(from_us)));
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.call(Method::GET, &format!("{question}{cursor}"), None).await?;
        all.extend(members(&page).iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={}", escaped(next)),
            None => return Ok(all),
        }
    }
}

async fn show(arguments: &TailArguments, api: &Api, request: &Value) -> Result<(), Failure> {
    let mut request = request.clone();
    if arguments.bodies {
        let id = text(&request, "request_id").to_owned();
        let attempt = request["calls"].as_u64().unwrap_or(1).saturating_sub(1);
        for part in ["request", "response"] {
            let body = body(api, &format!("/requests/{id}/bodies/{attempt}/{part}")).await?;
            request[format!("{part}_body")] = Value::from(body);
        }
    }
    if arguments.remote.json {
        output::line(&request.to_string());
        return Ok(());
    }
    output::line(&line(&request));
    for part in ["request_body", "response_body"] {
        if let Some(body) = request[part].as_str().filter(|body| !body.is_empty()) {
            body.lines().for_each(|line| output::line(&format!("    {}", visible(line))));
        }
    }
    Ok(())
}

/// A stored body; it may come into the archive a moment after the request it belongs to. Empty when none is stored.
async fn body(api: &Api, path: &str) -> Result<String, Failure> {
    for _ in 0..BODY_LOOKS {
        let body = api.page(path).await?;
        if !body.is_empty() {
            return Ok(body);
        }
        tokio::time::sleep(BODY_LOOK).await;
    }
    Ok(String::new())
}

fn line(request: &Value) -> String {
    let cost = request["cost_usd"].as_str().unwrap_or("unrated");
    let ms = request["duration_us"].as_u64().unwrap_or(0) / 1000;
    let moment = written(request["started_us"].as_i64().unwrap_or(0));
    let fields = [
        moment,
        text(request, "outcome").to_owned(),
        request["http_status"].to_string(),
        text(request, "customer").to_owned(),
        text(request, "model_requested").to_owned(),
        format!("{ms} ms"),
        format!("${}", cost.trim_start_matches('$')),
        text(request, "request_id").to_owned(),
    ];
    fields.map(|field| visible(if field.is_empty() { "-" } else { &field })).join("  ")
}

/// What a model or a client wrote may hold anything; a terminal must not obey it.
fn visible(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() && letter != '\t' { '\u{fffd}' } else { letter })
        .collect()
}

/// Which requests were shown, by when they came.
#[derive(Default)]
struct Shown(BTreeMap<(i64, String), ()>);

impl Shown {
    fn only_new(&mut self, requests: Vec<Value>) -> Vec<Value> {
        let place = |request: &Value| {
            (request["started_us"].as_i64().unwrap_or(0), text(request, "request_id").to_owned())
        };
        requests.into_iter().filter(|request| self.0.insert(place(request), ()).is_none()).collect()
    }

    fn forget_before(&mut self, at_us: i64) {
        self.0 = self.0.split_off(&(at_us, String::new()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_is_shown_once_however_often_it_is_read() {
        let mut shown = Shown::default();
        let request = |at: i64, id: &str| json!({ "started_us": at, "request_id": id });
        let all = vec![request(2, "b"), request(1, "a")];
        assert_eq!(shown.only_new(all.clone()).len(), 2);
        assert!(shown.only_new(all).is_empty());
        assert_eq!(shown.only_new(vec![request(1, "late")]).len(), 1, "it came early and ended late");
        shown.forget_before(2);
        assert_eq!(shown.0.len(), 1);
    }

    #[test]
    fn nothing_in_a_request_reaches_the_terminal_as_a_command() {
        let request = json!({ "customer": "a\u{1b}[2Jb", "started_us": 0, "cost_usd": null });
        let line = line(&request);
        assert!(
            !line.contains('\u{1b}') && line.contains("unrated") && line.contains("1970-01-01"),
            "{line}"
        );
    }
}
