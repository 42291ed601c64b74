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
  const pen = canvas.getContext("2d"), { width, height } = canvas, pad = { left: 110, right: 20, top: 16, bottom: 46 };
  const [x0, x1] = extent(curves.flatMap((c) => [c.x[0], c.x.at(-1)])), [y0, y1] = extent(curves.flatMap((c) => c.y));
  const px = (x) => pad.left + (x - x0) / (x1 - x0) * (width - pad.left - pad.right);
  const py = (y) => height - pad.bottom - (y - y0) / (y1 - y0) * (height - pad.top - pad.bottom);
  pen.clearRect(0, 0, width, height);
  if (!curves.length) return () => null;
  drawGrid(pen, ticks(x0, x1, 8), ticks(y0, y1, 6), px, py, width, height, pad);
  pen.save();
  pen.beginPath();
  pen.rect(pad.left, pad.top, width - pad.left - pad.right, height - pad.top - pad.bottom);
  pen.clip();
  for (const curve of curves) drawCurve(pen, curve, px, py);
  if (cursor !== null) drawCursor(pen, px(cursor), height);
  pen.restore();
  return (fraction) => x0 + (fraction * width - pad.left) / (width - pad.left - pad.right) * (x1 - x0);
}

function drawCursor(pen, at, height) {
  pen.strokeStyle = color("--soft");
  pen.lineWidth = 2;
  pen.setLineDash([4, 6]);
  pen.beginPath();
  pen.moveTo(at, 0);
  pen.lineTo(at, height);
  pen.stroke();
}

function drawGrid(pen, xs, ys, px, py, width, height, pad) {
  pen.font = "22px system-ui, sans-serif";
  pen.fillStyle = color("--soft");
  pen.strokeStyle = color("--line");
  pen.lineWidth = 1;
  pen.setLineDash([]);
  pen.beginPath();
  pen.textAlign = "center";
  for (const x of xs) {
    pen.moveTo(px(x), pad.top);
    pen.lineTo(px(x), height - pad.bottom);
    pen.fillText(shorten(x), px(x), height - 14);
  }
  pen.textAlign = "right";
  for (const y of ys) {
    pen.moveTo(pad.left, py(y));
    pen.lineTo(width - pad.right, py(y));
    pen.fillText(shorten(y), pad.left - 10, py(y) + 8);
  }
  pen.stroke();
}

function drawCurve(pen, curve, px, py) {
  pen.strokeStyle = color(curve.color);
  pen.lineWidth = 3.5;
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

// One pixel a number: rows by the outer dimensions, columns by the last; blue below 0, orange above, scaled to the
// largest magnitude, which is returned. What is not finite is grey.
export function heat(canvas, rows) {
  const largest = rows.flat().reduce((m, v) => Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m, 0);
  canvas.width = Math.max(1, ...rows.map((row) => row.length));
  canvas.height = Math.max(1, rows.length);
  const pen = canvas.getContext("2d"), image = pen.createImageData(canvas.width, canvas.height);
  rows.forEach((row, r) => row.forEach((v, c) => image.data.set(shade(v, largest), 4 * (r * canvas.width + c))));
  pen.putImageData(image, 0, 0);
  return largest;
}

function shade(value, largest) {
  if (!Number.isFinite(value)) return [128, 128, 128, 255];
  const [r, g, b] = value < 0 ? [31, 111, 214] : [217, 98, 43];
  return [r, g, b, largest ? Math.round(255 * Math.sqrt(Math.abs(value) / largest)) : 0];
}
