//! Samples of settings.

use super::{NOW_US, Sample, Words, busy_shell, put, shell};
use crate::form::{Choice, Field, FieldError};
use crate::page::keys::TrailRow;
use crate::page::settings::{AccountForm, SessionRow, TokenRow, TokensPart, WorkspaceForm, WorkspaceRow};
use crate::page::{SettingsPage, TokenShownPage, WorkspacePage};
use crate::shell::{Difference, Section, Shell};

pub(super) fn add(samples: &mut Vec<Sample>, words: &Words) -> Result<(), crate::Error> {
    let session = |n: i64| SessionRow {
        session_id: format!("session{n}"),
        address: "192.0.2.1".into(),
        agent: words.text.into(),
        created_us: NOW_US - n * 86_400_000_000,
        last_seen_us: NOW_US - n * 60_000_000,
        is_this: n == 1,
    };
    let token = |n: i64| TokenRow {
        token_id: format!("token_{n}"),
        name: words.customer.into(),
        ends_with: "ab12".into(),
        scope: format!("viewer {}", words.customer),
        created_us: NOW_US - n * 86_400_000_000,
        expires_us: (n == 1).then_some(NOW_US + 86_400_000_000),
        revoked_us: (n == 2).then_some(NOW_US),
        shut: match n {
            1 => "",
            2 => "revoked",
            _ => "its maker may not do this now",
        },
    };
    let workspace = WorkspaceRow {
        workspace_id: "ws_1".into(),
        name: words.customer.into(),
        environment: words.customer.into(),
        log_level: "everything, with both bodies".into(),
        retention_days: 30,
        calls_days: 400,
    };
    let form = WorkspaceForm {
        name: Field::new(words.customer).refused(FieldError::Taken),
        days: vec![Choice::new("30", "30 days")],
        calls_choices: vec![Choice::new("400", "400 days")],
        log_levels: vec![Choice::new("full", "everything, with both bodies")],
        tag: "0123abcd".into(),
        ..WorkspaceForm::default()
    };
    let page = SettingsPage {
        shell: busy_shell("Settings", Section::Settings, words),
        roles: vec![format!("admin in {}, with bodies", words.customer)],
        may_manage_people: true,
        account: Some(AccountForm {
            name: Field::new(words.customer),
            current: Field::default().refused(FieldError::Other(words.text.into())),
            password: Field::default().refused(FieldError::TooShort { min: 10 }),
            password_min: 10,
        }),
        sessions: (1..=3).map(session).collect(),
        tokens: Some(TokensPart {
            rows: (1..=3).map(token).collect(),
            name: Field::new(words.text).refused(FieldError::TooLong { max: 200 }),
            roles: vec![Choice::new("viewer", "viewer")],
            workspaces: vec![Choice::new("ws_1", words.customer)],
            ..TokensPart::default()
        }),
        workspaces: vec![workspace.clone()],
        workspace: Some(form.clone()),
        now_us: NOW_US,
    };
    put(samples, &format!("settings-{}", words.suffix), &page)?;
    put(samples, &format!("workspace-{}", words.suffix), &opened(words, workspace, form))?;
    let shown = TokenShownPage {
        shell: shell("New API token", Section::Settings),
        name: words.customer.into(),
        secret: "wat_3f9c0a7be1d24c58a6f0".into(),
        control_url: "http://127.0.0.1:8081".into(),
    };
    put(samples, &format!("api-token-{}", words.suffix), &shown)
}

/// A workspace that two people changed.
fn opened(words: &Words, row: WorkspaceRow, form: WorkspaceForm) -> WorkspacePage {
    let overtaken =
        vec![Difference { name: "name".into(), now: words.customer.into(), sent: words.text.into() }];
    let trail = TrailRow { at_us: NOW_US, who: words.customer.into(), action: "workspace.update".into() };
    WorkspacePage {
        shell: Shell { overtaken, ..busy_shell("Workspace", Section::Settings, words) },
        row,
        created_us: NOW_US - 86_400_000_000,
        form: Some(form),
        trail: Some(vec![trail]),
        now_us: NOW_US,
    }
}

pub(super) fn add_empty(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    let shell = shell("Settings", Section::Settings);
    put(samples, "settings-empty", &SettingsPage { shell, now_us: NOW_US, ..SettingsPage::default() })?;
    put(samples, "workspace-empty", &WorkspacePage { now_us: NOW_US, ..WorkspacePage::default() })
}
