// The trial of a change: who takes part and for how long, and what they did with its texts beside everybody else.
import { field, form, number, words } from "/web/form.js";
import { bars } from "/web/charts.js";
import { call, make, percent } from "/web/page.js";
import { facts, table } from "/web/tables.js";
import { ACTIONS, when } from "/web/words.js";

/** The form that begins a trial. */
export function trialForm(change, done) {
  const fields = [
    field("teams", words(), { label: "参加的班组" }), field("agents", words(), { label: "参加的坐席（工号）" }),
    field("percent", number("", { min: 0, max: 100 }), { label: "另取坐席的百分之几" }), field("days", number(14, { min: 7, max: 14 }), { label: "天数（7–14）" }),
  ];
  const send = async (values) => done(await call("POST", `/v1/kb/changes/${change}/trial`, values));
  return make("section", { className: "card" }, make("h2", {}, "开始试运行"), make("p", { className: "small soft" }, "只有参加者读到新文，别人照旧。"), form(fields, "开始试运行", send));
}

const rate = (side) => (side.rate === null ? "–" : percent(side.rate));

/** The figures of a trial. */
export async function trialFigures(change) {
  const told = await call("GET", `/v1/kb/changes/${change}/trial`);
  const who = [told.cohort.teams.length ? `班组 ${told.cohort.teams.join("、")}` : "", told.cohort.agents.length ? `坐席 ${told.cohort.agents.join("、")}` : "", told.cohort.percent ? `${told.cohort.percent}%` : ""].filter(Boolean).join("，");
  const actions = Object.keys(ACTIONS).filter((name) => told.trial.actions[name] || told.others.actions[name]);
  return make("section", { className: "card", id: "trial" }, make("h2", {}, told.over ? "试运行（已结束）" : "试运行"),
    facts([["参加者", who], ["开始", when(told.began)], [told.over ? "结束" : "将结束", when(told.ended ?? told.ends)]]),
    bars([
      { code: "", name: "参加者采用率", value: told.trial.rate ?? 0, shown: rate(told.trial), total: 1 },
      { code: "", name: "其他人采用率", value: told.others.rate ?? 0, shown: rate(told.others), total: 1 },
    ]),
    table(["", "推荐", "采用", "坐席数", ...actions.map((name) => ACTIONS[name])],
      [["参加者", told.trial], ["其他人", told.others]].map(([name, side]) => [name, side.offered, side.used, side.agents, ...actions.map((action) => side.actions[action] ?? 0)])),
    told.feedback.length ? make("details", {}, make("summary", {}, `最近的 ${told.feedback.length} 次使用`),
      table(["时间", "坐席", "条目", "做法", "发出的文字"], told.feedback.slice(-20).reverse().map((one) => [when(one.at), one.by, one.entry_id, ACTIONS[one.action] ?? one.action, one.final_text ?? ""]))) : null);
}
