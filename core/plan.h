/* Plans: how one evaluation is cut into slices and how each slice reads, computes and writes.
 *
 * A loss is evaluated over its unreduced elements, here called rows: row r of the unreduced loss reads a
 * vector from each input (length 1 for pointwise losses) and gives one number. A view says where those
 * vectors lie. Slices are fixed blocks of rows; their partial sums are merged in slice order, so bits do not
 * depend on who ran which slice.
 *
 * The caller fills loss_data and grad[] after lossd_plan_init and before lossd_run. The plan's own memory is
 * in the arena given to lossd_plan_init. Threads: see core/loss.h. */
#ifndef LOSSD_CORE_PLAN_H
#define LOSSD_CORE_PLAN_H

#include "core/loss.h"
#include "core/sum.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Elements a slice, roughly; a row longer than that is a slice of its own. */
#define LOSSD_SLICE 16384

/* What the numbers of an input must be, beyond their type. NaN passes all. */
enum lossd_domain {
  LOSSD_ANY,
  LOSSD_FINITE,
  LOSSD_NONNEGATIVE,
  LOSSD_UNIT_INTERVAL,
  LOSSD_PLUS_MINUS_ONE,
  LOSSD_ZERO_ONE,
  LOSSD_LABELS /* of an index role: classes of role 0, a list that ends at its first negative number */
};

/* Where the vector of each row lies in an input. Strides and step count elements. */
struct lossd_view {
  const char *data;
  enum lossd_dtype dtype;
  enum lossd_domain domain;
  const char *cure;               /* what else may help where a number is outside the domain, or NULL */
  int64_t stride[LOSSD_MAX_RANK]; /* between rows, for each dimension of lossd_plan.extent; 0 where shared */
  int64_t step;                   /* between the elements of a vector; 0 where one element stands for all */
  int64_t length;                 /* elements of a vector; 0: the input is absent */
  bool shared;                    /* some rows read the same element: its gradient is summed */
  bool index;                     /* integers that the kernel reads as int64 */
};

/* What one slice leaves behind. */
struct lossd_partial {
  struct lossd_sum2 numerator;
  int bad_input;   /* input outside its domain, or -1 */
  int64_t bad_row; /* its row and the element in its vector */
  int64_t bad_element;
  double bad_value;
};

struct lossd_plan {
  const struct lossd_evaluation *evaluation;
  const struct lossd_loss *loss;
  const double *option;
  struct lossd_arena *arena;

  /* What the answer looks like. */
  enum lossd_dtype compute;      /* of the loss: FLOAT64 or FLOAT32 */
  struct lossd_shape loss_shape; /* rank 0 when reduced */
  bool reduced;
  size_t slices;        /* to run; may be 0 */
  bool serial;          /* slices must run one after another, in order: they add to shared sums */
  size_t scratch_bytes; /* that each lossd_run needs, aligned to 64 */
  int64_t elements;     /* working cells, for admission and metrics */
  double nanoseconds;   /* that one thread will take for them, roughly: for admission and queueing */

  /* Buffers of the caller: loss_shape of compute; grad[i] has the shape and dtype of role i, NULL when not
   * wanted. Aligned to the element's size. */
  void *loss_data;
  void *grad[LOSSD_MAX_ROLES];

  /* Valid after lossd_finish, when reduced. */
  double numerator, denominator;

  /* How rows are read: filled by the loss's plan function. */
  struct lossd_shape shape[LOSSD_INPUTS]; /* the inputs' shapes, as they are to be read */
  struct lossd_shape rows;                /* the unreduced loss's shape */
  int64_t row_count;
  int64_t length; /* of the longest vector of a row */
  struct lossd_view view[LOSSD_INPUTS];
  int dims; /* of rows after merging dimensions, and their extents, outermost first */
  int64_t extent[LOSSD_MAX_RANK];
  int64_t slice_rows, tile_rows;
  bool pointwise;    /* every vector is one number and the kernel is pointwise() */
  double work;       /* times the loss's usual cost an element takes; default 1 */
  int spare_vectors; /* vectors of the longest length that the kernel wants for itself; default 1 */
  bool sparse; /* indexed, and gradients are 0 but there: the driver writes the zeros, the kernel the rest */
  bool wide;   /* kernels run in float64 whatever `compute` is */
  double divisor;   /* of each row's gradient: the denominator for means, else 1; 0: all gradients are 0 */
  int64_t batch;    /* batchmean: the denominator is this times the mean weight; -1: it is the weights' sum */
  bool indexed;     /* role 1 holds class indices of role 0's classes: plan_init checks and weighs them */
  bool has_ignored; /* and `ignored` is the index that leaves a row out */
  int64_t ignored;
  const double *class_weight; /* of indexed classes, for the denominator; NULL: all 1 */
  /* Of a loss with a run function of its own: sets slices, slice_rows and scratch_bytes in place of the
   * generic cut. */
  int (*prepare)(struct lossd_plan *plan, struct lossd_problem *problem);
  const bool *left_out; /* per row, for losses with ignored targets; NULL: none is */
  void *context;        /* of the loss's plan function, for its kernel */
  struct lossd_partial *partial;
  struct lossd_sum2 *accumulator[LOSSD_MAX_ROLES]; /* gradients of shared inputs, summed */
  const struct lossd_kernel *kernel;
};

/* Checks the evaluation and lays it out. 0, or the problem's status. Two steps: shape finds what the
 * evaluation is and what it will take (elements, nanoseconds), in a time that the size of the tensors sent
 * bounds, however far they broadcast; prepare reads the rows' weights and takes memory. */
int lossd_plan_init(struct lossd_plan *plan, const struct lossd_evaluation *evaluation,
                    struct lossd_arena *arena, struct lossd_problem *problem);
int lossd_plan_shape(struct lossd_plan *plan, const struct lossd_evaluation *evaluation,
                     struct lossd_arena *arena, struct lossd_problem *problem);
int lossd_plan_prepare(struct lossd_plan *plan, struct lossd_problem *problem);
/* Runs slice (0 <= slice < plan->slices) with plan->scratch_bytes of scratch. Threads may run different
 * slices at once. */
void lossd_run(const struct lossd_plan *plan, size_t slice, void *scratch);
/* Merges the slices in order: loss, numerator, denominator, gradients of shared inputs. */
int lossd_finish(struct lossd_plan *plan, struct lossd_problem *problem);

/* ---- For the losses' plan functions ---- */

/* Each sets rows, row_count and the views of the loss's roles from plan->shape, or says what does not fit. */

/* Pointwise: the first `paired` roles have the same shape, or broadcast together; a rank-0 tensor pairs with
 * anything. The other roles broadcast to that shape and never enlarge it. */
int lossd_plan_elementwise(struct lossd_plan *plan, bool broadcast, int paired,
                           struct lossd_problem *problem);
/* Vectors along the last axis: the first `paired` roles (..., D) are vectors that have the same shape, or
 * broadcast together; the other roles broadcast to (...) [vectors false] or to (..., D) [true]. */
int lossd_plan_vectors(struct lossd_plan *plan, bool broadcast, int paired,
                       const bool vectors[LOSSD_MAX_ROLES], struct lossd_problem *problem);
/* Classes: input (C), (N, C), (N, C, d1...dk); target: class indices of that shape without C, or vectors of
 * input's shape; weight (C), if it is the third role. Sets plan->indexed where target holds indices. */
int lossd_plan_classes(struct lossd_plan *plan, struct lossd_problem *problem);
/* Reads class weights (role 2) into plan->class_weight and checks that they are >= 0. */
int lossd_take_class_weight(struct lossd_plan *plan, struct lossd_problem *problem);

/* Refuses a role of more than `most` dimensions. */
int lossd_plan_rank(const struct lossd_plan *plan, int role, int most, struct lossd_problem *problem);

/* Pieces of the above. */
bool lossd_broadcast(struct lossd_shape *into, const struct lossd_shape *other); /* false: they do not fit */
/* Whether shape broadcasts to `whole` without enlarging it. */
bool lossd_fits_into(const struct lossd_shape *shape, const struct lossd_shape *whole);
void lossd_view_rows(struct lossd_plan *plan, int input, int vector_dims);
/* "a has shape ..., b has shape ...; rule" */
int lossd_shape_problem(const struct lossd_plan *plan, int a, int b, const char *rule,
                        struct lossd_problem *problem);

#ifdef __cplusplus
}
#endif

#endif
