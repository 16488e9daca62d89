//! The table, the bars, the JSON lines. The best of all rounds counts, for us as for the others.

use std::io::Write as _;
use std::process::Command;

use serde_json::json;
use weir_tests::binary::root;

use crate::payload::{self, Payload};
use crate::round::Figure;

/// One measurement in one line.
pub fn short(figure: &Figure) -> String {
    let Figure {
        system,
        payload,
        manner,
        answered,
        failed,
        per_second,
        cpu_us,
        total_us_p50,
        total_us_p99,
        ..
    } = figure;
    format!(
        "{payload:14} {manner:9} {system:6} {answered:7} answered, {failed} failed, {per_second:7.0}/s, \
         {cpu_us:6.1} µs CPU, p50 {total_us_p50:.0} µs, p99 {total_us_p99:.0} µs"
    )
}

/// The figures of one system at one payload and manner.
struct Best<'a>(Vec<&'a Figure>);

impl<'a> Best<'a> {
    fn of(figures: &'a [Figure], system: &str, payload: &str, manner: &str) -> Self {
        let fits = |figure: &&Figure| {
            figure.system == system
                && figure.payload == payload
                && figure.manner == manner
                && figure.answered > 0
        };
        Self(figures.iter().filter(fits).collect())
    }

    fn least(&self, field: impl Fn(&Figure) -> f64) -> Option<f64> {
        self.0.iter().map(|figure| field(figure)).min_by(f64::total_cmp)
    }

    fn most(&self, field: impl Fn(&Figure) -> f64) -> Option<f64> {
        self.0.iter().map(|figure| field(figure)).max_by(f64::total_cmp)
    }
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
}

/// Prints the table and whether the bars are met.
pub fn print(figures: &[Figure]) {
    println!(
        "\n{:14} {:6} {:>9} {:>9} {:>7} {:>7} {:>22} {:>22} {:>8} {:>9} {:>9}",
        "payload",
        "system",
        "req/s",
        "CPU µs",
        "× nginx",
        "× bare",
        "first byte + p50/p99",
        "whole + p50/p99 µs",
        "peak MB",
        "disk MB/s",
        "sink MB/s"
    );
    for payload in
        payload::ALL.iter().filter(|payload| figures.iter().any(|figure| figure.payload == payload.name))
    {
        for system in ["nginx", "bare", "weir"] {
            row(figures, payload, system);
        }
    }
    println!();
    payload::ALL.iter().for_each(|payload| bars(figures, payload));
    let failed: u64 = figures.iter().map(|figure| figure.failed).sum();
    let missing = figures.iter().map(|figure| figure.rows_missing).max().unwrap_or(0);
    let shed = figures.iter().map(|figure| figure.bodies_missing).max().unwrap_or(0);
    println!(
        "{}: {failed} requests failed, {missing} rows and the bodies of {shed} requests missing in the archive",
        verdict(failed + missing + shed == 0)
    );
}

fn row(figures: &[Figure], payload: &Payload, system: &str) {
    let saturated = Best::of(figures, system, payload.name, "saturated");
    let rate = Best::of(figures, system, payload.name, "rate");
    if saturated.0.is_empty() {
        return;
    }
    let added = |field: fn(&Figure) -> f64| number(added(figures, system, payload, field), 0);
    println!(
        "{:14} {:6} {:>9} {:>9} {:>7} {:>7} {:>22} {:>22} {:>8} {:>9} {:>9}",
        payload.name,
        system,
        number(saturated.most(|figure| figure.per_second), 0),
        number(saturated.least(|figure| figure.cpu_us), 1),
        number(cost(figures, system, "nginx", payload), 2),
        number(cost(figures, system, "bare", payload), 2),
        format!(
            "{} / {}",
            added(|figure| figure.first_byte_us_p50),
            added(|figure| figure.first_byte_us_p99)
        ),
        format!("{} / {}", added(|figure| figure.total_us_p50), added(|figure| figure.total_us_p99)),
        number(rate.most(|figure| figure.peak_mb), 0),
        number(saturated.most(|figure| figure.disk_mb_per_second), 1),
        number(saturated.most(|figure| figure.sink_mb_per_second), 1),
    );
}

/// CPU per request at saturation in parts of another system's.
fn cost(figures: &[Figure], system: &str, other: &str, payload: &Payload) -> Option<f64> {
    let cpu = |system| Best::of(figures, system, payload.name, "saturated").least(|figure| figure.cpu_us);
    Some(cpu(system)? / cpu(other)?)
}

/// What a system adds to the direct way at the fixed rate.
fn added(figures: &[Figure], system: &str, payload: &Payload, field: fn(&Figure) -> f64) -> Option<f64> {
    let least = |system| Best::of(figures, system, payload.name, "rate").least(field);
    Some(least(system)? - least("direct")?)
}

fn verdict(met: bool) -> &'static str {
    if met { "met    " } else { "NOT MET" }
}

fn bars(figures: &[Figure], payload: &Payload) {
    let name = payload.name;
    for (other, most) in [("nginx", payload.cost_max), ("bare", payload.bare_max)] {
        if let (Some(most), Some(cost)) = (most, cost(figures, "weir", other, payload)) {
            println!(
                "{}: {name}: CPU per request {cost:.2} × {other}, at most {most} ×",
                verdict(cost <= most)
            );
        }
    }
    let added = added(figures, "weir", payload, |figure| figure.total_us_p99);
    if let (Some(most), Some(added)) = (payload.added_p99_max, added) {
        println!(
            "{}: {name}: p99 added {added:.0} µs at {}/s, at most {most} µs",
            verdict(added <= most),
            payload.rate
        );
    }
}

/// Adds one line a measurement to `docs/proofs/bench.jsonl`, with the commit and the time.
pub fn save(figures: &[Figure]) {
    let said = |program: &str, words: &[&str]| {
        let output = Command::new(program).args(words).current_dir(root()).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    let (commit, at) = (said("git", &["rev-parse", "--short", "HEAD"]), said("date", &["-u", "+%FT%TZ"]));
    let path = root().join("docs/proofs/bench.jsonl");
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path).expect("docs/proofs");
    for figure in figures {
        let line = json!({ "at": at, "commit": commit, "figure": figure });
        writeln!(file, "{line}").expect("a line");
    }
    println!("{} lines added to docs/proofs/bench.jsonl", figures.len());
}
