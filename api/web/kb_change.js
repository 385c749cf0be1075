// One change from its beginning to its effect: content, approvals, trial, publishing, and what came of it.
import { approvals } from "/web/approvals.js";
import { finder } from "/web/finder.js";
import { field, form, moment } from "/web/form.js";
import { steps } from "/web/kb_changes.js";
import { difference } from "/web/kb_diff.js";
import { effect } from "/web/kb_effect.js";
import { trialFigures, trialForm } from "/web/kb_trial.js";
import { history, moves } from "/web/moves.js";
import { call, fill, make } from "/web/page.js";
import { button, facts, link, path, pill, table } from "/web/tables.js";
import { when } from "/web/words.js";

const OPEN = new Set(["assess", "revise", "review"]);
const MAIN = { assess: "revise", revise: "submit" };
const NAMES = { revise: "开始修订", decline: "不予修订", submit: "提交审核", trial: "开始试运行", end_trial: "结束试运行", publish: "发布", return: "退回修订", retire: "停用" };
const at = (id, ...more) => `/v1/kb/changes/${[id, ...more].map(encodeURIComponent).join("/")}`;

function adding(change, go) {
  const input = make("input", { type: "search", autocomplete: "off", placeholder: "找要改的条目：汉字、拼音、首字母", "aria-label": "找要改的条目" });
  const finds = make("ul", { className: "finds", hidden: true });
  finder(input, finds, (item) => go(`${path("kb", "edit", item.entry_id)}?change=${change.id}`));
  return make("section", { className: "card finder" }, make("div", { className: "row" }, input, link(`#/kb/edit?change=${change.id}`, "新增条目")), finds);
}

function publishing(change, done) {
  const week = new Date(Date.now() + 7 * 86400e3 + 3600e3).toISOString();
  const fields = [
    field("effective_from", moment(change.data.effective_from ?? ""), { label: "何时生效", hint: change.data.major ? `重大变更：至少提前 7 天（${when(week)} 以后），逐人通知` : "空着即刻生效" }),
    field("effective_to", moment(), { label: "何时失效", hint: "空着长期有效" }),
  ];
  const send = async (values) => done(await call("POST", at(change.id, "publish"), values));
  return make("section", { className: "card", id: "publish" }, make("h2", {}, "发布"), form(fields, "发布为一个版本", send));
}

async function notices(change) {
  const { notices: told, counts } = await call("GET", `/v1/kb/notices?change=${encodeURIComponent(change.id)}`);
  if (!told.length) return null;
  return make("section", { className: "card", id: "notices" }, make("h2", {}, `通知 ${counts.acknowledged} / ${counts.sent} 人已确认`),
    table(["收件人", "生效", "状态", "确认于"], told.map((one) => [one.to, when(one.effective_from), pill(one.state === "acknowledged" ? "已确认" : one.overdue ? "逾期未确认" : "待确认", one.state === "acknowledged" ? "calm" : one.overdue ? "hot" : "tense"), when(one.acknowledged_at)])));
}

/** What a change holds, each with what may be done to it. */
function content(change, diff, editable, again, say) {
  const beside = (one) => (!editable ? [] : [
    one.op === "removed" ? null : link(`${path("kb", "edit", one.entry_id)}?change=${change.id}`, "改"),
    button("移出", () => call("DELETE", `${at(change.id, "entries", one.entry_id)}?undo=true`).then(again).catch((error) => say(error.message)), "quiet"),
  ]);
  if (!diff.entries.length) return [make("p", { className: "empty card" }, "还没有内容：在上面找到要改的条目，或新增一条")];
  return diff.entries.map((one) => difference(one, ...beside(one)));
}

/** Draw a change by its id. */
export async function show(view, { rest, who, can, again, go, say }) {
  const change = await call("GET", at(rest[0]));
  const diff = await call("GET", at(rest[0], "diff"));
  const tried = change.history.some((event) => event.move === "trial");
  const done = (told) => { say(`${told.title}：${told.state_name}`); again(); };
  const editor = can("editor");
  const may = (code) => change.moves.some((step) => step.code === code && step.may);
  fill(view,
    make("header", { className: "head" }, make("h1", {}, change.title), pill(change.state_name, change.final ? "" : "calm"), change.data.major ? pill("重大", "hot") : null, make("span", { className: "grow" }),
      OPEN.has(change.state) && diff.entries.length && editor ? link(`#/kb/search?change=${change.id}`, "检索预览") : null),
    steps(change.state),
    make("div", { className: "two" },
      make("div", { className: "stack" },
        change.state === "published" ? await effect(change.id) : null,
        OPEN.has(change.state) && editor ? adding(change, go) : null,
        change.stale.length ? make("p", { className: "note hot-text" }, `${change.stale.join("、")} 在此期间被别人改过：请打开重新核对`) : null,
        ...content(change, diff, OPEN.has(change.state) && editor, again, say)),
      make("aside", { className: "stack" },
        make("section", { className: "card" }, facts([["理由", change.data.reason], ["标签", (change.data.tags ?? []).join("、")], ["发起", `${change.created_by} ${when(change.created_at)}`],
          ["到期", change.state === "published" || change.final ? null : when(change.due_at)], ["版本", change.data.release], ["生效", change.data.in_force_from && when(change.data.in_force_from)], ["触发", change.data.trigger && [link("#/kb/triggers", "看触发")]]]),
          moves(change, done, { without: ["trial", "publish"], plain: ["revise"], main: MAIN[change.state] })),
        change.approvals && change.approvals.needed.length ? approvals(change, who, done) : null,
        change.state === "review" && may("trial") && !change.approvals.missing.length ? trialForm(change.id, done) : null,
        tried && !OPEN.has(change.state) ? await trialFigures(change.id) : null,
        may("publish") ? publishing(change, done) : null,
        await notices(change),
        make("section", { className: "card" }, make("h2", {}, "经过"), history(change.history, NAMES)))));
}
