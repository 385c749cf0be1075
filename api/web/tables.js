// Tables and short lists, from rows of text and elements.
import { make } from "/web/page.js";

/** A table; a cell that is a number stands right. */
export function table(heads, rows, empty = "还没有内容") {
  if (!rows.length) return make("p", { className: "empty" }, empty);
  const cell = (value) => make("td", { className: typeof value === "number" ? "number" : "" }, ...(Array.isArray(value) ? value : [value ?? "–"]).map((part) => (typeof part === "number" ? String(part) : part)));
  return make("div", { className: "scroll" }, make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map((name, at) => make("th", { scope: "col", className: typeof rows[0][at] === "number" ? "number" : "" }, name)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map(cell))))));
}

/** Names with values beside them, leaving out those without one. */
export function facts(pairs) {
  return make("dl", { className: "facts" }, ...pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, ...(Array.isArray(value) ? value : [String(value)]))]));
}

export const pill = (text, tone = "") => make("span", { className: `pill ${tone}` }, text);
export const link = (href, ...children) => make("a", { href }, ...children);
export const path = (...parts) => `#/${parts.map(encodeURIComponent).join("/")}`;

/** A button. */
export function button(text, act, look = "") {
  return make("button", { type: "button", className: look, on: { click: act } }, text);
}
