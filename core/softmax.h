/* Log-softmax of a row, for CrossEntropyLoss and CTCLoss. Pure functions of numbers, compiled in each
 * variant. */
#ifndef LOSSD_CORE_SOFTMAX_H
#define LOSSD_CORE_SOFTMAX_H

#include "core/sum.h"
#include "core/vector_math.h"

/* A softmax in the form that loses no digits: e[i] = exp(x[i] - maximum), with one of the largest terms,
 * which are 1, kept apart: the sum is 1 + rest. */
struct softmax {
  real maximum;
  double rest;
};

/* Below this rest all but the largest term lie so far away that float32's rounding of x[i] - maximum shows in
 * their digits, and the loss and its gradients may hang on nothing else. */
#define SOFTMAX_CONFIDENT 0x1p-10

/* Puts the rounding of x[i] - maximum (Knuth's TwoSum) right: exp(d + error) = exp(d) (1 + error). */
static inline void softmax_sharpen(const real *x, size_t length, real maximum, real *restrict e) {
  for (size_t i = 0; i < length; i++) {
    const real d = x[i] - maximum, part = d - x[i];
    const real error = (x[i] - (d - part)) - (maximum + part);
    e[i] += e[i] == 0 ? 0 : e[i] * error;
  }
}

/* Writes e (length numbers). A row with NaN, or whose maximum is infinite, gives NaN. */
static inline struct softmax softmax(const real *x, size_t length, real *restrict e) {
  const struct largest largest = largest_real(x, length);
  const real maximum = largest.value;
  for (size_t i = 0; i < length; i++) e[i] = real_exp_neg_abs(x[i] - maximum);
  if (!(real_abs(maximum) <= REAL_MAX)) return (struct softmax){maximum, NAN};
  e[largest.place] = 0; /* its 1 would take the digits of a small rest */
  double rest = sum_real(e, length);
  if (sizeof(real) == sizeof(float) && rest < SOFTMAX_CONFIDENT) {
    softmax_sharpen(x, length, maximum, e);
    rest = sum_real(e, length);
  }
  e[largest.place] = 1;
  return (struct softmax){maximum, rest};
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
