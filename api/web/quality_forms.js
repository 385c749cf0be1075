// The quality forms with their versions, and where each comes from.
import { call, fill, make } from "/web/page.js";
import { link, path, pill, table } from "/web/tables.js";
import { when } from "/web/words.js";

const SOURCES = { tenant: ["本租户", "calm"], site: ["本站", ""], preset: ["内置", ""] };

/** Draw the list. */
export async function show(view) {
  const { forms } = await call("GET", "/v1/quality/forms");
  fill(view, make("header", { className: "head" }, make("h1", {}, "质检表")),
    make("section", { className: "card" }, table(["质检表", "版本", "起用", "来源", "维度", "评分项"], forms.map((one) => [
      link(path("quality", "form", one.code), one.name), one.version, one.effective_from ? when(one.effective_from, true) : "一直", pill(...(SOURCES[one.source] ?? [one.source, ""])),
      one.dimensions.map((part) => `${part.name} ${part.points}`).join("，"), one.items.length,
    ]))));
}
