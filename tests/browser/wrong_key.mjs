// Check 40: an endpoint is set up by hand with a wrong key; the request's page shows the provider's own words and the
// step, and the key is on no page.

import { dashboard, enter, expect, main, watch } from "./browser.mjs";

const { PROVIDER_URL, WRONG_KEY, GATEWAY, KEY, MESSAGE } = process.env;

await main(async (browser) => {
  const context = await enter(browser);
  const page = await context.newPage();
  watch(page, () => page.url());

  await page.goto(`${dashboard}/providers/endpoints/new`, { waitUntil: "load" });
  await page.locator("[name='name']").fill("mine");
  await page.locator("[name='provider']").selectOption("openai");
  await page.locator("[name='base_url']").fill(`${PROVIDER_URL}/v1`);
  await page.locator("[name='credential']").fill(WRONG_KEY);
  await page.locator("[name='allow_private']").check();
  await page.locator("main form button.primary").last().click();
  await page.waitForURL("**/providers/endpoints/ep_**");
  const endpoint = new URL(page.url()).pathname;

  await page.locator("form[action$='/test'] button").click();
  await page.waitForURL("**/test");
  const tested = await page.locator("main div.note[role='status']").innerText();
  expect(tested.includes("401") && tested.includes(MESSAGE), page.url(), `the test said ${tested}`);
  expect(!(await page.content()).includes(WRONG_KEY), page.url(), "the key is on the page");

  await page.goto(`${dashboard}/models/new`, { waitUntil: "load" });
  await page.locator("[name='name']").fill("mine/gpt");
  await page.locator("[name='target_0_endpoint']").selectOption({ label: "mine" });
  await page.locator("[name='target_0_model']").fill("gpt-4o");
  await page.locator("main form button.primary").last().click();
  await page.waitForURL("**/models");

  await page.locator("#publish_note").fill("my own provider");
  await page.locator("form[action='/publish'] button.primary").click();
  await page.waitForURL("**/publishing/**");
  expect((await page.locator("#publish_note").count()) === 0, page.url(), "still unpublished");

  let answer;
  for (let tries = 0; tries < 50; tries += 1) {
    answer = await fetch(`${GATEWAY}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "mine/gpt", messages: [{ role: "user", content: "Hello" }] }),
    });
    if (answer.status !== 404) break;
    await answer.text();
  }
  expect(answer.status === 401, "the gateway", `answered ${answer.status}`);
  const said = await answer.text();
  expect(said.includes(MESSAGE), "the gateway", `said ${said}`);
  const id = answer.headers.get("x-weir-request-id");

  const pages = ["/providers", endpoint, "/requests", ...["", "?tab=attempts", "?tab=raw", "?tab=cost"].map((tab) => `/requests/${id}${tab}`)];
  let told = false;
  for (const path of pages) {
    let text = "";
    for (let tries = 0; tries < 40; tries += 1) {
      const loaded = await context.request.get(dashboard + path);
      text = await loaded.text();
      if (loaded.status() === 200) break;
      await page.waitForTimeout(100);
    }
    expect(!text.includes(WRONG_KEY), path, "the key is on the page");
    told ||= text.includes(MESSAGE);
  }
  expect(told, "the request's page", "does not show the provider's message");
  await page.goto(`${dashboard}/requests/${id}?tab=attempts`, { waitUntil: "load" });
  const attempts = await page.locator("main").innerText();
  expect(attempts.includes("401"), page.url(), "does not show the step that failed");
});
