// The curves on the page, and reading them at an x: under the pointer, or moved by the arrow keys.
import { $, element } from "/ui/dom.js";
import { plot } from "/ui/plot.js";

let curves = [], role; // what is shown: curves over one number of that role
let cursor = null; // the x at which the curves are read

export function showCurves(made, lead) {
  curves = made;
  role = lead;
  cursor = null;
  $("readout").textContent = made.length ? "Point at a plot, or move through it with the arrow keys." : "";
  redraw();
}

export function redraw() {
  const slopes = curves.map((c) => ({ ...c, y: c.slope }));
  for (const [id, drawn] of [["value-plot", curves], ["slope-plot", slopes]]) {
    const xAt = plot($(id), drawn, cursor);
    $(id).onpointermove = (event) => read(xAt(event.offsetX / $(id).clientWidth));
  }
  $("value-plot").dataset.curves = curves.length;
  $("legend").replaceChildren(...curves.map((c) => {
    const swatch = element("span", { className: "swatch" });
    swatch.style.borderColor = `var(${c.color})`;
    swatch.style.borderTopStyle = c.dash.length ? "dashed" : "solid";
    return element("li", {}, swatch, ` ${c.name}`);
  }));
  const drawn = curves.find((c) => c.definition);
  $("curve-text").textContent = !drawn ? "There is no curve over one prediction for these inputs."
    : `of ${role}, at [${drawn.place.join(", ")}]: the loss of its ${drawn.rows ? "row" : "element"}, the rest as given.`;
}

function pointAt(curve, x) {
  const step = curve.x[1] - curve.x[0], i = Math.round((x - curve.x[0]) / step);
  return i in curve.x ? i : null;
}

function read(x) {
  if (x === null || !curves.length) return;
  cursor = x;
  redraw();
  const found = curves.map((c) => [c, pointAt(c, x)]).filter(([, i]) => i !== null);
  $("readout").textContent = found.length ? `At ${Number(found[0][0].x[found[0][1]].toPrecision(4))}: ${found
    .map(([c, i]) => `${c.name} ${c.y[i]}, gradient ${c.slope[i]}`).join("; ")}` : "";
}

const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageDown: -20, PageUp: 20, Home: -Infinity, End: Infinity };

export function moveCursor(event) {
  const own = curves[0], steps = STEPS[event.key];
  if (!own || steps === undefined) return;
  event.preventDefault();
  const last = own.x.length - 1, from = cursor === null ? Math.round(last / 2) : pointAt(own, cursor) ?? 0;
  read(own.x[Math.min(last, Math.max(0, from + steps))]);
}
