/* Pointwise losses: one static inline function gives the value and every derivative of one element; this
 * loop, given that function as a constant, is the kernel. Where the value is NaN, so are the derivatives,
 * whatever the function says of them. Weights, reductions, dtypes and broadcasting are the driver's. */
#ifndef LOSSD_CORE_POINTWISE_H
#define LOSSD_CORE_POINTWISE_H

#include "core/gather.h"
#include "core/row.h"
#include "core/tile.h"

/* The unreduced loss of one element and its derivatives by the differentiable roles, which come first in a
 * row. */
struct point {
  real value;
  real grad[3];
};

/* x: one number of each role (an absent weight is 1); option: the resolved options. */
typedef struct point point_function(const real *x, const real *option);

/* The loop over a tile. Tiles never overlap, so iterations are independent. */
#if defined(__clang__)
#define LOSSD_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define LOSSD_INDEPENDENT _Pragma("GCC ivdep")
#endif

/* roles and gradients are constants of the loss: how many roles it reads, how many of the first it
 * differentiates. */
LOSSD_INLINE void pointwise(const struct lossd_tile *tile, point_function *function, int roles,
                            int gradients) {
  const size_t n = tile->rows;
  const real *in[LOSSD_MAX_ROLES] = {tile->in[0], tile->in[1], tile->in[2], tile->in[3]};
  real option[LOSSD_MAX_OPTIONS], x[LOSSD_MAX_ROLES], *loss = tile->loss;
  for (int k = 0; k < LOSSD_MAX_OPTIONS; k++) option[k] = (real)tile->option[k];
  if (!tile->grad[0]) {
    LOSSD_INDEPENDENT
    for (size_t i = 0; i < n; i++) {
      for (int k = 0; k < roles; k++) x[k] = in[k][i];
      loss[i] = function(x, option).value;
    }
    return;
  }
  real *grad[3] = {tile->grad[0], tile->grad[1], tile->grad[2]};
  LOSSD_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    for (int k = 0; k < roles; k++) x[k] = in[k][i];
    struct point p = function(x, option);
    loss[i] = p.value;
    for (int k = 0; k < gradients; k++) grad[k][i] = p.value == p.value ? p.grad[k] : p.value;
  }
}

#endif
