//! Samples of the list of customers and of one customer.

use super::requests::row;
use super::{HOSTILE, NOW_US, PLAIN, Sample, Words, busy_shell, put, shell};
use crate::form::Choice;
use crate::page::customers::{CustomerRow, DaySpend, Period, SpendRow};
use crate::page::{CustomerPage, CustomersPage, Freshness, Window};
use crate::shell::Section;
use weir_contract::money::Money;

const DAY_US: i64 = 86_400_000_000;
/// 2026-11-01 00:00 UTC.
const FIRST_US: i64 = NOW_US - NOW_US % DAY_US - 20 * DAY_US;

pub(super) fn add(samples: &mut Vec<Sample>, words: &Words) -> Result<(), crate::Error> {
    put(samples, &format!("customers-{}", words.suffix), &list(words))?;
    put(samples, &format!("customer-{}", words.suffix), &one(words))
}

pub(super) fn add_empty(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    let blank = CustomersPage {
        shell: shell("Customers", Section::Customers),
        rows: vec![],
        total: Money::ZERO,
        count: 0,
        next: None,
        ..list(&PLAIN)
    };
    put(samples, "customers-empty", &blank)?;
    put(samples, "customers-search", &CustomersPage { search: HOSTILE.customer.into(), count: 12, ..blank })?;
    let quiet = CustomerPage {
        shell: shell("acme", Section::Customers),
        customer_id: "acme".into(),
        period: period(),
        periods: periods(),
        last_seen_us: Some(FIRST_US - 4 * DAY_US),
        ..CustomerPage::default()
    };
    put(samples, "customer-empty", &quiet)
}

fn period() -> Period {
    let window = Window { from_us: FIRST_US, to_us: FIRST_US + 30 * DAY_US };
    Period { name: "2026-11".into(), label: "November 2026".into(), window, open: true }
}

fn periods() -> Vec<Choice> {
    vec![Choice::new("2026-11", "November 2026"), Choice::new("2026-10", "October 2026")]
}

fn freshness() -> Freshness {
    Freshness { counted_to_us: Some(NOW_US - 1_000_000), now_us: NOW_US }
}

fn list(words: &Words) -> CustomersPage {
    let row = |n: i64| CustomerRow {
        customer_id: if n == 5 { String::new() } else { format!("{}-{n}", words.customer) },
        spend: Money::from_nano(7_410_230_000_000 / (n * n * n + 1)),
        unrated: if n == 2 { 17 } else { 0 },
        requests: (128_411 / (n + 1)).unsigned_abs(),
        share_ppm: 407_000 / u32::try_from(n * n + 1).unwrap_or(1),
        last_seen_us: NOW_US - n * n * 971_000_000,
    };
    CustomersPage {
        shell: busy_shell("Customers", Section::Customers, words),
        period: period(),
        periods: periods(),
        search: String::new(),
        freshness: freshness(),
        rows: (0..14).map(row).collect(),
        total: Money::from_nano(18_204_170_000_000),
        count: 214,
        next: Some("c2".into()),
        gateway_url: "http://127.0.0.1:8080".into(),
    }
}

fn one(words: &Words) -> CustomerPage {
    CustomerPage {
        shell: busy_shell(words.customer, Section::Customers, words),
        customer_id: words.customer.into(),
        period: period(),
        periods: periods(),
        freshness: freshness(),
        total: Money::from_nano(7_410_230_117_000),
        unrated: 3,
        requests: 128_411,
        errors: 511,
        tokens_in: 73_120_000,
        tokens_out: 4_981_233,
        last_seen_us: Some(NOW_US - 3_000_000),
        days: days(words),
        models: breakdown(&[words.model, "claude-sonnet-4.5", "gemini-3-pro"]),
        keys: breakdown(&["billing-prod", words.customer]),
        latest: (0..8).map(|n| row(n, words)).collect(),
    }
}

fn days(words: &Words) -> Vec<DaySpend> {
    let models = [
        words.model,
        "claude-sonnet-4.5",
        "gemini-3-pro",
        "gpt-5",
        "deepseek-v3.2",
        "mistral-large",
        "qwen-3",
        "llama-4",
    ];
    let spend = |day: i64, at: i64, model: &str| DaySpend {
        day_us: FIRST_US + day * DAY_US,
        model: model.into(),
        spend: Money::from_nano((day * 31 + at * 17) % 23 * 6_700_000_000 / (at + 1)),
    };
    (0..21).flat_map(|day| models.iter().zip(0..).map(move |(model, at)| spend(day, at, model))).collect()
}

fn breakdown(names: &[&str]) -> Vec<SpendRow> {
    let row = |(name, n): (&&str, i64)| SpendRow {
        id: (*name).to_owned(),
        name: (*name).to_owned(),
        spend: Money::from_nano(4_120_110_000_000 / (n + 1)),
        requests: (90_000 / (n + 1)).unsigned_abs(),
        tokens_in: (60_000_000 / (n + 1)).unsigned_abs(),
        tokens_out: (3_000_000 / (n + 1)).unsigned_abs(),
    };
    names.iter().zip(0..).map(row).collect()
}
