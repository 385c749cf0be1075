// Trying a form before it is put: on sentences and on a past conversation, node by node; then on everything that was kept.
import { area, choice, field, form, number } from "/web/form.js";
import { call, fill, make } from "/web/page.js";
import { RESULTS, evidencedTurns, itemList } from "/web/quality_evidence.js";
import { path, link, pill, table } from "/web/tables.js";

const STATES = { hit: ["命中", "tense"], miss: ["未命中", ""], unknown: ["无从判断", ""] };

/** Why an item came out as it did: every node of its rule. */
function nodes(item) {
  if (!item.rules?.length) return null;
  return make("details", { className: "small nodes" }, make("summary", {}, "逐条规则"), make("ul", { className: "said-list" }, ...item.rules.map((one) => make("li", {}, pill(...STATES[one.state]), ` ${one.text}`, one.reason ? make("span", { className: "soft" }, `：${one.reason}`) : null,
    ...one.evidence.slice(0, 3).map((span) => make("mark", {}, span.text || `第 ${span.turn + 1} 轮`))))));
}

function tried(one) {
  const box = make("div", { className: "two talk tried" });
  fill(box, make("section", { className: "card" }, evidencedTurns(one.turns, one.items)),
    make("aside", { className: "stack" }, make("section", { className: "card" }, make("div", { className: "top" }, make("strong", { className: "big-number number" }, String(one.score)), pill(one.veto ? "一票否决" : one.grade, one.veto ? "hot" : ""))), itemList(one, box, nodes)));
  return box;
}

/** The live test: sentences or a past conversation, with the text that stands in the editor. `again()` repeats the last one. */
export function trying(way, toml, past) {
  const place = make("div", { className: "stack", "aria-live": "polite" });
  const sentences = field("sentences", area("", 4), { label: "例句：一行一段，话轮用 | 隔开", hint: "客户：退款怎么还没到|客服：这个不归我管", wide: true });
  const result = field("result_id", choice([["", "不用"], ...past.map((one) => [one.id, `${one.transcript_id}（${one.agent ?? "–"}，${one.score}）`])]), { label: "或一段评过的会话" });
  let last = null;
  const run = async (values) => {
    const lines = (values.sentences ?? "").split("\n").map((one) => one.trim()).filter(Boolean);
    last = { ...(lines.length && { sentences: lines }), ...(values.result_id && { result_id: values.result_id }) };
    const told = await call("POST", `${way}/try`, { toml: toml(), ...last });
    fill(place, ...told.tried.map(tried));
  };
  const again = async () => {
    if (!last) return;
    const told = await call("POST", `${way}/try`, { toml: toml(), ...last }).catch(() => null);
    if (told) fill(place, ...told.tried.map(tried));
  };
  return { box: make("section", { className: "stack", id: "trying" }, make("div", { className: "card" }, make("h2", {}, "试一试"), form([sentences, result], "试评", run)), place), again };
}

function moved(told) {
  const word = (name) => RESULTS[name]?.[0] ?? name;
  const change = (one) => one.items.map((item) => `${item.name}：${item.from === item.to && item.points ? `${item.points.from} 分 → ${item.points.to} 分` : `${word(item.from)} → ${word(item.to)}`}`).join("；");
  const mean = told.mean ? Object.values(told.mean).map((one) => one ?? "无").join(" → ") : "";
  return make("div", { className: "stack" },
    make("p", {}, make("strong", {}, `${told.compared} 段会话，${told.changed} 段结果不同`), mean ? `，均分 ${mean}` : "", told.without_old ? `；${told.without_old} 段${told.why}` : ""),
    table(["评分项", "原来不通过", "改后不通过", "变动"], told.items.filter((one) => one.moved || one.repointed).map((one) => [one.name, one.before.fail, one.after.fail, Math.max(one.moved, one.repointed)]), "没有一项变动"),
    told.results.length ? table(["会话", "坐席", "原来", "改后", "哪些项"], told.results.slice(0, 100).map((one) => [
      one.result_id ? link(path("quality", "talk", one.result_id), one.transcript_id) : one.transcript_id, one.agent ?? "–", one.from ? `${one.from.score} ${one.from.grade}` : "无", `${one.to.score} ${one.to.grade}`, change(one),
    ])) : null);
}

/** The backtest: what was kept of the last days, by the form in force and by the text in the editor. */
export function backtesting(way, toml) {
  const place = make("div", { "aria-live": "polite" });
  const limit = field("limit", number(200, { min: 1, max: 1000 }), { label: "至多几段" });
  const run = async (values) => {
    fill(place, make("p", { className: "empty" }, "正在回测……"));
    try {
      fill(place, moved(await call("POST", `${way}/backtest`, { toml: toml(), ...values })));
    } catch (error) { fill(place); throw error; }
  };
  return make("section", { className: "card", id: "backtest" }, make("h2", {}, "回测近 30 天"), form([limit], "回测", run, { look: "" }), place);
}
