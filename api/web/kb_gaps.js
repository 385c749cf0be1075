// What was asked and not answered, in themes: how often, by how many, who should own it, and what it was turned into.
import { call, fill, make, percent } from "/web/page.js";
import { button, link, path, pill } from "/web/tables.js";
import { when } from "/web/words.js";

const MADE = { proposal: "优化建议", trigger: "变更触发" };

function gap(one, most, again, say) {
  const turn = (kind) => call("POST", `/v1/kb/gaps/${encodeURIComponent(one.id)}/proposal`, { kind }).then(() => { say(`已转为${MADE[kind]}`); again(); }).catch((error) => say(error.message));
  const weight = make("i", {});
  weight.style.width = percent(one.count / most);
  return make("article", { className: "card gap" },
    make("div", { className: "top" }, make("h2", {}, one.title), make("span", { className: "meter wide-meter", "aria-hidden": "true" }, weight), make("strong", { className: "number" }, `${one.count} 次`), make("span", { className: "small soft" }, `${one.customers} 位客户`)),
    make("p", { className: "text" }, `“${one.core}”`),
    make("p", { className: "small soft" }, `应由 ${one.owner || "（未定）"} 负责 · ${one.category.name} · ${when(one.first_at)} 至 ${when(one.last_at)}`),
    one.nearest_entry ? make("p", { className: "small" }, "最接近的条目：", link(path("kb", "entry", one.nearest_entry.entry_id), one.nearest_entry.title), make("span", { className: "soft" }, `（把握 ${percent(one.nearest_entry.confidence)}）`)) : null,
    one.questions.length > 1 ? make("details", {}, make("summary", {}, `都怎么问（${one.questions.length} 种）`), make("ul", { className: "said-list" }, ...one.questions.map((text) => make("li", {}, typeof text === "string" ? text : text.text)))) : null,
    make("div", { className: "row" }, ...one.cases.map((made) => pill(`已转为${MADE[made.kind] ?? made.kind}`, "calm")),
      ...Object.keys(MADE).filter((kind) => !one.cases.some((made) => made.kind === kind)).map((kind) => button(`转为${MADE[kind]}`, () => turn(kind)))));
}

/** Draw the gaps of the last `?days=`. */
export async function show(view, { query, again, say, go }) {
  const days = Number(query.get("days")) || 30;
  const told = await call("GET", `/v1/kb/gaps?days=${days}&limit=50`);
  const most = Math.max(...told.clusters.map((one) => one.count), 1);
  fill(view, make("header", { className: "head" }, make("h1", {}, "知识缺口"), make("span", { className: "soft" }, `近 ${days} 天 ${told.questions} 个问题没有好答案，归为 ${told.total} 个主题`), make("span", { className: "grow" }),
    ...[7, 30, 90].map((span) => button(`${span} 天`, () => go(`#/kb/gaps?days=${span}`), span === days ? "main" : ""))),
    ...(told.clusters.length ? told.clusters.map((one) => gap(one, most, again, say)) : [make("p", { className: "empty card" }, "这段时间没有知识缺口")]));
}
