// Search of the handbook: hits with the words that met, and why; without a question, the entries in order.
import { finder } from "/web/finder.js";
import { marked } from "/web/marks.js";
import { call, fill, make, percent } from "/web/page.js";
import { button, link, path, pill } from "/web/tables.js";
import { KINDS, STAGES } from "/web/words.js";

const WAYS = { dense: "意思相近", keyword: "字面相同", sound: "读音相近" };
const PAGE = 40;

function hit(one) {
  const of = (field) => one.highlights.filter((span) => span.field === field);
  const why = Object.entries(WAYS).filter(([name]) => one.why[name] !== null && one.why[name] !== undefined && one.why[name] > 0);
  return make("li", { className: "card hit" },
    make("div", { className: "top" }, make("h2", {}, link(path("kb", "entry", one.entry_id), ...marked(one.title, of("title")))),
      pill(KINDS[one.kind] ?? one.kind), make("span", { className: "meter", title: `把握 ${percent(one.confidence)}` }, make("i", {})),
      make("span", { className: "small soft number" }, percent(one.confidence))),
    make("p", { className: "text" }, ...marked(one.text, of("text"))),
    make("p", { className: "small soft" }, [one.entry_id, one.release, ...why.map(([, name]) => name)].join(" · ")));
}

/** Draw the search. `?q=` is asked at once; `?change=` previews a change. */
export async function show(view, { query, can, go }) {
  const change = query.get("change");
  const input = make("input", { type: "search", autocomplete: "off", value: query.get("q") ?? "", "aria-label": "查知识库", "aria-controls": "kb-finds", placeholder: "汉字、拼音、首字母都可以；按 / 回到这里，Enter 检索" });
  input.dataset.first = "";
  const finds = make("ul", { id: "kb-finds", className: "finds", hidden: true });
  finds.setAttribute("aria-live", "polite");
  const kinds = make("select", { "aria-label": "类型" }, make("option", { value: "" }, "全部类型"), ...Object.entries(KINDS).map(([code, name]) => make("option", { value: code, selected: query.get("kind") === code }, name)));
  const list = make("ol", { className: "hits" });
  const count = make("p", { className: "small soft", role: "status" });
  const address = () => `#/kb/search?${new URLSearchParams({ ...(input.value.trim() && { q: input.value.trim() }), ...(kinds.value && { kind: kinds.value }), ...(change && { change }) })}`;
  finder(input, finds, (item) => go(path("kb", "entry", item.entry_id)));
  kinds.addEventListener("change", () => go(address()));
  const box = make("form", { className: "finder card", role: "search" }, make("div", { className: "row" }, input, kinds, make("button", { className: "main" }, "检索")), finds);
  box.addEventListener("submit", (event) => { event.preventDefault(); go(address()); });
  fill(view, make("header", { className: "head" }, make("h1", {}, "检索与条目"),
    can("editor") ? link("#/kb/edit", "新增条目") : null), change ? make("p", { className: "note" }, `预览修订 ${change}：连同它的内容一起检索`) : null, box, count, list);
  const asked = query.get("q");
  if (asked) {
    const found = await call("POST", "/v1/kb/search", { query: asked, limit: 20, ...(kinds.value && { kinds: [kinds.value] }), ...(change && { change }) });
    count.textContent = found.abstained ? `没有找到${found.near_questions.length ? `，相近的有：${found.near_questions.join("、")}` : ""}` : `${found.hits.length} 条，用时 ${found.took_ms.toFixed(0)} 毫秒`;
    fill(list, ...found.hits.map(hit));
    list.querySelectorAll(".meter i").forEach((bar, at) => { bar.style.width = percent(found.hits[at].confidence); });
  } else if (can("editor")) {
    await browse(list, count, kinds.value);
  }
}

async function browse(list, count, kind, after = "") {
  const query = new URLSearchParams({ limit: PAGE, after, ...(kind && { kind }) });
  const page = await call("GET", `/v1/kb/entries?${query}`);
  count.textContent = `手册共 ${page.total} 条`;
  list.append(...page.entries.map((one) => make("li", { className: "line" },
    link(path("kb", "entry", one.id), one.title), pill(KINDS[one.kind] ?? one.kind), one.stage ? pill(STAGES[one.stage], "calm") : null,
    make("span", { className: "small soft cut" }, one.text))));
  if (page.next) {
    const more = make("li", {}, button("再看一些", () => { more.remove(); browse(list, count, kind, page.next); }));
    list.append(more);
  }
}
