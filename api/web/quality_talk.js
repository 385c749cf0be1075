// One scored transcript: its turns with the evidence in place, rule by rule; its score, and what people said of it.
import { moves } from "/web/moves.js";
import { call, fill, make } from "/web/page.js";
import { RESULTS, evidencedTurns, itemList, light } from "/web/quality_evidence.js";
import { appeal, decision, review } from "/web/quality_hearing.js";
import { depositing, rectifying } from "/web/quality_followed.js";
import { facts, pill } from "/web/tables.js";
import { when } from "/web/words.js";

const SOURCES = { review: "复核", appeal: "申诉", health: "规则自检", calibration: "校准" };
const at = (id, ...more) => `/v1/quality/results/${[id, ...more].map(encodeURIComponent).join("/")}`;

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
  const turns = kept?.transcript.turns ?? [];
  const done = (told) => { say(`${told.title ?? "已记下"}${told.state_name ? `：${told.state_name}` : ""}`); again(); };
  const judge = can("supervisor", "quality") && result.agent !== who.actor.id;
  const own = result.agent === who.actor.id && can("agent");
  const open = cases.filter((one) => one.state === "submitted");
  fill(view,
    make("header", { className: "head" }, make("h1", {}, `会话 ${result.transcript_id}`), open.length ? pill("有申诉待裁定", "tense") : null),
    make("div", { className: "two talk" },
      make("section", { className: "card" }, turns.length ? evidencedTurns(turns, result.items)
        : make("p", { className: "empty" }, "这份会话的原文已过保存期，下面的依据引自当时的原话"),
        ...(turns.length ? [] : result.items.filter((item) => item.result === "fail").flatMap((item) => item.evidence.map((span) => make("p", { className: "small" }, `第 ${span.turn + 1} 轮 ${item.name}：${span.absent ? "应有而没有" : span.text}`))))),
      make("aside", { className: "stack" }, scoreCard(result),
        ...(judge ? open.map((one) => decision(one, result, done)) : []),
        ...cases.map((one) => appealed(one, done)), itemList(result, view), own ? appeal(result, cases, done) : null,
        rulings(result), judge && !open.length ? review(result, done) : null, judge ? rectifying(result, done) : null, kept && can("supervisor", "editor") ? depositing(kept.transcript, say) : null, summary(result.summary))));
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
