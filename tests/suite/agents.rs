//! Coding agents, unmodified, finish a turn with a tool call through the gateway: each speaks its own format, the model
//! speaks OpenAI's chat. `make test` sends what they send; `make prove` lets them do it themselves, and what the tool did is
//! seen on the disk or in the answer: they are 1.5 GB.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use weir_tests::provider::{Pieces, Provider, Reply};
use weir_tests::weir::{Setup, Weir};
use weir_tests::{proof, proving};

use crate::sdk_clients::name_the_model;

/// What the demo model says once a tool has answered.
const FOUND: &str = "Here is what I found: ";

/// A folder to work in, with a home that holds nothing of the person at the keyboard.
struct Place {
    home: TempDir,
    project: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { home: TempDir::new().unwrap(), project: TempDir::new().unwrap() }
    }

    /// Runs an agent to its end and gives what it printed.
    fn run(&self, agent: &str, environment: &[(&str, &str)], arguments: &[&str]) -> String {
        let programs = std::env::var_os("WEIR_TEST_AGENTS").expect("`make prove` sets the agents up");
        let mut command = Command::new(PathBuf::from(programs).join(agent));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home.path()).envs(environment.iter().copied());
        command.args(arguments).current_dir(self.project.path()).stdin(Stdio::null());
        let ended = command.output().unwrap();
        let [output, errors] =
            [ended.stdout, ended.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(ended.status.success(), "{agent}: {output}\n{errors}");
        output
    }

    /// The same; what it printed must show that it told the model what a tool gave.
    fn turn(&self, agent: &str, environment: &[(&str, &str)], arguments: &[&str]) -> String {
        let output = self.run(agent, environment, arguments);
        assert!(output.contains(FOUND), "{agent} did not tell the model what its tool gave: {output}");
        output
    }

    fn wrote(&self, name: &str) -> bool {
        self.project.path().join(name).is_file()
    }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn claude_code(weir: &Weir) {
    let place = Place::new();
    let environment = [
        ("ANTHROPIC_BASE_URL", weir.gateway.as_str()),
        ("ANTHROPIC_AUTH_TOKEN", &weir.key),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
    ];
    let arguments =
        ["--tools", "Write", "--allowedTools", "Write", "--output-format", "json", "--model", "smart"];
    place.turn("claude", &environment, &[&["-p", "Write the file"][..], &arguments].concat());
    assert!(place.wrote("file_path"));
}

fn codex(weir: &Weir) {
    let place = Place::new();
    let config = format!(
        "model = \"smart\"\nmodel_provider = \"weir\"\n[model_providers.weir]\nname = \"Weir\"\nbase_url = \"{}/v1\"\n\
         env_key = \"WEIR_KEY\"\nwire_api = \"responses\"\nhttp_headers = {{ \"x-weir-drop-unsupported\" = \"true\" }}\n",
        weir.gateway
    );
    write(&place.home.path().join(".codex/config.toml"), &config);
    // The command the model asks for, which is `cmd`.
    write(&place.home.path().join(".profile"), "cmd() { echo The level is 2.4 m.; }\n");
    let arguments = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json"];
    let asked = [&arguments[..], &["Use exec command to look around"]].concat();
    let output = place.turn("codex", &[("WEIR_KEY", &weir.key)], &asked);
    assert!(output.contains("The level is 2.4 m."), "{output}");
}

fn opencode(weir: &Weir) {
    let place = Place::new();
    let options = json!({ "baseURL": format!("{}/v1", weir.gateway), "apiKey": weir.key });
    let provider =
        json!({ "npm": "@ai-sdk/openai-compatible", "options": options, "models": { "smart": {} } });
    let config = json!({ "provider": { "weir": provider }, "model": "weir/smart", "small_model": "weir/smart", "autoupdate": false });
    write(&place.project.path().join("opencode.json"), &config.to_string());
    let environment = [("OPENCODE_DISABLE_MODELS_FETCH", "1")];
    place.turn("opencode", &environment, &["run", "--format", "json", "Write the file"]);
    assert!(place.wrote("filePath"));
}

/// Aider calls no tools: it writes what a model says of a file. One is said here by a model in Anthropic's format.
fn aider(weir: &Weir) {
    let place = Place::new();
    let base = format!("{}/v1", weir.gateway);
    let environment = [
        ("OPENAI_API_BASE", base.as_str()),
        ("OPENAI_API_KEY", &weir.key),
        ("LITELLM_LOCAL_MODEL_COST_MAP", "True"),
        ("NO_PROXY", "127.0.0.1"),
    ];
    let quiet =
        ["--no-git", "--yes-always", "--no-analytics", "--no-check-update", "--no-show-model-warnings"];
    let asked = ["--model", "openai/writes-files", "--no-pretty", "--message", "Write the level down"];
    place.run("aider", &environment, &[&quiet[..], &asked].concat());
    let written = std::fs::read_to_string(place.project.path().join("level.txt")).unwrap();
    assert_eq!(written, "2.4 m\n");
}

/// A model that says what a file shall hold, in the words aider asks for.
async fn a_model_that_writes_files(weir: &Weir) -> Provider {
    let provider = Provider::start().await;
    let said = "level.txt\n```\n2.4 m\n```\n";
    let message = json!({ "id": "m1", "type": "message", "role": "assistant", "model": "writes-files", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": { "input_tokens": 10, "output_tokens": 1 } });
    let events = [
        json!({ "type": "message_start", "message": message }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": said } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": { "output_tokens": 9 } }),
        json!({ "type": "message_stop" }),
    ];
    let event = |word: &Value| format!("event: {}\ndata: {word}\n\n", word["type"].as_str().unwrap());
    provider.answer(Reply::events(events.iter().map(event).collect::<String>(), Pieces::new(7)));
    let endpoint = json!({
        "name": "writes", "provider": "played", "dialect": "anthropic", "credential": "sk-played",
        "base_url": format!("{}/v1", provider.url), "limits": { "allow_private": true },
    });
    let endpoint = weir.api(Method::POST, "/endpoints", Some(endpoint)).await.ok().json();
    let target = json!({ "endpoint": endpoint["id"], "upstream_model": "writes-files" });
    let model = json!({ "name": "writes-files", "targets": [target] });
    let _ = weir.api(Method::POST, "/models", Some(model)).await.ok();
    weir.in_force(weir.publish("a model that writes files").await).await;
    provider
}

/// What the tool of both gives.
const GIVEN: &str = "The file is written.";

/// What Claude Code sends: marked for the cache, with betas, a session in its user's name, a tool, and a thought kept.
async fn in_the_shape_of_claude_code(weir: &Weir) {
    let kept = json!({ "type": "ephemeral" });
    let session = "0f0e0d0c-0b0a-4908-8706-050403020100";
    let user = json!({ "device_id": "device", "account_uuid": "", "session_id": session }).to_string();
    let asked = json!({ "role": "user", "content": [{ "type": "text", "text": "Write the file", "cache_control": kept }] });
    let write = json!({
        "name": "Write", "description": "Writes a file", "cache_control": kept,
        "input_schema": { "type": "object", "properties": { "file_path": { "type": "string" } }, "required": ["file_path"] },
    });
    let body = |messages: &[Value]| {
        json!({
            "model": "smart", "max_tokens": 32_000, "messages": messages, "tools": [write], "metadata": { "user_id": user },
            "system": [{ "type": "text", "text": "You write files.", "cache_control": kept }],
            "thinking": { "type": "enabled", "budget_tokens": 2_000 },
        })
    };
    let headers =
        [("anthropic-version", "2023-06-01"), ("anthropic-beta", "interleaved-thinking-2025-05-14")];
    let ask = async |messages: &[Value]| {
        weir.ask("/v1/messages?beta=true", &headers, &body(messages)).await.ok().json()
    };
    let called = ask(std::slice::from_ref(&asked)).await;
    let parts = called["content"].as_array().unwrap();
    let call = parts.iter().find(|part| part["type"] == "tool_use").unwrap_or_else(|| panic!("{called}"));
    assert_eq!((&call["name"], &called["stop_reason"]), (&json!("Write"), &json!("tool_use")));
    let said = json!({ "role": "assistant", "content": parts });
    let given =
        json!({ "type": "tool_result", "tool_use_id": call["id"], "content": GIVEN, "cache_control": kept });
    let told = ask(&[asked.clone(), said, json!({ "role": "user", "content": [given] })]).await.to_string();
    assert!(told.contains(FOUND) && told.contains(GIVEN), "{told}");
    let rows = weir.final_rows(2).await;
    assert!(rows.iter().all(|row| row["session_id"] == session), "whose session it is: {rows:?}");
}

/// What Codex sends: nothing kept, thoughts sealed, tools of OpenAI's own models among the others.
async fn in_the_shape_of_codex(weir: &Weir) {
    let command = json!({
        "type": "function", "name": "exec_command", "strict": false,
        "parameters": { "type": "object", "properties": { "cmd": { "type": "string" } }, "required": ["cmd"] },
    });
    let own = json!({ "type": "namespace", "name": "own", "description": "", "tools": [] });
    let asked = json!({ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "Use exec command to look" }] });
    let body = |input: &[Value]| {
        json!({
            "model": "smart", "instructions": "You look.", "input": input, "tools": [command, own], "tool_choice": "auto",
            "parallel_tool_calls": true, "reasoning": { "effort": "medium", "summary": "auto" }, "store": false,
            "include": ["reasoning.encrypted_content"], "prompt_cache_key": "a-thread",
        })
    };
    let refused = weir.ask("/v1/responses", &[], &body(std::slice::from_ref(&asked))).await;
    assert_eq!(refused.json()["error"]["param"], "tools[1]", "{}", refused.text());
    let may_drop = [("x-weir-drop-unsupported", "true")];
    let called = weir.ask("/v1/responses", &may_drop, &body(std::slice::from_ref(&asked))).await.ok();
    assert!(called.header("x-weir-dropped").contains("tools[1]"), "{:?}", called.headers);
    let mut input = vec![asked.clone()];
    input.extend(called.json()["output"].as_array().unwrap().iter().cloned());
    let call = input.last().unwrap().clone();
    assert_eq!((&call["type"], &call["name"]), (&json!("function_call"), &json!("exec_command")));
    input.push(json!({ "type": "function_call_output", "call_id": call["call_id"], "output": GIVEN }));
    let told = weir.ask("/v1/responses", &may_drop, &body(&input)).await.ok().text();
    assert!(told.contains(FOUND) && told.contains(GIVEN), "{told}");
}

/// The agents themselves; gives what each needed.
async fn themselves(weir: &Weir, mut before: usize) -> Vec<(&'static str, String)> {
    type Turn = fn(&Weir);
    // With how many requests a turn takes at least: a call of a tool and its answer, or one answer that is a file.
    let agents: [(&str, Turn, usize); 4] = [
        ("Claude Code", claude_code, 2),
        ("Codex CLI", codex, 2),
        ("opencode", opencode, 2),
        ("aider", aider, 1),
    ];
    let _provider = a_model_that_writes_files(weir).await;
    let mut figures = Vec::new();
    for (agent, turn, least) in agents {
        tokio::task::block_in_place(|| turn(weir));
        let rows = weir.final_rows(before + least).await;
        let good = rows.iter().skip(before).filter(|row| row["http_status"] == 200).count();
        assert!(good >= least, "{agent}: {rows:?}");
        before = rows.len();
        figures.push((agent, format!("{good} {}", if good == 1 { "request" } else { "requests" })));
    }
    figures
}

#[tokio::test(flavor = "multi_thread")]
async fn coding_agents_finish_a_turn_with_a_tool_call() {
    let weir = Setup::default().up().await;
    name_the_model(&weir).await;
    in_the_shape_of_claude_code(&weir).await;
    in_the_shape_of_codex(&weir).await;
    let before = weir.final_rows(5).await.len();
    if proving() {
        let figures = themselves(&weir, before).await;
        let what = "Coding agents, unmodified, let a model of another format call a tool and tell it what came of it: `make prove`.";
        proof::record("agents", what, &figures);
    }
}
