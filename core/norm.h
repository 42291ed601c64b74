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

struct norm {
  double unit,
      length; /* sqrt(|x|^2 + eps) = unit * length; length 0 or inf only for zero and infinite vectors */
};

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
  if (sum >= SQUARES_LOW && sum <= SQUARES_HIGH) return (struct norm){1, sqrt(sum)};
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

/* The cosine of x and y. With X = x / x_unit and Y = y / y_unit its gradients are (Y * across - X * own_x) /
 * x_unit and (X * across - Y * own_y) / y_unit. */
struct cosine {
  double value, x_unit, y_unit, across, own_x, own_y;
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
  struct cosine c = {.x_unit = nx.unit, .y_unit = ny.unit};
  if (nx.unit != 1 || ny.unit != 1) {
    sums[0] = 0;
    for (size_t i = 0; i < n; i++) sums[0] += (double)x[i] / nx.unit * ((double)y[i] / ny.unit);
  }
  if (nx.length == 0 || ny.length == 0) {
    c.value = sums[0];
    return c;
  }
  c.value = sums[0] / (nx.length * ny.length);
  c.across = 1 / (nx.length * ny.length);
  c.own_x = c.value / (nx.length * nx.length) / x_copies;
  c.own_y = c.value / (ny.length * ny.length) / y_copies;
  return c;
}

/* grad[i] = factor * d cos / d x_i; y is the other vector. */
static inline void cosine_gradient(double factor, double across, double own, double unit, double other_unit,
                                   const real *x, const real *y, size_t n, real *restrict grad) {
  if (unit == 1 && other_unit == 1) {
    across *= factor, own *= factor;
    for (size_t i = 0; i < n; i++) grad[i] = (real)((double)y[i] * across - (double)x[i] * own);
    return;
  }
  for (size_t i = 0; i < n; i++)
    grad[i] = (real)(((double)y[i] / other_unit * across - (double)x[i] / unit * own) / unit * factor);
}

#endif
