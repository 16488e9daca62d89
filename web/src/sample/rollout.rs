//! Samples of publishing and of gateways.

use super::{NOW_US, Sample, Words, busy_shell, put, shell};
use crate::form::{Field, FieldError};
use crate::page::gateways::{Drain, GatewayRow, PublishRow, Refused, Spool, TokenRow};
use crate::page::history::VersionRow;
use crate::page::publishing::{Rollout, RolloutEvent};
use crate::page::{
    ChangeGroup, GatewayTokenShownPage, GatewaysPage, HistoryPage, PublishingPage, RestorePage, RevisionPage,
};
use crate::part::{Change, Problem};
use crate::shell::{Link, Section};
use crate::url;

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
        may_manage: true,
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
        changes: changes(words),
        problems: vec![
            Problem {
                text: words.text.into(),
                link: Some(Link::new("Go to the endpoint", "/providers/endpoints/ep_1")),
            },
            Problem { text: words.text.into(), link: None },
        ],
        tag: "0f".into(),
        may_publish: true,
        rows: (40..=42).rev().map(|number| publish(words, number)).collect(),
        next: Some(40),
        now_us: NOW_US,
    };
    put(samples, &format!("publishing-{}", words.suffix), &page)?;
    let rollout = Rollout { revision: 41, newest: 42, gateways: gateways(words), now_us: NOW_US };
    let page = RevisionPage {
        shell: busy_shell("Revision 41", Section::Publishing, words),
        row: publish(words, 41),
        changes: changes(words),
        against_running: changes(words),
        may_publish: true,
        rollout: rollout.clone(),
    };
    put(samples, &format!("revision-{}", words.suffix), &page)?;
    put(samples, &format!("rollout-event-{}", words.suffix), &RolloutEvent { rollout })?;
    put(samples, &format!("history-{}", words.suffix), &history(words))?;
    put(samples, &format!("restore-{}", words.suffix), &restore(words))
}

fn history(words: &Words) -> HistoryPage {
    let version = |version: i64, how| VersionRow {
        version,
        at_us: NOW_US - version * 86_400_000_000,
        author: words.customer.into(),
        note: words.text.into(),
        change: Change { how, lines: vec![words.text.into(); 22], ..Change::default() },
        runs: version == 3,
        is_draft: version == 4,
        may_restore: version < 4,
    };
    HistoryPage {
        shell: busy_shell("History of model fast", Section::Models, words),
        kind: "model".into(),
        object_id: "model_1".into(),
        href: Some(url::model("model_1")),
        published: Some((3, 41)),
        draft: Some(4),
        unpublished: changes(words),
        may_edit: true,
        rows: vec![version(4, "changed"), version(3, "added"), version(2, "removed"), version(1, "added")],
        next: Some(1),
        now_us: NOW_US,
    }
}

fn restore(words: &Words) -> RestorePage {
    let group = |title: &str, changes| ChangeGroup {
        title: title.into(),
        changes,
        nothing: "Nothing: the gateways run the same.".into(),
    };
    RestorePage {
        shell: busy_shell("Restore revision 41", Section::Publishing, words),
        sentence: words.text.into(),
        groups: vec![group("On the gateways", changes(words)), group("In the draft", Vec::new())],
        consequences: vec![words.text.into()],
        button: "Restore revision 41".into(),
        action: url::revision_restoration(&41),
        cancel: Link::new("Leave it", url::revision(&41)),
        tag: "0f".into(),
        takes_note: true,
    }
}

fn changes(words: &Words) -> Vec<Change> {
    let change = |kind: &str, href: Option<&str>, how, lines| Change {
        kind: kind.into(),
        name: words.customer.into(),
        href: href.map(str::to_owned),
        how,
        lines,
    };
    let moved = format!("base url {} → {}", words.model, words.text);
    vec![
        change("endpoint", Some("/providers/endpoints/ep_1"), "changed", vec![moved]),
        change("model", Some("/models/model_1"), "added", vec![words.text.into(); 25]),
        change("model", None, "removed", Vec::new()),
        Change { name: String::new(), ..change("price", None, "changed", vec![words.text.into()]) },
    ]
}

pub(super) fn add_empty(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    let page = GatewaysPage {
        shell: shell("Gateways", Section::Gateways),
        now_us: NOW_US,
        ..GatewaysPage::default()
    };
    put(samples, "gateways-empty", &page)?;
    let shell = shell("Publishing", Section::Publishing);
    put(samples, "publishing-empty", &PublishingPage { shell, now_us: NOW_US, ..PublishingPage::default() })?;
    let shell = super::shell("History of model fast", Section::Models);
    put(samples, "history-empty", &HistoryPage { shell, now_us: NOW_US, ..HistoryPage::default() })
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
    let gateway = |id: &str, revision, connected, drain| GatewayRow {
        gateway_id: id.into(),
        revision,
        published: 42,
        lag_us: Some(84_000),
        behind_us: (revision < 42).then_some(38_000_000),
        last_contact_us: NOW_US - 1_500_000,
        connected,
        refusal: None,
        drain,
        version: "0.1.0".into(),
        clock_off_us: 0,
        spool: Spool {
            bytes: 1_234_567,
            oldest_us: 1_200_000,
            to_archive: 3,
            to_books: 1,
            ..Spool::default()
        },
        in_flight: 12,
    };
    let refusal = Some(Refused { revision: 42, reason: words.text.into() });
    let dead = Spool { dead: 7, held_by: words.text.into(), ..Spool::default() };
    vec![
        gateway("eu-1", 42, true, Drain::No),
        GatewayRow { refusal, ..gateway("eu-2", 41, true, Drain::No) },
        gateway(words.customer, 41, false, Drain::No),
        gateway("us-1", 42, false, Drain::No),
        gateway("us-2", 41, true, Drain::Asked),
        GatewayRow { clock_off_us: 5_000_000, ..gateway("us-3", 42, true, Drain::Finishing) },
        GatewayRow { spool: Spool::default(), in_flight: 0, ..gateway("us-4", 42, true, Drain::Done) },
        GatewayRow { spool: dead.clone(), ..gateway("us-5", 42, true, Drain::No) },
        GatewayRow { spool: Spool { dead: 0, ..dead }, ..gateway("us-6", 42, true, Drain::No) },
    ]
}
