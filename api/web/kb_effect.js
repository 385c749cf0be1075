// What came of a published change: 30 days before beside 30 days after, each figure with its count and whether it is chance.
import { pair } from "/web/charts.js";
import { call, make, percent } from "/web/page.js";
import { pill } from "/web/tables.js";
import { when } from "/web/words.js";

/** How a figure is read: its words, the top of its column, and whether more is better. */
const UNITS = {
  share: { shown: percent, top: () => 1, more: true },
  "0..2": { shown: (value) => value.toFixed(2), top: () => 2, more: true },
  "0..100": { shown: (value) => value.toFixed(1), top: () => 100, more: true },
  hours: { shown: (value) => `${value.toFixed(1)} 小时`, top: (one) => Math.max(one.before ?? 0, one.after ?? 0), more: false },
};

function figure(one) {
  const unit = UNITS[one.unit];
  const side = (name, value, n) => ({ name, value, shown: value === null ? "无数据" : unit.shown(value), note: `n=${n}` });
  const better = one.delta === null || one.delta === 0 ? "" : (one.delta > 0) === unit.more ? "good" : "hot";
  const verdict = !one.enough ? ["样本不足", ""] : !one.significant ? ["没有显著差别", ""] : better === "good" ? ["显著变好", "calm"] : ["显著变差", "hot"];
  const moved = one.delta === null ? "" : `${one.delta > 0 ? "+" : one.delta < 0 ? "−" : ""}${unit.shown(Math.abs(one.delta))}`;
  return make("article", { className: "figure" }, make("h3", {}, one.name),
    pair(side("前 30 天", one.before, one.n.before), side("后 30 天", one.after, one.n.after), unit.top(one), better),
    make("p", {}, make("strong", { className: "number" }, moved), " ", pill(...verdict)),
    one.p === null ? null : make("p", { className: "small soft number" }, `p = ${one.p < 0.0001 ? "<0.0001" : one.p.toFixed(4)}`));
}

/** The report of a published change. */
export async function effect(change) {
  const told = await call("GET", `/v1/kb/changes/${change}/effect`);
  const state = told.ready ? pill("完整", "calm") : pill(`已过 ${Math.floor(told.days)} 天，${when(told.ready_at, true)} 完整`, "tense");
  return make("section", { className: "card", id: "effect" },
    make("div", { className: "top" }, make("h2", {}, "前后效果"), state, make("span", { className: "small soft" }, `${told.release} 自 ${when(told.in_force_from)} 起生效`)),
    make("div", { className: "figures" }, ...Object.values(told.metrics).map(figure)));
}
