//! What each gateway runs, and revisions with how many took them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use weir_contract::sync::GatewayStatus;
use weir_web::page::gateways::{Drain, GatewayRow, PublishRow, Refused, Spool};
use weir_web::page::publishing::Rollout;

use crate::app::App;
use crate::error::AppError;
use crate::gateways::{self, Gateway, Refusal};
use crate::page::people::People;
use crate::publish::{self, RevisionInfo};

/// Gateways, those that speak first, by name.
pub(in crate::page) async fn rows(app: &App) -> Result<Vec<GatewayRow>, AppError> {
    let (newest, now_us) = (app.publisher.newest().0, app.clock.now_us());
    let mut moments = HashMap::new();
    let mut rows = Vec::new();
    for gateway in gateways::list(app).await? {
        let revision = gateway.revision;
        let at = match moments.entry(revision.0) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => *unknown.insert(publish::moments(app, revision).await?),
        };
        rows.push(gateway_row(gateway, newest, at, now_us));
    }
    rows.sort_by(|one, other| (!one.connected, &one.gateway_id).cmp(&(!other.connected, &other.gateway_id)));
    Ok(rows)
}

/// How far that revision has come.
pub(in crate::page) async fn rollout(app: &App, revision: u64) -> Result<Rollout, AppError> {
    let (newest, now_us) = (app.publisher.newest().0, app.clock.now_us());
    Ok(Rollout { revision, newest, gateways: rows(app).await?, now_us })
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

fn gateway_row(
    gateway: Gateway,
    newest: u64,
    (published_us, replaced_us): (Option<i64>, Option<i64>),
    now_us: i64,
) -> GatewayRow {
    let since = |from: i64, to: i64| u64::try_from(to - from).unwrap_or(0);
    let lag = published_us.zip(gateway.applied_at_us);
    let refused = |refusal: Refusal| Refused { revision: refusal.revision.0, reason: refusal.reason };
    GatewayRow {
        gateway_id: gateway.id.to_string(),
        revision: gateway.revision.0,
        published: newest,
        lag_us: lag.map(|(published, applied)| since(published, applied)),
        behind_us: replaced_us.map(|replaced| since(replaced, now_us)),
        last_contact_us: gateway.contact_us,
        connected: gateway.connected,
        drain: drain(&gateway),
        spool: spool(&gateway.status),
        in_flight: gateway.status.in_flight,
        refusal: gateway.refusal.map(refused),
        version: gateway.version,
        clock_off_us: gateway.clock_off_us,
    }
}

fn drain(gateway: &Gateway) -> Drain {
    let GatewayStatus { draining, in_flight, spool_bytes, .. } = &gateway.status;
    match (gateway.drain_us.is_some(), *draining) {
        (false, false) => Drain::No,
        (true, false) => Drain::Asked,
        (_, true) if *in_flight == 0 && *spool_bytes == 0 => Drain::Done,
        (_, true) => Drain::Finishing,
    }
}

fn spool(status: &GatewayStatus) -> Spool {
    let errors = [("the archive", &status.archive_error), ("the books", &status.books_error)];
    let held = errors.iter().filter(|(_, error)| !error.is_empty());
    Spool {
        bytes: status.spool_bytes,
        oldest_us: status.spool_oldest_ms.saturating_mul(1000),
        to_archive: status.archive_batches,
        to_books: status.books_batches,
        dead: status.dead_rows,
        held_by: held.map(|(who, error)| format!("{who}: {error}")).collect::<Vec<_>>().join("; "),
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
