//! Who may ask: the one user whose password stands in `DATA/clickhouse.json`.
//!
//! Loopback is no access control on a host that others use too, so every request but the health check carries it.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::exception::Exception;
use crate::settings::Url;

/// The name of the credentials file inside the data folder.
pub(crate) const FILE: &str = "clickhouse.json";

/// What a client needs to talk to this engine. The file is private to its owner (0600).
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Access {
    pub(crate) user: String,
    pub(crate) password: String,
    /// The port of the last start.
    pub(crate) port: u16,
}

impl Access {
    /// Reads the file of `data`, or makes a user with a random password on the first start.
    ///
    /// # Errors
    /// When the file cannot be read or is no such file.
    pub(crate) fn open(data: &Path) -> io::Result<Self> {
        match fs::read(data.join(FILE)) {
            Ok(text) => Ok(serde_json::from_slice(&text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Self { user: "weir".to_owned(), password: random_hex()?, port: 0 })
            }
            Err(error) => Err(error),
        }
    }

    /// Writes the file anew: first beside it, then renamed, so that a reader never sees half of it.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(crate) fn save(&self, data: &Path) -> io::Result<()> {
        let beside = data.join(format!("{FILE}.new"));
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(beside, data.join(FILE))
    }

    /// Checks what a request carries: `X-ClickHouse-User`/`-Key`, Basic, or `user`/`password` in the URL.
    ///
    /// # Errors
    /// 516 when it is not this user with this password.
    pub(crate) fn check(&self, headers: &HeaderMap, url: &Url) -> Result<(), Exception> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let given = header("X-ClickHouse-Key")
            .map(|key| (header("X-ClickHouse-User"), key))
            .or_else(|| header("Authorization").and_then(|value| basic(&value)))
            .or_else(|| Some((url.get("user").map(str::to_owned), url.get("password")?.to_owned())));
        let allowed = given.is_some_and(|(user, password)| {
            user.is_none_or(|user| user == self.user) && same(password.as_bytes(), self.password.as_bytes())
        });
        if allowed {
            return Ok(());
        }
        let text = format!("The user or password is not the one in {FILE} of the data folder");
        Err(Exception::new(516, "AUTHENTICATION_FAILED", text))
    }
}

/// Compares without telling by its time where the first difference is.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |found, (a, b)| found | (a ^ b)) == 0
}

fn basic(header: &str) -> Option<(Option<String>, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((Some(user.to_owned()), password.to_owned()))
}

fn random_hex() -> io::Result<String> {
    let mut bytes = [0; 24];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(header: Option<(&'static str, &str)>, query: Option<&str>) -> bool {
        let access = Access { user: "weir".into(), password: "pw:1".into(), port: 0 };
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header {
            headers.insert(name, value.parse().unwrap());
        }
        access.check(&headers, &Url::read(query)).is_ok()
    }

    #[test]
    fn only_the_right_password_opens_in_each_of_its_three_places() {
        assert!(allowed(Some(("x-clickhouse-key", "pw:1")), None));
        assert!(allowed(Some(("authorization", "Basic d2Vpcjpwdzox")), None));
        assert!(allowed(None, Some("user=weir&password=pw%3A1")));
        assert!(!allowed(None, None));
        assert!(!allowed(None, Some("user=root&password=pw%3A1")));
        assert!(!allowed(Some(("x-clickhouse-key", "pw:2")), Some("user=weir&password=pw%3A1")));
        assert!(!allowed(Some(("authorization", "Basic !")), None));
    }

    #[test]
    fn the_file_is_private_and_stable_across_starts() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let first = Access::open(folder.path()).unwrap();
        first.save(folder.path()).unwrap();
        assert_eq!(Access::open(folder.path()).unwrap().password, first.password);
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
