//! Samples of the description of the API.

use super::{Sample, Words, put, shell};
use crate::page::ApiPage;
use crate::page::api::{Operation, Parameter};
use crate::shell::Section;

pub(super) fn add(samples: &mut Vec<Sample>, words: &Words) -> Result<(), crate::Error> {
    let operation = Operation {
        id: "keys.create".into(),
        method: "POST".into(),
        path: "/api/v1/keys".into(),
        summary: words.text.into(),
        parameters: vec![Parameter {
            name: words.model.into(),
            place: "query".into(),
            required: true,
            what: words.text.into(),
        }],
        body: words.text.into(),
        answers: vec![("201".into(), words.text.into())],
        example: words.text.into(),
    };
    let page = ApiPage {
        shell: shell("API", Section::None),
        groups: vec!["keys".into(), words.customer.into()],
        group: "keys".into(),
        operations: vec![operation],
    };
    put(samples, &format!("api-{}", words.suffix), &page)
}

pub(super) fn add_empty(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    put(samples, "api-empty", &ApiPage { shell: shell("API", Section::None), ..ApiPage::default() })
}
