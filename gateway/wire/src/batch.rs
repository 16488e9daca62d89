//! Many requests in one body, and many results in one: the models that the first name, and what the second consumed.

use std::{borrow::Cow, ops::Range};

use bytes::Bytes;
use weir_contract::usage::{Bucket, Usage, UsageSource};

use crate::{
    answer::{read_answer, read_answer_of},
    api::Api,
    dialect::Dialect,
    error::WireError,
    form::Field,
    json::{TopLevel, View, quoted, top_level},
    quirks::Quirks,
    splice::{self, Edit},
};

/// Longest line of results that is read, bytes.
const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How many models of one batch are told apart.
pub const MODELS_MAX: usize = 64;

/// What stands before a model's name where Google names it as a resource.
const RESOURCE: &str = "models/";

/// A model that one request of a batch names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<'a> {
    /// Which request names it, counted from one: a line of a file, or an element of a list. Zero: the batch itself does.
    pub number: usize,
    /// The model; empty where the request names none.
    pub model: Cow<'a, str>,
    /// Where it stands in the body, quotes included; `None` where it does not stand there.
    place: Option<Range<usize>>,
    /// What stands before its name there.
    prefix: &'static str,
}

/// The models of a file with a request on each line (`{"custom_id", "method", "url", "body"}`), as it stands in a form.
///
/// # Errors
///
/// The number of the first line that is no such request, and what is wrong with it.
pub fn models_of_lines<'a>(file: &Field<'a>) -> Result<Vec<Named<'a>>, (usize, WireError)> {
    let mut found = Vec::new();
    let mut start = file.place.start;
    for (index, line) in file.value.split(|byte| *byte == b'\n').enumerate() {
        if !line.trim_ascii().is_empty() {
            let number = index + 1;
            let top = top_level(line).map_err(|error| (number, error))?;
            let body = top.get("body").unwrap_or_else(|| View::of_text(""));
            found.push(named(number, start, body).map_err(|error| (number, error))?);
        }
        start += line.len() + 1;
    }
    Ok(found)
}

/// The models of a list of requests (`{"requests": [{"custom_id", "params"}]}`).
///
/// # Errors
///
/// The number of the first request that is none, and what is wrong with it.
pub fn models_of_requests<'a>(top: &TopLevel<'a>) -> Result<Vec<Named<'a>>, (usize, WireError)> {
    let requests = top.get("requests").into_iter().flat_map(|requests| requests.items());
    let of = |(index, request): (usize, View<'a>)| {
        let params = once(request, "params").map_err(|error| (index + 1, error))?;
        named(index + 1, 0, params.unwrap_or_else(|| View::of_text(""))).map_err(|error| (index + 1, error))
    };
    requests.enumerate().map(of).collect()
}

/// What one of Gemini's batches asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeminiBatch<'a> {
    /// The file with its requests, where they are not in the body.
    pub file: Option<Cow<'a, str>>,
    /// The model in the path, and whatever else names one.
    pub named: Vec<Named<'a>>,
}

/// The models of one of Gemini's batches, and its file (`{"batch": {"inputConfig": {"fileName" or "requests":
/// {"requests": [{"request"}]}}}}`). `model` is the one in the path, which holds for requests that name none.
///
/// # Errors
///
/// The number of the first request that is none, and what is wrong with it; zero where the batch itself is wrong.
pub fn gemini_batch<'a>(top: &TopLevel<'a>, model: &'a str) -> Result<GeminiBatch<'a>, (usize, WireError)> {
    let by_path = Named { number: 0, model: Cow::Borrowed(model), place: None, prefix: RESOURCE };
    let mut found = GeminiBatch { file: None, named: vec![by_path] };
    let whole = |error| (0, error);
    let Some(batch) = top.get("batch") else { return Ok(found) };
    found.named.extend(resource_named(0, batch).map_err(whole)?);
    let Some(input) = either(batch, "inputConfig", "input_config").map_err(whole)? else { return Ok(found) };
    let file = either(input, "fileName", "file_name").map_err(whole)?;
    found.file = file.and_then(|file| file.filled_text());
    let Some(inlined) = once(input, "requests").map_err(whole)? else { return Ok(found) };
    let requests = once(inlined, "requests").map_err(whole)?;
    for (index, item) in requests.into_iter().flat_map(|requests| requests.items()).enumerate() {
        let of = |error| (index + 1, error);
        if let Some(request) = once(item, "request").map_err(of)? {
            found.named.extend(resource_named(index + 1, request).map_err(of)?);
        }
    }
    Ok(found)
}

/// The models that a file for one of Gemini's batches names (a line: `{"key", "request"}`), each once; `None` of a file
/// for something else, without a line, or with too many models.
#[must_use]
pub fn models_of_gemini_lines(file: &[u8]) -> Option<Vec<String>> {
    let (mut models, mut lines) = (Vec::new(), 0);
    for line in file.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        let request = top_level(line).ok()?.get("request").filter(View::is_object)?;
        let named = resource_named(0, request).ok()?.map(|named| named.model.into_owned());
        models.extend(named.filter(|model| !models.contains(model)));
        if models.len() > MODELS_MAX {
            return None;
        }
        lines += 1;
    }
    (lines > 0).then_some(models)
}

/// A model that is named as a resource, or just by its name; `None` where there is none.
fn resource_named<'a>(number: usize, view: View<'a>) -> Result<Option<Named<'a>>, WireError> {
    let named = named(number, 0, view)?;
    let model = match named.model {
        Cow::Borrowed(model) => Cow::Borrowed(model.strip_prefix(RESOURCE).unwrap_or(model)),
        Cow::Owned(model) => Cow::Owned(model.strip_prefix(RESOURCE).unwrap_or(&model).to_owned()),
    };
    Ok(named.place.is_some().then_some(Named { model, prefix: RESOURCE, ..named }))
}

/// A member in either of the spellings that Google takes, but not in both.
fn either<'a>(view: View<'a>, camel: &str, snake: &str) -> Result<Option<View<'a>>, WireError> {
    match (once(view, camel)?, once(view, snake)?) {
        (Some(_), Some(second)) => {
            Err(WireError::DuplicateMember { at: second.range().start, name: snake.to_owned() })
        }
        (one, other) => Ok(one.or(other)),
    }
}

fn named<'a>(number: usize, start: usize, body: View<'a>) -> Result<Named<'a>, WireError> {
    let Some(model) = once(body, "model")? else {
        return Ok(Named { number, model: Cow::Borrowed(""), place: None, prefix: "" });
    };
    let range = model.range();
    let wrong =
        WireError::WrongType { name: "model", at: range.start, wanted: "a string with a model's name" };
    let name = model.filled_text().ok_or(wrong)?;
    Ok(Named { number, model: name, place: Some(start + range.start..start + range.end), prefix: "" })
}

/// A member that must not be there twice: readers would disagree on which one counts.
fn once<'a>(view: View<'a>, key: &str) -> Result<Option<View<'a>>, WireError> {
    let mut found = view.members().filter(|(name, _)| name == key).map(|(_, value)| value);
    let first = found.next();
    match found.next() {
        Some(second) => Err(WireError::DuplicateMember { at: second.range().start, name: key.to_owned() }),
        None => Ok(first),
    }
}

/// The body with other names for these models. Without any the same bytes come back.
#[must_use]
pub fn renamed(body: &Bytes, names: &[(&Named<'_>, &str)]) -> Bytes {
    let edit = |(named, name): &(&Named<'_>, &str)| {
        let spelt = quoted(&format!("{}{name}", named.prefix));
        Some(Edit::replace(named.place.clone()?, spelt.into_bytes()))
    };
    let mut edits: Vec<Edit<'_>> = names.iter().filter_map(edit).collect();
    edits.sort_by_key(|edit| edit.range.start);
    splice::apply(body, &edits)
}

/// The answer with the places of results below whoever is asked, where it names the provider's own address: clients go
/// where `results_url` or `downloadUri` says and would hand their key to somebody it is not for. `None` where nothing
/// changes.
#[must_use]
pub fn results_here(api: Api, answer: &Bytes) -> Option<Bytes> {
    let (list, member, begins) = match api {
        Api::MessageBatches | Api::StoredMessageBatch => ("data", "results_url", Api::MessageBatches.path()),
        Api::GeminiFiles | Api::StoredGeminiFile => ("files", "downloadUri", "/download/v1"),
        _ => return None,
    };
    let top = top_level(answer).ok()?;
    let listed = top.get(list).into_iter().flat_map(|listed| listed.items());
    let urls = listed.filter_map(|one| one.get(member)).chain(top.get(member));
    let here = |url: View<'_>| {
        let text = url.text()?;
        let path = text.get(text.find(begins)?..)?;
        Some(Edit::replace(url.range(), quoted(path).into_bytes()))
    };
    let mut edits: Vec<Edit<'_>> = urls.filter_map(here).collect();
    edits.sort_by_key(|edit| edit.range.start);
    (!edits.is_empty()).then(|| splice::apply(answer, &edits))
}

/// What an answer about one of Gemini's batches says of its results: with the operation's outcome, or with the batch.
fn outputs<'a>(top: &TopLevel<'a>) -> impl Iterator<Item = View<'a>> + use<'a> {
    top.get("response").into_iter().chain(top.get("metadata").and_then(|batch| batch.get("output")))
}

/// The file with the results of one of Gemini's batches, where an answer about it names one.
#[must_use]
pub fn gemini_results_file<'a>(top: &TopLevel<'a>) -> Option<Cow<'a, str>> {
    outputs(top).find_map(|output| output.get("responsesFile")?.filled_text())
}

/// Adds up what the results of a batch consumed, one on each line, in whatever pieces they come.
#[derive(Debug, Default)]
pub struct Tally {
    line: Vec<u8>,
    quirks: Quirks,
    usage: Usage,
    input_most: u64,
    models: Vec<String>,
    unreadable: bool,
}

/// What the results of a batch consumed together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tallied {
    /// The sum; unknown where no result says any.
    pub usage: Usage,
    /// The most input tokens that one request had.
    pub input_most: u64,
    /// The models that say they answered, each once.
    pub models: Vec<String>,
}

impl Tally {
    /// A tally of results from a provider that counts so.
    #[must_use]
    pub fn new(quirks: Quirks) -> Self {
        Self { quirks, ..Self::default() }
    }

    /// The tally of the results that stand in an answer about one of Gemini's batches; `None` before it is done, and where
    /// they are elsewhere.
    #[must_use]
    pub fn of_gemini_batch(answer: &[u8]) -> Option<Self> {
        let mut tally = Self::default();
        let Ok(top) = top_level(answer) else { return Some(Self { unreadable: true, ..tally }) };
        top.get("done").filter(|done| done.boolean() == Some(true))?;
        let mut lists =
            outputs(&top).filter_map(|output| output.get("inlinedResponses")?.get("inlinedResponses"));
        for result in lists.next()?.items() {
            tally.unreadable |= tally.read(result.raw().as_bytes()).is_err();
        }
        Some(tally)
    }

    /// Takes the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (head, tail) = rest.split_at(end);
            self.take(head);
            self.end_line();
            rest = tail.get(1..).unwrap_or_default();
        }
        self.take(rest);
    }

    fn take(&mut self, piece: &[u8]) {
        if self.line.len() + piece.len() > LINE_BYTES_MAX {
            self.unreadable = true;
        }
        if !self.unreadable {
            self.line.extend_from_slice(piece);
        }
    }

    fn end_line(&mut self) {
        let mut line = std::mem::take(&mut self.line);
        if !self.unreadable && !line.trim_ascii().is_empty() {
            self.unreadable = self.read(&line).is_err();
        }
        // Its room is for the next one.
        line.clear();
        self.line = line;
    }

    fn read(&mut self, line: &[u8]) -> Result<(), WireError> {
        let top = top_level(line)?;
        let within = |member: &str, inner: &str| top.get(member).and_then(|view| view.get(inner));
        let geminis = top.get("response").filter(|answer| answer.get("usageMetadata").is_some());
        let answer = match (within("response", "body"), within("result", "message")) {
            (Some(body), _) if body.is_object() => {
                let kind = body.get("object").and_then(|kind| kind.text());
                let api = match kind.as_deref() {
                    Some("response") => Api::Responses,
                    Some("list") => Api::Embeddings,
                    _ => Api::ChatCompletions,
                };
                read_answer_of(api, body.raw().as_bytes(), self.quirks)?
            }
            (_, Some(message)) => read_answer(Dialect::Anthropic, message.raw().as_bytes(), self.quirks)?,
            _ => match (geminis, top.get("usageMetadata")) {
                (Some(answer), _) => read_answer(Dialect::Gemini, answer.raw().as_bytes(), self.quirks)?,
                (None, Some(_)) => read_answer(Dialect::Gemini, line, self.quirks)?,
                // It failed, or was cancelled or too late: nothing was consumed.
                (None, None) => return Ok(()),
            },
        };
        if !answer.usage.is_known() {
            return Ok(());
        }
        self.add(&answer.usage);
        if !self.models.contains(&answer.model) && self.models.len() < MODELS_MAX {
            self.models.push(answer.model);
        }
        Ok(())
    }

    fn add(&mut self, usage: &Usage) {
        self.input_most = self.input_most.max(usage.input_total());
        if self.usage.source == UsageSource::None {
            self.usage.source = usage.source;
        }
        self.usage.mismatch |= usage.mismatch;
        for bucket in Bucket::ALL {
            self.usage.set(bucket, self.usage.get(bucket).saturating_add(usage.get(bucket)));
        }
    }

    /// What it was; `None` where a line could not be read, for a part is no sum.
    #[must_use]
    pub fn finish(mut self) -> Option<Tallied> {
        self.end_line();
        let Self { usage, input_most, models, unreadable, .. } = self;
        (!unreadable).then_some(Tallied { usage, input_most, models })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::form::fields;

    const RESULTS: &str = concat!(
        r#"{"custom_id":"a","response":{"status_code":200,"body":{"object":"chat.completion","model":"m-1","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}}}}"#,
        "\n",
        r#"{"custom_id":"b","response":{"status_code":200,"body":{"object":"response","model":"m-1","output":[],"usage":{"input_tokens":5,"output_tokens":1,"total_tokens":6}}}}"#,
        "\r\n\n",
        r#"{"custom_id":"c","response":null,"error":{"code":"batch_expired"}}"#,
        "\n",
        r#"{"custom_id":"d","response":{"status_code":200,"body":{"object":"list","model":"m-2","data":[],"usage":{"prompt_tokens":3,"total_tokens":3}}}}"#,
    );

    fn tallied(pieces: &[&[u8]]) -> Option<Tallied> {
        let mut tally = Tally::new(Quirks::default());
        pieces.iter().for_each(|piece| tally.push(piece));
        tally.finish()
    }

    #[test]
    fn results_add_up_whatever_they_are_and_however_they_come() {
        let whole = tallied(&[RESULTS.as_bytes()]).unwrap();
        assert_eq!((whole.usage.get(Bucket::Input), whole.usage.get(Bucket::Output)), (18, 3));
        assert_eq!(
            (whole.input_most, whole.models.as_slice()),
            (10, &["m-1".to_owned(), "m-2".to_owned()][..])
        );
        for cut in 0..RESULTS.len() {
            let (head, tail) = RESULTS.as_bytes().split_at(cut);
            assert_eq!(tallied(&[head, tail]).as_ref(), Some(&whole), "{cut}");
        }
        let message = br#"{"custom_id":"a","result":{"type":"succeeded","message":{"model":"c","content":[],"usage":{"input_tokens":4,"cache_read_input_tokens":6,"output_tokens":2}}}}"#;
        let counted = tallied(&[message]).unwrap();
        assert_eq!((counted.usage.get(Bucket::Input), counted.usage.get(Bucket::CacheRead)), (4, 6));
    }

    #[test]
    fn a_line_that_cannot_be_read_makes_no_sum_and_failures_cost_nothing() {
        assert_eq!(tallied(&[RESULTS.as_bytes(), b"\n{\"custom_id\":"]), None);
        let failed = tallied(&[br#"{"custom_id":"c","result":{"type":"expired"}}"#]).unwrap();
        assert!(!failed.usage.is_known() && failed.models.is_empty());
    }

    fn form(lines: &str) -> Bytes {
        let head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
        format!("{head}{lines}\r\n--b--\r\n").into()
    }

    #[test]
    fn models_of_lines_are_found_and_changed_where_they_stand() {
        let body = form(
            "{\"custom_id\":\"1\",\"body\":{\"messages\":[{\"model\":\"no\"}],\"m\\u006fdel\": \"gpt\"}}\n\n{\"body\":{\"model\":\"other\"}}\r\n{\"body\":{}}",
        );
        let parts = fields(&body, "b");
        let found = models_of_lines(&parts[0]).unwrap();
        let told: Vec<_> = found.iter().map(|named| (named.number, named.model.as_ref())).collect();
        assert_eq!(told, [(1, "gpt"), (3, "other"), (4, "")]);
        let sent = renamed(&body, &[(&found[0], "gpt-upstream"), (&found[1], "o")]);
        let text = String::from_utf8(body.to_vec()).unwrap();
        let expected = text.replace("\"gpt\"", "\"gpt-upstream\"").replace("\"other\"", "\"o\"");
        assert_eq!(String::from_utf8(sent.to_vec()).unwrap(), expected);
    }

    #[test]
    fn a_line_with_two_models_or_with_two_requests_is_refused_by_its_number() {
        for lines in [
            "{}\n{\"body\":{\"model\":\"a\",\"m\\u006fdel\":\"b\"}}",
            "{}\n{\"body\":{},\"body\":{\"model\":\"b\"}}",
            "{}\n{\"body\":{\"model\":\"a\"}}\r{\"body\":{\"model\":\"b\"}}",
            "{}\n{\"body\":{\"model\":[\"a\"]}}",
        ] {
            let body = form(lines);
            assert_eq!(models_of_lines(&fields(&body, "b")[0]).unwrap_err().0, 2, "{lines}");
        }
    }

    #[test]
    fn models_of_a_list_are_found_and_changed_where_they_stand() {
        let body = Bytes::from_static(br#"{"requests":[{"custom_id":"1","params":{"model":"claude","max_tokens":5}},{"params":{"model":"other"}}]}"#);
        let top = top_level(&body).unwrap();
        let found = models_of_requests(&top).unwrap();
        assert_eq!(found.iter().map(|named| named.number).collect::<Vec<_>>(), [1, 2]);
        let sent = renamed(&body, &[(&found[0], "c-1")]);
        assert_eq!(sent, String::from_utf8_lossy(&body).replace("\"claude\"", "\"c-1\"").as_bytes());
        let twice = br#"{"requests":[{"params":{"model":"a"},"params":{"model":"b"}}]}"#;
        assert_eq!(models_of_requests(&top_level(twice).unwrap()).unwrap_err().0, 1);
    }

    #[test]
    fn geminis_batch_asks_the_paths_model_unless_a_request_names_another() {
        let body = Bytes::from_static(br#"{"batch":{"input_config":{"requests":{"requests":[{"request":{"contents":[]}},{"request":{"model":"models\/a"}},{"request":{"model":"b"}}]}},"model":"models/flash"}}"#);
        let found = gemini_batch(&top_level(&body).unwrap(), "flash").unwrap();
        let told: Vec<_> = found.named.iter().map(|named| (named.number, named.model.as_ref())).collect();
        assert_eq!(told, [(0, "flash"), (0, "flash"), (2, "a"), (3, "b")]);
        let names: Vec<_> = found.named.iter().map(|named| (named, "there")).collect();
        let text = String::from_utf8(body.to_vec()).unwrap();
        let expected = [r#""models\/a""#, r#""b""#, r#""models/flash""#]
            .iter()
            .fold(text, |text, name| text.replace(name, r#""models/there""#));
        assert_eq!(renamed(&body, &names), expected.as_bytes());
        let of_file = br#"{"batch":{"inputConfig":{"fileName":"files/f"}}}"#;
        assert_eq!(gemini_batch(&top_level(of_file).unwrap(), "m").unwrap().file.as_deref(), Some("files/f"));
    }

    #[test]
    fn geminis_batch_says_nothing_twice() {
        for (body, number) in [
            (r#"{"batch":{"inputConfig":{},"input_config":{}}}"#, 0),
            (r#"{"batch":{"inputConfig":{"fileName":"a","file_name":"b"}}}"#, 0),
            (r#"{"batch":{"inputConfig":{"requests":{"requests":[],"requests":[]}}}}"#, 0),
            (r#"{"batch":{"model":"a","model":"b"}}"#, 0),
            (r#"{"batch":{"inputConfig":{"requests":{"requests":[{},{"request":{},"request":{}}]}}}}"#, 2),
            (
                r#"{"batch":{"inputConfig":{"requests":{"requests":[{"request":{"model":"a","m\u006fdel":"b"}}]}}}}"#,
                1,
            ),
        ] {
            let top = top_level(body.as_bytes()).unwrap();
            assert_eq!(gemini_batch(&top, "m").unwrap_err().0, number, "{body}");
        }
    }

    #[test]
    fn a_file_for_geminis_batches_is_known_by_its_lines() {
        let models = |text: &str| models_of_gemini_lines(text.as_bytes());
        let plain = "{\"key\":\"1\",\"request\":{\"contents\":[]}}\n";
        assert_eq!(models(plain), Some(vec![]));
        let named = "{\"request\":{\"model\":\"models/a\"}}\r\n\n{\"request\":{\"model\":\"a\"}}";
        assert_eq!(models(&format!("{plain}{named}")), Some(vec!["a".to_owned()]));
        for other in
            ["", "\n", "text", "{}", "{\"request\":1}", "{\"request\":{\"model\":\"a\",\"model\":\"b\"}}"]
        {
            assert_eq!(models(other), None, "{other}");
        }
    }

    #[test]
    fn what_geminis_results_consumed_is_read_from_lines_and_from_the_answer_about_a_batch() {
        let answer = r#"{"modelVersion":"g","candidates":[],
            "usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":2,"thoughtsTokenCount":1,"totalTokenCount":10}}"#;
        let line = answer.replace('\n', "");
        let lines =
            format!("{{\"key\":\"1\",\"response\":{line}}}\n{{\"key\":\"2\",\"error\":{{}}}}\n{line}\n");
        let counted = tallied(&[lines.as_bytes()]).unwrap();
        assert_eq!(
            (counted.usage.get(Bucket::Input), counted.models.as_slice()),
            (14, &["g".to_owned()][..])
        );
        let list = format!(
            r#"{{"inlinedResponses":{{"inlinedResponses":[{{"response":{answer}}},{{"error":{{}}}}]}}}}"#
        );
        let inlined = |text: String| Tally::of_gemini_batch(text.as_bytes()).map(Tally::finish);
        for done in [
            format!(r#"{{"done":true,"response":{list},"metadata":{{"output":{list}}}}}"#),
            format!(r#"{{"done":true,"metadata":{{"output":{list}}}}}"#),
        ] {
            let counted = inlined(done).unwrap().unwrap();
            assert_eq!(counted.usage.get(Bucket::Input), 7, "once, wherever it stands");
        }
        assert_eq!(inlined(format!(r#"{{"metadata":{{"output":{list}}}}}"#)), None, "it is not done");
        assert_eq!(inlined(r#"{"done":true,"response":{"responsesFile":"files/o"}}"#.to_owned()), None);
        assert_eq!(inlined("[".to_owned()), Some(None), "unreadable is not nothing");
        let top = br#"{"metadata":{"output":{"responsesFile":"files/o"}}}"#;
        assert_eq!(gemini_results_file(&top_level(top).unwrap()).as_deref(), Some("files/o"));
    }

    #[test]
    fn results_are_read_where_the_batch_was_asked_for() {
        let answer = |place: &str| {
            Bytes::from(format!(
                r#"{{"data":[{{"id":"m","results_url":{place}}}],"results_url":{place},"x":null}}"#
            ))
        };
        let there = answer(r#""https:\/\/api.example\/v1\/messages\/batches\/m\/results""#);
        let here = answer(r#""/v1/messages/batches/m/results""#);
        assert_eq!(results_here(Api::MessageBatches, &there), Some(here));
        assert_eq!(results_here(Api::StoredMessageBatch, &answer("null")), None);
        assert_eq!(results_here(Api::Messages, &there), None);
        let file = Bytes::from_static(br#"{"uri":"https://h/v1beta/files/f","downloadUri":"https://h/download/v1beta/files/f:download"}"#);
        let told = br#"{"uri":"https://h/v1beta/files/f","downloadUri":"/download/v1beta/files/f:download"}"#;
        assert_eq!(results_here(Api::StoredGeminiFile, &file).as_deref(), Some(&told[..]));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = tallied(&[&bytes]);
            let _ = (models_of_gemini_lines(&bytes), Tally::of_gemini_batch(&bytes));
            let body = [b"--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n".as_slice(), &bytes, b"\r\n--b--"].concat();
            let _ = fields(&body, "b").first().map(models_of_lines);
        }
    }
}
