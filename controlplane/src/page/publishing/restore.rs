//! `/publishing/{revision}/restoration`: shows what would change (GET), then makes a new revision equal to the old one (POST).

use axum::extract::{Path, State};
use axum::response::Response;
use weir_contract::id::Revision;
use weir_web::page::ConfirmPage;
use weir_web::shell::{Link, Section};
use weir_web::url;

use crate::app::App;
use crate::auth::{Allowed, Publish};
use crate::error::AppError;
use crate::page::answer::{go_saying, page};
use crate::page::flash::Flash;
use crate::page::frame::Frame;
use crate::publish;

/// `GET /publishing/{revision}/restoration`
pub(in crate::page) async fn ask(
    by: Allowed<Publish>,
    State(app): State<App>,
    frame: Frame,
    Path(number): Path<u64>,
) -> Result<Response, AppError> {
    let changes = publish::difference(&app, app.publisher.newest(), Revision(number)).await?;
    let mut consequences = changes;
    consequences.push("Keys, workspaces and stops stay as they are now.".to_owned());
    consequences.push(
        "What is not published yet is replaced by the drafts of then; its versions are kept.".to_owned(),
    );
    page(&ConfirmPage {
        shell: frame.shell(&app, &by, format!("Restore revision {number}"), Section::Publishing).await?,
        sentence: format!(
            "A new revision brings back the endpoints, models and prices of revision {number}."
        ),
        consequences,
        button: format!("Restore revision {number}"),
        action: url::revision_restoration(&number),
        cancel: Link::new("Leave it", url::revision(&number)),
    })
}

/// `POST /publishing/{revision}/restoration`
pub(in crate::page) async fn create(
    by: Allowed<Publish>,
    State(app): State<App>,
    Path(number): Path<u64>,
) -> Result<Response, AppError> {
    let made = publish::restore(&app, &by, Revision(number), "").await?;
    let flash = Flash::ok(format!("Revision {} is on its way: it restores {number}.", made.revision));
    Ok(go_saying(&url::revision(&made.revision), &flash))
}
