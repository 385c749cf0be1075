// One entry: its text, what it is for, how each of its versions did, and its steps where it is a procedure.
import { filled } from "/web/marks.js";
import { call, fill, make, percent } from "/web/page.js";
import { button, facts, link, path, pill, table } from "/web/tables.js";
import { KINDS, STAGES, when } from "/web/words.js";

const slots = (entry) => new Set((entry.slots ?? []).filter((one) => !one.required).map((one) => one.name));

function versions(told) {
  const rows = told.versions.map((one) => [
    [make("strong", {}, one.version), one.live ? pill("现行", "calm") : one.trial ? pill("试运行", "tense") : null],
    when(one.at, true), one.offered, one.used,
    one.rate === null ? "–" : `${percent(one.rate)}${one.interval ? `（${percent(one.interval[0])}–${percent(one.interval[1])}）` : ""}`,
    one.satisfaction.n ? one.satisfaction.mean.toFixed(2) : "–",
    [make("details", {}, make("summary", {}, "正文"), make("p", { className: "text" }, one.text ?? "（已删除）"))],
  ].map((cell) => (Array.isArray(cell) ? cell.filter(Boolean) : cell)));
  const told2 = told.compared;
  return make("section", { className: "card" }, make("h2", {}, `各版本的效果（近 ${told.days} 天）`),
    table(["版本", "起于", "推荐", "采用", "采用率（95% 区间）", "满意度", ""], rows),
    told2 ? make("p", { className: "small soft" }, `${told2.a} 与 ${told2.b} 的采用率${told2.significant ? "有显著差别" : "没有显著差别"}（p=${told2.p ?? "样本不足"}）`) : null);
}

async function froze(entry, again) {
  if (entry.frozen) await call("DELETE", `/v1/kb/entries/${encodeURIComponent(entry.id)}/freeze`);
  else await call("POST", `/v1/kb/entries/${encodeURIComponent(entry.id)}/freeze`, {});
  again();
}

/** Draw an entry by its id. */
export async function show(view, { rest, can, again, say }) {
  const at = encodeURIComponent(rest[0]);
  const [entry, told] = await Promise.all([call("GET", `/v1/kb/entries/${at}`), can("supervisor", "editor") ? call("GET", `/v1/kb/entries/${at}/versions`) : null]);
  fill(view,
    make("header", { className: "head" }, make("h1", {}, entry.title), pill(KINDS[entry.kind] ?? entry.kind), entry.stage ? pill(STAGES[entry.stage], "calm") : null,
      entry.frozen ? pill("已固化", "tense") : null, make("span", { className: "grow" }),
      can("admin") ? button(entry.frozen ? "解除固化" : "固化", () => froze(entry, again).catch((error) => say(error.message)), "quiet") : null,
      can("editor") ? link(path("kb", "edit", entry.id), "修改") : null),
    make("section", { className: "card" }, make("p", { className: "text big-text" }, ...filled(entry.text, {}, slots(entry))),
      facts([["编号", entry.id], ["版本", entry.release], ["相似问法", (entry.similar ?? []).join("；")], ["标签", (entry.tags ?? []).join("、")], ["受众", (entry.audience ?? []).join("、")],
        ["渠道", (entry.channel ?? []).join("、")], ["生效", entry.effective_from && when(entry.effective_from)], ["失效", entry.effective_to && when(entry.effective_to)],
        ["复核日期", entry.review_due], ["负责人", entry.owner], ["来源", [entry.source, entry.section].filter(Boolean).join(" · ")]])),
    told ? versions(told) : null,
    entry.kind === "sop" ? await flow(at) : null);
}

async function flow(at) {
  const told = await call("GET", `/v1/kb/entries/${at}/flow?format=json`).catch(() => null);
  if (!told?.steps?.length) return null;
  return make("section", { className: "card" }, make("h2", {}, "步骤"), make("ol", { className: "steps-list" }, ...told.steps.map((step) => make("li", {}, make("span", { className: "number" }, String(step.number)), step.text))));
}
