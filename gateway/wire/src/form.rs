//! Multipart bodies (`multipart/form-data`): fields found where they stand, nothing copied.

use std::{borrow::Cow, ops::Range};

use memchr::memmem;

use crate::{
    api::Api,
    error::WireError,
    json::TopLevel,
    peek::{ModelWanted, N_MAX, Peek},
};

/// How many parts are looked at.
const PARTS_MAX: usize = 256;

/// How many bytes of a part are its head at most.
const HEAD_BYTES_MAX: usize = 8 * 1024;

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it is a file.
    pub is_file: bool,
    /// Where its value stands.
    pub place: Range<usize>,
    /// Its value.
    pub value: &'a [u8],
}

impl<'a> Field<'a> {
    /// The value as text, when it is a field of a sensible length.
    fn text(&self) -> Option<&'a str> {
        let short = !self.is_file && self.value.len() <= 64 * 1024;
        std::str::from_utf8(self.value).ok().filter(|_| short)
    }
}

/// The boundary a content type names; `None` of anything but a form.
#[must_use]
pub fn boundary(content_type: &str) -> Option<&str> {
    let start = content_type.get(..19)?;
    if !start.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let of = |parameter: &'_ str| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').len())
    };
    let parameter = content_type.split(';').skip(1).find(|parameter| of(parameter).is_some())?;
    let value = parameter.split_once('=')?.1.trim().trim_matches('"');
    (!value.is_empty() && value.len() <= 70).then_some(value)
}

/// The parts of a body, in order. What is no part ends the list.
#[must_use]
pub fn fields<'a>(body: &'a [u8], boundary: &str) -> Vec<Field<'a>> {
    let first = format!("--{boundary}");
    let between = format!("\r\n--{boundary}");
    let finder = memmem::Finder::new(between.as_bytes());
    let mut found = Vec::new();
    let mut at = if body.starts_with(first.as_bytes()) {
        first.len()
    } else {
        match finder.find(body) {
            Some(place) => place + between.len(),
            None => return found,
        }
    };
    while found.len() < PARTS_MAX && body.get(at..at + 2) == Some(b"\r\n") {
        let start = at + 2;
        let Some(end) = body.get(start..).and_then(|rest| finder.find(rest)).map(|end| start + end) else {
            break;
        };
        let Some(field) = field_of(body, start..end) else { break };
        found.push(field);
        at = end + between.len();
    }
    found
}

fn field_of(body: &[u8], part: Range<usize>) -> Option<Field<'_>> {
    let bytes = body.get(part.clone())?;
    let head_end = memmem::find(bytes.get(..HEAD_BYTES_MAX.min(bytes.len()))?, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..head_end]).ok()?;
    let disposition = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let place = part.start + head_end + 4..part.end;
    Some(Field {
        name: parameter(disposition, "name")?,
        is_file: parameter(disposition, "filename").is_some() || disposition.contains("filename*="),
        value: body.get(place.clone())?,
        place,
    })
}

/// A parameter of a header's value, without its quotes.
fn parameter<'a>(value: &'a str, wanted: &str) -> Option<&'a str> {
    value.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"'))
    })
}

/// A field as the first part of a body with that boundary.
pub(crate) fn field(boundary: &str, name: &str, value: &str) -> String {
    format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

/// Reads what we act on in a form: `model`, `stream`, `n`, `user`.
pub(crate) fn peek<'a>(
    api: Api,
    named: Option<&'a str>,
    boundary: &'a str,
    body: &'a [u8],
) -> Result<Peek<'a>, WireError> {
    let mut peek = Peek::unnamed(api, TopLevel::default(), Cow::Borrowed(""));
    peek.bytes = body.len();
    peek.include_usage = true;
    for field in fields(body, boundary) {
        let Some(text) = field.text() else { continue };
        match field.name {
            "model" if peek.model_place.is_some() => {
                return Err(WireError::DuplicateMember { at: field.place.start, name: "model".to_owned() });
            }
            "model" => {
                peek.model = Cow::Borrowed(text);
                peek.model_place = Some(field.place);
            }
            "stream" => peek.stream = text == "true",
            "user" => peek.user = Some(text).filter(|user| !user.is_empty()).map(Cow::Borrowed),
            "n" => {
                let asked = text.parse().ok().filter(|asked| (1..=N_MAX).contains(asked));
                let wrong = WireError::WrongType { name: "n", at: field.place.start, wanted: "at most 1000" };
                peek.n = asked.ok_or(wrong)?;
            }
            _ => {}
        }
    }
    if peek.model_place.is_none() {
        let named = named.or_else(|| api.default_model()).ok_or(WireError::Missing { name: "model" })?;
        peek.model = Cow::Borrowed(named);
        peek.model_wanted = Some(ModelWanted::Part(boundary));
    } else if peek.model.is_empty() {
        return Err(WireError::Missing { name: "model" });
    }
    Ok(peek)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::peek::{forward, peek_on};

    const TYPE: &str = "multipart/form-data; boundary=xyz";

    fn form(model: bool) -> Vec<u8> {
        let mut body = field("xyz", "stream", "true").into_bytes();
        body.extend(b"--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model.wav\"\r\nContent-Type: audio/wav\r\n\r\n");
        body.extend(b"RIFF\r\n--xy\0\xff name=\"model\"\r\n");
        body.extend(if model { field("xyz", "model", "whisper") } else { String::new() }.into_bytes());
        body.extend(b"--xyz--\r\n");
        body
    }

    fn sent(body: &[u8], upstream: &str) -> Vec<u8> {
        let peek = peek_on(Api::Transcriptions, Some("by-path"), TYPE, body).unwrap();
        forward(&peek, &Bytes::copy_from_slice(body), upstream, true).to_vec()
    }

    #[test]
    fn fields_are_found_where_they_stand_and_files_are_not_mistaken_for_them() {
        let body = form(true);
        let peek = peek_on(Api::Transcriptions, None, TYPE, &body).unwrap();
        assert_eq!((peek.model.as_ref(), peek.stream, peek.bytes), ("whisper", true, body.len()));
        let names: Vec<_> = fields(&body, "xyz").iter().map(|field| (field.name, field.is_file)).collect();
        assert_eq!(names, [("stream", false), ("file", true), ("model", false)]);
    }

    #[test]
    fn only_the_models_bytes_change() {
        let body = form(true);
        assert_eq!(sent(&body, "whisper"), body);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&sent(&body, "up")), text(&body).replace("\r\n\r\nwhisper\r\n", "\r\n\r\nup\r\n"));
        let bare = form(false);
        let added = sent(&bare, "up");
        assert!(added.ends_with(&bare) && added.len() > bare.len());
        assert_eq!(peek_on(Api::Transcriptions, None, TYPE, &added).unwrap().model, "up");
    }

    #[test]
    fn a_form_without_a_model_or_with_two_is_refused() {
        assert!(peek_on(Api::Transcriptions, None, TYPE, &form(false)).is_err());
        let twice = [field("xyz", "model", "other").into_bytes(), form(true)].concat();
        assert!(matches!(
            peek_on(Api::Transcriptions, None, TYPE, &twice),
            Err(WireError::DuplicateMember { .. })
        ));
        assert_eq!(peek_on(Api::ImageEdits, None, TYPE, &form(false)).unwrap().model, "dall-e-2");
    }

    #[test]
    fn a_boundary_is_found_in_any_spelling_of_the_type() {
        assert_eq!(boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\""), Some("a b"));
        assert_eq!(boundary("multipart/form-data"), None);
        assert_eq!(boundary("application/json"), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body: Vec<u8>) {
            let whole = [b"--xyz\r\n".as_slice(), &body, b"\r\n--xyz--"].concat();
            let _ = fields(&whole, "xyz");
            let _ = peek_on(Api::Transcriptions, None, TYPE, &whole);
        }
    }
}
