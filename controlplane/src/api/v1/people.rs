//! People: what they are where, shutting out, sessions, links for a new password.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};

use crate::account::OpenSession;
use crate::api::json::{self, List, Paging, Place};
use crate::app::App;
use crate::auth::{Allowed, ManagePeople, session};
use crate::error::AppError;
use crate::people::reset::{self, ResetLink};
use crate::people::{self, Disabling, Person, PersonForm, sessions};
use crate::precondition::Expected;

/// Everybody with a role where you manage people, by name.
#[utoipa::path(get, path = "/api/v1/people", tag = "people", params(Paging),
    responses((status = 200, body = List<Person>)))]
pub(crate) async fn list(
    who: Allowed<ManagePeople>,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Person>>, AppError> {
    let found = people::list(&app, &who).await?;
    Ok(Json(List::page(found, &paging, |one| Place::named(&one.name, &one.id))?))
}

/// One person.
#[utoipa::path(get, path = "/api/v1/people/{id}", tag = "people", params(("id" = String, Path)),
    responses((status = 200, body = Person), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn show(
    who: Allowed<ManagePeople>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    Ok(tagged(people::find(&app, &who, &id).await?))
}

/// Gives a person exactly these roles where you manage people; roles elsewhere stay. Acts at once, also on open pages.
#[utoipa::path(put, path = "/api/v1/people/{id}", tag = "people", request_body = PersonForm,
    params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Person), (status = 409, body = crate::error::Problem),
        (status = 412, body = crate::error::Problem), (status = 422, body = crate::error::Problem)))]
pub(crate) async fn update(
    who: Allowed<ManagePeople>,
    State(app): State<App>,
    Path(id): Path<String>,
    expected: Expected,
    json::Json(form): json::Json<PersonForm>,
) -> Result<Response, AppError> {
    Ok(tagged(people::update(&app, &who, &id, form, &expected).await?))
}

/// Shuts somebody out at once: sign-in, sessions, open pages.
#[utoipa::path(post, path = "/api/v1/people/{id}/disablement", tag = "people", request_body = Disabling,
    params(("id" = String, Path)),
    responses((status = 200, body = Person), (status = 404, body = crate::error::Problem), (status = 409, body = crate::error::Problem)))]
pub(crate) async fn disable(
    who: Allowed<ManagePeople>,
    State(app): State<App>,
    Path(id): Path<String>,
    json::Json(how): json::Json<Disabling>,
) -> Result<Response, AppError> {
    Ok(tagged(people::disable(&app, &who, &id, how).await?))
}

/// Lets somebody in again, with the password and the roles they had.
#[utoipa::path(delete, path = "/api/v1/people/{id}/disablement", tag = "people", params(("id" = String, Path)),
    responses((status = 200, body = Person), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn enable(
    who: Allowed<ManagePeople>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    Ok(tagged(people::enable(&app, &who, &id).await?))
}

/// Makes a link by which the person sets a new password; told this once, good once and for a day.
#[utoipa::path(post, path = "/api/v1/people/{id}/reset", tag = "people", params(("id" = String, Path)),
    responses((status = 201, body = ResetLink), (status = 404, body = crate::error::Problem), (status = 409, body = crate::error::Problem)))]
pub(crate) async fn reset(
    who: Allowed<ManagePeople>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<ResetLink>), AppError> {
    Ok((StatusCode::CREATED, Json(reset::create(&app, &who, &id).await?)))
}

/// Where the person is signed in, the newest first.
#[utoipa::path(get, path = "/api/v1/people/{id}/sessions", tag = "people",
    params(("id" = String, Path), Paging), responses((status = 200, body = List<OpenSession>), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn list_sessions(
    who: Allowed<ManagePeople>,
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<OpenSession>>, AppError> {
    let token = session::cookie(&headers).unwrap_or_default();
    let found = sessions::sessions(&app, &who, &id, token).await?;
    Ok(Json(List::page(found, &paging, |one| Place::newest(one.created_us, &one.id))?))
}

/// Ends every session of the person; open pages close too.
#[utoipa::path(delete, path = "/api/v1/people/{id}/sessions", tag = "people", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn end_sessions(
    who: Allowed<ManagePeople>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<StatusCode, AppError> {
    sessions::end_sessions(&app, &who, &id, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one session of the person.
#[utoipa::path(delete, path = "/api/v1/people/{id}/sessions/{session}", tag = "people",
    params(("id" = String, Path), ("session" = String, Path)),
    responses((status = 204), (status = 404, body = crate::error::Problem)))]
pub(crate) async fn end_session(
    who: Allowed<ManagePeople>,
    State(app): State<App>,
    Path((id, session)): Path<(String, String)>,
) -> Result<StatusCode, AppError> {
    sessions::end_sessions(&app, &who, &id, Some(&session)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A person's tag leaves out when they were last here, which changes without an editor.
fn tagged(person: Person) -> Response {
    let tag = format!("\"{}\"", person.tag());
    ([(header::ETAG, tag)], Json(person)).into_response()
}
