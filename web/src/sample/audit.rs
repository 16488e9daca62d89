//! Samples of the audit log.

use super::{NOW_US, Sample, Words, busy_shell, put, shell};
use crate::form::Choice;
use crate::page::AuditPage;
use crate::page::audit::{AuditRow, Difference, Verdict};
use crate::shell::Section;
use crate::url::AuditQuery;

pub(super) fn add(samples: &mut Vec<Sample>, words: &Words) -> Result<(), crate::Error> {
    let difference = |name: &str| Difference {
        name: name.into(),
        before: words.customer.into(),
        after: words.text.into(),
    };
    let row = |seq: i64| AuditRow {
        seq,
        at_us: NOW_US - (20 - seq) * 61_000_000,
        actor: words.customer.into(),
        action: "key.update".into(),
        object: format!("key_{seq}"),
        href: Some(format!("/keys/key_{seq}")),
        differences: vec![difference("name"), difference("limits.retries_max")],
        hash: "3f9c0a7be1d24c58a6f0".repeat(3),
    };
    let page = AuditPage {
        shell: busy_shell("Audit log", Section::Audit, words),
        query: AuditQuery { object: words.customer.into(), ..AuditQuery::default() },
        actors: vec![Choice::new("person_1", words.customer)],
        actions: vec![Choice::new("key.update", "key.update")],
        rows: (1..=12).rev().map(row).collect(),
        next: Some(1),
        verdict: Some(Verdict { rows: 1204, broken: None, at_us: NOW_US }),
        now_us: NOW_US,
    };
    put(samples, &format!("audit-{}", words.suffix), &page)?;
    let broken = Verdict { rows: 7, broken: Some(format!("At row 8: {}", words.text)), at_us: NOW_US };
    put(samples, &format!("audit-broken-{}", words.suffix), &AuditPage { verdict: Some(broken), ..page })
}

pub(super) fn add_empty(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    let page =
        AuditPage { shell: shell("Audit log", Section::Audit), now_us: NOW_US, ..AuditPage::default() };
    put(samples, "audit-empty", &page)
}
