// The sample of a day: who was drawn and why, handed out for blind scoring, and what it says of the whole.
import { bars } from "/web/charts.js";
import { field, form, number, words } from "/web/form.js";
import { call, fill, make, percent } from "/web/page.js";
import { link, path, pill, table } from "/web/tables.js";

const iso = (at) => `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;
const back = (days) => iso(new Date(Date.now() - days * 86400e3));
const flags = (pick) => pick.flags.map((one) => pill(one, "hot"));

function drawing(day, again, say) {
  const fields = [field("reviewers", words(), { label: "复核人（工号）", hint: "空着只抽不分派" }), field("each", number(1, { min: 1, max: 5 }), { label: "每段几人盲评" })];
  const send = async (values) => { const told = await call("POST", "/v1/quality/samples", { date: day, ...values }); say(`已抽 ${told.chosen} 段，分派 ${told.tasks} 份盲评`); again(); };
  return make("section", { className: "card" }, make("h2", {}, "抽定并分派"), form(fields, "抽定这一天", send));
}

function rates(told) {
  if (!told?.reviewed) return null;
  const rows = Object.entries(told.items).filter(([, one]) => one).map(([code, one]) => ({ code, name: code, value: one.rate ?? 0, shown: one.text, total: 1 }));
  return make("section", { className: "card" }, make("h2", {}, `近 30 天抽检推断（${told.reviewed} 段）`), told.any ? make("p", { className: "soft" }, `有问题的会话 ${told.any.text}`) : null, bars(rows, "还没有盲评"));
}

/** Draw the sample of `?date=` (yesterday by default) and the blind scores that wait for the caller. */
export async function show(view, { query, again, say, go }) {
  const day = query.get("date") ?? back(1);
  const [sample, told, { tasks }] = await Promise.all([
    call("GET", `/v1/quality/samples?date=${day}`), call("GET", `/v1/quality/samples/rates?since=${back(30)}&until=${back(0)}`).catch(() => null), call("GET", "/v1/quality/blind"),
  ]);
  const input = make("input", { type: "date", value: day, "aria-label": "日期", on: { change: () => go(`#/quality/samples?date=${input.value}`) } });
  fill(view, make("header", { className: "head" }, make("h1", {}, "抽检"), input, pill(sample.drawn ? "已抽定" : "预览", sample.drawn ? "calm" : "tense"), make("span", { className: "soft" }, `${sample.total} 段里抽 ${sample.chosen} 段（${percent(sample.share)}）`)),
    tasks.length ? make("section", { className: "card" }, make("h2", {}, "等您盲评"), make("p", { className: "chips" }, ...tasks.map((one) => link(path("quality", "blind", one.id), one.title)))) : null,
    make("section", { className: "card" }, table(["会话", "坐席", "分层", "为什么"], sample.picks.map((pick) => [
      pick.transcript_id ?? pick.result_id, pick.agent ?? "–", pick.stratum, flags(pick).length ? flags(pick) : "随机",
    ]), "这一天没有可抽的会话")),
    sample.notes.length ? make("p", { className: "note" }, sample.notes.join("；")) : null,
    !sample.drawn && sample.chosen && day < back(0) ? drawing(day, again, say) : null, rates(told));
}
