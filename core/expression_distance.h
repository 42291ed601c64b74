/* Runs expressions as a distance: each step over all numbers of a block of rows before the next step, so that
 * every loop is long and vectorises. Compiled in the float64 variants, where `real` is double; float32
 * tensors are widened.
 *
 * Forwards each step's value is kept: vectors of the block's rows one after another, numbers one a row.
 * Backwards (reverse mode) the steps run from last to first, each adding its share to the derivatives by its
 * operands. Rows never mix, and sums have fixed lanes, so bits do not depend on the block or the instruction
 * set. Room for either: lossd_expression_room numbers, and `length` more for derivatives. */
#ifndef LOSSD_CORE_EXPRESSION_DISTANCE_H
#define LOSSD_CORE_EXPRESSION_DISTANCE_H

#include "core/distance.h"
#include "core/expression.h"
#include "core/expression_math.h"
#include "core/norm.h"
#include "core/sum.h"

/* A block that an expression runs over. */
struct expression_run {
  const struct lossd_expression *expression;
  const struct distance_block *block;
  size_t rows, length;
};

static inline struct expression_run expression_run_of(const struct distance_block *b) {
  return (struct expression_run){b->distance->context, b, b->rows, b->length};
}

/* Numbers of a step's value. */
static inline size_t expression_count(const struct expression_run *run, const struct expression_step *s) {
  return s->vector ? run->rows * run->length : run->rows;
}

/* Where a step's numbers lie in a room. */
static inline double *expression_place(const struct expression_run *run, double *room, int step) {
  const struct expression_step *s = &run->expression->step[step];
  const size_t vector = run->rows * run->length, slot = (size_t)s->slot;
  return room + (s->vector ? slot * vector : (size_t)run->expression->vectors * vector + slot * run->rows);
}

/* ---- Steps that read an input ---- */

static inline bool expression_reads(const struct expression_step *s) {
  return s->operation == EXPRESSION_VECTOR_A || s->operation == EXPRESSION_VECTOR_B;
}

/* The rows of a or b, where they lie one after another and need no copy; else NULL. */
static inline const real *expression_input(const struct expression_run *run,
                                           const struct expression_step *s) {
  const bool a = s->operation == EXPRESSION_VECTOR_A;
  const size_t pitch = a ? run->block->x_pitch : run->block->y_pitch;
  return run->rows == 1 || pitch == run->length ? (a ? run->block->x : run->block->y) : NULL;
}

static inline void expression_copy(const struct expression_run *run, const struct expression_step *s,
                                   double *out) {
  const bool a = s->operation == EXPRESSION_VECTOR_A;
  const size_t pitch = a ? run->block->x_pitch : run->block->y_pitch;
  const real *const in = a ? run->block->x : run->block->y;
  if (expression_input(run, s)) return;
  for (size_t r = 0; r < run->rows; r++)
    memcpy(out + r * run->length, in + r * pitch, run->length * sizeof *out);
}

static inline const double *expression_operand(const struct expression_run *run, int step) {
  const struct expression_step *s = &run->expression->step[step];
  const double *const in = expression_reads(s) ? expression_input(run, s) : NULL;
  return in ? in : expression_place(run, run->block->kept, step);
}

/* ---- Reductions: rows of n numbers to one each, and back ---- */

static inline double row_prod(const double *x, size_t n) {
  double product = 1;
  for (size_t i = 0; i < n; i++) product *= x[i];
  return product;
}

/* The largest of sign x[i], times sign; NaN where one is. */
static inline double row_extreme(const double *x, size_t n, double sign) {
  double lane[SUM_LANES], most = -(double)INFINITY;
  uint64_t nan = 0;
  size_t i = 0;
  for (size_t k = 0; k < SUM_LANES; k++) lane[k] = most;
  for (; i + SUM_LANES <= n; i += SUM_LANES)
    for (size_t k = 0; k < SUM_LANES; k++) lane[k] = sign * x[i + k] > lane[k] ? sign * x[i + k] : lane[k];
  for (size_t k = 0; i + k < n; k++) lane[k] = sign * x[i + k] > lane[k] ? sign * x[i + k] : lane[k];
  for (size_t k = 0; k < SUM_LANES; k++) most = lane[k] > most ? lane[k] : most;
  for (i = 0; i < n; i++) nan |= x[i] != x[i] ? 1 : 0;
  return nan ? (double)NAN : sign * most;
}

static inline double row_norm(const double *x, size_t n) {
  const struct norm norm = norm_of(x, n, sum_squares(x, n), 1, 0);
  return norm_value(&norm);
}

static inline double row_value(enum expression_operation operation, const double *x, const double *y,
                               size_t n) {
  switch (operation) {
  case EXPRESSION_SUM: return sum_real(x, n);
  case EXPRESSION_MEAN: return sum_real(x, n) / (double)n;
  case EXPRESSION_PROD: return row_prod(x, n);
  case EXPRESSION_AMAX: return row_extreme(x, n, 1);
  case EXPRESSION_AMIN: return row_extreme(x, n, -1);
  case EXPRESSION_NORM: return row_norm(x, n);
  default: return sum_products(x, y, n); /* DOT */
  }
}

LOSSD_INLINE void row_add(double *restrict sum, double g, size_t n) {
  for (size_t i = 0; i < n; i++) sum[i] += g;
}

LOSSD_INLINE void row_add_products(double *restrict sum, const double *x, double g, size_t n) {
  for (size_t i = 0; i < n; i++) sum[i] += g * x[i];
}

/* g times the product of all others: of those before, kept in `before`, and those behind. Zeros
 * need no care. */
static inline void row_add_prod(double *restrict sum, const double *x, double g, size_t n,
                                double *restrict before) {
  double product = 1;
  for (size_t i = 0; i < n; i++) before[i] = product, product *= x[i];
  product = 1;
  for (size_t i = n; i-- > 0;) sum[i] += g * (before[i] * product), product *= x[i];
}

/* Shared equally by those that attain the extreme. */
static inline void row_add_extreme(double *restrict sum, const double *x, double extreme, double g,
                                   size_t n) {
  double ties = 0;
  for (size_t i = 0; i < n; i++) ties += x[i] == extreme ? 1 : 0;
  const double share = g / ties;
  for (size_t i = 0; i < n; i++) sum[i] += x[i] == extreme ? share : 0;
}

/* 0 at the zero vector. */
static inline void row_add_norm(double *restrict sum, const double *x, double norm, double g, size_t n) {
  if (norm == 0) return;
  for (size_t i = 0; i < n; i++) sum[i] += x[i] / norm * g;
}

/* sum += g d value / dx of a row; y is the other operand of DOT. */
static inline void row_slope(enum expression_operation operation, double *restrict sum, const double *x,
                             const double *y, double value, double g, size_t n, double *before) {
  switch (operation) {
  case EXPRESSION_SUM: row_add(sum, g, n); break;
  case EXPRESSION_MEAN: row_add(sum, g / (double)n, n); break;
  case EXPRESSION_PROD: row_add_prod(sum, x, g, n, before); break;
  case EXPRESSION_AMAX:
  case EXPRESSION_AMIN: row_add_extreme(sum, x, value, g, n); break;
  case EXPRESSION_NORM: row_add_norm(sum, x, value, g, n); break;
  default: row_add_products(sum, y, g, n); break; /* DOT */
  }
}

/* ---- Forwards ---- */

LOSSD_INLINE void expression_map(enum expression_operation operation, double *restrict out, const double *x,
                                 const double *y, size_t n) {
  if (y)
    for (size_t i = 0; i < n; i++) out[i] = expression_value(operation, x[i], y[i]);
  else
    for (size_t i = 0; i < n; i++) out[i] = expression_value(operation, x[i], 0);
}

/* What every row makes of itself: reductions and broadcasts. */
static inline void expression_rows(const struct expression_run *run, const struct expression_step *s,
                                   double *out, const double *x, const double *y) {
  const size_t n = run->length;
  for (size_t r = 0; r < run->rows; r++)
    if (s->operation == EXPRESSION_BROADCAST)
      for (size_t i = 0; i < n; i++) out[r * n + i] = x[r];
    else
      out[r] = row_value((enum expression_operation)s->operation, x + r * n, y ? y + r * n : NULL, n);
}

static inline void expression_forward(const struct expression_run *run, int step) {
  const struct expression_step *s = &run->expression->step[step];
  const double *const x = s->x < 0 ? NULL : expression_operand(run, s->x);
  const double *const y = s->y < 0 ? NULL : expression_operand(run, s->y);
  double *const out = expression_place(run, run->block->kept, step);
  const size_t n = expression_count(run, s);
  switch (s->operation) {
  case EXPRESSION_CONSTANT:
    for (size_t i = 0; i < n; i++) out[i] = s->constant;
    break;
  case EXPRESSION_VECTOR_A:
  case EXPRESSION_VECTOR_B: expression_copy(run, s, out); break;
  case EXPRESSION_SIN: real_sin_block(x, out, n); break;
  case EXPRESSION_COS: real_cos_block(x, out, n); break;
  case EXPRESSION_TAN: real_tan_block(x, out, n); break;
#define MAP(operation)                                                                                       \
  case EXPRESSION_##operation: expression_map(EXPRESSION_##operation, out, x, y, n); break;
    EXPRESSION_MAPS
#undef MAP
  default: expression_rows(run, s, out, x, y); break;
  }
}

/* ---- Backwards ---- */

LOSSD_INLINE void expression_add_slope(enum expression_operation operation, bool by_x, double *restrict sum,
                                       const double *x, const double *y, const double *value, const double *g,
                                       size_t n) {
  if (by_x)
    for (size_t i = 0; i < n; i++) sum[i] += expression_slope_x(operation, x[i], y[i], value[i], g[i]);
  else
    for (size_t i = 0; i < n; i++) sum[i] += expression_slope_y(operation, x[i], y[i], value[i], g[i]);
}

/* d sin = cos, d cos = -sin, a piece at a time. */
static inline void expression_add_circle(bool sine, double *restrict sum, const double *x, const double *g,
                                         size_t n) {
  double slope[256];
  for (size_t i = 0; i < n; i += 256) {
    const size_t m = n - i < 256 ? n - i : 256;
    if (sine)
      real_cos_block(x + i, slope, m);
    else
      real_sin_block(x + i, slope, m);
    for (size_t k = 0; k < m; k++) sum[i + k] += sine ? g[i + k] * slope[k] : -g[i + k] * slope[k];
  }
}

static inline void expression_rows_back(const struct expression_run *run, const struct expression_step *s,
                                        bool by_x, double *sum, const double *x, const double *y,
                                        const double *value, const double *g, double *before) {
  const size_t n = run->length;
  for (size_t r = 0; r < run->rows; r++)
    if (s->operation == EXPRESSION_BROADCAST)
      sum[r] += sum_real(g + r * n, n);
    else if (by_x)
      row_slope((enum expression_operation)s->operation, sum + r * n, x + r * n, y + r * n, value[r], g[r], n,
                before);
    else
      row_slope((enum expression_operation)s->operation, sum + r * n, y + r * n, x + r * n, value[r], g[r], n,
                before);
}

/* Adds a step's share to the derivative by one of its operands. */
static inline void expression_back(const struct expression_run *run, int step, bool by_x, bool first,
                                   double *before) {
  const struct expression_step *s = &run->expression->step[step];
  const int to = by_x ? s->x : s->y;
  const double *const x = expression_operand(run, s->x), *const y =
                                                             s->y < 0 ? x : expression_operand(run, s->y);
  const double *const value = expression_place(run, run->block->kept, step);
  const double *const g = expression_place(run, run->block->scratch, step);
  double *const sum = expression_place(run, run->block->scratch, to);
  const size_t n = expression_count(run, s);
  if (first) memset(sum, 0, expression_count(run, &run->expression->step[to]) * sizeof *sum);
  switch (s->operation) {
  case EXPRESSION_SIN:
  case EXPRESSION_COS: expression_add_circle(s->operation == EXPRESSION_SIN, sum, x, g, n); break;
#define MAP(operation)                                                                                       \
  case EXPRESSION_##operation:                                                                               \
    expression_add_slope(EXPRESSION_##operation, by_x, sum, x, y, value, g, n);                              \
    break;
    EXPRESSION_MAPS
    MAP(TAN)
#undef MAP
  default: expression_rows_back(run, s, by_x, sum, x, y, value, g, before); break;
  }
}

/* The derivatives by a or b to where they belong; rows without a seed add nothing. */
static inline void expression_deliver(const struct expression_run *run, int step, const double seed[],
                                      double *restrict to) {
  const double *const g = expression_place(run, run->block->scratch, step);
  for (size_t r = 0, i = 0; r < run->rows; r++, i += run->length)
    if (seed[r] != 0)
      for (size_t k = i; k < i + run->length; k++) to[k] += g[k];
}

static inline void expression_measure(struct distance_block *b) {
  const struct expression_run run = expression_run_of(b);
  const int last = run.expression->count - 1;
  for (int i = 0; i <= last; i++) expression_forward(&run, i);
  memcpy(b->value, expression_operand(&run, last), b->rows * sizeof b->value[0]);
}

static inline void expression_differentiate(const struct distance_block *b, const double seed[],
                                            double *restrict by_x, double *restrict by_y) {
  const struct expression_run run = expression_run_of(b);
  const struct lossd_expression *const e = run.expression;
  const int last = e->count - 1;
  double *const before = b->scratch + lossd_expression_room(e, (int64_t)b->rows, (int64_t)b->length);
  memcpy(expression_place(&run, b->scratch, last), seed, b->rows * sizeof *seed);
  for (int i = last; i >= 0; i--) {
    const struct expression_step *s = &e->step[i];
    if (!s->wanted) continue;
    if (s->operation == EXPRESSION_VECTOR_A) expression_deliver(&run, i, seed, by_x);
    if (s->operation == EXPRESSION_VECTOR_B) expression_deliver(&run, i, seed, by_y);
    if (s->wants_x) expression_back(&run, i, true, s->first_x, before);
    if (s->wants_y) expression_back(&run, i, false, s->first_y, before);
  }
}

static const struct distance_kernel expression_distance = {expression_measure, expression_differentiate};

#endif
