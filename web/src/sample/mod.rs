//! Every view, empty, full and hostile: what the tests, the gallery and the browser checks render.

mod api;
mod audit;
mod customers;
mod entry;
mod find;
mod help;
mod kept;
mod overview;
mod people;
mod requests;
mod rollout;
mod settings;
mod setup;
mod stops;

use crate::shell::{Flash, Link, Section, Shell, Tone, Unpublished, User};
use crate::{Template, url};

/// 2026-11-21 00:59:41.207 UTC: the moment every sample is made.
pub const NOW_US: i64 = 1_795_222_781_207_000;

/// One page, rendered.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Screen and state: `requests-full`.
    pub name: String,
    /// The page.
    pub html: String,
}

/// The words a full page is filled with.
struct Words {
    suffix: &'static str,
    customer: &'static str,
    model: &'static str,
    text: &'static str,
}

const PLAIN: Words = Words {
    suffix: "full",
    customer: "acme",
    model: "gpt-5-mini",
    text: "The river rises in the north and falls over the weir.",
};

const HOSTILE: Words = Words {
    suffix: "hostile",
    customer: "\"><img src=x onerror=alert(1)>",
    model: "</script><script>alert(2)</script>",
    text: "'\"><svg/onload=alert(3)> {{7*7}} {% raw %} </pre><style>*{display:none}</style> \u{202e}abc",
};

/// All samples.
///
/// # Errors
/// Only when there is no memory left to write a page into.
pub fn all() -> Result<Vec<Sample>, crate::Error> {
    let mut samples = Vec::new();
    entry::add(&mut samples)?;
    help::add(&mut samples)?;
    for words in [&PLAIN, &HOSTILE] {
        overview::add(&mut samples, words)?;
        find::add(&mut samples, words)?;
        kept::add(&mut samples, words)?;
        requests::add(&mut samples, words)?;
        api::add(&mut samples, words)?;
        customers::add(&mut samples, words)?;
        setup::add(&mut samples, words)?;
        audit::add(&mut samples, words)?;
        rollout::add(&mut samples, words)?;
        settings::add(&mut samples, words)?;
        people::add(&mut samples, words)?;
        stops::add(&mut samples, words)?;
    }
    overview::add_empty(&mut samples)?;
    find::add_empty(&mut samples)?;
    kept::add_empty(&mut samples)?;
    api::add_empty(&mut samples)?;
    requests::add_empty(&mut samples)?;
    customers::add_empty(&mut samples)?;
    setup::add_empty(&mut samples)?;
    audit::add_empty(&mut samples)?;
    rollout::add_empty(&mut samples)?;
    settings::add_empty(&mut samples)?;
    people::add_empty(&mut samples)?;
    stops::add_empty(&mut samples)?;
    Ok(samples)
}

fn put(samples: &mut Vec<Sample>, name: &str, page: &impl Template) -> Result<(), crate::Error> {
    samples.push(Sample { name: name.to_owned(), html: crate::render(page)? });
    Ok(())
}

/// A frame for somebody who is signed in.
fn shell(title: &str, section: Section) -> Shell {
    Shell {
        title: title.into(),
        section,
        path: url::REQUESTS.into(),
        user: Some(User { name: "Ada Lovelace".into(), email: "ada@example.com".into(), may_publish: true }),
        ..Shell::default()
    }
}

/// The same with everything a frame can say.
fn busy_shell(title: &str, section: Section, words: &Words) -> Shell {
    Shell {
        workspace: Some(words.customer.into()),
        unpublished: Some(Unpublished {
            changes: 3,
            running_revision: 41,
            summary: vec![format!("model {} has a second target", words.model)],
            tag: "0f".into(),
        }),
        flashes: vec![Flash {
            tone: Tone::Ok,
            text: format!("Key {} revoked.", words.customer),
            link: Some(Link::new("See its requests", url::requests_with("key", words.customer))),
        }],
        views: vec![Link::new(words.customer, url::requests_with("key", words.customer))],
        ..shell(title, section)
    }
}

#[cfg(test)]
mod tests;
