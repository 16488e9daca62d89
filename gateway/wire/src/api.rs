//! Which routes clients may call: one line each, and how a path is understood.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;

/// What a route is for: decides how its bodies are read and how its use is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// A model writes: tokens in, tokens out, perhaps as a stream.
    Generate,
    /// Text becomes vectors: tokens in, none out.
    Embed,
    /// Text is judged.
    Moderate,
    /// Pictures are made.
    Image,
    /// Text becomes sound.
    Speak,
    /// Sound becomes text.
    Transcribe,
    /// Documents are put in order.
    Rerank,
    /// Something is only counted: nothing is consumed.
    Count,
    /// Something the provider keeps is made, listed, read, cancelled or deleted: nothing is consumed.
    Stored,
    /// Client and model talk over a WebSocket: events both ways, for as long as they like.
    Realtime,
    /// Work is handed in that the provider does later, or such work is listed: what it consumes its results tell.
    Batch,
    /// Anything else a provider offers.
    Pass,
    /// Answered by the gateway itself.
    Local,
}

impl Work {
    /// Whether providers ask nothing for it.
    #[must_use]
    pub const fn is_free(self) -> bool {
        matches!(self, Self::Count | Self::Stored | Self::Local)
    }
}

/// All that is known of a route.
struct Facts {
    name: &'static str,
    path: &'static str,
    operation: &'static str,
    dialect: Dialect,
    work: Work,
}

macro_rules! routes {
    ($($(#[$doc:meta])* $api:ident = $name:literal, $path:literal, $operation:literal, $dialect:ident, $work:ident;)+) => {
        /// A route clients may call.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Api { $($(#[$doc])* #[serde(rename = $name)] $api),+ }

        /// One line a route, in the order of [`Api`].
        const FACTS: &[Facts] = &[$(Facts {
            name: $name, path: $path, operation: $operation,
            dialect: Dialect::$dialect, work: Work::$work,
        }),+];

        impl Api {
            /// Every route.
            pub const ALL: &[Self] = &[$(Self::$api),+];
        }
    };
}

routes! {
    /// Chat completions.
    ChatCompletions = "chat_completions", "/v1/chat/completions", "chat", OpenAi, Generate;
    /// Legacy completions.
    Completions = "completions", "/v1/completions", "text_completion", OpenAi, Generate;
    /// Responses.
    Responses = "responses", "/v1/responses", "chat", Responses, Generate;
    /// How many tokens a response would read.
    ResponseTokens = "response_tokens", "/v1/responses/input_tokens", "count_tokens", Responses, Count;
    /// A conversation made shorter.
    ResponseCompact = "response_compact", "/v1/responses/compact", "chat", Responses, Generate;
    /// A response the provider keeps: read, cancelled, deleted, its input listed.
    StoredResponse = "stored_response", "/v1/responses/{id}", "stored_response", Responses, Stored;
    /// Files: handed in or listed. Shared by OpenAI's clients and Anthropic's, who send `anthropic-version`.
    Files = "files", "/v1/files", "files", OpenAi, Stored;
    /// A file the provider keeps: shown, deleted, its contents read. Shared like [`Api::Files`].
    StoredFile = "stored_file", "/v1/files/{id}", "files", OpenAi, Stored;
    /// Files handed in to OpenAI in parts: begun.
    Uploads = "uploads", "/v1/uploads", "files", OpenAi, Stored;
    /// A file on its way to OpenAI: a part of it, its end, its being called off.
    StoredUpload = "stored_upload", "/v1/uploads/{id}", "files", OpenAi, Stored;
    /// OpenAI's batches: handed in or listed.
    Batches = "batches", "/v1/batches", "batch", OpenAi, Batch;
    /// One of OpenAI's batches: shown, cancelled.
    StoredBatch = "stored_batch", "/v1/batches/{id}", "stored_batch", OpenAi, Stored;
    /// Embeddings.
    Embeddings = "embeddings", "/v1/embeddings", "embeddings", OpenAi, Embed;
    /// Moderations.
    Moderations = "moderations", "/v1/moderations", "moderation", OpenAi, Moderate;
    /// Pictures from words.
    ImageGenerations = "image_generations", "/v1/images/generations", "image_generation", OpenAi, Image;
    /// Pictures from pictures and words.
    ImageEdits = "image_edits", "/v1/images/edits", "image_generation", OpenAi, Image;
    /// Pictures from pictures.
    ImageVariations = "image_variations", "/v1/images/variations", "image_generation", OpenAi, Image;
    /// Sound from text.
    Speech = "speech", "/v1/audio/speech", "speech", OpenAi, Speak;
    /// Text from sound.
    Transcriptions = "transcriptions", "/v1/audio/transcriptions", "transcription", OpenAi, Transcribe;
    /// English text from sound.
    Translations = "translations", "/v1/audio/translations", "transcription", OpenAi, Transcribe;
    /// Documents in order of relevance. Also at `/v2/rerank`.
    Rerank = "rerank", "/v1/rerank", "rerank", OpenAi, Rerank;
    /// A conversation over a WebSocket. The model stands in the query.
    Realtime = "realtime", "/v1/realtime", "realtime", OpenAi, Realtime;
    /// Anthropic's messages.
    Messages = "messages", "/v1/messages", "chat", Anthropic, Generate;
    /// How many tokens a message would read.
    CountTokens = "count_tokens", "/v1/messages/count_tokens", "count_tokens", Anthropic, Count;
    /// Anthropic's batches: handed in or listed.
    MessageBatches = "message_batches", "/v1/messages/batches", "batch", Anthropic, Batch;
    /// One of Anthropic's batches: shown, cancelled, deleted, its results read.
    StoredMessageBatch = "stored_message_batch", "/v1/messages/batches/{id}", "stored_batch", Anthropic, Stored;
    /// Gemini's answers in one piece. Also at `/v1/models/…` and `/v1alpha/models/…`, like all of Gemini's routes.
    GenerateContent = "generate_content", "/v1beta/models/{model}:generateContent", "generate_content", Gemini, Generate;
    /// Gemini's answers as they come: an event stream with `alt=sse`, else one JSON array.
    StreamGenerateContent = "stream_generate_content", "/v1beta/models/{model}:streamGenerateContent", "generate_content", Gemini, Generate;
    /// How many tokens Gemini would read.
    GeminiCountTokens = "gemini_count_tokens", "/v1beta/models/{model}:countTokens", "count_tokens", Gemini, Count;
    /// One of Gemini's embeddings.
    EmbedContent = "embed_content", "/v1beta/models/{model}:embedContent", "embeddings", Gemini, Embed;
    /// Several of Gemini's embeddings.
    BatchEmbedContents = "batch_embed_contents", "/v1beta/models/{model}:batchEmbedContents", "embeddings", Gemini, Embed;
    /// Work handed in to Gemini for later.
    BatchGenerateContent = "batch_generate_content", "/v1beta/models/{model}:batchGenerateContent", "batch", Gemini, Batch;
    /// Gemini's batches, listed.
    GeminiBatches = "gemini_batches", "/v1beta/batches", "stored_batch", Gemini, Stored;
    /// One of Gemini's batches: shown with its results, cancelled, deleted.
    StoredGeminiBatch = "stored_gemini_batch", "/v1beta/batches/{id}", "stored_batch", Gemini, Stored;
    /// Files handed in to Gemini: their facts first, then their bytes at the address that the answer names.
    GeminiUpload = "gemini_upload", "/upload/v1beta/files", "files", Gemini, Stored;
    /// Gemini's files, listed.
    GeminiFiles = "gemini_files", "/v1beta/files", "files", Gemini, Stored;
    /// One of Gemini's files: shown, deleted, its contents read. These also at `/download/v1beta/…`.
    StoredGeminiFile = "stored_gemini_file", "/v1beta/files/{id}", "files", Gemini, Stored;
    /// Anything else under a provider's own path.
    Passthrough = "passthrough", "/passthrough/{provider}/{path}", "passthrough", OpenAi, Pass;
    /// What a key may ask for.
    Models = "models", "/v1/models", "list_models", OpenAi, Local;
    /// What a key is.
    Key = "key", "/v1/key", "show_key", OpenAi, Local;
}

impl Api {
    const fn facts(self) -> &'static Facts {
        &FACTS[self as usize]
    }

    /// The path below the host; what varies stands in braces.
    #[must_use]
    pub const fn path(self) -> &'static str {
        self.facts().path
    }

    /// The route's name in rows and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The operation as OpenTelemetry's generative conventions call it, where they have a word.
    #[must_use]
    pub const fn operation(self) -> &'static str {
        self.facts().operation
    }

    /// The dialect that callers of the route speak. [`Api::Models`], [`Api::Key`], [`Api::Passthrough`] and the routes of
    /// files are shared; their plain callers speak OpenAI's.
    #[must_use]
    pub const fn dialect(self) -> Dialect {
        self.facts().dialect
    }

    /// What it is for.
    #[must_use]
    pub const fn work(self) -> Work {
        self.facts().work
    }

    /// What follows the version in its path: what stands below a provider's base URL.
    fn below_version(self) -> &'static str {
        let path = self.path().strip_prefix(UPLOAD).unwrap_or(self.path());
        let below = path.strip_prefix("/v1beta").or_else(|| path.strip_prefix("/v1"));
        below.unwrap_or_default()
    }

    /// What follows a provider's base URL; `None` where it depends on the request.
    #[must_use]
    pub fn path_below_base(self) -> Option<&'static str> {
        let path = self.below_version();
        let is_fixed = !path.is_empty() && !path.contains('{');
        (is_fixed && self.work() != Work::Local).then_some(path)
    }

    /// What its path stands below at a provider with that base URL. Google takes files beside its versions:
    /// `https://host/upload/v1beta/files` belongs to the base `https://host/v1beta`; `None` where that one has no version.
    #[must_use]
    pub fn base_at(self, base: &str) -> Option<Cow<'_, str>> {
        if self != Self::GeminiUpload {
            return Some(Cow::Borrowed(base));
        }
        let (root, version) = base.rsplit_once('/')?;
        Some(Cow::Owned(format!("{root}{UPLOAD}/{version}")))
    }

    /// What stands before the id below the version, on routes about one thing that a provider keeps.
    #[must_use]
    pub fn stem(self) -> &'static str {
        self.below_version().strip_suffix("{id}").unwrap_or_default()
    }

    /// Whether its callers may speak more than one dialect: then their headers tell.
    #[must_use]
    pub const fn is_shared(self) -> bool {
        matches!(self, Self::Files | Self::StoredFile) || matches!(self.work(), Work::Local | Work::Pass)
    }

    /// Whether it is about files or batches, which a provider keeps.
    #[must_use]
    pub const fn is_of_files_or_batches(self) -> bool {
        let files = matches!(self, Self::Files | Self::StoredFile | Self::GeminiUpload | Self::GeminiFiles);
        files
            || matches!(self, Self::Uploads | Self::StoredUpload)
            || matches!(self, Self::StoredBatch | Self::StoredMessageBatch | Self::GeminiBatches)
            || matches!(self, Self::StoredGeminiFile | Self::StoredGeminiBatch)
            || matches!(self.work(), Work::Batch)
    }

    /// The verb at the end of the path, where Gemini's routes have one.
    #[must_use]
    pub fn verb(self) -> Option<&'static str> {
        if self.dialect() == Dialect::Gemini {
            self.path().rsplit_once(':').map(|(_, verb)| verb)
        } else {
            None
        }
    }

    /// The model a route asks for when the body names none, as its documentation says.
    #[must_use]
    pub const fn default_model(self) -> Option<&'static str> {
        match self {
            Self::Moderations => Some("omni-moderation-latest"),
            Self::ImageGenerations | Self::ImageEdits | Self::ImageVariations => Some("dall-e-2"),
            _ => None,
        }
    }
}

/// What a method and a path ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route<'p> {
    /// The route.
    pub api: Api,
    /// The model, where the path names it.
    pub model: Option<Cow<'p, str>>,
    /// The provider, where the path names it.
    pub provider: Option<Cow<'p, str>>,
    /// What follows in the route: a stored object's name with what is done to it (`{id}`, `{id}/cancel`, Gemini's
    /// `{id}:cancel`), or a provider's own path with its first slash.
    pub rest: &'p str,
}

/// What stands before a version where files are handed in to Google, and where their contents are read.
const UPLOAD: &str = "/upload";
const DOWNLOAD: &str = "/download";

/// What stands before a route's own path, the plain one first.
const VERSIONS: [&str; 4] = ["/v1", "/v1beta", "/v1alpha", "/v1beta1"];

impl<'p> Route<'p> {
    /// The route of a method and a path (without its query). Some clients put `/openai` before the path or leave `/v1`
    /// out, Azure's and Vertex's name the model further up, and one trailing slash is forgiven.
    #[must_use]
    pub fn of(method: &str, path: &'p str) -> Option<Self> {
        if let Some(rest) = path.strip_prefix("/passthrough/") {
            return Self::to_provider(rest);
        }
        let path = path.strip_suffix('/').unwrap_or(path);
        let path = path.strip_prefix("/openai").unwrap_or(path);
        if let Some(deployment) = path.strip_prefix("/deployments/") {
            let (model, below) = deployment.split_at_checked(deployment.find('/')?)?;
            return Some(Self { model: Some(percent_decoded(model)), ..Self::below_version(method, below)? });
        }
        if let Some(route) = Self::kept_by_gemini(method, path) {
            return Some(route);
        }
        // What has no such version is another thing below it.
        let other = path.starts_with("/v1alpha/") || path.starts_with("/v1beta");
        let versioned = |version: &&str| path.strip_prefix(version).filter(|below| below.starts_with('/'));
        match (VERSIONS.iter().find_map(versioned), path) {
            (None, "/v2/rerank") if method == "POST" => Some(Self::plain(Api::Rerank)),
            (below, _) => Self::below_version(method, below.unwrap_or(path))
                .filter(|route| !(other && route.api.is_of_files_or_batches()) || route.model.is_some()),
        }
    }

    const fn plain(api: Api) -> Self {
        Self { api, model: None, provider: None, rest: "" }
    }

    fn below_version(method: &str, path: &'p str) -> Option<Self> {
        if let ("POST", Some(api)) = (method, fixed(path)) {
            return Some(Self::plain(api));
        }
        match (method, path) {
            ("GET", "/models") => return Some(Self::plain(Api::Models)),
            ("GET", "/key") => return Some(Self::plain(Api::Key)),
            ("GET", "/realtime") => return Some(Self::plain(Api::Realtime)),
            ("GET", "/files") => return Some(Self::plain(Api::Files)),
            ("GET", "/batches") => return Some(Self::plain(Api::Batches)),
            ("GET", "/messages/batches") => return Some(Self::plain(Api::MessageBatches)),
            _ => {}
        }
        if let Some((api, rest)) = STORED.iter().find_map(|api| Some((*api, path.strip_prefix(api.stem())?)))
        {
            return is_stored(api, method, rest).then_some(Self { rest, ..Self::plain(api) });
        }
        let google = path.starts_with("/projects/") || path.starts_with("/publishers/");
        let models = if google { path.find("/models/").and_then(|at| path.get(at..)) } else { Some(path) };
        let named = models?.strip_prefix("/models/").filter(|name| !name.is_empty())?;
        match (method, named.rsplit_once(':')) {
            ("GET", _) => Some(Self { model: Some(percent_decoded(named)), ..Self::plain(Api::Models) }),
            ("POST", Some((model, verb))) if !model.is_empty() => {
                let api = Api::ALL.iter().find(|api| api.verb() == Some(verb))?;
                Some(Self { model: Some(percent_decoded(model)), ..Self::plain(*api) })
            }
            _ => None,
        }
    }

    /// What a stored object is called, and what is done to it.
    #[must_use]
    pub fn kept(&self) -> (&'p str, &'p str) {
        self.rest.split_once(['/', ':']).unwrap_or((self.rest, ""))
    }

    /// Gemini's files and batches, at the same paths as OpenAI's but for the version.
    fn kept_by_gemini(method: &str, path: &'p str) -> Option<Self> {
        let (place, path) = [UPLOAD, DOWNLOAD]
            .iter()
            .find_map(|place| Some((*place, path.strip_prefix(*place)?)))
            .unwrap_or(("", path));
        let below = path.strip_prefix("/v1beta/").or_else(|| path.strip_prefix("/v1alpha/"))?;
        match (method, place, below) {
            ("POST", UPLOAD, "files") => return Some(Self::plain(Api::GeminiUpload)),
            ("GET", "", "files") => return Some(Self::plain(Api::GeminiFiles)),
            ("GET", "", "batches") => return Some(Self::plain(Api::GeminiBatches)),
            _ => {}
        }
        let of = |api: &Api| Some((*api, below.strip_prefix(api.stem().strip_prefix('/')?)?));
        let (api, rest) = [Api::StoredGeminiFile, Api::StoredGeminiBatch].iter().find_map(of)?;
        let route = Self { rest, ..Self::plain(api) };
        let placed = place.is_empty() || (place == DOWNLOAD && route.kept().1 == "download");
        (placed && is_stored(api, method, rest)).then_some(route)
    }

    /// `{provider}/{path}`. A path that climbs (`..`) or names a host of its own is none.
    fn to_provider(rest: &'p str) -> Option<Self> {
        let (provider, path) = rest.split_at_checked(rest.find('/')?)?;
        let decoded = percent_decoded(path);
        let climbs = decoded.split(['/', '\\']).any(|step| matches!(step, "." | ".."));
        let odd = decoded.contains("//") || decoded.chars().any(char::is_control);
        let sound = !provider.is_empty() && !climbs && !odd;
        let provider = Some(percent_decoded(provider));
        sound.then_some(Self { provider, rest: path, ..Self::plain(Api::Passthrough) })
    }
}

/// The route of a path without variable parts, below its version.
fn fixed(path: &str) -> Option<Api> {
    let local = |api: &Api| matches!(api.work(), Work::Local | Work::Realtime);
    let fits = |api: &&Api| api.path().strip_prefix("/v1") == Some(path);
    if path.contains('{') { None } else { Api::ALL.iter().find(fits).copied().filter(|api| !local(api)) }
}

/// The routes about one thing that a provider keeps.
const STORED: [Api; 5] =
    [Api::StoredResponse, Api::StoredFile, Api::StoredUpload, Api::StoredBatch, Api::StoredMessageBatch];

/// Whether that may be done to something a provider keeps.
fn is_stored(api: Api, method: &str, rest: &str) -> bool {
    let gemini = api.dialect() == Dialect::Gemini;
    let (id, action) = rest.split_once(if gemini { ':' } else { '/' }).unwrap_or((rest, ""));
    let is_route = fixed(&format!("{}{id}", api.stem())).is_some();
    let sound = !id.is_empty()
        && !is_route
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    let known = match (method, action) {
        ("GET", "") => api != Api::StoredUpload,
        ("DELETE", "") => !matches!(api, Api::StoredBatch | Api::StoredUpload),
        ("POST", "parts" | "complete") => api == Api::StoredUpload,
        ("POST", "cancel") => !matches!(api, Api::StoredFile | Api::StoredGeminiFile),
        ("GET", "download") => api == Api::StoredGeminiFile,
        ("GET", "input_items") => api == Api::StoredResponse,
        ("GET", "content") => api == Api::StoredFile,
        ("GET", "results") => api == Api::StoredMessageBatch,
        _ => false,
    };
    sound && known
}

/// The text with its `%xx` decoded; what is no UTF-8 then stays as it is.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.filter(|_| first == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(method: &str, path: &str) -> Option<Api> {
        Route::of(method, path).map(|route| route.api)
    }

    fn model(path: &str) -> Option<String> {
        Route::of("POST", path)?.model.map(Cow::into_owned)
    }

    #[test]
    fn every_route_has_its_own_line_and_name() {
        for (place, api) in Api::ALL.iter().enumerate() {
            assert_eq!(*api as usize, place);
            assert_eq!(serde_json::to_string(api).unwrap(), format!("\"{}\"", api.name()));
        }
    }

    #[test]
    fn the_paths_real_clients_use_are_known_and_no_others() {
        let fixed = |api: &&Api| api.path_below_base().is_some() && api.work() != Work::Realtime;
        for api in Api::ALL.iter().filter(fixed) {
            let posted = Route::of("POST", api.path());
            let only_listed = matches!(api, Api::GeminiFiles | Api::GeminiBatches);
            assert_eq!(posted, (!only_listed).then(|| Route::plain(*api)));
            let only_posted = matches!(api, Api::Uploads | Api::GeminiUpload);
            let listed = (api.is_of_files_or_batches() && !only_posted).then_some(*api);
            assert_eq!(Route::of("GET", api.path()).map(|route| route.api), listed, "{api:?}");
        }
        assert_eq!(api("POST", "/openai/v1/chat/completions"), Some(Api::ChatCompletions));
        assert_eq!(api("POST", "/messages/"), Some(Api::Messages));
        assert_eq!(api("POST", "/v2/rerank"), Some(Api::Rerank));
        assert_eq!(api("GET", "/v1beta/models"), Some(Api::Models));
        assert_eq!(api("GET", "/v1/key"), Some(Api::Key));
        assert_eq!(api("POST", "/v1/key"), None);
        assert_eq!(api("GET", "/openai/realtime"), Some(Api::Realtime));
        assert_eq!(api("GET", "/openai/v1/realtime"), Some(Api::Realtime));
        assert_eq!(api("POST", "/v1/realtime"), None);
        assert_eq!(api("POST", "/v1"), None);
        assert_eq!(api("POST", "/v1x/messages"), None);
        assert_eq!(api("POST", "/v2/messages"), None);
    }

    #[test]
    fn a_model_is_found_in_the_path_wherever_a_client_puts_it() {
        for (path, wanted) in [
            ("/v1beta/models/demo/fast:generateContent", "demo/fast"),
            ("/v1/models/demo%2Ffast:generateContent", "demo/fast"),
            ("/v1beta1/projects/p/locations/l/publishers/google/models/g:0:generateContent", "g:0"),
            ("/openai/deployments/gpt/chat/completions", "gpt"),
        ] {
            assert_eq!(model(path).as_deref(), Some(wanted), "{path}");
        }
        assert_eq!(api("POST", "/v1beta/models/m:streamGenerateContent"), Some(Api::StreamGenerateContent));
        assert_eq!(api("POST", "/v1beta/models/m:predict"), None);
        assert_eq!(api("POST", "/v1beta/models/:generateContent"), None);
        assert_eq!(Route::of("GET", "/v1/models/a/b").unwrap().model.as_deref(), Some("a/b"));
        assert_eq!(percent_decoded("a%2"), "a%2");
    }

    #[test]
    fn stored_responses_can_be_read_cancelled_and_deleted_by_plain_names_only() {
        assert_eq!(Route::of("GET", "/v1/responses/resp_1").unwrap().rest, "resp_1");
        assert_eq!(api("DELETE", "/v1/responses/resp_1"), Some(Api::StoredResponse));
        assert_eq!(api("POST", "/v1/responses/resp_1/cancel"), Some(Api::StoredResponse));
        assert_eq!(api("POST", "/v1/responses/input_tokens"), Some(Api::ResponseTokens));
        assert_eq!(api("GET", "/v1/responses/resp_1/cancel"), None);
        assert_eq!(api("GET", "/v1/responses/..%2Ffiles"), None);
    }

    #[test]
    fn files_and_batches_allow_what_their_providers_do() {
        for (method, path, wanted) in [
            ("GET", "/v1/files/file-1", Some((Api::StoredFile, "file-1"))),
            ("DELETE", "/files/file-1", Some((Api::StoredFile, "file-1"))),
            ("GET", "/v1/files/file-1/content", Some((Api::StoredFile, "file-1/content"))),
            ("POST", "/v1/files/file-1/cancel", None),
            ("GET", "/v1/batches/batch_1", Some((Api::StoredBatch, "batch_1"))),
            ("POST", "/openai/v1/batches/batch_1/cancel", Some((Api::StoredBatch, "batch_1/cancel"))),
            ("DELETE", "/v1/batches/batch_1", None),
            ("GET", "/v1/messages/batches/msgbatch_1", Some((Api::StoredMessageBatch, "msgbatch_1"))),
            ("GET", "/v1/messages/batches/m/results", Some((Api::StoredMessageBatch, "m/results"))),
            ("GET", "/v1/batches/batch_1/results", None),
            ("GET", "/v1/files/..%2Fbatches", None),
            ("POST", "/v1/uploads/upload_1/parts", Some((Api::StoredUpload, "upload_1/parts"))),
            ("POST", "/v1/uploads/upload_1/complete", Some((Api::StoredUpload, "upload_1/complete"))),
            ("POST", "/v1/uploads/upload_1/cancel", Some((Api::StoredUpload, "upload_1/cancel"))),
            ("GET", "/v1/uploads/upload_1", None),
            ("DELETE", "/v1/uploads/upload_1", None),
            ("POST", "/v1/files/file-1/parts", None),
            ("POST", "/v1beta/uploads", None),
            ("GET", "/v1beta/files/f", Some((Api::StoredGeminiFile, "f"))),
            ("GET", "/v1beta/files/f:download", Some((Api::StoredGeminiFile, "f:download"))),
            ("GET", "/download/v1beta/files/f:download", Some((Api::StoredGeminiFile, "f:download"))),
            ("GET", "/download/v1beta/files/f", None),
            ("DELETE", "/v1beta/files/f", Some((Api::StoredGeminiFile, "f"))),
            ("POST", "/v1beta/files/f:cancel", None),
            ("GET", "/v1beta/files/f/content", None),
            ("POST", "/v1beta/files", None),
            ("POST", "/upload/v1beta/files", Some((Api::GeminiUpload, ""))),
            ("GET", "/upload/v1beta/files", None),
            ("GET", "/v1alpha/batches", Some((Api::GeminiBatches, ""))),
            ("GET", "/v1beta/batches/b", Some((Api::StoredGeminiBatch, "b"))),
            ("POST", "/v1beta/batches/b:cancel", Some((Api::StoredGeminiBatch, "b:cancel"))),
            ("POST", "/v1beta/batches/b/cancel", None),
            ("DELETE", "/v1beta/batches/b", Some((Api::StoredGeminiBatch, "b"))),
            ("GET", "/v1beta/batches/..%2Ffiles", None),
            ("GET", "/v1beta1/files/f", None),
            ("GET", "/v1beta1/batches", None),
            ("POST", "/v1beta/models/m:batchGenerateContent", Some((Api::BatchGenerateContent, ""))),
        ] {
            let route = Route::of(method, path);
            assert_eq!(route.as_ref().map(|route| (route.api, route.rest)), wanted, "{method} {path}");
        }
    }

    #[test]
    fn google_takes_files_beside_its_versions() {
        let upload = |base| Api::GeminiUpload.base_at(base);
        assert_eq!(upload("https://h/v1beta").as_deref(), Some("https://h/upload/v1beta"));
        assert_eq!(upload("https://h/p/v1beta").as_deref(), Some("https://h/p/upload/v1beta"));
        assert_eq!(Api::GeminiFiles.base_at("https://h/v1beta").as_deref(), Some("https://h/v1beta"));
        assert_eq!(Api::GeminiUpload.path_below_base(), Some("/files"));
        assert_eq!(Api::StoredGeminiFile.path_below_base(), None);
        assert_eq!(Api::StoredGeminiFile.stem(), "/files/");
        assert_eq!(Route::of("GET", "/v1beta/files/f:download").unwrap().kept(), ("f", "download"));
        assert_eq!(Route::of("GET", "/v1/files/f/content").unwrap().kept(), ("f", "content"));
    }

    #[test]
    fn a_providers_own_path_is_kept_but_may_not_climb() {
        let route = Route::of("GET", "/passthrough/openai/v1/files/a%20b/").unwrap();
        assert_eq!((route.provider.as_deref(), route.rest), (Some("openai"), "/v1/files/a%20b/"));
        for path in
            ["openai", "/v1/files", "openai/v1/%2e%2e/x", "openai/a/../b", "openai//evil", "openai/%0a"]
        {
            assert_eq!(Route::of("GET", &format!("/passthrough/{path}")), None, "{path}");
        }
    }
}
