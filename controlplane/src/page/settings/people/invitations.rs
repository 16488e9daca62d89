//! `/settings/invitations`: a new one is shown once, as a link to hand on; withdrawing acts at once.

use axum::extract::{Form, Path, State};
use axum::response::Response;
use http::StatusCode;
use weir_web::form::Field;
use weir_web::page::LinkShownPage;
use weir_web::page::people::InvitationForm as Typed;
use weir_web::shell::{Link, Section};
use weir_web::url;

use super::Sent;
use super::list::{Asked, view};
use crate::app::App;
use crate::auth::{Actor, Allowed, ManagePeople};
use crate::error::{AppError, FieldErrors};
use crate::page::answer::{go_saying, page_with};
use crate::page::flash::Flash;
use crate::page::frame::Frame;
use crate::page::keys::form::Pairs;
use crate::people::RoleIn;
use crate::people::invitation::{self, InvitationForm};

/// `POST /settings/invitations`
pub(in crate::page) async fn create(
    by: Allowed<ManagePeople>,
    State(app): State<App>,
    frame: Frame,
    Form(pairs): Form<Pairs>,
) -> Result<Response, AppError> {
    let sent = Sent(pairs);
    match invitation::create(&app, &by, read(&sent)).await {
        Ok((made, link)) => {
            let view = LinkShownPage {
                shell: frame
                    .shell(&app, &by, format!("Invitation for {}", made.email), Section::Settings)
                    .await?,
                email: made.email,
                sentence: "Whoever opens it makes the account with a name and a password of their own."
                    .to_owned(),
                link,
                expires_us: made.expires_us,
                back: Link::new("I have copied it", url::PEOPLE),
            };
            page_with(StatusCode::CREATED, &view)
        }
        Err(AppError::Invalid(errors)) => refused(&app, &by, frame, &sent, &errors).await,
        Err(other) => Err(other),
    }
}

async fn refused(
    app: &App,
    actor: &Actor,
    frame: Frame,
    sent: &Sent,
    errors: &FieldErrors,
) -> Result<Response, AppError> {
    let field = |name: &str| Field { value: sent.one(name).to_owned(), error: errors.of(name).cloned() };
    let of_places = errors.iter().find(|(name, _)| name.starts_with("roles"));
    let form = Typed {
        email: field("email"),
        role: field("role"),
        read_bodies: field("read_bodies"),
        places_error: of_places.map(|(_, error)| error.clone()),
        ..Typed::default()
    };
    let picked: Vec<&str> = sent.all("workspace").collect();
    let view = view(app, actor, frame, Asked::default(), form, &picked).await?;
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &view)
}

/// The same role in every place that was ticked.
fn read(sent: &Sent) -> InvitationForm {
    let role = |place: &str| RoleIn {
        workspace: (place != "*").then(|| place.into()),
        role: sent.one("role").to_owned(),
        read_bodies: sent.one("read_bodies") == "on",
    };
    InvitationForm { email: sent.one("email").to_owned(), roles: sent.all("workspace").map(role).collect() }
}

/// `POST /settings/invitations/{id}/withdrawal`
pub(in crate::page) async fn withdraw(
    by: Allowed<ManagePeople>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let gone = invitation::withdraw(&app, &by, &id).await?;
    let text = format!("The invitation for {} is withdrawn; its link opens nothing.", gone.email);
    Ok(go_saying(url::PEOPLE, &Flash::ok(text)))
}
