/** What can go wrong. */

/** There was no answer, or not lossd's; `cause` says why, where there is one. */
export class TransportError extends Error {
  name = "TransportError";
}

/** The server refused. */
export class ProblemError extends Error {
  name = "ProblemError";

  constructor({ status, code, detail, title, hint, pointer, offset }) {
    super(`${status} ${code}${pointer ? ` at ${pointer}` : ""}: ${detail}${hint ? ` (${hint})` : ""}`);
    Object.assign(this, { status, code, detail, title, hint, pointer, offset });
  }

  /** From a response that is not a success: the server's own, or a page of a proxy before it. */
  static of(status, statusText, text) {
    let problem;
    try {
      problem = JSON.parse(text);
    } catch {
      problem = undefined;
    }
    if (typeof problem?.code === "string") return new ProblemError({ ...problem, status });
    return new ProblemError({ status, code: "http", detail: statusText || "an answer that is not lossd's" });
  }
}
