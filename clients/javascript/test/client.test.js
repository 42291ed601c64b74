/** Tensors in, answers out. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client, merge } from "lossd";
import { Server } from "./server.js";

let server;
let client;
before(async () => {
  server = await Server.start();
  client = new Client(server.url);
});
after(() => server.stop());

/** Nested arrays, as JSON has them. */
function nested({ data, shape }) {
  let items = Array.from(data);
  for (const length of shape.slice(1).reverse()) {
    items = Array.from({ length: items.length / length }, (_, i) => items.slice(i * length, (i + 1) * length));
  }
  return shape.length === 0 ? items[0] : items;
}

/** NaN and infinities come quoted in JSON. */
const numbers = (value) => (Array.isArray(value) ? value.map(numbers) : Number(value));

const mapped = (object, change) => Object.fromEntries(Object.entries(object).map(([k, v]) => [k, change(v)]));

const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(Client.prototype)).filter((name) => name !== "constructor");
const methodOf = (loss) => methods.find((name) => client[name].toString().includes(`"${loss}"`));

test("there is a method for each loss of the server", async () => {
  const losses = await client.catalogue();
  assert.equal(losses.length, 21);
  assert.deepEqual(methods, losses.map((loss) => methodOf(loss.name)));
});

test("each method answers its example as JSON does", async () => {
  for (const { name, example } of await client.catalogue()) {
    const { options, gradients, ...tensors } = example;
    const expected = await server.json(name, example);
    const answer = await client[methodOf(name)](tensors, { ...options, gradients });
    assert.deepEqual(
      [answer.loss, answer.numerator, answer.denominator],
      [expected.loss, expected.numerator, expected.denominator].map(Number),
      name,
    );
    assert.deepEqual(mapped(answer.gradients, nested), mapped(expected.gradients ?? {}, numbers), name);
  }
});

const ONE_TWO = {
  float64: new Float64Array([1, 2]),
  float32: new Float32Array([1, 2]),
  float16: new Uint16Array([0x3c00, 0x4000]),
  bfloat16: new Uint16Array([0x3f80, 0x4000]),
};
const ZERO_MINUS_TWO = {
  float64: new Float64Array([0, -2]),
  float32: new Float32Array([0, -2]),
  float16: new Uint16Array([0, 0xc000]),
  bfloat16: new Uint16Array([0, 0xc000]),
};
for (const [dtype, data] of Object.entries(ONE_TWO)) {
  test(`a ${dtype} tensor has a gradient of its shape and dtype`, async () => {
    const input = { data, shape: [2, 1], dtype };
    const answer = await client.mseLoss({ input, target: [[1], [4]] }, { gradients: ["input"] });
    assert.equal(answer.loss, 2);
    assert.deepEqual(answer.gradients, { input: { data: ZERO_MINUS_TWO[dtype], shape: [2, 1], dtype } });
  });
}

test("a gradient can be sent back as a tensor", async () => {
  const { gradients } = await client.mseLoss({ input: [1, 2], target: [1, 4] }, { gradients: true });
  const answer = await client.l1Loss({ input: gradients.input, target: [0, 0] }, { reduction: "sum" });
  assert.equal(answer.loss, 2);
});

const INTEGERS = [
  new BigInt64Array([1n, 4n]),
  new Int32Array([1, 4]),
  new Int16Array([1, 4]),
  new Int8Array([1, 4]),
  new Uint8Array([1, 4]),
  new Uint8ClampedArray([1, 4]),
];
for (const target of INTEGERS) {
  test(`${target.constructor.name} is welcome and has no gradient`, async () => {
    const answer = await client.mseLoss({ input: new Float32Array([1, 2]), target }, { gradients: true });
    assert.equal(answer.loss, 2);
    assert.deepEqual(Object.keys(answer.gradients), ["input"]);
  });
}

test("bool is named", async () => {
  const target = { data: new Uint8Array([1, 0]), dtype: "bool" };
  assert.equal((await client.mseLoss({ input: [1, 2], target }, { reduction: "sum" })).loss, 4);
});

test("a view into a larger buffer is sent alone", async () => {
  const input = new Float32Array([9, 9, 1, 2, 9]).subarray(2, 4);
  assert.equal((await client.mseLoss({ input, target: new Float32Array([1, 4]) })).loss, 2);
});

test("unreduced losses are a tensor, of any rank", async () => {
  const input = { data: new Float32Array([1, 2, 3, 4]), shape: [2, 2] };
  const target = { data: new Float32Array(4), shape: [2, 2] };
  const answer = await client.l1Loss({ input, target }, { reduction: "none" });
  assert.deepEqual(answer.loss, { data: input.data, shape: [2, 2], dtype: "float32" });
  assert.deepEqual([answer.numerator, answer.denominator], [undefined, undefined]);
  const scalar = await client.l1Loss({ input: 3, target: 1 }, { reduction: "none" });
  assert.deepEqual(scalar.loss, { data: new Float64Array([2]), shape: [], dtype: "float64" });
});

test("sample_weight and grad_output are tensors too; null is left out", async () => {
  const tensors = { input: [1, 2], target: [1, 4], sample_weight: [1, 3], grad_output: null };
  const weighted = await client.mseLoss(tensors);
  assert.deepEqual([weighted.loss, weighted.numerator, weighted.denominator], [3, 12, 4]);
  const options = { reduction: "none", gradients: ["input"] };
  const { gradients } = await client.mseLoss({ input: [1, 2], target: [1, 4], grad_output: [1, 10] }, options);
  assert.deepEqual(gradients.input.data, new Float64Array([0, -40]));
});

test("plain class indices are integers, plain probabilities are not", async () => {
  assert.equal((await client.nllLoss({ input: [[0.5, 0.5]], target: [1] })).loss, Math.log(2));
  assert.equal((await client.crossEntropyLoss({ input: [[0, 0]], target: [1] })).loss, Math.log(2));
  assert.equal((await client.crossEntropyLoss({ input: [[0, 0]], target: [[1, 0]] })).loss, Math.log(2));
  const large = { data: new Float32Array(4), shape: [2, 2] };
  assert.equal((await client.crossEntropyLoss({ input: large, target: [0, 1] })).loss, Math.fround(Math.log(2)));
});

test("correct classes may be marked or listed", async () => {
  const input = [[0.1, 0.2, 0.4, 0.8]];
  const { loss } = await client.multiLabelMarginLoss({ input, target: [[1, 0, 0, 1]] });
  for (const options of [{ definition: "pytorch" }, { target_kind: "indices" }]) {
    assert.equal((await client.multiLabelMarginLoss({ input, target: [[3, 0, -1, 1]] }, options)).loss, loss);
  }
});

test("options travel whole", async () => {
  const triplet = { anchor: [[0, 0]], positive: [[3, 4]], negative: [[0, 0]] };
  const options = { squared: false, margin: 0, swap: true, p: Infinity };
  assert.equal((await client.tripletMarginLoss(triplet, options)).loss, 4);
  const distance_expression = "sqrt(sum((a - b)^2) + 0)";
  assert.equal((await client.tripletMarginWithDistanceLoss(triplet, { distance_expression })).loss, 6);
});

test("empty tensors travel", async () => {
  const empty = { data: new Float32Array(0), shape: [0, 3] };
  assert.equal((await client.mseLoss({ input: empty, target: empty }, { reduction: "sum" })).loss, 0);
  assert.equal((await client.mseLoss({ input: [], target: [] })).loss, NaN);
});

test("an answer has the request's id and the server's time", async () => {
  const answer = await client.evaluate("MSELoss", { input: [1], target: [2] }, { id: "a b&1" });
  assert.equal(answer.id, "a b&1");
  assert.deepEqual(Object.keys(answer.serverTiming), ["queue", "decode", "compute", "encode"]);
});

test("shards merge to the whole", async () => {
  const input = Float64Array.from({ length: 1000 }, (_, i) => Math.sin(i));
  const target = Float64Array.from({ length: 1000 }, (_, i) => Math.cos(i * i));
  for (const reduction of ["mean", "sum"]) {
    const whole = await client.mseLoss({ input, target }, { reduction });
    const starts = Array.from({ length: 16 }, (_, i) => i * 64);
    const parts = await Promise.all(
      starts.map((start) => {
        const [x, y] = [input, target].map((array) => array.subarray(start, start + 64));
        return client.mseLoss({ input: x, target: y }, { reduction });
      }),
    );
    const merged = merge(parts, reduction);
    assert.ok(Math.abs(merged.loss - whole.loss) <= 1e-14 * whole.loss);
    assert.equal(merged.denominator, 1000);
    const twice = merge([merge(parts.slice(0, 5)), merge(parts.slice(5))], reduction);
    assert.ok(Math.abs(twice.loss - whole.loss) <= 1e-14 * whole.loss);
  }
});

test("merging loses no small shard beside a large one, and keeps NaN and infinity", async () => {
  const shard = (numerator, denominator) => ({ numerator, denominator });
  assert.equal(merge([shard(1e16, 1), shard(1, 1), shard(1, 1), shard(-1e16, 1)], "sum").loss, 2);
  assert.equal(merge([shard(Infinity, 1), shard(1, 1)]).loss, Infinity);
  assert.equal(merge([await client.mseLoss({ input: [], target: [] })]).loss, NaN);
});

test("merging gives the same bits in any order, those of Python's math.fsum", () => {
  const sum = (...terms) => merge(terms.map((numerator) => ({ numerator, denominator: 1 })), "sum").loss;
  const cases = [
    [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], 2.8],
    [[1e16, 1, 1e-16], 10000000000000002],
    [[1e16 - 2, 1 - 2 ** -53, -(1e16 - 2), -(1 - 2 ** -53)], 0],
    [[1, 2 ** -53, 2 ** -106], 1 + 2 ** -52],
    [[1, 2 ** -53, -(2 ** -106)], 1],
    [[-1, -(2 ** -53), -(2 ** -106)], -1 - 2 ** -52],
    [[1e100, 1, -1e100, 1e-100, 1e50, -1, -1e50], 1e-100],
  ];
  for (const [terms, wanted] of cases) {
    for (let i = 0; i < terms.length; i++) {
      assert.equal(sum(...terms.slice(i), ...terms.slice(0, i)), wanted);
      assert.equal(sum(...terms.slice(i).reverse(), ...terms.slice(0, i)), wanted);
    }
  }
  assert.equal(sum(1e308, 1e308), Infinity);
});

test("merge refuses nothing, and unreduced answers", async () => {
  assert.throws(() => merge([]), /at least one/);
  const unreduced = await client.mseLoss({ input: [1], target: [2] }, { reduction: "none" });
  assert.throws(() => merge([unreduced]), /reduced/);
  for (const reduction of ["none", "Sum", null]) {
    assert.throws(() => merge([{ numerator: 1, denominator: 1 }], reduction), /no reduction .*: expected one of mean, batchmean, sum/);
  }
});
