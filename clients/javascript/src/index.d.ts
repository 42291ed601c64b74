import { Losses } from "./losses.js";

export * from "./losses.js";

/** A number, or nested arrays of one shape: float64, but int64 for class indices and lengths. */
export type Numbers = number | readonly Numbers[];

export type TypedArray =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array;

export type DType =
  | "float64"
  | "float32"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint8"
  | "bool";

/** Row-major. A typed array alone is a vector of its own dtype. */
export interface ShapedArray {
  data: TypedArray;
  /** Default: a vector. */
  shape?: readonly number[];
  /** Needed for float16 and bfloat16, the bits of a Uint16Array, and for bool, the 0 and 1 of a Uint8Array. */
  dtype?: DType;
}

export type TensorLike = Numbers | TypedArray | ShapedArray;

/** Row-major, in a buffer of its own. float16 and bfloat16 are their bits. */
export interface Tensor {
  data: Float64Array | Float32Array | Uint16Array;
  shape: number[];
  dtype: "float64" | "float32" | "float16" | "bfloat16";
}

/** What every evaluation takes beside the loss's own options. */
export interface EvaluateOptions<Role extends string = string> {
  /** true: of all floating tensors that have one; or the names of tensors. Default: none. */
  gradients?: boolean | readonly Role[];
  /** At most 128 bytes; comes back as the answer's. */
  id?: string;
  /** Its abort rejects with its reason, also between attempts. */
  signal?: AbortSignal;
}

interface Evaluated<Role extends string> {
  /** By tensor, in its shape and dtype; those that were asked for. */
  gradients: Partial<Record<Role, Tensor>>;
  /** Milliseconds in queue, decode, compute and encode. */
  serverTiming: Record<string, number>;
  /** The request's. */
  id: string | undefined;
}

export interface ReducedAnswer<Role extends string = string> extends Evaluated<Role> {
  loss: number;
  /** The weighted sum of the losses. A mean is numerator / denominator. */
  numerator: number;
  /** What a mean divides by. */
  denominator: number;
}

export interface UnreducedAnswer<Role extends string = string> extends Evaluated<Role> {
  loss: Tensor;
  numerator: undefined;
  denominator: undefined;
}

/** By the reduction asked for. */
export type Answer<R = string, Role extends string = string> = R extends "none"
  ? UnreducedAnswer<Role>
  : string extends R
    ? ReducedAnswer<Role> | UnreducedAnswer<Role>
    : ReducedAnswer<Role>;

export interface ClientOptions {
  /** Bearer token, where the server has a --token-file. */
  token?: string;
  /**
   * How often a request is sent again after 429, 502, 503 or a broken connection: when Retry-After says, else after
   * 100, 200, 400 ... ms, spread at random. Default: 3.
   */
  retries?: number;
  /** Milliseconds for one attempt, its answer included; Infinity for no limit. Default: 60000. */
  timeout?: number;
  /** Milliseconds; a longer Retry-After is not waited for. Default: 30000. */
  maxWait?: number;
  /** Instead of the global fetch. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** A lossd server. A page of another origin needs the server's --cors-origin. */
export declare class Client extends Losses {
  /** @param url of the server, default http://127.0.0.1:8080 */
  constructor(url?: string, options?: ClientOptions);

  /**
   * The loss of this class name, such as "MSELoss". The methods call this one.
   *
   * @throws {ProblemError} the server refused
   * @throws {TransportError} there was no answer, after the retries
   * @throws {TypeError} a tensor is of no kind that can be sent
   * @throws {RangeError} data do not fill their shape
   */
  evaluate(
    loss: string,
    tensors: Record<string, TensorLike | null | undefined>,
    options?: EvaluateOptions & Record<string, unknown>,
  ): Promise<Answer>;

  /** What the server's losses take: formula, tensors, options with ranges and defaults, an example. */
  catalogue(options?: { signal?: AbortSignal }): Promise<Record<string, unknown>[]>;
}

/** The server refused. `code` is stable and listed in docs/errors.md. */
export declare class ProblemError extends Error {
  readonly status: number;
  readonly code: string;
  /** What was found and what was expected. */
  readonly detail: string;
  readonly title: string | undefined;
  /** What to do. */
  readonly hint: string | undefined;
  /** JSON pointer to the tensor or option. */
  readonly pointer: string | undefined;
  /** The byte of a syntax error. */
  readonly offset: number | undefined;
}

/** There was no answer: the server cannot be reached, its connection broke or timed out, or something else answered. `cause` says how. */
export declare class TransportError extends Error {}

/**
 * One answer from those over the shards of a data set, all asked for with the same reduction: the sum of the numerators,
 * for a mean divided by the sum of the denominators (NaN where that is 0). Sums are correctly rounded: the order of the
 * shards does not matter, and the Python client gives the same bits. Merged answers can be merged again. Gradients
 * are left to the caller: under a mean, a shard's are to be multiplied by its denominator / the merged denominator.
 *
 * @throws {RangeError} there is no answer, one that is not reduced, or no such reduction
 */
export declare function merge(
  answers: Iterable<ReducedAnswer>,
  reduction?: "mean" | "batchmean" | "sum",
): ReducedAnswer;
