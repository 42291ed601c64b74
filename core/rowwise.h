/* Row losses: one static inline function gives the value of one row and writes its gradients; this loop calls
 * it for each row of a tile that is not left out. */
#ifndef LOSSD_CORE_ROWWISE_H
#define LOSSD_CORE_ROWWISE_H

#include "core/gather.h"
#include "core/row.h"
#include "core/tile.h"

struct row {
  const real *x[LOSSD_MAX_ROLES];        /* vectors; NULL: absent or class indices */
  const int64_t *index[LOSSD_MAX_ROLES]; /* class indices; NULL: not an index role */
  size_t length;                         /* of x[0] */
  real *grad[LOSSD_MAX_ROLES];           /* to be written whole; NULL: not wanted */
  real scale;                            /* to multiply every gradient by */
  const double *option;
  const struct lossd_plan *plan;
  real *spare; /* room for one vector of the longest role */
};

/* Returns the row's unreduced loss. */
typedef real row_function(const struct row *row);

/* NaN is never swallowed: where a row's loss is NaN, so are its gradients. */
static inline void poison_row(const struct row *row, const size_t length[]) {
  for (int k = 0; k < LOSSD_MAX_ROLES; k++)
    for (size_t i = 0; row->grad[k] && i < length[k]; i++) row->grad[k][i] = REAL_NAN;
}

/* Gradients whose NaN is the one of every answer. */
static inline void make_canonical(const struct row *row, const size_t length[]) {
  for (int k = 0; k < LOSSD_MAX_ROLES; k++) {
    real *grad = row->grad[k];
    for (size_t i = 0; grad && i < length[k]; i++) grad[i] = canonical(grad[i]);
  }
}

/* whole: a row's loss reads every number of its vectors. done: function makes NaN canonical itself. The
 * gradients are still in the first cache. */
LOSSD_INLINE void each_row(const struct lossd_tile *tile, row_function *function, bool whole, bool done) {
  struct row row = {.length = tile->length[0],
                    .option = tile->option,
                    .plan = tile->plan,
                    .spare = tile->spare,
                    .scale = 1};
  for (size_t r = 0; r < tile->rows; r++) {
    if (tile->left_out && tile->left_out[r]) continue;
    for (int k = 0; k < LOSSD_MAX_ROLES; k++) {
      row.x[k] = tile->in[k] ? tile->in[k] + r * tile->pitch[k] : NULL;
      row.index[k] = tile->index[k] ? tile->index[k] + r * tile->pitch[k] : NULL;
      row.grad[k] = tile->grad[k] ? tile->grad[k] + r * tile->grad_pitch[k] : NULL;
    }
    if (tile->scale) row.scale = tile->scale[r];
    tile->loss[r] = function(&row);
    if (whole && tile->loss[r] != tile->loss[r])
      poison_row(&row, tile->length);
    else if (!done && !tile->plan->sparse)
      make_canonical(&row, tile->length);
  }
}

LOSSD_INLINE void rowwise(const struct lossd_tile *tile, row_function *function, bool whole) {
  each_row(tile, function, whole, false);
}
/* The same where function makes NaN canonical itself, in a loop that it has anyway. */
LOSSD_INLINE void rowwise_canonical(const struct lossd_tile *tile, row_function *function, bool whole) {
  each_row(tile, function, whole, true);
}

#endif
