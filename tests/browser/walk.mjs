// Walks the pages named in PAGES in both themes and at both widths: S1 (quiet console), S2 (axe, no sideways scroll),
// S4 (weights), S5 (the same rows again, and in a second session). With WEIR_SCREENSHOTS it leaves pictures. A path with
// `press` is the page behind that button: looked at, and not asked for again.

import { WIDTHS, accessible, complain, dashboard, enter, expect, main, rows, watch } from "./browser.mjs";

const pages = JSON.parse(process.env.PAGES);
const LIMITS = { firstLoadBytes: 90 * 1024, repeatHtmlBytes: 15 * 1024, scriptBytes: 30 * 1024, requests: 8, nodes: 1500 };

const shot = async (page, path, theme, width) => {
  const name = [path.name, theme !== "light" && theme, width !== "wide" && width].filter(Boolean).join("-");
  const wanted = process.env.WEIR_SCREENSHOTS && path.shots?.includes(`${theme} ${width}`);
  if (wanted) await page.screenshot({ path: `../docs/screenshots/${name}.png` });
};

async function look(page, where, width) {
  await accessible(page, where);
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(width !== "narrow" || sideways <= 0, where, `scrolls sideways by ${sideways} px`);
}

/** Presses a button that leads to a page. */
async function press(page, name, where) {
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().isNavigationRequest() && response.request().method() === "POST"),
    page.getByRole("button", { name, exact: true }).click(),
  ]);
  await page.waitForLoadState("load");
  expect(answer.ok(), where, `“${name}” gives ${answer.status()}`);
}

async function walk(browser, theme) {
  const context = await enter(browser, { theme });
  const page = await context.newPage();
  let where = "";
  watch(page, () => where);
  for (const path of pages) {
    where = `${path.url} ${theme}`;
    try {
      const answer = await page.goto(dashboard + path.url, { waitUntil: "load" });
      expect(answer.status() === (path.status ?? 200), where, `status ${answer.status()}`);
      if (path.press) await press(page, path.press, where);
      await page.evaluate(() => document.fonts.ready.then(() => undefined));
      for (const [width, viewport] of Object.entries(WIDTHS)) {
        where = `${path.url} ${theme} ${width}`;
        await page.setViewportSize(viewport);
        await look(page, where, width);
        await shot(page, path, theme, width);
      }
      expect(await page.evaluate(() => window.hostile === undefined), where, "a model's answer ran as a script");
      await page.setViewportSize(WIDTHS.wide);
    } catch (error) {
      complain(where, error.message);
    }
  }
  await context.close();
}

async function weigh(browser, path) {
  const context = await enter(browser);
  const page = await context.newPage();
  const requests = watch(page, () => path.url);
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  const kinds = new Map();
  const bytes = { all: 0, script: 0, document: 0 };
  network.on("Network.responseReceived", ({ requestId, type }) => kinds.set(requestId, type));
  network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    bytes.all += encodedDataLength;
    if (kinds.get(requestId) === "Script") bytes.script += encodedDataLength;
    if (kinds.get(requestId) === "Document") bytes.document += encodedDataLength;
  });
  await page.goto(dashboard + path.url, { waitUntil: "load" });
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  expect(requests.length <= LIMITS.requests, path.url, `${requests.length} requests: ${requests}`);
  expect(bytes.all <= LIMITS.firstLoadBytes, path.url, `${bytes.all} bytes at first`);
  expect(bytes.script <= LIMITS.scriptBytes, path.url, `${bytes.script} bytes of script`);
  expect(bytes.document <= LIMITS.repeatHtmlBytes, path.url, `${bytes.document} bytes of HTML`);
  const before = await rows(page);
  const nodes = await page.evaluate(() => document.getElementsByTagName("*").length);
  expect(nodes <= LIMITS.nodes, path.url, `${nodes} elements`);
  const weight = `${requests.length} requests, ${bytes.all} bytes, ${bytes.document} of HTML, ${nodes} elements, ${before.length} rows`;
  console.error(`${path.url}: ${weight}`);
  await page.reload({ waitUntil: "load" });
  expect(String(await rows(page)) === String(before), path.url, "other rows after reloading");
  const second = await enter(browser, { session: process.env.SECOND_SESSION });
  const again = await second.newPage();
  await again.goto(dashboard + path.url, { waitUntil: "load" });
  // A page about the reader (`own`) is another one for another session.
  const same = path.own || String(await rows(again)) === String(before);
  expect(same, path.url, "other rows in a second session");
  await context.close();
  await second.close();
}

await main(async (browser) => {
  for (const theme of ["light", "dark"]) await walk(browser, theme);
  for (const path of pages.filter(({ status, door, press }) => !status && !door && !press)) await weigh(browser, path);
});
