// What follows from a conversation: a violation put right, a complaint kept as a case for everybody.
import { area, choice, field, form, moment, text } from "/web/form.js";
import { call, make } from "/web/page.js";

/** A rectification of one failed item; with cause, measures, owner and time it is under way at once. */
export function rectifying(result, done) {
  const failed = result.items.filter((item) => item.result === "fail" && !item.needs_review);
  if (!failed.length) return null;
  const box = make("details", { className: "card", id: "rectify" }, make("summary", {}, "开整改单"));
  box.addEventListener("toggle", async () => {
    if (!box.open || box.querySelector("form")) return;
    const { options } = await call("GET", "/v1/rectifications/form");
    const fields = [
      field("item", choice(failed.map((item) => [item.code, item.name])), { label: "整改哪一项" }), field("cause", choice(options.cause.map((name) => [name, name])), { label: "原因分类" }),
      field("root_cause", area("", 2), { label: "根因", wide: true }), field("measures", area("", 2), { label: "措施", wide: true }), field("owner", text("")), field("due_at", moment(), { label: "计划完成" }),
    ];
    box.append(form(fields, "开整改单", async (values) => done(await call("POST", "/v1/rectifications", { result_id: result.id, ...values }))));
  });
  return box;
}

/** 沉淀: a finished complaint becomes a draft case of the handbook, or is linked to the one it repeats. */
export function depositing(transcript, say) {
  const fields = [field("title", text(""), { label: "标题（可不填）", wide: true }), field("lesson", area("", 2), { label: "教训（可不填）", wide: true })];
  const { masked, ...told } = transcript;
  const send = async (values) => {
    const found = await call("POST", "/v1/kb/deposits", { transcript: { ...told, turns: told.turns.map(({ masked: _, ...turn }) => turn) }, ...values });
    say(found.state === "draft" ? `已沉淀为草稿案例 ${found.entry_id}` : `与已有案例 ${found.entry_id} 相同，已关联`);
  };
  return make("details", { className: "card", id: "deposit" }, make("summary", {}, "沉淀为案例"), form(fields, "沉淀", send));
}
