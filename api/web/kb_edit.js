// Editing an entry, with its preview beside it: directly (published by the site's way), or inside a change (?change=).
import { area, choice, day, field, form, lines, moment, text, words } from "/web/form.js";
import { filled, slotsOf } from "/web/marks.js";
import { call, fill, make } from "/web/page.js";
import { button, link, path } from "/web/tables.js";
import { KINDS, STAGES } from "/web/words.js";

const pairs = (names, empty) => [...(empty ? [["", empty]] : []), ...Object.entries(names)];

function fieldsOf(entry, isNew) {
  return [
    ...(isNew ? [field("id", text("", { placeholder: "可不填，自动编号" }), { hint: "字母、数字与短横" })] : []),
    field("title", text(entry.title), { wide: true }),
    field("kind", choice(pairs(KINDS), entry.kind ?? "faq")),
    field("stage", choice(pairs(STAGES, "不分阶段"), entry.stage)),
    field("text", area(entry.text, 9), { wide: true, hint: "槽位写作 {订单号}；可省略的写作 {称呼?}" }),
    field("similar", lines(entry.similar, 3), { wide: true, hint: "一行一个" }),
    field("tags", words(entry.tags)), field("audience", words(entry.audience), { hint: "空着即所有人" }), field("channel", words(entry.channel), { hint: "空着即所有渠道" }),
    field("effective_from", moment(entry.effective_from)), field("effective_to", moment(entry.effective_to)),
    field("review_due", day(entry.review_due)), field("owner", text(entry.owner)), field("source", text(entry.source), { wide: true }),
  ];
}

/** The text as an agent would get it; every slot may be tried with a value. */
function preview(fields, entry) {
  const at = (name) => fields.find((one) => one.name === name);
  const values = {};
  const shown = make("p", { className: "text" });
  const tries = make("div", { className: "tries" });
  const state = make("p", { className: "small", role: "status" });
  const optional = new Set((entry.slots ?? []).filter((one) => !one.required).map((one) => one.name));
  const draw = () => {
    const written = at("text").control.value;
    fill(shown, ...filled(written, values, optional));
    const missing = slotsOf(written).filter((slot) => slot.required && !optional.has(slot.name) && !values[slot.name]);
    state.textContent = missing.length ? `还有 ${missing.length} 个槽位没有填：坐席填好才能发送` : "可以直接发送";
    state.className = `small ${missing.length ? "tense-text" : "calm-text"}`;
  };
  const slots = () => {
    const known = new Map([...tries.querySelectorAll("input")].map((input) => [input.name, input.value]));
    fill(tries, ...slotsOf(at("text").control.value).map((slot) => make("label", { className: "small" }, `${slot.name}${slot.required ? "" : "（可省）"}`,
      make("input", { type: "text", name: slot.name, value: known.get(slot.name) ?? "", on: { input: (event) => { values[slot.name] = event.target.value.trim(); draw(); } } }))));
    draw();
  };
  at("text").control.addEventListener("input", slots);
  const title = make("h3", {}, entry.title ?? "");
  at("title").control.addEventListener("input", () => { title.textContent = at("title").control.value; });
  slots();
  return make("aside", { className: "card preview", "aria-label": "预览" }, make("h2", {}, "预览"), make("article", { className: "offer" }, title, shown), state, tries);
}

async function known(id, change) {
  if (!id) return {};
  if (change) {
    const { planned } = await call("GET", `/v1/kb/changes/${encodeURIComponent(change)}`);
    const held = planned.find((one) => one.entry_id === id);
    if (held?.entry) return held.entry;
  }
  const { release, frozen, ...entry } = await call("GET", `/v1/kb/entries/${encodeURIComponent(id)}`);
  return entry;
}

/** Draw the editor of an entry, or of a new one. */
export async function show(view, { rest, query, go, say }) {
  const change = query.get("change");
  const entry = await known(rest[0], change);
  const fields = fieldsOf(entry, !rest[0]);
  const back = change ? path("kb", "change", change) : rest[0] ? path("kb", "entry", rest[0]) : "#/kb/search";
  const save = async (values) => {
    const raw = { ...entry, ...Object.fromEntries(fields.map((one) => [one.name, one.read() ?? null])) };
    const id = entry.id ?? values.id ?? `${raw.kind}-${Date.now().toString(36)}`;
    const at = encodeURIComponent(id);
    if (change) await call("PUT", `/v1/kb/changes/${encodeURIComponent(change)}/entries/${at}`, { ...raw, id });
    else if (entry.id) say(published(await call("PUT", `/v1/kb/entries/${at}`, { ...raw, id })));
    else say(published(await call("POST", "/v1/kb/entries", { ...raw, id })));
    if (change) say(`已放入修订 ${change}`);
    go(change ? back : path("kb", "entry", id));
  };
  const remove = async () => {
    try {
      if (change) await call("DELETE", `/v1/kb/changes/${encodeURIComponent(change)}/entries/${encodeURIComponent(entry.id)}`);
      else await call("DELETE", `/v1/kb/entries/${encodeURIComponent(entry.id)}`);
      say(change ? "发布时撤下这一条" : "已删除");
      go(change ? back : "#/kb/search");
    } catch (error) { say(error.message); }
  };
  const box = form(fields, change ? "放入修订" : "保存", save, { beside: [link(back, "返回"), make("span", { className: "grow" }), ...(entry.id ? [button(change ? "随修订撤下" : "删除", remove, "quiet danger")] : [])] });
  box.classList.add("card");
  fill(view, make("header", { className: "head" }, make("h1", {}, rest[0] ? "修改条目" : "新增条目"), change ? link(back, `属于修订 ${change}`) : make("span", { className: "small soft" }, "保存即按站点的发布方式生效；涉及价格、赔付、政策的请走修订")),
    make("div", { className: "two" }, box, preview(fields, entry)));
  fields.find((one) => one.name === (rest[0] ? "text" : "title")).control.dataset.first = "";
}

const published = (told) => (told.release ? `已发布为 ${told.release}` : "已存入草稿，等待发布");
