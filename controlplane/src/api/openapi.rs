//! The description of the API, generated from the handlers themselves, so that the two cannot part.

use std::collections::HashMap;

use axum::Json;
use serde_json::Value;
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};

use super::v1;
use crate::auth::Public;

#[derive(OpenApi)]
#[openapi(
    info(title = "Weir", description = "The control plane's API. Present a token as a bearer."),
    components(schemas(crate::archive::groups::GroupBy)),
    paths(
        v1::workspaces::list,
        v1::workspaces::books,
        v1::workspaces::create,
        v1::workspaces::show,
        v1::workspaces::update,
        v1::keys::list,
        v1::keys::create,
        v1::keys::show,
        v1::keys::update,
        v1::keys::rotate,
        v1::keys::end_old_secret,
        v1::keys::revoke,
        v1::endpoints::providers,
        v1::endpoints::list,
        v1::endpoints::show,
        v1::endpoints::create,
        v1::endpoints::update,
        v1::endpoints::delete,
        v1::prices::list,
        v1::prices::unrated,
        v1::models::observed,
        v1::endpoints::observed,
        v1::endpoints::test,
        v1::endpoints::sync_models,
        v1::models::list,
        v1::models::show,
        v1::models::create,
        v1::models::update,
        v1::models::delete,
        v1::versions::show,
        v1::versions::list,
        v1::versions::restore,
        v1::versions::discard,
        v1::revisions::draft,
        v1::revisions::list,
        v1::revisions::publish,
        v1::revisions::preview,
        v1::revisions::restore,
        v1::gateways::list,
        v1::gateways::show,
        v1::gateways::drain,
        v1::gateways::resume,
        v1::gateways::forget,
        v1::gateways::list_tokens,
        v1::gateways::create_token,
        v1::gateways::revoke_token,
        v1::stops::list,
        v1::stops::create,
        v1::stops::show,
        v1::stops::end,
        v1::tokens::list,
        v1::tokens::create,
        v1::tokens::revoke,
        v1::people::list,
        v1::people::show,
        v1::people::update,
        v1::people::disable,
        v1::people::enable,
        v1::people::reset,
        v1::people::list_sessions,
        v1::people::end_sessions,
        v1::people::end_session,
        v1::invitations::list,
        v1::invitations::create,
        v1::invitations::withdraw,
        v1::members::list,
        v1::members::set,
        v1::members::remove,
        v1::requests::list,
        v1::requests::show,
        v1::figures::groups,
        v1::figures::bars,
        v1::overview::show,
        v1::views::list,
        v1::views::show,
        v1::views::create,
        v1::views::update,
        v1::views::delete,
        v1::exports::list,
        v1::exports::create,
        v1::exports::show,
        v1::exports::file,
        v1::exports::delete,
        v1::customers::list,
        v1::customers::show,
        v1::audit::list,
        v1::audit::verify,
        v1::audit::export,
        v1::account::show,
        v1::account::sessions,
        v1::account::end_session,
        v1::account::end_other_sessions,
    )
)]
struct Description;

/// The description.
pub(crate) async fn show(_: Public) -> Json<Value> {
    Json(document())
}

/// The description with what all operations share.
pub(crate) fn document() -> Value {
    let mut document = serde_json::to_value(description()).unwrap_or_default();
    super::shared::complete(&mut document);
    document
}

/// The query parameters of each operation: `GET /api/v1/keys` → their names.
pub(super) fn query_parameters() -> HashMap<String, Vec<String>> {
    let json = document();
    let paths = json["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
    });
    operations.map(|(name, operation)| (name, query_parameters_of(operation))).collect()
}

fn query_parameters_of(operation: &Value) -> Vec<String> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    let queried = all.filter(|parameter| parameter["in"] == "query");
    queried.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect()
}

fn description() -> utoipa::openapi::OpenApi {
    let mut description = Description::openapi();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    description.components.get_or_insert_default().add_security_scheme("token", bearer);
    let items = description.paths.paths.values_mut();
    let operations = items.flat_map(|item| {
        [&mut item.get, &mut item.post, &mut item.put, &mut item.delete].into_iter().flatten()
    });
    for operation in operations {
        // Handlers are named for their verb alone; an operation needs a name of its own.
        let tag = operation.tags.as_ref().and_then(|tags| tags.first()).cloned().unwrap_or_default();
        operation.operation_id = operation.operation_id.take().map(|verb| format!("{tag}.{verb}"));
    }
    description.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
    description
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::UNVERSIONED;

    #[test]
    fn every_operation_says_how_it_fails_and_every_reference_leads_somewhere() {
        let json = document();
        assert_eq!(json["components"]["schemas"]["Problem"]["type"], "object");
        let paths = json["paths"].as_object().unwrap();
        for (path, item) in paths {
            for (method, operation) in item.as_object().unwrap() {
                for status in ["401", "429"] {
                    let content = &operation["responses"][status]["content"];
                    assert!(content["application/problem+json"].is_object(), "{method} {path}: {status}");
                }
                let takes_key = operation["parameters"]
                    .as_array()
                    .is_some_and(|all| all.iter().any(|parameter| parameter["name"] == "Idempotency-Key"));
                assert_eq!(takes_key, method == "post", "{method} {path}");
                let name = format!("{} {path}", method.to_uppercase());
                let conditional = matches!(method.as_str(), "put" | "delete")
                    && UNVERSIONED.iter().all(|(route, _)| *route != name);
                let told = operation["responses"]["412"].is_object();
                assert!(told || !conditional, "{method} {path} says nothing of two editors");
            }
        }
        let text = json.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(json.pointer(reference).is_some(), "{reference}");
        }
    }

    /// Lists that are never longer than a page, and why.
    const BOUNDED: [(&str, &str); 2] = [
        ("/api/v1/requests/groups", "the hundred greatest groups"),
        ("/api/v1/requests/histogram", "about two dozen bars"),
    ];

    #[test]
    fn every_list_is_paged_the_same_way() {
        let json = document();
        let mut lists = 0;
        for (path, item) in json["paths"].as_object().unwrap() {
            let schema = &item["get"]["responses"]["200"]["content"]["application/json"]["schema"];
            let reference = schema["$ref"].as_str().unwrap_or_default();
            let is_list = reference.contains("/List_") || path == "/api/v1/prices";
            if !is_list || BOUNDED.iter().any(|(bounded, _)| bounded == path) {
                continue;
            }
            lists += 1;
            let names = query_parameters_of(&item["get"]);
            for name in ["cursor", "limit"] {
                assert!(names.iter().any(|known| known == name), "{path} takes no `{name}`: page it");
            }
        }
        assert!(lists > 15, "only {lists} lists were found");
    }

    #[test]
    fn every_route_of_the_api_is_described_and_nothing_else() {
        let json = document();
        let described = json["paths"].as_object().unwrap();
        let (_, list) = crate::routes::all().finish();
        for route in list.iter().filter(|route| route.path.starts_with("/api/v1/")) {
            let method = route.method.to_lowercase();
            assert!(
                described[route.path].get(&method).is_some(),
                "{} {} is not described",
                route.method,
                route.path
            );
        }
        let operations = described.values().flat_map(|item| item.as_object().unwrap().values());
        let mut names: Vec<&str> =
            operations.filter_map(|operation| operation["operationId"].as_str()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "an operation's name is its own");
        for path in described.keys() {
            assert!(list.iter().any(|route| route.path == path), "{path} is described but not served");
        }
    }
}
