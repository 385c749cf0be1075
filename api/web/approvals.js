// Joint approval: a stamp for each role, by whom and when; the caller signs, refuses or takes back in a role of theirs.
import { area, field, form } from "/web/form.js";
import { call, fill, make } from "/web/page.js";
import { button } from "/web/tables.js";
import { when } from "/web/words.js";

/** The panel of a case in approval; `done(case)` follows a decision. */
export function approvals(one, who, done) {
  const { needed, given } = one.approvals;
  const place = make("div", { className: "asked" });
  const decide = async (role, decision, note) => done(await call("POST", `/v1/cases/${one.id}/approvals`, { role, decision, note, revision: one.revision }));
  const agree = (role) => decide(role, "approve").catch((error) => fill(place, make("p", { className: "wrong", role: "alert" }, error.message)));
  const refuse = (role) => {
    const note = field("note", area("", 2), { label: `${role}驳回的理由`, wide: true });
    fill(place, form([note], "驳回，退回", (values) => decide(role, "reject", values.note), { beside: [button("不驳回了", () => fill(place), "quiet")] }));
    note.control.focus();
  };
  const mine = new Set(who.actor.roles ?? []);
  const stamp = (role) => {
    const signed = given[role];
    const buttons = !mine.has(role) ? [] : signed?.by === who.actor.id ? [button("撤回", () => decide(role, "withdraw").catch(() => {}), "quiet")]
      : signed ? [] : [button("同意", () => agree(role), "main"), button("驳回", () => refuse(role))];
    buttons.forEach((made) => { made.dataset.role = role; });
    return make("li", { className: signed ? "stamp signed" : "stamp" }, make("span", { className: "seal", "aria-hidden": "true" }, role[0]),
      make("div", { className: "grow" }, make("strong", {}, role), make("p", { className: "small soft" }, signed ? `${signed.by} 于 ${when(signed.at)} 同意` : mine.has(role) ? "等您签" : `等有“${role}”角色的人签`)), ...buttons);
  };
  return make("section", { className: "card", "aria-label": "会签" }, make("h2", {}, `会签 ${needed.length - one.approvals.missing.length} / ${needed.length}`),
    make("ul", { className: "stamps" }, ...needed.map(stamp)), place);
}
