/** Compiled, never run: what TypeScript knows of each kind of call. */

import { Client, merge, ProblemError, type Answer, type ReducedAnswer, type Tensor } from "lossd";

const client = new Client("http://127.0.0.1:8080", { token: "t", retries: 1, timeout: 1000, maxWait: 10, fetch });
const input = new Float32Array(2);

const mean = await client.mseLoss({ input, target: [1, 2] });
const loss: number = mean.loss / mean.denominator;

const sum = await client.huberLoss({ input, target: 0 }, { reduction: "sum", delta: 2, gradients: ["input"] });
const gradient: Tensor | undefined = sum.gradients.input;

const none = await client.nllLoss({ input: [[0.5, 0.5]], target: [1] }, { reduction: "none" });
const losses: Tensor = none.loss;

const either: "none" | "sum" = Math.random() < 0.5 ? "none" : "sum";
const unknown: Answer<"none" | "sum", "input" | "target"> = await client.l1Loss({ input, target: input }, { reduction: either as "none" | "sum" });
const narrowed: number = unknown.denominator === undefined ? unknown.loss.data.length : unknown.loss;

const merged: ReducedAnswer = merge([mean, sum], "sum");
const half = { data: new Uint16Array(6), shape: [2, 3], dtype: "float16" } as const;
const distant = await client.klDivLoss({ input: half, target: half }, { reduction: "batchmean", signal: AbortSignal.timeout(9) });
const again = await client.mseLoss({ input: losses, target: losses, sample_weight: 2 });

try {
  await client.evaluate("MSELoss", { input }, { reduction: "sum", gradients: true, id: "a" });
} catch (error) {
  if (error instanceof ProblemError) console.log(error.status, error.code, error.detail, error.hint?.length);
}

// @ts-expect-error a tensor is missing
await client.mseLoss({ input });
// @ts-expect-error no such option
await client.mseLoss({ input, target: input }, { delta: 1 });
// @ts-expect-error no such value
await client.mseLoss({ input, target: input }, { reduction: "batchmean" });
// @ts-expect-error class indices have no gradient
await client.nllLoss({ input, target: [1] }, { gradients: ["target"] });
// @ts-expect-error text is no tensor
await client.mseLoss({ input: "1", target: input });
// @ts-expect-error an unreduced loss is no number
const wrong: number = none.loss;
// @ts-expect-error unreduced answers do not merge
merge([none]);

export { again, distant, gradient, loss, merged, narrowed, wrong };
