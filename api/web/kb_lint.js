// What is wrong with the handbook: contradictions, twins, dead slots, removed steps, the gravest first.
import { marked } from "/web/marks.js";
import { call, fill, make } from "/web/page.js";
import { link, path, pill } from "/web/tables.js";
import { SEVERITIES } from "/web/words.js";

function finding(one) {
  const [name, tone] = SEVERITIES[one.severity];
  return make("article", { className: "card" }, make("div", { className: "top" }, pill(name, tone), make("h2", {}, one.message)),
    ...one.entries.map((spot) => make("p", { className: "small" }, link(path("kb", "entry", spot.entry_id), spot.title), spot.text ? "：" : "", ...(spot.text ? marked(spot.text, [{ start: 0, end: [...spot.text].length }]) : []))),
    one.expected ? make("p", { className: "small soft" }, `应为：${one.expected}`) : null);
}

/** Draw the findings; `?severity=` shows one sort, `?release=draft` those of the draft. */
export async function show(view, { query }) {
  const draft = query.get("release") === "draft";
  const wanted = query.get("severity");
  const told = await call("GET", `/v1/kb/lint${draft ? "?release=draft" : ""}`);
  const shown = told.issues.filter((one) => !wanted || one.severity === wanted);
  const sort = (code, [name, tone]) => make("a", { href: `#/kb/lint?severity=${code}${draft ? "&release=draft" : ""}`, className: `pill ${tone}`, "aria-current": wanted === code ? "true" : null }, `${name} ${told.counts[code]}`);
  fill(view, make("header", { className: "head" }, make("h1", {}, "巡检"), make("span", { className: "soft" }, `${draft ? "草稿" : told.release}，${told.entries} 条`), make("span", { className: "grow" }),
    ...Object.entries(SEVERITIES).map(([code, names]) => sort(code, names)), link(draft ? "#/kb/lint" : "#/kb/lint?release=draft", draft ? "看现行版本" : "看草稿")),
    ...(shown.length ? shown.slice(0, 200).map(finding) : [make("p", { className: "empty card" }, "没有发现问题")]));
}
