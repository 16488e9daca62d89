//! Errors dressed for people: what a handler refused becomes a page with a title, a sentence and links that lead on.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{StatusCode, header};
use weir_web::navigation::{Entry, entries};
use weir_web::page::ErrorPage;
use weir_web::shell::{Link, Section, Shell};
use weir_web::url;

use super::answer::page_with;
use super::flash::Flash;
use super::frame::Frame;
use crate::app::App;
use crate::auth::{Actor, session};
use crate::error::{Problem, Told};
use crate::refusal::nearest;

/// A layer around all routes; what the API answers passes as it is.
pub(crate) async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    if !is_page(request.uri().path()) {
        return next.run(request).await;
    }
    let frame = Frame::of(request.headers(), request.uri());
    let said = Flash::of(request.headers()).is_some();
    let token = session::cookie(request.headers()).map(str::to_owned);
    let mut response = next.run(request).await;
    if (response.status().is_client_error() || response.status().is_server_error()) && !is_html(&response) {
        response = dressed(&app, frame, token, response).await;
    }
    // A message is said once: by the first whole page after it.
    if said && is_html(&response) {
        response.headers_mut().append(header::SET_COOKIE, Flash::clear_cookie());
    }
    response
}

fn is_page(path: &str) -> bool {
    !["/api/", "/gateway/", "/assets/", "/healthz", "/readyz"].iter().any(|other| path.starts_with(other))
}

fn is_html(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}

async fn dressed(app: &App, frame: Frame, token: Option<String>, response: Response) -> Response {
    let actor = match token {
        Some(token) => session::identify(app, &token).await.ok().flatten(),
        None => None,
    };
    let view = error_page(app, frame, actor, response.status(), told(&response)).await;
    let Ok(mut page) = page_with(response.status(), &view) else { return response };
    for name in [header::RETRY_AFTER, header::WWW_AUTHENTICATE, header::SET_COOKIE] {
        if let Some(value) = response.headers().get(&name) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    page
}

/// What the handler said, or what its status says alone: a form that cannot be read, a body that is too large.
fn told(response: &Response) -> Problem {
    let status = response.status();
    response.extensions().get::<Told>().map(|told| told.0.clone()).unwrap_or_else(|| Problem {
        kind: String::new(),
        title: status.canonical_reason().unwrap_or("Not done").to_owned(),
        status: status.as_u16(),
        detail: "What was sent could not be read, and nothing was changed. Go back and try again.".to_owned(),
        errors: Vec::new(),
        current: None,
        sent: None,
    })
}

async fn error_page(
    app: &App,
    frame: Frame,
    actor: Option<Actor>,
    status: StatusCode,
    problem: Problem,
) -> ErrorPage {
    let frame = match &problem.current {
        Some(current) => frame.overtaken(current, problem.sent.as_ref()),
        None => frame,
    };
    let shell = match actor {
        Some(actor) => {
            // The store itself may be what failed: the page then goes without its frame.
            let bare = frame.clone().bare(&problem.title);
            frame.shell(app, &actor, problem.title.clone(), Section::None).await.unwrap_or(bare)
        }
        None => frame.bare(&problem.title),
    };
    match status {
        StatusCode::SERVICE_UNAVAILABLE => ErrorPage::archive_away(shell),
        StatusCode::INTERNAL_SERVER_ERROR => ErrorPage { reference: None, ..ErrorPage::internal(shell, "") },
        _ => of_problem(shell, &problem),
    }
}

fn of_problem(shell: Shell, problem: &Problem) -> ErrorPage {
    let links = links(&shell, problem);
    let details: Vec<String> = problem.errors.iter().map(|error| error.detail.clone()).collect();
    let mut sentence = begin_with_capital(&problem.detail);
    if !details.is_empty() {
        sentence = format!("{sentence} {}", details.join(" "));
    }
    ErrorPage { shell, status: problem.status, sentence, links, reference: None }
}

/// Where to go from here: the page that was meant, what the error means, and always one that exists.
fn links(shell: &Shell, problem: &Problem) -> Vec<Link> {
    if shell.user.is_none() {
        return vec![Link::new("Sign in", url::SIGN_IN)];
    }
    let meant = (problem.status == 404).then(|| meant(&shell.path)).flatten();
    let meant = meant.map(|entry| Link::new(format!("Go to {}", entry.name.to_lowercase()), entry.href));
    let means = (!problem.kind.is_empty()).then(|| Link::new("What this error means", &problem.kind));
    let safe = meant.is_none().then(|| Link::new("Go to requests", url::REQUESTS));
    meant.into_iter().chain(means).chain(safe).collect()
}

/// The screen whose address begins most like this one.
fn meant(path: &str) -> Option<&'static Entry> {
    let first = path.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default();
    let screens = || entries().filter(|entry| entry.href.len() > 1);
    let name = nearest(first, screens().map(|entry| entry.href.trim_start_matches('/')))?;
    screens().find(|entry| entry.href.trim_start_matches('/') == name)
}

/// Errors are written to stand inside a sentence; on a page they are one.
fn begin_with_capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}
