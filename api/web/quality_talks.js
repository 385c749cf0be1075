// Scored transcripts, newest first: by agent, by item, by form. What a report counted leads here.
import { call, fill, make } from "/web/page.js";
import { link, path, pill, table } from "/web/tables.js";
import { when } from "/web/words.js";

const failed = (result) => (result.failed ?? result.items.filter((item) => item.result === "fail").map((item) => item.code));

/** Draw the list; `?agent=&item=&grade=&since=&until=` narrow it. */
export async function show(view, { query, can, who }) {
  const wanted = Object.fromEntries(query);
  const asked = new URLSearchParams({ limit: 500, ...(wanted.agent && { agent: wanted.agent }), ...(wanted.since && { since: wanted.since }) });
  const { results } = await call("GET", `/v1/quality/results?${asked}`);
  const names = new Map(results.flatMap((one) => one.items.map((item) => [item.code, item.name])));
  const shown = results.filter((one) => (!wanted.item || failed(one).includes(wanted.item)) && (!wanted.grade || one.grade === wanted.grade) && (!wanted.veto || one.veto) && (!wanted.until || one.at < wanted.until));
  const rows = shown.slice(0, 200).map((one) => [
    link(`${path("quality", "talk", one.id)}${wanted.item ? `?item=${encodeURIComponent(wanted.item)}` : ""}`, one.transcript_id), one.agent ?? "–", one.score ?? "–",
    [pill(one.veto ? "一票否决" : one.grade, one.veto ? "hot" : one.score >= 80 ? "calm" : "tense"), one.ruled ? pill("已裁定") : null].filter(Boolean),
    failed(one).map((code) => names.get(code) ?? code).join("、") || "–", when(one.at),
  ]);
  const told = [wanted.agent && `坐席 ${wanted.agent}`, wanted.item && `扣分项 ${names.get(wanted.item) ?? wanted.item}`, wanted.grade && `等级 ${wanted.grade}`, wanted.veto && "一票否决", wanted.since && `${when(wanted.since, true)} 起`, wanted.until && `${when(wanted.until, true)} 止`].filter(Boolean);
  const own = !can("supervisor", "quality");
  const agent = make("input", { type: "search", name: "agent", value: wanted.agent ?? "", placeholder: "工号", "aria-label": "坐席工号" });
  const item = make("select", { name: "item", "aria-label": "扣分项" }, make("option", { value: "" }, "全部扣分项"), ...[...names].map(([code, name]) => make("option", { value: code, selected: code === wanted.item }, name)));
  const box = make("form", { className: "row card" }, own ? null : agent, item, make("button", { className: "main" }, "筛选"), told.length ? link("#/quality/talks", "全部") : null);
  box.addEventListener("submit", (event) => {
    event.preventDefault();
    const { item: was, agent: by, ...rest } = wanted;
    location.hash = `#/quality/talks?${new URLSearchParams({ ...rest, ...(agent.value.trim() && !own && { agent: agent.value.trim() }), ...(item.value && { item: item.value }) })}`;
  });
  fill(view, make("header", { className: "head" }, make("h1", {}, own ? `${who.actor.name ?? who.actor.id} 的质检` : "质检会话"), pill(`${shown.length} 份`), make("span", { className: "soft small" }, told.join("，"))),
    box, make("section", { className: "card" }, table(["会话", "坐席", "得分", "等级", "扣分项", "评于"], rows, "没有符合的会话")));
}
