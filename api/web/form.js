// Forms: a label, a control and a place for the refusal of each field. Ctrl+Enter sends.
import { make } from "/web/page.js";
import { FIELDS } from "/web/words.js";

let made = 0;

const own = (control, read) => Object.assign(control, { read });
const local = (iso) => {
  if (!iso) return "";
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
};

export const text = (value = "", more = {}) => {
  const control = make("input", { type: "text", autocomplete: "off", value: value ?? "", ...more });
  return own(control, () => control.value.trim() || undefined);
};
export const area = (value = "", rows = 4) => {
  const control = make("textarea", { rows, value: value ?? "" });
  return own(control, () => control.value.trim() || undefined);
};
/** One item a line. */
export const lines = (values = [], rows = 3) => {
  const control = make("textarea", { rows, value: (values ?? []).join("\n") });
  return own(control, () => control.value.split("\n").map((one) => one.trim()).filter(Boolean));
};
/** Items apart by commas or blanks. */
export const words = (values = [], more = {}) => {
  const control = make("input", { type: "text", autocomplete: "off", value: (values ?? []).join("，"), ...more });
  return own(control, () => control.value.split(/[,，、\s]+/).filter(Boolean));
};
export const choice = (options, value = "") => {
  const control = make("select", {}, ...options.map(([code, name]) => make("option", { value: code, selected: code === (value ?? "") }, name)));
  return own(control, () => control.value || undefined);
};
export const flag = (value = false) => {
  const control = make("input", { type: "checkbox", checked: value });
  return own(control, () => control.checked);
};
export const moment = (value = "") => {
  const control = make("input", { type: "datetime-local", value: local(value) });
  return own(control, () => (control.value ? new Date(control.value).toISOString() : undefined));
};
export const day = (value = "") => {
  const control = make("input", { type: "date", value: value ?? "" });
  return own(control, () => control.value || undefined);
};
export const number = (value = "", more = {}) => {
  const control = make("input", { type: "number", step: "any", value: value ?? "", ...more });
  return own(control, () => (control.value === "" ? undefined : Number(control.value)));
};
export const file = (accept) => {
  const control = make("input", { type: "file", accept });
  return own(control, () => control.files[0]);
};

/** A field: its control below its label, its hint and its refusal below that. */
export function field(name, control, { label = FIELDS[name] ?? name, hint = null, wide = false } = {}) {
  const id = `field-${++made}`;
  control.id = id;
  control.name = name;
  const wrong = make("p", { id: `${id}-wrong`, className: "wrong small", role: "alert" });
  control.setAttribute("aria-describedby", `${id}-wrong`);
  const box = make("div", { className: `field${wide ? " wide" : ""}${control.type === "checkbox" ? " flag" : ""}` },
    make("label", { htmlFor: id }, label), control, hint ? make("p", { className: "small soft" }, hint) : null, wrong);
  const say = (told) => {
    wrong.textContent = told ?? "";
    control.toggleAttribute("aria-invalid", Boolean(told));
  };
  return { name, control, box, say, read: () => control.read() };
}

/** The form of these fields; `send(values)` is awaited, its refusal said at the fields it names. */
export function form(fields, action, send, { look = "main", beside = [] } = {}) {
  const wrong = make("p", { className: "wrong", role: "alert" });
  const press = make("button", { className: look }, action);
  const box = make("form", { className: "form", noValidate: true }, ...fields.map((one) => one.box), wrong,
    make("div", { className: "row" }, press, ...beside));
  const refuse = (error) => {
    const loose = [];
    for (const one of error.problem?.errors ?? []) {
      const name = (one.field ?? "").replace(/^fields\./, "");
      const at = fields.find((known) => known.name === name || name.startsWith(`${known.name}[`) || name.startsWith(`${known.name}.`));
      const told = one.accepted ? `${one.message}。可以写：${one.accepted}` : one.message;
      if (at) at.say(told);
      else loose.push(`${FIELDS[name] ?? name}：${told}`);
    }
    const placed = (error.problem?.errors ?? []).length > loose.length;
    wrong.textContent = loose.join("；") || (placed ? "" : error.message);
    (fields.find((one) => one.control.hasAttribute("aria-invalid"))?.control ?? press).focus();
  };
  box.addEventListener("submit", async (event) => {
    event.preventDefault();
    wrong.textContent = "";
    for (const one of fields) one.say(null);
    press.disabled = true;
    try {
      await send(Object.fromEntries(fields.map((one) => [one.name, one.read()]).filter(([, value]) => value !== undefined)));
    } catch (error) {
      press.disabled = false;
      refuse(error);
    } finally {
      press.disabled = false;
    }
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) box.requestSubmit();
  });
  return box;
}
