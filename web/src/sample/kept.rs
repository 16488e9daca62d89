//! Samples of saved views and of exports.

use super::{NOW_US, Sample, Words, busy_shell, put, shell};
use crate::form::{Choice, Field, FieldError};
use crate::page::exports::{ExportFacts, ExportNewPage, ExportPage, ExportState, ExportsPage, ProgressEvent};
use crate::page::requests::LiveEvent;
use crate::page::views::{ViewForm, ViewRow, ViewsPage};
use crate::shell::Section;
use crate::url::RequestsQuery;

pub(super) fn add(samples: &mut Vec<Sample>, words: &Words) -> Result<(), crate::Error> {
    let named = |name: &str| format!("{name}-{}", words.suffix);
    let query = RequestsQuery {
        q: words.customer.into(),
        range: "7d".into(),
        group: "model".into(),
        ..Default::default()
    };
    let row = |n: u64| ViewRow {
        id: format!("view_{n}"),
        name: words.customer.into(),
        query: query.clone(),
        shared: (n > 0).then(|| words.model.into()),
        workspace: "ws_1".into(),
        may_change: n != 1,
        tag: "0a1b".into(),
    };
    let form = ViewForm {
        name: Field::new(words.model).refused(FieldError::Taken),
        workspaces: vec![Choice::new("ws_1", words.model)],
        query: query.clone(),
        problem: Some(words.text.into()),
        ..ViewForm::default()
    };
    let shell = busy_shell("Saved views", Section::Requests, words);
    put(samples, &named("views"), &ViewsPage { shell, form: Some(form), rows: (0..3).map(row).collect() })?;
    let export = |state| ExportFacts {
        id: "export_1".into(),
        query: query.clone(),
        format: "jsonl".into(),
        bodies: true,
        created_us: NOW_US - 90_000_000,
        state,
        requests: 48_112,
        rows: 49_003,
        expected: Some(104_112),
        bytes: 20_100_000,
        problem: words.text.into(),
    };
    let states = [ExportState::Running, ExportState::Done, ExportState::Failed, ExportState::Cancelled];
    let shell = || busy_shell("Exports", Section::Requests, words);
    let rows = states.map(export).to_vec();
    put(samples, &named("exports"), &ExportsPage { shell: shell(), rows, now_us: NOW_US })?;
    let running = export(ExportState::Running);
    put(samples, &named("export"), &ExportPage { shell: shell(), export: running })?;
    let failed = ExportFacts { problem: words.customer.into(), ..export(ExportState::Failed) };
    put(samples, &named("export-progress"), &ProgressEvent { export: failed })?;
    let page = ExportNewPage {
        shell: shell(),
        query: query.clone(),
        format: Field::new("csv"),
        bodies: Field::new("on").refused(FieldError::Other(words.text.into())),
        may_read_bodies: true,
        problem: Some(words.text.into()),
    };
    put(samples, &named("export-new"), &page)
}

pub(super) fn add_empty(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    let frame = |title| shell(title, Section::Requests);
    put(samples, "views-empty", &ViewsPage { shell: frame("Saved views"), ..ViewsPage::default() })?;
    put(samples, "exports-empty", &ExportsPage { shell: frame("Exports"), ..ExportsPage::default() })?;
    put(
        samples,
        "export-new-empty",
        &ExportNewPage { shell: frame("Export requests"), ..ExportNewPage::default() },
    )?;
    put(samples, "export-empty", &ExportPage { shell: frame("Export"), ..ExportPage::default() })?;
    put(
        samples,
        "requests-live",
        &LiveEvent { count: 12, more: false, href: RequestsQuery::default().live(true).href() },
    )
}
