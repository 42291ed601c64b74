/* Distances between vectors, and their gradients, for the triplet losses. Compiled in each variant; computed
 * in double whatever `real` is.
 *
 * A distance is two functions over a block of pairs of rows: `measure` gives each pair's distance; then, when
 * the loss knows each pair's seed, its own derivative by that distance, `differentiate` adds seed x gradient
 * to sums. What the one leaves for the other is in the block. Named distances are below; an expression of the
 * user's own is one more struct distance_kernel. Pure functions of their block; nothing is allocated. */
#ifndef LOSSD_CORE_DISTANCE_H
#define LOSSD_CORE_DISTANCE_H

#include "core/norm.h"
#include "core/vector_math_power.h"

#define DISTANCE_BLOCK 64

/* A distance and its numbers. */
struct distance {
  const struct distance_kernel *kernel;
  double p, eps;       /* of norms: the power, which may be infinite; what is added to each difference */
  bool squared;        /* the square of the norm */
  const void *context; /* of kernels that need more */
};

/* What the named distances keep of a pair for its gradient. */
struct distance_state {
  struct norm norm; /* of the difference, before it is squared */
  double sum; /* any p: of the powers of |d| / the largest; so of the maximum norm, how many attain it */
  struct cosine cosine;
};

/* Pairs of vectors of `length` numbers: row r is x + r * x_pitch and y + r * y_pitch. */
struct distance_block {
  const struct distance *distance;
  size_t rows, length; /* rows <= DISTANCE_BLOCK */
  const real *x, *y;
  size_t x_pitch, y_pitch;
  double *kept;                 /* of kernels that keep more of a block: from measure to differentiate */
  double *scratch;              /* of theirs too, but only during a call */
  double value[DISTANCE_BLOCK]; /* measure's result */
  struct distance_state state[DISTANCE_BLOCK];
};

struct distance_kernel {
  void (*measure)(struct distance_block *block);
  /* Adds seed[r] * d value[r] / dx to row r of by_x, and likewise by_y; their rows lie `length` apart. A row
   * whose seed is 0 adds nothing, not even NaN. */
  void (*differentiate)(const struct distance_block *block, const double seed[], double *restrict by_x,
                        double *restrict by_y);
};

/* One pair, of n numbers each; sums by_x and by_y as above, seed not 0. */
typedef double measure_pair(const struct distance *distance, const real *x, const real *y, size_t n,
                            struct distance_state *state);
typedef void differentiate_pair(const struct distance *distance, const real *x, const real *y, size_t n,
                                const struct distance_state *state, double seed, double *restrict by_x,
                                double *restrict by_y);

LOSSD_INLINE void measure_pairs(struct distance_block *b, measure_pair *measure) {
  for (size_t r = 0; r < b->rows; r++) {
    const double value =
        measure(b->distance, b->x + r * b->x_pitch, b->y + r * b->y_pitch, b->length, &b->state[r]);
    b->value[r] = b->distance->squared ? value * value : value;
  }
}

LOSSD_INLINE void differentiate_pairs(const struct distance_block *b, const double seed[],
                                      double *restrict by_x, double *restrict by_y,
                                      differentiate_pair *differentiate) {
  for (size_t r = 0; r < b->rows; r++) {
    const struct distance_state *state = &b->state[r];
    const double inner = b->distance->squared ? 2 * norm_value(&state->norm) : 1;
    if (seed[r] != 0)
      differentiate(b->distance, b->x + r * b->x_pitch, b->y + r * b->y_pitch, b->length, state,
                    seed[r] * inner, by_x + r * b->length, by_y + r * b->length);
  }
}

/* A kernel of functions of one pair. */
#define DISTANCE_KERNEL(name)                                                                                \
  static inline void name##_measure(struct distance_block *block) {                                          \
    measure_pairs(block, measure_##name);                                                                    \
  }                                                                                                          \
  static inline void name##_differentiate(const struct distance_block *block, const double seed[],           \
                                          double *restrict by_x, double *restrict by_y) {                    \
    differentiate_pairs(block, seed, by_x, by_y, differentiate_##name);                                      \
  }                                                                                                          \
  static const struct distance_kernel name##_distance = {name##_measure, name##_differentiate}

/* ---- Differences ---- */

LOSSD_INLINE double difference(const real *x, const real *y, size_t i, double eps) {
  return ((double)x[i] - (double)y[i]) + eps;
}

LOSSD_INLINE void add_both(double t, size_t i, double *restrict by_x, double *restrict by_y) {
  by_x[i] += t;
  by_y[i] -= t;
}

static __attribute__((noinline, unused)) bool has_nan(const real *x, const real *y, size_t n, double eps) {
  size_t i = 0;
  while (i < n && !isnan(difference(x, y, i, eps))) i++;
  return i < n;
}

/* The largest |difference|; NaN where one is. */
static inline double max_difference(const real *x, const real *y, size_t n, double eps) {
  double most[SUM_LANES] = {0}, zero[SUM_LANES] = {0}, all = 0;
  size_t i = 0;
  for (; i + SUM_LANES <= n; i += SUM_LANES) {
    double d[SUM_LANES];
    for (size_t k = 0; k < SUM_LANES; k++) d[k] = abs_f64(difference(x, y, i + k, eps));
    for (size_t k = 0; k < SUM_LANES; k++) most[k] = d[k] > most[k] ? d[k] : most[k];
    for (size_t k = 0; k < SUM_LANES; k++) zero[k] += d[k] - d[k];
  }
  for (size_t k = 0; i + k < n; k++) {
    const double d = abs_f64(difference(x, y, i + k, eps));
    most[k] = d > most[k] ? d : most[k];
    zero[k] += d - d;
  }
  for (size_t k = 0; k < SUM_LANES; k++) all = most[k] > all ? most[k] : all;
  return fold_lanes(zero) != 0 && has_nan(x, y, n, eps) ? NAN : all; /* infinities are no zero either */
}

/* ---- p = 1: sum |d|; the sign, 0 at 0 ---- */

static inline double measure_manhattan(const struct distance *q, const real *x, const real *y, size_t n,
                                       struct distance_state *state) {
  double lane[SUM_LANES] = {0};
  size_t i = 0;
  for (; i + SUM_LANES <= n; i += SUM_LANES)
    for (size_t k = 0; k < SUM_LANES; k++) lane[k] += abs_f64(difference(x, y, i + k, q->eps));
  for (size_t k = 0; i + k < n; k++) lane[k] += abs_f64(difference(x, y, i + k, q->eps));
  state->norm = (struct norm){1, fold_lanes(lane)};
  return state->norm.length;
}

static inline void differentiate_manhattan(const struct distance *q, const real *x, const real *y, size_t n,
                                           const struct distance_state *state, double seed,
                                           double *restrict by_x, double *restrict by_y) {
  (void)state;
  for (size_t i = 0; i < n; i++) {
    const double d = difference(x, y, i, q->eps);
    add_both(d > 0 ? seed : d < 0 ? -seed : 0, i, by_x, by_y);
  }
}
DISTANCE_KERNEL(manhattan);

/* ---- p = 2: sqrt(sum d^2); d / norm, 0 at the zero vector ---- */

static __attribute__((noinline, unused)) struct norm scaled_euclidean(const real *x, const real *y, size_t n,
                                                                      double eps) {
  const double most = max_difference(x, y, n, eps);
  if (!(most > 0 && most <= DBL_MAX)) return (struct norm){1, most};
  const double unit = power_of_two_below(most);
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    const double d = difference(x, y, i, eps) / unit;
    sum += d * d;
  }
  return (struct norm){unit, sqrt(sum)};
}

static inline double sum_squared_differences(const real *x, const real *y, size_t n, double eps) {
  double lane[SUM_LANES] = {0};
  size_t i = 0;
  for (; i + SUM_LANES <= n; i += SUM_LANES)
    for (size_t k = 0; k < SUM_LANES; k++) {
      const double d = difference(x, y, i + k, eps);
      lane[k] += d * d;
    }
  for (size_t k = 0; i + k < n; k++) {
    const double d = difference(x, y, i + k, eps);
    lane[k] += d * d;
  }
  return fold_lanes(lane);
}

static inline double measure_euclidean(const struct distance *q, const real *x, const real *y, size_t n,
                                       struct distance_state *state) {
  const double squares = sum_squared_differences(x, y, n, q->eps);
  state->norm =
      squares_are_safe(squares) ? (struct norm){1, sqrt(squares)} : scaled_euclidean(x, y, n, q->eps);
  return norm_value(&state->norm);
}

static inline void differentiate_euclidean(const struct distance *q, const real *x, const real *y, size_t n,
                                           const struct distance_state *state, double seed,
                                           double *restrict by_x, double *restrict by_y) {
  const double unit = state->norm.unit, by = seed / state->norm.length;
  if (state->norm.length == 0) return;
  if (unit == 1)
    for (size_t i = 0; i < n; i++) add_both(difference(x, y, i, q->eps) * by, i, by_x, by_y);
  else
    for (size_t i = 0; i < n; i++) add_both(difference(x, y, i, q->eps) / unit * by, i, by_x, by_y);
}
DISTANCE_KERNEL(euclidean);

/* ---- The square of p = 2: sum d^2, exact at a margin where the norms' roots would round; 2 d ---- */

static inline double measure_squares(const struct distance *q, const real *x, const real *y, size_t n,
                                     struct distance_state *state) {
  (void)state;
  return sum_squared_differences(x, y, n, q->eps);
}

static inline void differentiate_squares(const struct distance *q, const real *x, const real *y, size_t n,
                                         const struct distance_state *state, double seed,
                                         double *restrict by_x, double *restrict by_y) {
  (void)state;
  for (size_t i = 0; i < n; i++) add_both(2 * seed * difference(x, y, i, q->eps), i, by_x, by_y);
}
DISTANCE_KERNEL(squares);

/* ---- p = infinity: max |d|; the sign, shared equally by the coordinates that attain it ---- */

static inline double measure_maximum(const struct distance *q, const real *x, const real *y, size_t n,
                                     struct distance_state *state) {
  const double most = max_difference(x, y, n, q->eps);
  state->norm = (struct norm){1, most};
  state->sum = 0;
  for (size_t i = 0; i < n; i++) state->sum += abs_f64(difference(x, y, i, q->eps)) == most ? 1 : 0;
  return most;
}

static inline void differentiate_maximum(const struct distance *q, const real *x, const real *y, size_t n,
                                         const struct distance_state *state, double seed,
                                         double *restrict by_x, double *restrict by_y) {
  const double most = state->norm.length, share = seed / state->sum;
  if (most == 0) return;
  for (size_t i = 0; i < n; i++) {
    const double d = difference(x, y, i, q->eps);
    add_both(d == most ? share : d == -most ? -share : 0, i, by_x, by_y);
  }
}
DISTANCE_KERNEL(maximum);

/* ---- Any p: (sum |d|^p)^(1/p) in units of the largest; sign(d) (|d| / norm)^(p - 1), 0 at 0 ---- */

#define POWER_CHUNK 64

/* (x[i] / most)^p of 0 <= x <= most; small whole powers by squaring. Else exp(p log x / most), whose error,
 * at most |p log| < 745 roundings, stays below 1e-13; large powers, of which the rounding of a quotient near
 * 1 would be a multiple, by the difference from 1. */
static inline void powers(double *restrict x, size_t n, double most, double p) {
  double result[POWER_CHUNK];
  if (p > 64) {
    for (size_t i = 0; i < n; i++) x[i] = exp_f64(p * log1p_f64((x[i] - most) / most));
    return;
  }
  for (size_t i = 0; i < n; i++) x[i] /= most;
  if (!(p >= 1 && p == floor(p))) {
    for (size_t i = 0; i < n; i++) x[i] = exp_f64(p * log_f64(x[i]));
    return;
  }
  for (size_t i = 0; i < n; i++) result[i] = 1;
  for (unsigned bits = (unsigned)p; bits; bits >>= 1) {
    for (size_t i = 0; bits & 1 && i < n; i++) result[i] *= x[i];
    for (size_t i = 0; i < n; i++) x[i] *= x[i];
  }
  memcpy(x, result, n * sizeof *x);
}

static inline double measure_power(const struct distance *q, const real *x, const real *y, size_t n,
                                   struct distance_state *state) {
  const double most = max_difference(x, y, n, q->eps);
  state->norm = (struct norm){1, most}, state->sum = most;
  if (!(most > 0 && most <= DBL_MAX)) return most;
  double sum = 0, term[POWER_CHUNK];
  for (size_t i = 0; i < n; i += POWER_CHUNK) {
    const size_t m = n - i < POWER_CHUNK ? n - i : POWER_CHUNK;
    for (size_t k = 0; k < m; k++) term[k] = abs_f64(difference(x, y, i + k, q->eps));
    powers(term, m, most, q->p);
    for (size_t k = 0; k < m; k++) sum += term[k];
  }
  state->sum = sum;
  state->norm = (struct norm){most, pow_f64(sum, 1 / q->p)};
  return norm_value(&state->norm);
}

static inline void differentiate_power(const struct distance *q, const real *x, const real *y, size_t n,
                                       const struct distance_state *state, double seed, double *restrict by_x,
                                       double *restrict by_y) {
  const double most = state->norm.unit, by = seed * pow_f64(state->sum, 1 / q->p - 1);
  double slope[POWER_CHUNK];
  if (state->norm.length == 0) return;
  for (size_t i = 0; i < n; i += POWER_CHUNK) {
    const size_t m = n - i < POWER_CHUNK ? n - i : POWER_CHUNK;
    for (size_t k = 0; k < m; k++) slope[k] = abs_f64(difference(x, y, i + k, q->eps));
    powers(slope, m, most, q->p - 1);
    for (size_t k = 0; k < m; k++) {
      const double d = difference(x, y, i + k, q->eps);
      add_both(d > 0 ? by * slope[k] : d < 0 ? -by * slope[k] : 0, i + k, by_x, by_y);
    }
  }
}
DISTANCE_KERNEL(power);

/* The p-norm of the difference, or its square. */
static inline struct distance norm_distance(double p, double eps, bool squared) {
  const struct distance_kernel *kernel = p == 1              ? &manhattan_distance
                                         : p == 2 && squared ? &squares_distance
                                         : p == 2            ? &euclidean_distance
                                         : isinf(p)          ? &maximum_distance
                                                             : &power_distance;
  return (struct distance){.kernel = kernel, .p = p, .eps = eps, .squared = squared && p != 2};
}

/* ---- 1 - cosine ---- */

static inline double measure_cosine(const struct distance *q, const real *x, const real *y, size_t n,
                                    struct distance_state *state) {
  state->cosine = cosine_of(x, y, n, q->eps, 1, 1);
  return 1 - state->cosine.value;
}

/* sum[i] += factor * d cos / dx[i] */
static inline void add_cosine_gradient(double factor, const struct cosine_side *side, const real *x,
                                       const real *y, size_t n, double *restrict sum) {
  const struct cosine_side s = *side;
  if (cosine_is_scaled(&s))
    for (size_t i = 0; i < n; i++) sum[i] += factor * cosine_slope(&s, true, (double)x[i], (double)y[i]);
  else
    for (size_t i = 0; i < n; i++) sum[i] += factor * cosine_slope(&s, false, (double)x[i], (double)y[i]);
}

static inline void differentiate_cosine(const struct distance *q, const real *x, const real *y, size_t n,
                                        const struct distance_state *state, double seed,
                                        double *restrict by_x, double *restrict by_y) {
  (void)q;
  add_cosine_gradient(-seed, &state->cosine.x, x, y, n, by_x);
  add_cosine_gradient(-seed, &state->cosine.y, y, x, n, by_y);
}
DISTANCE_KERNEL(cosine);

#endif
