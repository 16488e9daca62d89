//! What a step from one revision or draft to another does: to each object by its versions, and to the prices of targets.

use std::collections::{BTreeMap, BTreeSet};

use weir_contract::money::Money;
use weir_contract::policy::{Content, PriceEntry};
use weir_contract::price::Price;
use weir_web::number;

use super::ObjectRef;
use crate::error::AppError;
use crate::prices::unit_prices;
use crate::store::object::find_version;
use crate::store::{Conn, StoreError};
use crate::versions::difference::change;
use crate::versions::said::{Names, Said};
use crate::versions::{Change, How};

/// The kind under which prices are told: they follow from models and the price book, nobody edits them.
pub(super) const PRICE: &str = "price";

/// One end of a step.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Which version of each object.
    pub(super) objects: Vec<ObjectRef>,
    /// What they make.
    pub(super) content: Content,
}

/// What happens to objects and prices, by object. Keys, workspaces and stops act at once and are not in it.
pub(super) async fn changes(conn: &mut Conn, from: &State, to: &State) -> Result<Vec<Change>, AppError> {
    let mut changes = objects(conn, &from.objects, &to.objects).await?;
    changes.extend(prices(&from.content, &to.content));
    Ok(changes)
}

/// What happens to objects alone, by kind and name.
pub(super) async fn objects(
    conn: &mut Conn,
    from: &[ObjectRef],
    to: &[ObjectRef],
) -> Result<Vec<Change>, AppError> {
    let same = |one: &ObjectRef, other: &ObjectRef| one.kind == other.kind && one.id == other.id;
    let mut moved = Vec::new();
    for new in to.iter().filter(|new| !from.contains(new)) {
        let old = from.iter().find(|old| same(old, new));
        moved.push((said(conn, old).await?, said(conn, Some(new)).await?));
    }
    for old in from.iter().filter(|old| !to.iter().any(|new| same(old, new))) {
        moved.push((said(conn, Some(old)).await?, None));
    }
    if moved.is_empty() {
        return Ok(Vec::new());
    }
    let mut names = Names::of(conn).await?;
    names.learn(moved.iter().flat_map(|(from, to)| [to, from]).flatten());
    let changed = moved.iter().filter_map(|(from, to)| change(from.as_ref(), to.as_ref(), &names));
    let mut changes: Vec<Change> = changed.collect();
    changes.sort_by(|one, other| (&one.kind, &one.name).cmp(&(&other.kind, &other.name)));
    Ok(changes)
}

async fn said(conn: &mut Conn, named: Option<&ObjectRef>) -> Result<Option<Said>, StoreError> {
    let Some(ObjectRef { kind, id, version }) = named else { return Ok(None) };
    let row = find_version(conn, kind, id, *version).await?;
    Ok(row.and_then(|row| Said::of(kind, id, &row)))
}

/// All prices that come, go or change, as one change.
fn prices(from: &Content, to: &Content) -> Option<Change> {
    let place = |entry: &PriceEntry| (entry.model.clone(), entry.provider.clone());
    let (old, new): (BTreeMap<_, _>, BTreeMap<_, _>) = (
        from.prices.iter().map(|entry| (place(entry), &entry.price)).collect(),
        to.prices.iter().map(|entry| (place(entry), &entry.price)).collect(),
    );
    let places: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let told = places.into_iter().filter_map(|place| {
        let (model, provider) = place;
        let what = match (old.get(place), new.get(place)) {
            (None, Some(price)) => format!("added, {}", rates(price)),
            (Some(_), None) => "removed".to_owned(),
            (Some(old), Some(new)) if old != new => repriced(old, new),
            _ => return None,
        };
        Some(format!("{model} at {provider}: {what}"))
    });
    let lines: Vec<String> = told.collect();
    let (kind, id, name) = (PRICE.to_owned(), String::new(), String::new());
    (!lines.is_empty()).then_some(Change { kind, id, version: 0, name, how: How::Changed, lines })
}

/// The rates by unit and condition.
fn rates_of(price: &Price) -> BTreeMap<(String, &'static str), i64> {
    let all = unit_prices(&price.rates, &price.tiers, &price.service_tiers, &price.windows);
    all.into_iter().map(|one| ((one.when, one.unit), one.nano_per_million)).collect()
}

fn usd(nano_per_million: i64) -> String {
    number::money(&Money::from_nano(nano_per_million))
}

fn unit(named: &(String, &'static str)) -> String {
    let (when, unit) = (&named.0, named.1.replace('_', " "));
    if when.is_empty() { unit } else { format!("{unit} {when}") }
}

/// The ordinary rates, and how many more hold under conditions.
fn rates(price: &Price) -> String {
    let all = rates_of(price);
    let (ordinary, others): (Vec<_>, Vec<_>) = all.iter().partition(|((when, _), _)| when.is_empty());
    let told: Vec<String> =
        ordinary.iter().map(|(named, nano)| format!("{} {}", unit(named), usd(**nano))).collect();
    let more = match others.len() {
        0 => String::new(),
        count => format!(", {count} more under conditions"),
    };
    format!("{} for a million{more}", told.join(", "))
}

fn repriced(old: &Price, new: &Price) -> String {
    let (before, after) = (rates_of(old), rates_of(new));
    let named: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let told = |rate: Option<&i64>| rate.map_or_else(|| "none".to_owned(), |nano| usd(*nano));
    let moved: Vec<String> = named
        .into_iter()
        .filter(|named| before.get(*named) != after.get(*named))
        .map(|named| format!("{} {} → {}", unit(named), told(before.get(named)), told(after.get(named))))
        .collect();
    if moved.is_empty() { format!("now of {}", new.version) } else { moved.join(", ") }
}

#[cfg(test)]
mod tests {
    use weir_contract::usage::Bucket;

    use super::*;

    fn priced(entries: &[(&str, &str, i64)]) -> Content {
        let prices = entries.iter().map(|(model, version, input)| {
            let mut price = Price { version: (*version).into(), ..Price::default() };
            price.rates.set(Bucket::Input, *input);
            PriceEntry { provider: "openai".to_owned(), model: (*model).to_owned(), price }
        });
        Content { prices: prices.collect(), ..Content::default() }
    }

    #[test]
    fn prices_that_come_go_and_change_are_told_with_their_rates() {
        let from = priced(&[("a", "1", 2_500_000_000), ("b", "1", 1_000_000_000), ("c", "1", 5_000_000_000)]);
        let to = priced(&[("a", "2", 3_000_000_000), ("c", "2", 5_000_000_000), ("d", "2", 1_500_000_000)]);
        let found = prices(&from, &to).unwrap();
        assert_eq!(
            found.sentences(),
            [
                "price: a at openai: input $2.50 → $3.00",
                "price: b at openai: removed",
                "price: c at openai: now of 2",
                "price: d at openai: added, input $1.50 for a million",
            ]
        );
        assert_eq!(prices(&to, &to), None);
    }
}
