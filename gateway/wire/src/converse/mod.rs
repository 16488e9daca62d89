//! Amazon's Converse: how Bedrock wraps models of every vendor. It says what Anthropic's messages say in other words, so it is
//! told from and to that format, and each client's format reaches it the way it reaches Anthropic's.
//!
//! Models of Anthropic's own keep their own wrapping there ([`crate::host::Host::Bedrock`]), which loses nothing.

mod answer;
mod citation;
mod content;
mod request;
mod stream;

pub use answer::told;
pub use stream::Retelling;

pub(crate) use request::write_request;

/// Where Bedrock serves a vendor's models across regions.
const REGIONS: [&str; 9] = ["us", "eu", "apac", "au", "jp", "ca", "sa", "us-gov", "global"];

/// Whether Bedrock hears that model by Converse: its name says that its vendor is another than Anthropic. A name that says no
/// vendor (a profile of one's own) is Anthropic's: nothing else can be asked in its format as it is.
#[must_use]
pub fn is_spoken_to(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let mut steps = name.split('.').filter(|step| !REGIONS.contains(step));
    let vendor = steps.next().unwrap_or_default();
    let named = steps.next().is_some() && vendor.bytes().all(|byte| byte.is_ascii_alphanumeric());
    named && vendor != "anthropic"
}

/// The model itself behind a name that serves it across regions. Bedrock counts tokens for models only: it refuses the names of
/// profiles. What is behind a profile of one's own its name does not say.
pub(crate) fn foundation(model: &str) -> &str {
    let name = model.rsplit_once(":inference-profile/").map_or(model, |(_, name)| name);
    name.split_once('.').filter(|(region, _)| REGIONS.contains(region)).map_or(name, |(_, model)| model)
}

/// Why Converse ended an answer, in Anthropic's words; most are the same.
fn stop_reason(word: &str) -> &str {
    match word {
        "guardrail_intervened" | "content_filtered" => "refusal",
        "malformed_model_output" | "malformed_tool_use" => "end_turn",
        word => word,
    }
}

#[cfg(test)]
mod tests;
