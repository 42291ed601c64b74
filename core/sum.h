/* Sums that have the same bits on every instruction set and compiler: in double, in a fixed number of lanes,
 * element i in lane i mod SUM_LANES, lanes added pairwise. Pure functions, any thread. */
#ifndef LOSSD_CORE_SUM_H
#define LOSSD_CORE_SUM_H

#include <stddef.h>
#include <string.h>

#include "core/real.h"

/* A sum carried in two doubles, good for about 100 bits (Knuth's TwoSum). Zero is {0, 0}. */
struct lossd_sum2 {
  double hi, lo;
};

static inline void lossd_sum2_add(struct lossd_sum2 *s, double x) {
  const double sum = s->hi + x, part = sum - s->hi;
  s->lo += (s->hi - (sum - part)) + (x - part);
  s->hi = sum;
}
static inline void lossd_sum2_merge(struct lossd_sum2 *s, const struct lossd_sum2 *other) {
  lossd_sum2_add(s, other->hi);
  s->lo += other->lo;
}
/* Once hi is infinite or NaN it stays so, while lo becomes inf - inf: then hi is the answer. */
static inline double lossd_sum2_value(const struct lossd_sum2 *s) {
  return s->lo - s->lo == 0 ? s->hi + s->lo : s->hi;
}

#define SUM_LANES 16
#define MAX_LANES 32

/* The sum of the lanes, which it overwrites. */
static inline double fold_lanes(double lane[SUM_LANES]) {
  for (size_t width = SUM_LANES / 2; width; width /= 2)
    for (size_t k = 0; k < width; k++) lane[k] += lane[k + width];
  return lane[0];
}

/* sum of x[i] */
static inline double sum_real(const real *x, size_t n) {
  double lane[SUM_LANES] = {0};
  size_t i = 0;
  for (; i + SUM_LANES <= n; i += SUM_LANES)
    for (size_t k = 0; k < SUM_LANES; k++) lane[k] += (double)x[i + k];
  for (size_t k = 0; i + k < n; k++) lane[k] += (double)x[i + k];
  return fold_lanes(lane);
}

/* sum of x[i] y[i]; products of floats are exact */
static inline double sum_products(const real *x, const real *y, size_t n) {
  double lane[SUM_LANES] = {0};
  size_t i = 0;
  for (; i + SUM_LANES <= n; i += SUM_LANES)
    for (size_t k = 0; k < SUM_LANES; k++) lane[k] += (double)x[i + k] * (double)y[i + k];
  for (size_t k = 0; i + k < n; k++) lane[k] += (double)x[i + k] * (double)y[i + k];
  return fold_lanes(lane);
}

/* sum of x[i]^2 */
static inline double sum_squares(const real *x, size_t n) {
  return sum_products(x, x, n);
}

/* The largest number, and where one such is (n where there is none): NaN is passed over, the value is
 * -infinity where there is no number. Which zero wins among equal ones depends on their places alone. */
struct largest {
  real value;
  size_t place;
};
static inline struct largest largest_real(const real *x, size_t n) {
  real lane[MAX_LANES], fold[MAX_LANES];
  for (size_t k = 0; k < MAX_LANES; k++) lane[k] = -REAL_INFINITY;
  size_t i = 0, at = 0;
  for (; i + MAX_LANES <= n; i += MAX_LANES)
    for (size_t k = 0; k < MAX_LANES; k++) lane[k] = x[i + k] > lane[k] ? x[i + k] : lane[k];
  for (size_t k = 0; i + k < n; k++) lane[k] = x[i + k] > lane[k] ? x[i + k] : lane[k];
  memcpy(fold, lane, sizeof fold);
  for (size_t width = MAX_LANES / 2; width; width /= 2)
    for (size_t k = 0; k < width; k++) fold[k] = fold[k + width] > fold[k] ? fold[k + width] : fold[k];
  while (at < MAX_LANES - 1 && lane[at] != fold[0]) at++;
  while (at < n && x[at] != fold[0]) at += MAX_LANES;
  return (struct largest){fold[0], at < n ? at : n};
}

#endif
