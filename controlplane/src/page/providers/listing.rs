//! The models an endpoint's provider lists: asked for (POST, it calls the provider), and the chosen ones added to the draft.

use std::collections::HashMap;

use axum::extract::{Form, Path, State};
use axum::response::Response;
use weir_contract::id::EndpointId;
use weir_web::form::FieldError;
use weir_web::page::ListingPage;
use weir_web::page::providers::ListedRow;
use weir_web::shell::Section;
use weir_web::{number, url};

use super::endpoint::{find, tested_view};
use crate::app::App;
use crate::auth::{Actor, Allowed, ManageProviders};
use crate::endpoints::Endpoint;
use crate::endpoints::listing::{Listed, SyncForm, Synced, sync};
use crate::error::{AppError, FieldErrors};
use crate::page::answer::page;
use crate::page::draft::settle;
use crate::page::frame::Frame;
use crate::page::price::price;

/// What the forms send: `search`, and `model_{n}` with the provider's name of each that is chosen, or `all`.
type Sent = HashMap<String, String>;

/// `POST /providers/endpoints/{id}/listing`
pub(in crate::page) async fn ask(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<EndpointId>,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let synced = sync(&app, &by, &id, &only_asking()).await?;
    page(&view(&app, &by, frame, synced, &id, &searched(&sent)).await?)
}

/// `POST /providers/endpoints/{id}/models`
pub(in crate::page) async fn add(
    by: Allowed<ManageProviders>,
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<EndpointId>,
    Form(sent): Form<Sent>,
) -> Result<Response, AppError> {
    let only = chosen(&sent);
    let form = SyncForm { only: only.clone(), ..SyncForm::default() };
    let done = if only.is_empty() && !sent.contains_key("all") {
        let mut errors = FieldErrors::default();
        errors.add("only", FieldError::Other("Choose at least one model.".to_owned()));
        Err(AppError::Invalid(errors))
    } else {
        match sync(&app, &by, &id, &form).await {
            // It does not list them any more: the page says why.
            Ok(synced) if !synced.asked.ok => {
                return page(&view(&app, &by, frame, synced, &id, "").await?);
            }
            done => done,
        }
    };
    let endpoint = find(&app, &by, &id).await?;
    let saved = |synced: &Synced| {
        let count = number::plural(&(synced.added.len() as u64), "model");
        let text = format!("{count} of {} added to the draft. Publish to put them in force.", endpoint.name);
        (url::models(&endpoint.name), text)
    };
    let again = async |errors: FieldErrors| {
        let synced = sync(&app, &by, &id, &only_asking()).await?;
        let mut shown = view(&app, &by, frame, synced, &id, &searched(&sent)).await?;
        for row in &mut shown.new {
            row.is_chosen = only.contains(&row.upstream_model);
        }
        shown.error = errors.iter().next().map(|(_, error)| error.clone());
        Ok(shown)
    };
    settle(done, saved, again).await
}

fn only_asking() -> SyncForm {
    SyncForm { dry_run: true, ..SyncForm::default() }
}

fn searched(sent: &Sent) -> String {
    sent.get("search").map(|text| text.trim().to_owned()).unwrap_or_default()
}

/// All that are named, unless all are wanted anyway.
fn chosen(sent: &Sent) -> Vec<String> {
    if sent.contains_key("all") {
        return Vec::new();
    }
    let named = sent.iter().filter(|(field, _)| field.starts_with("model_"));
    let mut chosen: Vec<String> = named.map(|(_, name)| name.clone()).collect();
    chosen.sort_unstable();
    chosen
}

async fn view(
    app: &App,
    actor: &Actor,
    frame: Frame,
    synced: Synced,
    id: &EndpointId,
    search: &str,
) -> Result<ListingPage, AppError> {
    let Synced { asked, listed, new, gone, added: _ } = synced;
    let endpoint = find(app, actor, id).await?;
    let lower = search.to_lowercase();
    let fits = |listed: &&Listed| listed.upstream_model.to_lowercase().contains(&lower);
    let matching: Vec<&Listed> = new.iter().filter(fits).collect();
    let title = format!("Models listed by {}", endpoint.name);
    Ok(ListingPage {
        shell: frame.shell(app, actor, title, Section::Providers).await?,
        endpoint_id: id.to_string(),
        asked: tested_view(asked),
        listed: listed as u64,
        all: new.len() as u64,
        addable: new.iter().filter(|listed| listed.problem.is_none()).count() as u64,
        search: search.to_owned(),
        matching: matching.len() as u64,
        new: matching.into_iter().take(ListingPage::ROWS_MAX).map(|one| row(app, &endpoint, one)).collect(),
        gone,
        error: None,
        endpoint_name: endpoint.name,
    })
}

fn row(app: &App, endpoint: &Endpoint, listed: &Listed) -> ListedRow {
    ListedRow {
        upstream_model: listed.upstream_model.clone(),
        name: listed.name.clone(),
        price: price(&app.book, &endpoint.body.provider, &listed.upstream_model),
        problem: listed.problem.clone(),
        is_chosen: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_beat_those_that_were_ticked() {
        let sent = |fields: &[(&str, &str)]| {
            chosen(&fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
        };
        assert_eq!(sent(&[("model_3", "b"), ("model_1", "a"), ("other", "c")]), ["a", "b"]);
        assert!(sent(&[("model_3", "b"), ("all", "on")]).is_empty());
    }
}
