// What happened in the business and calls for a change: which entries it concerns, and whether one was started in time.
import { field, form, text, words } from "/web/form.js";
import { call, fill, make } from "/web/page.js";
import { link, path, pill } from "/web/tables.js";
import { when } from "/web/words.js";

function trigger(one, can) {
  const late = one.alerts.length > 0;
  return make("article", { className: "card trigger" },
    make("div", { className: "top" }, make("h2", {}, one.title), pill(late ? "逾期未启动" : one.state_name, late ? "hot" : one.state === "open" ? "tense" : "calm"),
      make("span", { className: "small soft grow" }, `${one.created_by} · ${when(one.created_at)}`),
      one.change ? link(path("kb", "change", one.change), "看修订") : can("editor") ? link(`#/kb/changes?${new URLSearchParams({ trigger: one.id, what: one.title })}`, "开始修订") : null),
    make("p", { className: "small soft" }, `涉及 ${one.entries.length} 条${one.state === "open" ? `，${when(one.due_at, true)} 前须启动修订` : ""}`),
    make("p", { className: "small chips" }, ...one.entries.slice(0, 12).map((entry) => link(path("kb", "entry", entry.entry_id), entry.title)), one.entries.length > 12 ? ` 等 ${one.entries.length} 条` : null));
}

/** Draw the triggers and the form for a new one. */
export async function show(view, { can, again, say }) {
  const told = await call("GET", "/v1/kb/triggers");
  const fields = [
    field("what", text("", { placeholder: "如：运费规则下月调整" }), { label: "发生了什么", wide: true }),
    field("tags", words(), { label: "涉及的标签" }), field("entities", words(), { label: "涉及的词", hint: "标题、问法或正文里提到的" }), field("entry_ids", words(), { label: "涉及的条目编号" }),
  ];
  const send = async (values) => { await call("POST", "/v1/kb/triggers", values); say("已登记"); again(); };
  fill(view, make("header", { className: "head" }, make("h1", {}, "变更触发"), told.overdue ? pill(`${told.overdue} 项逾期`, "hot") : null),
    make("details", { className: "card", open: !told.triggers.length }, make("summary", {}, "登记一件业务变化"), form(fields, "登记，列出涉及的条目", send)),
    ...(told.triggers.length ? told.triggers.map((one) => trigger(one, can)) : [make("p", { className: "empty card" }, "还没有触发")]));
}
