//! Known browsers: one in which a person came in before carries a mark, and is not kept out by what strangers guess.
//!
//! The mark is a random name and, under a secret of the installation, the seal that binds it to the person and to their
//! password: whoever changes it has new browsers only. It opens nothing. Without the password it only decides for whom an
//! attempt is counted (see [`super::throttle`]).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::HeaderValue;
use ring::hmac;
use weir_contract::clock::Randomness;
use weir_contract::id::base62;

use crate::app::App;
use crate::error::AppError;
use crate::store::person::{PersonRow, find_person_by_email};

const COOKIE_NAME: &str = "weir_browser";
const KEPT_SECONDS: i64 = 365 * 86_400;

/// Marks browsers, and knows them again.
pub(crate) struct Browsers(hmac::Key);

impl Browsers {
    /// With the installation's secret for it.
    pub(crate) fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// A mark for a browser in which that person just came in.
    fn mark(&self, person: &PersonRow, random: &dyn Randomness) -> String {
        let name = base62(&random.bytes::<16>());
        let seal = hmac::sign(&self.0, bound(&name, person).as_bytes());
        format!("{name}.{}", URL_SAFE_NO_PAD.encode(seal))
    }

    /// The browser's name, when its mark is that person's.
    pub(crate) fn known<'m>(&self, person: &PersonRow, mark: &'m str) -> Option<&'m str> {
        let (name, seal) = mark.split_once('.')?;
        let seal = URL_SAFE_NO_PAD.decode(seal).ok()?;
        hmac::verify(&self.0, bound(name, person).as_bytes(), &seal).ok()?;
        Some(name)
    }
}

fn bound(name: &str, person: &PersonRow) -> String {
    format!("{name}.{}.{}", person.id, person.password_hash)
}

/// The mark a request carries.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    super::cookie(headers, COOKIE_NAME)
}

/// `Set-Cookie` for a browser in which the owner of that account just came in; `None` when there is no such person.
pub(crate) async fn set_cookie(app: &App, email: &str) -> Result<Option<HeaderValue>, AppError> {
    let email = super::sign_in::normal_email(email);
    let person = find_person_by_email(&mut *app.store.read().await?, &email).await?;
    Ok(person.map(|person| {
        let mark = app.browsers.mark(&person, app.random.as_ref());
        super::session::cookie_value(app, COOKIE_NAME, &mark, KEPT_SECONDS)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Dice;

    fn person(id: &str, password_hash: &str) -> PersonRow {
        PersonRow {
            id: id.to_owned(),
            email: "ada@example.com".to_owned(),
            name: "Ada".to_owned(),
            password_hash: password_hash.to_owned(),
            created_us: 0,
            disabled_us: None,
        }
    }

    #[test]
    fn a_mark_is_of_one_person_with_one_password_at_one_installation() {
        let (browsers, ada) = (Browsers::new(b"one"), person("person_a", "$argon2id$1"));
        let mark = browsers.mark(&ada, &Dice::new(1));
        assert_eq!(browsers.known(&ada, &mark), mark.split_once('.').map(|(name, _)| name));
        assert_eq!(browsers.known(&person("person_b", "$argon2id$1"), &mark), None);
        assert_eq!(browsers.known(&person("person_a", "$argon2id$2"), &mark), None);
        assert_eq!(Browsers::new(b"two").known(&ada, &mark), None);
        for forged in [format!("x{mark}"), format!("{mark}x"), String::new(), ".".to_owned()] {
            assert_eq!(browsers.known(&ada, &forged), None, "{forged}");
        }
    }
}
