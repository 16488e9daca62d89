//! A stored request as a command for a terminal: the same body to the same route, with the reader's own key.

use crate::app::App;
use crate::archive::body::Glimpse;
use crate::archive::request::Call;
use crate::error::AppError;
use crate::page::gateway::gateway_url;

/// Longest body that is put into a command; terminals choke on more.
const BODY_BYTES_MAX: u64 = 32 * 1024;

/// The command; `None` when the body is not stored, too long or no text.
pub(super) async fn command(app: &App, call: &Call, body: &Glimpse) -> Result<Option<String>, AppError> {
    let is_whole = body.bytes > 0 && body.bytes <= BODY_BYTES_MAX && body.bytes == body.start.len() as u64;
    let text = std::str::from_utf8(&body.start).ok().filter(|_| is_whole);
    let Some(text) = text else { return Ok(None) };
    Ok(Some(curl(&gateway_url(app).await?, &call.api, &call.customer_id, text)))
}

fn curl(gateway: &str, api: &str, customer: &str, body: &str) -> String {
    let mut lines = vec![
        format!("curl {}", quoted(&format!("{gateway}/{api}"))),
        "-H \"authorization: Bearer $WEIR_KEY\"".to_owned(),
        "-H 'content-type: application/json'".to_owned(),
    ];
    if !customer.is_empty() {
        lines.push(format!("-H {}", quoted(&format!("x-weir-customer: {customer}"))));
    }
    lines.push(format!("--data-raw {}", quoted(body)));
    lines.join(" \\\n  ")
}

/// Text for a shell, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_body_reaches_the_shell() {
        let command =
            curl("http://gw:8080", "v1/chat/completions", "a'; rm -rf /", "{\"x\": \"$(id) `id` it's\"}");
        assert!(command.contains("-H 'x-weir-customer: a'\\''; rm -rf /'"), "{command}");
        assert!(command.ends_with("--data-raw '{\"x\": \"$(id) `id` it'\\''s\"}'"), "{command}");
        assert!(command.starts_with("curl 'http://gw:8080/v1/chat/completions' \\\n  -H \"authorization"));
    }
}
