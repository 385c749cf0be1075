// The hearing of a result: an agent contests items, somebody else decides, a reviewer looks again.
import { area, choice, field, flag, form } from "/web/form.js";
import { call, make } from "/web/page.js";

const WORDS = [["pass", "通过"], ["fail", "不通过"], ["na", "不适用"]];
const failed = (result) => result.items.filter((item) => item.result === "fail");

/** An agent's appeal: which items, and why. */
export function appeal(result, before, done) {
  const contested = new Set(before.filter((one) => one.state !== "withdrawn").flatMap((one) => one.data.items));
  const left = failed(result).filter((item) => !contested.has(item.code));
  if (!left.length) return null;
  const boxes = left.map((item) => field(`item:${item.code}`, flag(), { label: `${item.name}：${item.reason}`, wide: true }));
  const reason = field("reason", area("", 3), { label: "为什么不该扣", wide: true });
  const send = async (values) => done(await call("POST", `/v1/quality/results/${result.id}/appeals`, { items: left.filter((item) => values[`item:${item.code}`]).map((item) => item.code), reason: values.reason }));
  return make("section", { className: "card", id: "appeal" }, make("h2", {}, "申诉"), make("p", { className: "small soft" }, "每一项只能申诉一次，由另一个人裁定"), form([...boxes, reason], "提出申诉", send));
}

function verdicts(items, first) {
  return items.map((item) => field(`item:${item.code}`, choice(WORDS, first ?? item.result), { label: item.name }));
}
const given = (values) => Object.fromEntries(Object.entries(values).filter(([name]) => name.startsWith("item:")).map(([name, word]) => [name.slice(5), word]));

/** The word on an open appeal: uphold it, or change the items it contests. */
export function decision(one, result, done) {
  const fields = verdicts(result.items.filter((item) => one.data.items.includes(item.code)), "pass");
  const reason = field("reason", area("", 3), { label: "裁定的理由", wide: true });
  const send = (word) => async (values) => done(await call("POST", `/v1/quality/appeals/${one.id}/decision`, { decision: word, reason: values.reason, ...(word === "change" && { items: given(values) }) }));
  return make("section", { className: "card", id: "decision" }, make("h2", {}, `${one.created_by} 的申诉`), make("p", { className: "text" }, one.data.reason),
    form([...fields, reason], "改判", send("change"), { beside: [upholding(() => reason.read(), send("uphold"))] }));
}

function upholding(read, send) {
  const wrong = make("span", { className: "wrong", role: "alert" });
  const press = async () => {
    try { await send({ reason: read() ?? "" }); } catch (error) { wrong.textContent = error.message; }
  };
  return make("span", { className: "row" }, make("button", { type: "button", on: { click: press } }, "维持原判"), wrong);
}

/** A second look: as it stands, or with other words on some items. */
export function review(result, done) {
  const items = result.items.filter((item) => item.result !== "na");
  const fields = verdicts(items);
  const reason = field("reason", area("", 2), { label: "理由（改判必填）", wide: true });
  const send = async (values) => {
    const words = Object.fromEntries(Object.entries(given(values)).filter(([code, word]) => items.find((item) => item.code === code).result !== word));
    done(await call("POST", `/v1/quality/results/${result.id}/review`, { ...(Object.keys(words).length && { items: words }), ...(values.reason && { reason: values.reason }) }));
  };
  return make("details", { className: "card", id: "review" }, make("summary", {}, "复核"), form([...fields, reason], "记下复核", send));
}
