// Check 38: on an empty store the waiting line of /welcome turns into a link by itself, and the button sends a request.

import { dashboard, enter, expect, main, watch } from "./browser.mjs";

await main(async (browser) => {
  const context = await enter(browser);
  const page = await context.newPage();
  watch(page, () => "/welcome");
  await page.goto(`${dashboard}/welcome`, { waitUntil: "load" });
  const waiting = page.locator("#welcome_wait");
  expect((await waiting.innerText()).includes("Waiting"), "/welcome", "it does not wait");
  await page.evaluate(() => { window.stayed = true; });

  const other = await context.newPage();
  await other.goto(`${dashboard}/welcome`, { waitUntil: "load" });
  await other.locator("form[action='/welcome/test'] button").click();
  await other.locator("a[href^='/requests/']").first().waitFor();

  const link = waiting.locator("a[href^='/requests/']");
  await link.waitFor();
  const stayed = await page.evaluate(() => window.stayed === true);
  expect(stayed, "/welcome", "it was loaded again instead of turning by itself");
  await link.click();
  await page.waitForURL(/\/requests\/[0-9a-f-]{36}/);
  const text = await page.locator("main").innerText();
  expect(text.includes("Hello") || text.includes("demo"), page.url(), "the request's page does not tell of it");
});
