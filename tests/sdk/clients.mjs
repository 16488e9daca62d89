// What every client is asked, and how what it heard is told: in words that are the same whatever library speaks.

export const { BASE_URL, API_KEY, MODEL } = process.env;
export const HELLO = "Hello";
export const QUESTION = "What is the weather in Paris and in Tokyo?";
export const DESCRIBE = "Describe Paris";

/** What the tool gives. */
export const weather = (city) => `14 degrees in ${city}`;

const sorted = (value) => {
  if (Array.isArray(value) || value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).sort().map(([name, inner]) => [name, sorted(inner)]));
};

export const show = (client, kind, got) => console.log(JSON.stringify(sorted({ client, case: kind, got })));

/** Which calls were made, and whether what they gave came back in the last answer. */
export const showTools = (client, cities, text) =>
  show(client, "tools", { cities, told: cities.map((city) => text.includes(weather(city))) });
