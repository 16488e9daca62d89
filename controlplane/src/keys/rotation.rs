//! Rotation: a new secret for the same key. The old one works beside it until its grace ends, on each gateway by its
//! own clock, so that applications change over one by one and no request fails. Limits and figures are the key's.

use serde::Deserialize;
use utoipa::ToSchema;
use weir_contract::id::KeyId;
use weir_web::form::FieldError;

use super::{Changing, Created, Key, OldSecret, row};
use crate::app::App;
use crate::auth::Actor;
use crate::error::{AppError, FieldErrors};
use crate::store::key;
use crate::token;

/// Seconds an old secret goes on working when nobody says: a day.
pub const GRACE_SECONDS: u64 = 86_400;
/// The longest grace, seconds: 90 days.
const GRACE_SECONDS_MAX: u64 = 90 * 86_400;

/// How a key is rotated.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rotation {
    /// Seconds the old secret goes on working: 0 ends it at once, at most 90 days; a day when left out.
    pub grace_seconds: Option<u64>,
}

/// Gives the key a new secret, told this once. A key has at most two: an older one still in its grace ends now.
pub async fn rotate(app: &App, actor: &Actor, id: &KeyId, how: &Rotation) -> Result<Created, AppError> {
    let grace_seconds = how.grace_seconds.unwrap_or(GRACE_SECONDS);
    if grace_seconds > GRACE_SECONDS_MAX {
        let sentence = format!("Use 0 to {GRACE_SECONDS_MAX} seconds, which is 90 days.");
        return Err(AppError::Invalid(FieldErrors::one("grace_seconds", FieldError::Other(sentence))));
    }
    let mut change = Changing::begin(app, actor, id).await?;
    change.must_be_in_force(app)?;
    let secret = token::mint(token::KEY, app.random.as_ref());
    let grace_us = i64::try_from(grace_seconds).unwrap_or_default() * 1_000_000;
    let old = OldSecret {
        ends_with: change.before.ends_with.clone(),
        until_us: app.clock.now_us().saturating_add(grace_us),
    };
    let after = Key {
        ends_with: token::ending(&secret),
        previous: (grace_seconds > 0).then_some(old),
        ..change.before.clone()
    };
    let old_hash = after.previous.as_ref().map(|_| change.row.hash.clone());
    let row = row::write(&after, app.policy_secret.key_hash(&secret).to_hex(), old_hash);
    key::update_key(&mut change.writing, &row).await?;
    let key = change.finish(app, actor, "key.rotate", "rotated", after).await?;
    Ok(Created { key, secret, customer_secret: None })
}

/// Ends the old secret now; nothing happens when there is none.
pub async fn end_old_secret(app: &App, actor: &Actor, id: &KeyId) -> Result<Key, AppError> {
    let mut change = Changing::begin(app, actor, id).await?;
    if change.before.previous.is_none() {
        return Ok(change.before);
    }
    let after = Key { previous: None, ..change.before.clone() };
    let row = row::write(&after, change.row.hash.clone(), None);
    key::update_key(&mut change.writing, &row).await?;
    change.finish(app, actor, "key.end_old_secret", "has one secret again", after).await
}
