// One scored transcript: its turns with the evidence in place, rule by rule; its score, and what people said of it.
import { moves } from "/web/moves.js";
import { overlaid } from "/web/marks.js";
import { call, fill, make } from "/web/page.js";
import { appeal, decision, review } from "/web/quality_hearing.js";
import { turnList } from "/web/quality_turns.js";
import { facts, pill } from "/web/tables.js";
import { when } from "/web/words.js";

const RESULTS = { pass: ["通过", "calm"], fail: ["不通过", "hot"], na: ["不适用", ""] };
const SOURCES = { review: "复核", appeal: "申诉", health: "规则自检", calibration: "校准" };
const at = (id, ...more) => `/v1/quality/results/${[id, ...more].map(encodeURIComponent).join("/")}`;

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

/** Light up what an item stands on, and bring the first of it into view. */
function light(view, code) {
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

function items(result, view) {
  const order = { fail: 0, pass: 1, na: 2 };
  const list = make("section", { className: "card", "aria-label": "评分项" }, make("h2", {}, "评分项"), make("p", { className: "small soft" }, "点一项，左边亮出它的依据"),
    ...result.dimensions.map((dimension) => make("details", { className: "dimension", open: result.items.some((item) => item.dimension === dimension.code && item.result === "fail") },
      make("summary", {}, dimension.name, make("span", { className: "number small soft" }, ` ${dimension.points} / ${dimension.max}`)),
      ...result.items.filter((item) => item.dimension === dimension.code).sort((a, b) => order[a.result] - order[b.result]).map((item) => itemRow(item, view)))));
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const rows = [...list.querySelectorAll("details[open] .item")];
    rows[rows.indexOf(document.activeElement) + step]?.focus();
    event.preventDefault();
  });
  return list;
}

function scoreCard(result) {
  const tone = result.veto ? "hot" : result.score >= 80 ? "calm" : "tense";
  const was = result.original && result.original.score !== result.score ? make("p", { className: "small soft" }, `机器原判 ${result.original.score}`) : null;
  return make("section", { className: "card" },
    make("div", { className: "top" }, make("strong", { className: `score ${tone}-text number`, id: "score" }, result.score === null ? "–" : String(result.score)), make("div", {}, pill(result.veto ? "一票否决" : result.grade_name ?? result.grade, tone), was)),
    facts([["坐席", result.agent], ["质检表", `${result.form.code} ${result.form.version}`], ["类别", result.category], ["预计满意度", result.satisfaction ? `${result.satisfaction.value.toFixed(2)} / 2` : null], ["评于", when(result.at)]]));
}

function summary(told) {
  if (!told || !(told.request || told.steps?.length || told.outcome)) return null;
  const to = (places) => places?.[0] && { on: { click: () => document.querySelector(`#turn-${places[0].turn}`)?.scrollIntoView({ block: "center", behavior: "smooth" }) } };
  const line = (text, places) => make("button", { type: "button", className: "quiet plain", ...to(places) }, text);
  const refs = told.references ?? {};
  return make("section", { className: "card" }, make("h2", {}, "小结"), facts([
    ["诉求", told.request && [line(told.request, refs.request)]],
    ["过程", told.steps?.length ? told.steps.map((step, index) => line(step, refs.steps?.[index] && [refs.steps[index]])) : null],
    ["结果", told.outcome && [line(told.outcome, refs.outcome)]],
  ]));
}

function rulings(result) {
  if (!result.rulings?.length) return null;
  const names = Object.fromEntries(result.items.map((item) => [item.code, item.name]));
  const said = (one) => Object.entries(one.items).map(([code, word]) => `${names[code] ?? code} → ${RESULTS[word]?.[0] ?? "待人工"}`).join("，");
  return make("section", { className: "card", id: "rulings" }, make("h2", {}, "裁定"), ...result.rulings.map((one) => make("div", {},
    make("p", {}, make("strong", {}, SOURCES[one.source] ?? one.source), ` ${one.by} · ${when(one.at)}`), make("p", { className: "small" }, said(one) || "维持"),
    make("p", { className: "small soft" }, `${one.reason ?? ""}（${one.before.score} → ${one.holds.score}）`))));
}

function appealed(one, done) {
  return make("section", { className: "card" }, make("div", { className: "top" }, make("h2", {}, "申诉"), pill(one.state_name, one.final ? "" : "tense")),
    make("p", { className: "text" }, one.data.reason), one.data.decision ? make("p", { className: "small soft" }, `裁定：${one.data.decision}`) : null,
    moves(one, done, { without: ["uphold", "change"] }));
}

/** Draw a result by its id; `?item=` lights one up. */
export async function show(view, context) {
  const { rest, query, who, can, again, say, signal } = context;
  const id = rest[0];
  const [result, kept, { cases }] = await Promise.all([
    call("GET", at(id)), call("GET", at(id, "transcript")).catch(() => null), call("GET", `/v1/cases?kind=appeal&subject=${encodeURIComponent(id)}`),
  ]);
  const spans = evidenceOf(result.items);
  const turns = kept?.transcript.turns ?? [];
  const done = (told) => { say(`${told.title ?? "已记下"}${told.state_name ? `：${told.state_name}` : ""}`); again(); };
  const judge = can("supervisor", "quality") && result.agent !== who.actor.id;
  const own = result.agent === who.actor.id && can("agent");
  const open = cases.filter((one) => one.state === "submitted");
  fill(view,
    make("header", { className: "head" }, make("h1", {}, `会话 ${result.transcript_id}`), open.length ? pill("有申诉待裁定", "tense") : null),
    make("div", { className: "two talk" },
      make("section", { className: "card" }, turns.length ? turnList(turns, (one, index) => said(one, spans.get(index) ?? []), (_, index) => missing(spans.get(index) ?? []))
        : make("p", { className: "empty" }, "这份会话的原文已过保存期，下面的依据引自当时的原话"),
        ...(turns.length ? [] : result.items.filter((item) => item.result === "fail").flatMap((item) => item.evidence.map((span) => make("p", { className: "small" }, `第 ${span.turn + 1} 轮 ${item.name}：${span.absent ? "应有而没有" : span.text}`))))),
      make("aside", { className: "stack" }, scoreCard(result),
        ...(judge ? open.map((one) => decision(one, result, done)) : []),
        ...cases.map((one) => appealed(one, done)), items(result, view), own ? appeal(result, cases, done) : null,
        rulings(result), judge && !open.length ? review(result, done) : null, summary(result.summary))));
  const wanted = query.get("item");
  if (wanted) {
    const row = view.querySelector(`.item[data-code="${CSS.escape(wanted)}"]`);
    if (row) {
      row.closest("details").open = true;
      row.dataset.first = "";
      requestAnimationFrame(() => { if (!signal.aborted) light(view, wanted); });
    }
  }
}
