// Entries that need a look: overdue for review, expired, unused, often dismissed, often rewritten.
import { call, fill, make } from "/web/page.js";
import { link, path, pill, table } from "/web/tables.js";
import { KINDS } from "/web/words.js";

const NAMES = { overdue: "已过复核日期", expired: "已过有效期", unused: "长期无人使用", dismissed: "常被弃用", edited: "常被改写后发送" };

/** Draw the list; `?reason=` shows one sort. */
export async function show(view, { query }) {
  const reason = query.get("reason");
  const told = await call("GET", `/v1/kb/stale?limit=300${reason ? `&reason=${encodeURIComponent(reason)}` : ""}`);
  const rows = told.entries.map((one) => [
    [link(path("kb", "entry", one.entry_id), one.title), one.hidden ? pill("暂不推荐", "hot") : null].filter(Boolean), KINDS[one.kind] ?? one.kind,
    one.reasons.map((why) => pill(why.name, why.code === "unused" ? "" : "tense")), one.owner ?? "–", one.review_due ?? "–", one.usage.offered ?? 0, one.usage.used ?? 0,
  ]);
  fill(view, make("header", { className: "head" }, make("h1", {}, "过期与少用"), make("span", { className: "soft" }, `近 ${told.days} 天`), make("span", { className: "grow" }),
    ...Object.entries(NAMES).map(([code, name]) => make("a", { href: reason === code ? "#/kb/stale" : `#/kb/stale?reason=${code}`, className: "pill", "aria-current": reason === code ? "true" : null }, `${name} ${told.counts[code]}`))),
    make("section", { className: "card" }, table(["条目", "类型", "原因", "负责人", "复核日期", "推荐", "采用"], rows, "没有需要看的条目")));
}
