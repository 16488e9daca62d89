//! Lists a page at a time, the same everywhere: `limit` members, and `next` to send as `cursor` for those behind them.
//!
//! A cursor is a place in the order of the list, not a number of members: what is added or removed meanwhile neither repeats
//! a member nor hides one. It is opaque: base64 of JSON, whose meaning is each list's own.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::AppError;

/// Members on a page when nobody says.
pub(super) const LIMIT: u32 = 50;
/// The most members on a page.
pub(super) const LIMIT_MAX: u32 = 500;
/// The longest cursor that is read, bytes; ours are far shorter.
const CURSOR_BYTES_MAX: usize = 4096;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The members.
    #[serde(rename = "data")]
    pub(crate) items: Vec<T>,
    /// Send this as `cursor` for the next page; `null` at the end.
    pub(crate) next: Option<String>,
}

/// Where a member stands in a list that is kept in memory: by number, then by name, then by id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Place(i64, String, String);

impl Place {
    /// In a list by name.
    pub(crate) fn named(name: &(impl ToString + ?Sized), id: &(impl ToString + ?Sized)) -> Self {
        Self(0, name.to_string(), id.to_string())
    }

    /// In a list with the newest first.
    pub(crate) fn newest(at_us: i64, id: &(impl ToString + ?Sized)) -> Self {
        Self(at_us.saturating_neg(), String::new(), id.to_string())
    }
}

impl<T> List<T> {
    /// A list that never has more members than a page.
    pub(crate) const fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// The page behind the cursor, of all members; `place` says where each stands, and no two stand at the same.
    pub(crate) fn page(
        mut items: Vec<T>,
        paging: &Paging,
        place: impl Fn(&T) -> Place,
    ) -> Result<Self, AppError> {
        let limit = usize::try_from(paging.limit()).unwrap_or(usize::MAX);
        items.sort_by_cached_key(&place);
        if let Some(after) = paging.after::<Place>()? {
            items.retain(|item| place(item) > after);
        }
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(place);
        Ok(Self::behind(items, next.as_ref()))
    }

    /// A page that its source has cut: `last` is where its last member stands, when more follow.
    pub(crate) fn behind(items: Vec<T>, last: Option<&impl Serialize>) -> Self {
        let written = last.map(|last| serde_json::to_vec(last).unwrap_or_default());
        Self { items, next: written.map(|text| URL_SAFE_NO_PAD.encode(text)) }
    }
}

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// `next` of the page before; left out for the first page.
    cursor: Option<String>,
    /// Members on the page.
    #[serde(default, deserialize_with = "limit")]
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// A number in a query string. Beside other parameters (`flatten`) it arrives as text.
fn limit<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    let wrong = || D::Error::custom(format!("`limit` must be a whole number from 1 to {LIMIT_MAX}"));
    let number = |text: String| {
        let number = text.parse().ok().filter(|number| (1..=LIMIT_MAX).contains(number));
        number.ok_or_else(wrong)
    };
    text.map(number).transpose()
}

impl Paging {
    /// How many members.
    pub(crate) fn limit(&self) -> u32 {
        self.limit.unwrap_or(LIMIT)
    }

    /// Where the page before ended; `None` on the first.
    pub(crate) fn after<T: DeserializeOwned>(&self) -> Result<Option<T>, AppError> {
        let wrong = || {
            AppError::BadRequest(
                "`cursor` is not one of this list: send `next` of the page before".to_owned(),
            )
        };
        let read = |text: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|_| text.len() <= CURSOR_BYTES_MAX);
            serde_json::from_slice(&bytes.ok_or_else(wrong)?).map_err(|_| wrong())
        };
        self.cursor.as_deref().map(read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(cursor: Option<&str>, limit: u32) -> Paging {
        Paging { cursor: cursor.map(str::to_owned), limit: Some(limit) }
    }

    fn page(names: &[&str], cursor: Option<&str>) -> List<String> {
        let all = names.iter().map(|name| (*name).to_owned()).collect();
        List::page(all, &paging(cursor, 2), |name| Place::named(name, name)).unwrap()
    }

    #[test]
    fn pages_follow_each_other_whatever_comes_and_goes() {
        let first = page(&["d", "b", "a", "c"], None);
        assert_eq!(first.items, ["a", "b"]);
        // The last member is gone, and one came before it: neither is seen twice, nor is any other missed.
        let second = page(&["aa", "a", "c", "d"], first.next.as_deref());
        assert_eq!(
            (second.items.as_slice(), second.next),
            (["c".to_owned(), "d".to_owned()].as_slice(), None)
        );
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let other = List::behind(vec![1], Some(&7)).next.unwrap();
        for wrong in [other.as_str(), "7", "", "é", &"A".repeat(8_000)] {
            let asked = paging(Some(wrong), 2).after::<Place>();
            assert!(matches!(asked, Err(AppError::BadRequest(_))), "{wrong}");
        }
        assert_eq!(paging(Some(&other), 2).after::<i32>().unwrap(), Some(7));
    }

    #[test]
    fn newest_come_first_and_equal_moments_have_an_order() {
        let mut places = [Place::newest(1, "b"), Place::newest(2, "z"), Place::newest(1, "a")];
        places.sort();
        assert_eq!(places, [Place::newest(2, "z"), Place::newest(1, "a"), Place::newest(1, "b")]);
    }
}
