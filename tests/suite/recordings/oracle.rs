//! Another reader of usage and another arithmetic of cost, to judge the product's by. It works on JSON values and decimal
//! digits, and shares no line with what it judges.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::media;
use weir_tests::binary;
use weir_tests::recording::Exchange;

/// The token buckets, by the names of their columns.
pub(super) const TOKEN_BUCKETS: [&str; 10] = [
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "audio_input",
    "image_input",
    "output",
    "reasoning",
    "audio_output",
    "image_output",
];
const INPUT_BUCKETS: usize = 6;

/// What else is counted.
pub(super) const OTHER_BUCKETS: [&str; 5] = ["web_search", "request", "milli_second", "image", "character"];

/// What a recording says was used.
pub(super) struct Used {
    /// Who says so: the provider, or the gateway by counting.
    pub(super) source: &'static str,
    /// The provider's object (of a stream: all its words, the last one counting).
    pub(super) raw: Value,
    pub(super) units: BTreeMap<&'static str, u64>,
}

impl Used {
    /// Units in a bucket.
    pub(super) fn units(&self, bucket: &str) -> u64 {
        self.units.get(bucket).copied().unwrap_or(0)
    }

    /// Whether nothing was consumed.
    pub(super) fn is_nothing(&self) -> bool {
        self.units.values().all(|units| *units == 0)
    }

    /// Said by the provider, in one kind of unit.
    pub(super) fn said(raw: Value, unit: &'static str, units: u64) -> Self {
        Self { source: "provider", raw, units: BTreeMap::from([(unit, units)]) }
    }

    /// Counted by the gateway.
    pub(super) fn counted(source: &'static str, unit: &'static str, units: u64) -> Self {
        Self { source, raw: Value::Null, units: BTreeMap::from([(unit, units)]) }
    }

    fn input(&self) -> u64 {
        TOKEN_BUCKETS[..INPUT_BUCKETS].iter().map(|bucket| self.units(bucket)).sum()
    }
}

/// The model that says it answered, where one does.
pub(super) fn served_model(exchange: &Exchange) -> Option<String> {
    let said = |word: &Value| {
        let places =
            [&word["model"], &word["message"]["model"], &word["response"]["model"], &word["modelVersion"]];
        places.into_iter().find_map(Value::as_str).map(str::to_owned)
    };
    words_of(exchange)?.iter().filter_map(said).rfind(|model| !model.is_empty())
}

/// The usage of an exchange; `None` where the provider said nothing.
pub(super) fn usage_of(exchange: &Exchange, sent_bytes: u64) -> Option<Used> {
    if exchange.response.status >= 400 {
        return None;
    }
    let words = words_of(exchange).unwrap_or_default();
    match exchange.api.as_str() {
        "anthropic.messages" => anthropic_usage(&words),
        api if api.ends_with("count_tokens") || api.ends_with("input_tokens") => {
            Some(Used::counted("counted", "input", 0))
        }
        api if api.starts_with("gemini.") => media::gemini(&words),
        "openai.moderations" => Some(Used::counted("estimated", "input", sent_bytes)),
        "openai.responses" | "openai.responses.compact" => media::responses(&words),
        api if api.starts_with("openai.images.") => media::pictures(&words),
        api if api.starts_with("openai.audio.") => media::sound(exchange, &words),
        api if api.contains("rerank") => media::rerank(&words),
        "openai.embeddings" => media::embedding(&words),
        _ => openai_usage(&words, &exchange.provider),
    }
}

/// The JSON objects of an answer: one, or those of all its events. `None` of an error.
fn words_of(exchange: &Exchange) -> Option<Vec<Value>> {
    if exchange.response.status >= 400 {
        return None;
    }
    Some(match (&exchange.response.sse, &exchange.response.body) {
        (Some(stream), _) => stream
            .lines()
            .filter_map(|line| serde_json::from_str(line.strip_prefix("data:")?.trim()).ok())
            .collect(),
        (None, Some(body)) => match serde_json::from_str::<Value>(body.get()).unwrap() {
            Value::Array(elements) => elements,
            word => vec![word],
        },
        (None, None) => return None,
    })
}

fn anthropic_usage(words: &[Value]) -> Option<Used> {
    let mut raw = Map::new();
    for usage in
        words.iter().flat_map(|word| [&word["message"]["usage"], &word["usage"]]).filter_map(Value::as_object)
    {
        raw.extend(
            usage
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.clone(), value.clone())),
        );
    }
    let raw_value = Value::Object(raw);
    let of = |pointer: &str| raw_value.pointer(pointer).and_then(Value::as_u64);
    of("/input_tokens").or(of("/output_tokens"))?;
    let hour = of("/cache_creation/ephemeral_1h_input_tokens").unwrap_or(0);
    let split = hour + of("/cache_creation/ephemeral_5m_input_tokens").unwrap_or(0);
    let thought = of("/output_tokens_details/thinking_tokens").unwrap_or(0);
    let units = BTreeMap::from([
        ("input", of("/input_tokens").unwrap_or(0)),
        ("cache_read", of("/cache_read_input_tokens").unwrap_or(0)),
        ("cache_write_5m", of("/cache_creation_input_tokens").unwrap_or(0).max(split) - hour),
        ("cache_write_1h", hour),
        ("reasoning", thought),
        ("output", of("/output_tokens").unwrap_or(0) - thought),
        ("web_search", of("/server_tool_use/web_search_requests").unwrap_or(0)),
    ]);
    // In one JSON answer nothing is merged: the object is stored as it came, nulls included.
    let raw = if words.len() == 1 { words[0]["usage"].clone() } else { raw_value };
    Some(Used { source: "provider", raw, units })
}

fn openai_usage(words: &[Value], provider: &str) -> Option<Used> {
    let counts = |usage: &&Value| {
        ["prompt_tokens", "completion_tokens", "total_tokens"].iter().any(|key| usage[key].is_u64())
    };
    let raw = words.iter().flat_map(|word| [&word["x_groq"]["usage"], &word["usage"]]).rfind(counts)?.clone();
    let of = |pointer: &str| raw.pointer(pointer).and_then(Value::as_u64);
    let first = |pointers: &[&str]| pointers.iter().find_map(|pointer| of(pointer)).unwrap_or(0);
    let (mut prompt, mut completion) = (first(&["/prompt_tokens"]), first(&["/completion_tokens"]));
    let mut reasoning = first(&["/completion_tokens_details/reasoning_tokens"]);
    let sound = first(&["/prompt_tokens_details/audio_tokens"]);
    let total = of("/total_tokens").unwrap_or(prompt + completion);
    // Which parts stand beside their whole? The combination that makes the provider's own total.
    let beside = [(0, 0), (0, reasoning), (sound, 0), (sound, reasoning)];
    match beside.into_iter().find(|(sound, reasoning)| prompt + completion + sound + reasoning == total) {
        Some((0, 0)) if provider == "vercel-gateway" => completion += reasoning,
        Some((sound, reasoning)) => (prompt, completion) = (prompt + sound, completion + reasoning),
        None if reasoning == 0 && total > prompt + completion => {
            reasoning = total - prompt - completion;
            completion += reasoning;
        }
        None => {}
    }
    let mut units = BTreeMap::new();
    let mut share = |rest: &'static str, mut whole: u64, parts: &[(&'static str, u64)]| {
        for (part, claimed) in parts {
            units.insert(*part, whole.min(*claimed));
            whole -= whole.min(*claimed);
        }
        units.insert(rest, whole);
    };
    let cached = [
        "/prompt_tokens_details/cached_tokens",
        "/cached_tokens",
        "/num_cached_tokens",
        "/prompt_cache_hit_tokens",
        "/cache_read_input_tokens",
    ];
    let written = ["/prompt_tokens_details/cache_write_tokens", "/cache_creation_input_tokens"];
    let pictures = first(&["/prompt_tokens_details/image_tokens"]);
    share(
        "input",
        prompt,
        &[
            ("cache_read", first(&cached)),
            ("cache_write_5m", first(&written)),
            ("audio_input", sound),
            ("image_input", pictures),
        ],
    );
    let (said, drawn) = (
        first(&["/completion_tokens_details/audio_tokens"]),
        first(&["/completion_tokens_details/image_tokens"]),
    );
    share("output", completion, &[("audio_output", said), ("image_output", drawn), ("reasoning", reasoning)]);
    let searches = ["/server_tool_use_details/web_search_requests", "/server_tool_use/web_search_requests"];
    units.insert("web_search", first(&searches));
    Some(Used { source: "provider", raw, units })
}

/// The committed price book, read as JSON.
pub(super) struct Book(HashMap<(String, String), Value>);

/// What a call must cost.
pub(super) struct Charge {
    pub(super) nano: i64,
    pub(super) rated: bool,
}

impl Book {
    /// `deploy/prices/book.jsonl`.
    pub(super) fn built_in() -> Self {
        let text = std::fs::read_to_string(binary::root().join("deploy/prices/book.jsonl")).unwrap();
        let rows: Vec<Value> = text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
        let name = |value: &Value| value.as_str().unwrap().to_owned();
        let mut found = HashMap::new();
        for row in rows.iter().rev() {
            for alias in row["aliases"].as_array().into_iter().flatten() {
                found.insert((name(&row["provider"]), name(alias)), row.clone());
            }
        }
        for row in rows {
            found.insert((name(&row["provider"]), name(&row["model"])), row);
        }
        Self(found)
    }

    /// What that usage costs. `at` is the archive's time, `YYYY-MM-DD HH:MM:SS.ffffff`.
    pub(super) fn charge(
        &self,
        provider: &str,
        model: &str,
        used: Option<&Used>,
        at: &str,
        service_tier: &str,
    ) -> Charge {
        let row = self
            .0
            .get(&(provider.to_owned(), model.to_owned()))
            .filter(|row| row["rates"] != serde_json::json!({}));
        let (Some(row), Some(used)) = (row, used) else { return Charge { nano: 0, rated: false } };
        let rates = rates_of(row, used.input(), at, service_tier);
        let fee = (rates.get("request").copied().unwrap_or(0) > 0).then_some(("request", 1));
        let (mut nano, mut rated) = (0, true);
        for (bucket, units) in used
            .units
            .iter()
            .map(|(bucket, units)| (*bucket, *units))
            .chain(fee)
            .filter(|(_, units)| *units > 0)
        {
            let instead = match bucket {
                "reasoning" => "output",
                "image_input" | "cache_write_5m" => "input",
                other => other,
            };
            match rates.get(bucket).or_else(|| rates.get(instead)) {
                Some(rate) => nano += rounded(units, *rate),
                None => rated = false,
            }
        }
        Charge { nano, rated }
    }
}

/// The rates that hold: hours replace the ordinary ones, a large input replaces those, the service tier replaces all.
fn rates_of(row: &Value, input: u64, at: &str, service_tier: &str) -> BTreeMap<String, u64> {
    let minute = at[11..13].parse::<u64>().unwrap() * 60 + at[14..16].parse::<u64>().unwrap();
    let holds = |window: &&Value| {
        let (from, to) = (window["from_minute"].as_u64().unwrap(), window["to_minute"].as_u64().unwrap());
        if from <= to { (from..to).contains(&minute) } else { !(to..from).contains(&minute) }
    };
    let window = row["windows"].as_array().into_iter().flatten().find(holds);
    let above = |tier: &&Value| tier["above_input_tokens"].as_u64().unwrap() < input;
    let tiers = row["tiers"].as_array().into_iter().flatten().filter(above);
    let tier = tiers.max_by_key(|tier| tier["above_input_tokens"].as_u64());
    let layers = [
        Some(&row["rates"]),
        window.map(|window| &window["rates"]),
        tier.map(|tier| &tier["rates"]),
        row["service_tiers"].get(service_tier),
    ];
    let members = layers.into_iter().flatten().filter_map(Value::as_object).flatten();
    members.map(|(bucket, rate)| (bucket.clone(), rate.as_u64().unwrap())).collect()
}

/// Units times a rate per million, half to even, read off the decimal digits of the product.
fn rounded(units: u64, rate: u64) -> i64 {
    let digits = format!("{:07}", u128::from(units) * u128::from(rate));
    let (whole, rest) = digits.split_at(digits.len() - 6);
    let odd = whole.ends_with(['1', '3', '5', '7', '9']);
    let up = rest > "500000" || (rest == "500000" && odd);
    whole.parse::<i64>().unwrap() + i64::from(up)
}

/// A decimal of the archive (`"0.000123"`) as nano-dollars.
pub(super) fn nano_of(decimal: &Value) -> i64 {
    let text = decimal.as_str().unwrap_or_else(|| panic!("{decimal} is no quoted decimal"));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<9}").parse().unwrap()
}

#[test]
fn half_rounds_to_even_and_decimals_are_read_whole() {
    assert_eq!([rounded(1, 500_000), rounded(3, 500_000), rounded(1, 500_001), rounded(7, 0)], [0, 2, 1, 0]);
    assert_eq!(nano_of(&serde_json::json!("1.5")), 1_500_000_000);
}
