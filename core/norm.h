/* Lengths of vectors and dot products, in double whatever `real` is, in fixed lanes. Compiled in each
 * variant.
 *
 * A length is kept as unit x length, unit a power of two: 1 as long as the plain sum of squares stays within
 * double's range, so that nothing is scaled in the common case; else the vector's own magnitude. Sums of
 * float32 never leave that range. */
#ifndef LOSSD_CORE_NORM_H
#define LOSSD_CORE_NORM_H

#include "core/gather.h"
#include "core/sum.h"

/* Sums of squares outside these have overflowed or lost digits. */
#define SQUARES_LOW 0x1p-900
#define SQUARES_HIGH 0x1p1000

/* A norm of unit * length; length is 0 for zero vectors only. */
struct norm {
  double unit, length;
};

static inline double norm_value(const struct norm *norm) {
  return norm->unit * norm->length;
}

static inline bool squares_are_safe(double squares) {
  return squares >= SQUARES_LOW && squares <= SQUARES_HIGH;
}

/* The power of two at or below x > 0. */
static inline double power_of_two_below(double x) {
  return ldexp(1, ilogb(x));
}

/* The largest |x|; NaN is passed over. */
static inline double max_magnitude(const real *x, size_t n) {
  real most = 0;
  for (size_t i = 0; i < n; i++) most = real_abs(x[i]) > most ? real_abs(x[i]) : most;
  return (double)most;
}

/* The norm of a vector whose sum of squares, plus eps, left the safe range. */
static __attribute__((noinline, unused)) struct norm scaled_norm(const real *x, size_t n, double squares,
                                                                 double copies, double eps) {
  double most = max_magnitude(x, n), sum = 0;
  if (squares != squares) return (struct norm){1, squares};
  if (sqrt(eps) > most) most = sqrt(eps);
  if (most == 0 || most > DBL_MAX) return (struct norm){1, most};
  const double unit = power_of_two_below(most);
  for (size_t i = 0; i < n; i++) sum += (double)x[i] / unit * ((double)x[i] / unit);
  return (struct norm){unit, sqrt(sum / copies + eps / unit / unit)};
}

/* sqrt(|x|^2 / copies + eps); squares is |x|^2 as computed plainly. */
static inline struct norm norm_of(const real *x, size_t n, double squares, double copies, double eps) {
  const double sum = squares / copies + eps;
  if (squares_are_safe(sum)) return (struct norm){1, sqrt(sum)};
  return scaled_norm(x, n, squares, copies, eps);
}

/* grad[i] = factor * d |x| / d x_i; 0 at the zero vector, and where factor is 0 even for infinite x. */
static inline void norm_gradient(double factor, const struct norm *norm, const real *x, size_t n,
                                 real *restrict grad) {
  const double by = norm->length == 0 ? 0 : factor / norm->length;
  if (factor == 0)
    memset(grad, 0, n * sizeof *grad);
  else if (norm->unit == 1)
    for (size_t i = 0; i < n; i++) grad[i] = (real)((double)x[i] * by);
  else
    for (size_t i = 0; i < n; i++) grad[i] = (real)((double)x[i] / norm->unit * by);
}

/* The cosine of x and y, and what gives its gradient by either. */
struct cosine {
  double value;
  struct cosine_side {
    double unit, other_unit, across, own;
  } x, y;
};

/* x.y, |x|^2 and |y|^2. */
static inline void sum_pairs(const real *x, const real *y, size_t n, double sums[3]) {
  double xy[SUM_LANES] = {0}, xx[SUM_LANES] = {0}, yy[SUM_LANES] = {0};
  size_t i = 0;
  for (; i + SUM_LANES <= n; i += SUM_LANES) {
    for (size_t k = 0; k < SUM_LANES; k++) xy[k] += (double)x[i + k] * (double)y[i + k];
    for (size_t k = 0; k < SUM_LANES; k++) xx[k] += (double)x[i + k] * (double)x[i + k];
    for (size_t k = 0; k < SUM_LANES; k++) yy[k] += (double)y[i + k] * (double)y[i + k];
  }
  for (size_t k = 0; i + k < n; k++) {
    xy[k] += (double)x[i + k] * (double)y[i + k];
    xx[k] += (double)x[i + k] * (double)x[i + k];
    yy[k] += (double)y[i + k] * (double)y[i + k];
  }
  sums[0] = fold_lanes(xy), sums[1] = fold_lanes(xx), sums[2] = fold_lanes(yy);
}

/* cos = x.y / (|x| |y|), each norm sqrt(|x|^2 + eps); with a zero vector (and no eps) cosine and gradient are
 * 0. copies: how many times over one number was broadcast to make the vector; PyTorch's norm, and so this
 * one, is that of the number itself. */
static inline struct cosine cosine_of(const real *x, const real *y, size_t n, double eps, double x_copies,
                                      double y_copies) {
  double sums[3];
  sum_pairs(x, y, n, sums);
  const struct norm nx = norm_of(x, n, sums[1], x_copies, eps), ny = norm_of(y, n, sums[2], y_copies, eps);
  if (nx.unit != 1 || ny.unit != 1) {
    sums[0] = 0;
    for (size_t i = 0; i < n; i++) sums[0] += (double)x[i] / nx.unit * ((double)y[i] / ny.unit);
  }
  const bool zero = nx.length == 0 || ny.length == 0;
  const double across = zero ? 0 : 1 / (nx.length * ny.length), value = zero ? sums[0] : sums[0] * across;
  const double own_x = zero ? 0 : value / (nx.length * nx.length) / x_copies;
  const double own_y = zero ? 0 : value / (ny.length * ny.length) / y_copies;
  return (struct cosine){value, {nx.unit, ny.unit, across, own_x}, {ny.unit, nx.unit, across, own_y}};
}

/* d cos / dx of one coordinate, y being the other vector's. scaled: whether units are other than 1. */
LOSSD_INLINE double cosine_slope(const struct cosine_side *side, bool scaled, double x, double y) {
  if (!scaled) return y * side->across - x * side->own;
  return (y / side->other_unit * side->across - x / side->unit * side->own) / side->unit;
}

static inline bool cosine_is_scaled(const struct cosine_side *side) {
  return side->unit != 1 || side->other_unit != 1;
}

/* grad[i] = factor * d cos / dx[i]; 0 where factor is 0, however short the vectors are. */
static inline void cosine_gradient(double factor, const struct cosine_side *side, const real *x,
                                   const real *y, size_t n, real *restrict grad) {
  const struct cosine_side s = *side;
  if (factor == 0)
    memset(grad, 0, n * sizeof *grad);
  else if (cosine_is_scaled(&s))
    for (size_t i = 0; i < n; i++)
      grad[i] = (real)(factor * cosine_slope(&s, true, (double)x[i], (double)y[i]));
  else
    for (size_t i = 0; i < n; i++)
      grad[i] = (real)(factor * cosine_slope(&s, false, (double)x[i], (double)y[i]));
}

#endif
