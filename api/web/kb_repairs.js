// The repair queue: what an import could not take whole, mended or dismissed by a person.
import { area, field, form, text } from "/web/form.js";
import { call, fill, make } from "/web/page.js";
import { button, pill } from "/web/tables.js";

async function opened(one, place, done) {
  const whole = await call("GET", `/v1/kb/repairs/${one.id}`);
  const entry = whole.entry ?? whole.value ?? {};
  const fields = [field("title", text(entry.title ?? ""), { wide: true }), field("text", area(one.suggestion || entry.text || one.excerpt || "", 6), { wide: true })];
  const mend = form(fields, "改好了", async (values) => { await call("POST", `/v1/kb/repairs/${one.id}`, { ...values, revision: whole.revision }); done("已修好"); });
  const reason = field("reason", text("原文如此"), { label: "不改的理由", wide: true });
  const leave = form([reason], "不改", async (values) => { await call("POST", `/v1/kb/repairs/${one.id}/dismiss`, { ...values, revision: whole.revision }); done("已搁下"); }, { look: "" });
  fill(place, mend, leave);
  fields[1].control.focus();
}

/** Draw the queue. */
export async function show(view, { again, say }) {
  const { repairs } = await call("GET", "/v1/kb/repairs?limit=200");
  const done = (told) => { say(told); again(); };
  const row = (one) => {
    const place = make("div", { className: "asked" });
    return make("article", { className: "card" },
      make("div", { className: "top" }, make("h2", {}, one.title), one.overdue ? pill("逾期", "hot") : null, make("span", { className: "grow" }), button("处理", () => opened(one, place, done).catch((error) => say(error.message)))),
      one.excerpt ? make("p", { className: "text small" }, make("del", {}, one.excerpt)) : null, one.suggestion ? make("p", { className: "text small" }, make("ins", {}, one.suggestion)) : null, place);
  };
  fill(view, make("header", { className: "head" }, make("h1", {}, "待修"), pill(`${repairs.length} 处`)), ...(repairs.length ? repairs.map(row) : [make("p", { className: "empty card" }, "没有待修的内容")]));
}
