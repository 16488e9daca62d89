//! Error pages: a title, a sentence, and links that lead on.

use crate::shell::{Link, Shell};
use crate::url;
use askama::Template;

/// A page that could not be shown.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/error/show.html")]
pub struct ErrorPage {
    /// The frame; its title is the error's title.
    pub shell: Shell,
    /// The HTTP status the page is sent with.
    pub status: u16,
    /// What happened, what it means for traffic, what to do.
    pub sentence: String,
    /// Where to go from here.
    pub links: Vec<Link>,
    /// The number under which the log knows this failure.
    pub reference: Option<String>,
}

impl ErrorPage {
    /// 404: `what` is a noun phrase, "This request".
    #[must_use]
    pub fn not_found(shell: Shell, what: &str) -> Self {
        let sentence = format!("{what} does not exist, or is not in a workspace you may see.");
        Self::new(shell, 404, "Not found", sentence)
    }

    /// 403: `permission` is what is missing, in words: "create keys".
    #[must_use]
    pub fn forbidden(shell: Shell, permission: &str) -> Self {
        let sentence = format!("Your account may not {permission}. Ask an administrator for it.");
        Self::new(shell, 403, "Not allowed", sentence)
    }

    /// 403 for a form sent from another site.
    #[must_use]
    pub fn foreign_origin(shell: Shell) -> Self {
        let sentence = "This form was sent from another site, so nothing was changed. Open the page here and send it again.";
        Self::new(shell, 403, "Sent from another site", sentence.to_owned())
    }

    /// 422: `sentence` says what was not understood.
    #[must_use]
    pub fn unprocessable(shell: Shell, sentence: impl Into<String>) -> Self {
        Self::new(shell, 422, "Not understood", sentence.into())
    }

    /// 500: the cause is in the log under `reference`, never on the page.
    #[must_use]
    pub fn internal(shell: Shell, reference: impl Into<String>) -> Self {
        let sentence =
            "Something failed on our side. Traffic through the gateways is not affected.".to_owned();
        Self { reference: Some(reference.into()), ..Self::new(shell, 500, "This page failed", sentence) }
    }

    /// 503: the archive does not answer.
    #[must_use]
    pub fn archive_away(shell: Shell) -> Self {
        let sentence = "The archive does not answer, so nothing can be read from it now. Gateways keep serving \
                        and keep their records on disk until it is back. Try again in a moment.";
        Self::new(shell, 503, "The archive is away", sentence.to_owned())
    }

    fn new(mut shell: Shell, status: u16, title: &str, sentence: String) -> Self {
        title.clone_into(&mut shell.title);
        let links = if shell.user.is_some() {
            vec![Link::new("Go to requests", url::REQUESTS), Link::new("Go to providers", url::PROVIDERS)]
        } else {
            vec![Link::new("Sign in", url::SIGN_IN)]
        };
        Self { shell, status, sentence, links, reference: None }
    }
}
