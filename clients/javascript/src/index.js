/** Client of lossd. Types and documentation: index.d.ts. */

export { Client } from "./client.js";
export { ProblemError, TransportError } from "./errors.js";
export { merge } from "./merge.js";
