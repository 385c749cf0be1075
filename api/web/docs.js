// The service's own description of itself, read from /openapi.json: no script of others, works unplugged.
import { fill, make, one } from "/web/page.js";

const NAMES = {
  route: "分单", suggest: "话术推荐", conversations: "会话与转接", quality: "质检", kb: "知识库",
  reports: "报表", operations: "运维", scenes: "演练场景", drafts: "草稿检查", embed: "嵌入",
};

let document_ = null;

function resolve(schema) {
  if (!schema) return {};
  if (schema.$ref) return resolve(document_.components.schemas[schema.$ref.split("/").pop()]);
  if (schema.anyOf) return resolve(schema.anyOf.find((part) => part.type !== "null") || {});
  return schema;
}

function shape(schema) {
  const plain = resolve(schema);
  if (plain.enum) return plain.enum.join(" | ");
  if (plain.type === "array") return `${shape(plain.items)}[]`;
  const limits = [plain.minLength && `≥${plain.minLength} 字`, plain.maxLength && `≤${plain.maxLength} 字`,
    plain.minimum !== undefined && `≥${plain.minimum}`, plain.maximum !== undefined && `≤${plain.maximum}`];
  return [plain.type || "object", ...limits.filter(Boolean)].join("，");
}

function fields(schema) {
  const plain = resolve(schema);
  const required = new Set(plain.required || []);
  const rows = Object.entries(plain.properties || {}).map(([name, value]) =>
    make("tr", {}, make("td", {}, make("code", {}, name)), make("td", {}, required.has(name) ? "必填" : ""), make("td", {}, shape(value))));
  return rows.length ? make("table", {}, make("tbody", {}, ...rows)) : null;
}

function operation(method, path, details) {
  const body = details.requestBody?.content?.["application/json"]?.schema;
  const parameters = (details.parameters || []).filter((one) => one.in !== "header").map((parameter) =>
    make("tr", {}, make("td", {}, make("code", {}, parameter.name)), make("td", {}, parameter.required ? "必填" : ""), make("td", {}, shape(parameter.schema))));
  return make("details", { className: "card", id: details.operationId },
    make("summary", {}, make("span", { className: `pill ${method === "get" ? "calm" : "tense"}` }, method.toUpperCase()), " ",
      make("code", {}, path), make("span", { className: "soft small" }, `　${details.description || details.summary || ""}`)),
    parameters.length ? make("table", {}, make("tbody", {}, ...parameters)) : null,
    body ? fields(body) : null);
}

async function start() {
  document_ = await (await fetch("/openapi.json")).json();
  const groups = new Map();
  for (const [path, methods] of Object.entries(document_.paths)) {
    for (const [method, details] of Object.entries(methods)) {
      const tag = details.tags?.[0] || "operations";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operation(method, path, details));
    }
  }
  fill(one("#index"), ...[...groups.keys()].map((tag) => make("a", { href: `#tag-${tag}` }, NAMES[tag] || tag)));
  fill(one("#operations"), ...[...groups].flatMap(([tag, list]) => [make("h2", { id: `tag-${tag}` }, NAMES[tag] || tag), ...list]));
}

start();
