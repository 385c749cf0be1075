// What an agent would change in the handbook, and what became of it.
import { area, choice, field, form, text } from "/web/form.js";
import { moves } from "/web/moves.js";
import { call, fill, make } from "/web/page.js";
import { pill } from "/web/tables.js";
import { when } from "/web/words.js";

const ABOUT = [["missing", "缺少内容"], ["wrong", "内容有误"], ["wording", "说法不好用"], ["outdated", "已经过时"], ["other", "其他"]];

/** Draw the form and the agent's own proposals. */
export async function show(view, { again, say }) {
  const { proposals } = await call("GET", "/v1/kb/proposals?limit=100");
  const fields = [field("text", area("", 3), { label: "哪里可以更好", wide: true }), field("kind", choice(ABOUT, "missing"), { label: "属于" }), field("entry_id", text("", { placeholder: "如：faq-0018" }), { label: "条目编号（可不填）" })];
  const send = async (values) => { await call("POST", "/v1/kb/proposals", values); say("已提交"); again(); };
  const done = (one) => { say(one.state_name); again(); };
  fill(view, make("header", { className: "head" }, make("h1", {}, "优化建议")), make("section", { className: "card" }, form(fields, "提建议", send)),
    ...proposals.map((one) => make("article", { className: "card" }, make("div", { className: "top" }, pill(one.type_name), pill(one.state_name, one.final ? "" : "tense"), make("span", { className: "small soft" }, when(one.created_at))),
      make("p", { className: "text" }, one.text), one.reason ? make("p", { className: "small soft" }, `处理意见：${one.reason}`) : null, moves(one, done))));
}
