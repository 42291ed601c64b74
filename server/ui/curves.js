// The loss and its gradient over one number of the first tensor, the k-th: one request, with a sample for each point of the curve.
import { number } from "/ui/dom.js";

const POINTS = 241;
const UNBOUNDED = [-4, 4];
// Options that say how the numbers are to be read: the curves of both definitions read them alike.
const READINGS = ["input_kind", "target_kind", "norm", "log_input", "log_target"];

const first = (value) => Array.isArray(value) ? first(value[0]) : value;
const rank = (value) => Array.isArray(value) ? 1 + rank(value[0]) : 0;

// option(name): the value in force, as text.
function rangeOf(loss, option) {
  const kind = option("input_kind");
  if (loss.name === "BCELoss" || kind === "probabilities") return [0, 1];
  if (kind === "log_probabilities") return [-5, 0];
  if (loss.name === "PoissonNLLLoss" && option("log_input") === "false") return [0, 6];
  return UNBOUNDED;
}

// The catalogue says so by the first tensor's shape: "any", or "(..., D) under norm l2, else any".
function isElementwise(loss, option) {
  const shape = loss.roles[0].shape, under = / under (\w+) (\w+), else any$/.exec(shape);
  return shape === "any" || (under !== null && option(under[1]) !== under[2]);
}

const shapeOf = (value) => Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];

// Where the k-th number stands, row-major: an index for each dimension.
function placeOf(value, k) {
  const place = [];
  for (const size of shapeOf(value).reverse()) {
    place.unshift(k % size);
    k = Math.floor(k / size);
  }
  return place;
}

// A flat array as nested ones of this shape.
export function nested(flat, [size, ...inner]) {
  if (size === undefined) return flat[0];
  const step = inner.reduce((a, b) => a * b, 1);
  return Array.from({ length: size }, (_, i) => nested(flat.slice(i * step, (i + 1) * step), inner));
}

// What is at a place; where the tensor broadcasts, its only one.
const at = (value, place) => place.reduce((v, i) => Array.isArray(v) ? v[i] ?? v[0] : v, value);

// The sample that has the first tensor's number at `place`, once for each x, which takes that number's place. null: these shapes
// have no sample that this knows to find.
function samples(loss, inputs, option, place, xs) {
  const lead = loss.roles[0], entries = Object.entries(inputs);
  if (isElementwise(loss, option)) {
    const here = (v) => first(at(v, place.slice(Math.max(0, place.length - rank(v)))));
    return Object.fromEntries(entries.map(([name, v]) => [name, name === lead.name ? xs : xs.map(() => here(v))]));
  }
  const sequences = lead.shape.startsWith("(T"), depth = place.length - (sequences ? 2 : 1);
  if (depth < 0 || (sequences && depth > 0) || (depth > 1 && lead.shape.includes("d1"))) return null;
  const varied = (row) => xs.map((x) => row.map((v, i) => i === place.at(-1) ? x : v));
  return Object.fromEntries(entries.map(([name, value]) => {
    if (name.endsWith("weight") && rank(value) <= 1) return [name, value];
    const sample = at(value, place.slice(0, depth));
    if (name !== lead.name) return [name, xs.map(() => sample)];
    return [name, sequences ? sample.map((frame, t) => t === place[0] ? varied(frame) : xs.map(() => frame)) : varied(sample)];
  }));
}

// options: {name: JSON text}, for the request. Resolves to {x, y, slope, rows, place}, or null.
async function draw(ask, loss, inputs, option, options, k) {
  const [low, high] = rangeOf(loss, option), role = loss.roles[0].name;
  const x = Array.from({ length: POINTS }, (_, i) => low + (high - low) * i / (POINTS - 1));
  const place = placeOf(inputs[role], k), tensors = samples(loss, inputs, option, place, x);
  if (!tensors) return null;
  const settings = Object.entries({ ...options, reduction: '"none"' }).map(([name, text]) => `"${name}": ${text}`).join(", ");
  const { content } = await ask(`/v1/losses/${loss.name}`,
    `{${JSON.stringify(tensors).slice(1, -1)}, "options": {${settings}}, "gradients": ["${role}"]}`);
  const gradient = content.gradients[role], sequences = gradient.length !== POINTS;
  const slope = (sequences ? gradient[place[0]] : gradient).map((g) => number(Array.isArray(g) ? g[place.at(-1)] : g));
  return { x, y: content.loss.map(number), slope, rows: !isElementwise(loss, option), place };
}

const reader = (loss, given, definition) => (name) => {
  const option = loss.options.find((o) => o.name === name);
  if (!option) return undefined;
  return name in given ? String(JSON.parse(given[name])) : String(option.defaults[definition]);
};

// The current loss under both definitions.
export function ownCurves(ask, loss, inputs, given, definition, k) {
  const option = reader(loss, given, definition);
  const readings = Object.fromEntries(loss.options.filter((o) => READINGS.includes(o.name))
    .map((o) => [o.name, JSON.stringify(o.type === "boolean" ? option(o.name) === "true" : option(o.name))]));
  return Promise.all(["textbook", "pytorch"].map(async (name) => {
    const curve = await draw(ask, loss, inputs, option, { ...given, ...readings, definition: `"${name}"` }, k);
    return curve && { ...curve, name: `${loss.name}, ${name}`, definition: name };
  })).then((curves) => curves.filter(Boolean));
}

// Another loss, at the current inputs where it takes the same ones, else at its worked example's.
export async function otherCurve(ask, other, loss, inputs, k) {
  const { options = {}, gradients, ...example } = other.example;
  const given = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, JSON.stringify(value)]));
  const option = reader(other, given, "textbook"), own = reader(loss, {}, "textbook");
  const tensorsOf = (l) => l.roles.filter((r) => r.required).map((r) => r.name).join();
  const alike = tensorsOf(other) === tensorsOf(loss) && isElementwise(other, option) && isElementwise(loss, own)
    && rangeOf(other, option) === UNBOUNDED && rangeOf(loss, own) === UNBOUNDED;
  const shared = Object.fromEntries(other.roles.filter((r) => r.required).map((r) => [r.name, inputs[r.name]]));
  const curve = await draw(ask, other, alike ? shared : example, option, given, alike ? k : 0);
  return curve && { ...curve, name: alike ? other.name : `${other.name}, at its worked example` };
}
