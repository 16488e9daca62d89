// S3: with scripts off every page is readable and every form works.

import { dashboard, enter, expect, main } from "./browser.mjs";

const pages = JSON.parse(process.env.PAGES);

await main(async (browser) => {
  const context = await enter(browser, { javaScriptEnabled: false });
  const page = await context.newPage();
  for (const { url } of pages) {
    await page.goto(dashboard + url);
    expect((await page.locator("h1").count()) === 1, url, "no single h1");
    expect((await page.locator("main").innerText()).length > 20, url, "nothing to read");
  }

  await page.goto(`${dashboard}/requests`);
  await page.locator("[data-filter]").fill("customer:acme");
  await page.locator("[data-filter]").press("Enter");
  expect(page.url().includes("customer"), page.url(), "the filter is not in the address");
  const shown = await page.locator("a[data-row]").count();
  expect(shown > 0, page.url(), "the filter shows no rows");
  await page.locator("a[data-row]").first().click();
  expect(/\/requests\/[0-9a-f-]{36}/.test(page.url()), page.url(), "a row does not lead to its request");

  await page.goto(`${dashboard}/keys`);
  await page.locator("form[action='/keys'] input[name='name']").fill("made without scripts");
  await page.locator("form[action='/keys'] button.primary").click();
  const shownOnce = await page.locator("main").innerText();
  expect(/wk_[A-Za-z0-9_-]{20,}/.test(shownOnce), page.url(), "the new key is not shown");
  await page.goto(`${dashboard}/keys`);
  const listed = await page.locator("main").innerText();
  expect(listed.includes("made without scripts"), page.url(), "the new key is not listed");
  expect(!/wk_[A-Za-z0-9_-]{20,}/.test(listed), page.url(), "a key is shown again");

  await page.locator("details.account summary").click();
  await page.locator("button[name='theme'][value='dark']").click();
  expect((await page.locator("html").getAttribute("data-theme")) === "dark", page.url(), "the theme was not kept");
  await page.locator("details.account summary").click();
  await page.locator("form[action='/sign-out'] button").click();
  await page.goto(`${dashboard}/requests`);
  expect(page.url().includes("/sign-in"), page.url(), "signing out left the door open");
  await page.locator("input[name='email']").fill(process.env.EMAIL);
  await page.locator("input[name='password']").fill(process.env.PASSWORD);
  await page.locator("form[action='/sign-in'] button").click();
  expect(page.url().includes("/requests"), page.url(), "signing in does not lead back to where one wanted to go");
});
