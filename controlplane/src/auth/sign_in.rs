//! Coming in: with address and password, or, the very first time, with the one-time link the program printed.

use std::net::IpAddr;

use serde::Deserialize;
use weir_contract::id::prefixed;
use weir_web::form::FieldError;

use super::{password, session};
use crate::app::App;
use crate::audit::{self, Change};
use crate::error::{AppError, FieldErrors};
use crate::store::person::{
    PersonRow, RoleRow, count_people, create_person, create_role, find_person, find_person_by_email,
};
use crate::store::secret::delete_secret;
use crate::store::session::{create_only_link, delete_link, find_link};
use crate::token;

const FIRST_ADMIN: &str = "first_admin";
const LINK_US: i64 = 24 * 3600 * 1_000_000;
/// The installation's secret that holds the first API token until the first administrator is there.
pub(crate) const FIRST_API_TOKEN: &str = "first.api_token";

/// What the sign-in form sends.
#[derive(Clone, Deserialize)]
pub struct SignIn {
    /// The address.
    #[serde(default)]
    pub email: String,
    /// The password.
    #[serde(default)]
    pub password: String,
}

/// What the form of the one-time link sends.
#[derive(Clone, Deserialize)]
pub struct FirstAdmin {
    /// The link's token.
    #[serde(default)]
    pub token: String,
    /// What they want to be called.
    #[serde(default)]
    pub name: String,
    /// The address they will sign in with.
    #[serde(default)]
    pub email: String,
    /// The password.
    #[serde(default)]
    pub password: String,
}

/// Signs in; returns the new session's cookie value (see [`session::set_cookie`]).
pub async fn sign_in(
    app: &App,
    form: &SignIn,
    address: IpAddr,
    origin: &session::Origin,
) -> Result<String, AppError> {
    let person = recognise(app, form, address, origin).await?;
    admit(app, &person, origin).await
}

/// Whose address and password that is. The attempt is counted before the password is looked at.
async fn recognise(
    app: &App,
    form: &SignIn,
    address: IpAddr,
    origin: &session::Origin,
) -> Result<PersonRow, AppError> {
    let email = normal_email(&form.email);
    let person = find_person_by_email(&mut *app.store.read().await?, &email).await?;
    let person = person.filter(|person| person.disabled_us.is_none());
    let browser = person.as_ref().and_then(|person| app.browsers.known(person, &origin.mark));
    let attempt = app.throttle.password(&email, address, browser)?;
    let stored = person.as_ref().map(|person| person.password_hash.as_str());
    let is_right = app.passwords.is_right(&form.password, stored).await?;
    let person = person.filter(|_| is_right).ok_or(AppError::WrongCredentials)?;
    attempt.give_back();
    Ok(person)
}

/// Begins the session of somebody who was recognised, if they still are who they were: checking a password takes its time,
/// and in the meantime it may have been changed, or they shut out.
async fn admit(app: &App, person: &PersonRow, origin: &session::Origin) -> Result<String, AppError> {
    let mut writing = app.store.write().await?;
    if find_person(&mut writing, &person.id).await?.as_ref() != Some(person) {
        return Err(AppError::WrongCredentials);
    }
    let token = session::begin(&mut writing, app, &person.id, origin).await?;
    let change = Change {
        actor: &person.id,
        action: "session.create",
        object: &person.id,
        before: String::new(),
        after: audit::state(&origin.address),
    };
    audit::append(&mut writing, app.clock.now_us(), change).await?;
    writing.commit().await?;
    Ok(token)
}

/// A fresh link for the first administrator, the only valid one; `None` when there is one already.
pub(crate) async fn first_admin_link(app: &App) -> Result<Option<String>, AppError> {
    let mut writing = app.store.write().await?;
    if count_people(&mut writing).await? > 0 {
        return Ok(None);
    }
    let token = token::mint(token::LINK, app.random.as_ref());
    let now_us = app.clock.now_us();
    create_only_link(&mut writing, FIRST_ADMIN, &token::hash(&token), now_us, now_us + LINK_US).await?;
    writing.commit().await?;
    Ok(Some(format!("{}{}?token={token}", app.public_url(), weir_web::url::FIRST_ADMIN)))
}

/// Fails unless the link would still open; wrong ones are counted by the network they come from.
pub(crate) async fn check_link(app: &App, address: IpAddr, link_token: &str) -> Result<(), AppError> {
    let attempt = app.throttle.link(address)?;
    if !is_link_open(app, link_token).await? {
        return Err(AppError::LinkUsed);
    }
    attempt.give_back();
    Ok(())
}

/// Whether the link would still open: what the page asks before it shows its form.
pub async fn is_link_open(app: &App, link_token: &str) -> Result<bool, AppError> {
    let hash = token::hash(link_token);
    Ok(find_link(&mut *app.store.read().await?, FIRST_ADMIN, &hash, app.clock.now_us()).await?)
}

/// Makes the first administrator and signs them in; returns the session's cookie value.
pub async fn create_first_admin(
    app: &App,
    form: &FirstAdmin,
    origin: &session::Origin,
) -> Result<String, AppError> {
    let email = normal_email(&form.email);
    check(form, &email)?;
    // Hashing is dear: not for whoever guesses links.
    if !is_link_open(app, &form.token).await? {
        return Err(AppError::LinkUsed);
    }
    let password_hash = app.passwords.hash(&form.password).await?;
    let now_us = app.clock.now_us();
    let mut writing = app.store.write().await?;
    let is_open = delete_link(&mut writing, FIRST_ADMIN, &token::hash(&form.token), now_us).await?;
    if !is_open || count_people(&mut writing).await? > 0 {
        return Err(AppError::LinkUsed);
    }
    let person = PersonRow {
        id: prefixed("person", app.random.bytes()),
        email,
        name: form.name.trim().to_owned(),
        password_hash,
        created_us: now_us,
        disabled_us: None,
    };
    create_person(&mut writing, &person).await.map_err(AppError::taken_as("email"))?;
    let role = RoleRow { workspace_id: "*".to_owned(), role: "admin".to_owned(), read_bodies: 1 };
    create_role(&mut writing, &person.id, &role).await?;
    delete_secret(&mut writing, FIRST_API_TOKEN).await?;
    let token = session::begin(&mut writing, app, &person.id, origin).await?;
    let change = Change {
        actor: &person.id,
        action: "person.create",
        object: &person.id,
        before: String::new(),
        after: audit::state(&(&person.email, &person.name, "admin")),
    };
    audit::append(&mut writing, now_us, change).await?;
    writing.commit().await?;
    Ok(token)
}

fn check(form: &FirstAdmin, email: &str) -> Result<(), AppError> {
    let mut errors = FieldErrors::default();
    if form.name.trim().is_empty() {
        errors.add("name", FieldError::Required);
    } else if form.name.chars().count() > 200 {
        errors.add("name", FieldError::TooLong { max: 200 });
    }
    if !is_email(email) {
        errors.add("email", FieldError::NotAnEmail);
    }
    password::check(&mut errors, "password", &form.password);
    errors.check()
}

/// Addresses are compared without regard to case or surrounding space.
pub(crate) fn normal_email(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Whether the text can be an address at all.
pub(crate) fn is_email(text: &str) -> bool {
    let sound = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace) && !part.contains('@');
    text.len() <= 254 && text.split_once('@').is_some_and(|(name, host)| sound(name) && sound(host))
}
