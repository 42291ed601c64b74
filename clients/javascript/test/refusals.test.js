/** What goes wrong: problems, limits, restarts, aborts, tokens. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Client, ProblemError, TransportError } from "lossd";
import { Server } from "./server.js";

let server;
let client;
before(async () => {
  server = await Server.start();
  client = new Client(server.url);
});
after(() => server.stop());

const TENSORS = { input: [1, 2], target: [1, 4] };

/** A fetch that counts. */
function counting() {
  const count = (...request) => {
    count.calls++;
    return fetch(...request);
  };
  return Object.assign(count, { calls: 0 });
}

test("a problem says status, code, detail, hint and pointer", async () => {
  const refused = client.mseLoss({ input: [1, 2], target: [1, 2, 3] });
  await assert.rejects(refused, (problem) => {
    assert.ok(problem instanceof ProblemError);
    assert.deepEqual([problem.status, problem.code, problem.pointer], [422, "shape_mismatch", "/target"]);
    assert.match(problem.detail, /\[3\].*\[2\]/);
    assert.match(problem.hint, /broadcast/);
    assert.equal(problem.message, `422 shape_mismatch at /target: ${problem.detail} (${problem.hint})`);
    return true;
  });
});

const REFUSALS = [
  ["a loss that does not exist", "MSEloss", TENSORS, {}, "unknown_loss"],
  ["a missing tensor", "MSELoss", { input: [1] }, {}, "missing_role"],
  ["an unknown option", "MSELoss", TENSORS, { delta: 1 }, "unknown_option"],
  ["an option out of range", "HuberLoss", TENSORS, { delta: -1 }, "invalid_option"],
  ["an index out of range", "NLLLoss", { input: [[0.5, 0.5]], target: [2] }, {}, "index_out_of_range"],
  ["indices with fractions", "NLLLoss", { input: [[0.5, 0.5]], target: [0.5] }, {}, "dtype_mismatch"],
  ["a Uint16Array that does not say what it is", "MSELoss", { input: [1], target: new Uint16Array(1) }, {}, "dtype_mismatch"],
  ["gradients of integers", "MSELoss", { input: [1], target: new Int8Array(1) }, { gradients: ["target"] }, "not_differentiable"],
];
for (const [what, loss, tensors, options, code] of REFUSALS) {
  test(`${what}: ${code}`, () => assert.rejects(client.evaluate(loss, tensors, options), { name: "ProblemError", code }));
}

const UNSENDABLE = [
  ["text", "sum", TypeError, /input is sum; expected a number/],
  ["ragged arrays", [[1, 2], [3]], TypeError, /an array of 1 at depth 1, expected an array of 2/],
  ["text in arrays", [1, "2"], TypeError, /string 2 at depth 1, expected a number/],
  ["an array of typed arrays", [new Float32Array(1e6)], TypeError, /holds a Float32Array of 1000000 at depth 1, expected a number/],
  ["an array as data", { data: [1, 2], shape: [2] }, TypeError, /input\.data is an array of 2; expected a typed array/],
  ["data that do not fill the shape", { data: new Float32Array(5), shape: [2, 3] }, RangeError, /6 elements, and data of 5/],
  ["a dtype of another array", { data: new Float64Array(2), dtype: "float32" }, TypeError, /Float64Array, which holds float64/],
];
for (const [what, input, type, message] of UNSENDABLE) {
  test(`${what} is not sent`, () =>
    assert.rejects(client.mseLoss({ input, target: [1, 2] }), (error) => error instanceof type && message.test(error.message)));
}

for (const tensors of [undefined, null, [1, 2], new Float32Array(2)]) {
  test(`${tensors?.constructor.name ?? tensors} in place of the tensors is not sent`, () =>
    assert.rejects(client.mseLoss(tensors, [1, 2]), { name: "TypeError", message: /such as \{input, target\}/ }));
}

test("a body over the limit is 413", async () => {
  const small = await Server.start("--max-body-bytes", "1MiB");
  const large = new Float64Array(1 << 17);
  const refused = new Client(small.url).mseLoss({ input: large, target: large });
  await assert.rejects(refused, { status: 413, code: "body_too_large" });
  await small.stop();
});

test("a page of a proxy is a problem too", async () => {
  const proxy = async () => new Response("<h1>Bad Gateway</h1>", { status: 502, statusText: "Bad Gateway" });
  const refused = new Client(server.url, { fetch: proxy, retries: 0 }).mseLoss(TENSORS);
  await assert.rejects(refused, { name: "ProblemError", status: 502, code: "http", detail: "Bad Gateway" });
});

test("a page in the place of an answer, as a portal's that asks for a login, is a transport error", async () => {
  const portal = async () => new Response("<html>log in</html>", { headers: { "Content-Type": "text/html" } });
  const away = new Client(server.url, { fetch: portal });
  await assert.rejects(away.mseLoss(TENSORS), { name: "TransportError", message: /found text\/html, expected application\/octet/ });
  await assert.rejects(away.catalogue(), { name: "TransportError", message: /found text\/html, expected application\/json/ });
  const bare = async () => new Response(new Float64Array(3), { headers: { "Content-Type": "application/octet-stream" } });
  await assert.rejects(new Client(server.url, { fetch: bare }).mseLoss(TENSORS), { name: "TransportError", message: /Lossd-Tensors/ });
});

test("nobody listening is a transport error after the retries", async () => {
  const gone = await Server.start();
  await gone.stop();
  const fetch = counting();
  const failed = new Client(gone.url, { retries: 2, fetch }).mseLoss(TENSORS);
  await assert.rejects(failed, (error) => error instanceof TransportError && error.message.includes(gone.url));
  assert.equal(fetch.calls, 3);
});

test("a restart in between costs a retry", async () => {
  const first = await Server.start();
  const patient = new Client(first.url, { retries: 10 });
  assert.equal((await patient.mseLoss(TENSORS)).loss, 2);
  await first.stop();
  const answer = patient.mseLoss(TENSORS);
  const second = await Server.start("--port", first.port);
  assert.equal((await answer).loss, 2);
  await second.stop();
});

test("too many connections: waits as long as Retry-After says", async () => {
  const narrow = await Server.start("--max-connections-per-client", "1");
  const blocker = connect(narrow.port, "127.0.0.1");
  await once(blocker, "connect");
  await assert.rejects(new Client(narrow.url, { retries: 0 }).mseLoss(TENSORS), { status: 429 });
  setTimeout(() => blocker.destroy(), 300);
  const fetch = counting();
  assert.equal((await new Client(narrow.url, { fetch }).mseLoss(TENSORS)).loss, 2);
  assert.equal(fetch.calls, 2, "the server asks for a second: the next attempt is late enough");
  await narrow.stop();
});

for (const late of ["31", new Date(Date.now() + 3_600_000).toUTCString()]) {
  test(`Retry-After: ${late} is beyond maxWait`, async () => {
    let calls = 0;
    const busy = async () => new Response("", { status: 503, headers: { "Retry-After": late }, calls: calls++ });
    await assert.rejects(new Client(server.url, { fetch: busy }).mseLoss(TENSORS), { status: 503 });
    assert.equal(calls, 1);
  });
}

/** Accepts connections and never answers. */
async function silent(use) {
  const sockets = new Set();
  const mute = createServer((socket) => sockets.add(socket)).listen(0, "127.0.0.1");
  await once(mute, "listening");
  await use(`http://127.0.0.1:${mute.address().port}`, mute);
  for (const socket of sockets) socket.destroy();
  mute.close();
}

test("a timeout is a transport error, and not tried again", () =>
  silent(async (url) => {
    const fetch = counting();
    const late = new Client(url, { timeout: 50, fetch }).mseLoss(TENSORS);
    await assert.rejects(late, { name: "TransportError", message: /timed out after 50 ms/ });
    assert.equal(fetch.calls, 1);
  }));

for (const timeout of [Infinity, 59999.5, 2 ** 32]) {
  test(`a timeout may be ${timeout}`, async () => assert.equal((await new Client(server.url, { timeout }).mseLoss(TENSORS)).loss, 2));
}

test("an abort rejects with its reason: before, during and between attempts", async () => {
  const reason = new Error("enough");
  await assert.rejects(client.mseLoss(TENSORS, { signal: AbortSignal.abort(reason) }), reason);
  await silent(async (url, mute) => {
    const during = new AbortController();
    mute.once("connection", () => during.abort(reason));
    await assert.rejects(new Client(url).mseLoss(TENSORS, { signal: during.signal }), reason);
  });
  const between = new AbortController();
  const busy = async () => {
    setTimeout(() => between.abort(reason), 20);
    return new Response("", { status: 503, headers: { "Retry-After": "20" } });
  };
  await assert.rejects(new Client(server.url, { fetch: busy }).mseLoss(TENSORS, { signal: between.signal }), reason);
});

test("a token opens the server", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lossd-"));
  await writeFile(join(folder, "tokens"), "secret-1\n");
  const guarded = await Server.start("--token-file", join(folder, "tokens"));
  assert.equal((await new Client(guarded.url, { token: "secret-1" }).mseLoss(TENSORS)).loss, 2);
  for (const token of [undefined, "secret-2"]) {
    await assert.rejects(new Client(guarded.url, { token }).mseLoss(TENSORS), { status: 401, code: "unauthorized" });
  }
  await guarded.stop();
  await rm(folder, { recursive: true });
});
