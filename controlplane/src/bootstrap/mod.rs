//! First start: a workspace, a key, tokens, and, where there is a demo provider, something to talk to at once.

mod demo;

use zeroize::Zeroizing;

use crate::app::App;
use crate::auth::sign_in::{self, FIRST_API_TOKEN};
use crate::error::AppError;
use crate::store::{Conn, setting};
use crate::workspaces::{Workspace, create_in as create_workspace};
use crate::{api_tokens, gateways, keys, publish, store, token};

/// Who the audit names for what the program does by itself.
pub(crate) const OURSELVES: &str = "weir";
/// The setting that says that the first steps were taken.
const DONE: &str = "bootstrap.done";
/// The name of the token of the gateway in the same process.
pub(crate) const LOCAL_GATEWAY: &str = "gateway of the same process";
const GATEWAY_TOKEN: &str = "local.gateway_token";
const FIRST_KEY: &str = "first.key";
const FIRST_KEY_ID: &str = "first.key_id";

/// How to come in, while nobody has.
#[derive(Clone)]
pub struct FirstRun {
    /// Opens the form that makes the first administrator; once, within a day.
    pub sign_in_link: String,
    /// An API token with all rights; forgotten when there is an administrator (it goes on working until revoked).
    pub api_token: String,
    /// A key of the workspace `default`.
    pub gateway_key: String,
}

/// What the start needs.
pub(crate) struct Opened {
    pub(crate) first_run: Option<FirstRun>,
    pub(crate) gateway_token: String,
}

/// Takes the first steps if nobody did, and says how to come in.
pub(crate) async fn first_steps(app: &App) -> Result<Opened, AppError> {
    let mut writing = app.store.write().await?;
    if setting::find_setting(&mut writing, DONE).await?.is_none() {
        let published = set_up(app, &mut writing).await?;
        setting::update_setting(&mut writing, DONE, "1", app.clock.now_us()).await?;
        writing.commit().await?;
        app.publisher.announce(published);
    } else {
        drop(writing);
        demo::follow_address(app).await?;
    }
    let gateway_token = secret(app, GATEWAY_TOKEN).await?.unwrap_or_default();
    let link = sign_in::first_admin_link(app).await?;
    let (api_token, key) = (secret(app, FIRST_API_TOKEN).await?, secret(app, FIRST_KEY).await?);
    let first_run = match (link, api_token, key) {
        (Some(sign_in_link), Some(api_token), Some(gateway_key)) => {
            Some(FirstRun { sign_in_link, api_token, gateway_key })
        }
        _ => None,
    };
    Ok(Opened { first_run, gateway_token })
}

async fn set_up(app: &App, conn: &mut Conn) -> Result<publish::Published, AppError> {
    let now_us = app.clock.now_us();
    let workspace = Workspace {
        id: weir_contract::id::prefixed("ws", app.random.bytes()).into(),
        name: "default".to_owned(),
        environment: if app.config.production { "production" } else { "development" }.to_owned(),
        log_level: weir_contract::record::LogLevel::Full,
        retention_days: 30,
        calls_days: 400,
        created_us: now_us,
    };
    create_workspace(conn, OURSELVES, &workspace).await?;
    let form = keys::KeyForm {
        name: "first key".to_owned(),
        workspace: workspace.id.clone(),
        ..keys::KeyForm::default()
    };
    let key = keys::create_in(app, conn, OURSELVES, form).await?;
    keep(app, conn, FIRST_KEY, &key.secret).await?;
    setting::update_setting(conn, FIRST_KEY_ID, key.key.id.as_str(), now_us).await?;
    let form = api_tokens::NewApiToken {
        name: "first token".to_owned(),
        role: "admin".to_owned(),
        read_bodies: true,
        ..api_tokens::NewApiToken::default()
    };
    let (_, api_token) = api_tokens::create_in(app, conn, OURSELVES, form).await?;
    keep(app, conn, FIRST_API_TOKEN, &api_token).await?;
    let gateway_token = token::mint(token::GATEWAY, app.random.as_ref());
    gateways::enrol(app, conn, OURSELVES, LOCAL_GATEWAY, &gateway_token).await?;
    keep(app, conn, GATEWAY_TOKEN, &gateway_token).await?;
    if let Some(url) = app.config.demo_url.as_deref() {
        demo::set_up(app, conn, OURSELVES, url).await?;
    }
    let (_, published) = publish::publish_in(app, conn, OURSELVES, "first start").await?;
    Ok(published)
}

async fn keep(app: &App, conn: &mut Conn, name: &str, secret: &str) -> Result<(), AppError> {
    let row = app.vault.seal(name, secret.as_bytes(), name, app.clock.now_us())?;
    store::secret::create_secret(conn, &row).await?;
    Ok(())
}

async fn secret(app: &App, name: &str) -> Result<Option<String>, AppError> {
    Ok(app.vault.find_text(&mut *app.store.read().await?, name).await?)
}

/// The first key's secret, kept sealed for the welcome page until the key is revoked.
pub(crate) async fn welcome_key(app: &App) -> Result<Option<Zeroizing<String>>, AppError> {
    let mut reading = app.store.read().await?;
    let Some(id) = setting::find_setting(&mut reading, FIRST_KEY_ID).await? else { return Ok(None) };
    let key = store::key::find_key(&mut reading, &id).await?;
    if key.is_none_or(|key| key.revoked_us.is_some()) {
        return Ok(None);
    }
    Ok(app.vault.find_text(&mut reading, FIRST_KEY).await?.map(Zeroizing::new))
}
