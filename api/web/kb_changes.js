// The changes of the handbook: what is under way, and the form that opens one.
import { area, field, flag, form, text, words } from "/web/form.js";
import { call, fill, make } from "/web/page.js";
import { path, link, pill, table } from "/web/tables.js";
import { when } from "/web/words.js";

export const STATES = [["assess", "需求评估"], ["revise", "内容修订"], ["review", "审核"], ["trial", "试运行"], ["published", "发布"]];
const tone = (one) => (one.overdue && !one.final ? "hot" : one.state === "published" ? "calm" : one.final ? "" : "tense");

/** Where a change stands, as five steps. */
export function steps(state) {
  const at = STATES.findIndex(([code]) => code === (state === "decision" ? "trial" : state));
  return make("ol", { className: "stages five", "aria-label": "所处步骤" }, ...STATES.map(([code, name], index) =>
    make("li", { className: index < at || state === "published" ? "done" : index === at ? "now" : "", "aria-current": index === at ? "step" : null }, name)));
}

/** Draw the list; `?trigger=` opens the form for a trigger. */
export async function show(view, { query, can, go }) {
  const trigger = query.get("trigger");
  const { changes } = await call("GET", "/v1/kb/changes?limit=200");
  const rows = changes.map((one) => [
    link(path("kb", "change", one.id), one.title), [pill(one.state_name, tone(one)), one.data.major ? pill("重大", "hot") : null].filter(Boolean),
    one.data.entries?.length ?? 0, one.created_by, when(one.created_at), one.final || one.state === "published" ? "–" : when(one.due_at),
  ]);
  const fields = [
    field("title", text(query.get("what") ?? "", { placeholder: "如：运费政策调整" }), { label: "修订什么", wide: true }),
    field("reason", area("", 2), { label: "为什么", wide: true }),
    field("tags", words(), { hint: "决定谁来会签，如：价格、赔付" }), field("major", flag(), { label: "重大变更：三方会签，发布须提前 7 天通知" }),
    field("from_draft", flag(), { label: "把现有草稿整个移入" }),
  ];
  const send = async (values) => go(path("kb", "change", (await call("POST", "/v1/kb/changes", { ...values, ...(trigger && { trigger }) })).id));
  fill(view, make("header", { className: "head" }, make("h1", {}, "手册修订")),
    can("editor") ? make("details", { className: "card", open: Boolean(trigger) || !changes.length }, make("summary", {}, trigger ? `为触发 ${trigger} 开始一项修订` : "开始一项修订"), form(fields, "开始修订", send)) : null,
    make("section", { className: "card" }, table(["修订", "状态", "条目", "发起人", "发起于", "到期"], rows, "还没有修订")));
}
