//! Samples of the overview.

use super::{NOW_US, PLAIN, Sample, Words, busy_shell, put, shell};
use crate::form::Choice;
use crate::page::customers::DaySpend;
use crate::page::overview::{Attention, Figure, OverviewPage, Value};
use crate::page::{Freshness, Window};
use crate::shell::{Section, Tone};
use crate::url;
use weir_contract::money::Money;

const DAY_US: i64 = 86_400_000_000;

pub(super) fn add(samples: &mut Vec<Sample>, words: &Words) -> Result<(), crate::Error> {
    put(samples, &format!("overview-{}", words.suffix), &page(words))
}

pub(super) fn add_empty(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    let shell = shell("Overview", Section::Overview);
    let bare = OverviewPage { shell, attention: vec![], figures: vec![], days: Some(vec![]), ..page(&PLAIN) };
    let last = Some(Some(NOW_US - 3 * DAY_US));
    put(samples, "overview-quiet", &OverviewPage { quiet: last, ..bare.clone() })?;
    put(samples, "overview-empty", &OverviewPage { quiet: Some(None), ..bare.clone() })?;
    let late = vec![Figure { name: "Cost", ..Figure::default() }];
    put(samples, "overview-late", &OverviewPage { figures: late, days: None, ..bare })
}

fn page(words: &Words) -> OverviewPage {
    let window = Window { from_us: NOW_US - 7 * DAY_US, to_us: NOW_US };
    let figure = |name, value, change: &str, note: &str| Figure {
        name,
        value,
        change: (!change.is_empty()).then(|| change.to_owned()),
        note: note.to_owned(),
        href: url::REQUESTS.to_owned(),
    };
    let day = |day: i64, model: &str, nano: i64| DaySpend {
        day_us: (NOW_US - day * DAY_US).div_euclid(DAY_US) * DAY_US,
        model: model.into(),
        spend: Money::from_nano(nano),
    };
    let notice = |tone, what: &str| Attention {
        tone,
        what: what.to_owned(),
        detail: words.text.to_owned(),
        href: url::requests_with("customer", words.customer),
    };
    OverviewPage {
        shell: busy_shell("Overview", Section::Overview, words),
        range: "7d".into(),
        window,
        before: Window { from_us: window.from_us - 7 * DAY_US, to_us: window.from_us },
        freshness: Freshness { counted_to_us: Some(NOW_US - 1_200_000), now_us: NOW_US },
        workspaces: vec![Choice::new("ws_1", words.customer), Choice::new("ws_2", "billing")],
        workspace: "ws_1".into(),
        figures: vec![
            figure(
                "Cost",
                Value::Money(Money::from_nano(412_310_000_000)),
                "+12.4 %",
                "3 unrated and not in it",
            ),
            figure("Requests", Value::Count(104_112), "−3.0 %", "7.31 M tokens in, 812 k out"),
            figure("Failed", Value::Share(4_200), "", ""),
            figure("Total time, 95th percentile", Value::AboutUs(4_040_000), "no change", ""),
        ],
        days: Some(
            (0..7)
                .flat_map(|n| {
                    [day(n, words.model, 40_000_000_000 + n), day(n, "claude-sonnet-4.5", 9_000_000_000)]
                })
                .collect(),
        ),
        attention: vec![notice(Tone::Bad, "openai is failing"), notice(Tone::Warn, words.model)],
        quiet: None,
    }
}
