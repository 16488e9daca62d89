//! `/gateways/{id}/drain` and `/gateways/{id}/deletion`: each is asked (GET), then done (POST).

use axum::extract::{Path, State};
use axum::response::Response;
use weir_web::number;
use weir_web::page::ConfirmPage;
use weir_web::shell::{Link, Section};
use weir_web::url;

use crate::app::App;
use crate::auth::{Allowed, ManageGateways};
use crate::error::AppError;
use crate::gateways::{self, retire};
use crate::page::answer::{go_saying, page};
use crate::page::flash::Flash;
use crate::page::frame::Frame;

/// `GET /gateways/{id}/drain`
pub(in crate::page) async fn ask_drain(
    by: Allowed<ManageGateways>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let gateway = gateways::find(&app, &id).await?;
    let in_flight = number::plural(&gateway.status.in_flight, "request");
    page(&ConfirmPage {
        shell: frame.shell(&app, &by, format!("Drain gateway {id}"), Section::Gateways).await?,
        sentence: format!("{id} takes no new requests, finishes those it has, and delivers what waits on its disk."),
        consequences: vec![
            format!("{in_flight} in flight at its last word: they are answered."),
            "New requests are answered 503 with `retry-after`, and its readiness says no, so that a load balancer turns \
             to another gateway. Without another one, clients fail."
                .to_owned(),
            "This page says when it has finished. When it is started again it takes requests.".to_owned(),
        ],
        button: format!("Drain gateway {id}"),
        action: url::gateway_drain(&id),
        tag: String::new(),
        cancel: Link::new("Leave it", url::GATEWAYS),
    })
}

/// `POST /gateways/{id}/drain`
pub(in crate::page) async fn drain(
    by: Allowed<ManageGateways>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    retire::drain(&app, &by, &id).await?;
    Ok(go_saying(url::GATEWAYS, &Flash::ok(format!("{id} is asked to finish what it has."))))
}

/// `POST /gateways/{id}/drain/end`
pub(in crate::page) async fn resume(
    by: Allowed<ManageGateways>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    retire::resume(&app, &by, &id).await?;
    Ok(go_saying(url::GATEWAYS, &Flash::ok(format!("{id} takes requests again."))))
}

/// `GET /gateways/{id}/deletion`
pub(in crate::page) async fn ask_forget(
    by: Allowed<ManageGateways>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let gateway = gateways::find(&app, &id).await?;
    let waiting = match gateway.status.spool_bytes {
        0 => "Nothing waited on its disk when it last spoke.".to_owned(),
        bytes => format!(
            "{} waited on its disk when it last spoke: those requests are in no figure until it is started again.",
            number::bytes(&bytes)
        ),
    };
    page(&ConfirmPage {
        shell: frame.shell(&app, &by, format!("Forget gateway {id}"), Section::Gateways).await?,
        sentence: format!("{id} leaves the list, and nothing waits for it any more."),
        consequences: vec![
            waiting,
            "Its token is revoked. To bring it back, start it with a new one.".to_owned(),
            "Its requests stay on record.".to_owned(),
        ],
        button: format!("Forget gateway {id}"),
        action: url::gateway_deletion(&id),
        tag: String::new(),
        cancel: Link::new("Keep it", url::GATEWAYS),
    })
}

/// `POST /gateways/{id}/deletion`
pub(in crate::page) async fn forget(
    by: Allowed<ManageGateways>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let flash = match retire::forget(&app, &by, &id).await {
        Ok(()) => Flash::ok(format!("Gateway {id} is forgotten.")),
        Err(AppError::Conflict(reason)) => Flash::bad(format!("Not forgotten: {reason}.")),
        Err(other) => return Err(other),
    };
    Ok(go_saying(url::GATEWAYS, &flash))
}
