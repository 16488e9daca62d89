// What HTML cannot do by itself: keys, the palette's search, copying, local time. Every page works without it.

const one = (selector, from = document) => from.querySelector(selector);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const palette = one("#palette");
const keysOn = () => localStorage.getItem("keys") !== "off";

function typing(target) {
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

function open(dialog) {
  if (dialog && !dialog.open) dialog.showModal();
}

// Rows: j and k walk the links marked data-row, Enter follows the one in focus by itself.
function walk(step) {
  const rows = all("a[data-row]");
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? rows[step > 0 ? 0 : rows.length - 1] : rows[at + step];
  next?.focus();
}

let going = false;
function singleKey(event) {
  if (going) {
    going = false;
    const link = one(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  const marked = one(`a[data-key="${CSS.escape(event.key)}"]`);
  if (marked) return marked.click();
  const act = {
    g: () => { going = true; setTimeout(() => { going = false; }, 1200); },
    "/": () => { const field = one("[data-filter]"); field?.focus(); field?.select(); },
    j: () => walk(1),
    k: () => walk(-1),
    "?": () => open(one("#help")),
  }[event.key];
  if (act) { event.preventDefault(); act(); }
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && palette) {
    event.preventDefault();
    return open(palette);
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (keysOn() && !one("dialog[open]")) singleKey(event);
});

// The palette: narrows the pages as you type and asks the server for what else has that name; a pasted id leads straight
// to its request, a filter to its requests.
const REQUEST_ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const TRACE_ID = /^[0-9a-f]{32}$/i;
const PAUSE_MS = 120;

function shown() {
  return all("#palette li").filter((item) => !item.hidden).map((item) => one("a", item));
}

if (palette) {
  const input = one("#palette_input");
  const found = one("#palette_found");
  let asked;
  const look = async (words) => {
    asked?.abort();
    asked = new AbortController();
    const { signal } = asked;
    const answer = await fetch(`${input.form.getAttribute("action")}?q=${encodeURIComponent(words)}`, { signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    // The pages stand in the list below already.
    const hits = all("#found li", page).filter((item) => !one(`#palette_list a[href="${CSS.escape(one("a", item).getAttribute("href"))}"]`));
    if (!signal.aborted) found.replaceChildren(...hits);
  };
  let pause;
  input.addEventListener("input", () => {
    const words = input.value.trim().toLowerCase();
    clearTimeout(pause);
    const plain = words !== "" && !words.includes(":") && !REQUEST_ID.test(words) && !TRACE_ID.test(words);
    if (plain) pause = setTimeout(() => look(words).catch(() => found.replaceChildren()), PAUSE_MS);
    else { asked?.abort(); found.replaceChildren(); }
    for (const item of all("#palette_list li")) item.hidden = !item.textContent.toLowerCase().includes(words);
  });
  input.form.addEventListener("submit", (event) => {
    const typed = input.value.trim();
    if (REQUEST_ID.test(typed)) {
      event.preventDefault();
      location.assign(`/requests/${typed.toLowerCase()}`);
    } else if (typed !== "" && !typed.includes(":") && shown().length > 0) {
      event.preventDefault();
      shown()[0].click();
    }
  });
  palette.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const stops = [input, ...shown()];
    stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
  });
  palette.addEventListener("close", () => { input.value = ""; input.dispatchEvent(new Event("input")); });
}

// Where the browser does not know `command` yet, its two commands we use.
if (!("commandForElement" in HTMLButtonElement.prototype)) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[commandfor]");
    const dialog = button && document.getElementById(button.getAttribute("commandfor"));
    if (dialog) button.getAttribute("command") === "close" ? dialog.close() : open(dialog);
  });
}

const single = one("#single_keys");
if (single) {
  single.checked = keysOn();
  single.addEventListener("change", () => localStorage.setItem("keys", single.checked ? "on" : "off"));
}

// The theme: at once, then kept by the server, without leaving the page.
one("[data-themes]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const theme = event.submitter?.value ?? "system";
  const body = new URLSearchParams(new FormData(form));
  body.set("theme", theme);
  fetch(form.action, { method: "POST", body, redirect: "manual" });
  document.documentElement.dataset.theme = theme;
  for (const button of all("button", form)) button.setAttribute("aria-pressed", String(button.value === theme));
});

// After a part of the page was exchanged, the same is done for it as for a whole page.
function dress(root) {
  for (const time of all("time[datetime]", root)) {
    time.title = `${new Date(time.dateTime).toLocaleString()} local · ${time.dateTime}`;
  }
  for (const button of all("button[data-copy]", root)) button.hidden = !navigator.clipboard;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  const words = button.lastChild;
  const before = words.textContent;
  words.textContent = "Copied";
  setTimeout(() => { words.textContent = before; }, 1500);
});

document.addEventListener("htmx:after:swap", () => dress(document));
dress(document);

// htmx starts as soon as its own file is there, which may be before that of its event streams: what it missed then is
// taken up here, after it.
setTimeout(() => {
  for (const stream of all("[hx-sse\\:connect]:not([data-htmx-powered])")) window.htmx?.process(stream);
});
