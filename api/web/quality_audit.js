// The month's audit: the monthly form, three rates of each team, who stands where, the star's candidates, what went out.
import { call, download, fill, make, percent } from "/web/page.js";
import { button, link, path, pill, table } from "/web/tables.js";
import { when } from "/web/words.js";

const PERIODS = { daily: "日报", weekly: "周报", monthly: "月报" };
const MET = new Map([[true, ["达标", "calm"]], [false, ["未达标", "hot"]], [null, ["–", ""]]]);
const shown = (share) => (share.share === null ? "–" : `${percent(share.share)}（${share.count}/${share.of}）`);
const talk = (one) => link(path("quality", "talk", one.result), one.conversation);

function monthly(told) {
  const rows = told.dimensions.flatMap((part) => part.indicators.map((one) => [
    part.name, make("span", { title: one.definition }, one.name), one.told, one.n, one.points ?? "–", make("span", { className: "small", title: one.rule }, one.why),
    make("span", { className: "small" }, one.remark.text, " ", ...one.remark.conversations.flatMap((each) => [talk(each), " "])),
  ]));
  return make("section", { className: "card full", id: "monthly-form" }, make("h2", {}, told.name),
    make("p", {}, "综合得分 ", make("strong", { id: "monthly-points" }, told.points === null ? "–" : told.points.toFixed(2)), "　",
      ...told.dimensions.map((part) => pill(`${part.name} ${part.points ?? "–"} × ${percent(part.weight_in_force)}`, part.points !== null && part.points < 3 ? "hot" : ""))),
    table(["维度", "指标", "实际", "样本", "得分", "说明", "备注"], rows), ...told.options.map((one) => make("p", { className: "small soft" }, one)));
}

function rates(told) {
  const rows = [told.overall, ...told.teams].map((team) => [team.name, team.conversations,
    ...team.rates.flatMap((rate) => [make("span", { title: rate.definition }, shown(rate), " ", pill(team.small ? "样本少" : MET.get(rate.met)[0], team.small ? "" : MET.get(rate.met)[1]))])]);
  return make("section", { className: "card full", id: "rates" }, make("h2", {}, "三率"), table(["团队", "会话", ...told.overall.rates.map((rate) => `${rate.name}（目标 ${percent(rate.target)}）`)], rows),
    make("p", { className: "small soft" }, told.failed.length ? `未通过：${told.failed.map((one) => one.team).join("、")}` : "没有未通过的团队"));
}

function places(name, told, note, more = () => null) {
  const rows = [...told.places.map((one) => [one.place, one.name, one.points, one.n, one.why, more(one)]), ...told.left_out.map((one) => ["–", one.name, "–", "–", one.reason, null])];
  return make("section", { className: "card" }, make("h2", {}, name), table(["名次", "谁", "分", "会话", "说明", ""], rows), make("p", { className: "small soft" }, note));
}

function sent(told, say) {
  const rows = told.deliveries.map((one) => [PERIODS[one.period], link(`${path("quality", "report", one.period)}?date=${one.day}`, one.day), when(one.at), one.recipients.map((who) => who.name ?? who.id).join("、") || "–",
    button("原样", () => download(`/v1/reports/deliveries/${one.period}/${one.day}?format=xlsx`, `${PERIODS[one.period]}-${one.day}.xlsx`).catch((error) => say(error.message)), "quiet")]);
  return make("section", { className: "card full" }, make("h2", {}, "已发出的报告"), table(["报告", "哪一期", "发出", "收件人", ""], rows, "还没有到点发出的报告"));
}

/** Draw `audit`; `?date=` is any day of the month, `?team=` narrows the form. */
export async function show(view, { query, go, say }) {
  const date = query.get("date");
  const asked = new URLSearchParams([...query].filter(([name]) => ["date", "team"].includes(name)));
  const get = (way) => call("GET", `${way}?${asked}`);
  const [form, audit, ranking, stars, out] = await Promise.all([get("/v1/reports/monthly-form"), get("/v1/audits/monthly"), get("/v1/audits/monthly/ranking"), get("/v1/audits/monthly/stars"), call("GET", "/v1/reports/deliveries?limit=20")]);
  const input = make("input", { type: "month", value: form.month, "aria-label": "月份", on: { change: () => go(`${path("quality", "audit")}?date=${input.value}-01`) } });
  const file = (name, way) => button(name, () => download(`${way}?${new URLSearchParams({ date: date ?? `${form.month}-01`, format: "xlsx" })}`, `${name}-${form.month}.xlsx`).catch((error) => say(error.message)), "quiet");
  fill(view, make("header", { className: "head" }, make("h1", {}, "月稽核与评估"), make("span", { className: "soft number" }, form.month), input, make("span", { className: "grow" }),
    file("评估表", "/v1/reports/monthly-form"), file("三率", "/v1/audits/monthly"), file("案例研讨", "/v1/reports/cases")),
    make("div", { className: "halves" }, monthly(form), rates(audit), places("团队排名", ranking, ranking.note),
      places("服务之星候选", stars, stars.formula, (one) => make("span", { className: "small" }, `表扬 ${one.praise.count} 次 `, ...one.evidence.flatMap((each) => [link(each.link.replace("/supervisor", ""), each.conversation), " "]))), sent(out, say)));
}
