//! Scripts in other languages: official SDKs and a browser's remote control, run unmodified in the tests' own folders.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::binary;

/// The longest a script may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Where scripts are that need the Python with older SDKs.
const OLDER: &str = "sdk/older/";

/// What a script printed.
#[derive(Debug)]
pub struct Printed {
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
    /// Whether it ended with success.
    pub success: bool,
}

/// Runs `tests/<script>` by the interpreter its name asks for; `.py` and `.mjs` are known.
///
/// The environment is empty but for `PATH`, `HOME` and what is given: no proxy, no key of the person at the keyboard.
pub async fn run(script: &str, environment: &[(&str, &str)]) -> Printed {
    let path = binary::root().join("tests").join(script);
    let interpreter = match script {
        _ if script.starts_with(OLDER) => python("WEIR_TEST_PYTHON_OLDER", ".tools/older/bin/python"),
        _ if script.ends_with(".py") => python("WEIR_TEST_PYTHON", ".tools/venv/bin/python"),
        _ => "node".into(),
    };
    let mut command = Command::new(&interpreter);
    command.arg(&path).current_dir(binary::root().join("tests")).env_clear();
    for name in ["PATH", "HOME", "WEIR_TEST_CHROMIUM", "WEIR_SCREENSHOTS"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .envs(environment.iter().copied())
        .env("NO_PROXY", "127.0.0.1")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", interpreter.display()));
    let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    let ended = ended.unwrap_or_else(|_| panic!("{script} did not end within {PATIENCE:?}")).unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Printed { success: ended.status.success(), output: text(ended.stdout), errors: text(ended.stderr) }
}

/// The same; panics with what was printed when the script failed.
pub async fn run_ok(script: &str, environment: &[(&str, &str)]) -> String {
    let printed = run(script, environment).await;
    assert!(printed.success, "{script} failed:\n{}\n{}", printed.output, printed.errors);
    printed.output
}

/// The Python that an environment variable names, else the one that was set up.
fn python(variable: &str, set_up: &str) -> OsString {
    let set_up = binary::root().join(set_up);
    std::env::var_os(variable)
        .unwrap_or_else(|| if set_up.exists() { set_up.into() } else { "python3".into() })
}

/// The browser to drive.
#[must_use]
pub fn chromium() -> PathBuf {
    let path = std::env::var_os("WEIR_TEST_CHROMIUM")
        .map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    assert!(
        path.exists(),
        "there is no Chromium at {}: run `make test`, which sets it up, or set WEIR_TEST_CHROMIUM",
        path.display()
    );
    path
}
