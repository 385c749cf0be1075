// The supervisor's and the agent's own pages: which view an address (#/…) means, and who may see it.
// One module a view, loaded when it is opened.
import { call, fill, make, one, pageName, signedIn } from "/web/page.js";

/** [address, name, scopes that it is for (any)], in groups, for each page. */
const RAILS = {
  supervisor: [
    ["", [["today", "今日", ["supervisor"]]]],
    ["知识库", [
      ["kb/search", "检索与条目", ["supervisor", "editor"]],
      ["kb/changes", "修订", ["supervisor", "editor"]],
      ["kb/triggers", "变更触发", ["supervisor", "editor"]],
      ["kb/import", "导入", ["editor"]],
      ["kb/repairs", "待修", ["editor"]],
      ["kb/gaps", "知识缺口", ["supervisor", "editor"]],
      ["kb/proposals", "优化建议", ["supervisor", "editor"]],
      ["kb/lint", "巡检", ["editor"]],
      ["kb/stale", "过期与少用", ["supervisor", "editor"]],
      ["kb/releases", "版本", ["editor"]],
    ]],
    ["质检", [
      ["quality/report", "报告", ["supervisor", "quality"]],
      ["quality/numbers", "指标", ["supervisor", "quality"]],
      ["quality/audit", "月稽核与评估", ["supervisor", "quality"]],
      ["quality/talks", "质检会话", ["supervisor", "quality"]],
      ["quality/samples", "抽检", ["supervisor", "quality"]],
      ["quality/forms", "质检表", ["quality"]],
    ]],
    ["督导", [
      ["cases/appeal", "申诉", ["supervisor", "quality"]],
      ["cases/review", "复核", ["supervisor", "quality"]],
      ["cases/calibration", "评分校准", ["supervisor", "quality"]],
      ["cases/red_card", "红牌警告", ["supervisor", "quality"]],
      ["cases/rectification", "整改", ["supervisor", "quality"]],
      ["cases/coaching", "辅导计划", ["supervisor", "quality"]],
      ["cases/improvement", "周复盘改进", ["supervisor", "quality"]],
      ["cases/follow_up", "回访任务", ["supervisor", "quality"]],
      ["cases/second_complaint", "二次投诉", ["supervisor", "quality"]],
      ["cases/feedback", "客户反馈", ["supervisor", "quality"]],
      ["cases/service_record", "服务记录", ["supervisor", "quality"]],
      ["cases/weak_rule", "规则待人工", ["supervisor", "quality"]],
    ]],
  ],
  desk: [["", [
    ["quality/talks", "我的质检", ["agent"]],
    ["cases/appeal", "我的申诉", ["agent"]],
    ["my/notices", "手册通知", ["agent"]],
    ["my/proposals", "优化建议", ["agent"]],
    ["cases/follow_up", "回访任务", ["agent"]],
    ["cases/service_record", "服务记录", ["agent"]],
    ["cases/coaching", "辅导计划", ["agent"]],
    ["cases/rectification", "整改", ["agent"]],
    ["cases/red_card", "红牌警告", ["agent"]],
  ]]],
};
const RAIL = RAILS[pageName];
/** Address to module; what follows the first two words is the view's. */
const VIEWS = {
  "kb/search": "kb_search", "kb/entry": "kb_entry", "kb/edit": "kb_edit", "kb/changes": "kb_changes", "kb/change": "kb_change",
  "kb/triggers": "kb_triggers", "kb/import": "kb_import", "kb/repairs": "kb_repairs", "kb/gaps": "kb_gaps",
  "kb/proposals": "kb_proposals", "kb/lint": "kb_lint", "kb/stale": "kb_stale", "kb/releases": "kb_releases",
  "quality/report": "quality_report", "quality/violation": "quality_violation",
  "quality/audit": "quality_audit", "quality/numbers": "quality_numbers", "quality/metric": "quality_metric", "quality/talks": "quality_talks", "quality/talk": "quality_talk", "quality/samples": "quality_samples", "quality/blind": "quality_blind", "quality/forms": "quality_forms", "quality/form": "quality_form", cases: "case_list", "my/notices": "my_notices", "my/proposals": "my_proposals",
};
/** Views that stand under another one's name in the rail. */
const UNDER = { "kb/entry": "kb/search", "kb/edit": "kb/search", "kb/change": "kb/changes", "quality/talk": "quality/talks", "quality/blind": "quality/samples", "quality/form": "quality/forms", "quality/violation": "quality/report", "quality/metric": "quality/numbers" };
/** Which cases a link of the rail stands for. */
const KIND_OF = { "kb/changes": "change", "kb/triggers": "trigger", "kb/repairs": "repair", "kb/proposals": "proposal", "my/notices": "notice", "my/proposals": "proposal" };
const SCOPES = { agent: "坐席", supervisor: "主管", quality: "质检", editor: "编辑", admin: "管理员" };

let who = null;
let open = new AbortController();

const can = (...scopes) => scopes.some((scope) => who.covers.includes(scope));

/** Say something that happened, in the corner, for some seconds. */
let quiet = null;
function say(text) {
  one("#said").textContent = text;
  clearTimeout(quiet);
  quiet = setTimeout(() => { one("#said").textContent = ""; }, 6000);
}

function rail(current) {
  const groups = RAIL.map(([name, links]) => [name, links.filter(([, , scopes]) => can(...scopes))]).filter(([, links]) => links.length);
  fill(one("#rail"), ...groups.flatMap(([name, links]) => [
    name ? make("h2", {}, name) : null,
    ...links.map(([at, label]) => make("a", { href: `#/${at}`, "aria-current": at === current ? "page" : null, "data-kind": KIND_OF[at] ?? (at.startsWith("cases/") ? at.slice(6) : null) }, label)),
  ]));
  badges();
}

/** How many cases are open behind each link; those with late ones stand out. */
async function badges() {
  const { kinds } = await call("GET", "/v1/cases/counts").catch(() => ({ kinds: {} }));
  for (const link of document.querySelectorAll("#rail a[data-kind]")) {
    const told = kinds[link.dataset.kind];
    link.querySelector(".badge")?.remove();
    if (told?.open) link.append(make("span", { className: `badge${told.overdue ? " late" : ""}`, title: told.overdue ? `${told.overdue} 件逾期` : "未了结" }, String(told.open)));
  }
}

/** What an address says: the view's name, what follows it, and its query. */
function read(hash) {
  const [way, query] = hash.replace(/^#\/?/, "").split("?");
  const parts = way.split("/").filter(Boolean).map(decodeURIComponent);
  const name = [2, 1].map((length) => parts.slice(0, length).join("/")).find((key) => key in VIEWS);
  const rest = name ? parts.slice(name.split("/").length) : [];
  return { name: name ?? null, rest, query: new URLSearchParams(query ?? "") };
}

async function show() {
  open.abort();
  open = new AbortController();
  const { signal } = open;
  const asked = read(location.hash);
  const name = asked.name ?? RAIL.flatMap(([, links]) => links).find(([, , scopes]) => can(...scopes))[0];
  const whole = asked.rest.length ? `${name}/${asked.rest[0]}` : name;
  rail(UNDER[name] ?? (name in VIEWS && name.includes("/") ? name : whole));
  if (one("#today")) one("#today").hidden = name !== "today";
  one("#view").hidden = name === "today";
  if (name === "today") {
    document.title = "主管台 · Zuoxi 坐席";
    const { board } = await import("/web/board.js");
    return board(signal).catch((error) => say(error.message));
  }
  const view = make("div", { className: "sheet" });
  try {
    const module = await import(`/web/${VIEWS[name]}.js`);
    const go = (address) => (location.hash === address ? show() : (location.hash = address));
    await module.show(view, { rest: asked.rest, query: asked.query, who, can, say, go, again: show, signal });
  } catch (error) {
    fill(view, make("p", { className: "wrong", role: "alert" }, error.message));
  }
  if (signal.aborted) return;
  fill(one("#view"), view);
  one("#view").scrollTop = 0;
  document.title = `${view.querySelector("h1")?.textContent ?? "主管台"} · Zuoxi 坐席`;
  if (!view.contains(document.activeElement)) (view.querySelector("[data-first]") ?? one("#view")).focus({ preventScroll: true });
}

function start(person) {
  who = person;
  fill(one("#view")); // what the last person saw is not shown to this one
  one("#who").textContent = `${who.actor.name ?? who.actor.id} · ${SCOPES[who.scope] ?? who.scope}`;
  return show();
}

window.addEventListener("hashchange", show);
window.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, textarea, select")) return;
  const search = document.querySelector("#view:not([hidden]) input[type=search], #today:not([hidden]) input[type=search]");
  if (search) { search.focus(); event.preventDefault(); }
});
signedIn(start);
