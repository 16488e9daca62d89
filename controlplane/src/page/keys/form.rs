//! The form for a new key: what was typed, as the service wants it, and back with what is wrong.

use chrono::{Days, NaiveDate, NaiveTime};
use serde::Deserialize;
use weir_contract::id::{CustomerId, WorkspaceId};
use weir_web::form::{Choice, Field, FieldError};
use weir_web::page::keys::KeyForm;

use crate::app::App;
use crate::auth::{Actor, Right};
use crate::error::{AppError, FieldErrors};
use crate::keys::{KeySettings, NewKey};
use crate::workspaces;

/// What the form sends; field names are those of [`KeyForm`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page) struct Sent {
    name: String,
    workspace: String,
    customer: String,
    models: String,
    expires: String,
    requests_per_minute: String,
    concurrency: String,
}

impl Sent {
    /// As the service wants it; what cannot be read is named.
    pub(super) fn read(&self) -> (NewKey, FieldErrors) {
        let mut errors = FieldErrors::default();
        let number = |errors: &mut FieldErrors, name: &str, text: &str| match text.trim() {
            "" => None,
            text => text.parse().map_err(|_| errors.add(name, FieldError::NotANumber { min: 1 })).ok(),
        };
        let settings = KeySettings {
            models: self
                .models
                .split([',', '\n'])
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
            customer: Some(self.customer.trim()).filter(|id| !id.is_empty()).map(CustomerId::from),
            requests_per_minute: number(&mut errors, "requests_per_minute", &self.requests_per_minute),
            concurrent_max: number(&mut errors, "concurrent_max", &self.concurrency),
            ..KeySettings::default()
        };
        let expires_us = match self.expires.trim() {
            "" => None,
            date => end_of(date).or_else(|| {
                errors.add("expires_us", FieldError::NotADate);
                None
            }),
        };
        let (name, workspace) = (self.name.clone(), WorkspaceId::from(self.workspace.as_str()));
        (NewKey { name, workspace, expires_us, settings }, errors)
    }

    /// The form again, with what is wrong.
    pub(super) fn refused(self, workspaces: Vec<Choice>, errors: &FieldErrors) -> KeyForm {
        let field = |value: String, name: &str| Field { value, error: errors.of(name).cloned() };
        KeyForm {
            name: field(self.name, "name"),
            workspace: field(self.workspace, "workspace"),
            workspaces,
            customer: field(self.customer, "customer"),
            models: field(self.models, "models"),
            expires: field(self.expires, "expires_us"),
            requests_per_minute: field(self.requests_per_minute, "requests_per_minute"),
            concurrency: field(self.concurrency, "concurrent_max"),
        }
    }
}

/// A key that expires on a day works to the end of that day, UTC.
fn end_of(date: &str) -> Option<i64> {
    let day = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    let next = day.checked_add_days(Days::new(1))?;
    Some(next.and_time(NaiveTime::MIN).and_utc().timestamp_micros())
}

/// The workspaces in which the actor may make keys; none means that there is no form.
pub(super) async fn workspaces(app: &App, actor: &Actor) -> Result<Vec<Choice>, AppError> {
    let found = workspaces::in_reach(app, actor, Right::ManageKeys).await?;
    Ok(found.into_iter().map(|one| Choice::new(one.id.to_string(), one.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_becomes_a_key() {
        let sent = Sent {
            name: "billing".into(),
            models: "gpt-x, claude*,".into(),
            expires: "2027-01-31".into(),
            concurrency: "4".into(),
            ..Sent::default()
        };
        let (key, errors) = sent.read();
        assert!(errors.check().is_ok());
        assert_eq!(key.settings.models, ["gpt-x", "claude*"]);
        assert_eq!((key.settings.concurrent_max, key.settings.requests_per_minute), (Some(4), None));
        assert_eq!(key.expires_us, Some(1_801_440_000_000_000), "the first microsecond of 1 February 2027");
    }

    #[test]
    fn what_cannot_be_read_comes_back_with_its_error() {
        let sent = Sent { requests_per_minute: "many".into(), expires: "soon".into(), ..Sent::default() };
        let (_, errors) = sent.read();
        let form = sent.refused(Vec::new(), &errors);
        assert_eq!(form.requests_per_minute.error, Some(FieldError::NotANumber { min: 1 }));
        assert_eq!((form.expires.value.as_str(), form.expires.error), ("soon", Some(FieldError::NotADate)));
        assert_eq!(form.name.error, None);
    }
}
