// Editing a quality form: its TOML on the left; what it reads as, checked while one types, on the right.
import { call, fill, make } from "/web/page.js";
import { backtesting, trying } from "/web/quality_rehearsal.js";
import { button, link, pill, table } from "/web/tables.js";

const AFTER = 400;

function outline(form) {
  return make("section", { className: "card" }, make("h2", {}, `${form.name} ${form.version}`),
    make("p", { className: "small soft" }, `等级 ${form.grades.map((one) => `${one.name} ≥${one.least}`).join("，")}`),
    ...form.dimensions.map((part) => make("details", {}, make("summary", {}, `${part.name} `, make("span", { className: "small soft number" }, String(part.points))),
      table(["评分项", "分值", ""], form.items.filter((item) => item.dimension === part.code).map((item) => [item.name, item.points, item.veto ? pill("一票否决", "hot") : ""])))));
}

/** Draw the editor of a form by its code. */
export async function show(view, { rest, say, again, signal }) {
  const way = `/v1/quality/forms/${encodeURIComponent(rest[0])}`;
  const [form, { results: past }] = await Promise.all([call("GET", way), call("GET", "/v1/quality/results?limit=60")]);
  const editor = make("textarea", { className: "code", rows: 26, spellcheck: false, value: form.toml, "aria-label": "质检表的 TOML", "aria-describedby": "form-state" });
  const state = make("p", { id: "form-state", role: "status", className: "small calm-text" }, "没有改动");
  const side = make("div", { className: "stack" }, outline(form));
  const save = button("存为这一版本", async () => {
    try {
      const put = await call("PUT", way, { toml: editor.value });
      say(`${put.name} ${put.version} 已存`);
      again();
    } catch (error) { state.textContent = error.message; state.className = "small hot-text"; }
  }, "main");
  save.disabled = true;
  const live = trying(way, () => editor.value, past);
  let due = null;
  let asked = 0;
  const check = async () => {
    const mine = ++asked;
    const told = await call("POST", `${way}/validate`, { toml: editor.value }).catch((error) => ({ valid: false, errors: [{ field: "", message: error.message }] }));
    if (mine !== asked || signal.aborted) return;
    save.disabled = !told.valid || editor.value === form.toml;
    state.className = `small ${told.valid ? "calm-text" : "hot-text"}`;
    state.textContent = told.valid ? "可以保存" : told.errors.map((one) => `${one.field}：${one.message}${one.accepted ? `（可以写：${one.accepted}）` : ""}`).join("；");
    if (told.form) fill(side, outline(told.form));
    if (told.form) live.again();
  };
  editor.addEventListener("input", () => { save.disabled = true; clearTimeout(due); due = setTimeout(check, AFTER); });
  editor.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !save.disabled) save.click();
  });
  fill(view, make("header", { className: "head" }, make("h1", {}, form.name), pill(form.version), make("span", { className: "grow" }), link("#/quality/forms", "返回")),
    make("p", { className: "small soft" }, "换一个 version 与 effective_from 保存，就是新版本；旧会话仍按当时的版本评分。"),
    make("div", { className: "two" }, make("section", { className: "card" }, editor, state, make("div", { className: "row" }, save)), side), live.box, backtesting(way, () => editor.value));
}
