// The list of requests in use: new ones are announced without moving a row, `]` follows the filter, Back leads to the
// same place, and an export is made while one looks.

import { dashboard, enter, expect, main, watch } from "./browser.mjs";

const ask = (customer) => fetch(`${process.env.GATEWAY}/v1/chat/completions`, {
  method: "POST",
  headers: { authorization: `Bearer ${process.env.KEY}`, "content-type": "application/json", "x-weir-customer": customer },
  body: JSON.stringify({ model: "demo/fast", messages: [{ role: "user", content: "Hello" }] }),
}).then((answer) => answer.text());

const links = (page) => page.locator("#results a[data-row]").evaluateAll((all) => all.map((link) => link.pathname));

async function live(page) {
  await page.goto(`${dashboard}/requests`, { waitUntil: "load" });
  await page.getByRole("link", { name: "Live: off" }).click();
  await page.waitForURL("**live=1**");
  const before = await links(page);
  await ask("live-customer");
  const announced = page.locator("#live_rows a");
  await announced.waitFor();
  expect((await announced.innerText()).startsWith("1 new"), "live", await announced.innerText());
  expect(String(await links(page)) === String(before), "live", "a row moved");
  await announced.click();
  await page.waitForFunction((count) => document.querySelectorAll("#results a[data-row]").length === count, before.length + 1);
  expect(page.url().includes("live=1"), "live", "following the news switches it off");
}

async function walk(page) {
  await page.goto(`${dashboard}/requests?q=customer:acme&range=24h`, { waitUntil: "load" });
  const rows = await links(page);
  expect(rows.length === 2, "walk", `${rows.length} rows of acme`);
  await page.locator("#results a[data-row]").first().click();
  await page.waitForURL(`**${rows[0]}**`);
  await page.locator("main").focus();
  await page.keyboard.press("]");
  await page.waitForURL(`**${rows[1]}**`);
  expect((await page.locator("[data-key=']']").count()) === 0, "walk", "there is a third request of that filter");
  await page.goBack();
  await page.goBack();
  await page.waitForURL("**/requests?q=customer**");
  expect(String(await links(page)) === String(rows), "walk", "Back leads elsewhere");
}

async function exported(page) {
  await page.goto(`${dashboard}/requests?range=24h`, { waitUntil: "load" });
  await page.getByRole("link", { name: "Export" }).first().click();
  await page.getByRole("button", { name: "Begin export" }).click();
  const file = page.getByRole("link", { name: /^Download/ });
  await file.waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), file.click()]);
  expect(download.suggestedFilename() === "requests.csv", "export", download.suggestedFilename());
}

await main(async (browser) => {
  const context = await enter(browser);
  const page = await context.newPage();
  let where = "live";
  watch(page, () => where);
  await live(page);
  where = "walk";
  await walk(page);
  where = "export";
  await exported(page);
});
