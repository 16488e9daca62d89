//! Recorded provider traffic: other people's data, read from where it is kept, never part of the repository.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::binary;

/// One recorded exchange. Bodies are the text of the recording, so that sending them changes no digit.
#[derive(Debug, Deserialize)]
pub struct Exchange {
    /// Stable name: provider, format, digits.
    pub id: String,
    /// Who answered.
    pub provider: String,
    /// The format, for example `openai.chat_completions`.
    pub api: String,
    /// What was sent.
    pub request: Sent,
    /// What came back.
    pub response: Received,
}

/// The request of an exchange.
#[derive(Debug, Deserialize)]
pub struct Sent {
    /// Method.
    #[serde(default)]
    pub method: String,
    /// Path with its query.
    #[serde(default)]
    pub url_path: String,
    /// Headers that matter.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// JSON body, when it is one.
    #[serde(default)]
    pub body: Option<Box<RawValue>>,
    /// Body that is other text.
    #[serde(default)]
    pub body_text: Option<String>,
    /// Body that is no text.
    #[serde(default)]
    pub body_base64: Option<String>,
}

impl Sent {
    /// The bytes a client sends for this.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        bytes_of(self.body.as_deref(), self.body_text.as_deref(), self.body_base64.as_deref())
    }
}

fn bytes_of(json: Option<&RawValue>, text: Option<&str>, base64: Option<&str>) -> Vec<u8> {
    use base64::Engine as _;
    match (json, text, base64) {
        (Some(json), ..) => json.get().as_bytes().to_vec(),
        (None, Some(text), _) => text.as_bytes().to_vec(),
        (None, None, Some(base64)) => base64::engine::general_purpose::STANDARD.decode(base64).unwrap(),
        (None, None, None) => Vec::new(),
    }
}

/// The response of an exchange.
#[derive(Debug, Deserialize)]
pub struct Received {
    /// Status.
    pub status: u16,
    /// Headers.
    #[serde(default)]
    pub headers: Option<BTreeMap<String, String>>,
    /// JSON body, when it is one.
    #[serde(default)]
    pub body: Option<Box<RawValue>>,
    /// Event stream, when it is one.
    #[serde(default)]
    pub sse: Option<String>,
    /// Body that is other text.
    #[serde(default)]
    pub body_text: Option<String>,
    /// Body that is no text.
    #[serde(default)]
    pub body_base64: Option<String>,
}

impl Received {
    /// The bytes a provider sends for this.
    #[must_use]
    pub fn bytes(&self) -> bytes::Bytes {
        let text = self.sse.as_deref().or(self.body_text.as_deref());
        bytes_of(self.body.as_deref().filter(|_| self.sse.is_none()), text, self.body_base64.as_deref())
            .into()
    }
}

/// The folder of recordings, when there is one. `None` after printing one line that says why `story` is left out.
///
/// With `WEIR_RECORDINGS_REQUIRED=1` their absence is a failure.
#[must_use]
pub fn folder(story: &str) -> Option<PathBuf> {
    let beside =
        || binary::root().parent().map(|parent| parent.join("shared/recordings")).unwrap_or_default();
    let folder = std::env::var_os("WEIR_RECORDINGS").map_or_else(beside, PathBuf::from);
    if folder.join("README.md").exists() {
        return Some(folder);
    }
    let required = std::env::var_os("WEIR_RECORDINGS_REQUIRED").is_some_and(|value| value == "1");
    assert!(!required, "{story} needs recorded traffic; WEIR_RECORDINGS must name its folder");
    println!("left out: {story}: there is no recorded traffic here (WEIR_RECORDINGS names its folder)");
    None
}

/// All exchanges of those formats, in a stable order.
#[must_use]
pub fn exchanges(story: &str, apis: &[&str]) -> Option<Vec<Exchange>> {
    exchanges_where(story, |exchange| apis.contains(&exchange.api.as_str()))
}

/// All exchanges of which that holds, in a stable order.
#[must_use]
pub fn exchanges_where(story: &str, wanted: impl Fn(&Exchange) -> bool) -> Option<Vec<Exchange>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder(story)?).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let line = |line: &str| {
            serde_json::from_str::<Exchange>(line)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        text.lines().map(line).filter(&wanted).collect::<Vec<_>>()
    };
    Some(files.into_iter().flat_map(read).collect())
}
