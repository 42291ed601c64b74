/** Requests that are sent again when the server is busy or gone: an evaluation has no effects. */

import { ProblemError, TransportError } from "./errors.js";
import { Losses } from "./losses.js";
import { decode, encode } from "./wire.js";

const RAW = "application/octet-stream";
/** lossd's own refusals under load, and what a proxy says of an instance that went away. */
const BUSY = new Set([429, 502, 503]);
const FIRST_WAIT = 100;
/** Milliseconds, whole, that timers can hold: 24 days. */
const LONGEST = 2 ** 31 - 1;

/** Milliseconds of Retry-After, which holds seconds or a date; 0 where there is none. */
function retryAfter(headers) {
  const text = headers.get("Retry-After") ?? "";
  const milliseconds = /^\d+$/.test(text) ? 1000 * Number(text) : Date.parse(text) - Date.now();
  return Math.max(0, milliseconds || 0);
}

/** Why a success is not lossd's, such as the page of a portal; undefined where it is. */
function strange(headers, expected) {
  const found = headers.get("Content-Type")?.split(";")[0];
  if (found !== expected) return `found ${found ?? "no type"}, expected ${expected}`;
  return expected !== RAW || headers.has("Lossd-Tensors") ? undefined : "found no header Lossd-Tensors; does a proxy hide it?";
}

function sleep(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

export class Client extends Losses {
  #url;
  #headers;
  #fetch;
  #limits;

  constructor(url = "http://127.0.0.1:8080", options = {}) {
    super();
    const { token, retries = 3, timeout = 60_000, maxWait = 30_000, fetch = globalThis.fetch } = options;
    this.#url = new URL(url).href.replace(/\/$/, "");
    this.#headers = new Headers(token === undefined ? {} : { Authorization: `Bearer ${token}` });
    this.#fetch = (...request) => fetch(...request); // a browser's own refuses to be called as a method
    this.#limits = { retries, timeout, maxWait };
  }

  async evaluate(loss, tensors, { signal, ...options } = {}) {
    const { query, body } = encode(loss, tensors, options);
    const path = `/v1/losses/${encodeURIComponent(loss)}?${query}`;
    const { headers, buffer } = await this.#send("POST", path, body, signal);
    return decode(headers, buffer, options.id);
  }

  async catalogue({ signal } = {}) {
    const { buffer } = await this.#send("GET", "/v1/losses", undefined, signal);
    return JSON.parse(new TextDecoder().decode(buffer)).losses;
  }

  /** A success, or the failure and how long to wait before the next attempt: Infinity where there is no use. */
  async #attempt(method, path, body, signal) {
    const headers = new Headers(this.#headers);
    if (body) headers.set("Content-Type", RAW);
    const limit = AbortSignal.timeout(Math.min(Math.ceil(this.#limits.timeout), LONGEST));
    const either = signal ? AbortSignal.any([signal, limit]) : limit;
    try {
      const response = await this.#fetch(this.#url + path, { method, headers, body, signal: either });
      const buffer = await response.arrayBuffer();
      const what = response.ok && strange(response.headers, body ? RAW : "application/json");
      if (what) return { failure: new TransportError(`no answer of lossd from ${this.#url}: ${what}`), wait: Infinity };
      if (response.ok) return { headers: response.headers, buffer };
      const failure = ProblemError.of(response.status, response.statusText, new TextDecoder().decode(buffer));
      return { failure, wait: BUSY.has(response.status) ? retryAfter(response.headers) : Infinity };
    } catch (cause) {
      signal?.throwIfAborted();
      const why = limit.aborted ? `timed out after ${this.#limits.timeout} ms` : (cause.cause?.message ?? cause.message);
      const failure = new TransportError(`no answer from ${this.#url}: ${why}`, { cause });
      return { failure, wait: limit.aborted ? Infinity : 0 };
    }
  }

  async #send(method, path, body, signal) {
    const { retries, maxWait } = this.#limits;
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted();
      const { failure, wait, ...success } = await this.#attempt(method, path, body, signal);
      if (!failure) return success;
      if (attempt >= retries || wait > maxWait) throw failure;
      const spread = FIRST_WAIT * 2 ** attempt * (0.5 + Math.random() / 2);
      await sleep(wait + Math.min(spread, maxWait), signal);
    }
  }
}
