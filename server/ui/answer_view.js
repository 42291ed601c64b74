// What came of a request: the numbers and pictures of an answer, or what is wrong.
import { $, element, number } from "/ui/dom.js";
import { heat } from "/ui/plot.js";

const ANSWER = ["numbers", "timing", "gradients"];

// NaN and Infinity may stand bare in a request.
function isJson(text) {
  try {
    JSON.parse(text.replace(/-?\b(NaN|Infinity)\b/g, "0"));
    return true;
  } catch {
    return false;
  }
}

const fieldOf = (name, kind) => document.getElementById(`${kind}-${name}`);

// The field that a problem is about, and what to write there where that is not JSON.
function whereWrong(problem) {
  const [, first, second] = (problem.pointer ?? "").split("/");
  const named = first === "options" ? fieldOf(second, "option") : fieldOf(first, "role");
  if (named || problem.status >= 500) return { field: named };
  const field = [...document.querySelectorAll("#roles textarea, #options input[inputmode=decimal]")]
    .find((f) => f.value.trim() && !isJson(f.value.trim()));
  if (!field) return {};
  const [kind, name] = field.id.split(/-(.*)/);
  return { field, cure: `${name} is not well-formed: write ${kind === "role" ? "[0.5, 3], [[1, 2], [3, 4]] or 2" : "a number such as 0.5"}` };
}

export function showError(error) {
  const problem = error.problem ?? { title: error.title ?? "No answer", detail: error.message }, { field, cure } = whereWrong(problem);
  $("error").replaceChildren(element("strong", { textContent: problem.title }),
    ...[problem.detail, cure ?? problem.hint].filter(Boolean).map((text) => element("p", { textContent: text })),
    element("p", { textContent: [problem.status, problem.code].filter(Boolean).join(" ") }));
  $("error").hidden = false;
  for (const id of ANSWER) $(id).replaceChildren(); // of an earlier request
  field?.setAttribute("aria-invalid", "true");
}

export function clearError() {
  $("error").hidden = true;
  for (const field of document.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}

// An array of any rank as rows of its last dimension; a vector is one row.
function asRows(value) {
  if (!Array.isArray(value)) return [[number(value)]];
  return Array.isArray(value[0]) ? value.flatMap(asRows) : [value.map(number)];
}

function shortened(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= 2000 ? text : `${text.slice(0, 2000)} ...`;
}

function gradientPart([role, value]) {
  const canvas = element("canvas", { className: "heat", id: `heat-${role}` });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `gradient of ${role}`);
  const rows = asRows(value), drawn = heat(canvas, rows);
  canvas.style.height = `${Math.min(20, 2 + rows.length)}rem`;
  const caption = [`${rows.length} x ${drawn.columns}`,
    `blue negative, orange positive${drawn.finite ? "" : ", grey not finite"}`, `largest magnitude ${drawn.largest}`,
    ...(drawn.block > 1 ? [`each pixel the largest of ${drawn.block}`] : [])].join("; ");
  return [element("h3", { textContent: `Gradient of ${role}` }), canvas, element("p", { className: "hint", textContent: caption }),
    element("details", {}, element("summary", { textContent: "numbers" }), element("pre", { tabIndex: 0, textContent: shortened(value) }))];
}

export function showAnswer({ content, timing }) {
  const numbers = ["loss", "numerator", "denominator"].filter((name) => name in content);
  $("numbers").replaceChildren(...numbers.map((name) => element("div", {},
    element("dt", { textContent: name }), element("dd", { id: `answer-${name}`, textContent: shortened(content[name]) }))));
  $("timing").textContent = timing ? `Server-Timing, in ms: ${timing.replaceAll(";dur=", " ")}` : "";
  $("gradients").replaceChildren(...Object.entries(content.gradients ?? {}).flatMap(gradientPart));
}
