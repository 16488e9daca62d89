//! Schemas of what `contract` defines and the API takes: names from a list, networks. `contract` itself knows no OpenAPI.

use serde_json::Value;
use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, SchemaType, Type};
use weir_contract::policy::Ability;
use weir_contract::record::{CustomerSource, LogLevel};

use crate::auth::Role;
use crate::workspaces::{CALLS_DAYS, RETENTION_DAYS};

/// How a credential may travel, as [`weir_contract::policy::snapshot::AuthStyle`] is written.
const AUTH_STYLES: [&str; 8] = [
    "bearer",
    "x_api_key",
    "api_key",
    "x_goog_api_key",
    "aws_sigv4",
    "google_service_account",
    "entra_client",
    "none",
];

/// One of these names, and with `or_null` nothing too.
fn one_of(names: impl IntoIterator<Item = &'static str>, or_null: bool) -> Object {
    let null = or_null.then_some(Value::Null);
    let values: Vec<Value> = names.into_iter().map(Value::from).chain(null).collect();
    let kinds = std::iter::once(Type::String).chain(or_null.then_some(Type::Null));
    ObjectBuilder::new().schema_type(SchemaType::from_iter(kinds)).enum_values(Some(values)).build()
}

fn days(of: &[u16], otherwise: u16) -> Object {
    let kind = ObjectBuilder::new().schema_type(Type::Integer);
    kind.enum_values(Some(of.iter().copied())).default(Some(otherwise.into())).build()
}

/// How much of a request is kept.
pub(crate) fn log_level() -> Object {
    one_of(LogLevel::ALL.iter().map(|level| level.name()), false)
}

/// The same, or nothing.
pub(crate) fn log_level_or_null() -> Object {
    one_of(LogLevel::ALL.iter().map(|level| level.name()), true)
}

/// By what a customer may be named, or nothing.
pub(crate) fn customer_source_or_null() -> Object {
    one_of(CustomerSource::ALL.iter().map(|source| source.name()), true)
}

/// How a credential travels.
pub(crate) fn auth_style() -> Object {
    one_of(AUTH_STYLES, false)
}

/// The same, or nothing.
pub(crate) fn auth_style_or_null() -> Object {
    one_of(AUTH_STYLES, true)
}

/// What somebody may be.
pub(crate) fn role() -> Object {
    one_of([Role::Viewer, Role::Member, Role::Admin].map(Role::name), false)
}

/// Days bodies are kept.
pub(crate) fn retention_days() -> Object {
    days(&RETENTION_DAYS, 30)
}

/// Days calls are kept.
pub(crate) fn calls_days() -> Object {
    days(&CALLS_DAYS, 400)
}

/// What models can do.
pub(crate) fn abilities() -> Array {
    let names = one_of(Ability::ALL.map(Ability::name), false);
    ArrayBuilder::new().items(names).build()
}

/// Networks, `10.0.0.0/8`.
pub(crate) fn networks() -> Array {
    let network = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(
            r"^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}/[0-9]{1,2}$|^[0-9A-Fa-f:]+/[0-9]{1,3}$",
        ))
        .examples(["10.0.0.0/8"]);
    ArrayBuilder::new().items(network).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_contract::policy::snapshot::AuthStyle;

    #[test]
    fn every_name_that_is_offered_is_taken() {
        let read = |name: &str| serde_json::from_value::<AuthStyle>(Value::from(name));
        assert!(AUTH_STYLES.into_iter().all(|name| read(name).is_ok()));
        let levels = serde_json::to_value(log_level()).unwrap();
        assert_eq!(levels["enum"], serde_json::json!(["full", "meta", "none"]));
        assert_eq!(
            serde_json::to_value(log_level_or_null()).unwrap()["type"],
            serde_json::json!(["string", "null"])
        );
    }
}
