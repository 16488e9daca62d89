//! One measurement after another: the systems take turns within each round, so that a slow minute of the machine
//! is everybody's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::arguments::Arguments;
use crate::load::{self, Manner, percentile};
use crate::payload::{self, Payload};
use crate::sink::Counts;
use crate::subject::{self, Subject};
use crate::{control, sink};

/// After how long without a byte nothing more is expected at the archive.
const QUIET_MAX: Duration = Duration::from_secs(3);

/// One measurement.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Figure {
    /// `weir`, `bare`, `nginx` or `direct`.
    pub system: &'static str,
    /// The payload's name.
    pub payload: &'static str,
    /// `saturated`, or `rate`.
    pub manner: &'static str,
    /// Which round, from 1.
    pub round: usize,
    /// Whole answers with status 200.
    pub answered: u64,
    /// Requests without one.
    pub failed: u64,
    /// Answers per second.
    pub per_second: f64,
    /// CPU per request, µs; 0 for the direct way. Ours includes all work until the archive has the rows.
    pub cpu_us: f64,
    /// From due to first byte of the body, µs.
    pub first_byte_us_p50: f64,
    /// The same, 99th percentile.
    pub first_byte_us_p99: f64,
    /// From due to last byte, µs.
    pub total_us_p50: f64,
    /// The same, 99th percentile.
    pub total_us_p99: f64,
    /// Most memory so far, MB.
    pub peak_mb: f64,
    /// Written to disk, MB per second.
    pub disk_mb_per_second: f64,
    /// Received by the archive, MB per second until it had all.
    pub sink_mb_per_second: f64,
    /// Requests without a row in the archive.
    pub rows_missing: u64,
    /// Requests whose bodies were left out under pressure.
    pub bodies_missing: u64,
}

struct Ground {
    systems: Vec<Subject>,
    counts: Arc<Counts>,
    weir_answers: u64,
    _runtime: Runtime,
}

/// Measures all that was chosen.
pub fn measure(arguments: &Arguments) -> Vec<Figure> {
    subject::settle_in(arguments.realtime);
    let mut ground = prepare(arguments);
    let mut figures = Vec::new();
    for round in 1..=arguments.rounds {
        for payload in wanted(arguments) {
            for manner in [Manner::Saturating, Manner::Rate(payload.rate)] {
                for place in 0..ground.systems.len() {
                    if let Some(figure) = ground.take(place, payload, manner, arguments.length) {
                        eprintln!("round {round}: {}", crate::report::short(&figure));
                        figures.push(Figure { round, ..figure });
                    }
                }
            }
        }
    }
    drop(ground);
    subject::settle_out();
    figures
}

/// The payloads that were chosen.
fn wanted(arguments: &Arguments) -> impl Iterator<Item = &'static Payload> + use<'_> {
    let usual = if arguments.all { payload::ALL.len() } else { payload::USUAL };
    payload::ALL
        .iter()
        .enumerate()
        .filter(move |(place, payload)| match &arguments.only {
            Some(only) => only == payload.name,
            None => *place < usual,
        })
        .map(|(_, payload)| payload)
}

fn prepare(arguments: &Arguments) -> Ground {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let provider = Subject::provider();
    let control = runtime.block_on(control::start(provider.address));
    let (archive, counts) = runtime.block_on(sink::start());
    let weir = Subject::weir(arguments.program.as_deref(), control, archive);
    let others = if arguments.only_weir {
        Vec::new()
    } else {
        Subject::nginx(provider.address).into_iter().chain([Subject::bare(provider.address)]).collect()
    };
    let systems: Vec<Subject> = [provider].into_iter().chain(others).chain([weir]).collect();
    let mut ground = Ground { systems, counts, weir_answers: 0, _runtime: runtime };
    wanted(arguments).for_each(|payload| ground.warm_up(payload));
    ground
}

impl Ground {
    /// Every system answers before anything counts; the gateway has its policy then.
    fn warm_up(&mut self, payload: &Payload) {
        for place in 0..self.systems.len() {
            let end = Instant::now() + Duration::from_secs(10);
            while self.load(place, payload, Manner::Rate(50), Duration::from_millis(400)).answered == 0 {
                let name = self.systems[place].name;
                assert!(Instant::now() < end, "{name} does not answer {}", payload.name);
            }
        }
    }

    fn load(&mut self, place: usize, payload: &Payload, manner: Manner, length: Duration) -> load::Seen {
        let system = &self.systems[place];
        let seen = load::run(system.address, &system.request(payload), manner, length);
        if system.name == "weir" {
            self.weir_answers += seen.answered;
            self.settle();
        }
        seen
    }

    /// Waits until the archive has a row and the bodies of every answer, or gets nothing more.
    fn settle(&self) {
        let (mut bytes, mut since) = (self.counts.bytes(), Instant::now());
        while self.counts.calls().min(self.counts.bodies()) < self.weir_answers && since.elapsed() < QUIET_MAX
        {
            std::thread::sleep(Duration::from_millis(5));
            if self.counts.bytes() != bytes {
                (bytes, since) = (self.counts.bytes(), Instant::now());
            }
        }
    }

    /// One measurement; `None` where there is nothing to learn: a saturated direct way.
    fn take(&mut self, place: usize, payload: &Payload, manner: Manner, length: Duration) -> Option<Figure> {
        let name = self.systems[place].name;
        if name == "direct" && matches!(manner, Manner::Saturating) {
            return None;
        }
        let (cpu, disk) = (self.systems[place].cpu(), self.systems[place].disk_bytes());
        let (sink, begin) = (self.counts.bytes(), Instant::now());
        let seen = self.load(place, payload, manner, length);
        let until_settled = begin.elapsed().as_secs_f64();
        let system = &self.systems[place];
        let cpu = (system.cpu() - cpu).as_secs_f64();
        let ours = name == "weir";
        let requests = (seen.answered + seen.failed).max(1) as f64;
        let mb = |bytes: u64| bytes as f64 / 1e6;
        let missing = |arrived| if ours { self.weir_answers.saturating_sub(arrived) } else { 0 };
        Some(Figure {
            system: name,
            payload: payload.name,
            manner: if matches!(manner, Manner::Saturating) { "saturated" } else { "rate" },
            round: 0,
            answered: seen.answered,
            failed: seen.failed,
            per_second: seen.answered as f64 / seen.lasted.as_secs_f64(),
            cpu_us: if name == "direct" { 0.0 } else { cpu * 1e6 / requests },
            first_byte_us_p50: percentile(&seen.first_byte_us, 0.5),
            first_byte_us_p99: percentile(&seen.first_byte_us, 0.99),
            total_us_p50: percentile(&seen.total_us, 0.5),
            total_us_p99: percentile(&seen.total_us, 0.99),
            peak_mb: system.peak_mb(),
            disk_mb_per_second: mb(system.disk_bytes() - disk) / until_settled,
            sink_mb_per_second: if ours { mb(self.counts.bytes() - sink) / until_settled } else { 0.0 },
            rows_missing: missing(self.counts.calls()),
            bodies_missing: missing(self.counts.bodies()),
        })
    }
}
