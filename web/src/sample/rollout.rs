//! Samples of publishing and of gateways.

use super::{NOW_US, Sample, Words, busy_shell, put, shell};
use crate::form::{Field, FieldError};
use crate::page::gateways::{GatewayRow, PublishRow, TokenRow};
use crate::page::{GatewayTokenShownPage, GatewaysPage, PublishingPage, RevisionPage};
use crate::shell::{Link, Section};

pub(super) fn add(samples: &mut Vec<Sample>, words: &Words) -> Result<(), crate::Error> {
    let token = |n: i64| TokenRow {
        token_id: format!("gtok_{n}"),
        name: words.customer.into(),
        gateway: (n > 1).then(|| words.customer.into()),
        created_us: NOW_US - n * 86_400_000_000,
        created_by: words.customer.into(),
        revoked_us: (n == 3).then_some(NOW_US),
    };
    let page = GatewaysPage {
        shell: busy_shell("Gateways", Section::Gateways, words),
        gateways: gateways(words),
        tokens: Some((1..=3).map(token).collect()),
        name: Field::new(words.text).refused(FieldError::Required),
        now_us: NOW_US,
    };
    put(samples, &format!("gateways-{}", words.suffix), &page)?;
    let shown = GatewayTokenShownPage {
        shell: shell("New gateway", Section::Gateways),
        name: words.customer.into(),
        secret: "wgt_3f9c0a7be1d24c58a6f0".into(),
        control_url: "http://127.0.0.1:8081".into(),
    };
    put(samples, &format!("gateway-token-{}", words.suffix), &shown)?;
    let page = PublishingPage {
        shell: busy_shell("Publishing", Section::Publishing, words),
        changes: vec![format!("endpoint {}: base_url {} → {}", words.customer, words.model, words.text)],
        objects: vec![Link::new(words.customer, "/providers/endpoints/ep_1")],
        problems: vec![words.text.into()],
        tag: "0f".into(),
        may_publish: true,
        rows: (40..=42).rev().map(|number| publish(words, number)).collect(),
        next: Some(40),
        now_us: NOW_US,
    };
    put(samples, &format!("publishing-{}", words.suffix), &page)?;
    let page = RevisionPage {
        shell: busy_shell("Revision 41", Section::Publishing, words),
        row: publish(words, 41),
        changes: vec![words.text.into()],
        against_running: vec![words.text.into()],
        newest: 42,
        may_publish: true,
        gateways: gateways(words),
        now_us: NOW_US,
    };
    put(samples, &format!("revision-{}", words.suffix), &page)
}

pub(super) fn add_empty(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    let page = GatewaysPage {
        shell: shell("Gateways", Section::Gateways),
        now_us: NOW_US,
        ..GatewaysPage::default()
    };
    put(samples, "gateways-empty", &page)?;
    let shell = shell("Publishing", Section::Publishing);
    put(samples, "publishing-empty", &PublishingPage { shell, now_us: NOW_US, ..PublishingPage::default() })
}

fn publish(words: &Words, revision: u64) -> PublishRow {
    PublishRow {
        revision,
        cause: "published".into(),
        at_us: NOW_US - 38_000_000,
        author: words.customer.into(),
        note: words.text.into(),
        taken: 2,
        gateways: 3,
    }
}

fn gateways(words: &Words) -> Vec<GatewayRow> {
    let gateway = |id: &str, revision, connected, refusal| GatewayRow {
        gateway_id: id.into(),
        revision,
        published: 42,
        lag_us: (revision == 42).then_some(84_000),
        last_contact_us: NOW_US - 1_500_000,
        connected,
        refusal,
        version: "0.1.0".into(),
        clock_off_us: 5_000_000,
        spool_bytes: 1_234_567,
        spool_oldest_us: 1_200_000,
        in_flight: 12,
    };
    vec![
        gateway("eu-1", 42, true, None),
        gateway("eu-2", 41, true, Some(words.text.to_owned())),
        gateway(words.customer, 41, false, None),
        gateway("us-1", 42, false, None),
    ]
}
