// Evidence in place: every item's spans over the turns, a mark where something is missing, and the items that light them up.
import { overlaid } from "/web/marks.js";
import { make } from "/web/page.js";
import { turnList } from "/web/quality_turns.js";
import { pill } from "/web/tables.js";

export const RESULTS = { pass: ["通过", "calm"], fail: ["不通过", "hot"], na: ["不适用", ""] };

/** The turns of a result with the evidence of all its items in place. */
export function evidencedTurns(turns, items) {
  const spans = evidenceOf(items);
  return turnList(turns, (one, index) => said(one, spans.get(index) ?? []), (_, index) => missing(spans.get(index) ?? []));
}

/** The evidence of a result by turn: spans in a text, and places where something is missing. */
function evidenceOf(items) {
  const spans = new Map();
  for (const item of items) for (const span of item.evidence) spans.set(span.turn, [...(spans.get(span.turn) ?? []), { ...span, code: item.code, name: item.name, reason: item.reason, failed: item.result === "fail" }]);
  return spans;
}

function said(one, spans) {
  const here = spans.filter((span) => !span.absent && span.end > span.start);
  const dress = (over) => ({ className: over.some((span) => span.failed) ? "found" : "found kept", "data-items": ` ${over.map((span) => span.code).join(" ")} `, title: over.map((span) => span.name).join("、") });
  return here.length ? overlaid(one.text, here, dress) : [one.text];
}

const missing = (spans) => spans.filter((span) => span.absent || span.end <= span.start)
  .map((span) => make("li", { className: "absent found", "data-items": ` ${span.code} ` }, `${span.name} · ${span.reason}`));

/** Light up what an item stands on, and bring the first of it into view; null puts everything out. */
export function light(view, code) {
  const found = [...view.querySelectorAll(".found")];
  for (const mark of found) mark.classList.toggle("lit", code !== null && mark.dataset.items.includes(` ${code} `));
  for (const row of view.querySelectorAll(".item")) row.setAttribute("aria-pressed", String(row.dataset.code === code));
  found.find((mark) => mark.classList.contains("lit"))?.scrollIntoView({ block: "center", behavior: "smooth" });
}

function itemRow(item, view) {
  const [name, tone] = item.needs_review ? ["待人工", "tense"] : RESULTS[item.result];
  const press = () => light(view, row.getAttribute("aria-pressed") === "true" ? null : item.code);
  const row = make("button", { type: "button", className: `item ${item.result}`, "data-code": item.code, "aria-pressed": "false", on: { click: press } },
    make("span", { className: "top" }, make("strong", {}, item.name), make("span", { className: "grow" }), item.overruled ? pill("已改判", "tense") : null, pill(name, tone), make("span", { className: "number small" }, item.result === "na" ? "" : `${item.points} / ${item.max}`)),
    item.result === "fail" || item.overruled ? make("span", { className: "small soft" }, item.reason) : null);
  return row;
}

/** The items of a result by dimension, those that failed first; `below(item)` stands under one. */
export function itemList(result, view, below = () => null) {
  const order = { fail: 0, pass: 1, na: 2 };
  const list = make("section", { className: "card", "aria-label": "评分项" }, make("h2", {}, "评分项"), make("p", { className: "small soft" }, "点一项，左边亮出它的依据"),
    ...result.dimensions.map((dimension) => make("details", { className: "dimension", open: result.items.some((item) => item.dimension === dimension.code && item.result === "fail") },
      make("summary", {}, dimension.name, make("span", { className: "number small soft" }, ` ${dimension.points} / ${dimension.max}`)),
      ...result.items.filter((item) => item.dimension === dimension.code).sort((a, b) => order[a.result] - order[b.result]).flatMap((item) => [itemRow(item, view), below(item)]))));
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const rows = [...list.querySelectorAll("details[open] .item")];
    rows[rows.indexOf(document.activeElement) + step]?.focus();
    event.preventDefault();
  });
  return list;
}
