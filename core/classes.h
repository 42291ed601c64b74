/* What CrossEntropyLoss and NLLLoss share: how their input's numbers are read, and log-softmax of a row. */
#ifndef LOSSD_CORE_CLASSES_H
#define LOSSD_CORE_CLASSES_H

#include "core/rowwise.h"
#include "core/stable.h"

enum { LOSSD_LOGITS, LOSSD_PROBABILITIES, LOSSD_LOG_PROBABILITIES };

/* A softmax in the form that loses no digits: e[i] = exp(x[i] - maximum), with one of the largest terms,
 * which are 1, kept apart: the sum is 1 + rest. */
struct softmax {
  real maximum;
  double rest;
};

/* The sum of e but for one of the terms whose x is the maximum; NaN where e has one. */
LOSSD_INLINE double softmax_rest(const real *x, const real *e, size_t n, real maximum) {
  double lane[SUM_LANES] = {0};
  real ties[SUM_LANES] = {0};
  size_t i = 0;
  for (; i + SUM_LANES <= n; i += SUM_LANES) {
    for (size_t k = 0; k < SUM_LANES; k++) lane[k] += (double)real_zero_if(x[i + k] == maximum, e[i + k]);
    for (size_t k = 0; k < SUM_LANES; k++) ties[k] += real_zero_if(x[i + k] != maximum, 1);
  }
  for (size_t k = 0; i + k < n; k++) {
    lane[k] += (double)real_zero_if(x[i + k] == maximum, e[i + k]);
    ties[k] += real_zero_if(x[i + k] != maximum, 1);
  }
  return fold_lanes(lane) + (sum_real(ties, SUM_LANES) - 1);
}

/* Writes e (length numbers). A row with NaN, or whose maximum is infinite, gives NaN. */
static inline struct softmax softmax(const real *x, size_t length, real *restrict e) {
  const real maximum = max_real(x, length);
  for (size_t i = 0; i < length; i++) e[i] = real_exp_neg_abs(x[i] - maximum);
  const double rest = softmax_rest(x, e, length, maximum);
  return (struct softmax){maximum, real_abs(maximum) <= REAL_MAX ? rest : NAN};
}

/* log of the softmax's denominator over its largest term. */
static inline double softmax_log_sum(const struct softmax *s) {
  return log1p_f64(s->rest);
}

/* The sum of all e but e[i]. */
static inline double softmax_others(const struct softmax *s, const real *e, size_t i) {
  return e[i] == 1 ? s->rest : 1 + (s->rest - (double)e[i]);
}

#endif
