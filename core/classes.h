/* What CrossEntropyLoss and NLLLoss share: how their input's numbers are read, and log-softmax of a row. */
#ifndef LOSSD_CORE_CLASSES_H
#define LOSSD_CORE_CLASSES_H

#include "core/rowwise.h"
#include "core/stable.h"

enum { LOSSD_LOGITS, LOSSD_PROBABILITIES, LOSSD_LOG_PROBABILITIES };

/* A softmax in the form that loses no digits: e[i] = exp(x[i] - x[top]), with the largest term, which is 1,
 * kept apart: the sum is 1 + rest. */
struct softmax {
  size_t top;
  real maximum;
  double rest;
};

/* Writes e (length numbers). A row with NaN, or whose maximum is infinite, gives NaN. */
static inline struct softmax softmax(const real *x, size_t length, real *restrict e) {
  struct softmax s = {.maximum = max_real(x, length)};
  const real maximum = s.maximum;
  while (s.top + 1 < length && x[s.top] != maximum) s.top++;
  for (size_t i = 0; i < length; i++) e[i] = real_exp(x[i] - maximum);
  const real one = e[s.top];
  e[s.top] = 0;
  s.rest = sum_real(e, length);
  e[s.top] = one;
  if (!(one == 1)) s.rest = (double)one; /* NaN */
  return s;
}

/* log of the softmax's denominator over its largest term. */
static inline double softmax_log_sum(const struct softmax *s) {
  return log1p_f64(s->rest);
}

/* The sum of all e but e[i]. */
static inline double softmax_others(const struct softmax *s, const real *e, size_t i) {
  return i == s->top ? s->rest : 1 + (s->rest - (double)e[i]);
}

#endif
