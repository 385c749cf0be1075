// The inside of <zuoxi-assist>: hears of a conversation from the page around it, answers with what to insert.
import { fill, make, one, percent } from "/web/page.js";

const VERSION = 1;
let host = null; // the origin that opened us: everything else is ignored
let context = null;
let turns = [];

const tell = (type, detail) => window.parent.postMessage({ v: VERSION, type, detail }, host || "*");

async function ask(path, body) {
  const answer = await fetch(path, {
    method: "POST", body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${context.token}` },
  });
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.detail || value.title);
  return value;
}

function offer(suggestion, id) {
  const insert = () => {
    tell("insert", { text: suggestion.text, entryId: suggestion.entry_id, suggestionId: id });
    ask(`/v1/suggest/${id}/feedback`, { entry_id: suggestion.entry_id, action: "inserted" }).catch(() => {});
  };
  return make("article", { className: "offer" },
    make("div", { className: "top" }, make("h3", {}, suggestion.title), make("span", { className: "small soft" }, percent(suggestion.confidence))),
    make("p", {}, suggestion.text),
    make("div", { className: "row" }, make("span", { className: "small soft" }, suggestion.release),
      make("button", { type: "button", className: "insert", on: { click: insert } }, "插入")));
}

async function refresh() {
  if (!context?.token || !turns.length) return;
  try {
    const reply = await ask("/v1/suggest", {
      turns: turns.slice(-50), customer: context.customer, channel: context.channel, variables: context.variables || {}, limit: 5,
    });
    const list = reply.suggestions.map((suggestion) => offer(suggestion, reply.id));
    fill(one("#offers"), ...(list.length ? list : [make("p", { className: "empty" }, "没有足够把握的话术")]));
  } catch (error) {
    fill(one("#offers"), make("p", { className: "empty wrong" }, error.message));
    tell("problem", { message: error.message });
  }
}

window.addEventListener("message", (event) => {
  if (event.source !== window.parent || event.data?.v !== VERSION || (host && event.origin !== host)) return;
  if (event.data.type === "open") {
    host = event.origin;
    context = event.data.context;
    turns = context.turns || [];
    refresh();
  } else if (event.data.type === "turn" && context) {
    turns.push(event.data.turn);
    refresh();
  }
});

tell("ready");
