//! Samples of stops.

use super::{NOW_US, Sample, Words, busy_shell, put, shell};
use crate::form::{Choice, Field, FieldError};
use crate::page::StopsPage;
use crate::page::stops::{StopForm, StopRow};
use crate::shell::Section;

pub(super) fn add(samples: &mut Vec<Sample>, words: &Words) -> Result<(), crate::Error> {
    let row = |kind: &str| StopRow {
        stop_id: format!("stop_{kind}"),
        kind: kind.into(),
        name: words.customer.into(),
        href: Some("/customers/acme".into()),
        workspace: words.customer.into(),
        reason: words.text.into(),
        since_us: NOW_US - 61_000_000,
        by: words.customer.into(),
        may_end: kind != "endpoint",
    };
    let form = StopForm {
        kind: Field::new("customer"),
        kinds: vec![Choice::new("customer", "customer"), Choice::new("key", "key")],
        target: Field::new(words.customer)
            .refused(FieldError::Other("Not stopped: a stop of this exists already.".into())),
        workspace: Field::new("w1"),
        workspaces: vec![Choice::new("w1", words.customer)],
        reason: Field::new(words.text),
    };
    let page = StopsPage {
        shell: busy_shell("Stops", Section::None, words),
        rows: ["customer", "key", "model", "endpoint"].map(row).to_vec(),
        form: Some(form),
        now_us: NOW_US,
    };
    put(samples, &format!("stops-{}", words.suffix), &page)
}

pub(super) fn add_empty(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    let page = StopsPage { shell: shell("Stops", Section::None), now_us: NOW_US, ..StopsPage::default() };
    put(samples, "stops-empty", &page)
}
