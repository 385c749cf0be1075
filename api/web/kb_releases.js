// The releases, and what each changed against another one.
import { call, fill, make } from "/web/page.js";
import { button, link, path, pill, table } from "/web/tables.js";
import { FIELDS, when } from "/web/words.js";

async function compare(name, against, place) {
  const told = await call("GET", `/v1/kb/releases/${encodeURIComponent(name)}/diff${against ? `?against=${encodeURIComponent(against)}` : ""}`);
  const short = (value) => { const text = Array.isArray(value) ? value.join("、") : String(value ?? "–"); return text.length > 160 ? `${text.slice(0, 160)}…` : text; };
  const rows = told.changed.flatMap((one) => one.fields.map(([field, before, after]) => [link(path("kb", "entry", one.entry_id), one.entry_id), FIELDS[field] ?? field, make("del", {}, short(before)), make("ins", {}, short(after))]));
  const ids = (names) => make("p", { className: "chips small" }, ...names.slice(0, 80).map((id) => link(path("kb", "entry", id), id)), names.length > 80 ? ` 等 ${names.length} 条` : null);
  fill(place, make("section", { className: "card" }, make("h2", {}, `${told.release}${told.against ? ` 与 ${told.against}` : " 与上一版"} 相比`),
    make("p", { className: "soft" }, `新增 ${told.added.length}，撤下 ${told.removed.length}，修改 ${told.changed.length}`),
    told.added.length ? make("details", {}, make("summary", {}, "新增的条目"), ids(told.added)) : null, told.removed.length ? make("details", {}, make("summary", {}, "撤下的条目"), ids(told.removed)) : null,
    rows.length ? table(["条目", "字段", "原来", "改为"], rows) : null));
}

/** Publish what is in the open draft. */
async function publish(again, say) {
  try {
    say(`已发布 ${(await call("POST", "/v1/kb/releases", {})).release.name}`);
    again();
  } catch (error) { say(error.message); }
}

/** Draw the releases, newest first. */
export async function show(view, { again, say }) {
  const told = await call("GET", "/v1/kb/releases");
  const place = make("div", { "aria-live": "polite" });
  const against = make("select", { "aria-label": "与哪一版相比" }, make("option", { value: "" }, "上一版"), ...told.releases.map((one) => make("option", { value: one.name }, one.name)));
  const rows = told.releases.slice(0, 200).map((one) => [[make("strong", {}, one.name), one.name === told.in_force?.name ? pill("现行", "calm") : null].filter(Boolean), when(one.at), one.by, one.note, one.change ? link(path("kb", "change", one.change), "修订") : "",
    button("比较", () => compare(one.name, against.value === one.name ? "" : against.value, place).catch((error) => say(error.message)), "quiet")]);
  fill(view, make("header", { className: "head" }, make("h1", {}, "版本"), make("span", { className: "grow" }), make("label", { className: "small" }, "与 ", against, " 相比")),
    told.draft.changes ? make("p", { className: "note row" }, `草稿里有 ${told.draft.changes} 处改动`, button("发布草稿", () => publish(again, say), "main")) : null,
    place, make("section", { className: "card" }, table(["版本", "发布于", "发布人", "说明", "", ""], rows, "还没有发布过")));
}
