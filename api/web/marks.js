// Text with spans of it marked. Offsets count code points, as the service counts them.
import { make } from "/web/page.js";

/** The children that show `text` with [{start, end, ...}] marked; `dress(span)` gives a mark's properties. */
export function marked(text, spans, dress = () => ({})) {
  const letters = [...text];
  const found = [];
  let at = 0;
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (span.end <= at) continue;
    const start = Math.max(span.start, at);
    found.push(letters.slice(at, start).join(""), make("mark", dress(span), letters.slice(start, span.end).join("")));
    at = span.end;
  }
  found.push(letters.slice(at).join(""));
  return found.filter((part) => part !== "");
}

/** The children that show `text` cut where any span begins or ends; `dress(spans over it)` gives a piece's mark. */
export function overlaid(text, spans, dress) {
  const letters = [...text];
  const cuts = [...new Set([0, letters.length, ...spans.flatMap((span) => [span.start, span.end])])].filter((at) => at >= 0 && at <= letters.length).sort((a, b) => a - b);
  return cuts.slice(1).map((end, index) => {
    const start = cuts[index];
    const over = spans.filter((span) => span.start < end && span.end > start);
    const piece = letters.slice(start, end).join("");
    return over.length ? make("mark", dress(over), piece) : piece;
  });
}

const SLOT = /\{([^{}\n?？]{1,40})([?？]?)\}/g;

/** Slots written in a text: [{name, required}]. */
export function slotsOf(text) {
  const found = new Map();
  for (const [, name, optional] of text.matchAll(SLOT)) found.set(name.trim(), (found.get(name.trim()) ?? false) || !optional);
  return [...found].map(([name, required]) => ({ name, required }));
}

/** The children that show a script with its slots filled from `values`, or marked as blanks. */
export function filled(text, values, optional = new Set()) {
  const found = [];
  let at = 0;
  for (const match of text.matchAll(SLOT)) {
    const name = match[1].trim();
    found.push(text.slice(at, match.index));
    if (values[name]) found.push(make("mark", { className: "slot done" }, values[name]));
    else if (match[2] || optional.has(name)) found.push(make("mark", { className: "slot maybe", title: "没有值时省略" }, `${name}（可省）`));
    else found.push(make("mark", { className: "slot" }, `请填写：${name}`));
    at = match.index + match[0].length;
  }
  found.push(text.slice(at));
  return found.filter((part) => part !== "");
}
