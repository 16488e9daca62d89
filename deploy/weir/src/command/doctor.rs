//! `weir doctor`: what is well and what is not, a line each, with what to do about it. Looks, and changes nothing.
//!
//! It works from the configuration alone: with everything stopped it says what it can see, with everything running it
//! also asks the parts.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use clap::Args;
use http::Method;
use serde_json::{Value, json};
use weir_controlplane::examine::{Finding, Level, examine};

use super::api::{Api, fetched};
use super::control::built_in_book;
use super::installation::{ambient, control, running};
use super::remote::{escaped, members, talk, text};
use super::{Failure, Place};
use crate::config::Config;
use crate::output;

/// Free space below which a journal cannot take a day's outage.
const DISK_BYTES_MIN: u64 = 2 << 30;

#[derive(Debug, Args)]
pub(super) struct DoctorArguments {
    #[command(flatten)]
    pub(super) place: Place,
    /// Also call every endpoint with its own credential; needs WEIR_API_TOKEN.
    #[arg(long)]
    live: bool,
    /// API token, for --live. Better in the environment: arguments are seen by everyone on the machine.
    #[arg(long, env = "WEIR_API_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

/// Looks at everything; the exit code is 0, 1 with a warning, 2 with a failure.
pub(super) fn run(mut config: Config, arguments: &DoctorArguments) -> Result<(), Failure> {
    let engine = config.clickhouse.url.is_empty().then(|| running(&config));
    if let Some(Some(access)) = &engine {
        config.clickhouse.url.clone_from(&access.url);
        config.clickhouse.user.clone_from(&access.user);
        config.clickhouse.password.clone_from(&access.password);
    }
    let mut findings = vec![Finding::ok("configuration", "complete and valid")];
    findings.extend(data_folder(&config.data));
    talk(async {
        let mut others = examine(&control(&config), &ambient(), &built_in_book()?.clone()).await;
        if matches!(engine, Some(None)) {
            others.retain(|finding| finding.subject != "archive");
            let fix = "start `weir up`, which starts it, or set clickhouse.url";
            others.push(Finding::warn("archive", "the embedded engine does not run", fix));
        }
        findings.append(&mut others);
        findings.push(control_plane(&config).await);
        findings.extend(gateway(&config).await);
        if arguments.live {
            findings.extend(endpoints(&config, arguments).await);
        }
        Ok(())
    })?;
    show(&findings, arguments.json);
    match findings.iter().map(|finding| finding.level).max() {
        Some(Level::Fail) => Err(Failure::Told(2)),
        Some(Level::Warn) => Err(Failure::Told(1)),
        _ => Ok(()),
    }
}

fn show(findings: &[Finding], as_json: bool) {
    if as_json {
        return output::line(&json!({ "findings": findings }).to_string());
    }
    for Finding { subject, level, found, fix } in findings {
        let level = match level {
            Level::Ok => "ok  ",
            Level::Warn => "warn",
            Level::Fail => "fail",
        };
        output::line(&format!("{level}  {subject}: {found}"));
        if !fix.is_empty() {
            output::line(&format!("      {fix}"));
        }
    }
}

fn data_folder(data: &Path) -> Vec<Finding> {
    const SUBJECT: &str = "data folder";
    let Ok(about) = std::fs::metadata(data) else {
        let found = format!("{} is not there", data.display());
        return vec![Finding::warn(SUBJECT, found, "it is made at the first start; or name it with --data")];
    };
    let open_to_others = about.permissions().mode() & 0o077 != 0;
    let mut findings = vec![if open_to_others {
        let found = format!("{} can be entered by others on this machine", data.display());
        Finding::warn(SUBJECT, found, format!("chmod 700 {}", data.display()))
    } else {
        Finding::ok(SUBJECT, format!("{}, its owner's alone", data.display()))
    }];
    if let Ok(disk) = rustix::fs::statvfs(data) {
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let found = format!("{} MiB free", free >> 20);
        findings.push(if free < DISK_BYTES_MIN {
            let fix = "make room: without it the gateway's journal fills up and bodies are left out";
            Finding::warn("disk", found, fix)
        } else {
            Finding::ok("disk", found)
        });
    }
    findings
}

fn control_url(config: &Config) -> String {
    let scheme = if config.control.tls.given() { "https" } else { "http" };
    let local = format!("{scheme}://{}", config.control.listen);
    config.control.public_url.clone().unwrap_or(local).trim_end_matches('/').to_owned()
}

async fn control_plane(config: &Config) -> Finding {
    const SUBJECT: &str = "control plane";
    let url = control_url(config);
    match fetched(&format!("{url}/readyz")).await {
        Ok((status, _)) if status.is_success() => Finding::ok(SUBJECT, format!("ready at {url}")),
        Ok((status, body)) => {
            let found = format!("{url} answers {status}: {}", body.trim());
            Finding::fail(SUBJECT, found, "look into its log")
        }
        Err(reason) => {
            let found = format!("nobody answers at {url} ({reason})");
            Finding::warn(
                SUBJECT,
                found,
                "start `weir up` or `weir control`; gateways go on without it meanwhile",
            )
        }
    }
}

/// The gateway on this machine, by its admin port.
async fn gateway(config: &Config) -> Vec<Finding> {
    const SUBJECT: &str = "gateway here";
    let url = format!("http://{}/statusz", config.gateway.admin_listen);
    let Ok((_, body)) = fetched(&url).await else {
        let found = format!("nobody answers at {url}");
        return vec![Finding::warn(SUBJECT, found, "if one should run here, start it; else ignore this")];
    };
    let status: Value = serde_json::from_str(&body).unwrap_or_default();
    let mut findings = vec![match status["waiting_for"].as_array().filter(|reasons| !reasons.is_empty()) {
        Some(reasons) => {
            let reasons: Vec<&str> = reasons.iter().filter_map(Value::as_str).collect();
            Finding::fail(SUBJECT, reasons.join("; "), "look into its log")
        }
        None => Finding::ok(SUBJECT, format!("ready, revision {}", status["policy"]["revision"])),
    }];
    findings.push(journal(&status["spool"]));
    findings
}

fn journal(spool: &Value) -> Finding {
    const SUBJECT: &str = "journal";
    let count = |field: &str| spool[field].as_u64().unwrap_or(0);
    let reason = [text(spool, "archive_error"), text(spool, "books_error")].join(" ");
    if count("quarantined") + count("dead") > 0 {
        let found =
            format!("{} damaged files, {} rows the archive refuses", count("quarantined"), count("dead"));
        return Finding::warn(
            SUBJECT,
            found,
            "they are kept beside the journal: docs/operating/spool.md says what to do",
        );
    }
    if spool["full"] == true {
        return Finding::fail(SUBJECT, "has no room", "bring the archive back or make room on the disk");
    }
    let found = format!("{} bytes waiting, the oldest for {} ms", count("bytes"), count("oldest_ms"));
    if reason.trim().is_empty() {
        Finding::ok(SUBJECT, found)
    } else {
        Finding::warn(
            SUBJECT,
            format!("{found}: {}", reason.trim()),
            "nothing is lost while the disk has room",
        )
    }
}

/// Every endpoint, called with its own credential.
async fn endpoints(config: &Config, arguments: &DoctorArguments) -> Vec<Finding> {
    const SUBJECT: &str = "endpoints";
    let Some(token) = arguments.token.clone() else {
        return vec![Finding::warn(SUBJECT, "were not called", "set WEIR_API_TOKEN for --live")];
    };
    let api = Api::new(&control_url(config), token);
    let listed = match api.call(Method::GET, "/endpoints", None).await {
        Ok(listed) => listed,
        Err(failure) => return vec![Finding::fail(SUBJECT, failure.to_string(), "check WEIR_API_TOKEN")],
    };
    let mut findings = Vec::new();
    for endpoint in members(&listed) {
        let subject = format!("endpoint {}", text(endpoint, "name"));
        let path = format!("/endpoints/{}/test", escaped(text(endpoint, "id")));
        findings.push(match api.call(Method::POST, &path, None).await {
            Ok(answer) if answer["ok"] == true => Finding::ok(&subject, "answers"),
            Ok(answer) => {
                Finding::fail(&subject, answer.to_string(), "correct its address or its credential")
            }
            Err(failure) => {
                Finding::fail(&subject, failure.to_string(), "correct its address or its credential")
            }
        });
    }
    findings
}
