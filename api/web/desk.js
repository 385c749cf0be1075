// The agent's desk: takes over waiting conversations, or plays a scripted customer against the live service.
import { finder } from "/web/finder.js";
import { call, draw, fill, follow, make, one, percent, signedIn, warmth } from "/web/page.js";

const STAGES = { greeting: "开场白", comfort: "安抚", verify: "核实", solve: "解决", follow_up: "回访", closing: "结束语" };
const EMOTIONS = { angry: "愤怒", sad: "失望", fear: "担忧", surprise: "惊讶", happy: "满意", neutral: "平静" };
const STATES = { bot: "机器人接待", requested: "请求人工", offered: "等待接入", accepted: "人工已接入", human: "人工接待", closed: "已结束" };
const CAUSES = {
  sensitive: "敏感问题", asked: "客户要求人工", vip: "贵宾客户", anger: "情绪激动", repeat: "客户被迫重复",
  unanswered: "未能回答", no_progress: "没有进展",
};
const TIERS = { gold: "金卡", black: "黑卡", silver: "银卡", vip: "贵宾" };

/** What is on the desk now. `lines` is the scripted customer, `at` the next line to say. */
let desk = null;

function mood(values) {
  const svg = one("#mood");
  const step = Math.min(60, 560 / Math.max(1, values.length - 1));
  const points = values.map((value, index) => [24 + index * step, 31 - value * 24]);
  fill(
    svg,
    draw("line", { class: "zero", x1: 0, x2: 600, y1: 31, y2: 31 }),
    draw("polyline", { class: "course", points: points.map((point) => point.join(",")).join(" ") }),
    ...points.map(([x, y], index) => draw("circle", { class: `dot ${warmth(values[index])}`, cx: x, cy: y, r: 5 })),
  );
  svg.setAttribute("aria-label", values.length ? `情绪走势，当前 ${values.at(-1).toFixed(2)}` : "情绪走势");
}

function bubble(turn, analysis) {
  const kind = { customer: "customer", agent: "mine", bot: "bot" }[turn.role] || "system";
  const who = { customer: "客户", agent: "我", bot: "小夏（机器人）" }[turn.role];
  const feeling = analysis && turn.role === "customer"
    ? make("span", { className: `pill ${warmth(analysis.score)}` }, EMOTIONS[analysis.emotion] || analysis.emotion)
    : null;
  const element = make("div", { className: `turn ${kind}` },
    who ? make("span", { className: "who" }, who, feeling) : null, make("p", {}, turn.text));
  one("#turns").append(element);
  element.scrollIntoView({ block: "end", behavior: "smooth" });
}

function stages(list) {
  let open = true;
  fill(one("#stages"), ...list.map((stage) => {
    const now = !stage.done && open;
    if (now) open = false;
    return make("li", { className: stage.done ? "done" : now ? "now" : "" }, STAGES[stage.stage]);
  }));
}

function alerts(list) {
  one("#alerting").hidden = !list.length;
  fill(one("#alerts"), ...list.map((alert) => make("li", { className: grave(alert) }, alert.text)));
}

function withSlots(text) {
  return text.split(/(【[^】]*】)/).filter(Boolean)
    .map((part) => (part.startsWith("【") ? make("mark", {}, part) : part));
}

function offer(suggestion, index) {
  const insert = () => {
    one("#draft").value = suggestion.text;
    desk.inserted = suggestion;
    one("#draft").focus();
    feedback(suggestion, "inserted");
    check();
  };
  return make("article", { className: "offer" },
    make("div", { className: "top" },
      make("h3", {}, suggestion.title),
      make("span", { className: "meter", title: `置信度 ${percent(suggestion.confidence)}` }, bar(suggestion.confidence)),
      make("span", { className: "small soft number" }, percent(suggestion.confidence))),
    make("p", {}, ...withSlots(suggestion.text)),
    make("div", { className: "row" },
      make("span", { className: "small soft" }, [STAGES[suggestion.stage], source(suggestion)].filter(Boolean).join(" · ")),
      make("button", { type: "button", className: "quiet", title: "不合适", on: { click: (event) => {
        event.target.closest(".offer").remove();
        feedback(suggestion, "dismissed");
      } } }, "不合适"),
      make("button", { type: "button", className: "insert", title: `Alt+${index + 1}`, on: { click: insert } }, `插入 ${index + 1}`)));
}

function bar(value) {
  const inner = make("i");
  inner.style.width = percent(value);
  return inner;
}

const source = (suggestion) => [suggestion.source?.section, suggestion.release].filter(Boolean).join(" ");

function offers(reply) {
  const list = reply.suggestions || [];
  const near = (reply.near_questions || []).slice(0, 3);
  fill(one("#offers"), ...list.map(offer));
  if (!list.length) {
    fill(one("#offers"), make("p", { className: "empty" }, near.length ? "没有足够把握的话术。相近的问题：" : "没有足够把握的话术"),
      ...near.map((question) => make("p", { className: "small soft" }, question.title || question)));
  }
}

function feedback(suggestion, action, finalText) {
  if (!desk.suggestionsId) return;
  const body = { entry_id: suggestion.entry_id, action };
  if (finalText !== undefined) body.final_text = finalText;
  call("POST", `/v1/suggest/${desk.suggestionsId}/feedback`, body).catch(() => {});
}

function banner(handoff) {
  const element = one("#banner");
  const reasons = (handoff.reasons || []).map((reason) => CAUSES[reason.code] || reason.text || reason.code);
  const state = one("#state");
  state.hidden = false;
  state.textContent = STATES[handoff.state] || handoff.state;
  state.className = `pill ${["requested", "offered"].includes(handoff.state) ? "hot" : handoff.state === "human" || handoff.state === "accepted" ? "calm" : ""}`;
  const waiting = ["requested", "offered"].includes(handoff.state);
  const human = ["human", "accepted"].includes(handoff.state);
  one("#draft").disabled = one("#send").disabled = !human;
  one("#hint").textContent = human ? "" : "机器人接待中，接入后可回复";
  if (waiting) {
    element.className = handoff.action === "offer" ? "banner offer" : "banner";
    fill(element,
      make("div", {}, make("strong", {}, `建议转人工：${reasons.join("、") || "客户需要"}`), make("span", { className: "small" }, handoff.summary?.text || handoff.summary?.request || (typeof handoff.summary === "string" ? handoff.summary : ""))),
      make("button", { type: "button", id: "accept", className: "main", on: { click: accept } }, "接入会话"));
    element.hidden = false;
    one("#turns").lastElementChild?.scrollIntoView({ block: "end" });
  } else if (handoff.action === "alert_supervisor") {
    element.className = "banner";
    fill(element, make("div", {}, make("strong", {}, `已提醒主管：${reasons.join("、")}`)));
    element.hidden = false;
  } else if (human) {
    element.hidden = true;
  }
}

async function accept() {
  const reply = await call("POST", `/v1/conversations/${desk.id}/handoff`, { action: "accept" });
  desk.state = reply.state || reply.handoff?.state || "human";
  bubble({ role: "system", text: "您已接入会话" });
  stages(Object.keys(STAGES).map((stage) => ({ stage, done: false })));
  banner({ state: desk.state, action: "none", reasons: [] });
  one("#draft").focus();
}

async function say(turn) {
  if (desk.stream) return answer(turn);
  const reply = await call("POST", `/v1/conversations/${desk.id}/turns`, turn);
  bubble(turn, reply.sentiment);
  if (turn.role === "customer") {
    desk.course.push(reply.trajectory.value);
    mood(desk.course);
    desk.suggestionsId = reply.suggestions_id;
    desk.offered = reply.suggestions || [];
    offers(reply);
  }
  desk.state = reply.handoff.state;
  banner(reply.handoff);
  stages(reply.checklist || []);
  alerts(reply.alerts || []);
  one("#mode").textContent = { full: "完整模式", keyword_only: "关键词模式", rules_only: "规则模式" }[reply.mode] || "";
  one("#took").textContent = `${reply.took_ms.toFixed(1)} 毫秒`;
  return reply;
}

/** The agent's words in a real conversation: the stream tells the rest. */
async function answer(turn) {
  const reply = await call("POST", `/v1/conversations/${encodeURIComponent(desk.id)}/turns`, turn);
  bubble(turn, null);
  one("#took").textContent = `${reply.took_ms.toFixed(1)} 毫秒`;
}

const grave = (found) => (["high", "critical", "error"].includes(found.severity) ? "high" : "");

const speaksForUs = (role) => role === "agent" || role === "supervisor";

/** The customer's next line; what the bot says in between plays while the bot serves. */
async function next() {
  const button = one("#next");
  button.disabled = true;
  try {
    let heard = false;
    while (desk.at < desk.lines.length && !heard) {
      const line = desk.lines[desk.at++];
      if (line.role === "customer") {
        await say({ role: "customer", text: line.text });
        heard = true;
      } else if (line.role === "bot" && desk.state === "bot") {
        await say({ role: "bot", text: line.text });
      }
    }
    while (desk.at < desk.lines.length && desk.lines[desk.at].role === "bot" && desk.state === "bot") {
      await say({ role: "bot", text: desk.lines[desk.at++].text });
    }
    if (desk.at < desk.lines.length && speaksForUs(desk.lines[desk.at].role)) {
      one("#draft").placeholder = `参考：${desk.lines[desk.at].text}`;
    }
  } catch (error) {
    bubble({ role: "system", text: error.message });
  } finally {
    button.disabled = !desk.lines.slice(desk.at).some((line) => line.role === "customer");
    if (button.disabled) bubble({ role: "system", text: "客户的话说完了，可以用结束语收尾" });
  }
}

async function send(event) {
  event?.preventDefault();
  const draft = one("#draft");
  const text = draft.value.trim();
  if (!text || draft.disabled) return;
  if (text.includes("【请填写")) {
    fill(one("#issues"), make("li", { className: "high" }, "还有必填内容没有填写：请补全【请填写…】再发送"));
    return;
  }
  await say({ role: "agent", text });
  if (desk.inserted) {
    feedback(desk.inserted, desk.inserted.text === text ? "sent" : "edited", text);
    if (desk.inserted.text !== text) feedback(desk.inserted, "sent", text);
  }
  desk.inserted = null;
  draft.value = "";
  fill(one("#issues"));
}

let waiting = null;
function check() {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const text = one("#draft").value.trim();
    if (!text || !desk) return fill(one("#issues"));
    try {
      const reply = await call("POST", "/v1/drafts/check", { conversation_id: desk.id, text });
      fill(one("#issues"), ...reply.issues.slice(0, 4).map((issue) =>
        make("li", { className: grave(issue) }, `「${issue.text}」${issue.message || issue.expected || issue.code}`)));
    } catch { /* a check that fails must not stop the agent */ }
  }, 350);
}

function choose(button) {
  desk?.stream?.abort();
  for (const other of document.querySelectorAll(".scenes button")) other.removeAttribute("aria-current");
  button.setAttribute("aria-current", "true");
  fill(one("#turns"));
  fill(one("#issues"));
  one("#banner").hidden = true;
  one("#draft").value = "";
  one("#draft").placeholder = "回复客户……（Alt+1 至 Alt+5 插入推荐，Ctrl+Enter 发送）";
}

function heading(title, customer) {
  one("#title").textContent = title;
  const tier = TIERS[customer?.tier];
  one("#customer").hidden = !tier;
  one("#customer").textContent = tier || "";
}

/** A real conversation: its turns so far, then whatever the service tells of it. */
async function takeUp(row, button) {
  choose(button);
  const full = await call("GET", `/v1/conversations/${encodeURIComponent(row.conversation_id)}`);
  desk = { id: full.conversation_id, lines: [], at: 0, state: full.state, course: [], inserted: null, stream: new AbortController() };
  heading(row.conversation_id, full.customer);
  for (const turn of full.turns) {
    bubble(turn, turn.sentiment);
    if (turn.role === "customer") desk.course.push(turn.trajectory.value);
  }
  mood(desk.course);
  stages(full.checklist);
  const last = full.turns.at(-1);
  alerts(last?.alerts || []);
  banner({ ...(last?.handoff || { action: "none", reasons: [] }), state: full.state });
  one("#next").hidden = true;
  const reply = await call("POST", "/v1/suggest", { conversation_id: desk.id });
  desk.suggestionsId = reply.id;
  offers(reply);
  follow(`/v1/conversations/${encodeURIComponent(desk.id)}/events`, hear, desk.stream.signal, full.last_event_id);
}

function hear(kind, data) {
  if (kind === "turn" && !speaksForUs(data.role)) bubble(data, null);
  else if (kind === "analysis") {
    if (data.role === "customer") mood((desk.course.push(data.trajectory.value), desk.course));
    stages(data.checklist);
  } else if (kind === "suggestions") {
    desk.suggestionsId = data.suggestions_id;
    offers(data);
  } else if (kind === "handoff") banner(data);
  else if (kind === "alert") alerts([data]);
}

/** Conversations that wait for a person, as buttons. */
async function listWaiting() {
  const lists = await Promise.all(["requested", "offered"].map((state) => call("GET", `/v1/conversations?state=${state}&limit=20`)));
  const waiting = lists.flatMap((list) => list.conversations);
  fill(one("#waiting"), ...waiting.map((row) => {
    const button = make("button", { type: "button" }, row.conversation_id.slice(-18),
      make("span", { className: "small" }, `${row.turn_count} 轮 · 情绪 ${(row.trajectory.value || 0).toFixed(2)}`));
    button.addEventListener("click", () => takeUp(row, button));
    return button;
  }));
  if (!waiting.length) fill(one("#waiting"), make("p", { className: "empty small" }, "没有等待的会话"));
}

async function open(scene, button) {
  choose(button);
  one("#next").hidden = false;
  const full = await call("GET", `/v1/scenes/${scene.id}`);
  const servedBy = full.turns.some((turn) => turn.role === "bot") ? "bot" : "agent";
  const made = await call("POST", "/v1/conversations", { channel: full.channel, customer: full.customer, served_by: servedBy });
  desk = { id: made.conversation_id, lines: full.turns, at: 0, state: made.state, course: [], inserted: null, offered: [] };
  heading(full.title, full.customer);
  mood([]);
  stages(Object.keys(STAGES).map((stage) => ({ stage, done: false })));
  alerts([]);
  banner({ state: made.state, action: "none", reasons: [] });
  one("#next").disabled = false;
  fill(one("#offers"), make("p", { className: "empty" }, "客户说话后，这里给出可直接使用的话术"));
  if (made.state === "bot" || full.turns[0]?.role === "customer") await next();
}

async function start() {
  const { scenes } = await call("GET", "/v1/scenes");
  fill(one("#scenes"), ...scenes.map((scene) => {
    const button = make("button", { type: "button" }, scene.title, make("span", { className: "small" }, scene.about || ""));
    button.addEventListener("click", () => open(scene, button));
    return button;
  }));
  if (!scenes.length) fill(one("#scenes"), make("p", { className: "empty small" }, "没有演示会话：zuoxi demo 的站点才有"));
  await listWaiting();
  finder(one("#find"), one("#finds"), (item) => {
    if (one("#draft").disabled) return;
    one("#draft").value = item.answer;
    one("#draft").focus();
    check();
  });
  let due = null;
  follow("/v1/events", (kind) => {
    if (kind === "handoff") due ??= setTimeout(() => { due = null; listWaiting().catch(() => {}); }, 500);
  }, new AbortController().signal);
  one("#next").addEventListener("click", next);
  one("#composer").addEventListener("submit", send);
  one("#draft").addEventListener("input", check);
  document.addEventListener("keydown", (event) => {
    if (event.altKey && event.key >= "1" && event.key <= "5") {
      document.querySelectorAll(".offer .insert")[Number(event.key) - 1]?.click();
      event.preventDefault();
    } else if (event.altKey && event.key.toLowerCase() === "n" && !one("#next").disabled) next();
    else if (event.ctrlKey && event.key === "Enter") send();
  });
}

signedIn(start);
