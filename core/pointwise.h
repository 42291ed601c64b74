/* Pointwise losses: one static inline function gives the value and every derivative of one element; this
 * loop, given that function as a constant, is the kernel. Where the value is NaN, so are the derivatives,
 * whatever the function says of them. Weights, reductions, dtypes and broadcasting are the driver's.
 *
 * Derivatives must be right to 1e-6 of themselves. Where one is what is left of a cancellation, it is
 * computed in double, whatever `real` is. */
#ifndef LOSSD_CORE_POINTWISE_H
#define LOSSD_CORE_POINTWISE_H

#include "core/gather.h"
#include "core/row.h"
#include "core/tile.h"
#include "core/vector_math.h"

/* The unreduced loss of one element and its derivatives by the differentiable roles, which come first in a
 * row. */
struct point {
  real value;
  real grad[3];
};

/* x: one number of each role (an absent weight is 1); option: the resolved options. */
typedef struct point point_function(const real *x, const double *option);

/* Whether an optional role is given: where it is not, a loss may leave out its factor of 1. */
static inline bool is_given(const struct lossd_tile *tile, int role) {
  return tile->plan->view[role].length != 0;
}

/* The loop over a block. Its arrays never overlap, so iterations are independent. */
#if defined(__clang__)
#define LOSSD_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define LOSSD_INDEPENDENT _Pragma("GCC ivdep")
#endif

/* Of a kernel function: all that it calls becomes part of its loop, since a call keeps a loop scalar. */
#define LOSSD_FLATTEN __attribute__((flatten))

/* One block, with the derivatives by the first `gradients` roles; what the others would cost is not spent. */
LOSSD_INLINE void point_block(const struct lossd_tile *tile, size_t at, const double *option,
                              point_function *function, int roles, int gradients) {
  const real *in[LOSSD_MAX_ROLES], *scale = tile->scale + at;
  real *grad[3], *loss = tile->loss + at;
  for (int k = 0; k < roles; k++) in[k] = tile->in[k] + at;
  for (int k = 0; k < gradients; k++) grad[k] = tile->grad[k] + at;
  LOSSD_INDEPENDENT
  for (size_t i = 0; i < LOSSD_BLOCK; i++) {
    real x[LOSSD_MAX_ROLES];
    for (int k = 0; k < roles; k++) x[k] = in[k][i];
    const struct point p = function(x, option);
    loss[i] = p.value;
    for (int k = 0; k < gradients; k++) {
      const real g = p.grad[k] * scale[i];
      grad[k][i] = __builtin_isunordered(p.value, g) ? REAL_NAN : g;
    }
  }
}

LOSSD_INLINE void point_blocks(const struct lossd_tile *tile, point_function *function, int roles,
                               int gradients) {
  double option[LOSSD_MAX_OPTIONS];
  memcpy(option, tile->option, sizeof option);
  for (size_t at = 0; at < tile->rows; at += LOSSD_BLOCK)
    point_block(tile, at, option, function, roles, gradients);
}

/* A loss whose value and derivatives share an exponential in double, real_exp_short of an argument that
 * follows from the first role. Each has a loop of its own over the block: a processor sees some hundred
 * instructions ahead, which in one long loop are less than a turn, and waits for each turn's chain. */
typedef double exponent_function(real x);
typedef struct point exp_point_function(const real *x, const double *option, double e);

LOSSD_INLINE void exp_block(const struct lossd_tile *tile, size_t at, const double *option,
                            exponent_function *exponent, exp_point_function *function, int roles,
                            int gradients) {
  const real *in[LOSSD_MAX_ROLES], *scale = tile->scale + at;
  real *grad[3], *loss = tile->loss + at;
  double e[LOSSD_BLOCK];
  for (int k = 0; k < roles; k++) in[k] = tile->in[k] + at;
  for (int k = 0; k < gradients; k++) grad[k] = tile->grad[k] + at;
  for (size_t i = 0; i < LOSSD_BLOCK; i++) e[i] = exponent(in[0][i]);
  for (size_t i = 0; i < LOSSD_BLOCK; i++) e[i] = real_exp_short(e[i]);
  LOSSD_INDEPENDENT
  for (size_t i = 0; i < LOSSD_BLOCK; i++) {
    real x[LOSSD_MAX_ROLES];
    for (int k = 0; k < roles; k++) x[k] = in[k][i];
    loss[i] = function(x, option, e[i]).value;
  }
  if (!gradients) return;
  LOSSD_INDEPENDENT
  for (size_t i = 0; i < LOSSD_BLOCK; i++) {
    real x[LOSSD_MAX_ROLES];
    for (int k = 0; k < roles; k++) x[k] = in[k][i];
    const struct point p = function(x, option, e[i]);
    for (int k = 0; k < gradients; k++) {
      const real g = p.grad[k] * scale[i];
      grad[k][i] = __builtin_isunordered(loss[i], g) ? REAL_NAN : g;
    }
  }
}

LOSSD_INLINE void exp_blocks(const struct lossd_tile *tile, exponent_function *exponent,
                             exp_point_function *function, int roles, int gradients) {
  double option[LOSSD_MAX_OPTIONS];
  memcpy(option, tile->option, sizeof option);
  for (size_t at = 0; at < tile->rows; at += LOSSD_BLOCK)
    exp_block(tile, at, option, exponent, function, roles, gradients);
}

/* roles and gradients are constants of the loss: how many roles it reads, how many of the first it
 * differentiates. The gradients wanted are none, the first or all. */
LOSSD_INLINE void pointwise(const struct lossd_tile *tile, point_function *function, int roles,
                            int gradients) {
  if (!tile->grad[0])
    point_blocks(tile, function, roles, 0);
  else if (!tile->grad[1])
    point_blocks(tile, function, roles, 1);
  else
    point_blocks(tile, function, roles, gradients);
}

/* The same for a loss with a shared exponential. */
LOSSD_INLINE void pointwise_exp(const struct lossd_tile *tile, exponent_function *exponent,
                                exp_point_function *function, int roles, int gradients) {
  if (!tile->grad[0])
    exp_blocks(tile, exponent, function, roles, 0);
  else if (!tile->grad[1])
    exp_blocks(tile, exponent, function, roles, 1);
  else
    exp_blocks(tile, exponent, function, roles, gradients);
}

#endif
