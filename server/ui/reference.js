// The plain API page: the document as readable HTML, with a form to try each operation.
import { $, element } from "/ui/dom.js";

let spec;

const resolve = (thing) => thing?.$ref ? thing.$ref.slice(2).split("/").reduce((at, key) => at[key], spec) : thing;
const refName = (schema) => schema?.$ref?.split("/").at(-1);

// A schema's type in a few words.
function kind(schema = {}) {
  if (refName(schema)) return refName(schema);
  if (schema.allOf) return schema.allOf.map(kind).join(" and ");
  if (schema.enum) return schema.enum.map((v) => JSON.stringify(v)).join(" | ");
  if (schema.anyOf) return schema.anyOf.map(kind).join(" | ");
  if (schema.type === "array") return `array of ${kind(schema.items)}`;
  return [].concat(schema.type ?? "any").join(" | ");
}

function range(schema) {
  const words = { minimum: ">=", exclusiveMinimum: ">", maximum: "<=", exclusiveMaximum: "<" };
  return Object.keys(words).filter((k) => k in schema).map((k) => ` ${words[k]} ${schema[k]}`).join("");
}

// Markdown, as far as the document has it: paragraphs, lists, `code` and **strong**.
function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => part.startsWith("`") ? element("code", { textContent: part.slice(1, -1) })
    : part.startsWith("**") ? element("strong", { textContent: part.slice(2, -2) }) : part);
}

const prose = (text) => text.split(/\n\n/).map((part) => !part.startsWith("* ") ? element("p", {}, ...inline(part))
  : element("ul", {}, ...part.slice(2).split(/\n\* /).map((item) => element("li", {}, ...inline(item)))));

function table(headings, rows) {
  return element("div", { className: "table", tabIndex: 0 }, element("table", {}, element("thead", {}, element("tr", {}, ...headings.map((h) => element("th", { textContent: h })))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((text) => element("td", { textContent: text })))))));
}

function members(schema) {
  return Object.entries(schema.properties ?? {}).flatMap(([name, raw]) => {
    const property = resolve(raw), needed = schema.required?.includes(name) ? "yes" : "";
    const row = [name, kind(raw) + range(property), needed, property.description ?? ""];
    return name === "options" ? [row, ...members(property).map(([n, ...rest]) => [`options.${n}`, ...rest])] : [row];
  });
}

function requestPart(operation) {
  const content = operation.requestBody?.content;
  if (!content) return [];
  const schema = resolve(content["application/json"]?.schema) ?? {};
  return [element("h3", { textContent: `Request: ${Object.keys(content).join(", ")}` }),
    ...(schema.properties ? [table(["member", "type", "required", "meaning"], members(schema))] : [])];
}

function parameterPart(operation) {
  if (!operation.parameters?.length) return [];
  const rows = operation.parameters.map(resolve).map((p) => [p.name, p.in, kind(p.schema) + range(p.schema ?? {}), p.description ?? ""]);
  return [element("details", {}, element("summary", { textContent: `Parameters (${rows.length})` }),
    table(["name", "in", "type", "meaning"], rows))];
}

function answerPart(operation) {
  const rows = Object.entries(operation.responses).map(([status, raw]) => {
    const answer = resolve(raw);
    return [status, Object.keys(answer.content ?? {}).join(", "), answer.description];
  });
  return [element("h3", { textContent: "Answers" }), table(["status", "content", "meaning"], rows)];
}

function exampleOf(operation) {
  const examples = Object.values(operation.requestBody?.content?.["application/json"]?.examples ?? {});
  return examples.length ? JSON.stringify(examples[0].value, null, 1).replace(/\n\s+(?=[-\d\]])/g, " ") : "{}";
}

async function send(method, path, body, output) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  if ($("token").value) headers.Authorization = `Bearer ${$("token").value}`;
  try {
    const answer = await fetch(path, { method, headers, body });
    output.textContent = `${answer.status} ${answer.headers.get("Content-Type") ?? ""}\n\n${(await answer.text()).slice(0, 20000)}`;
  } catch (error) {
    output.textContent = `No answer: ${error.message}`;
  }
  output.hidden = false;
}

function tryPart(method, path, operation) {
  const address = element("input", { value: path, ariaLabel: "path", size: 48, spellcheck: false });
  const body = operation.requestBody && element("textarea", { value: exampleOf(operation), rows: 7, ariaLabel: "body", spellcheck: false });
  const output = element("pre", { hidden: true, tabIndex: 0 });
  output.setAttribute("aria-live", "polite");
  const button = element("button", { textContent: "Send" });
  button.addEventListener("click", () => send(method.toUpperCase(), address.value, body?.value, output));
  return [element("h3", { textContent: "Try it" }), address, ...(body ? [body] : []),
    element("div", { className: "actions" }, button), output];
}

// Opened operations are made when they are first opened: the document is long.
function operationPart(method, path, operation) {
  const part = element("details", {}, element("summary", {},
    element("span", { className: "method", textContent: method.toUpperCase() }), element("code", { textContent: path }),
    element("span", { className: "hint", textContent: `  ${operation.summary ?? ""}` })));
  part.dataset.words = `${method} ${path} ${operation.summary ?? ""}`.toLowerCase();
  part.addEventListener("toggle", () => {
    if (part.childElementCount > 1) return;
    part.append(...(operation.description ? [element("code", { className: "formula", textContent: operation.description.replace(/^```tex\n|\n```$/g, "") })] : []),
      ...tryPart(method, path, operation), ...requestPart(operation), ...parameterPart(operation), ...answerPart(operation));
  });
  return part;
}

function schemaPart([name, schema]) {
  const part = element("details", {}, element("summary", { textContent: name }));
  part.dataset.words = name.toLowerCase();
  part.append(element("p", { className: "hint", textContent: schema.description ?? "" }),
    element("pre", { textContent: JSON.stringify(schema, null, 2) }));
  return part;
}

export function showReference(document) {
  spec = document;
  const operations = Object.entries(spec.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })));
  $("reference").replaceChildren(...prose(spec.info.description),
    ...spec.tags.flatMap(({ name }) => [element("h2", { textContent: name }),
      ...operations.filter((o) => o.operation.tags.includes(name)).map((o) => operationPart(o.method, o.path, o.operation))]),
    element("h2", { textContent: "schemas" }), ...Object.entries(spec.components.schemas).map(schemaPart));
}

$("filter").addEventListener("input", () => {
  for (const part of document.querySelectorAll("[data-words]"))
    part.hidden = !part.dataset.words.includes($("filter").value.toLowerCase());
});
