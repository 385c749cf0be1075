// What every page shares: the key's cookie, calls, elements made of text (never of markup), streams.

/** The page's name chooses its cookie and tells the service that a page, not another site, is asking. */
export const pageName = document.body.dataset.page;

export class Refused extends Error {
  constructor(problem, status) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.problem = problem;
    this.status = status;
  }
}

/** Call the service: a FormData goes as it is, anything else as JSON. Throws Refused with the problem document. */
export async function call(method, path, body) {
  const headers = { "X-Zuoxi-Page": pageName };
  const asIs = body === undefined || body instanceof FormData;
  if (!asIs) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method, headers, credentials: "same-origin", body: asIs ? body : JSON.stringify(body) });
  const value = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(value, answer.status);
  return value;
}

/** Fetch a file and hand it to the person under a name. */
export async function download(path, name) {
  const answer = await fetch(path, { headers: { "X-Zuoxi-Page": pageName }, credentials: "same-origin" });
  if (!answer.ok) throw new Refused(await answer.json().catch(() => ({})), answer.status);
  const address = URL.createObjectURL(await answer.blob());
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/** An element with properties and children; children that are strings become text. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "on") for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    else if (name in element && name !== "list") element[name] = value;
    else if (value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** An SVG element. */
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Put `children` in place of what `parent` holds. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.filter(Boolean));
  return parent;
}

export const one = (selector) => document.querySelector(selector);

/** calm, tense or hot for a value from -1 to 1. */
export const warmth = (value) => (value < -0.45 ? "hot" : value < -0.12 ? "tense" : "calm");

export const percent = (value) => `${Math.round(value * 100)}%`;

/** Follow an event stream for ever, resuming after the last event seen (`last`: an id to begin after). */
export async function follow(path, onEvent, signal, last = null) {
  while (!signal.aborted) {
    try {
      const headers = { "X-Zuoxi-Page": pageName, Accept: "text/event-stream" };
      if (last) headers["Last-Event-ID"] = last;
      const answer = await fetch(path, { headers, credentials: "same-origin", signal });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let held = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        held += value.replaceAll("\r\n", "\n");
        let cut;
        while ((cut = held.indexOf("\n\n")) >= 0) {
          const event = parse(held.slice(0, cut));
          held = held.slice(cut + 2);
          if (event.id) last = event.id;
          if (event.data) onEvent(event.event, JSON.parse(event.data));
        }
      }
    } catch (error) {
      if (signal.aborted) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

function parse(block) {
  const event = { event: "message", data: "" };
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at <= 0) continue;
    const name = line.slice(0, at);
    const value = line.slice(at + 1).replace(/^ /, "");
    if (name === "data") event.data += value;
    else event[name] = value;
  }
  return event;
}

/** Run `start` with who is signed in once a key is there; else ask for one. `#leave` asks for another. */
export async function signedIn(start) {
  const gate = one("#gate");
  const main = one("#main");
  const open = async (who) => {
    gate.hidden = true;
    main.hidden = false;
    await start(who);
  };
  const ask = () => {
    gate.hidden = false;
    main.hidden = true;
    gate.querySelector(".wrong").textContent = "";
    gate.querySelector("input").value = "";
    gate.querySelector("input").focus();
  };
  gate.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await open(await call("POST", "/session", { key: gate.querySelector("input").value.trim() }));
    } catch (error) {
      gate.querySelector(".wrong").textContent = error.message;
    }
  });
  one("#leave")?.addEventListener("click", async () => {
    await call("DELETE", "/session");
    ask();
  });
  const who = await call("GET", "/session");
  return who.signed_in ? open(who) : ask();
}
