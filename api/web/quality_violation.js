// The conversations behind a violation of a report, worst first; each opens with that item's evidence lit.
import { call, fill, make } from "/web/page.js";
import { conversations } from "/web/quality_report.js";
import { link, path, pill } from "/web/tables.js";

/** Draw `violation/CODE`; `?period=&date=&agent=&team=` say which report. */
export async function show(view, { rest, query }) {
  const period = query.get("period") ?? "weekly";
  const asked = new URLSearchParams([...query].filter(([name]) => ["date", "agent", "team"].includes(name)));
  const told = await call("GET", `/v1/reports/${period}/violations/${encodeURIComponent(rest[0])}?${asked}&limit=500`);
  const who = [query.get("agent"), query.get("team")].filter(Boolean).join("，");
  fill(view, make("header", { className: "head" }, make("h1", {}, told.problem), pill(`${told.count} 份`, "tense"), make("span", { className: "soft number" }, `${told.from.slice(0, 10)} 起${who ? `，${who}` : ""}`), make("span", { className: "grow" }),
    link(`${path("quality", "report", period)}?date=${told.from.slice(0, 10)}`, "返回报告")),
    make("section", { className: "card" }, told.count ? conversations(told.conversations, told.code) : make("p", { className: "empty" }, "没有会话落在这一项上")));
}
