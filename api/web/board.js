// Today on one screen: numbers redrawn within two seconds of an event.
import { bars } from "/web/charts.js";
import { finder } from "/web/finder.js";
import { call, fill, follow, make, one, percent, warmth } from "/web/page.js";
import { CODES } from "/web/words.js";

const STATES = { bot: "机器人", requested: "请求人工", offered: "等待接入", accepted: "已接入", human: "人工", closed: "已结束" };

const counted = (counts) => Object.entries(counts || {}).map(([code, value]) => ({ code, name: CODES[code] || code, value }));
const sum = (counts) => Object.values(counts || {}).reduce((total, value) => total + value, 0);

function conversations(list, empty) {
  if (!list.length) return make("p", { className: "empty" }, empty);
  return make("table", {}, make("tbody", {}, ...list.slice(0, 8).map((row) => {
    const mood = row.trajectory?.value ?? 0;
    return make("tr", {},
      make("td", {}, make("code", {}, row.conversation_id.slice(-8))),
      make("td", {}, make("span", { className: "pill" }, STATES[row.state] || row.state)),
      make("td", { className: "number" }, `${row.turns} 轮`),
      make("td", {}, make("span", { className: `pill ${warmth(mood)}` }, `情绪 ${mood.toFixed(2)}`)),
      make("td", { className: "soft number small" }, new Date(row.updated_at).toLocaleTimeString("zh-CN")));
  })));
}

function scores(list) {
  if (!list.length) return make("p", { className: "empty" }, "今天还没有质检结果");
  const head = make("tr", {}, ...["会话", "坐席", "得分", "等级", "扣分"].map((name) => make("th", {}, name)));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...list.slice(0, 12).map((result) => {
    const failed = result.items.filter((item) => item.result === "fail");
    return make("tr", {},
      make("td", {}, make("a", { href: `#/quality/talk/${encodeURIComponent(result.id)}` }, result.transcript_id)),
      make("td", {}, result.agent || "–"),
      make("td", { className: "number" }, result.score === null ? "–" : result.score.toFixed(1)),
      make("td", {}, make("span", { className: `pill ${result.veto ? "hot" : result.score >= 80 ? "calm" : "tense"}` }, result.veto ? "一票否决" : result.grade)),
      make("td", {}, failed.length ? make("details", {}, make("summary", {}, failed.map((item) => item.name).join("、")), ...failed.flatMap(evidence)) : "–"));
  })));
}

function evidence(item) {
  return item.evidence.slice(0, 3).map((span) =>
    make("p", { className: "small soft" }, span.absent ? `第 ${span.turn + 1} 轮：${item.name}——此处应有而没有` : `第 ${span.turn + 1} 轮：「${span.text}」`));
}

function show(board, results) {
  const text = (id, value) => { one(id).textContent = value; };
  const { routes, handoffs, suggestions, quality } = board;
  text("#as-of", `截至 ${new Date(board.as_of).toLocaleTimeString("zh-CN")}`);
  text("#routed", routes.total);
  text("#routed-note", routes.total ? `自动 ${percent((routes.by_automation.auto || 0) / routes.total)}，人工 ${percent((routes.by_automation.manual || 0) / routes.total)}` : "");
  text("#handed", sum(handoffs.by_action));
  text("#handed-note", `等待接入 ${board.conversations.waiting.length}`);
  text("#scored", quality.scored);
  text("#scored-note", quality.mean === null ? "" : `均分 ${quality.mean.toFixed(1)}，一票否决 ${quality.vetoes}`);
  text("#suggested", suggestions.made);
  text("#suggested-note", `已发送 ${suggestions.by_action.sent || 0}，弃答 ${suggestions.abstained}`);
  fill(one("#waiting"), conversations(board.conversations.waiting, "没有等待接入的会话"));
  fill(one("#latest"), conversations(board.conversations.latest, "今天还没有会话"));
  fill(one("#categories"), bars(counted(routes.by_category)));
  fill(one("#priorities"), bars([...counted(routes.by_priority), ...counted(routes.by_automation).map((row) => ({ ...row, name: `${row.name}处理` }))]));
  fill(one("#reasons"), bars(counted(handoffs.by_reason), "今天没有转接"));
  fill(one("#grades"), bars(counted(quality.grades), "今天还没有质检结果"));
  const named = new Map(results.flatMap((result) => result.items.map((item) => [item.code, item.name])));
  fill(one("#violations"), bars(quality.violations.slice(0, 8).map((row) => ({ code: row.code, name: named.get(row.code) || row.code, value: row.rate, shown: percent(row.rate), total: 1 })), "今天没有扣分"));
  fill(one("#agents"), bars(quality.agents.slice(0, 8).map((row) => ({ code: row.agent, name: row.agent, value: row.mean, shown: row.mean.toFixed(1), total: 100 })), "今天还没有质检结果"));
  fill(one("#results"), scores(results));
}

async function refresh(signal) {
  const [board, scored] = await Promise.all([call("GET", "/v1/board"), call("GET", "/v1/quality/results?limit=50").catch(() => ({ results: [] }))]);
  if (!signal.aborted) show(board, scored.results);
}

/** Draw the board and keep it true until `signal` ends. */
export async function board(signal) {
  await refresh(signal);
  if (signal.aborted) return;
  one("#live").textContent = "实时";
  one("#live").className = "pill calm";
  let due = null;
  const soon = () => {
    due ??= setTimeout(() => { due = null; refresh(signal).catch(() => {}); }, 700);
  };
  follow("/v1/events", soon, signal);
  const again = setInterval(() => refresh(signal).catch(() => {}), 30000);
  signal.addEventListener("abort", () => {
    clearInterval(again);
    clearTimeout(due);
    one("#live").textContent = "";
    one("#live").className = "pill";
    one("#as-of").textContent = "";
  });
}

finder(one("#find"), one("#finds"), (item) => { one("#found").textContent = `${item.title}：${item.answer}`; });
