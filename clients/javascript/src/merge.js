/** How answers over parts of a data set become one. */

/** Neumaier's compensated sum; infinities as IEEE 754 adds them. */
function total(terms) {
  let sum = 0;
  let lost = 0;
  for (const term of terms) {
    const next = sum + term;
    lost += Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum;
    sum = next;
  }
  return Number.isFinite(sum) ? sum + lost : sum;
}

export function merge(answers, reduction = "mean") {
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
