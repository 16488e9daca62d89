//! The description of the API as a page, read from the very document that scripts get.

use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use weir_web::page::ApiPage;
use weir_web::page::api::{Operation, Parameter};
use weir_web::shell::Section;

use super::answer::page;
use super::frame::Frame;
use crate::api::openapi::document;
use crate::app::App;
use crate::auth::{Allowed, OwnAccount};
use crate::error::AppError;

/// Which group.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Which {
    /// Its name; the first one when left out.
    group: Option<String>,
}

/// One group of operations.
pub(super) async fn show(
    who: Allowed<OwnAccount>,
    State(app): State<App>,
    Query(which): Query<Which>,
    frame: Frame,
) -> Result<Response, AppError> {
    let document = document();
    let all = operations(&document, &app.public_url());
    let mut groups: Vec<String> = all.iter().map(|(group, _)| group.clone()).collect();
    groups.sort_unstable();
    groups.dedup();
    let group = which.group.or_else(|| groups.first().cloned()).unwrap_or_default();
    let operations = all.into_iter().filter(|(of, _)| *of == group).map(|(_, operation)| operation).collect();
    let shell = frame.shell(&app, &who, "API", Section::None).await?;
    page(&ApiPage { shell, groups, group, operations })
}

/// Every operation with the group it is in.
fn operations(document: &Value, base: &str) -> Vec<(String, Operation)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let each = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, said)| (path.as_str(), method.to_uppercase(), said))
    });
    each.map(|(path, method, said)| {
        let body = body(document, said);
        let example = example(base, &method, path, !body.is_empty());
        let operation = Operation {
            id: text(&said["operationId"]),
            path: path.to_owned(),
            summary: text(&said["summary"]),
            parameters: list(&said["parameters"]).map(parameter).collect(),
            answers: answers(said),
            method,
            body,
            example,
        };
        (text(&said["tags"][0]), operation)
    })
    .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn parameter(said: &Value) -> Parameter {
    Parameter {
        name: text(&said["name"]),
        place: text(&said["in"]),
        required: said["required"] == true,
        what: text(&said["description"]),
    }
}

fn answers(operation: &Value) -> Vec<(String, String)> {
    let all = operation["responses"].as_object().into_iter().flatten();
    all.map(|(status, said)| (status.clone(), text(&said["description"]))).collect()
}

/// The schema of the body; one step behind its name, which is as far as a reader needs at once.
fn body(document: &Value, operation: &Value) -> String {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let named = schema["$ref"].as_str().and_then(|name| document.pointer(name.trim_start_matches('#')));
    let schema = named.unwrap_or(schema);
    if schema.is_null() { String::new() } else { serde_json::to_string_pretty(schema).unwrap_or_default() }
}

fn example(base: &str, method: &str, path: &str, has_body: bool) -> String {
    let body = if has_body { " -H 'Content-Type: application/json' -d '{}'" } else { "" };
    format!("curl -X {method} '{base}{path}' -H \"Authorization: Bearer $WEIR_TOKEN\"{body}")
}
