// The official SDKs for Node: OpenAI's chat and responses with their helpers, Anthropic's messages, Google's Gemini.

import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { API_KEY, BASE_URL, DESCRIBE, HELLO, MODEL, QUESTION, show, showTools, weather } from "./clients.mjs";

const place = z.object({ city: z.string(), population: z.number(), rivers: z.array(z.string()) });
const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const described = { name: "get_weather", description: "The weather in a city" };
const user = (content) => [{ role: "user", content }];

async function chat(openai) {
  const client = "openai, chat";
  const ask = (messages, more) => openai.chat.completions.create({ model: MODEL, messages, ...more });
  show(client, "plain", (await ask(user(HELLO))).choices[0].message.content);
  const stream = openai.chat.completions.stream({ model: MODEL, messages: user(HELLO) });
  show(client, "stream", await stream.finalContent());
  const tools = [{ type: "function", function: { ...described, parameters: schema } }];
  const called = (await ask(user(QUESTION), { tools })).choices[0].message;
  const cities = called.tool_calls.map((call) => JSON.parse(call.function.arguments).city);
  const results = called.tool_calls.map(({ id }, number) => ({ role: "tool", tool_call_id: id, content: weather(cities[number]) }));
  const told = await ask([...user(QUESTION), called, ...results], { tools });
  showTools(client, cities, told.choices[0].message.content);
  const made = await openai.chat.completions.parse({ model: MODEL, messages: user(DESCRIBE), response_format: zodResponseFormat(place, "place") });
  show(client, "object", made.choices[0].message.parsed);
}

async function responses(openai) {
  const client = "openai, responses";
  const ask = (input, more) => openai.responses.create({ model: MODEL, input, ...more });
  show(client, "plain", (await ask(HELLO)).output_text);
  const stream = openai.responses.stream({ model: MODEL, input: HELLO });
  show(client, "stream", (await stream.finalResponse()).output_text);
  const tools = [{ type: "function", ...described, parameters: schema, strict: true }];
  const called = await ask(user(QUESTION), { tools });
  const calls = called.output.filter(({ type }) => type === "function_call");
  const cities = calls.map((call) => JSON.parse(call.arguments).city);
  const results = calls.map(({ call_id }, number) => ({ type: "function_call_output", call_id, output: weather(cities[number]) }));
  showTools(client, cities, (await ask([...user(QUESTION), ...called.output, ...results], { tools })).output_text);
  const made = await openai.responses.parse({ model: MODEL, input: DESCRIBE, text: { format: zodTextFormat(place, "place") } });
  show(client, "object", made.output_parsed);
}

async function messages(anthropic) {
  const client = "anthropic";
  const ask = (said, more) => anthropic.messages.create({ model: MODEL, max_tokens: 500, messages: said, ...more });
  const text = (message) => message.content.filter(({ type }) => type === "text").map((part) => part.text).join("");
  show(client, "plain", text(await ask(user(HELLO))));
  const stream = anthropic.messages.stream({ model: MODEL, max_tokens: 500, messages: user(HELLO) });
  show(client, "stream", await stream.finalText());
  const tools = [{ ...described, input_schema: schema }];
  const called = await ask(user(QUESTION), { tools });
  const calls = called.content.filter(({ type }) => type === "tool_use");
  const cities = calls.map((call) => call.input.city);
  const results = calls.map(({ id }, number) => ({ type: "tool_result", tool_use_id: id, content: weather(cities[number]) }));
  const said = [...user(QUESTION), { role: "assistant", content: called.content }, { role: "user", content: results }];
  showTools(client, cities, text(await ask(said, { tools })));
  const describe = { name: "describe", description: "Tells of a city", input_schema: z.toJSONSchema(place) };
  const made = await ask(user(DESCRIBE), { tools: [describe], tool_choice: { type: "tool", name: "describe" } });
  show(client, "object", made.content.find(({ type }) => type === "tool_use").input);
}

async function gemini(google) {
  const client = "google";
  const ask = (contents, config) => google.models.generateContent({ model: MODEL, contents, config });
  show(client, "plain", (await ask(HELLO)).text);
  let streamed = "";
  for await (const chunk of await google.models.generateContentStream({ model: MODEL, contents: HELLO })) streamed += chunk.text ?? "";
  show(client, "stream", streamed);
  const tools = [{ functionDeclarations: [{ ...described, parametersJsonSchema: schema }] }];
  const asked = { role: "user", parts: [{ text: QUESTION }] };
  const called = await ask([asked], { tools });
  const cities = called.functionCalls.map(({ args }) => args.city);
  const results = called.functionCalls.map(({ id, name }, number) => ({ functionResponse: { id, name, response: { output: weather(cities[number]) } } }));
  const told = await ask([asked, called.candidates[0].content, { role: "user", parts: results }], { tools });
  showTools(client, cities, told.text);
  const made = await ask(DESCRIBE, { responseMimeType: "application/json", responseJsonSchema: z.toJSONSchema(place) });
  show(client, "object", JSON.parse(made.text));
}

const openai = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: API_KEY, maxRetries: 0 });
await chat(openai);
await responses(openai);
await messages(new Anthropic({ baseURL: BASE_URL, apiKey: API_KEY, maxRetries: 0 }));
await gemini(new GoogleGenAI({ apiKey: API_KEY, httpOptions: { baseUrl: BASE_URL } }));
