// Pictures on canvases: curves over the prediction, gradients as heat maps.

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const shorten = (x) => String(Number(x.toPrecision(3)));

// About `count` round numbers that cover [low, high].
function ticks(low, high, count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((m) => m * power >= rough);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(k * step);
  return found;
}

// The range to show: all finite values, but not the last few of a curve that goes to infinity.
function extent(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (!sorted.length) return [0, 1];
  const at = (q) => sorted[Math.round(q * (sorted.length - 1))];
  const [low, high] = sorted.length > 20 ? [at(0.01), at(0.99)] : [at(0), at(1)];
  const margin = (high - low || Math.abs(high) || 1) * 0.06;
  return [low - margin, high + margin];
}

// curves: [{x: numbers, y: numbers, color: a variable of style.css, dash: lengths}]; cursor: an x to mark, or null. Returns the x
// that is at a fraction of the canvas's width.
export function plot(canvas, curves, cursor) {
  const { clientWidth: width, clientHeight: height } = canvas, pad = { left: 54, right: 10, top: 8, bottom: 24 };
  const pen = penFor(canvas, width, height);
  const [x0, x1] = extent(curves.flatMap((c) => [c.x[0], c.x.at(-1)])), [y0, y1] = extent(curves.flatMap((c) => c.y));
  const px = (x) => pad.left + (x - x0) / (x1 - x0) * (width - pad.left - pad.right);
  const py = (y) => height - pad.bottom - (y - y0) / (y1 - y0) * (height - pad.top - pad.bottom);
  if (!curves.length) return () => null;
  drawGrid(pen, ticks(x0, x1, width / 75), ticks(y0, y1, height / 43), px, py, width, height, pad);
  pen.save();
  pen.beginPath();
  pen.rect(pad.left, pad.top, width - pad.left - pad.right, height - pad.top - pad.bottom);
  pen.clip();
  for (const curve of curves) drawCurve(pen, curve, px, py);
  if (cursor !== null) drawCursor(pen, px(cursor), height);
  pen.restore();
  return (fraction) => x0 + (fraction * width - pad.left) / (width - pad.left - pad.right) * (x1 - x0);
}

// A clear canvas whose units are the page's pixels, as fine as the screen's.
function penFor(canvas, width, height) {
  const pen = canvas.getContext("2d");
  canvas.width = width * devicePixelRatio;
  canvas.height = height * devicePixelRatio;
  pen.scale(devicePixelRatio, devicePixelRatio);
  return pen;
}

function drawCursor(pen, at, height) {
  pen.strokeStyle = color("--soft");
  pen.lineWidth = 1;
  pen.setLineDash([2, 3]);
  pen.beginPath();
  pen.moveTo(at, 0);
  pen.lineTo(at, height);
  pen.stroke();
}

function drawGrid(pen, xs, ys, px, py, width, height, pad) {
  pen.font = "12px system-ui, sans-serif";
  pen.fillStyle = color("--soft");
  pen.strokeStyle = color("--line");
  pen.lineWidth = 1;
  pen.setLineDash([]);
  pen.beginPath();
  pen.textAlign = "center";
  for (const x of xs) {
    pen.moveTo(px(x), pad.top);
    pen.lineTo(px(x), height - pad.bottom);
    pen.fillText(shorten(x), px(x), height - 7);
  }
  pen.textAlign = "right";
  for (const y of ys) {
    pen.moveTo(pad.left, py(y));
    pen.lineTo(width - pad.right, py(y));
    pen.fillText(shorten(y), pad.left - 6, py(y) + 4);
  }
  pen.stroke();
}

function drawCurve(pen, curve, px, py) {
  pen.strokeStyle = color(curve.color);
  pen.lineWidth = 2;
  pen.setLineDash(curve.dash);
  pen.beginPath();
  let down = false;
  curve.x.forEach((x, i) => {
    const y = curve.y[i];
    if (!Number.isFinite(y)) { down = false; return; }
    if (down) pen.lineTo(px(x), py(y)); else pen.moveTo(px(x), py(y));
    down = true;
  });
  pen.stroke();
}

const SIDE = 1000; // pixels of a picture; canvases have an end

// The number of largest magnitude among some; not finite is largest.
const strength = (v) => Number.isFinite(v) ? Math.abs(v) : Infinity;
const strongest = (values) => values.reduce((a, b) => strength(b) > strength(a) ? b : a);

// One pixel a number, or a block of numbers where there are many: rows by the outer dimensions, columns by the last; blue below 0,
// orange above, scaled to the largest magnitude, and grey what is not finite. Returns what a caption says.
export function heat(canvas, rows) {
  const finite = rows.flat().filter(Number.isFinite), columns = rows[0]?.length ?? 0, count = rows.length * columns;
  const largest = finite.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const across = Math.ceil(columns / SIDE) || 1, down = Math.ceil(rows.length / SIDE) || 1;
  canvas.width = Math.max(1, Math.ceil(columns / across));
  canvas.height = Math.max(1, Math.ceil(rows.length / down));
  const pen = canvas.getContext("2d"), image = pen.createImageData(canvas.width, canvas.height);
  for (let r = 0; count && r < canvas.height; r++) {
    for (let c = 0; c < canvas.width; c++) {
      const block = rows.slice(r * down, (r + 1) * down).flatMap((row) => row.slice(c * across, (c + 1) * across));
      image.data.set(shade(strongest(block), largest), 4 * (r * canvas.width + c));
    }
  }
  pen.putImageData(image, 0, 0);
  return { columns, largest, block: across * down, finite: finite.length === count };
}

function shade(value, largest) {
  if (!Number.isFinite(value)) return [128, 128, 128, 255];
  const [r, g, b] = value < 0 ? [31, 111, 214] : [217, 98, 43];
  return [r, g, b, largest ? Math.round(255 * Math.sqrt(Math.abs(value) / largest)) : 0];
}
