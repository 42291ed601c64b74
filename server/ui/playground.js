// The playground: a request is built from the form as text (so that NaN and large integers pass), posted, and the answer
// shown. The curves ask the server too: one request for each definition, with the prediction varied over a range.
import { ownCurves, otherCurve } from "/ui/curves.js";
import { moveCursor, redraw, showCurves } from "/ui/curve_view.js";
import { $, element, number } from "/ui/dom.js";
import { heat } from "/ui/plot.js";
import { snippets } from "/ui/snippets.js";
import { tensorsOf } from "/ui/tensor_files.js";

const COLORS = { textbook: "--one", pytorch: "--two", others: ["--three", "--four", "--five", "--six"] };
const EXTRA_ROLES = [
  { name: "sample_weight", description: "a factor for each unreduced loss", shape: "that of the unreduced loss" },
  { name: "grad_output", description: "the cotangent of the loss", shape: "that of the loss" },
];
let losses = [], loss, digits, compared = []; // compared: names of other losses

// Talking to the server

async function ask(path, body) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  if ($("token").value) headers.Authorization = `Bearer ${$("token").value}`;
  const answer = await fetch(path, { method: body === undefined ? "GET" : "POST", headers, body });
  const content = await answer.json();
  if (answer.status === 401) showToken();
  if (!answer.ok) throw Object.assign(new Error(content.detail), { problem: content });
  return { content, timing: answer.headers.get("Server-Timing") };
}

const path = () => `/v1/losses/${loss.name}`;

// Building the form

const rolesOf = (l) => [...l.roles, ...EXTRA_ROLES];

function roleField(role) {
  const id = `role-${role.name}`;
  const input = element("textarea", { id, rows: 2, spellcheck: false });
  input.addEventListener("input", () => { $("source").value = "own"; });
  const hint = element("span", { className: "hint",
    textContent: ` ${role.description}; shape ${role.shape}${role.required ? "" : "; may stay empty"}` });
  return [element("label", { htmlFor: id }, role.name, hint), input];
}

function optionField(option) {
  const id = `option-${option.name}`;
  const values = option.values ?? (option.type === "boolean" ? ["true", "false"] : null);
  const standard = option.name === "definition" ? "textbook" : "";
  const control = values
    ? element("select", { id }, ...(standard ? [] : [element("option", { value: "", textContent: "default" })]),
      ...values.map((v) => element("option", { value: v, textContent: v })))
    : element("input", { id, type: "text", inputMode: option.type === "string" ? "text" : "decimal" });
  control.title = option.description;
  return element("div", {}, element("label", { htmlFor: id, textContent: option.name, title: option.description }), control);
}

// The empty choice says what it stands for under the chosen definition.
function nameDefaults() {
  const definition = $("option-definition").value;
  for (const option of loss.options.filter((o) => o.name !== "definition")) {
    const control = $(`option-${option.name}`), value = option.defaults[definition];
    const text = value === null ? "none" : String(value);
    if (control.tagName === "SELECT") control.options[0].textContent = `${text} (default)`;
    else control.placeholder = `${text} (default)`;
  }
}

// Typeset where KaTeX was built in.
function showFormula() {
  if (globalThis.katex) katex.render(loss.formula, $("formula"), { displayMode: true, throwOnError: false });
  else $("formula").replaceChildren(element("code", { textContent: loss.formula }));
}

function chooseLoss(name) {
  loss = losses.find((l) => l.name === name) ?? losses[0];
  $("loss").value = loss.name;
  $("summary").textContent = loss.summary;
  showFormula();
  const [required, optional] = [true, false].map((needed) => rolesOf(loss).filter((r) => Boolean(r.required) === needed));
  $("roles").replaceChildren(...required.flatMap(roleField), element("details", { id: "optional" },
    element("summary", { textContent: `Optional: ${optional.map((r) => r.name).join(", ")}` }), ...optional.flatMap(roleField)));
  $("options").replaceChildren(...loss.options.map(optionField));
  setOptions({});
}

function setOptions(given) {
  for (const option of loss.options) {
    const control = $(`option-${option.name}`);
    control.value = option.name in given ? String(given[option.name]) : option.name === "definition" ? "textbook" : "";
  }
  nameDefaults();
}

// A matrix is one row a line.
function tensorText(value) {
  if (!Array.isArray(value) || !Array.isArray(value[0])) return JSON.stringify(value);
  return `[${value.map((row) => JSON.stringify(row)).join(",\n ")}]`;
}

function setInputs(body) {
  for (const role of rolesOf(loss)) {
    const field = $(`role-${role.name}`), text = role.name in body ? tensorText(body[role.name]) : "";
    field.value = text;
    field.rows = Math.min(10, 1 + text.split("\n").length);
  }
}

async function chooseSource(source) {
  if (source === "example") {
    setInputs(loss.example);
    setOptions(loss.example.options ?? {});
  } else if (source.startsWith("digits")) {
    digits ??= (await ask("/examples/digits.json")).content;
    if (!["CrossEntropyLoss", "MultiMarginLoss"].includes(loss.name)) chooseLoss("CrossEntropyLoss");
    const count = source === "digits" ? digits.target.length : 50;
    setInputs({ input: digits.input.slice(0, count), target: digits.target.slice(0, count) });
  }
  $("source").value = source;
}

// The request as text

function optionValues() {
  const given = {};
  for (const option of loss.options) {
    const text = $(`option-${option.name}`).value.trim();
    const plain = !["number", "integer", "boolean"].includes(option.type);
    if (text !== "" && !(option.name === "definition" && text === "textbook"))
      given[option.name] = plain || /^[+-]?(Infinity|NaN)$/.test(text) ? JSON.stringify(text) : text;
  }
  return given;
}

function optionsText(given) {
  return `{${Object.entries(given).map(([name, text]) => `"${name}": ${text}`).join(", ")}}`;
}

function bodyText() {
  const members = rolesOf(loss).map((role) => [role.name, $(`role-${role.name}`).value.trim().replace(/\s*\n\s*/g, " ")])
    .filter(([, text]) => text !== "");
  const options = optionValues();
  if (Object.keys(options).length) members.push(["options", optionsText(options)]);
  members.push(["gradients", "true"]);
  return `{${members.map(([name, text]) => `"${name}": ${text}`).join(", ")}}`;
}

// Showing

function showError(error) {
  const problem = error.problem ?? { title: "No answer", detail: error.message };
  $("error").replaceChildren(...[
    element("strong", { textContent: problem.title }), element("p", { textContent: problem.detail }),
    ...(problem.hint ? [element("p", { textContent: problem.hint })] : []),
    element("p", { className: "code", textContent: [problem.status, problem.code].filter(Boolean).join(" ") }),
  ]);
  $("error").hidden = false;
  for (const id of ["numbers", "timing", "gradients"]) $(id).replaceChildren(); // of an earlier request
  const [, first, second] = (problem.pointer ?? "").split("/");
  $(first === "options" ? `option-${second}` : `role-${first}`)?.setAttribute("aria-invalid", "true");
}

function clearError() {
  $("error").hidden = true;
  for (const field of document.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}

function showToken() {
  $("token").hidden = false;
  document.querySelector("label[for=token]").hidden = false;
}

// An array of any rank as rows of its last dimension; a vector is one row.
function asRows(value) {
  if (!Array.isArray(value)) return [[number(value)]];
  return Array.isArray(value[0]) ? value.flatMap(asRows) : [value.map(number)];
}

function shortened(value) {
  const text = JSON.stringify(value);
  return text.length <= 2000 ? text : `${text.slice(0, 2000)} ...`;
}

function showAnswer({ content, timing }) {
  const numbers = ["loss", "numerator", "denominator"].filter((name) => name in content);
  $("numbers").replaceChildren(...numbers.map((name) => element("div", {},
    element("dt", { textContent: name }), element("dd", { id: `answer-${name}`, textContent: shortened(content[name]) }))));
  $("timing").textContent = timing ? `Server-Timing, in ms: ${timing.replaceAll(";dur=", " ")}` : "";
  $("gradients").replaceChildren(...Object.entries(content.gradients ?? {}).flatMap(([role, value]) => {
    const canvas = element("canvas", { className: "heat", id: `heat-${role}` });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `gradient of ${role}`);
    const rows = asRows(value), largest = heat(canvas, rows);
    canvas.style.height = `${Math.min(20, 2 + rows.length)}rem`;
    return [element("h3", { textContent: `Gradient of ${role}` }), canvas,
      element("p", { className: "hint",
        textContent: `${rows.length} x ${canvas.width}; blue negative, orange positive; largest magnitude ${largest}` }),
      element("details", {}, element("summary", { textContent: "numbers" }), element("pre", { textContent: shortened(value) }))];
  }));
}

// Curves

// A tensor of the request as nested arrays; base64 has none.
function asNested(value) {
  const data = value?.data ?? value;
  if (typeof data === "number" || Array.isArray(data)) return data;
  throw new Error("not nested");
}

function currentInputs() {
  const filled = loss.roles.map((r) => [r.name, $(`role-${r.name}`).value.trim()]).filter(([, text]) => text);
  return Object.fromEntries(filled.map(([name, text]) => [name, asNested(JSON.parse(text))]));
}

async function makeCurves() {
  let inputs;
  try { inputs = currentInputs(); } catch { return []; }
  const { definition, ...given } = optionValues();
  delete given.reduction;
  const last = [inputs[loss.roles[0].name]].flat(Infinity).length - 1;
  const k = Math.min(Math.max(0, $("varied").valueAsNumber || 0), last);
  $("varied").max = last;
  const own = await ownCurves(ask, loss, inputs, given, $("option-definition").value, k);
  const others = await Promise.all(compared.filter((name) => name !== loss.name)
    .map((name) => otherCurve(ask, losses.find((l) => l.name === name), loss, inputs, k)));
  return [
    ...own.map((c) => ({ ...c, color: COLORS[c.definition], dash: c.definition === "pytorch" ? [14, 10] : [] })),
    ...others.map((c, i) => c && { ...c, color: COLORS.others[i % COLORS.others.length], dash: [] }).filter(Boolean)];
}

// The permalink: everything but the digits, which are named

function state() {
  const source = $("source").value, inputs = {};
  if (source === "own") for (const role of rolesOf(loss)) inputs[role.name] = $(`role-${role.name}`).value;
  const options = Object.fromEntries(loss.options.map((o) => [o.name, $(`option-${o.name}`).value]).filter(([, v]) => v));
  return { loss: loss.name, source, options, inputs, compared, language: $("language").value, varied: $("varied").value };
}

async function restore(fragment) {
  const wanted = JSON.parse(decodeURIComponent(fragment));
  chooseLoss(wanted.loss);
  await chooseSource(wanted.source);
  for (const [name, text] of Object.entries(wanted.inputs)) if ($(`role-${name}`)) $(`role-${name}`).value = text;
  setOptions(wanted.options);
  compared = (wanted.compared ?? []).filter((name) => losses.some((l) => l.name === name));
  $("varied").value = wanted.varied ?? 0;
  if (wanted.language in snippets) $("language").value = wanted.language;
}

function remember() {
  history.replaceState(null, "", `#${encodeURIComponent(JSON.stringify(state()))}`);
}

// Files: tensors go to the fields of their names; the one tensor of a .npy file, else, to the field it was dropped on.
async function takeFile(file, field) {
  try {
    const found = await tensorsOf(file), names = rolesOf(loss).map((r) => r.name), entries = Object.entries(found);
    const fields = entries.map(([name, text]) => [names.includes(name) ? `role-${name}` : entries.length === 1 ? field : null, text])
      .filter(([id]) => id);
    if (!fields.length) throw new Error(`${file.name} holds ${entries.map(([name]) => name).join(", ")}; ${loss.name} takes ${names.join(", ")}`);
    for (const [id, text] of fields) $(id).value = text;
    $("source").value = "own";
    compute();
  } catch (error) {
    showError(error);
  }
}

// Acting

function showSnippet() {
  $("snippet").textContent = snippets[$("language").value](location.origin + path(), bodyText());
}

let turn = 0; // answers to what was asked before the last Compute are dropped

async function compute() {
  const mine = ++turn;
  clearError();
  remember();
  showSnippet();
  try {
    const answer = await ask(path(), bodyText());
    if (mine === turn) showAnswer(answer);
  } catch (error) {
    if (mine === turn) showError(error);
  }
  const made = $("error").hidden ? await makeCurves().catch(() => []) : [];
  if (mine !== turn) return;
  showCurves(made, loss.roles[0].name);
  document.body.dataset.turn = mine;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    $("said").textContent = "Copied.";
  } catch {
    $("said").textContent = "This browser does not let pages copy here; the text is selected below.";
    getSelection().selectAllChildren($("snippet"));
  }
}

function listen() {
  $("form").addEventListener("submit", (event) => { event.preventDefault(); compute(); });
  $("loss").addEventListener("change", async () => {
    chooseLoss($("loss").value);
    $("varied").value = 0;
    await chooseSource("example");
    compute();
  });
  $("source").addEventListener("change", async () => { await chooseSource($("source").value); compute(); });
  $("options").addEventListener("change", () => { nameDefaults(); compute(); });
  $("roles").addEventListener("change", compute);
  $("token").addEventListener("change", start);
  $("language").addEventListener("change", () => { showSnippet(); remember(); });
  $("copy").addEventListener("click", () => copy($("snippet").textContent));
  $("share").addEventListener("click", () => copy(location.href));
  $("compare").addEventListener("change", () => {
    compared = [...new Set([...compared, $("compare").value])];
    $("compare").value = "";
    compute();
  });
  $("varied").addEventListener("change", compute);
  for (const id of ["value-plot", "slope-plot"]) $(id).addEventListener("keydown", moveCursor);
  $("forget").addEventListener("click", () => { compared = []; compute(); });
  $("file").addEventListener("change", () => takeFile($("file").files[0], `role-${loss.roles[0].name}`));
  $("form").addEventListener("dragover", (event) => event.preventDefault());
  $("form").addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    takeFile(event.dataTransfer.files[0], event.target.id.startsWith("role-") ? event.target.id : `role-${loss.roles[0].name}`);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

async function start() {
  clearError();
  try {
    losses = (await ask("/v1/losses")).content.losses;
  } catch (error) {
    return showError(error);
  }
  $("loss").replaceChildren(...losses.map((l) => element("option", { value: l.name, textContent: l.name })));
  $("compare").append(...losses.map((l) => element("option", { value: l.name, textContent: l.name })));
  try {
    await restore(location.hash.slice(1));
  } catch {
    chooseLoss("HuberLoss");
    await chooseSource("example");
  }
  compute();
}

$("language").replaceChildren(...Object.keys(snippets).map((name) => element("option", { value: name, textContent: name })));
listen();
start();
