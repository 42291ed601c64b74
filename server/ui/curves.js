// The loss and its gradient over one number of the first tensor: one request, with a sample for each point of the curve.

const POINTS = 241;
const UNBOUNDED = [-4, 4];
// Options that say how the numbers are to be read: the curves of both definitions read them alike.
const READINGS = ["input_kind", "target_kind", "norm", "log_input", "log_target"];

const first = (value) => Array.isArray(value) ? first(value[0]) : value;
const rank = (value) => Array.isArray(value) ? 1 + rank(value[0]) : 0;
const descend = (value, depth) => depth > 0 ? descend(value[0], depth - 1) : value;
const number = (x) => typeof x === "string" ? Number(x) : x; // answers quote NaN and Infinity

// option(name): the value in force, as text.
function rangeOf(loss, option) {
  const kind = option("input_kind");
  if (loss.name === "BCELoss" || kind === "probabilities") return [0, 1];
  if (kind === "log_probabilities") return [-5, 0];
  if (loss.name === "PoissonNLLLoss" && option("log_input") === "false") return [0, 6];
  return UNBOUNDED;
}

// The catalogue says so by the first tensor's shape: "*", or "(..., D) under norm l2, else *".
function isElementwise(loss, option) {
  const shape = loss.roles[0].shape, under = / under (\w+) (\w+), else \*$/.exec(shape);
  return shape === "*" || (under !== null && option(under[1]) !== under[2]);
}

// The first sample of each tensor, once for each x, which takes the place of the first tensor's first number. null: these
// shapes have no sample that this knows to find.
function samples(loss, inputs, option, xs) {
  const lead = loss.roles[0], entries = Object.entries(inputs);
  if (isElementwise(loss, option))
    return Object.fromEntries(entries.map(([name, v]) => [name, name === lead.name ? xs : xs.map(() => first(v))]));
  const sequences = lead.shape.startsWith("(T"), depth = rank(inputs[lead.name]) - (sequences ? 2 : 1);
  if (depth < 0 || (sequences && depth > 0) || (depth > 1 && lead.shape.includes("d1"))) return null;
  const varied = (row) => xs.map((x) => [x, ...row.slice(1)]);
  return Object.fromEntries(entries.map(([name, value]) => {
    if (name.endsWith("weight") && rank(value) <= 1) return [name, value];
    const sample = descend(value, Math.min(depth, rank(value)));
    if (name !== lead.name) return [name, xs.map(() => sample)];
    return [name, sequences ? sample.map((frame, t) => t ? xs.map(() => frame) : varied(frame)) : varied(sample)];
  }));
}

// options: {name: JSON text}, for the request. Resolves to {x, y, slope, rows}, or null.
async function draw(ask, loss, inputs, option, options) {
  const [low, high] = rangeOf(loss, option), role = loss.roles[0].name;
  const x = Array.from({ length: POINTS }, (_, i) => low + (high - low) * i / (POINTS - 1));
  const tensors = samples(loss, inputs, option, x);
  if (!tensors) return null;
  const settings = Object.entries({ ...options, reduction: '"none"' }).map(([name, text]) => `"${name}": ${text}`).join(", ");
  const { content } = await ask(`/v1/losses/${loss.name}`,
    `{${JSON.stringify(tensors).slice(1, -1)}, "options": {${settings}}, "gradients": ["${role}"]}`);
  const gradient = content.gradients[role], sequences = gradient.length !== POINTS;
  return { x, y: content.loss.map(number), slope: (sequences ? gradient[0] : gradient).map((g) => number(first(g))),
           rows: !isElementwise(loss, option) };
}

const reader = (loss, given, definition) => (name) => {
  const option = loss.options.find((o) => o.name === name);
  if (!option) return undefined;
  return name in given ? String(JSON.parse(given[name])) : String(option.defaults[definition]);
};

// The current loss under both definitions.
export function ownCurves(ask, loss, inputs, given, definition) {
  const option = reader(loss, given, definition);
  const readings = Object.fromEntries(loss.options.filter((o) => READINGS.includes(o.name))
    .map((o) => [o.name, JSON.stringify(o.type === "boolean" ? option(o.name) === "true" : option(o.name))]));
  return Promise.all(["textbook", "pytorch"].map(async (name) => {
    const curve = await draw(ask, loss, inputs, option, { ...given, ...readings, definition: `"${name}"` });
    return curve && { ...curve, name: `${loss.name}, ${name}`, definition: name };
  })).then((curves) => curves.filter(Boolean));
}

// Another loss, at the current inputs where it takes the same ones, else at its worked example's.
export async function otherCurve(ask, other, loss, inputs) {
  const { options = {}, gradients, ...example } = other.example;
  const given = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, JSON.stringify(value)]));
  const option = reader(other, given, "textbook"), own = reader(loss, {}, "textbook");
  const tensorsOf = (l) => l.roles.filter((r) => r.required).map((r) => r.name).join();
  const alike = tensorsOf(other) === tensorsOf(loss) && isElementwise(other, option) && isElementwise(loss, own)
    && rangeOf(other, option) === UNBOUNDED && rangeOf(loss, own) === UNBOUNDED;
  const shared = Object.fromEntries(other.roles.filter((r) => r.required).map((r) => [r.name, inputs[r.name]]));
  const curve = await draw(ask, other, alike ? shared : example, option, given);
  return curve && { ...curve, name: alike ? other.name : `${other.name}, at its worked example` };
}
