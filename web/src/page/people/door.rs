//! The links by which people come in: shown once to whoever hands them on, and what they open.

use askama::Template;

use crate::form::Field;
use crate::shell::{Link, Shell};

/// A link, shown once.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/people/link.html")]
pub struct LinkShownPage {
    /// The frame.
    pub shell: Shell,
    /// Whom it is for.
    pub email: String,
    /// What it does, in one sentence.
    pub sentence: String,
    /// The link.
    pub link: String,
    /// When it ends.
    pub expires_us: i64,
    /// The way back.
    pub back: Link,
}

/// `/invitation`: makes an account; posted there with `token`, `name`, `password`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/people/invitation.html")]
pub struct InvitationPage {
    /// The frame, without a user.
    pub shell: Shell,
    /// The link's token, carried in a hidden field.
    pub token: String,
    /// Who invites.
    pub by: String,
    /// The address they will sign in with.
    pub email: String,
    /// What they will be where, in words.
    pub roles: Vec<String>,
    /// When the link ends.
    pub expires_us: i64,
    /// What they want to be called.
    pub name: Field,
    /// The password's error; its value is never sent back.
    pub password: Field,
    /// The least number of characters a password has.
    pub password_min: usize,
}

/// `/reset`: sets a new password; posted there with `token`, `password`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/people/reset.html")]
pub struct ResetPage {
    /// The frame, without a user.
    pub shell: Shell,
    /// The link's token, carried in a hidden field.
    pub token: String,
    /// The address of the account.
    pub email: String,
    /// The password's error; its value is never sent back.
    pub password: Field,
    /// The least number of characters a password has.
    pub password_min: usize,
}
