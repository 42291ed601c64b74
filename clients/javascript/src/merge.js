/** How answers over parts of a data set become one. */

/** A sum, and what it lost. */
function add(a, b) {
  const [large, small] = Math.abs(a) >= Math.abs(b) ? [a, b] : [b, a];
  const sum = large + small;
  return [sum, small - (sum - large)];
}

/**
 * The correctly rounded sum, the same for any order, as Python's math.fsum; infinities as IEEE 754 adds them. Shewchuk 1997:
 * the partials are the exact sum in parts that do not overlap, the smallest first.
 */
function total(terms) {
  const partials = [];
  for (const term of terms) {
    let rest = term;
    let kept = 0;
    for (const partial of partials) {
      let lost;
      [rest, lost] = add(rest, partial);
      if (lost !== 0) partials[kept++] = lost;
    }
    partials.splice(kept, Infinity, rest);
  }
  let sum = partials.pop() ?? 0;
  let lost = 0;
  while (partials.length > 0 && lost === 0) [sum, lost] = add(sum, partials.pop());
  // Half a unit was lost, and more of the same sign is left: the tie is none.
  const doubled = lost * 2;
  if (partials.length > 0 && lost < 0 === partials.at(-1) < 0 && sum + doubled - sum === doubled) sum += doubled;
  return Number.isFinite(sum) ? sum : terms.reduce((a, b) => a + b, 0);
}

const REDUCTIONS = ["mean", "batchmean", "sum"];

export function merge(answers, reduction = "mean") {
  if (!REDUCTIONS.includes(reduction)) {
    throw new RangeError(`merge has no reduction ${String(reduction)}: expected one of ${REDUCTIONS.join(", ")}`);
  }
  const parts = [...answers];
  if (parts.length === 0) throw new RangeError("merge takes at least one answer, found none");
  if (parts.some((part) => part.denominator === undefined)) {
    throw new RangeError('merge takes reduced answers, found one of reduction "none": ask for "mean" or "sum"');
  }
  const numerator = total(parts.map((part) => part.numerator));
  const denominator = total(parts.map((part) => part.denominator));
  const loss = reduction === "sum" ? numerator : denominator === 0 ? NaN : numerator / denominator;
  return { loss, numerator, denominator, gradients: {}, serverTiming: {}, id: undefined };
}
