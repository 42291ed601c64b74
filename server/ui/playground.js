// The playground: a request is built from the form as text (so that NaN and large integers pass), posted, and the answer
// shown. The curves ask the server too: one request for each definition, with the prediction varied over a range.
import { clearError, showAnswer, showError } from "/ui/answer_view.js";
import { copy } from "/ui/clipboard.js";
import { nested, ownCurves, otherCurve } from "/ui/curves.js";
import { moveCursor, redraw, showCurves } from "/ui/curve_view.js";
import { $, element } from "/ui/dom.js";
import { snippets } from "/ui/snippets.js";
import { tensorsOf } from "/ui/tensor_files.js";

const COLORS = { textbook: "--one", pytorch: "--two", others: ["--three", "--four", "--five", "--six"] };
const EXTRA_ROLES = [
  { name: "sample_weight", description: "a factor for each unreduced loss", shape: "that of the unreduced loss" },
  { name: "grad_output", description: "the cotangent of the loss", shape: "that of the loss" },
];
const LONG_LINK = 1000000; // browsers take addresses of 1 to 2 million characters
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
  control.addEventListener("focus", () => { $("option-text").textContent = `${option.name}: ${option.description}`; });
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

// texts: {role: text}; what is not there is empty. Optional tensors that are given are seen.
function setInputs(texts) {
  for (const role of rolesOf(loss)) {
    const field = $(`role-${role.name}`), text = texts[role.name] ?? "";
    field.value = text;
    field.rows = Math.min(10, 1 + text.split("\n").length);
    if (text && !role.required) $("optional").open = true;
  }
}

const inputTexts = () => Object.fromEntries(rolesOf(loss).map(({ name }) => [name, $(`role-${name}`).value]));

const textsOf = (body) => Object.fromEntries(rolesOf(loss).filter(({ name }) => name in body)
  .map(({ name }) => [name, tensorText(body[name])]));

async function chooseSource(source) {
  if (source === "example") {
    setInputs(textsOf(loss.example));
    setOptions(loss.example.options ?? {});
  } else if (source.startsWith("digits")) {
    digits ??= (await ask("/examples/digits.json")).content;
    if (!["CrossEntropyLoss", "MultiMarginLoss"].includes(loss.name)) chooseLoss("CrossEntropyLoss");
    const count = source === "digits" ? digits.target.length : 50;
    setInputs(textsOf({ input: digits.input.slice(0, count), target: digits.target.slice(0, count) }));
  }
  $("source").value = source;
}

// Numbers of one's own stay where the other loss takes the same tensors.
async function changeLoss(name) {
  const tensors = () => JSON.stringify(loss.roles.filter((r) => r.required).map((r) => [r.name, r.shape]));
  const before = tensors(), texts = $("source").value === "own" ? inputTexts() : null;
  chooseLoss(name);
  $("varied").value = 0;
  if (texts && tensors() === before) setInputs(texts);
  else await chooseSource("example");
  compute();
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

function showToken() {
  $("token").hidden = false;
  document.querySelector("label[for=token]").hidden = false;
}

// Curves

// A tensor of the request as nested arrays; base64 has none.
function asNested(value) {
  const data = value?.data ?? value;
  if (typeof data !== "number" && !Array.isArray(data)) throw new Error("not nested");
  return value.shape ? nested([data].flat(Infinity), value.shape) : data;
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
  const k = Math.min(Math.max(0, Math.floor($("varied").valueAsNumber || 0)), last);
  $("varied").max = last;
  $("varied").value = k;
  const own = await ownCurves(ask, loss, inputs, given, $("option-definition").value, k);
  const others = await Promise.all(compared.filter((name) => name !== loss.name)
    .map((name) => otherCurve(ask, losses.find((l) => l.name === name), loss, inputs, k)));
  return [
    ...own.map((c) => ({ ...c, color: COLORS[c.definition], dash: c.definition === "pytorch" ? [8, 6] : [] })),
    ...others.map((c, i) => c && { ...c, color: COLORS.others[i % COLORS.others.length], dash: [] }).filter(Boolean)];
}

// The permalink: everything but the digits, which are named, and numbers that are too many

function state(inputs) {
  const source = $("source").value === "own" && !inputs ? "example" : $("source").value;
  const options = Object.fromEntries(loss.options.map((o) => [o.name, $(`option-${o.name}`).value]).filter(([, v]) => v));
  return { loss: loss.name, source, options, inputs: source === "own" ? inputs : {}, compared, language: $("language").value,
    varied: $("varied").value };
}

async function restore(fragment) {
  const wanted = JSON.parse(decodeURIComponent(fragment));
  chooseLoss(wanted.loss);
  await chooseSource(wanted.source);
  if (wanted.source === "own") setInputs(wanted.inputs);
  setOptions(wanted.options);
  compared = (wanted.compared ?? []).filter((name) => losses.some((l) => l.name === name));
  $("varied").value = wanted.varied ?? 0;
  if (Object.hasOwn(snippets, wanted.language)) $("language").value = wanted.language;
}

const isLong = (inputs) => Object.values(inputs).join("").length > LONG_LINK / 2;

function remember() {
  const inputs = inputTexts(), fragment = encodeURIComponent(JSON.stringify(state(isLong(inputs) ? null : inputs)));
  history.replaceState(null, "", `#${fragment}`);
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
    clearError();
    showError(Object.assign(error, { title: "The file cannot be read" }));
  }
}

// Acting

function showSnippet() {
  const headers = { "Content-Type": "application/json", ...($("token").value ? { Authorization: "Bearer TOKEN" } : {}) };
  $("snippet").textContent = snippets[$("language").value](location.origin + path(), headers, bodyText());
}

let turn = 0; // answers to what was asked before the last Compute are dropped

async function compute() {
  const mine = ++turn;
  clearError();
  $("said").textContent = "";
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

async function copyLink() {
  const whole = $("source").value !== "own" || !isLong(inputTexts());
  const how = whole ? "Copied." : "Copied, without the numbers: they are too many for a link.";
  $("said").textContent = await copy(location.href) ? how : "This browser does not let pages copy; the link is this page's address.";
}

async function copySnippet() {
  const copied = await copy($("snippet").textContent);
  $("said").textContent = copied ? "Copied." : "This browser does not let pages copy; the text is selected below.";
  if (!copied) getSelection().selectAllChildren($("snippet"));
}

function listen() {
  $("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    await compute();
    $($("error").hidden ? "numbers" : "error").scrollIntoView({ block: "nearest" }); // on phones it lies below the form
  });
  $("loss").addEventListener("change", () => changeLoss($("loss").value));
  $("source").addEventListener("change", async () => { await chooseSource($("source").value); compute(); });
  $("options").addEventListener("change", () => { nameDefaults(); compute(); });
  $("roles").addEventListener("change", compute);
  $("token").addEventListener("change", start);
  $("language").addEventListener("change", () => { showSnippet(); remember(); });
  $("copy").addEventListener("click", copySnippet);
  $("share").addEventListener("click", copyLink);
  $("compare").addEventListener("change", () => {
    compared = [...new Set([...compared, $("compare").value])];
    $("compare").value = "";
    compute();
  });
  $("varied").addEventListener("change", compute);
  for (const id of ["value-plot", "slope-plot"]) $(id).addEventListener("keydown", moveCursor);
  $("forget").addEventListener("click", () => { compared = []; compute(); });
  $("file").addEventListener("change", () => [...$("file").files].forEach((file) => takeFile(file, `role-${loss.roles[0].name}`)));
  $("form").addEventListener("dragover", (event) => event.preventDefault());
  $("form").addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    takeFile(event.dataTransfer.files[0], event.target.id.startsWith("role-") ? event.target.id : `role-${loss.roles[0].name}`);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("resize", redraw);
  addEventListener("hashchange", open);
}

// What the address says, or the first page.
async function open() {
  try {
    await restore(location.hash.slice(1));
  } catch {
    chooseLoss("HuberLoss");
    await chooseSource("example");
  }
  compute();
}

async function start() {
  clearError();
  try {
    losses = (await ask("/v1/losses")).content.losses;
  } catch (error) {
    return showError(error);
  }
  $("loss").replaceChildren(...losses.map((l) => element("option", { value: l.name, textContent: l.name })));
  $("compare").replaceChildren($("compare").options[0], ...losses.map((l) => element("option", { value: l.name, textContent: l.name })));
  open();
}

$("language").replaceChildren(...Object.keys(snippets).map((name) => element("option", { value: name, textContent: name })));
listen();
start();
