/** Evaluations as bytes: raw tensors in the body, described in the query or in the header Lossd-Tensors. */

import { INDICES } from "./losses.js";

/** dtypes whose bytes an array can hold; the first is meant where none is named. The server says which it takes. */
const DTYPES = {
  Float64Array: ["float64"],
  Float32Array: ["float32"],
  Float16Array: ["float16"],
  BigInt64Array: ["int64"],
  BigUint64Array: ["uint64"],
  Int32Array: ["int32"],
  Uint32Array: ["uint32"],
  Int16Array: ["int16"],
  Uint16Array: ["uint16", "float16", "bfloat16"],
  Int8Array: ["int8"],
  Uint8Array: ["uint8", "bool"],
  Uint8ClampedArray: ["uint8"],
};

/** Arrays of the dtypes that answers have. */
const ARRAYS = { float64: Float64Array, float32: Float32Array, float16: Uint16Array, bfloat16: Uint16Array };

const isTypedArray = (value) => ArrayBuffer.isView(value) && !(value instanceof DataView);
const isPlain = (value) => typeof value === "number" || Array.isArray(value);
const size = (shape) => shape.reduce((product, length) => product * length, 1);

function rank(value) {
  if (Array.isArray(value)) return 1 + (value.length > 0 ? rank(value[0]) : 0);
  return isTypedArray(value) ? 1 : (value?.shape?.length ?? 0);
}

/** A value in a few words. */
function describe(value) {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return isTypedArray(value) ? `a ${value[Symbol.toStringTag]} of ${value.length}` : String(value).slice(0, 40);
}

/** The shape of nested arrays, by their first elements. */
function shapeOf(value) {
  return Array.isArray(value) ? [value.length, ...(value.length > 0 ? shapeOf(value[0]) : [])] : [];
}

function collect(name, value, shape, into, depth = 0) {
  if (depth < shape.length && Array.isArray(value) && value.length === shape[depth]) {
    for (const item of value) collect(name, item, shape, into, depth + 1);
  } else if (depth === shape.length && typeof value === "number") {
    into.push(value);
  } else {
    const found = typeof value === "object" ? describe(value) : `${typeof value} ${describe(value)}`;
    const expected = depth === shape.length ? "a number" : `an array of ${shape[depth]}`;
    throw new TypeError(`${name} holds ${found} at depth ${depth}, expected ${expected}: nested arrays are regular`);
  }
}

/** Numbers as int64 where that loses nothing, else as float64: the server refuses those by name. */
function packPlain(name, value, integers) {
  const shape = shapeOf(value);
  const numbers = [];
  collect(name, value, shape, numbers);
  const data =
    integers && numbers.every(Number.isSafeInteger)
      ? BigInt64Array.from(numbers, BigInt)
      : Float64Array.from(numbers);
  return { data, shape, dtype: DTYPES[data[Symbol.toStringTag]][0] };
}

function packArray(name, { data, shape = [data.length], dtype }) {
  const dtypes = DTYPES[data[Symbol.toStringTag]];
  if (dtype !== undefined && !dtypes.includes(dtype)) {
    throw new TypeError(`${name} has dtype ${dtype} and a ${data[Symbol.toStringTag]}, which holds ${dtypes.join(" or ")}`);
  }
  if (size(shape) !== data.length) {
    throw new RangeError(`${name} has shape [${shape}], ${size(shape)} elements, and data of ${data.length}`);
  }
  return { data, shape, dtype: dtype ?? dtypes[0] };
}

function pack(name, value, integers) {
  if (isPlain(value)) return packPlain(name, value, integers);
  if (isTypedArray(value)) return packArray(name, { data: value });
  if (isTypedArray(value?.data)) return packArray(name, value);
  if (value?.data != null) throw new TypeError(`${name}.data is ${describe(value.data)}; expected a typed array`);
  throw new TypeError(`${name} is ${describe(value)}; expected a number, nested arrays, a typed array, or {data, shape, dtype}`);
}

/** The query and the body of a request. What is undefined or null is left out: the server's defaults fill it. */
export function encode(loss, tensors, { gradients, id, ...options }) {
  if (typeof tensors !== "object" || tensors === null || isPlain(tensors) || isTypedArray(tensors)) {
    throw new TypeError(`the tensors are ${describe(tensors)}; expected an object of them by name, such as {input, target}`);
  }
  const query = new URLSearchParams();
  const given = Object.entries(tensors).filter(([, value]) => value != null);
  const packed = given.map(([name, value]) => {
    const when = INDICES[loss]?.[name];
    const integers = when === "always" || (when === "below input" && rank(value) < rank(tensors.input));
    const tensor = pack(name, value, integers);
    query.append(name, `${tensor.dtype}:${tensor.shape.join("x")}`);
    return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
  });
  const named = { ...options, gradients: gradients === false ? null : gradients, id };
  for (const [name, value] of Object.entries(named)) {
    if (value != null) query.append(name, String(value));
  }
  const body = new Uint8Array(packed.reduce((length, bytes) => length + bytes.length, 0));
  let end = 0;
  for (const bytes of packed) {
    body.set(bytes, end);
    end += bytes.length;
  }
  return { query, body };
}

/** Each tensor gets a buffer of its own: the answer's are not aligned. */
function unpack(description, buffer) {
  const tensors = {};
  let offset = 0;
  for (const [name, text] of new URLSearchParams(description)) {
    const [dtype, sizes] = text.split(":");
    const shape = sizes === "" ? [] : sizes.split("x").map(Number);
    const end = offset + size(shape) * ARRAYS[dtype].BYTES_PER_ELEMENT;
    tensors[name] = { data: new ARRAYS[dtype](buffer.slice(offset, end)), shape, dtype };
    offset = end;
  }
  return tensors;
}

/** Milliseconds by phase, from `queue;dur=0.012, decode;dur=0.034`. */
function serverTiming(headers) {
  const found = (headers.get("Server-Timing") ?? "").matchAll(/([\w-]+);dur=([\d.]+)/g);
  return Object.fromEntries(Array.from(found, ([, phase, duration]) => [phase, Number(duration)]));
}

/** The answer that a success holds. */
export function decode(headers, buffer, id) {
  const { loss, numerator, denominator, ...rest } = unpack(headers.get("Lossd-Tensors"), buffer);
  const gradients = Object.entries(rest).map(([name, tensor]) => [name.slice("grad.".length), tensor]);
  return {
    loss: numerator ? loss.data[0] : loss,
    numerator: numerator?.data[0],
    denominator: denominator?.data[0],
    gradients: Object.fromEntries(gradients),
    serverTiming: serverTiming(headers),
    id,
  };
}
