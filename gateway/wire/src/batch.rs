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

/// A model that one request of a batch names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<'a> {
    /// Which request names it, counted from one: a line of a file, or an element of a list.
    pub number: usize,
    /// The model; empty where the request names none.
    pub model: Cow<'a, str>,
    /// Where it stands in the body, quotes included.
    place: Range<usize>,
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

fn named<'a>(number: usize, start: usize, body: View<'a>) -> Result<Named<'a>, WireError> {
    let Some(model) = once(body, "model")? else {
        return Ok(Named { number, model: Cow::Borrowed(""), place: start..start });
    };
    let range = model.range();
    let wrong =
        WireError::WrongType { name: "model", at: range.start, wanted: "a string with a model's name" };
    let name = model.filled_text().ok_or(wrong)?;
    Ok(Named { number, model: name, place: start + range.start..start + range.end })
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
    let edit =
        |(named, name): &(&Named<'_>, &str)| Edit::replace(named.place.clone(), quoted(name).into_bytes());
    let edits: Vec<Edit<'_>> = names.iter().map(edit).collect();
    splice::apply(body, &edits)
}

/// The answer with the places of results below whoever is asked, where it names the provider's own address: clients go
/// where `results_url` says and would hand their key to somebody it is not for. `None` where nothing changes.
#[must_use]
pub fn results_here(api: Api, answer: &Bytes) -> Option<Bytes> {
    if !matches!(api, Api::MessageBatches | Api::StoredMessageBatch) {
        return None;
    }
    let top = top_level(answer).ok()?;
    let listed = top.get("data").into_iter().flat_map(|data| data.items());
    let urls = listed.filter_map(|batch| batch.get("results_url")).chain(top.get("results_url"));
    let here = |url: View<'_>| {
        let text = url.text()?;
        let path = text.get(text.find(Api::MessageBatches.path())?..)?;
        Some(Edit::replace(url.range(), quoted(path).into_bytes()))
    };
    let mut edits: Vec<Edit<'_>> = urls.filter_map(here).collect();
    edits.sort_by_key(|edit| edit.range.start);
    (!edits.is_empty()).then(|| splice::apply(answer, &edits))
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
            // It failed, or was cancelled or too late: nothing was consumed.
            _ => return Ok(()),
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
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = tallied(&[&bytes]);
            let body = [b"--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n".as_slice(), &bytes, b"\r\n--b--"].concat();
            let _ = fields(&body, "b").first().map(models_of_lines);
        }
    }
}
