//! Samples of what the palette finds.

use super::{Sample, Words, busy_shell, put, shell};
use crate::form::Choice;
use crate::page::FindPage;
use crate::page::find::{Hit, HitKind};
use crate::shell::Section;
use crate::url;

pub(super) fn add(samples: &mut Vec<Sample>, words: &Words) -> Result<(), crate::Error> {
    let page = FindPage {
        shell: busy_shell("Find", Section::None, words),
        typed: words.customer.into(),
        workspaces: vec![Choice::new("ws_1", words.customer), Choice::new("ws_2", "staging")],
        workspace: "ws_1".into(),
        hits: vec![
            Hit::new(HitKind::Page, "Customers", url::CUSTOMERS),
            Hit::new(HitKind::Customer, words.customer, url::customer(words.customer, "")),
            Hit::new(HitKind::Key, words.customer, url::key("key_1")),
            Hit::new(HitKind::Model, words.model, url::model("model_1")),
            Hit::new(HitKind::Endpoint, words.text, url::endpoint("ep_1")),
            Hit::new(HitKind::View, words.text, url::requests_with("customer", words.customer)),
        ],
    };
    put(samples, &format!("find-{}", words.suffix), &page)
}

pub(super) fn add_empty(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    let page =
        FindPage { shell: shell("Find", Section::None), typed: "nobody".into(), ..FindPage::default() };
    put(samples, "find-nothing", &page)?;
    put(samples, "find-empty", &FindPage { typed: String::new(), ..page })
}
