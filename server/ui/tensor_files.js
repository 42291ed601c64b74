// Tensors from files: .npy and .safetensors, as text for a request: nested arrays where they are short, else base64.

const SHORT = 20000; // elements
const READERS = {
  float64: [8, "getFloat64"], float32: [4, "getFloat32"], int64: [8, "getBigInt64"], int32: [4, "getInt32"],
  int16: [2, "getInt16"], int8: [1, "getInt8"], uint8: [1, "getUint8"], bool: [1, "getUint8"],
};
const NPY = { "<f8": "float64", "<f4": "float32", "<f2": "float16", "<i8": "int64", "<i4": "int32", "<i2": "int16",
              "|i1": "int8", "|u1": "uint8", "|b1": "bool" };
const SAFETENSORS = { F64: "float64", F32: "float32", F16: "float16", BF16: "bfloat16", I64: "int64", I32: "int32", I16: "int16",
                      I8: "int8", U8: "uint8", BOOL: "bool" };

function numberText(value, dtype) {
  if (dtype === "bool") return value ? "true" : "false";
  return Object.is(value, -0) ? "-0.0" : String(value); // NaN and Infinity may stand bare in a request
}

function nested(texts, shape) {
  if (shape.length === 0) return texts[0];
  if (shape.length === 1) return `[${texts.join(", ")}]`;
  const step = texts.length / (shape[0] || 1);
  return `[${Array.from({ length: shape[0] }, (_, i) => nested(texts.slice(i * step, (i + 1) * step), shape.slice(1))).join(",\n ")}]`;
}

function base64(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return btoa(text);
}

function tensorText(dtype, shape, bytes) {
  const count = shape.reduce((a, b) => a * b, 1), [size, read] = READERS[dtype] ?? [];
  if (!size || count > SHORT || count === 0) return JSON.stringify({ dtype, shape, base64: base64(bytes) });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = nested(Array.from({ length: count }, (_, i) => numberText(view[read](i * size, true), dtype)), shape);
  return dtype === "float64" ? data : `{"dtype": "${dtype}", "data": ${data}}`;
}

function fromNpy(bytes, name) {
  const view = new DataView(bytes.buffer), wide = bytes[6] >= 2, start = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  const descr = /'descr': '([^']+)'/.exec(header)[1], dtype = NPY[descr];
  if (!dtype) throw new Error(`${name} has numbers of kind ${descr}; expected one of ${Object.keys(NPY).join(" ")}`);
  if (/'fortran_order': True/.test(header)) throw new Error(`${name} is in Fortran order: save numpy.ascontiguousarray of it`);
  const shape = /'shape': \(([^)]*)\)/.exec(header)[1].split(",").map((s) => s.trim()).filter(Boolean).map(Number);
  return { [name.replace(/\.npy$/, "")]: tensorText(dtype, shape, bytes.subarray(start + length)) };
}

function fromSafetensors(bytes) {
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  return Object.fromEntries(Object.entries(header).filter(([name]) => name !== "__metadata__").map(([name, t]) => {
    const [from, to] = t.data_offsets;
    return [name, tensorText(SAFETENSORS[t.dtype] ?? t.dtype, t.shape, bytes.subarray(8 + length + from, 8 + length + to))];
  }));
}

// {name: text of a tensor}; a .npy file's tensor has the file's name.
export async function tensorsOf(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const npy = bytes[0] === 0x93 && new TextDecoder().decode(bytes.subarray(1, 6)) === "NUMPY";
  if (!npy && !file.name.endsWith(".safetensors")) throw new Error(`${file.name} is neither a .npy nor a .safetensors file`);
  try {
    return npy ? fromNpy(bytes, file.name) : fromSafetensors(bytes);
  } catch (error) {
    if (error.constructor === Error) throw error; // ours
    throw new Error(`${file.name} is cut short or not well-formed`); // RangeError, SyntaxError, TypeError
  }
}
