//! The form a client may send instead of a bare statement: parts `query` and `param_x`.

use crate::exception::Exception;
use crate::ffi::Parameter;
use crate::settings::parameter;

/// A form's statement and parameters.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) query: Vec<u8>,
    pub(crate) parameters: Vec<Parameter>,
}

/// The boundary, when `content_type` announces a form.
pub(crate) fn boundary(content_type: &str) -> Option<&str> {
    let (kind, rest) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = rest.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    (!value.is_empty()).then_some(value)
}

/// Takes a whole form apart.
///
/// # Errors
/// 36 when the body is not the form its header announced, or holds a part that is neither query nor parameter.
pub(crate) fn read(body: &[u8], boundary: &str) -> Result<Form, Exception> {
    let broken = || Exception::bad_argument("The multipart body is cut short or malformed");
    let opening = format!("--{boundary}");
    let closing = format!("\r\n--{boundary}");
    let mut form = Form::default();
    let mut rest = body.strip_prefix(opening.as_bytes()).ok_or_else(broken)?;
    while !rest.starts_with(b"--") {
        let part = rest.strip_prefix(b"\r\n").ok_or_else(broken)?;
        let head_end = find(part, b"\r\n\r\n").ok_or_else(broken)?;
        let (head, content) = part.split_at(head_end);
        let content = content.get(4..).unwrap_or_default();
        let end = find(content, closing.as_bytes()).ok_or_else(broken)?;
        let value = content.get(..end).unwrap_or_default();
        take_part(&mut form, &String::from_utf8_lossy(head), value)?;
        rest = content.get(end + closing.len()..).unwrap_or_default();
    }
    Ok(form)
}

fn take_part(form: &mut Form, head: &str, value: &[u8]) -> Result<(), Exception> {
    let name =
        head.split_once("name=\"").and_then(|(_, rest)| rest.split_once('"')).map_or("", |(name, _)| name);
    if name == "query" {
        form.query = value.to_vec();
        return Ok(());
    }
    let text = std::str::from_utf8(value)
        .map_err(|_| Exception::bad_argument(format!("The form part {name} is not UTF-8")))?;
    let found = parameter(name, text).ok_or_else(|| {
        Exception::bad_argument(format!("The form part \"{name}\" is neither query nor param_…"))
    })?;
    form.parameters.push(found);
    Ok(())
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_gives_its_query_and_parameters_untouched() {
        let body = b"--B\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\nSELECT {x:String}\r\n\
            --B\r\nContent-Disposition: form-data; name=\"param_x\"\r\n\r\na\r\n--b\r\n--B--\r\n";
        let form = read(body, boundary("multipart/form-data; boundary=B").unwrap()).unwrap();
        assert_eq!(form.query, b"SELECT {x:String}");
        assert_eq!(form.parameters, [("x".to_owned(), "a\r\n--b".to_owned())]);
    }

    #[test]
    fn a_cut_or_foreign_form_is_refused() {
        assert!(read(b"--B\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\nSELECT", "B").is_err());
        let file = b"--B\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n1\r\n--B--";
        assert!(read(file, "B").is_err());
        assert_eq!(boundary("text/plain; boundary=B"), None);
    }
}
