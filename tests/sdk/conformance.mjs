// Another suite, unmodified: one line for each of its probes of OpenAI's chat and responses.

import { scanEndpoint } from "compatcanary";

const { BASE_URL, API_KEY, MODEL } = process.env;
const report = await scanEndpoint({ baseUrl: BASE_URL, apiKey: API_KEY, model: MODEL, profile: "modern", headers: {}, timeoutMs: 30_000 });
for (const { id, status } of report.results) console.log(id, status);
