// Scoring blind: a transcript and the items of its form, nobody's verdict; for a sample and for a calibration.
import { area, choice, field, form } from "/web/form.js";
import { call, fill, make, percent } from "/web/page.js";
import { moves } from "/web/moves.js";
import { turnList } from "/web/quality_turns.js";
import { link, pill, table } from "/web/tables.js";

const WORDS = [["", "请选"], ["pass", "通过"], ["fail", "不通过"], ["na", "不适用"]];
const NAMES = Object.fromEntries(WORDS);

/** The sheet of items; `send({items, note})` is awaited. */
function sheet(told, send) {
  const fields = told.items.map((item) => field(`item:${item.code}`, choice(WORDS), { label: `${item.dimension} · ${item.name}${item.veto ? "（一票否决）" : ""}` }));
  const note = field("note", area("", 2), { wide: true });
  const given = (values) => Object.fromEntries(told.items.map((item) => [item.code, values[`item:${item.code}`]]).filter(([, word]) => word));
  return make("div", { className: "two talk" },
    make("section", { className: "card" }, told.transcript ? turnList(told.transcript.turns) : make("p", { className: "empty" }, "原文已过保存期")),
    make("aside", { className: "stack" }, make("section", { className: "card" }, make("h2", {}, `${told.form.name} ${told.form.version}`), form([...fields, note], "交盲评", (values) => send({ items: given(values), ...(values.note && { note: values.note }) })))));
}

function differences(told) {
  const people = told.scored;
  return make("section", { className: "card" }, make("h2", {}, "各人的评分"),
    make("p", { className: "soft" }, `一致性 α ${told.alpha === null ? "–" : told.alpha.toFixed(2)}${told.waiting.length ? `，还等 ${told.waiting.join("、")}` : ""}`),
    table(["评分项", "机器", ...people, "一致"], [
      ["得分", String(told.scores.machine), ...people.map((name) => String(told.scores[name])), ""],
      ...told.differences.map((item) => [item.name, NAMES[item.machine], ...people.map((name) => NAMES[item.people[name]] ?? "–"), item.agreed ? "" : pill(percent(item.share ?? 0), "tense")]),
    ]));
}

/** Draw a task of a sample (`blind/ID`), or a calibration (`calibration/ID`). */
export async function show(view, { rest, again, say, go }) {
  const [id, kind] = rest;
  const way = kind === "calibration" ? `/v1/quality/calibrations/${encodeURIComponent(id)}` : `/v1/quality/blind/${encodeURIComponent(id)}`;
  const told = await call("GET", way);
  const send = async (body) => { await call("POST", kind ? `${way}/scores` : way, body); say("已交"); if (kind) again(); else go("#/quality/samples"); };
  const done = (one) => { say(`${one.title}：${one.state_name}`); again(); };
  fill(view, make("header", { className: "head" }, make("h1", {}, told.title), pill(told.state_name, told.final ? "" : "tense"), link(kind ? "#/cases/calibration" : "#/quality/samples", "返回")),
    kind ? make("section", { className: "card" }, moves(told, done)) : null,
    told.items && told.form ? sheet(told, send) : differences(told));
}
