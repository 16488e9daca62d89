// The official OpenAI SDK for Node, as its users use it. Every line printed is one request and the object it gave.

import OpenAI from "openai";

const { BASE_URL, API_KEY, MODEL } = process.env;
const client = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: API_KEY, maxRetries: 0 });
const picture =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const tools = [{ type: "function", function: { name: "get_weather", description: "The weather in a city", parameters: city } }];

const user = (content) => ({ role: "user", content });
const show = (what, got) => console.log(JSON.stringify({ case: what, got: sorted(got) }));
const sorted = (value) => {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const keys = Object.keys(value).filter((key) => key !== "_request_id");
  return Object.fromEntries(keys.sort().map((key) => [key, sorted(value[key])]));
};
const ask = (content, more = {}) => client.chat.completions.create({ model: MODEL, messages: [user(content)], ...more });

async function chunks(what, content, more = {}) {
  const got = [];
  for await (const chunk of await ask(content, { stream: true, ...more })) got.push(chunk);
  show(what, got);
}

async function refused(what, request) {
  try {
    await client.chat.completions.create(request);
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    return show(what, { class: error.constructor.name, status: error.status, code: error.code, type: error.type, message: error.message });
  }
  throw new Error(`${what}: no error`);
}

show("plain", await ask("Hello"));
await chunks("stream", "Tell me about weirs");
await chunks("stream with usage", "Tell me about weirs", { stream_options: { include_usage: true } });
show("a tool", await ask("What is the weather in Paris?", { tools }));
show("parallel tools", await ask("What is the weather in Paris and in Tokyo?", { tools }));
await chunks("parallel tools in a stream", "What is the weather in Paris and in Tokyo?", { tools });
const helper = client.chat.completions.stream({ model: MODEL, messages: [user("What is the weather in Rome?")], tools });
show("a tool by the helper", await helper.finalChatCompletion());
const schema = { type: "json_schema", json_schema: { name: "place", strict: true, schema: city } };
show("a JSON schema", await client.chat.completions.parse({ model: MODEL, messages: [user("Describe Paris")], response_format: schema }));
show("a picture", await ask([{ type: "text", text: "What is this?" }, { type: "image_url", image_url: { url: picture } }]));
await refused("429", { model: "demo/429", messages: [user("Hello")] });
await refused("400", { model: MODEL, messages: [] });
