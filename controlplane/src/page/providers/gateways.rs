//! What each gateway runs, and the latest publishes with how many took them.

use weir_web::page::providers::{GatewayRow, PublishRow};

use crate::app::App;
use crate::error::AppError;
use crate::gateways::{self, Gateway};
use crate::page::people::People;
use crate::publish::{self, RevisionInfo};

/// How many publishes are shown.
const PUBLISHES: u32 = 20;

/// Gateways, newest contact first, and publishes, newest first.
pub(super) async fn state(app: &App) -> Result<(Vec<GatewayRow>, Vec<PublishRow>), AppError> {
    let known = gateways::list(app).await?;
    let history = publish::revisions(app, None, PUBLISHES).await?;
    let mut people = People::default();
    let mut publishes = Vec::new();
    for info in &history {
        let author = people.name(app, &info.author).await?;
        publishes.push(publish_row(info, author, &known));
    }
    let newest = app.publisher.newest().0;
    let rows = known.into_iter().map(|gateway| gateway_row(gateway, newest, &history)).collect();
    Ok((rows, publishes))
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
    }
}

fn publish_row(info: &RevisionInfo, author: String, known: &[Gateway]) -> PublishRow {
    // Gateways that are away run what they last took; they count, so that a laggard shows.
    let taken = known.iter().filter(|gateway| gateway.revision.0 >= info.revision).count();
    PublishRow {
        revision: info.revision,
        at_us: info.created_us,
        author,
        note: info.note.clone(),
        taken: u64::try_from(taken).unwrap_or(0),
        gateways: u64::try_from(known.len()).unwrap_or(0),
    }
}
