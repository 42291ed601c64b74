/* What a kernel sees: one tile of rows, every number already of type `real`, contiguous along each vector.
 *
 * A loss's source is compiled once for each instruction set and precision; LOSSD_VARIANT names the one being
 * compiled (baseline_f64, avx2_f32 ...) and `real` is its number type. LOSS_ROW defines the row in one
 * variant only; LOSS_KERNEL publishes the variant's kernel. Kernels are pure functions of their tile: no
 * allocation, no state. */
#ifndef LOSSD_CORE_TILE_H
#define LOSSD_CORE_TILE_H

#include "core/plan.h"
#include "core/real.h"

/* Rows of a tile of a pointwise kernel are a multiple of this, so that its loop has no rest.
 * The driver pads. */
#define LOSSD_BLOCK 128

struct lossd_tile {
  const double *option;
  size_t rows;
  size_t length[LOSSD_INPUTS]; /* of each input's vectors; 0: absent */

  /* Vector r of input i begins at in[i] + r * pitch[i]; a pitch of 0 shares one vector. */
  const real *in[LOSSD_INPUTS];
  size_t pitch[LOSSD_INPUTS];
  /* The same for inputs of class indices. */
  const int64_t *index[LOSSD_MAX_ROLES];

  /* Out: the unreduced loss of each row. */
  real *loss;
  /* Out: gradients, laid out as the inputs are, each row's multiplied by scale[r], NaN canonical; NULL where
   * not wanted. */
  real *grad[LOSSD_MAX_ROLES];
  size_t grad_pitch[LOSSD_MAX_ROLES];
  const real *scale;
  /* Rows that are left out (NULL: none): a row kernel skips them, the driver writes their zeros. */
  const bool *left_out;

  const struct lossd_plan *plan;
  real *spare; /* plan->length elements for the kernel's own use */
};

struct lossd_kernel {
  /* Runs one slice of a plan: the generic driver, or the loss's own for sequences. */
  void (*run)(const struct lossd_plan *plan, size_t slice, void *scratch);
  void (*tile)(const struct lossd_tile *tile);
};

#define LOSSD_JOIN_(a, b, c) a##b##_##c
#define LOSSD_JOIN(a, b, c) LOSSD_JOIN_(a, b, c)
/* The name of something in the variant being compiled: lossd_run_tiles_avx2_f32. */
#define LOSSD_IN_VARIANT(name) LOSSD_JOIN(lossd_, name, LOSSD_VARIANT)

void LOSSD_IN_VARIANT(run_tiles)(const struct lossd_plan *plan, size_t slice, void *scratch);

#ifdef LOSSD_DEFINE_ROWS
#define LOSS_ROW(name)                                                                                       \
  extern const struct lossd_loss lossd_##name;                                                               \
  const struct lossd_loss lossd_##name
#else
#define LOSS_ROW(name) static const struct lossd_loss lossd_##name __attribute__((unused))
#endif

#define LOSS_KERNEL(name, tile_function) LOSS_KERNEL_RUN(name, LOSSD_IN_VARIANT(run_tiles), tile_function)
#define LOSS_KERNEL_RUN(name, run_function, tile_function)                                                   \
  extern const struct lossd_kernel LOSSD_IN_VARIANT(name);                                                   \
  const struct lossd_kernel LOSSD_IN_VARIANT(name) = {.run = run_function, .tile = tile_function}

#endif
