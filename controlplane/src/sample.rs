//! Sample traffic's side of the control plane: a workspace of its own, its books, and its complete removal.
//!
//! The traffic itself is written by the program, through the journal of a gateway like any other; here is only what a
//! control plane does for it. The workspace's name says what it is, and nothing of it is in another workspace's figures.

use std::sync::Arc;

use weir_contract::id::{KeyId, WorkspaceId, prefixed};
use weir_contract::price::PriceBook;
use weir_contract::record::LogLevel;
use weir_contract::sync::BatchSummary;

use crate::app::{Ambient, App};
use crate::audit::{self, Change};
use crate::config::ControlConfig;
use crate::error::AppError;
use crate::keys::{self, KeyForm};
use crate::store::{erase, setting};
use crate::workspaces::{self, Workspace};
use crate::{StartError, books};

/// What the workspace is called: it is the label people see.
pub const WORKSPACE: &str = "Sample traffic";
/// How the names of gateways that write sample traffic begin.
pub const GATEWAY: &str = "gw_sample_";
/// Its environment.
pub const ENVIRONMENT: &str = "sample";
/// The setting that says which workspace it is.
const SETTING: &str = "sample.workspace";
/// Who the audit names: only someone at the machine can do this.
const OPERATOR: &str = "operator";
/// Days its bodies are kept.
pub const RETENTION_DAYS: u16 = 30;

/// An installation opened for sample traffic.
pub struct Sample {
    app: App,
}

/// Where the traffic belongs.
pub struct Stage {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its keys, in the order asked for. Nobody knows their secrets.
    pub keys: Vec<KeyId>,
}

impl Sample {
    /// Opens the installation that this configuration describes, whether it runs or not.
    pub async fn open(
        config: ControlConfig,
        ambient: Ambient,
        book: Arc<PriceBook>,
    ) -> Result<Self, StartError> {
        let app = crate::open(config, ambient, book).await?;
        app.archive.migrate().await?;
        Ok(Self { app })
    }

    /// Makes the workspace and its keys. Refused while there is sample traffic already.
    pub async fn prepare(&self, key_names: &[&str]) -> Result<Stage, AppError> {
        let app = &self.app;
        let mut writing = app.store.write().await?;
        if setting::find_setting(&mut writing, SETTING).await?.is_some() {
            let sentence = "there is sample traffic already: `weir demo remove` takes it away";
            return Err(AppError::Conflict(sentence.to_owned()));
        }
        let now_us = app.clock.now_us();
        let workspace = Workspace {
            id: prefixed("ws", app.random.bytes()).into(),
            name: WORKSPACE.to_owned(),
            environment: ENVIRONMENT.to_owned(),
            log_level: LogLevel::Full,
            retention_days: RETENTION_DAYS,
            calls_days: 400,
            created_us: now_us,
        };
        workspaces::create_in(&mut writing, OPERATOR, &workspace).await?;
        let mut keys = Vec::new();
        for name in key_names {
            let form =
                KeyForm { name: (*name).to_owned(), workspace: workspace.id.clone(), ..KeyForm::default() };
            keys.push(keys::create_in(app, &mut writing, OPERATOR, form).await?.key.id);
        }
        setting::update_setting(&mut writing, SETTING, workspace.id.as_str(), now_us).await?;
        writing.commit().await?;
        Ok(Stage { workspace: workspace.id, keys })
    }

    /// Posts a batch to the books, as a gateway's would be.
    pub async fn post(&self, batch: &BatchSummary) -> Result<(), AppError> {
        books::post(&self.app, GATEWAY, batch).await
    }

    /// Removes all of it: calls, bodies, sums, books, customers, keys, the workspace. `false` when there is none.
    pub async fn remove(&self) -> Result<bool, AppError> {
        let app = &self.app;
        let found = setting::find_setting(&mut *app.store.read().await?, SETTING).await?;
        let Some(workspace) = found else { return Ok(false) };
        // The archive first: a removal that was cut off can be run again as long as the setting is there.
        app.archive.erase_workspace(&workspace, GATEWAY).await?;
        let mut writing = app.store.write().await?;
        let customers = erase::delete_workspace(&mut writing, &workspace, GATEWAY).await?;
        setting::delete_setting(&mut writing, SETTING).await?;
        let change = Change {
            actor: OPERATOR,
            action: "sample.remove",
            object: &workspace,
            before: format!("{{\"name\":\"{WORKSPACE}\",\"customers\":{customers}}}"),
            after: String::new(),
        };
        audit::append(&mut writing, app.clock.now_us(), change).await?;
        writing.commit().await?;
        Ok(true)
    }

    /// Closes the store.
    pub async fn close(self) {
        self.app.store.close().await;
    }
}
