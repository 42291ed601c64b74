/* Stable forms that several losses share. Pure functions of numbers, compiled in each variant. */
#ifndef LOSSD_CORE_STABLE_H
#define LOSSD_CORE_STABLE_H

#include "core/vector_math.h"

/* coefficient x term, where a coefficient of exactly 0 makes the term 0 even against infinity: 0 log 0 = 0.
 * NaN stays NaN. (Here and below, & and | rather than && and ||: short circuits keep loops scalar.) */
static inline real weighted(real coefficient, real term) {
  const real product = coefficient * term;
  return real_zero_if((coefficient == 0) & (term == term), product);
}

/* What value and gradient of a logistic loss share: e = exp(-|z|) and log1p(e). softplus(z) = log(1 + exp z)
 * and sigmoid(z) follow without overflow and without losing digits on either side. */
struct logistic {
  real e, log1p_e;
};
static inline struct logistic logistic(real z) {
  const real e = real_exp_neg_abs(z);
  return (struct logistic){e, real_log1p_unit(e)};
}
static inline real softplus(real z, struct logistic l) {
  return real_max(z, 0) + l.log1p_e;
}

#endif
