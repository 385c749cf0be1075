// Notices of major changes of the handbook: read, and acknowledged by whom they went to.
import { call, fill, make } from "/web/page.js";
import { button, facts, pill } from "/web/tables.js";
import { when } from "/web/words.js";

/** Draw an agent's notices, those that wait first. */
export async function show(view, { again, say }) {
  const { notices } = await call("GET", "/v1/kb/notices");
  const done = (one) => call("POST", `/v1/kb/notices/${encodeURIComponent(one.id)}/ack`).then(() => { say("已确认"); again(); }).catch((error) => say(error.message));
  const waiting = notices.filter((one) => one.state === "sent");
  const row = (one) => make("article", { className: "card" }, make("div", { className: "top" }, make("h2", {}, one.title), pill(one.state === "sent" ? (one.overdue ? "逾期未确认" : "待确认") : "已确认", one.state === "sent" ? (one.overdue ? "hot" : "tense") : "calm"), make("span", { className: "grow" }),
    one.state === "sent" ? button("我已读过", () => done(one), "main") : null),
  facts([["为什么", one.reason], ["生效", when(one.effective_from)], ["版本", one.release], ["条目", (one.entries ?? []).join("、")], ["确认于", one.acknowledged_at && when(one.acknowledged_at)]]));
  fill(view, make("header", { className: "head" }, make("h1", {}, "手册通知"), pill(`${waiting.length} 条待确认`, waiting.length ? "tense" : "")),
    ...(notices.length ? [...waiting, ...notices.filter((one) => one.state !== "sent")].map(row) : [make("p", { className: "empty card" }, "没有通知")]));
}
