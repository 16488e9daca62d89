//! What stands in a request's URL: the request's own words, parameters of the statement, settings of the engine.
//!
//! The engine ignores settings it does not know and refuses to connect on a wrong value without a reason,
//! so names are checked here against its own list, and nothing that is not a setting is ever passed on.

use std::collections::HashSet;

use crate::exception::Exception;
use crate::ffi::Parameter;

/// Words of the HTTP interface that are no settings. The ones we have no use for are accepted and mean nothing.
const OWN_WORDS: [&str; 16] = [
    "query",
    "database",
    "default_format",
    "query_id",
    "session_id",
    "session_timeout",
    "session_check",
    "user",
    "password",
    "quota_key",
    "compress",
    "decompress",
    "role",
    "buffer_size",
    "wait_end_of_query",
    "client_protocol_version",
];

/// The decoded URL of one request.
#[derive(Debug, Default)]
pub(crate) struct Url {
    pairs: Vec<(String, String)>,
}

impl Url {
    /// Decodes the part behind the question mark.
    pub(crate) fn read(query: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(query.unwrap_or("").as_bytes()).into_owned().collect();
        Self { pairs }
    }

    /// The last value given for `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Whether `name` is switched on.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
    }

    /// The values for `{name:Type}` places, from `param_name=`.
    pub(crate) fn parameters(&self) -> Vec<Parameter> {
        self.pairs.iter().filter_map(|(name, value)| parameter(name, value)).collect()
    }

    /// The engine settings among the pairs, in order.
    ///
    /// # Errors
    /// 115 for a name the engine does not know; 36 for a value no argument can carry.
    pub(crate) fn settings(&self, known: &HashSet<String>) -> Result<Vec<(String, String)>, Exception> {
        let mut found = Vec::new();
        for (name, value) in &self.pairs {
            if OWN_WORDS.contains(&name.as_str()) || name.starts_with("param_") || name == "stacktrace" {
                continue;
            }
            if !known.contains(name) {
                let text =
                    format!("Setting {name} is neither a builtin setting nor a word of this interface");
                return Err(Exception::new(115, "UNKNOWN_SETTING", text));
            }
            if value.contains('\0') {
                return Err(Exception::bad_argument(format!("The value of setting {name} contains a NUL")));
            }
            // The comment carries the query id: it is how a running query is found again (see `engine`).
            if name != "log_comment" {
                found.push((name.clone(), value.clone()));
            }
        }
        Ok(found)
    }
}

/// Reads `param_name` into a parameter.
pub(crate) fn parameter(name: &str, value: &str) -> Option<Parameter> {
    name.strip_prefix("param_").map(|name| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_parameters_and_own_words_are_told_apart() {
        let url = Url::read(Some("query=a%26b&param_x=1&max_threads=2&user=u&session_id=s&log_comment=c"));
        let known = HashSet::from(["max_threads".to_owned(), "log_comment".to_owned()]);
        assert_eq!(url.get("query"), Some("a&b"));
        assert_eq!(url.parameters(), [("x".to_owned(), "1".to_owned())]);
        assert_eq!(url.settings(&known).unwrap(), [("max_threads".to_owned(), "2".to_owned())]);
    }

    #[test]
    fn a_name_that_is_no_setting_is_never_passed_on() {
        for name in ["path", "config-file", "max_thread"] {
            let url = Url::read(Some(&format!("{name}=x")));
            let text = url.settings(&HashSet::from(["max_threads".to_owned()])).unwrap_err().text();
            assert!(text.starts_with("Code: 115."), "{text}");
        }
    }
}
