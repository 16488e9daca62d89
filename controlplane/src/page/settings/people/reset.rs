//! `POST /settings/people/{id}/reset`: a link for a new password, shown this once.

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use weir_web::page::LinkShownPage;
use weir_web::shell::{Link, Section};
use weir_web::url;

use crate::app::App;
use crate::auth::{Allowed, ManagePeople};
use crate::error::AppError;
use crate::page::answer::page_with;
use crate::page::frame::Frame;
use crate::people::reset;

/// `POST /settings/people/{id}/reset`
pub(in crate::page) async fn create(
    by: Allowed<ManagePeople>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let made = reset::create(&app, &by, &id).await?;
    let sentence = "Whoever opens it sets a new password and ends every session there is. A link made before \
                    opens nothing any more.";
    let view = LinkShownPage {
        shell: frame.shell(&app, &by, "Link for a new password", Section::Settings).await?,
        email: made.email,
        sentence: sentence.to_owned(),
        link: made.link,
        expires_us: made.expires_us,
        back: Link::new("I have copied it", url::person(&id)),
    };
    page_with(StatusCode::CREATED, &view)
}
