//! `/welcome`: the first request in under three minutes.

use crate::part::Status;
use crate::shell::Shell;
use askama::Template;

/// Three steps with their live state.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/welcome/show.html")]
pub struct WelcomePage {
    /// The frame.
    pub shell: Shell,
    /// Whether the built-in demo provider answers; `false` in production mode.
    pub demo_provider: bool,
    /// How many other endpoints are set up.
    pub endpoints: u64,
    /// How many keys are in force.
    pub keys: u64,
    /// A key's secret, only when it was made this moment; otherwise the snippets carry a placeholder.
    pub secret: Option<String>,
    /// Base address of the gateway without `/v1`: `http://127.0.0.1:8080`.
    pub gateway_url: String,
    /// The model the snippets ask for.
    pub model: String,
    /// The model the Anthropic snippet asks for.
    pub anthropic_model: String,
    /// The first request, once there is one.
    pub arrived: Option<Arrived>,
}

impl WelcomePage {
    /// The four snippets: id, tab label, code.
    #[must_use]
    pub fn snippets(&self) -> Vec<Snippet> {
        snippets(&self.gateway_url, self.secret.as_deref(), &self.model, &self.anthropic_model)
    }
}

/// One way of sending a first request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// Its id in the page.
    pub id: &'static str,
    /// What its tab says.
    pub label: &'static str,
    /// What has to be installed before, if anything.
    pub install: &'static str,
    /// The code, complete: it runs as shown.
    pub code: String,
}

/// The snippets of the welcome page; tests run each as shown. Without `secret` they read `WEIR_KEY`.
#[must_use]
pub fn snippets(gateway_url: &str, secret: Option<&str>, model: &str, anthropic_model: &str) -> Vec<Snippet> {
    let key = |of_environment: &str| secret.map_or_else(|| of_environment.to_owned(), |s| format!("\"{s}\""));
    let bearer = secret.unwrap_or("$WEIR_KEY");
    vec![
        Snippet { id: "curl", label: "curl", install: "", code: curl(gateway_url, bearer, model) },
        Snippet {
            id: "python",
            label: "Python",
            install: "pip install openai",
            code: python(gateway_url, &key("os.environ[\"WEIR_KEY\"]"), model),
        },
        Snippet {
            id: "node",
            label: "Node",
            install: "npm install openai",
            code: node(gateway_url, &key("process.env.WEIR_KEY"), model),
        },
        Snippet {
            id: "anthropic",
            label: "Python, Anthropic",
            install: "pip install anthropic",
            code: anthropic(gateway_url, &key("os.environ[\"WEIR_KEY\"]"), anthropic_model),
        },
    ]
}

fn curl(url: &str, bearer: &str, model: &str) -> String {
    format!(
        r#"curl {url}/v1/chat/completions \
  -H "authorization: Bearer {bearer}" \
  -H "content-type: application/json" \
  -H "x-weir-customer: acme" \
  -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello"}}]}}'"#
    )
}

fn python(url: &str, key: &str, model: &str) -> String {
    format!(
        r#"import os
from openai import OpenAI

client = OpenAI(base_url="{url}/v1", api_key={key})
answer = client.chat.completions.create(
    model="{model}",
    messages=[{{"role": "user", "content": "Hello"}}],
    extra_headers={{"x-weir-customer": "acme"}},
)
print(answer.choices[0].message.content)"#
    )
}

fn node(url: &str, key: &str, model: &str) -> String {
    format!(
        r#"import OpenAI from "openai";

const client = new OpenAI({{ baseURL: "{url}/v1", apiKey: {key} }});
const answer = await client.chat.completions.create(
  {{ model: "{model}", messages: [{{ role: "user", content: "Hello" }}] }},
  {{ headers: {{ "x-weir-customer": "acme" }} }},
);
console.log(answer.choices[0].message.content);"#
    )
}

fn anthropic(url: &str, key: &str, model: &str) -> String {
    format!(
        r#"import os
from anthropic import Anthropic

client = Anthropic(base_url="{url}", api_key={key})
answer = client.messages.create(
    model="{model}",
    max_tokens=200,
    messages=[{{"role": "user", "content": "Hello"}}],
    extra_headers={{"x-weir-customer": "acme"}},
)
print(answer.content[0].text)"#
    )
}

/// The first request has come: the last step of the page, and the message its event stream sends.
#[derive(Debug, Clone, Default)]
pub struct Arrived {
    /// The request.
    pub request_id: String,
    /// How it ended.
    pub status: Status,
    /// The customer it was for; empty if none was named.
    pub customer_id: String,
    /// The model that answered.
    pub model: String,
}

/// The event-stream message that turns the waiting line into a link: the data of one `message` event.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "page/welcome/arrived_event.html")]
pub struct ArrivedEvent {
    /// The request that came.
    pub arrived: Arrived,
}
