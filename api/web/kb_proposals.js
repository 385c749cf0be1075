// The inbox of proposals, and the week's by theme.
import { moves } from "/web/moves.js";
import { call, fill, make } from "/web/page.js";
import { link, path, pill } from "/web/tables.js";
import { when } from "/web/words.js";

function proposal(one, done) {
  return make("article", { className: "card" },
    make("div", { className: "top" }, pill(one.type_name), pill(one.state_name, one.final ? "" : one.overdue ? "hot" : "tense"), make("span", { className: "small soft grow" }, `${one.created_by} · ${when(one.created_at)}`),
      one.subject ? link(path("kb", "entry", one.subject), one.data.entry_title ?? one.subject) : null, one.change ? link(path("kb", "change", one.change), "看修订") : null),
    make("p", { className: "text" }, one.text), one.reason ? make("p", { className: "small soft" }, `处理意见：${one.reason}`) : null,
    one.merged_into ? make("p", { className: "small soft" }, `并入 ${one.merged_into.id}（${one.merged_into.state_name}）`) : null,
    moves(one, done, { main: "accept" }));
}

/** Draw the inbox; `?state=all` shows what is settled, too. */
export async function show(view, { query, again, say }) {
  const all = query.get("state") === "all";
  const [{ proposals }, week] = await Promise.all([call("GET", "/v1/kb/proposals?limit=200"), call("GET", "/v1/kb/proposals/digest").catch(() => null)]);
  const wanted = proposals.filter((one) => all || !one.final);
  const done = (told) => { say(`${told.title}：${told.state_name}`); again(); };
  fill(view, make("header", { className: "head" }, make("h1", {}, "优化建议"), pill(`${wanted.length} 条`), make("span", { className: "grow" }), link(all ? "#/kb/proposals" : "#/kb/proposals?state=all", all ? "只看未了结" : "也看已了结")),
    week?.clusters?.length ? make("details", { className: "card" }, make("summary", {}, `${week.week} 按主题（${week.proposals} 条）`), make("ul", { className: "said-list" }, ...week.clusters.map((one) => make("li", {}, `${one.title} · ${one.count} 条 · ${one.authors} 人`)))) : null,
    ...(wanted.length ? wanted.map((one) => proposal(one, done)) : [make("p", { className: "empty card" }, "收件箱是空的")]));
}
