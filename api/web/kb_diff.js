// What a change does to its entries: text piece by piece, other fields before and after.
import { make } from "/web/page.js";
import { pill, table } from "/web/tables.js";
import { FIELDS } from "/web/words.js";

const OPS = { added: ["新增", "calm"], removed: ["撤下", "hot"], changed: ["修改", "tense"], same: ["没有变化", ""] };

const shown = (value) => (value === null || value === undefined ? "–" : Array.isArray(value) ? value.map((one) => one.name ?? one).join("、") : String(value));

const KEPT = 2; // letters in common between two edits from which they are kept: a single one only tears words apart

/** A text with what went and what came. */
export function pieces(parts) {
  const joined = [];
  parts.forEach((one, at) => {
    const torn = one.op === "equal" && at > 0 && at < parts.length - 1 && [...one.after.text].length < KEPT;
    const last = joined.at(-1);
    if (one.op === "equal" && !torn) joined.push({ kept: one.after.text });
    else if (last && last.kept === undefined) { last.before += one.before.text; last.after += one.after.text; }
    else joined.push({ before: one.before.text, after: one.after.text });
  });
  return joined.flatMap((one) => (one.kept !== undefined ? [one.kept] : [one.before ? make("del", {}, one.before) : null, one.after ? make("ins", {}, one.after) : null])).filter(Boolean);
}

function text(one) {
  const whole = one.fields.find((field) => field.field === "text");
  if (!whole) return null;
  return make("p", { className: "text" }, ...(one.op === "changed" ? pieces(one.text) : [make(one.op === "added" ? "ins" : "del", {}, whole.after ?? whole.before)]));
}

/** One entry's difference; `beside` stands in its head. */
export function difference(one, ...beside) {
  const others = one.fields.filter((field) => !["text", "id"].includes(field.field) && (one.op === "changed" || field.field !== "title"));
  const [name, tone] = OPS[one.op];
  return make("article", { className: "card diff" },
    make("div", { className: "top" }, make("h2", {}, one.title), pill(name, tone), make("span", { className: "small soft grow" }, one.entry_id), ...beside), text(one),
    others.length ? table(["字段", "原来", "改为"], others.map((field) => [FIELDS[field.field] ?? field.field, shown(field.before), shown(field.after)])) : null);
}
