//! Samples of the pages outside the navigation: the door, first steps, questions, errors.

use super::{HOSTILE, Sample, busy_shell, put, shell};
use crate::form::{Field, FieldError};
use crate::page::sign_in::SignInProblem;
use crate::page::welcome::{Arrived, ArrivedEvent};
use crate::page::{ConfirmPage, ErrorPage, FirstAdminPage, SignInPage, WelcomePage};
use crate::part::Status;
use crate::shell::{Link, Section, Shell, Theme};
use crate::url;

/// A frame for somebody who is not signed in.
fn door(title: &str) -> Shell {
    Shell { title: title.into(), ..Shell::default() }
}

pub(super) fn add(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    sign_in(samples)?;
    welcome(samples)?;
    let confirm = ConfirmPage {
        shell: shell("Revoke key billing-prod?", Section::Keys),
        sentence: "Every gateway refuses the key from now on.".into(),
        consequences: vec!["Applications that use it get 401.".into(), "Its requests stay on record.".into()],
        button: "Revoke key billing-prod".into(),
        action: url::key_revocation("k1"),
        tag: "5f1c".into(),
        cancel: Link::new("Keep it", url::KEYS),
    };
    put(samples, "confirm-full", &confirm)?;
    put(samples, "error-404", &ErrorPage::not_found(shell("", Section::None), "This request"))?;
    put(samples, "error-403", &ErrorPage::forbidden(shell("", Section::None), "create keys"))?;
    put(samples, "error-origin", &ErrorPage::foreign_origin(door("")))?;
    put(samples, "error-422", &ErrorPage::unprocessable(shell("", Section::None), HOSTILE.text))?;
    put(samples, "error-500", &ErrorPage::internal(door(""), "01f0-7a"))?;
    put(samples, "error-archive", &ErrorPage::archive_away(shell("", Section::Requests)))
}

fn sign_in(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    put(samples, "sign-in-empty", &SignInPage { shell: door("Sign in"), ..SignInPage::default() })?;
    let refused = SignInPage {
        shell: Shell { theme: Theme::Dark, ..door("Sign in") },
        email: Field::new(HOSTILE.customer).refused(FieldError::NotAnEmail),
        password: Field::default().refused(FieldError::Required),
        return_to: HOSTILE.customer.into(),
        problem: Some(SignInProblem::WrongCredentials),
    };
    put(samples, "sign-in-hostile", &refused)?;
    let problem = Some(SignInProblem::Throttled { retry_after_seconds: 30 });
    put(
        samples,
        "sign-in-throttled",
        &SignInPage { shell: door("Sign in"), problem, ..SignInPage::default() },
    )?;
    let first = FirstAdminPage {
        shell: door("Create the first administrator"),
        password_min: 12,
        ..FirstAdminPage::default()
    };
    put(samples, "first-admin-empty", &first)?;
    let refused = FirstAdminPage {
        token: HOSTILE.customer.into(),
        name: Field::new(HOSTILE.text).refused(FieldError::TooLong { max: 80 }),
        email: Field::default().refused(FieldError::Required),
        password: Field::default().refused(FieldError::TooShort { min: 12 }),
        ..first
    };
    put(samples, "first-admin-hostile", &refused)
}

fn welcome(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    let fresh = WelcomePage {
        shell: shell("Welcome to Weir", Section::None),
        gateway_url: "http://127.0.0.1:8080".into(),
        model: "demo/chat".into(),
        anthropic_model: "demo/claude".into(),
        ..WelcomePage::default()
    };
    put(samples, "welcome-empty", &fresh)?;
    let arrived = Arrived {
        request_id: "01936f6e-4a52-7c30-8f7a-0242ac120002".into(),
        status: Status::Ok,
        customer_id: HOSTILE.customer.into(),
        model: HOSTILE.model.into(),
    };
    let waiting = WelcomePage {
        demo_provider: true,
        endpoints: 1,
        keys: 1,
        secret: Some("wk_3f9c0a7be1d24c58a6f0".into()),
        ..fresh.clone()
    };
    put(samples, "welcome-full", &waiting)?;
    let done = WelcomePage {
        shell: busy_shell("Welcome to Weir", Section::None, &HOSTILE),
        arrived: Some(arrived.clone()),
        ..waiting
    };
    put(samples, "welcome-hostile", &done)?;
    put(samples, "event-arrived", &ArrivedEvent { arrived })
}
