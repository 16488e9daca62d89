//! The form of a key: what was typed, as the service wants it, and back with what is wrong.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate, NaiveTime};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use weir_contract::id::{CustomerId, EndpointId, WorkspaceId};
use weir_web::form::{Choice, Field, FieldError};
use weir_web::number;
use weir_web::page::keys::{KeyForm as Shown, Pick};

use crate::app::App;
use crate::auth::{Actor, Right};
use crate::error::{AppError, FieldErrors};
use crate::keys::{Key, KeyForm, KeySettings};
use crate::{endpoints, workspaces};

/// Names and values as they were sent; a name may come more than once.
pub(in crate::page) type Pairs = Vec<(String, String)>;

/// What the form sends; field names are those of [`Shown`].
#[derive(Clone, Debug, Default)]
pub(super) struct Sent(pub(super) Pairs);

impl Sent {
    /// The value of that name, without space around it.
    pub(super) fn one<'a>(&'a self, name: &'a str) -> &'a str {
        self.all(name).next().unwrap_or_default()
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(sent, _)| sent == name).map(|(_, value)| value.trim())
    }

    /// What stands between commas or on lines.
    fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.one(name).split([',', '\n']).map(str::trim).filter(|part| !part.is_empty())
    }

    /// What the form shows of a key.
    fn of(key: &Key) -> Self {
        let KeySettings {
            models,
            endpoints,
            regions,
            networks,
            customer,
            customer_source_min,
            tags,
            log_level,
            requests_per_minute,
            concurrent_max,
            drop_unsupported,
            signs_customers,
        } = &key.settings;
        let text = |value: Option<String>| value.unwrap_or_default();
        let networks: Vec<String> = networks.iter().map(ToString::to_string).collect();
        let tags: Vec<String> = tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let number = |limit: &Option<u32>| text(limit.map(|limit| limit.to_string()));
        // It expires with the first microsecond of the day after the one that was typed.
        let expires = text(key.expires_us.map(|at_us| number::date(&(at_us - 1))));
        let mut pairs = vec![
            ("name", key.name.clone()),
            ("customer", text(customer.as_ref().map(ToString::to_string))),
            ("customer_source_min", text(customer_source_min.map(word))),
            ("signs_customers", text(signs_customers.then(|| "on".to_owned()))),
            ("drop_unsupported", text(drop_unsupported.then(|| "on".to_owned()))),
            ("tags", tags.join("\n")),
            ("log_level", text(log_level.map(word))),
            ("models", models.join(", ")),
            ("networks", networks.join(", ")),
            ("expires", expires),
            ("requests_per_minute", number(requests_per_minute)),
            ("concurrency", number(concurrent_max)),
        ];
        pairs.extend(endpoints.iter().map(|id| ("endpoints", id.to_string())));
        pairs.extend(regions.iter().map(|region| ("regions", region.clone())));
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// As the service wants it; what cannot be read is named.
    pub(super) fn read(&self) -> (KeyForm, FieldErrors) {
        let mut errors = FieldErrors::default();
        let settings = KeySettings {
            models: self.list("models").map(str::to_owned).collect(),
            endpoints: self.all("endpoints").map(EndpointId::from).collect(),
            regions: self.all("regions").map(str::to_owned).collect(),
            networks: self.networks(&mut errors),
            customer: Some(self.one("customer")).filter(|id| !id.is_empty()).map(CustomerId::from),
            customer_source_min: self.choice("customer_source_min", &mut errors),
            tags: self.tags(&mut errors),
            log_level: self.choice("log_level", &mut errors),
            requests_per_minute: self.number("requests_per_minute", "requests_per_minute", &mut errors),
            concurrent_max: self.number("concurrency", "concurrent_max", &mut errors),
            drop_unsupported: self.one("drop_unsupported") == "on",
            signs_customers: self.one("signs_customers") == "on",
        };
        let expires_us = match self.one("expires") {
            "" => None,
            date => end_of(date).or_else(|| {
                errors.add("expires_us", FieldError::NotADate);
                None
            }),
        };
        let workspace = WorkspaceId::from(self.one("workspace"));
        (KeyForm { name: self.one("name").to_owned(), workspace, expires_us, settings }, errors)
    }

    fn number(&self, name: &str, field: &str, errors: &mut FieldErrors) -> Option<u32> {
        match self.one(name) {
            "" => None,
            text => text.parse().map_err(|_| errors.add(field, FieldError::NotANumber { min: 1 })).ok(),
        }
    }

    fn networks(&self, errors: &mut FieldErrors) -> Vec<ipnet::IpNet> {
        let mut networks = Vec::new();
        for text in self.list("networks") {
            let one = text.parse().or_else(|_| text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from));
            match one {
                Ok(network) => networks.push(network),
                Err(_) => {
                    let sentence = format!("`{text}` is not a network: write it like 10.0.0.0/8.");
                    errors.add("networks", FieldError::Other(sentence));
                }
            }
        }
        networks
    }

    fn tags(&self, errors: &mut FieldErrors) -> BTreeMap<String, String> {
        let mut tags = BTreeMap::new();
        for line in self.one("tags").lines().map(str::trim).filter(|line| !line.is_empty()) {
            match line.split_once('=') {
                Some((name, value)) if !name.trim().is_empty() => {
                    tags.insert(name.trim().to_owned(), value.trim().to_owned());
                }
                _ => {
                    let sentence = format!("`{line}` is not a tag: write name=value.");
                    errors.add("tags", FieldError::Other(sentence));
                }
            }
        }
        tags
    }

    fn choice<T: DeserializeOwned>(&self, name: &str, errors: &mut FieldErrors) -> Option<T> {
        match self.one(name) {
            "" => None,
            text => serde_json::from_value(Value::String(text.to_owned()))
                .map_err(|_| errors.add(name, FieldError::UnknownChoice))
                .ok(),
        }
    }

    /// The form again, with what is wrong.
    pub(super) async fn refused(
        &self,
        app: &App,
        actor: &Actor,
        key: Option<&Key>,
        errors: &FieldErrors,
    ) -> Result<Shown, AppError> {
        Ok(self.shown(Known::of(app, actor).await?, key, errors))
    }

    fn shown(&self, known: Known, key: Option<&Key>, errors: &FieldErrors) -> Shown {
        let field = |name: &str, error: &str| Field {
            value: self.one(name).to_owned(),
            error: errors.of(error).cloned(),
        };
        let same = |name: &str| field(name, name);
        let picked = |name: &str, choices: Vec<Choice>| -> Vec<Pick> {
            let is_picked = |value: &str| self.all(name).any(|sent| sent == value);
            let pick = |Choice { value, label }| Pick { is_picked: is_picked(&value), value, label };
            choices.into_iter().map(pick).collect()
        };
        let endpoints_error = errors.iter().find(|(name, _)| name.starts_with("endpoints/"));
        Shown {
            key_id: key.map(|key| key.id.to_string()),
            tag: key.map(Key::tag).unwrap_or_default(),
            name: same("name"),
            workspace: same("workspace"),
            workspaces: known.workspaces,
            customer: same("customer"),
            customer_source_min: same("customer_source_min"),
            signs_customers: same("signs_customers"),
            drop_unsupported: same("drop_unsupported"),
            tags: same("tags"),
            log_level: same("log_level"),
            models: same("models"),
            endpoints: picked("endpoints", known.endpoints),
            endpoints_error: endpoints_error.map(|(_, error)| error.clone()),
            regions: picked("regions", known.regions),
            networks: same("networks"),
            expires: field("expires", "expires_us"),
            requests_per_minute: same("requests_per_minute"),
            concurrency: field("concurrency", "concurrent_max"),
        }
    }
}

/// What may be chosen from.
#[derive(Default)]
struct Known {
    workspaces: Vec<Choice>,
    endpoints: Vec<Choice>,
    regions: Vec<Choice>,
}

impl Known {
    async fn of(app: &App, actor: &Actor) -> Result<Self, AppError> {
        let workspaces = workspaces::in_reach(app, actor, Right::ManageKeys).await?;
        let endpoints = endpoints::list(app, actor).await?;
        let regions: BTreeSet<&str> = endpoints.iter().map(|one| one.body.region.as_str()).collect();
        let regions = regions.into_iter().filter(|region| !region.is_empty());
        Ok(Self {
            workspaces: workspaces.into_iter().map(|one| Choice::new(one.id.to_string(), one.name)).collect(),
            regions: regions.map(|region| Choice::new(region, region)).collect(),
            endpoints: endpoints.iter().map(|one| Choice::new(one.id.to_string(), &one.name)).collect(),
        })
    }
}

/// The form for a new key; none where the actor may make none.
pub(super) async fn blank(app: &App, actor: &Actor) -> Result<Option<Shown>, AppError> {
    let known = Known::of(app, actor).await?;
    let Some(first) = known.workspaces.first() else { return Ok(None) };
    let sent = Sent(vec![("workspace".to_owned(), first.value.clone())]);
    Ok(Some(sent.shown(known, None, &FieldErrors::default())))
}

/// The form of a key; none where the actor may not change it or it is over.
pub(super) async fn of(app: &App, actor: &Actor, key: &Key) -> Result<Option<Shown>, AppError> {
    let may = actor.may_in(Right::ManageKeys, Some(&key.workspace));
    if !may || !key.is_in_force(app.clock.now_us()) {
        return Ok(None);
    }
    let known = Known::of(app, actor).await?;
    Ok(Some(Sent::of(key).shown(known, Some(key), &FieldErrors::default())))
}

/// A word of ours as the API writes it.
pub(super) fn word(of: impl Serialize) -> String {
    match serde_json::to_value(of) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// A key that expires on a day works to the end of that day, UTC.
fn end_of(date: &str) -> Option<i64> {
    let day = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    let next = day.checked_add_days(Days::new(1))?;
    Some(next.and_time(NaiveTime::MIN).and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(pairs: &[(&str, &str)]) -> Sent {
        Sent(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn what_was_typed_becomes_a_key() {
        let (key, errors) = sent(&[
            ("name", "billing"),
            ("models", "gpt-x, claude*,"),
            ("expires", "2027-01-31"),
            ("concurrency", "4"),
            ("endpoints", "ep_1"),
            ("endpoints", "ep_2"),
            ("networks", "10.0.0.0/8, 192.0.2.7"),
            ("tags", "team=search\r\ntier = gold"),
            ("log_level", "meta"),
            ("drop_unsupported", "on"),
        ])
        .read();
        assert!(key.settings.drop_unsupported && !key.settings.signs_customers);
        assert!(errors.check().is_ok());
        assert_eq!(key.settings.models, ["gpt-x", "claude*"]);
        assert_eq!((key.settings.concurrent_max, key.settings.requests_per_minute), (Some(4), None));
        assert_eq!(key.expires_us, Some(1_801_440_000_000_000), "the first microsecond of 1 February 2027");
        assert_eq!(key.settings.endpoints.len(), 2);
        assert_eq!(key.settings.networks[1].to_string(), "192.0.2.7/32");
        assert_eq!(key.settings.tags["tier"], "gold");
        assert_eq!(key.settings.log_level.map(word).as_deref(), Some("meta"));
    }

    #[test]
    fn what_cannot_be_read_comes_back_with_its_error() {
        let sent = sent(&[("requests_per_minute", "many"), ("expires", "soon"), ("networks", "home")]);
        let (_, errors) = sent.read();
        let form = sent.shown(Known::default(), None, &errors);
        assert_eq!(form.requests_per_minute.error, Some(FieldError::NotANumber { min: 1 }));
        assert_eq!((form.expires.value.as_str(), form.expires.error), ("soon", Some(FieldError::NotADate)));
        assert!(matches!(form.networks.error, Some(FieldError::Other(_))));
        assert_eq!(form.name.error, None);
    }
}
