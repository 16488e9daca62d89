//! `/settings`: one's own account, API tokens, workspaces.

use askama::Template;

use crate::form::{Choice, Field};
use crate::page::keys::TrailRow;
use crate::shell::Shell;

/// Everything on one page: what the reader may not change is left out.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/settings/show.html")]
pub struct SettingsPage {
    /// The frame.
    pub shell: Shell,
    /// The reader's roles, in words.
    pub roles: Vec<String>,
    /// Whether the reader manages people somewhere.
    pub may_manage_people: bool,
    /// The forms of the reader's own account; `None` for scripts.
    pub account: Option<AccountForm>,
    /// The reader's open sessions, the newest first.
    pub sessions: Vec<SessionRow>,
    /// API tokens; `None` for readers who may not manage them.
    pub tokens: Option<TokensPart>,
    /// The workspaces in reach.
    pub workspaces: Vec<WorkspaceRow>,
    /// The form for a new workspace; `None` for readers who may not make one.
    pub workspace: Option<WorkspaceForm>,
    /// The moment the page was made.
    pub now_us: i64,
}

/// The reader's own name and password; posted to `/settings/name` and `/settings/password`.
#[derive(Debug, Clone, Default)]
pub struct AccountForm {
    /// What they are called.
    pub name: Field,
    /// What is wrong with the password they have; its value is never sent back.
    pub current: Field,
    /// What is wrong with the new one; its value is never sent back.
    pub password: Field,
    /// The least number of characters a password has.
    pub password_min: usize,
}

/// An open session.
#[derive(Debug, Clone, Default)]
pub struct SessionRow {
    /// Its id.
    pub session_id: String,
    /// Where it came from.
    pub address: String,
    /// The browser, as it names itself.
    pub agent: String,
    /// Since when.
    pub created_us: i64,
    /// When it was last used.
    pub last_seen_us: i64,
    /// Whether it is the reader's own.
    pub is_this: bool,
}

/// API tokens and the form for a new one.
#[derive(Debug, Clone, Default)]
pub struct TokensPart {
    /// The tokens, in force first.
    pub rows: Vec<TokenRow>,
    /// The name of a new one.
    pub name: Field,
    /// Its role.
    pub role: Field,
    /// The roles there are.
    pub roles: Vec<Choice>,
    /// Where it is valid; empty is everywhere.
    pub workspace: Field,
    /// The workspaces there are.
    pub workspaces: Vec<Choice>,
    /// Whether bodies may be read with it.
    pub read_bodies: Field,
    /// The day it ends; empty is never.
    pub expires: Field,
}

/// One API token, without its secret.
#[derive(Debug, Clone, Default)]
pub struct TokenRow {
    /// Its id.
    pub token_id: String,
    /// What people call it.
    pub name: String,
    /// The last characters of its secret.
    pub ends_with: String,
    /// Role and place, in words.
    pub scope: String,
    /// When it was made.
    pub created_us: i64,
    /// When it ends by itself.
    pub expires_us: Option<i64>,
    /// When it was revoked.
    pub revoked_us: Option<i64>,
    /// Why it opens nothing; empty when it is in force.
    pub shut: &'static str,
}

/// One workspace.
#[derive(Debug, Clone, Default)]
pub struct WorkspaceRow {
    /// Its id.
    pub workspace_id: String,
    /// What people call it.
    pub name: String,
    /// `production`, `staging`, …; may be empty.
    pub environment: String,
    /// How much of a request is kept.
    pub log_level: String,
    /// Days bodies are kept.
    pub retention_days: u64,
    /// Days calls are kept.
    pub calls_days: u64,
}

/// The form of a workspace, a new one or one that is there.
#[derive(Debug, Clone, Default)]
pub struct WorkspaceForm {
    /// What people will call it.
    pub name: Field,
    /// `production`, `staging`, …
    pub environment: Field,
    /// How much of a request is kept.
    pub log_level: Field,
    /// The levels there are.
    pub log_levels: Vec<Choice>,
    /// Days bodies are kept.
    pub retention_days: Field,
    /// The numbers of days there are.
    pub days: Vec<Choice>,
    /// Days calls are kept.
    pub calls_days: Field,
    /// The numbers of days there are for calls.
    pub calls_choices: Vec<Choice>,
    /// Which version the form was made from; empty for a new workspace.
    pub tag: String,
}

/// One workspace.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/settings/workspace.html")]
pub struct WorkspacePage {
    /// The frame.
    pub shell: Shell,
    /// How it is.
    pub row: WorkspaceRow,
    /// When it was made.
    pub created_us: i64,
    /// Its form; `None` for readers who may not change it.
    pub form: Option<WorkspaceForm>,
    /// What was done to it, newest first; `None` for readers who may not read the audit trail.
    pub trail: Option<Vec<TrailRow>>,
    /// The moment the page was made.
    pub now_us: i64,
}

/// A new API token, shown once.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/settings/token.html")]
pub struct TokenShownPage {
    /// The frame.
    pub shell: Shell,
    /// What people call it.
    pub name: String,
    /// The secret, shown now and never again.
    pub secret: String,
    /// Base address of the control plane.
    pub control_url: String,
}

impl TokenShownPage {
    /// A first call with it.
    #[must_use]
    pub fn example(&self) -> String {
        format!("curl -H 'Authorization: Bearer {}' {}/api/v1/workspaces", self.secret, self.control_url)
    }
}
