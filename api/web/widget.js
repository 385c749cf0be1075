// <zuoxi-assist>: script suggestions beside any agent desktop. One script tag, no other dependency:
//
//   <script type="module" src="https://坐席服务/widget.js"></script>
//   <zuoxi-assist></zuoxi-assist>
//   const assist = document.querySelector("zuoxi-assist");
//   assist.open({ token, conversationId, turns, customer });   // token: POST /v1/embed-tokens, from your server
//   assist.addEventListener("zuoxi-insert", (event) => editor.append(event.detail.text));
//
// The body is an iframe of the service, so neither page sees the other's storage or markup.

const ORIGIN = new URL(import.meta.url).origin;
const VERSION = 1;

class ZuoxiAssist extends HTMLElement {
  #frame = null;
  #ready = false;
  #waiting = [];

  connectedCallback() {
    if (this.#frame) return;
    this.#frame = document.createElement("iframe");
    this.#frame.src = `${ORIGIN}/widget`;
    this.#frame.title = "坐席话术推荐";
    this.#frame.setAttribute("sandbox", "allow-scripts allow-same-origin");
    Object.assign(this.#frame.style, { border: "0", width: "100%", height: this.getAttribute("height") || "480px" });
    const root = this.attachShadow({ mode: "open" });
    root.append(this.#frame);
    this.onMessage = (event) => this.#hear(event);
    window.addEventListener("message", this.onMessage);
  }

  disconnectedCallback() {
    window.removeEventListener("message", this.onMessage);
  }

  /** Show suggestions for a conversation: {token, conversationId?, turns?, customer?, channel?, variables?}. */
  open(context) {
    this.#send({ type: "open", context });
  }

  /** Tell of a new turn: {role, text}. */
  turn(turn) {
    this.#send({ type: "turn", turn });
  }

  #send(message) {
    if (!this.#ready) this.#waiting.push(message);
    else this.#frame.contentWindow.postMessage({ v: VERSION, ...message }, ORIGIN);
  }

  #hear(event) {
    if (event.origin !== ORIGIN || event.source !== this.#frame.contentWindow || event.data?.v !== VERSION) return;
    if (event.data.type === "ready") {
      this.#ready = true;
      for (const message of this.#waiting.splice(0)) this.#send(message);
    } else if (event.data.type === "insert") {
      this.dispatchEvent(new CustomEvent("zuoxi-insert", { detail: event.data.detail, bubbles: true, composed: true }));
    } else if (event.data.type === "problem") {
      this.dispatchEvent(new CustomEvent("zuoxi-problem", { detail: event.data.detail, bubbles: true, composed: true }));
    }
  }
}

if (!customElements.get("zuoxi-assist")) customElements.define("zuoxi-assist", ZuoxiAssist);
