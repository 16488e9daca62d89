//! What each gateway runs, and revisions with how many took them.

use weir_web::page::gateways::{GatewayRow, PublishRow};

use crate::app::App;
use crate::error::AppError;
use crate::gateways::{self, Gateway};
use crate::page::people::People;
use crate::publish::{self, RevisionInfo};

/// How many revisions are looked through for when a gateway's was published.
const HISTORY: u32 = 100;

/// Gateways, newest contact first.
pub(in crate::page) async fn rows(app: &App) -> Result<Vec<GatewayRow>, AppError> {
    let history = publish::revisions(app, None, HISTORY).await?;
    let newest = app.publisher.newest().0;
    let known = gateways::list(app).await?;
    Ok(known.into_iter().map(|gateway| gateway_row(gateway, newest, &history)).collect())
}

/// Revisions below `before`, newest first, with who made them.
pub(in crate::page) async fn publishes(
    app: &App,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<PublishRow>, AppError> {
    let known = gateways::list(app).await?;
    let mut people = People::default();
    let mut publishes = Vec::new();
    for info in publish::revisions(app, before, limit).await? {
        let author = people.name(app, &info.author).await?;
        publishes.push(publish_row(&info, author, &known));
    }
    Ok(publishes)
}

fn gateway_row(gateway: Gateway, newest: u64, history: &[RevisionInfo]) -> GatewayRow {
    let revision = gateway.revision.0;
    let published_us = history.iter().find(|info| info.revision == revision).map(|info| info.created_us);
    let lag_us = published_us
        .zip(gateway.applied_at_us)
        .map(|(published, applied)| u64::try_from(applied - published).unwrap_or(0));
    GatewayRow {
        gateway_id: gateway.id.to_string(),
        revision,
        published: newest,
        lag_us,
        last_contact_us: gateway.contact_us,
        connected: gateway.connected,
        refusal: gateway.refusal.map(|refusal| format!("revision {}: {}", refusal.revision, refusal.reason)),
        version: gateway.version,
        clock_off_us: gateway.clock_off_us,
        spool_bytes: gateway.status.spool_bytes,
        spool_oldest_us: gateway.status.spool_oldest_ms.saturating_mul(1000),
        in_flight: gateway.status.in_flight,
    }
}

fn publish_row(info: &RevisionInfo, author: String, known: &[Gateway]) -> PublishRow {
    // Gateways that are away run what they last took; they count, so that a laggard shows.
    let taken = known.iter().filter(|gateway| gateway.revision.0 >= info.revision).count();
    PublishRow {
        revision: info.revision,
        cause: cause(info),
        at_us: info.created_us,
        author,
        note: info.note.clone(),
        taken: u64::try_from(taken).unwrap_or(0),
        gateways: u64::try_from(known.len()).unwrap_or(0),
    }
}

fn cause(info: &RevisionInfo) -> String {
    match (info.cause.as_str(), info.restored_from) {
        ("publish", _) => "published".to_owned(),
        ("restore", Some(from)) => format!("restored {from}"),
        ("at_once", _) => "at once".to_owned(),
        (other, _) => other.to_owned(),
    }
}
