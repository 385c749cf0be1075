// What may be done with a case, and what happened to it: the same for every kind of case.
import { area, choice, field, flag, form, moment, number, text, words } from "/web/form.js";
import { call, fill, make } from "/web/page.js";
import { button } from "/web/tables.js";
import { FIELDS, MOVES, when } from "/web/words.js";

const LONG = new Set(["reason", "decision", "plan", "evidence", "result", "conclusion", "root_cause", "measures", "effect"]);

function control(need) {
  if (need.form === "texts") return words();
  if (need.form === "time") return moment();
  if (need.form === "flag") return flag();
  if (need.form.startsWith("number")) return number();
  if (need.form.includes("|")) return choice(need.form.split("|").map((one) => [one, one]));
  return LONG.has(need.name) ? area("", 3) : text();
}

/** Buttons for the moves the caller may make; one that takes fields asks for them (not those in `plain`). `done(case)` follows. */
export function moves(one, done, { without = [], plain = [], main = null } = {}) {
  const place = make("div", { className: "asked" });
  const take = async (code, fields) => done(await call("POST", `/v1/cases/${one.id}/moves`, { move: code, fields, revision: one.revision }));
  const press = (step) => {
    const needs = plain.includes(step.code) ? [] : step.needs.filter((need) => need.form !== "any");
    if (!needs.length) {
      fill(place);
      return take(step.code, {}).catch((error) => fill(place, make("p", { className: "wrong", role: "alert" }, error.message)));
    }
    const fields = needs.map((need) => field(need.name, control(need), { label: (FIELDS[need.name] ?? need.name) + (need.required ? "" : "（可不填）"), wide: LONG.has(need.name) }));
    fill(place, form(fields, step.name, (values) => take(step.code, values), { beside: [button("不做了", () => fill(place), "quiet")] }));
    fields[0].control.focus();
  };
  const may = one.moves.filter((step) => step.may && !without.includes(step.code));
  return make("div", { className: "moves" },
    make("div", { className: "row" }, ...may.map((step) => {
      const made = button(step.name, () => press(step), step.code === main ? "main" : "");
      made.dataset.move = step.code;
      return made;
    })), place);
}

/** What happened, newest first. */
export function history(events, names = {}) {
  const word = (event) => names[event.move] ?? MOVES[event.move] ?? event.move;
  return make("ol", { className: "history" }, ...[...events].reverse().map((event) => make("li", {},
    make("span", { className: "small soft number" }, when(event.at)),
    make("span", {}, make("strong", {}, word(event)), ` ${event.by ?? ""}`),
    event.data?.role ? make("span", { className: "pill" }, event.data.role) : null,
    event.note || event.data?.reason ? make("span", { className: "small soft" }, event.note || event.data.reason) : null)));
}
