// Opens PAGES whose texts would do harm if they were taken for anything but text. Nothing may run, ask somebody else or
// trip the Content-Security-Policy, and no page may hold anything that could. Prints which of PAYLOADS were shown, as text.

import { dashboard, enter, expect, main, watch } from "./browser.mjs";

const pages = JSON.parse(process.env.PAGES);
const payloads = JSON.parse(process.env.PAYLOADS);

/** What could run, in a page that has nothing of the kind: scripts of its own come from files. */
const active = () => {
  const found = [];
  const forbidden = "iframe, object, embed, base, frame, applet, meta[http-equiv=refresh], script:not([src]):not([type='application/json'])";
  for (const element of document.querySelectorAll("*")) {
    const name = element.tagName.toLowerCase();
    if (element.matches(forbidden)) found.push(`<${name}>`);
    for (const { name: attribute, value } of element.attributes) {
      const told = `<${name} ${attribute}="${value}">`;
      if (/^on/i.test(attribute)) found.push(told);
      if (/^(href|src|action|formaction|data|xlink:href)$/i.test(attribute) && /^\s*(javascript|data|vbscript):/i.test(value)) found.push(told);
      if (/^(src|hx-.*)$/i.test(attribute) && /evil\.invalid/.test(value) && !/^hx-(vals|headers)$/.test(attribute)) found.push(told);
      if (/^hx-on/i.test(attribute)) found.push(told);
    }
  }
  return found;
};

await main(async (browser) => {
  const context = await enter(browser);
  await context.addInitScript(() => {
    globalThis.violations = [];
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => globalThis.violations.push(`${violatedDirective} ${blockedURI}`));
  });
  const page = await context.newPage();
  let where = "";
  watch(page, () => where);
  const shown = new Set();
  for (const url of pages) {
    where = url;
    const answer = await page.goto(dashboard + url, { waitUntil: "load" });
    expect(answer.status() < 500, where, `status ${answer.status()}`);
    await page.evaluate(() => document.querySelectorAll("details").forEach((fold) => { fold.open = true; }));
    await page.mouse.move(300, 300);
    const state = await page.evaluate(() => ({ hostile: globalThis.hostile, title: document.title, violations: globalThis.violations, text: document.body.textContent, values: [...document.querySelectorAll("input, textarea")].map(({ value }) => value) }));
    expect(state.hostile === undefined && state.title !== "hostile", where, "a text ran as a script");
    for (const violation of state.violations) expect(false, where, `the policy had to stop ${violation}`);
    for (const thing of await page.evaluate(active)) expect(false, where, `holds ${thing}`);
    const text = [state.text, ...state.values].join("\n");
    payloads.forEach((payload, number) => { if (text.includes(payload)) shown.add(number); });
  }
  console.error(JSON.stringify([...shown]));
});
