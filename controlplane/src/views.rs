//! Filters kept by name: one's own, or shared with everybody who sees the figures of a workspace.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_contract::filter::Filter;
use weir_contract::id::{WorkspaceId, prefixed};
use weir_web::form::FieldError;
use weir_web::url::RequestsQuery;

use crate::app::App;
use crate::archive::Window;
use crate::archive::groups::GroupBy;
use crate::audit::{self, Change};
use crate::auth::{Actor, Right};
use crate::error::{AppError, FieldErrors};
use crate::precondition::Expected;
use crate::store::view::{self, ViewRow};
use crate::store::{Conn, StoreError};

/// Characters of a name.
const NAME_CHARS_MAX: usize = 100;
/// Characters of a filter.
const FILTER_CHARS_MAX: usize = 4_000;
/// Views one person may keep.
const VIEWS_MAX: i64 = 200;
/// Views that are looked through for a list.
const LIST_MAX: i64 = 2_000;

/// A filter with its window and grouping, under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct View {
    /// `view_…`
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Who made it.
    pub owner: String,
    /// Where it is shared; `null` for one's own.
    #[schema(value_type = Option<String>)]
    pub workspace: Option<WorkspaceId>,
    /// What it shows.
    #[serde(flatten)]
    pub query: ViewQuery,
    /// When it was made, µs UTC.
    pub created_us: i64,
    /// When it was last changed, µs UTC.
    pub updated_us: i64,
}

/// What a view shows, as it stands in an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ViewQuery {
    /// The filter.
    pub q: String,
    /// A named window; empty when `from` and `to` rule.
    pub range: String,
    /// Start, ISO 8601.
    pub from: String,
    /// End, ISO 8601.
    pub to: String,
    /// What it is added up by; empty for nothing.
    pub group: String,
}

/// What people say about a view.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "FlatViewForm")]
pub struct ViewForm {
    /// What people call it.
    pub name: String,
    /// The workspace it is shared in; empty for one's own.
    pub workspace: String,
    /// What it shows.
    #[serde(flatten)]
    pub query: ViewQuery,
}

/// What people say about a view, as one flat object, so that a slip is pointed at where it stands.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ViewForm)]
pub struct FlatViewForm {
    /// What people call it.
    #[schema(required, min_length = 1, max_length = 100, example = "Failures")]
    name: String,
    /// The workspace it is shared in; empty for one's own.
    workspace: String,
    /// The filter.
    #[schema(max_length = 4000, example = "status:error")]
    q: String,
    /// A named window; empty when `from` and `to` rule.
    #[schema(example = "7d")]
    range: String,
    /// Start, ISO 8601.
    from: String,
    /// End, ISO 8601.
    to: String,
    /// What it is added up by; empty for nothing.
    group: String,
}

impl From<FlatViewForm> for ViewForm {
    fn from(flat: FlatViewForm) -> Self {
        let FlatViewForm { name, workspace, q, range, from, to, group } = flat;
        Self { name, workspace, query: ViewQuery { q, range, from, to, group } }
    }
}

impl View {
    /// Whether the actor may change or delete it: its owner, and administrators where it is shared.
    #[must_use]
    pub fn is_changed_by(&self, actor: &Actor) -> bool {
        let rules = |workspace: &WorkspaceId| actor.may_in(Right::ManageWorkspaces, Some(workspace));
        self.owner == actor.id || self.workspace.as_ref().is_some_and(rules)
    }

    fn is_seen_by(&self, actor: &Actor) -> bool {
        match &self.workspace {
            Some(workspace) => actor.may_in(Right::ReadFigures, Some(workspace)),
            None => self.owner == actor.id,
        }
    }
}

impl ViewQuery {
    /// As links carry it.
    #[must_use]
    pub fn link(&self) -> RequestsQuery {
        let Self { q, range, from, to, group } = self.clone();
        RequestsQuery { q, range, from, to, group, ..RequestsQuery::default() }
    }
}

/// The views the actor sees, by name.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<View>, AppError> {
    let rows = view::list_views(&mut *app.store.read().await?, &actor.id, LIST_MAX).await?;
    let views: Result<Vec<View>, StoreError> = rows.into_iter().map(read).collect();
    Ok(views?.into_iter().filter(|view| view.is_seen_by(actor)).collect())
}

/// The view of that id, if the actor sees it.
pub async fn find(app: &App, actor: &Actor, id: &str) -> Result<View, AppError> {
    find_in(&mut *app.store.read().await?, actor, id).await
}

async fn find_in(conn: &mut Conn, actor: &Actor, id: &str) -> Result<View, AppError> {
    let found = view::find_view(conn, id).await?.map(read).transpose()?;
    found.filter(|view| view.is_seen_by(actor)).ok_or_else(|| AppError::not_found("view", id))
}

/// Keeps a view.
pub async fn create(app: &App, actor: &Actor, form: ViewForm) -> Result<View, AppError> {
    check(app, actor, &form)?;
    let now_us = app.clock.now_us();
    let made = View {
        id: prefixed("view", app.random.bytes()),
        owner: actor.id.clone(),
        ..of(form, View::blank(now_us))
    };
    let mut writing = app.store.write().await?;
    if view::count_views(&mut writing, &actor.id).await? >= VIEWS_MAX {
        return Err(AppError::Conflict(format!("you keep {VIEWS_MAX} views already; delete some first")));
    }
    view::create_view(&mut writing, &write(&made)).await.map_err(AppError::taken_as("name"))?;
    note(&mut writing, actor, now_us, "view.create", &made.id, (None, Some(&made))).await?;
    writing.commit().await?;
    Ok(made)
}

/// Changes a view the actor may change.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &str,
    expected: &Expected,
    form: ViewForm,
) -> Result<View, AppError> {
    check(app, actor, &form)?;
    let now_us = app.clock.now_us();
    let mut writing = app.store.write().await?;
    let before = changeable(&mut writing, actor, id).await?;
    expected.check_change(&before, &form)?;
    let after = of(form, View { updated_us: now_us, ..before.clone() });
    view::update_view(&mut writing, &write(&after)).await.map_err(AppError::taken_as("name"))?;
    note(&mut writing, actor, now_us, "view.update", id, (Some(&before), Some(&after))).await?;
    writing.commit().await?;
    Ok(after)
}

/// Removes a view the actor may change.
pub async fn delete(app: &App, actor: &Actor, id: &str, expected: &Expected) -> Result<View, AppError> {
    let mut writing = app.store.write().await?;
    let before = changeable(&mut writing, actor, id).await?;
    expected.check(&before)?;
    view::delete_view(&mut writing, id).await?;
    note(&mut writing, actor, app.clock.now_us(), "view.delete", id, (Some(&before), None)).await?;
    writing.commit().await?;
    Ok(before)
}

async fn changeable(conn: &mut Conn, actor: &Actor, id: &str) -> Result<View, AppError> {
    let found = find_in(conn, actor, id).await?;
    if found.is_changed_by(actor) { Ok(found) } else { Err(AppError::Forbidden(Right::ManageWorkspaces)) }
}

async fn note(
    conn: &mut Conn,
    actor: &Actor,
    now_us: i64,
    action: &str,
    object: &str,
    (before, after): (Option<&View>, Option<&View>),
) -> Result<(), StoreError> {
    let state = |view: Option<&View>| view.map(audit::state).unwrap_or_default();
    let change = Change { actor: &actor.id, action, object, before: state(before), after: state(after) };
    audit::append(conn, now_us, change).await
}

fn check(app: &App, actor: &Actor, form: &ViewForm) -> Result<(), AppError> {
    let mut errors = FieldErrors::default();
    let ViewQuery { q, range, from, to, group } = &form.query;
    match form.name.trim().chars().count() {
        0 => errors.add("name", FieldError::Required),
        count if count > NAME_CHARS_MAX => errors.add("name", FieldError::TooLong { max: NAME_CHARS_MAX }),
        _ => {}
    }
    if q.chars().count() > FILTER_CHARS_MAX {
        errors.add("q", FieldError::TooLong { max: FILTER_CHARS_MAX });
    } else if let Err(error) = Filter::parse(q) {
        errors.add("q", FieldError::Other(error.to_string()));
    }
    if let Err(error) = Window::resolve(range, from, to, app.clock.now_us()) {
        errors.add("range", FieldError::Other(error.to_string()));
    }
    if !group.is_empty() && GroupBy::from_name(group).is_none() {
        errors.add("group", FieldError::UnknownChoice);
    }
    let workspace = WorkspaceId::from(form.workspace.as_str());
    if !form.workspace.is_empty() && !actor.may_in(Right::ReadFigures, Some(&workspace)) {
        errors.add("workspace", FieldError::UnknownChoice);
    }
    errors.check()
}

impl View {
    fn blank(now_us: i64) -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            owner: String::new(),
            workspace: None,
            query: ViewQuery::default(),
            created_us: now_us,
            updated_us: now_us,
        }
    }
}

fn of(form: ViewForm, view: View) -> View {
    let workspace = (!form.workspace.is_empty()).then(|| WorkspaceId::from(form.workspace));
    View { name: form.name.trim().to_owned(), workspace, query: form.query, ..view }
}

fn write(view: &View) -> ViewRow {
    let workspace_id = view.workspace.as_ref().map(ToString::to_string).unwrap_or_default();
    ViewRow {
        id: view.id.clone(),
        owner: view.owner.clone(),
        place: if workspace_id.is_empty() { view.owner.clone() } else { workspace_id.clone() },
        workspace_id,
        name: view.name.clone(),
        query_json: audit::state(&view.query),
        created_us: view.created_us,
        updated_us: view.updated_us,
    }
}

fn read(row: ViewRow) -> Result<View, StoreError> {
    let query = serde_json::from_str(&row.query_json).map_err(|error| StoreError::Damaged {
        table: "saved_view",
        id: row.id.clone(),
        reason: error.to_string(),
    })?;
    Ok(View {
        id: row.id,
        name: row.name,
        owner: row.owner,
        workspace: (!row.workspace_id.is_empty()).then(|| row.workspace_id.into()),
        query,
        created_us: row.created_us,
        updated_us: row.updated_us,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Grant, Role};
    use crate::testing::House;

    fn viewer(id: &str, workspace: &str) -> Actor {
        let grant = Grant { workspace: Some(workspace.into()), role: Role::Viewer, read_bodies: false };
        Actor { id: id.into(), name: id.into(), email: String::new(), grants: vec![grant] }
    }

    fn form(name: &str, workspace: &str) -> ViewForm {
        let query = ViewQuery { q: "status:error".into(), range: "7d".into(), ..ViewQuery::default() };
        ViewForm { name: name.into(), workspace: workspace.into(), query }
    }

    #[tokio::test]
    async fn ones_own_view_is_seen_by_nobody_else_and_a_shared_one_by_its_workspace() {
        let house = House::new().await;
        let (ada, ben, cy) = (viewer("ada", "ws_a"), viewer("ben", "ws_a"), viewer("cy", "ws_b"));
        let own = create(&house.app, &ada, form("Failures", "")).await.unwrap();
        let shared = create(&house.app, &ada, form("Failures", "ws_a")).await.unwrap();
        let names = |views: Vec<View>| views.into_iter().map(|view| view.id).collect::<Vec<_>>();
        assert_eq!(names(list(&house.app, &ben).await.unwrap()), std::slice::from_ref(&shared.id));
        assert!(list(&house.app, &cy).await.unwrap().is_empty());
        assert!(matches!(find(&house.app, &ben, &own.id).await, Err(AppError::NotFound { .. })));
        assert!(matches!(
            delete(&house.app, &ben, &shared.id, &Expected::anything()).await,
            Err(AppError::Forbidden(_))
        ));
        let elsewhere = create(&house.app, &cy, form("Failures", "ws_a")).await;
        assert!(matches!(elsewhere, Err(AppError::Invalid(_))), "not one of theirs");
    }

    #[tokio::test]
    async fn a_name_is_taken_once_in_its_place_and_the_second_editor_is_told() {
        let house = House::new().await;
        let ada = viewer("ada", "ws_a");
        let made = create(&house.app, &ada, form("Failures", "")).await.unwrap();
        assert!(matches!(create(&house.app, &ada, form("Failures", "")).await, Err(AppError::Invalid(_))));
        let tag = Expected::tag(&crate::precondition::tag_of(&made));
        let renamed = update(&house.app, &ada, &made.id, &tag, form("Broken", "")).await.unwrap();
        assert_eq!((renamed.name.as_str(), renamed.created_us), ("Broken", made.created_us));
        let late = update(&house.app, &ada, &made.id, &tag, form("Other", "")).await;
        assert!(matches!(late, Err(AppError::Overtaken { .. })));
    }

    #[tokio::test]
    async fn what_cannot_be_shown_cannot_be_kept() {
        let house = House::new().await;
        let query = ViewQuery {
            q: "statsu:x".into(),
            range: "8d".into(),
            group: "mood".into(),
            ..ViewQuery::default()
        };
        let wrong = ViewForm { name: " ".into(), query, ..ViewForm::default() };
        let Err(AppError::Invalid(errors)) = create(&house.app, &viewer("ada", "ws_a"), wrong).await else {
            panic!("kept")
        };
        assert_eq!(
            errors.iter().map(|(field, _)| field).collect::<Vec<_>>(),
            ["name", "q", "range", "group"]
        );
    }
}
