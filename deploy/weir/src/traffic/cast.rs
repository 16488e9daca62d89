//! Who asks, by which keys, which models, and what about. All of it is invented.

/// The names of the workspace's keys.
pub(crate) const KEYS: &[&str] = &["support assistant", "document search", "writing tool", "nightly reports"];

/// A model that is asked for, and what such requests look like.
pub(super) struct Model {
    pub(super) name: &'static str,
    pub(super) provider: &'static str,
    pub(super) endpoint: &'static str,
    pub(super) region: &'static str,
    /// The dialect of its bodies.
    pub(super) dialect: &'static str,
    pub(super) weight: u64,
    /// Tokens that go in and come out, around which they vary.
    pub(super) input: u64,
    pub(super) output: u64,
    /// Microseconds for each token that comes out.
    pub(super) pace_us: u64,
    /// Whether it thinks before it answers.
    pub(super) reasons: bool,
}

const fn model(
    (name, provider, endpoint): (&'static str, &'static str, &'static str),
    weight: u64,
    (input, output): (u64, u64),
    pace_us: u64,
) -> Model {
    Model {
        name,
        provider,
        endpoint,
        region: "",
        dialect: "openai",
        weight,
        input,
        output,
        pace_us,
        reasons: false,
    }
}

/// The last one has no known price: pages must show what is unrated.
pub(super) const MODELS: &[Model] = &[
    model(("gpt-4.1-mini", "openai", "ep_sample_openai"), 300, (1400, 260), 9_000),
    Model { reasons: true, ..model(("gpt-5", "openai", "ep_sample_openai"), 110, (2600, 700), 14_000) },
    Model { reasons: true, ..model(("gpt-5-mini", "openai", "ep_sample_openai"), 180, (1800, 420), 8_000) },
    Model {
        dialect: "anthropic",
        ..model(("claude-sonnet-4-5", "anthropic", "ep_sample_anthropic"), 150, (3400, 620), 16_000)
    },
    Model {
        dialect: "anthropic",
        ..model(("claude-haiku-4-5", "anthropic", "ep_sample_anthropic"), 170, (1600, 300), 7_000)
    },
    Model {
        region: "europe-west4",
        ..model(("gemini-2.5-flash", "google", "ep_sample_google"), 70, (2200, 340), 6_000)
    },
    model(("house-model-7b", "house", "ep_sample_house"), 20, (900, 200), 22_000),
];

/// A customer: id, share of the traffic, and which of the keys it comes by (as a place in [`KEYS`]).
pub(super) const CUSTOMERS: &[(&str, u64, usize)] = &[
    ("sample-northwind", 190, 0),
    ("sample-tailspin", 150, 0),
    ("sample-fabrikam", 120, 1),
    ("sample-contoso", 95, 0),
    ("sample-wingtip", 80, 2),
    ("sample-alpine-ski", 64, 1),
    ("sample-bluebird", 52, 2),
    ("sample-cedar-clinic", 45, 1),
    ("sample-delta-freight", 38, 3),
    ("sample-elm-street", 32, 2),
    ("sample-fjord-energy", 27, 3),
    ("sample-grove-books", 23, 2),
    ("sample-harbour", 20, 0),
    ("sample-iris-optics", 17, 1),
    ("sample-juniper", 14, 2),
    ("sample-kestrel", 12, 0),
    ("sample-lumen", 10, 1),
    ("sample-meadow-dairy", 8, 3),
    ("sample-nimbus", 6, 0),
    ("sample-orchard", 5, 2),
    ("sample-pine-hotels", 3, 1),
    ("sample-quarry", 2, 0),
    ("", 12, 3),
];

/// Features that requests are tagged with.
pub(super) const FEATURES: &[(&str, u64)] =
    &[("chat", 50), ("search", 22), ("summary", 18), ("translation", 7), ("report", 3)];

/// What is asked and answered.
pub(super) const TALK: &[(&str, &str)] = &[
    (
        "Where is my parcel? The tracking page has not moved since Tuesday.",
        "It left the depot this morning and is due tomorrow before noon.",
    ),
    (
        "Summarise the attached minutes in five points.",
        "1. The budget is approved. 2. The move is postponed. 3. Two posts are open. 4. The audit is done. 5. The next meeting is in May.",
    ),
    (
        "Translate this notice into German, politely.",
        "Sehr geehrte Gäste, bitte beachten Sie, dass der Aufzug heute gewartet wird.",
    ),
    (
        "Why does the invoice of March list two deliveries?",
        "The first one was returned; the second replaced it. Only one was charged.",
    ),
    (
        "Find the clause about early termination.",
        "Clause 14.2: either party may end the contract with three months' notice.",
    ),
    (
        "Write a friendly reminder about the open timesheets.",
        "Hello everyone, a small reminder: please send your timesheets by Friday noon.",
    ),
    (
        "Which of our sites used more energy than last month?",
        "Two of nine: the harbour site by 4 % and the bakery by 11 %.",
    ),
    (
        "Explain to a customer why a refund takes five days.",
        "Your bank needs up to five working days to book it; on our side it is done.",
    ),
    ("Classify this message: complaint, question or praise.", "Question."),
    (
        "List the open risks of the project with an owner each.",
        "Supplier delay (Mara), missing permit (Jonas), data migration (Ines).",
    ),
];
