//! What needs attention: each a sentence, what it means, and where to look. Only what the reader may know.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_web::url::{self, RequestsQuery};
use weir_web::{number, url::term};

use super::in_time;
use crate::app::App;
use crate::archive::overview::{Endings, Sums};
use crate::archive::{ArchiveError, Scope, Window};
use crate::auth::{Actor, Right};
use crate::error::AppError;
use crate::store::{customer, setting};
use crate::{gateways, keys, workspaces};

const DAY_US: i64 = 86_400_000_000;
const HOUR_US: i64 = 3_600_000_000;
/// A gateway that has been silent for so long was taken away.
const GONE_US: i64 = 7 * DAY_US;
/// A record that waits so long in a spool is late, ms.
const SPOOL_LATE_MS: u64 = 60_000;
/// A key that ends so soon is named.
const KEY_ENDS_US: i64 = 7 * DAY_US;
/// Prices collected before so many days may have changed.
const PRICES_OLD_DAYS: i64 = 45;
/// Failed requests below this number are no pattern.
const FAILURES_MIN: u64 = 5;
/// The failed part from which a provider counts as failing, percent.
const FAILING_PERCENT: u64 = 20;
/// Notices of one kind; more are counted in the last one's place by the page they lead to.
const OF_ONE_KIND_MAX: usize = 5;

/// Under this name the hourly tie-out leaves what it found.
pub(crate) const TIE_SETTING: &str = "tie_out";

/// What the last tie-out found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TieOut {
    /// When it looked, µs UTC.
    pub(crate) checked_us: i64,
    /// Batches whose rows are not what they were sealed with.
    pub(crate) batches: Vec<String>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    /// Requests fail, or figures are wrong.
    Bad,
    /// They will, unless something is done.
    Warn,
}

/// One thing that needs attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Notice {
    /// Which kind: `errors_rising`, `provider_failing`, `gateway_silent`, …
    pub(crate) kind: &'static str,
    pub(crate) severity: Severity,
    /// What is the case, in a few words.
    pub(crate) what: String,
    /// What it means, or what to do.
    pub(crate) detail: String,
    /// Where to look: a path of the dashboard.
    pub(crate) link: String,
}

impl Notice {
    fn new(kind: &'static str, severity: Severity, what: String, detail: String, link: String) -> Self {
        Self { kind, severity, what, detail, link }
    }
}

/// Everything the reader may know of.
pub(super) async fn list(app: &App, actor: &Actor, scope: &Scope) -> Result<Vec<Notice>, AppError> {
    let now_us = app.clock.now_us();
    let mut notices = Vec::new();
    match in_time(super::DEADLINE, app.archive.list_endings(scope, now_us)).await {
        Ok(endings) => notices.extend(of_endings(&endings.unwrap_or_default(), now_us)),
        Err(error @ ArchiveError::Away(_)) => return Err(error.into()),
        Err(error) => tracing::warn!(%error, "the overview does not know what fails"),
    }
    if actor.may(Right::ReadSetup) {
        notices.extend(of_gateways(app, now_us).await?);
        notices.extend(of_keys(app, actor, now_us).await?);
        notices.extend(bound_reached(app, actor).await?);
        notices.extend(of_prices(&app.book.collected, now_us));
        notices.extend(of_tie(app).await?);
    }
    Ok(notices)
}

fn failed(outcome: &str) -> bool {
    !matches!(outcome, "ok" | "blocked")
}

fn of_endings(endings: &[Endings], now_us: i64) -> Vec<Notice> {
    let hour_us = now_us - now_us.rem_euclid(HOUR_US);
    let since = number::iso(&(hour_us - HOUR_US));
    let rows = |q: String| RequestsQuery::of(format!("{q} origin:live"), since.clone(), "").href();
    let mut notices = failing(endings, &rows);
    notices.extend(rising(endings, &rows));
    notices
}

fn failing(endings: &[Endings], rows: &impl Fn(String) -> String) -> Vec<Notice> {
    let mut providers: Vec<&str> = endings.iter().map(|ending| ending.provider.as_str()).collect();
    providers.dedup();
    let of = |provider: &str| {
        let mine = endings.iter().filter(|ending| ending.provider == provider);
        let theirs = |outcome: &str| matches!(outcome, "upstream_error" | "timeout");
        mine.fold((0, 0), |(all, failed), ending| {
            (all + ending.lately, failed + if theirs(&ending.outcome) { ending.lately } else { 0 })
        })
    };
    let shown = providers.into_iter().filter(|provider| !provider.is_empty()).filter_map(|provider| {
        let (all, failed) = of(provider);
        (failed >= FAILURES_MIN && failed * 100 >= all * FAILING_PERCENT).then(|| {
            Notice::new(
                "provider_failing",
                Severity::Bad,
                format!("{provider} is failing"),
                format!(
                    "{} of {} since the last hour began ended in its errors or timeouts.",
                    number::count(&failed),
                    number::plural(&all, "request")
                ),
                rows(format!("{} status:upstream_error,timeout", term("provider", provider))),
            )
        })
    });
    shown.take(OF_ONE_KIND_MAX).collect()
}

/// An ending rises when it makes up more than twice the part it had in the day before.
fn rising(endings: &[Endings], rows: &impl Fn(String) -> String) -> Vec<Notice> {
    let (lately, earlier) =
        endings.iter().fold((0_u64, 0_u64), |sum, ending| (sum.0 + ending.lately, sum.1 + ending.earlier));
    let rises = |ending: &&Endings| {
        failed(&ending.outcome)
            && ending.lately >= FAILURES_MIN
            && u128::from(ending.lately) * u128::from(earlier)
                > 2 * u128::from(ending.earlier) * u128::from(lately)
    };
    let shown = endings.iter().filter(rises).map(|ending| {
        let place = if ending.provider.is_empty() {
            "before any provider".to_owned()
        } else {
            format!("at {}", ending.provider)
        };
        let provider = if ending.provider.is_empty() {
            "-provider:*".to_owned()
        } else {
            term("provider", &ending.provider)
        };
        Notice::new(
            "errors_rising",
            Severity::Warn,
            format!("On the rise {place}: {}", ending.outcome.replace('_', " ")),
            format!(
                "{} since the last hour began, {} in the 24 hours before.",
                number::plural(&ending.lately, "request"),
                number::count(&ending.earlier)
            ),
            rows(format!("{} {provider}", term("status", &ending.outcome))),
        )
    });
    shown.take(OF_ONE_KIND_MAX).collect()
}

/// The calls that are in no sum of money.
pub(super) fn unrated(sums: &Sums, window: Window) -> Option<Notice> {
    let count = sums.window.unrated;
    let query =
        RequestsQuery::of("-cost:* origin:live", number::iso(&window.from_us), number::iso(&window.to_us));
    (count > 0).then(|| {
        Notice::new(
            "unrated",
            Severity::Warn,
            format!("{} without a price", number::plural(&count, "call")),
            "They are in no sum of money. Give their models a price, or map them to one that has it."
                .to_owned(),
            query.grouped("model").href(),
        )
    })
}

async fn of_gateways(app: &App, now_us: i64) -> Result<Vec<Notice>, AppError> {
    let newest = app.publisher.newest().0;
    let known = gateways::list(app).await?;
    let known = known.iter().filter(|gateway| now_us - gateway.contact_us <= GONE_US);
    Ok(known.flat_map(|gateway| of_gateway(gateway, newest, now_us)).collect())
}

fn of_gateway(gateway: &gateways::Gateway, newest: u64, now_us: i64) -> Vec<Notice> {
    let notice = |kind, severity, what: String, detail: String| {
        Notice::new(
            kind,
            severity,
            format!("Gateway {} {what}", gateway.id),
            detail,
            url::GATEWAYS.to_owned(),
        )
    };
    let mut notices = Vec::new();
    if let Some(refusal) = &gateway.refusal {
        let detail =
            format!("It still enforces revision {}. It says: {}", gateway.revision.0, refusal.reason);
        notices.push(notice(
            "gateway_refuses",
            Severity::Bad,
            format!("refused revision {}", refusal.revision.0),
            detail,
        ));
    } else if !gateway.connected {
        let detail = format!(
            "Last contact {}. It goes on with revision {}, and its newest requests are not counted here.",
            number::ago(&gateway.contact_us, &now_us),
            gateway.revision.0
        );
        notices.push(notice("gateway_silent", Severity::Bad, "is silent".to_owned(), detail));
    } else if gateway.revision.0 < newest {
        let detail = format!("It runs revision {}, the newest is {newest}.", gateway.revision.0);
        notices.push(notice("gateway_behind", Severity::Warn, "is behind".to_owned(), detail));
    }
    let waiting_ms = gateway.status.spool_oldest_ms;
    if gateway.connected && waiting_ms > SPOOL_LATE_MS {
        let detail = format!(
            "Its oldest record waits for {}, with {} in its spool. Check that it reaches the archive and this control plane.",
            number::duration(&waiting_ms.saturating_mul(1000)),
            number::bytes(&gateway.status.spool_bytes)
        );
        notices.push(notice("spool_late", Severity::Warn, "has a backlog".to_owned(), detail));
    }
    notices
}

async fn of_keys(app: &App, actor: &Actor, now_us: i64) -> Result<Vec<Notice>, AppError> {
    let ends = |key: &keys::Key| {
        key.revoked_us.is_none()
            && key.expires_us.is_some_and(|at_us| (now_us..now_us + KEY_ENDS_US).contains(&at_us))
    };
    let known = keys::list(app, actor).await?;
    let ending = known.into_iter().filter(ends).take(OF_ONE_KIND_MAX).map(|key| {
        let detail = key.expires_us.map_or_else(String::new, |at_us| {
            format!(
                "It ends on {}. Make another and move its applications before that.",
                number::instant(&at_us)
            )
        });
        Notice::new(
            "key_ends",
            Severity::Warn,
            format!("Key {} ends soon", key.name),
            detail,
            url::KEYS.to_owned(),
        )
    });
    Ok(ending.collect())
}

async fn bound_reached(app: &App, actor: &Actor) -> Result<Vec<Notice>, AppError> {
    let seen = workspaces::in_reach(app, actor, Right::ReadFigures).await?;
    let mut reading = app.store.read().await?;
    let mut notices = Vec::new();
    for workspace in seen {
        let refused = customer::count_refused(&mut reading, workspace.id.as_str()).await?;
        if let Ok(refused @ 1..) = u64::try_from(refused) {
            notices.push(Notice::new(
                "customers_bounded",
                Severity::Warn,
                format!("Too many new customers in {}", workspace.name),
                format!("A key named more new customers in a day than it may; {} not listed, but their calls are counted. \
                    Look whether an application sends something else as the customer.",
                    if refused == 1 { "1 is".to_owned() } else { format!("{} are", number::count(&refused)) }),
                url::CUSTOMERS.to_owned(),
            ));
        }
    }
    Ok(notices)
}

fn of_prices(collected: &str, now_us: i64) -> Option<Notice> {
    let day = NaiveDate::parse_from_str(collected, "%Y-%m-%d").ok()?;
    let then_us = day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros();
    let days = (now_us - then_us) / DAY_US;
    (days > PRICES_OLD_DAYS).then(|| {
        Notice::new(
            "prices_old",
            Severity::Warn,
            format!("Prices are {days} days old"),
            "Providers may have changed theirs since. Check the ones you use, or take a newer price book."
                .to_owned(),
            url::PRICES.to_owned(),
        )
    })
}

async fn of_tie(app: &App) -> Result<Option<Notice>, AppError> {
    let found = setting::find_setting(&mut *app.store.read().await?, TIE_SETTING).await?;
    let tie: TieOut = found.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let count = u64::try_from(tie.batches.len()).unwrap_or(u64::MAX);
    let first = tie.batches.first().cloned().unwrap_or_default();
    Ok((count > 0).then(|| {
        Notice::new(
            "tie_out",
            Severity::Bad,
            format!("{} in the archive and the books differ", if count == 1 { "A batch".to_owned() } else { number::plural(&count, "batch").replace("batchs", "batches") }),
            format!("Figures of their time cannot be trusted until this is explained. The first is {first}; the log has the difference."),
            url::GATEWAYS.to_owned(),
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21T03:07:00Z.
    const NOW: i64 = 1_795_230_420_000_000;

    fn ending(provider: &str, outcome: &str, lately: u64, earlier: u64) -> Endings {
        Endings { provider: provider.into(), outcome: outcome.into(), lately, earlier }
    }

    fn kinds(endings: &[Endings]) -> Vec<&'static str> {
        of_endings(endings, NOW).iter().map(|notice| notice.kind).collect()
    }

    #[test]
    fn a_provider_that_fails_is_named_with_its_rows() {
        let endings = [ending("openai", "ok", 10, 900), ending("openai", "timeout", 6, 600)];
        let notices = of_endings(&endings, NOW);
        assert_eq!(notices[0].kind, "provider_failing");
        assert!(
            notices[0].link.contains("provider%3Aopenai") && notices[0].link.contains("from=2026-11-21T02")
        );
    }

    #[test]
    fn only_errors_that_grow_beyond_their_usual_part_are_told() {
        let usual = [ending("a", "ok", 90, 900), ending("a", "client_error", 10, 100)];
        assert_eq!(kinds(&usual), [""; 0]);
        let more = [ending("a", "ok", 90, 900), ending("a", "client_error", 30, 100)];
        assert_eq!(kinds(&more), ["errors_rising"]);
        let few = [ending("a", "ok", 9, 900), ending("a", "client_error", 4, 0)];
        assert_eq!(kinds(&few), [""; 0], "four are no pattern");
    }

    #[test]
    fn prices_are_old_after_some_weeks_and_not_before() {
        assert!(of_prices("2026-11-01", NOW).is_none());
        assert_eq!(of_prices("2026-09-01", NOW).map(|notice| notice.kind), Some("prices_old"));
        assert!(of_prices("unknown", NOW).is_none());
    }
}
