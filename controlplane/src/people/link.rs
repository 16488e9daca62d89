//! What invitations and resets have in common: a token that is told once and stored as a hash, one use, an end, and a
//! maker who could still do by hand what the link does. A maker who was shut out or demoted leaves no door behind.

use weir_contract::id::prefixed;

use super::role::rules_over;
use super::roles_of;
use crate::api_tokens;
use crate::app::App;
use crate::auth::{Actor, Grant, Role, session};
use crate::error::AppError;
use crate::store::link::{LinkRow, create_person_link, find_open_link};
use crate::store::token::find_token;
use crate::store::{Conn, StoreError};
use crate::token;

/// Who the audit names for what is done at the machine.
pub(super) const OPERATOR: &str = "operator";

/// What a link is for, how long it opens, and where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Makes an account.
    Invitation,
    /// Gives an account a new password.
    Reset,
}

impl Purpose {
    /// As stored.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
        }
    }

    /// How long such a link opens, µs: a week for somebody who may be away, a day for somebody who waits for it.
    const fn lasts_us(self) -> i64 {
        const DAY_US: i64 = 86_400_000_000;
        match self {
            Self::Invitation => 7 * DAY_US,
            Self::Reset => DAY_US,
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Invitation => weir_web::url::INVITATION,
            Self::Reset => weir_web::url::RESET,
        }
    }
}

/// Whom a link is for, and what it gives.
pub(super) struct Meant<'a> {
    pub(super) email: &'a str,
    /// Whose password it resets; empty for an invitation.
    pub(super) person_id: &'a str,
    /// What an invitation gives, JSON.
    pub(super) roles_json: String,
}

/// Makes a link; its address is told this once.
pub(super) async fn make(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    purpose: Purpose,
    meant: Meant<'_>,
) -> Result<(LinkRow, String), StoreError> {
    let token = token::mint(token::LINK, app.random.as_ref());
    let now_us = app.clock.now_us();
    let row = LinkRow {
        id: prefixed("link", app.random.bytes()),
        purpose: purpose.name().to_owned(),
        token_hash: token::hash(&token),
        email: meant.email.to_owned(),
        person_id: meant.person_id.to_owned(),
        roles_json: meant.roles_json,
        created_us: now_us,
        created_by: actor.id.clone(),
        expires_us: now_us + purpose.lasts_us(),
    };
    create_person_link(conn, &row).await?;
    Ok((row, format!("{}{}?token={token}", app.public_url(), purpose.path())))
}

/// The link of that token and its maker as they are now; `None` when it does not open any more.
pub(super) async fn open(
    app: &App,
    conn: &mut Conn,
    purpose: Purpose,
    presented: &str,
) -> Result<Option<(LinkRow, Actor)>, AppError> {
    if !token::is_well_formed(token::LINK, presented) {
        return Ok(None);
    }
    let now_us = app.clock.now_us();
    let row = find_open_link(conn, purpose.name(), &token::hash(presented), now_us).await?;
    let Some(row) = row else { return Ok(None) };
    let maker = maker(conn, &row.created_by, now_us).await?;
    Ok(maker.map(|maker| (row, maker)))
}

/// Whoever has that id, with what they may do now; `None` for whoever was shut out.
async fn maker(conn: &mut Conn, id: &str, now_us: i64) -> Result<Option<Actor>, StoreError> {
    if id == OPERATOR {
        return Ok(Some(operator()));
    }
    if let Some(token) = find_token(conn, id).await? {
        return api_tokens::actor(conn, token, now_us).await;
    }
    session::person(conn, id).await
}

/// Whoever can read the data folder may do everything.
pub(super) fn operator() -> Actor {
    Actor {
        id: OPERATOR.to_owned(),
        name: "the operator of this installation".to_owned(),
        email: String::new(),
        grants: vec![Grant { workspace: None, role: Role::Admin, read_bodies: true }],
    }
}

/// Whether the actor manages the account of that person with all its roles.
pub(super) async fn is_ruled(conn: &mut Conn, actor: &Actor, person: &str) -> Result<bool, StoreError> {
    Ok(rules_over(actor, &roles_of(conn, person).await?))
}
