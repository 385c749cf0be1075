// One number: its definition, its course, its parts, its change; and the facts behind it, which add up to it.
import { bars, line } from "/web/charts.js";
import { call, fill, make } from "/web/page.js";
import { figure } from "/web/quality_numbers.js";
import { link, path, pill, table } from "/web/tables.js";
import { when } from "/web/words.js";

const BY = { agent: "坐席", team: "班组", category: "类别", channel: "渠道", region: "地区", customer: "客户", hour: "时段", day: "日", week: "周", month: "月", path: "类别路径", tier: "客户等级", touchpoint: "触点", subtype: "细分问题", queue: "队列", grade: "等级" };
const STATES = { green: "calm", yellow: "tense", red: "hot", grey: "" };
const COURSE = ["day", "week", "month"];

const asked = (query, more = {}) => {
  const made = new URLSearchParams([...query].filter(([name]) => ["from", "to", "where"].includes(name)));
  for (const [name, value] of Object.entries(more)) if (value !== undefined) made.append(name, value);
  return made;
};
const narrowed = (query) => query.getAll("where").map((one) => { const [field, value] = one.split(/:(.*)/s); return `${BY[field] ?? field} ${value}`; }).join("，");

function change(told, unit) {
  if (!told.compare) return null;
  const { delta, delta_unit: of, before, sure } = told.compare;
  return make("p", { className: "small soft" }, delta === null ? "上一段时间没有可比的数" : `上一段时间 ${figure(before.value, unit)}，${delta > 0 ? "+" : ""}${delta} ${of}${sure ? "，变化可信" : "，可能只是波动"}`);
}

function parts(told, metric, query, by) {
  if (!told.groups?.length) return make("p", { className: "empty" }, "没有数据");
  const href = (key) => `${path("quality", "metric", metric.code, "events")}?${asked(query, { where: `${by}:${key}` })}`;
  const rows = told.groups.slice(0, 40).map((one) => [key(one.key) ? link(href(one.key), one.name) : one.name, one.value === null ? "–" : one.value, one.n, one.enough ? "" : pill("样本少")]);
  return make("div", { className: "stack" }, bars(told.groups.slice(0, 12).map((one) => ({ code: "", name: one.name, value: Math.max(0, one.value ?? 0), shown: figure(one.value, metric.unit), href: key(one.key) ? href(one.key) : undefined }))), table([BY[by] ?? by, metric.unit || "数", "n", ""], rows));
}
const key = (name) => name !== "" && name !== "未知";

async function number(view, code, query, go) {
  const by = query.get("by") ?? "";
  const { metrics } = await call("GET", "/v1/metrics");
  const known = metrics.find((one) => one.code === code);
  const course = COURSE.find((one) => known?.by.includes(one));
  const [told, over] = await Promise.all([
    call("GET", `/v1/metrics/${code}?${asked(query, { compare: "previous", ...(by && { by }) })}`),
    course ? call("GET", `/v1/metrics/${code}?${asked(query, { by: course })}`) : null,
  ]);
  const { metric } = told;
  const select = make("select", { "aria-label": "按什么分", on: { change: () => go(`${path("quality", "metric", code)}?${asked(query, select.value ? { by: select.value } : {})}`) } },
    make("option", { value: "" }, "不分"), ...(known?.by ?? []).map((name) => make("option", { value: name, selected: name === by }, BY[name] ?? name)));
  fill(view, make("header", { className: "head" }, make("h1", {}, metric.name), make("span", { className: "soft number" }, `${told.from} 至 ${told.to}${narrowed(query) ? `，${narrowed(query)}` : ""}`), make("span", { className: "grow" }), link("#/quality/numbers", "全部指标")),
    make("div", { className: "halves" },
      make("section", { className: "card" }, make("p", { className: "big-number number" }, figure(told.value, metric.unit)), told.interval ? make("p", { className: "small soft number" }, `95% 区间 ${told.interval.join("–")}`) : null,
        make("p", { className: "small soft" }, `n=${told.n}${told.enough ? "" : "，样本不足以下结论"}`), change(told, metric.unit), told.alarm ? make("p", { className: "hot-text" }, told.alarm.text) : null,
        link(`${path("quality", "metric", code, "events")}?${asked(query)}`, "看算进去的每一件")),
      make("section", { className: "card" }, make("h2", {}, "定义"), make("p", {}, metric.about), metric.formula ? make("p", { className: "small soft" }, String(metric.formula)) : null,
        ...told.targets.map((one) => make("p", {}, pill(`目标 ${figure(one.goal, metric.unit)}`, STATES[one.colour] ?? ""), ` ${one.owner} · ${one.due} 前${one.progress === null ? "" : `，已完成 ${one.progress}%`}`))),
      over?.chart ? make("section", { className: "card full" }, make("h2", {}, `按${BY[course]}`), line(over.chart.points.map((one) => ({ name: one.x.slice(5) || one.x, value: one.y, shown: String(one.y ?? "") })), { reference: over.chart.reference })) : null,
      make("section", { className: "card full" }, make("div", { className: "top head" }, make("h2", {}, "分开看"), select), by ? parts(told, metric, query, by) : make("p", { className: "small soft" }, "选一项，看是谁、哪里拉高或拉低了它"))));
}

async function events(view, code, query, signal) {
  const list = make("div", { className: "stack" });
  const told = await call("GET", `/v1/metrics/${code}/events?${asked(query, { limit: 200 })}`);
  const { metric } = told;
  const row = (one) => [
    one.values.result ? link(path("quality", "talk", one.values.result), one.subject) : one.subject ?? one.id, when(one.at), one.agent ?? "–", one.team ?? "–", one.category ?? "–",
    one.values.score ?? "–", one.of === undefined || one.of === 1 ? String(one.added) : `${one.added} / ${one.of}`, one.values.quote ?? one.values.comment ?? "",
  ];
  const draw = (page) => list.append(table(["对象", "时间", "坐席", "班组", "类别", "得分", "算进", "原话"], page.events.map(row), "没有算进任何一件"));
  const more = async (next) => {
    const page = await call("GET", `/v1/metrics/${code}/events?${asked(query, { limit: 200, after: next })}`);
    if (!signal.aborted) { draw(page); going(page.next); }
  };
  const going = (next) => { if (next) { const press = make("button", { type: "button", on: { click: () => { press.remove(); more(next); } } }, "再看 200 件"); list.append(press); } };
  fill(view, make("header", { className: "head" }, make("h1", {}, `${metric.name}：算进去的每一件`), make("span", { className: "soft number" }, `${told.from} 至 ${told.to}${narrowed(query) ? `，${narrowed(query)}` : ""}`), make("span", { className: "grow" }), link(`${path("quality", "metric", code)}?${asked(query)}`, "回到指标")),
    make("p", { className: "note" }, metric.about), make("section", { className: "card tight" }, list));
  if (told.uses) list.append(make("p", {}, "由这些指标算出：", ...told.uses.map((name) => link(`${path("quality", "metric", name, "events")}?${asked(query)}`, `${name} `))));
  else { draw(told); going(told.next); }
}

/** Draw `metric/CODE`, or its facts (`metric/CODE/events`); `?from=&to=&where=field:value&by=`. */
export async function show(view, { rest, query, go, signal }) {
  const code = encodeURIComponent(rest[0]);
  return rest[1] === "events" ? events(view, code, query, signal) : number(view, code, query, go);
}
