//! `/first-admin?token=`: the one-time link of a fresh installation.

use crate::form::Field;
use crate::shell::Shell;
use askama::Template;

/// Makes the first administrator; posted to `/first-admin` with `token`, `name`, `email`, `password`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/first_admin/show.html")]
pub struct FirstAdminPage {
    /// The frame, without a user.
    pub shell: Shell,
    /// The token of the link, carried in a hidden field.
    pub token: String,
    /// What they want to be called.
    pub name: Field,
    /// The address they will sign in with.
    pub email: Field,
    /// The password's error; its value is never sent back.
    pub password: Field,
    /// The least number of characters a password has.
    pub password_min: usize,
}
