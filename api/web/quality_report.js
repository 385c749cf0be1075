// The report of a day, a week or a month: its numbers and charts; every number leads to what it counts.
import { bars, line } from "/web/charts.js";
import { call, download, fill, make, percent } from "/web/page.js";
import { button, link, path, pill, table } from "/web/tables.js";

const PERIODS = { daily: "日报", weekly: "周报", monthly: "月报" };
const UNKNOWN = "未知";
const STEP = { daily: 1, weekly: 7, monthly: 31 };
const shifted = (iso, days) => new Date(Date.parse(`${iso.slice(0, 10)}T12:00:00Z`) + days * 86400e3).toISOString().slice(0, 10);

/** Where the facts behind a number are listed. */
function behind(report, metric, ...where) {
  const query = new URLSearchParams({ from: report.from.slice(0, 10), to: shifted(report.to, -1) });
  for (const one of where) query.append("where", one);
  return `${path("quality", "metric", metric, "events")}?${query}`;
}
const drill = (report, code, more = {}) => `${path("quality", "violation", code)}?${new URLSearchParams({ period: report.period, date: report.from.slice(0, 10), ...more })}`;

function tile(name, value, note, href, id) {
  return make("a", { className: "card tile", href, id }, make("h2", { className: "soft" }, name), make("p", { className: "big" }, value === null ? "–" : String(value)), make("p", { className: "small soft" }, note));
}

function moved(delta, unit = "") {
  if (delta === null || delta === undefined) return "上期没有可比的数";
  return delta === 0 ? "与上期持平" : `比上期${delta > 0 ? "高" : "低"} ${Math.abs(delta)}${unit}`;
}

function tiles(report, tickets, complaints) {
  const { scores, quality } = report;
  return make("div", { className: "tiles" },
    tile("会话", scores.conversations, `其中质检 ${quality.scored}`, behind(report, "conversations"), "told-conversations"),
    tile("质检均分", quality.mean, moved(scores.delta, " 分"), behind(report, "score"), "told-mean"),
    tile("一票否决", quality.vetoes, quality.scored ? percent(quality.vetoes / quality.scored) : "", behind(report, "veto", "veto:true"), "told-vetoes"),
    tile("工单", tickets.value, moved(tickets.compare?.delta, " 张"), behind(report, "tickets"), "told-tickets"),
    tile("投诉会话", complaints.value, moved(complaints.compare?.delta, " 段"), behind(report, "complaints"), "told-complaints"));
}

function violations(report) {
  const points = Object.fromEntries(report.trend.map((one) => [one.code, one.points]));
  const rows = report.violations.map((one) => [
    link(drill(report, one.code), one.problem), link(drill(report, one.code), String(one.count)), one.told,
    points[one.code] ? pill(`${points[one.code] > 0 ? "+" : ""}${points[one.code]} 点`, points[one.code] > 0 ? "hot" : "calm") : "–",
  ]);
  return make("section", { className: "card", id: "violations" }, make("h2", {}, "主要问题"),
    bars(report.violations.slice(0, 8).map((one) => ({ code: "", name: one.problem, value: one.share ?? 0, shown: percent(one.share ?? 0), total: 1, href: drill(report, one.code) })), "这段时间没有扣分"),
    report.violations.length ? table(["问题", "份数", "占比（95% 区间）", "比上期"], rows) : null);
}

function people(report, group, name, field) {
  const flagged = (share, flag, who) => (share.count ? link(behind(report, "conversations", `${field}:${who}`, `${flag}:true`), String(share.count)) : "0");
  const rows = report.people[group].filter((one) => one.conversations).map((one) => [
    link(behind(report, "score", `${field}:${one.name}`), one.name), link(behind(report, "conversations", `${field}:${one.name}`), String(one.conversations)), one.mean ?? "–",
    one.adherence.share === null ? "–" : percent(one.adherence.share), flagged(one.praised, "praised", one.name), flagged(one.complained, "complained", one.name), one.small ? pill("样本少") : "",
  ]);
  return make("section", { className: "card" }, make("h2", {}, name), table([name, "会话", "均分", "遵守率", "表扬", "投诉", ""], rows, "没有数据"));
}

function voices(told) {
  if (!told?.themes?.length) return null;
  return make("section", { className: "card" }, make("h2", {}, "客户在说什么"), make("p", { className: "small soft" }, `${told.voices} 条声音`),
    ...told.themes.map((one) => make("details", {}, make("summary", {}, `${one.name} ${one.negative} 条（${percent(one.share)}）`), make("ul", { className: "said-list" }, ...one.quotes.map((quote) => make("li", {}, quote.text))))));
}

/** Conversations with their evidence, each leading to its turns. */
export function conversations(list, code = null) {
  return make("ul", { className: "events" }, ...list.map((one) => make("li", { className: "line" },
    link(`${path("quality", "talk", one.result)}${code ? `?item=${encodeURIComponent(code)}` : ""}`, one.conversation), pill(one.score === null || one.score === undefined ? "–" : String(one.score), one.veto ? "hot" : one.score >= 80 ? "calm" : "tense"),
    make("span", { className: "small soft" }, [one.agent, one.team].filter(Boolean).join(" · ")),
    make("span", { className: "small cut" }, one.problems?.join("、") ?? one.evidence.map((spot) => (spot.absent ? `第 ${spot.turn + 1} 轮应有而没有` : `“${spot.text}”`)).join("，")))));
}

function emerging(told) {
  if (!told?.alarms?.length) return null;
  return make("section", { className: "card" }, make("h2", {}, "新冒头的投诉"), ...told.alarms.map((one) => make("p", {}, pill(`${one.count} 条`, "hot"), ` ${one.name}（平常约 ${one.expected} 条）`)));
}

/** Counts by code as bars; each leads to what it counts. */
function counted(report, name, rows, metric, field) {
  const known = (code) => code && code !== UNKNOWN;
  return make("section", { className: "card" }, make("h2", {}, name), bars(rows.map((row) => ({ ...row, href: known(row.code) ? behind(report, metric, `${field}:${row.code}`) : undefined })), "没有数据"));
}
const grouped = (told) => (told.groups ?? []).slice(0, 10).map((one) => ({ code: one.key, name: one.name, value: one.value ?? 0 }));

/** Draw `report/PERIOD`; `?date=` is any day in it. */
export async function show(view, { rest, query, go, say }) {
  const period = rest[0] in PERIODS ? rest[0] : "weekly";
  const date = query.get("date");
  const report = await call("GET", `/v1/reports/${period}${date ? `?date=${date}` : ""}`);
  const from = report.from.slice(0, 10);
  const last = shifted(report.to, -1);
  const number = (metric) => call("GET", `/v1/metrics/${metric}?from=${from}&to=${last}&by=category&compare=previous`);
  const [tickets, complaints] = await Promise.all(["tickets", "complaints"].map(number));
  const at = (day, other = period) => `${path("quality", "report", other)}?date=${day}`;
  const input = make("input", { type: "date", value: from, "aria-label": "日期", on: { change: () => go(at(input.value)) } });
  const form = (format) => button(format.toUpperCase(), () => download(`/v1/reports/${period}?date=${from}&format=${format}`, `${PERIODS[period]}-${from}.${format}`).catch((error) => say(error.message)), "quiet");
  fill(view,
    make("header", { className: "head" }, make("h1", {}, PERIODS[period]), make("span", { className: "soft number" }, from === last ? from : `${from} 至 ${last}`),
      link(at(shifted(from, -1)), "‹ 上一期"), link(at(shifted(from, STEP[period])), "下一期 ›"), input, make("span", { className: "grow" }),
      ...Object.entries(PERIODS).map(([code, name]) => make("a", { href: at(from, code), className: "pill", "aria-current": code === period ? "true" : null }, name)), form("xlsx"), form("md")),
    tiles(report, tickets, complaints),
    make("div", { className: "halves" },
      period === "daily" ? null : make("section", { className: "card full" }, make("h2", {}, "每日均分"), line(report.days.map((one) => ({ name: one.date.slice(5), value: one.mean, shown: one.mean === null ? "" : one.mean.toFixed(1), href: at(one.date, "daily") })), { high: 100 })),
      violations(report),
      make("div", { className: "stack" }, counted(report, "等级", Object.entries(report.quality.grades).map(([code, value]) => ({ code, name: code, value })), "conversations", "grade"), counted(report, "投诉在哪里", grouped(complaints), "complaints", "category"), counted(report, "工单类别", grouped(tickets), "tickets", "category")),
      people(report, "agents", "坐席", "agent"), people(report, "teams", "班组", "team"),
      report.exceptions?.length ? make("section", { className: "card full" }, make("h2", {}, "先看这几通"), conversations(report.exceptions)) : null,
      emerging(report.emerging), voices(report.voices),
      report.examples.length ? make("section", { className: "card full" }, make("h2", {}, "典型会话"), ...report.examples.map((one) => make("div", {}, make("h3", {}, one.problem), conversations(one.conversations, one.code)))) : null));
}
