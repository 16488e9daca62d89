//! Who runs models, the names they are asked for by, and what they cost.

use super::{MODELS, PRICES, Query, escaped};

/// Where a new endpoint is posted.
pub const ENDPOINTS: &str = "/providers/endpoints";
/// The form for a new endpoint.
pub const ENDPOINT_NEW: &str = "/providers/endpoints/new";
/// The form for a new model.
pub const MODEL_NEW: &str = "/models/new";

/// One endpoint: its form (GET) and where the change is posted.
#[must_use]
pub fn endpoint(id: &str) -> String {
    format!("{ENDPOINTS}/{}", escaped(id))
}

/// The form for a new endpoint of that provider.
#[must_use]
pub fn endpoint_new(provider: &str) -> String {
    format!("{ENDPOINT_NEW}{}", Query::new().set("provider", provider))
}

/// Where the test of an endpoint is posted.
#[must_use]
pub fn endpoint_test(id: &str) -> String {
    format!("{ENDPOINTS}/{}/test", escaped(id))
}

/// Where the models that an endpoint's provider lists are asked for.
#[must_use]
pub fn endpoint_listing(id: &str) -> String {
    format!("{ENDPOINTS}/{}/listing", escaped(id))
}

/// Where models of that list are added.
#[must_use]
pub fn endpoint_models(id: &str) -> String {
    format!("{ENDPOINTS}/{}/models", escaped(id))
}

/// Where deleting an endpoint is asked (GET) and done (POST).
#[must_use]
pub fn endpoint_deletion(id: &str) -> String {
    format!("{ENDPOINTS}/{}/deletion", escaped(id))
}

/// The list of models, searched.
#[must_use]
pub fn models(search: &str) -> String {
    format!("{MODELS}{}", Query::new().set("search", search))
}

/// The price book, searched, all of it or what is in use, from one row on.
#[must_use]
pub fn prices(search: &str, in_use: bool, after: &str) -> String {
    format!("{PRICES}{}", prices_query(search, in_use).set("after", after))
}

/// The same rows as CSV.
#[must_use]
pub fn prices_csv(search: &str, in_use: bool) -> String {
    format!("/prices.csv{}", prices_query(search, in_use))
}

fn prices_query(search: &str, in_use: bool) -> Query {
    Query::new().set("search", search).set("in_use", if in_use { "on" } else { "" })
}

/// One model: its form (GET) and where the change is posted.
#[must_use]
pub fn model(id: &str) -> String {
    format!("{MODELS}/{}", escaped(id))
}

/// Where deleting a model is asked (GET) and done (POST).
#[must_use]
pub fn model_deletion(id: &str) -> String {
    format!("{MODELS}/{}/deletion", escaped(id))
}
