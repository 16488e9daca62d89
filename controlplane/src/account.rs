//! One's own account: the sessions one has open, and ending them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::audit::{self, Change};
use crate::auth::Actor;
use crate::error::AppError;
use crate::store::session::{self, SessionRow};
use crate::token;

/// Characters of a session's id: enough to tell one's own apart, useless to whoever reads them.
const ID_CHARS: usize = 16;

/// An open session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OpenSession {
    /// The beginning of its hash.
    pub id: String,
    /// Where it came from.
    pub address: String,
    /// The browser, as it names itself.
    pub agent: String,
    /// Since when, µs UTC.
    pub created_us: i64,
    /// When it was last used, within minutes, µs UTC.
    pub last_seen_us: i64,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// The actor's open sessions, the newest first; `token` is the session's that asks.
pub async fn sessions(app: &App, actor: &Actor, token: &str) -> Result<Vec<OpenSession>, AppError> {
    let rows = session::list_sessions(&mut *app.store.read().await?, &actor.id, app.clock.now_us()).await?;
    let own = token::hash(token);
    let open = |row: SessionRow| OpenSession {
        is_this: row.token_hash == own,
        id: row.token_hash.chars().take(ID_CHARS).collect(),
        address: row.address,
        agent: row.agent,
        created_us: row.created_us,
        last_seen_us: row.last_seen_us,
    };
    Ok(rows.into_iter().map(open).collect())
}

/// Ends one of the actor's sessions, or with `None` all but the one that asks. Returns how many ended.
pub async fn end_sessions(
    app: &App,
    actor: &Actor,
    token: &str,
    id: Option<&str>,
) -> Result<usize, AppError> {
    let mut writing = app.store.write().await?;
    let own = token::hash(token);
    let rows = session::list_sessions(&mut writing, &actor.id, app.clock.now_us()).await?;
    let ends = |row: &&SessionRow| match id {
        Some(id) => id.len() == ID_CHARS && row.token_hash.starts_with(id),
        None => row.token_hash != own,
    };
    let ending: Vec<&SessionRow> = rows.iter().filter(ends).collect();
    for row in &ending {
        session::delete_session(&mut writing, &row.token_hash).await?;
        let change = Change {
            actor: &actor.id,
            action: "session.end",
            object: &actor.id,
            before: audit::state(&row.address),
            after: String::new(),
        };
        audit::append(&mut writing, app.clock.now_us(), change).await?;
    }
    writing.commit().await?;
    Ok(ending.len())
}
