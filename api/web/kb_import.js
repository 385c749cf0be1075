// A file comes in; what was cleaned, kept, doubted and refused is told, and what is left for a person.
import { choice, field, file, form } from "/web/form.js";
import { call, fill, make } from "/web/page.js";
import { link, path, pill, table } from "/web/tables.js";

const ACCEPT = ".pdf,.docx,.html,.htm,.md,.txt,.xlsx,.csv,.jsonl,.json";
const PLACES = { row: "行", line: "行", page: "页", paragraph: "段" };

function doubts(name, list, tone) {
  if (!list.length) return null;
  const where = (one) => { const key = Object.keys(PLACES).find((place) => place in one); return key ? `第 ${one[key]} ${PLACES[key]}` : ""; };
  return make("section", { className: "card" }, make("div", { className: "top" }, make("h2", {}, name), pill(String(list.length), tone)),
    table(["位置", "原因", "原文", "建议"], list.slice(0, 100).map((one) => [where(one), one.accepted ? `${one.reason}（可以写：${one.accepted}）` : one.reason, one.text, one.suggestion ?? ""])));
}

function tile(name, value, note) {
  return make("div", { className: "card tile" }, make("h2", { className: "soft" }, name), make("p", { className: "big" }, String(value)), make("p", { className: "small soft" }, note));
}

function report(told) {
  const { report: one, changes, repairs } = told;
  const masked = Object.entries(one.masked).map(([type, count]) => `${type} ${count}`).join("，");
  return make("div", { className: "stack", id: "import-report" },
    make("div", { className: "tiles" },
      tile("读出条目", one.kept, told.release ? `已发布为 ${told.release}` : told.state === "draft" ? "已存入草稿" : "没有变化"),
      tile("新增", changes.new, `修改 ${changes.changed}，未变 ${changes.unchanged}`),
      tile("不再含有", changes.vanished, changes.withdrawn ? `撤下 ${changes.withdrawn}` : "仍保留"),
      tile("待修", repairs.opened, `共待修 ${repairs.waiting}，已因更正关闭 ${repairs.closed}`)),
    masked ? make("p", { className: "note" }, `已遮盖个人信息：${masked}`) : null,
    repairs.waiting ? link("#/kb/repairs", "去待修队列") : null,
    one.cleaned.length ? make("section", { className: "card" }, make("h2", {}, "做了哪些清洗"), ...one.cleaned.map((step) => make("details", {}, make("summary", {}, `${step.name} ${step.count} 处`),
      table(["原来", "之后"], step.examples.map((example) => [make("del", {}, example.before), make("ins", {}, example.after)]))))) : null,
    doubts("有疑问，已保留", one.doubted, "tense"), doubts("没有收下", one.refused, "hot"),
    changes.vanished_entries.length ? make("section", { className: "card" }, make("h2", {}, "文件里不再含有"), make("p", { className: "chips small" }, ...changes.vanished_entries.slice(0, 60).map((row) => link(path("kb", "entry", row.id), row.title)))) : null);
}

/** Draw the upload; its report comes below. */
export async function show(view) {
  const place = make("div", { "aria-live": "polite" });
  const fields = [
    field("file", file(ACCEPT), { label: "文件", hint: "PDF、DOCX、HTML、Markdown、TXT、XLSX、CSV、JSONL；同名文件再次导入是更新", wide: true }),
    field("vanished", choice([["keep", "保留"], ["withdraw", "撤下"]], "keep"), { label: "上次有、这次没有的条目" }),
  ];
  const send = async (values) => {
    if (!values.file) { fields[0].say("请选一个文件"); return; }
    fill(place, make("p", { className: "empty card" }, "正在读……"));
    const body = new FormData();
    body.append("file", values.file);
    try {
      fill(place, report(await call("POST", `/v1/kb/import?vanished=${values.vanished}`, body)));
    } catch (error) { fill(place); throw error; }
  };
  fill(view, make("header", { className: "head" }, make("h1", {}, "导入")), make("section", { className: "card" }, form(fields, "导入", send)), place);
}
