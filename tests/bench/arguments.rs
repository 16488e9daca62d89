//! What can be chosen: `make bench ARGS="--quick --only json-1k"`.

use std::path::PathBuf;
use std::time::Duration;

const USAGE: &str = "bench [--quick] [--rounds N] [--seconds N] [--only PAYLOAD] [--all] [--only-weir] [--program FILE] [--realtime] [--save]
  --quick         one round of one second each: whether it works, not what it costs
  --rounds N      rounds, interleaved; the best of them counts (3)
  --seconds N     length of one measurement (4)
  --only PAYLOAD  json-1k, json-100k, sse-50 or cross-1k; json- or sse- with responses, messages or gemini
  --all           the payloads of all formats
  --only-weir     leave nginx and the direct way out
  --program FILE  measure that build of weir, not the one beside this program
  --realtime      ask for real-time scheduling (root): on a machine that is busy otherwise, and for figures to keep
  --save          add the figures to docs/proofs/bench.jsonl";

/// What was chosen.
pub struct Arguments {
    /// Interleaved rounds.
    pub rounds: usize,
    /// Length of one measurement.
    pub length: Duration,
    /// One payload only, by name.
    pub only: Option<String>,
    /// Payloads of all formats, not the usual four.
    pub all: bool,
    /// Weir alone, for a profiler's eyes.
    pub only_weir: bool,
    /// The build of weir that is measured; the one beside this program where none is named.
    pub program: Option<PathBuf>,
    /// Whether nobody else may run on the two processors meanwhile, but for the system's own reserve.
    pub realtime: bool,
    /// Whether the figures go to `docs/proofs/bench.jsonl`.
    pub save: bool,
}

impl Arguments {
    /// Reads the command line; the error is the whole usage.
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut this = Self {
            rounds: 3,
            length: Duration::from_secs(4),
            only: None,
            all: false,
            only_weir: false,
            program: None,
            realtime: false,
            save: false,
        };
        while let Some(word) = words.next() {
            let mut number = || words.next().and_then(|text| text.parse().ok()).filter(|number| *number > 0);
            match word.as_str() {
                "--quick" => (this.rounds, this.length) = (1, Duration::from_secs(1)),
                "--rounds" => this.rounds = number().ok_or(USAGE)?,
                "--seconds" => this.length = Duration::from_secs(number().ok_or(USAGE)? as u64),
                "--only" => this.only = Some(words.next().ok_or(USAGE)?),
                "--all" => this.all = true,
                "--only-weir" => this.only_weir = true,
                "--program" => this.program = Some(words.next().ok_or(USAGE)?.into()),
                "--realtime" => this.realtime = true,
                "--save" => this.save = true,
                _ => return Err(USAGE.to_owned()),
            }
        }
        Ok(this)
    }
}
