//! `/sign-in`: the door.

use crate::form::Field;
use crate::shell::Shell;
use askama::Template;

/// The sign-in form; posted to `/sign-in` with `email`, `password`, `return_to`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/sign_in/show.html")]
pub struct SignInPage {
    /// The frame, without a user.
    pub shell: Shell,
    /// The address as typed.
    pub email: Field,
    /// The password's error; its value is never sent back.
    pub password: Field,
    /// Where to go afterwards: a path of this product.
    pub return_to: String,
    /// Why the last attempt failed.
    pub problem: Option<SignInProblem>,
}

/// Why somebody was not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInProblem {
    /// Address or password is wrong; which of them is not told.
    WrongCredentials,
    /// Too many attempts.
    Throttled {
        /// Seconds until the next attempt counts.
        retry_after_seconds: u64,
    },
    /// The session ended, by time or by an administrator.
    SessionEnded,
    /// The one-time link was used before or is too old.
    LinkUsed,
    /// An invitation or a link for a new password that opens nothing any more.
    LinkOver,
}
