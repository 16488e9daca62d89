//! What a model can do, told by its name: the format has grown with its models, and older ones refuse newer words. A name
//! that is not Anthropic's belongs to somebody who speaks the format; then only what always worked is asked for.

/// Models before budgets for thinking.
const UNTHINKING: [&str; 6] =
    ["claude-2", "claude-instant", "claude-3-haiku", "claude-3-sonnet", "claude-3-opus", "claude-3-5"];

/// Models that think by budget and do not decide themselves how hard.
const BY_BUDGET: [&str; 11] = [
    "claude-3-7",
    "claude-opus-4-0",
    "claude-opus-4-1",
    "claude-opus-4-2",
    "claude-opus-4-5",
    "claude-sonnet-4-0",
    "claude-sonnet-4-2",
    "claude-sonnet-4-5",
    "claude-haiku-4-5",
    "claude-4-opus",
    "claude-4-sonnet",
];

/// Models that cannot be held to a schema.
const FREE_HANDED: [&str; 7] = [
    "claude-3-7",
    "claude-opus-4-0",
    "claude-opus-4-2",
    "claude-sonnet-4-0",
    "claude-sonnet-4-2",
    "claude-4-opus",
    "claude-4-sonnet",
];

fn is_one(model: &str, names: &[&str]) -> bool {
    names.iter().any(|name| model.contains(name))
}

fn is_claude(model: &str) -> bool {
    model.contains("claude-")
}

/// Whether the model can think before it answers.
pub(super) fn thinks(model: &str) -> bool {
    !is_one(model, &UNTHINKING)
}

/// Whether the model decides itself how hard to think, and takes a word for it.
pub(super) fn adapts(model: &str) -> bool {
    is_claude(model) && thinks(model) && !is_one(model, &BY_BUDGET)
}

/// Whether the model's answer can be held to a schema.
pub(super) fn keeps_schemas(model: &str) -> bool {
    is_claude(model) && thinks(model) && !is_one(model, &FREE_HANDED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_name_tells_what_it_can_do() {
        for (model, expected) in [
            ("claude-3-5-haiku-20241022", [false, false, false]),
            ("claude-3-7-sonnet-20250219", [true, false, false]),
            ("claude-sonnet-4-20250514", [true, false, false]),
            ("claude-haiku-4-5", [true, false, true]),
            ("claude-opus-4-1-20250805", [true, false, true]),
            ("claude-opus-4-6", [true, true, true]),
            ("claude-sonnet-5", [true, true, true]),
            ("glm-5", [true, false, false]),
        ] {
            assert_eq!([thinks(model), adapts(model), keeps_schemas(model)], expected, "{model}");
        }
    }
}
