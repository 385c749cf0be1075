// The numbers that are read together, and every definition in force.
import { call, fill, make } from "/web/page.js";
import { link, path, table } from "/web/tables.js";

/** A number with its unit; "–" where there is none. */
export const figure = (value, unit) => (value === null || value === undefined ? "–" : `${value}${unit === "%" ? "%" : unit ? ` ${unit}` : ""}`);

function tile(one) {
  return make("a", { className: "card tile", href: path("quality", "metric", one.code), title: one.about },
    make("h2", { className: "soft" }, one.name), make("p", { className: "big" }, one.value === null ? "–" : String(one.value), make("span", { className: "small soft" }, one.unit ? ` ${one.unit}` : "")),
    make("p", { className: "small soft" }, one.n ? `n=${one.n}${one.enough ? "" : "，样本不足"}` : "没有数据"));
}

/** Draw the boards of the last 30 days and the list of metrics. */
export async function show(view) {
  const told = await call("GET", "/v1/metrics");
  const boards = await Promise.all(told.boards.map((one) => call("GET", `/v1/metrics/boards/${one.code}`)));
  fill(view, make("header", { className: "head" }, make("h1", {}, "指标"), make("span", { className: "soft" }, "近 30 天")),
    ...boards.map((one) => make("section", { className: "stack" }, make("h2", { title: one.about }, one.name), make("div", { className: "tiles" }, ...one.metrics.map(tile)))),
    make("details", { className: "card" }, make("summary", {}, `全部指标（${told.metrics.length}）`), table(["指标", "单位", "定义"], told.metrics.map((one) => [link(path("quality", "metric", one.code), one.name), one.unit, one.about]))));
}
