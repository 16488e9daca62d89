// A Chromium under remote control, and what every page is judged by. The scripts here print what they found and end
// with 1 when something is wrong.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const dashboard = process.env.DASHBOARD;
export const WIDTHS = { wide: { width: 1360, height: 900 }, narrow: { width: 390, height: 844 } };

const wrong = [];

/** Notes that a promise is broken. */
export function complain(where, what) {
  wrong.push(`${where}: ${what}`);
}

export function expect(holds, where, what) {
  if (!holds) complain(where, what);
}

/** Starts the browser: no background traffic of its own, no sandbox only where root has none. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.WEIR_TEST_CHROMIUM || "/usr/bin/chromium",
    chromiumSandbox: process.getuid() !== 0,
    args: [
      "--disable-background-networking", "--disable-component-update", "--disable-domain-reliability", "--disable-sync",
      "--disable-features=OptimizationHints,MediaRouter,Translate", "--no-first-run", "--no-default-browser-check",
      "--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb",
    ],
  });
}

/** A context with the visitor's session and theme. */
export async function enter(browser, { session = process.env.SESSION, theme = "light", ...options } = {}) {
  const context = await browser.newContext({ viewport: WIDTHS.wide, colorScheme: theme, reducedMotion: "reduce", ...options });
  const cookies = [`theme=${theme}`, session].filter(Boolean).map((cookie) => cookie.split(/=(.*)/s));
  await context.addCookies(cookies.map(([name, value]) => ({ name, value, url: dashboard })));
  context.setDefaultTimeout(20_000);
  return context;
}

/** Watches a page: console, Content-Security-Policy, failed sub-resources, third parties, dialogs. */
export function watch(page, where) {
  const requests = [];
  page.on("request", (request) => {
    requests.push(request.url());
    const own = request.url().startsWith(dashboard) || request.url().startsWith("data:");
    expect(own, where(), `asks a third party: ${request.url()}`);
  });
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    // An error page's own status is not a broken part of it.
    if (message.location().url === page.url() && message.text().startsWith("Failed to load resource")) return;
    complain(where(), `console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complain(where(), `script: ${error.message}`));
  page.on("requestfailed", (request) => {
    const gone = request.failure()?.errorText === "net::ERR_ABORTED";
    if (!gone) complain(where(), `failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  page.on("response", (response) => {
    const document = response.request().resourceType() === "document";
    if (!document && response.status() >= 400) complain(where(), `${response.status()} for ${response.url()}`);
  });
  page.on("dialog", (dialog) => {
    complain(where(), `a dialog opened: ${dialog.message()}`);
    dialog.dismiss();
  });
  return requests;
}

/** Everything axe finds against WCAG 2.2 AA. */
export async function accessible(page, where) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const { violations } = await globalThis.axe.run(document, { runOnly: { type: "tag", values: tags } });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ target, failureSummary }) => `${target} (${failureSummary})`).join("; ")}`);
  });
  for (const violation of found) complain(where, `axe ${violation}`);
}

/**
 * The rows of a page: where they lead, and what they say. What moves with the clock is left out: how long ago something
 * was, and the columns of a histogram that ends now.
 */
export function rows(page) {
  return page.evaluate(() => [...document.querySelectorAll("main tbody tr")].filter((row) => !row.closest("details")).map((row) => {
    const told = row.cloneNode(true);
    for (const time of told.querySelectorAll("time")) time.remove();
    return [...told.querySelectorAll("a")].map((link) => link.pathname).concat(told.textContent.replace(/\s+/g, " ").trim()).join(" ");
  }));
}

/** Runs the script, prints what is wrong, ends. */
export async function main(run) {
  const browser = await launch();
  try {
    await run(browser);
  } catch (error) {
    complain("the script", error.stack);
  } finally {
    await browser.close();
  }
  for (const line of wrong) console.log(line);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
