//! `/keys/{id}`: one key, state first (GET), and its change (POST), in force at once.

use axum::extract::{Form, Path, State};
use axum::response::Response;
use weir_contract::id::KeyId;
use weir_web::page::KeyPage;
use weir_web::page::keys::KeyForm;
use weir_web::shell::Section;
use weir_web::url;

use super::form::{self, Pairs, Sent};
use super::row::row;
use crate::app::App;
use crate::auth::{Actor, Allowed, ManageKeys, ReadSetup, Right};
use crate::endpoints;
use crate::error::AppError;
use crate::keys::{self, Key};
use crate::page::answer::page;
use crate::page::draft::settle_change;
use crate::page::frame::Frame;
use crate::page::people::People;
use crate::page::trail::trail;
use crate::precondition::Expected;
use crate::workspaces;

/// `GET /keys/{id}`
pub(in crate::page) async fn show(
    by: Allowed<ReadSetup>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<KeyId>,
) -> Result<Response, AppError> {
    let key = find(&app, &by, &id).await?;
    let form = form::of(&app, &by, &key).await?;
    page(&view(&app, &by, frame, &key, form).await?)
}

/// `POST /keys/{id}`
pub(in crate::page) async fn update(
    by: Allowed<ManageKeys>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<KeyId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response, AppError> {
    let sent = Sent(pairs);
    let (form, errors) = sent.read();
    let expected = Expected::tag(sent.one("tag"));
    let done = match errors.check() {
        Ok(()) => keys::update(&app, &by, &id, form, &expected).await,
        Err(invalid) => Err(invalid),
    };
    let saved =
        |key: &Key| (url::key(id.as_str()), format!("Key {} is changed, in force at once.", key.name));
    let again = async |frame, errors| {
        let key = find(&app, &by, &id).await?;
        let form = sent.refused(&app, &by, Some(&key), &errors).await?;
        view(&app, &by, frame, &key, Some(form)).await
    };
    settle_change(frame, done, saved, again).await
}

/// The key of that id, for whoever may see it.
pub(super) async fn find(app: &App, actor: &Actor, id: &KeyId) -> Result<Key, AppError> {
    keys::find(app, actor, id).await?.ok_or_else(|| AppError::not_found("key", id.as_str()))
}

async fn view(
    app: &App,
    actor: &Actor,
    frame: Frame,
    key: &Key,
    form: Option<KeyForm>,
) -> Result<KeyPage, AppError> {
    let known = workspaces::in_reach(app, actor, Right::ReadSetup).await?;
    Ok(KeyPage {
        shell: frame.shell(app, actor, format!("Key {}", key.name), Section::Keys).await?,
        key: row(app, key, &known, &mut People::default()).await?,
        scope: scope(app, actor, key).await?,
        trail: trail(app, actor, key.id.as_str()).await?,
        form,
        now_us: app.clock.now_us(),
    })
}

/// What the key may and what it is bound to, only what is set.
async fn scope(app: &App, actor: &Actor, key: &Key) -> Result<Vec<(String, String)>, AppError> {
    let settings = &key.settings;
    let known = endpoints::list(app, actor).await?;
    let names = settings.endpoints.iter().map(|id| {
        known.iter().find(|one| one.id == *id).map_or_else(|| id.to_string(), |one| one.name.clone())
    });
    let number = |limit: Option<u32>| limit.map(|limit| limit.to_string()).unwrap_or_default();
    let tags = settings.tags.iter().map(|(name, value)| format!("{name}={value}"));
    let networks = settings.networks.iter().map(ToString::to_string);
    let all = [
        ("Bound to customer", settings.customer.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("Customers named by", settings.customer_source_min.map(form::word).unwrap_or_default()),
        ("Signs customers", if settings.signs_customers { "yes".to_owned() } else { String::new() }),
        (
            "Left out where nobody can say it",
            if settings.drop_unsupported { "yes".to_owned() } else { String::new() },
        ),
        ("Models", settings.models.join(", ")),
        ("Endpoints, a hard set", names.collect::<Vec<_>>().join(", ")),
        ("Regions, a hard set", settings.regions.join(", ")),
        ("Networks", networks.collect::<Vec<_>>().join(", ")),
        ("Tags", tags.collect::<Vec<_>>().join(", ")),
        ("Logging", settings.log_level.map(form::word).unwrap_or_default()),
        ("Requests a minute, each gateway", number(settings.requests_per_minute)),
        ("Requests in flight, each gateway", number(settings.concurrent_max)),
    ];
    let said = all.into_iter().filter(|(_, value)| !value.is_empty());
    Ok(said.map(|(name, value)| (name.to_owned(), value)).collect())
}
