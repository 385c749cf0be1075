// The supervisor's board: today's numbers, redrawn within two seconds of an event.
import { finder } from "/web/finder.js";
import { call, draw, fill, follow, make, one, percent, signedIn, warmth } from "/web/page.js";

const CODES = {
  complaint: "投诉", after_sales: "售后", operation: "办理", inquiry: "咨询", proposal: "建议", other: "其他",
  normal: "普通", urgent: "紧急", critical: "重大", auto: "自动", suggest: "建议", manual: "人工",
  sensitive: "敏感问题", asked: "要求人工", vip: "贵宾客户", anger: "情绪激动", repeat: "被迫重复",
  unanswered: "未能回答", no_progress: "没有进展",
};
const STATES = { bot: "机器人", requested: "请求人工", offered: "等待接入", accepted: "已接入", human: "人工", closed: "已结束" };
const HOT = new Set(["critical", "manual", "complaint", "anger", "sensitive"]);
const TENSE = new Set(["urgent", "suggest", "after_sales", "repeat", "no_progress", "unanswered"]);

/** Horizontal bars as inline SVG: [{code, name, value, shown?, total?}]. */
function bars(rows, empty = "今天还没有数据") {
  if (!rows.length) return make("p", { className: "empty" }, empty);
  const most = Math.max(...rows.map((row) => row.total || row.value), 1e-9);
  const height = rows.length * 30;
  return draw("svg", { class: "chart", viewBox: `0 0 400 ${height}`, role: "img", "aria-label": rows.map((row) => `${row.name} ${row.shown ?? row.value}`).join("，") },
    ...rows.flatMap((row, index) => {
      const y = index * 30;
      const width = Math.max(2, (row.value / most) * 200);
      const tone = HOT.has(row.code) ? "hot" : TENSE.has(row.code) ? "tense" : "";
      return [
        draw("text", { x: 0, y: y + 19 }, row.name),
        draw("rect", { class: "back", x: 130, y: y + 8, width: 200, height: 14 }),
        draw("rect", { class: tone, x: 130, y: y + 8, width, height: 14 }),
        draw("text", { class: "value", x: 396, y: y + 19, "text-anchor": "end" }, String(row.shown ?? row.value)),
      ];
    }));
}

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
      make("td", {}, make("code", {}, result.transcript_id)),
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

async function refresh() {
  const [board, scored] = await Promise.all([call("GET", "/v1/board"), call("GET", "/v1/quality/results?limit=50")]);
  show(board, scored.results);
}

async function start() {
  await refresh();
  finder(one("#find"), one("#finds"), (item) => { one("#found").textContent = `${item.title}：${item.answer}`; });
  one("#live").textContent = "实时";
  one("#live").className = "pill calm";
  let due = null;
  const soon = () => {
    due ??= setTimeout(() => { due = null; refresh().catch(() => {}); }, 700);
  };
  follow("/v1/events", soon, new AbortController().signal);
  setInterval(() => refresh().catch(() => {}), 30000);
}

signedIn(start);
