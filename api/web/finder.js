// The search box of the handbook: answers while one types, in characters, pinyin or initials.
import { call, fill, make } from "/web/page.js";

function marked(item) {
  const letters = [...item.text];
  const part = (from, to) => letters.slice(from, to).join("");
  return [part(0, item.start), make("mark", {}, part(item.start, item.end)), part(item.end)];
}

/** Wire an input to a list below it; `choose(item)` is called with the entry that was picked. */
export function finder(input, list, choose) {
  let due = null;
  let asked = 0;
  const close = () => { list.hidden = true; fill(list); };
  const look = async () => {
    const typed = input.value.trim();
    const mine = ++asked;
    if (!typed) return close();
    try {
      const { items } = await call("GET", `/v1/kb/typeahead?limit=8&q=${encodeURIComponent(typed)}`);
      if (mine !== asked) return;
      list.hidden = false;
      fill(list, ...items.map((item) => make("li", {}, make("button", {
        type: "button", className: "quiet", on: { click: () => { choose(item); input.value = ""; close(); } },
      }, ...marked(item)))));
      if (!items.length) fill(list, make("li", { className: "small soft" }, "没有找到"));
    } catch { close(); /* a look-up that fails must not stop the agent */ }
  };
  input.addEventListener("input", () => { clearTimeout(due); due = setTimeout(look, 120); });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") { input.value = ""; close(); }
    if (event.key === "ArrowDown") { list.querySelector("button")?.focus(); event.preventDefault(); }
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...list.querySelectorAll("button")];
    (buttons[buttons.indexOf(document.activeElement) + step] || input).focus();
    event.preventDefault();
  });
}
