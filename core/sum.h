/* Sums in double with the same bits everywhere. */
#ifndef LOSSD_CORE_SUM_H
#define LOSSD_CORE_SUM_H

#include <stddef.h>

#include "core/real.h"

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
static inline double lossd_sum2_value(const struct lossd_sum2 *s) {
  return s->lo - s->lo == 0 ? s->hi + s->lo : s->hi;
}

#define SUM_LANES 8

/* The sum of the lanes, which it overwrites. */
static inline double fold_lanes(double lane[SUM_LANES]) {
  for (size_t width = SUM_LANES / 2; width; width /= 2)
    for (size_t k = 0; k < width; k++) lane[k] += lane[k + width];
  return lane[0];
}

static inline double sum_real(const real *x, size_t n) {
  double lane[SUM_LANES] = {0};
  size_t i = 0;
  for (; i + SUM_LANES <= n; i += SUM_LANES)
    for (size_t k = 0; k < SUM_LANES; k++) lane[k] += (double)x[i + k];
  for (size_t k = 0; i + k < n; k++) lane[k] += (double)x[i + k];
  return fold_lanes(lane);
}

/* The largest number; NaN is passed over. */
static inline real max_real(const real *x, size_t n) {
  real most = -(real)INFINITY;
  for (size_t i = 0; i < n; i++) most = x[i] > most ? x[i] : most;
  return most;
}

#endif
