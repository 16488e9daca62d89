// S6: the keyboard alone: skip link first, focus always visible, Ctrl K opens, Esc returns focus, j and k walk the rows.

import { dashboard, enter, expect, main, watch } from "./browser.mjs";

const pages = JSON.parse(process.env.PAGES);
const STOPS_MAX = 40;

const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
  // A date field shows the focus on its inner parts, which no script can ask for.
  const seen = element.type === "date" || (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none";
  const box = element.getBoundingClientRect();
  const name = `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ""}.${element.className} “${element.textContent.trim().slice(0, 30)}”`;
  return { name, seen, skip: element.classList.contains("skip"), body: element === document.body, width: box.width };
});

async function tabThrough(page, url) {
  await page.goto(dashboard + url, { waitUntil: "load" });
  await page.keyboard.press("Tab");
  const first = await focused(page);
  expect(first.skip, url, `the first stop is ${first.name}, not the skip link`);
  for (let stop = 0; stop < STOPS_MAX; stop += 1) {
    const at = await focused(page);
    if (at.body) break;
    expect(at.seen, url, `focus cannot be seen on ${at.name}`);
    expect(at.width > 0, url, `focus went to something invisible: ${at.name}`);
    await page.keyboard.press("Tab");
  }
}

async function palette(page) {
  await page.goto(`${dashboard}/requests`, { waitUntil: "load" });
  const field = page.locator("[data-filter]");
  await field.focus();
  await page.keyboard.press("Control+k");
  expect(await page.locator("#palette").evaluate((dialog) => dialog.open), "palette", "Ctrl K does not open it");
  const inside = await page.evaluate(() => document.activeElement.closest("#palette") !== null);
  expect(inside, "palette", "the focus is not in it");
  await page.keyboard.press("Escape");
  expect(!(await page.locator("#palette").evaluate((dialog) => dialog.open)), "palette", "Esc does not close it");
  expect(await field.evaluate((element) => element === document.activeElement), "palette", "Esc does not return the focus");
  await page.keyboard.press("Control+k");
  await page.keyboard.type(process.env.REQUEST_ID);
  await Promise.all([page.waitForURL(`**/requests/${process.env.REQUEST_ID}**`), page.keyboard.press("Enter")]);
  await page.goto(`${dashboard}/prices`, { waitUntil: "load" });
  await page.keyboard.press("Control+k");
  await page.keyboard.type(process.env.TRACE_ID);
  await Promise.all([page.waitForURL(`**/requests/${process.env.REQUEST_ID}**`), page.keyboard.press("Enter")]);
  await page.goto(`${dashboard}/prices`, { waitUntil: "load" });
  await page.keyboard.press("Control+k");
  await page.keyboard.type("globex");
  await page.locator("#palette_found a").first().waitFor();
  await page.keyboard.press("ArrowDown");
  await Promise.all([page.waitForURL("**/customers/globex**"), page.keyboard.press("Enter")]);
}

async function rows(page) {
  await page.goto(`${dashboard}/requests`, { waitUntil: "load" });
  await page.locator("main").focus();
  await page.keyboard.press("j");
  const first = await page.evaluate(() => document.activeElement.href);
  expect(first?.includes("/requests/"), "rows", `j leads to ${first}`);
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  expect((await page.evaluate(() => document.activeElement.href)) === first, "rows", "k does not lead back");
  await Promise.all([page.waitForURL("**/requests/*-*"), page.keyboard.press("Enter")]);
  await page.keyboard.press("g");
  await Promise.all([page.waitForURL("**/customers**"), page.keyboard.press("c")]);
}

await main(async (browser) => {
  const context = await enter(browser);
  const page = await context.newPage();
  let where = "keyboard";
  watch(page, () => where);
  for (const { url } of pages) {
    where = url;
    await tabThrough(page, url);
  }
  where = "palette";
  await palette(page);
  where = "rows";
  await rows(page);
});
