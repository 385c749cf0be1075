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

/** A line over time: [{name, value|null, shown, note}]; gaps where there is no value. */
export function line(points, { low = null, high = null, unit = "" } = {}) {
  const known = points.filter((point) => point.value !== null);
  if (!known.length) return make("p", { className: "empty" }, "这段时间没有数据");
  const values = known.map((point) => point.value);
  const bottom = low ?? Math.min(...values) - 1e-9;
  const top = Math.max(high ?? Math.max(...values), bottom + 1e-6);
  const step = points.length > 1 ? 520 / (points.length - 1) : 0;
  const place = (point, index) => [40 + index * step, 120 - ((point.value - bottom) / (top - bottom)) * 96];
  const paths = [];
  let path = "";
  points.forEach((point, index) => {
    if (point.value === null) { if (path) paths.push(path); path = ""; return; }
    const [x, y] = place(point, index);
    path += `${path ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  if (path) paths.push(path);
  const dots = points.flatMap((point, index) => {
    if (point.value === null) return [];
    const [x, y] = place(point, index);
    return [
      draw("circle", { cx: x, cy: y, r: 4 }, draw("title", {}, `${point.name} ${point.shown}${unit}`)),
      draw("text", { class: "value", x, y: y - 10, "text-anchor": "middle" }, point.shown),
    ];
  });
  const labels = points.map((point, index) => draw("text", { x: 40 + index * step, y: 144, "text-anchor": "middle" }, point.name));
  return draw("svg", { class: "chart trend", viewBox: "0 0 600 152", role: "img", "aria-label": said(known) },
    draw("line", { class: "zero", x1: 20, x2: 580, y1: 120, y2: 120 }), ...paths.map((d) => draw("path", { d })), ...dots, ...labels);
}
