// Vercel's AI SDK with its providers for every format: text, streams, a loop over a tool, an object.

import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { Output, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { API_KEY, BASE_URL, DESCRIBE, HELLO, MODEL, QUESTION, show, showTools, weather } from "./clients.mjs";

const place = z.object({ city: z.string(), population: z.number(), rivers: z.array(z.string()) });

async function drive(client, model) {
  const ask = { model, maxRetries: 0 };
  show(client, "plain", (await generateText({ ...ask, prompt: HELLO })).text);
  let streamed = "";
  for await (const piece of streamText({ ...ask, prompt: HELLO }).textStream) streamed += piece;
  show(client, "stream", streamed);
  const cities = [];
  const getWeather = tool({
    description: "The weather in a city",
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => {
      cities.push(city);
      return weather(city);
    },
  });
  const told = await generateText({ ...ask, prompt: QUESTION, tools: { get_weather: getWeather }, stopWhen: stepCountIs(3) });
  showTools(client, cities, told.text);
  const made = await generateText({ ...ask, prompt: DESCRIBE, output: Output.object({ schema: place }) });
  show(client, "object", made.output);
}

const openai = createOpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: API_KEY });
await drive("vercel, openai", openai.chat(MODEL));
await drive("vercel, responses", openai.responses(MODEL));
await drive("vercel, anthropic", createAnthropic({ baseURL: `${BASE_URL}/v1`, apiKey: API_KEY })(MODEL));
await drive("vercel, google", createGoogleGenerativeAI({ baseURL: `${BASE_URL}/v1beta`, apiKey: API_KEY })(MODEL));
