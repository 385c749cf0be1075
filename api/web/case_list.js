// Cases of one kind as a table with their moves: appeals, red cards, rectifications, calibrations, …
import { approvals } from "/web/approvals.js";
import { field, form, text, words } from "/web/form.js";
import { history, moves } from "/web/moves.js";
import { call, fill, make } from "/web/page.js";
import { button, facts, link, path, pill } from "/web/tables.js";
import { FIELDS, when } from "/web/words.js";

export const KINDS = {
  appeal: "申诉", review: "复核", red_card: "红牌警告", rectification: "整改", calibration: "评分校准", coaching: "辅导计划", improvement: "周复盘改进",
  follow_up: "回访任务", second_complaint: "二次投诉", feedback: "客户反馈登记", service_record: "服务流程记录", weak_rule: "规则待人工",
};
/** Where a case of a kind is looked at. */
const talk = (one) => path("quality", "talk", one.subject);
const AT = { appeal: talk, review: talk, rectification: talk, service_record: talk, calibration: (one) => path("quality", "blind", one.id, "calibration") };

function calibrating(again) {
  const fields = [field("title", text("", { placeholder: "如：十二月校准" })), field("result_id", text("", { placeholder: "qs_…" }), { label: "质检结果编号" }), field("participants", words(), { label: "参加的人（工号，至少两人）" })];
  return make("details", { className: "card" }, make("summary", {}, "排一次校准"), form(fields, "排期", async (values) => { await call("POST", "/v1/quality/calibrations", values); again(); }));
}

const told = (value) => (Array.isArray(value) ? value.map((one) => (typeof one === "object" ? JSON.stringify(one) : one)).join("、") : typeof value === "object" && value !== null ? Object.entries(value).map(([name, one]) => `${name} ${one}`).join("，") : value);

function row(one, who, done, say) {
  const place = make("div", {});
  const more = async () => {
    if (place.childElementCount) { fill(place); return; }
    try {
      const whole = await call("GET", `/v1/cases/${one.id}`);
      fill(place, facts(Object.entries(whole.data).map(([name, value]) => [FIELDS[name] ?? name, told(value)])), history(whole.history, Object.fromEntries(whole.moves.map((step) => [step.code, step.name]))));
    } catch (error) { say(error.message); }
  };
  return make("article", { className: "card" },
    make("div", { className: "top" }, make("h2", {}, AT[one.kind] && one.subject ? link(AT[one.kind](one), one.title) : one.title), pill(one.state_name, one.final ? "" : one.overdue ? "hot" : "tense"),
      make("span", { className: "small soft grow" }, [one.owner && `负责 ${one.owner}`, `${one.created_by} · ${when(one.created_at)}`, !one.final && one.due_at && `${when(one.due_at, true)} 前${one.overdue ? "（已逾期）" : ""}`].filter(Boolean).join(" · ")), button("详情", more, "quiet")),
    one.data.reason ? make("p", { className: "text" }, one.data.reason) : null, one.approvals?.needed?.length ? approvals(one, who, done) : null, moves(one, done), place);
}

/** Draw the cases of a kind; `?all=1` shows what is settled, too. */
export async function show(view, { rest, query, who, can, again, say }) {
  const kind = rest[0] in KINDS ? rest[0] : "appeal";
  const { cases } = await call("GET", `/v1/cases?kind=${kind}&limit=200`);
  const all = query.has("all");
  const shown = cases.filter((one) => all || !one.final);
  const late = cases.filter((one) => one.overdue && !one.final).length;
  const done = (one) => { say(`${one.title}：${one.state_name}`); again(); };
  fill(view, make("header", { className: "head" }, make("h1", {}, KINDS[kind]), pill(`${shown.length} 件`), late ? pill(`${late} 件逾期`, "hot") : null, make("span", { className: "grow" }), link(`${path("cases", kind)}${all ? "" : "?all=1"}`, all ? "只看未了结" : "也看已了结")),
    kind === "calibration" && can("supervisor", "quality") ? calibrating(again) : null,
    ...(shown.length ? shown.map((one) => row(one, who, done, say)) : [make("p", { className: "empty card" }, `没有${all ? "" : "未了结的"}${KINDS[kind]}`)]));
}
