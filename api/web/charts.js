// Charts as inline SVG: every one says its numbers in words, too.
import { draw, make } from "/web/page.js";

const HOT = new Set(["critical", "manual", "complaint", "anger", "sensitive"]);
const TENSE = new Set(["urgent", "suggest", "after_sales", "repeat", "no_progress", "unanswered"]);
const said = (rows) => rows.map((row) => `${row.name} ${row.shown ?? row.value}`).join("，");

/** Horizontal bars: [{code, name, value, shown?, total?, href?}]. */
export function bars(rows, empty = "今天还没有数据") {
  if (!rows.length) return make("p", { className: "empty" }, empty);
  const most = Math.max(...rows.map((row) => row.total || row.value), 1e-9);
  const height = rows.length * 30;
  return draw("svg", { class: "chart", viewBox: `0 0 400 ${height}`, role: "img", "aria-label": said(rows) },
    ...rows.map((row, index) => {
      const y = index * 30;
      const width = Math.max(2, (row.value / most) * 200);
      const tone = HOT.has(row.code) ? "hot" : TENSE.has(row.code) ? "tense" : "";
      const name = row.name.length > 9 ? `${row.name.slice(0, 9)}…` : row.name;
      const parts = [
        draw("title", {}, `${row.name} ${row.shown ?? row.value}`),
        draw("text", { x: 0, y: y + 19 }, name),
        draw("rect", { class: "back", x: 130, y: y + 8, width: 200, height: 14 }),
        draw("rect", { class: tone, x: 130, y: y + 8, width, height: 14 }),
        draw("text", { class: "value", x: 396, y: y + 19, "text-anchor": "end" }, String(row.shown ?? row.value)),
      ];
      return row.href ? draw("a", { href: row.href }, ...parts) : draw("g", {}, ...parts);
    }));
}

/** Two columns side by side, before and after: [{name, value, shown, note}] of the two, over the same height. */
export function pair(before, after, most, better) {
  const column = (side, x, tone) => {
    const height = side.value === null ? 0 : Math.max(2, (side.value / (most || 1)) * 92);
    return [
      draw("rect", { class: "back", x, y: 24, width: 54, height: 92 }),
      draw("rect", { class: tone, x, y: 116 - height, width: 54, height }),
      draw("text", { class: "value", x: x + 27, y: 16, "text-anchor": "middle" }, side.shown),
      draw("text", { x: x + 27, y: 134, "text-anchor": "middle" }, side.name),
      draw("text", { class: "note", x: x + 27, y: 150, "text-anchor": "middle" }, side.note),
    ];
  };
  const label = `${before.name} ${before.shown}（${before.note}），${after.name} ${after.shown}（${after.note}）`;
  return draw("svg", { class: "chart pair", viewBox: "0 0 190 156", role: "img", "aria-label": label },
    ...column(before, 24, "was"), ...column(after, 112, better));
}

const LABELS = 14; // points from which only some are labelled: more would lie over each other

/** A line over time: [{name, value|null, shown, href?}]; gaps where there is no value; `reference`: [{value, name}]. */
export function line(points, { high = null, reference = [] } = {}) {
  const known = points.filter((point) => point.value !== null);
  if (!known.length) return make("p", { className: "empty" }, "这段时间没有数据");
  const values = [...known.map((point) => point.value), ...reference.map((one) => one.value)];
  const bottom = Math.min(...values);
  const top = Math.max(high ?? Math.max(...values), bottom + 1e-6);
  const step = points.length > 1 ? 1000 / (points.length - 1) : 0;
  const [across, up] = [(index) => 50 + index * step, (value) => 130 - ((value - bottom) / (top - bottom)) * 96];
  const paths = [""];
  points.forEach((point, index) => {
    if (point.value === null) paths.push("");
    else paths[paths.length - 1] += `${paths.at(-1) ? "L" : "M"}${across(index).toFixed(1)} ${up(point.value).toFixed(1)}`;
  });
  const every = Math.ceil(points.length / LABELS);
  const dots = points.map((point, index) => {
    if (point.value === null) return null;
    const dot = [draw("circle", { cx: across(index), cy: up(point.value), r: 4 }, draw("title", {}, `${point.name} ${point.shown}`)),
      ...(every === 1 ? [draw("text", { class: "value", x: across(index), y: up(point.value) - 10, "text-anchor": "middle" }, point.shown)] : [])];
    return point.href ? draw("a", { href: point.href }, ...dot) : draw("g", {}, ...dot);
  });
  const labels = points.map((point, index) => (index % every ? null : draw("text", { x: across(index), y: 154, "text-anchor": "middle" }, point.name)));
  const lines = reference.flatMap((one) => [draw("line", { class: "goal", x1: 20, x2: 1080, y1: up(one.value), y2: up(one.value) }), draw("text", { class: "note", x: 1080, y: up(one.value) - 4, "text-anchor": "end" }, one.name)]);
  return draw("svg", { class: "chart trend", viewBox: "0 0 1100 162", role: "img", "aria-label": said(known) },
    draw("line", { class: "zero", x1: 20, x2: 1080, y1: 136, y2: 136 }), ...lines, ...paths.filter(Boolean).map((d) => draw("path", { d })), ...[...dots, ...labels].filter(Boolean));
}
