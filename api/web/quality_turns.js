// A transcript as a list of turns; what stands in a turn is the caller's.
import { make } from "/web/page.js";

const ROLES = { customer: "客户", agent: "客服", supervisor: "主管", bot: "机器人", system: "系统" };
const SIDES = { agent: "mine", supervisor: "mine", bot: "bot", system: "system" };

/** The turns; `said(turn, index)` gives a turn's children, `after(turn, index)` list items behind it. */
export function turnList(turns, said = (one) => [one.text], after = () => []) {
  return make("ol", { className: "turns" }, ...turns.flatMap((one, index) => [
    make("li", { className: `turn ${SIDES[one.role] ?? one.role}`, id: `turn-${index}` },
      make("span", { className: "who" }, `${index + 1} · ${ROLES[one.role] ?? one.role}`, one.at ? make("time", { className: "number" }, new Date(one.at).toLocaleTimeString("zh-CN")) : null),
      make("p", {}, ...said(one, index))),
    ...after(one, index),
  ]));
}
