/* Planning and finishing: what is common to all losses. */
#include "core/plan.h"

#include <float.h>
#include <string.h>

#include "core/decimal.h"
#include "core/evaluation.h"
#include "core/gather.h"
#include "core/row.h"
#include "core/tile.h"
#include "core/zoo.h"

/* ---- Layout ---- */

static void take_tensors(struct lossd_plan *plan) {
  const struct lossd_evaluation *e = plan->evaluation;
  for (int k = 0; k < LOSSD_INPUTS; k++) {
    if (!lossd_is_present(e, k)) continue;
    plan->shape[k] = e->tensor[k].shape;
    plan->view[k] = (struct lossd_view){.data = e->tensor[k].data,
                                        .dtype = e->tensor[k].dtype,
                                        .index = lossd_role_kind(e, k) == LOSSD_INDEX};
  }
}

/* sample_weight broadcasts to the rows. */
static int check_sample_weight(const struct lossd_plan *plan, struct lossd_problem *problem) {
  const struct lossd_shape *shape = &plan->shape[LOSSD_SAMPLE_WEIGHT];
  char found[LOSSD_SHAPE_TEXT], expected[LOSSD_SHAPE_TEXT];
  if (lossd_fits_into(shape, &plan->rows)) return LOSSD_OK;
  lossd_fail(problem, LOSSD_SHAPE_MISMATCH, "/sample_weight",
             "sample_weight has shape %s, the unreduced loss has shape %s", lossd_shape_text(shape, found),
             lossd_shape_text(&plan->rows, expected));
  lossd_hint(problem, "send a shape that broadcasts to %s", expected);
  return problem->status;
}

/* grad_output has the shape of the loss that is returned. */
static int check_grad_output(const struct lossd_plan *plan, struct lossd_problem *problem) {
  const struct lossd_shape *shape = &plan->shape[LOSSD_GRAD_OUTPUT];
  char found[LOSSD_SHAPE_TEXT], expected[LOSSD_SHAPE_TEXT];
  if (lossd_shape_equal(shape, &plan->loss_shape)) return LOSSD_OK;
  lossd_fail(problem, LOSSD_SHAPE_MISMATCH, "/grad_output", "grad_output has shape %s, the loss has shape %s",
             lossd_shape_text(shape, found), lossd_shape_text(&plan->loss_shape, expected));
  lossd_hint(problem, plan->reduced ? "send one number, or set reduction to none" : "send shape %s",
             expected);
  return problem->status;
}

static int take_common_inputs(struct lossd_plan *plan, struct lossd_problem *problem) {
  static const struct {
    int input;
    int (*check)(const struct lossd_plan *plan, struct lossd_problem *problem);
  } common[] = {{LOSSD_SAMPLE_WEIGHT, check_sample_weight}, {LOSSD_GRAD_OUTPUT, check_grad_output}};
  for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
    struct lossd_view *view = &plan->view[common[i].input];
    if (!lossd_is_present(plan->evaluation, common[i].input)) continue;
    if (common[i].check(plan, problem)) return problem->status;
    view->length = view->step = 1;
    lossd_view_rows(plan, common[i].input, 0);
  }
  return LOSSD_OK;
}

/* Two neighbouring dimensions are one when every view walks them as one. */
static bool mergeable(const struct lossd_plan *plan, int outer, int inner, int64_t inner_extent) {
  for (int k = 0; k < LOSSD_INPUTS; k++) {
    const struct lossd_view *view = &plan->view[k];
    if (view->length && view->stride[outer] != view->stride[inner] * inner_extent) return false;
  }
  return true;
}

static void move_dimension(struct lossd_plan *plan, int to, int from) {
  for (int k = 0; k < LOSSD_INPUTS; k++) plan->view[k].stride[to] = plan->view[k].stride[from];
}

static void merge_dimensions(struct lossd_plan *plan) {
  int dims = 0;
  for (int d = 0; d < plan->rows.rank; d++) {
    const int64_t extent = plan->rows.dim[d];
    if (extent == 1) continue;
    if (dims && mergeable(plan, dims - 1, d, extent)) {
      move_dimension(plan, dims - 1, d);
      plan->extent[dims - 1] *= extent;
    } else {
      move_dimension(plan, dims, d);
      plan->extent[dims++] = extent;
    }
  }
  if (!dims) {
    plan->extent[dims++] = 1;
    for (int k = 0; k < LOSSD_INPUTS; k++) plan->view[k].stride[0] = plan->view[k].length;
  }
  plan->dims = dims;
}

static int check_size(struct lossd_plan *plan, struct lossd_problem *problem) {
  plan->length = 1;
  for (int k = 0; k < LOSSD_INPUTS; k++)
    if (plan->view[k].length > plan->length) plan->length = plan->view[k].length;
  const bool counted = plan->elements != 0; /* by the loss's plan function */
  if (!counted && __builtin_mul_overflow(plan->row_count, plan->length, &plan->elements))
    plan->elements = INT64_MAX;
  plan->nanoseconds = (double)plan->elements * plan->loss->cost * plan->work;
  if (plan->elements <= plan->evaluation->max_elements) return LOSSD_OK;
  lossd_fail(problem, LOSSD_TOO_MANY_ELEMENTS, NULL, "the evaluation has %lld elements, the limit is %lld",
             (long long)plan->elements, (long long)plan->evaluation->max_elements);
  lossd_hint(problem, "send it in shards and merge numerators and denominators");
  return problem->status;
}

/* ---- The denominator ---- */

enum { WEIGHED_AT_ONCE = 256 }; /* rows */

static int bad_sample_weight(double weight, int64_t row, struct lossd_problem *problem) {
  char number[LOSSD_DECIMAL_TEXT];
  lossd_fail(problem, LOSSD_VALUE_OUT_OF_DOMAIN, "/sample_weight",
             "sample_weight is %s at element %lld of the unreduced loss, expected finite numbers >= 0",
             lossd_decimal_text(weight, 17, number), (long long)row);
  lossd_hint(problem, "send finite weights >= 0");
  return problem->status;
}

static int bad_class(const struct lossd_plan *plan, int64_t class, int64_t row,
                     struct lossd_problem *problem) {
  lossd_fail(problem, LOSSD_INDEX_OUT_OF_RANGE, "/target",
             "target is %lld at element %lld, input has %lld classes", (long long)class, (long long)row,
             (long long)plan->view[0].length);
  if (plan->has_ignored)
    lossd_hint(problem, "send 0 to %lld, or ignore_index (%lld)", (long long)plan->view[0].length - 1,
               (long long)plan->ignored);
  else
    lossd_hint(problem, "send 0 to %lld", (long long)plan->view[0].length - 1);
  return problem->status;
}

/* Weighs a block of rows: their sample weights times, for indexed classes, their class weights. Marks rows
 * that are left out, checks class indices of those that are not. */
static int weigh_block(struct lossd_plan *plan, int64_t row, size_t n, bool *left_out, double *sum,
                       struct lossd_problem *problem) {
  double weight[WEIGHED_AT_ONCE], gathered[WEIGHED_AT_ONCE];
  int64_t class[WEIGHED_AT_ONCE];
  size_t pitch = 1;
  const struct lossd_view *sample = &plan->view[LOSSD_SAMPLE_WEIGHT], *target = &plan->view[1];
  const double *s = sample->length ? load_rows(plan, sample, row, n, gathered, &pitch) : NULL;
  if (plan->indexed) load_indices(plan, target, row, n, class);
  for (size_t r = 0; r < n; r++) {
    weight[r] = s ? s[r] : 1;
    if (!(weight[r] >= 0 && weight[r] <= DBL_MAX))
      return bad_sample_weight(weight[r], row + (int64_t)r, problem);
    if (!plan->indexed) continue;
    if (weight[r] == 0 || (plan->has_ignored && class[r] == plan->ignored)) {
      left_out[r] = true, weight[r] = 0;
      continue;
    }
    if (class[r] < 0 || class[r] >= plan->view[0].length)
      return bad_class(plan, class[r], row + (int64_t)r, problem);
    if (plan->class_weight) weight[r] *= plan->class_weight[class[r]];
  }
  *sum = sum_real(weight, n);
  return LOSSD_OK;
}

static int weigh_rows(struct lossd_plan *plan, struct lossd_problem *problem) {
  struct lossd_sum2 total = {0, 0};
  bool *left_out = NULL;
  plan->denominator = (double)(plan->batch < 0 ? plan->row_count : plan->batch);
  if (!plan->indexed && !plan->view[LOSSD_SAMPLE_WEIGHT].length) return LOSSD_OK;
  if (plan->indexed) {
    left_out = lossd_arena_alloc(plan->arena, (size_t)plan->row_count, 1);
    if (!left_out)
      return lossd_fail(problem, LOSSD_OUT_OF_MEMORY, NULL, "no memory for %lld rows",
                        (long long)plan->row_count);
    memset(left_out, 0, (size_t)plan->row_count);
    plan->left_out = left_out;
  }
  for (int64_t row = 0; row < plan->row_count; row += WEIGHED_AT_ONCE) {
    const int64_t left = plan->row_count - row;
    const size_t n = left < WEIGHED_AT_ONCE ? (size_t)left : WEIGHED_AT_ONCE;
    double sum = 0;
    if (weigh_block(plan, row, n, left_out ? left_out + row : NULL, &sum, problem)) return problem->status;
    lossd_sum2_add(&total, sum);
  }
  plan->denominator = lossd_sum2_value(&total);
  if (plan->batch >= 0 && plan->row_count > 0)
    plan->denominator = plan->denominator * (double)plan->batch / (double)plan->row_count;
  return LOSSD_OK;
}

static double gradient_divisor(const struct lossd_plan *plan) {
  const int reduction = (int)plan->option[LOSSD_REDUCTION];
  return reduction == LOSSD_NONE || reduction == LOSSD_SUM ? 1 : plan->denominator;
}

/* ---- Slices ---- */

static size_t aligned(int64_t count, size_t size) {
  return ((size_t)count * size + 63) & ~(size_t)63;
}

static void cut_slices(struct lossd_plan *plan) {
  /* Of a tile; numbers of each input, roughly. */
  enum { MOST_ROWS = 1024, FEWEST_ROWS = 64, NUMBERS = 4096 };
  const int64_t tile = plan->pointwise ? MOST_ROWS : NUMBERS / plan->length;
  plan->tile_rows = tile < 1 ? 1 : tile > MOST_ROWS ? MOST_ROWS : tile;
  const int64_t unit = plan->pointwise ? LOSSD_BLOCK : FEWEST_ROWS;
  const int64_t few = (plan->row_count + unit - 1) / unit * unit; /* less scratch where there is less to do */
  if (plan->tile_rows > few) plan->tile_rows = few ? few : unit;
  plan->slice_rows = LOSSD_SLICE / plan->length / plan->tile_rows * plan->tile_rows;
  if (plan->slice_rows < 1) plan->slice_rows = plan->tile_rows;
  plan->slices = (size_t)((plan->row_count + plan->slice_rows - 1) / plan->slice_rows);
  if (!plan->slices) return; /* however long the rows of an empty batch would be */
  plan->scratch_bytes = 3 * aligned(plan->tile_rows, 8) + aligned(plan->length * plan->spare_vectors, 8);
  for (int k = 0; k < LOSSD_INPUTS; k++) {
    const int64_t length = plan->view[k].length ? plan->view[k].length : 1;
    plan->scratch_bytes += 2 * aligned(plan->tile_rows * length, 8);
  }
}

static int allocate(struct lossd_plan *plan, struct lossd_problem *problem) {
  const struct lossd_evaluation *e = plan->evaluation;
  plan->partial = lossd_arena_alloc(plan->arena, plan->slices, sizeof *plan->partial);
  bool enough = plan->partial != NULL;
  for (int k = 0; k < e->loss->role_count; k++) {
    if (!plan->view[k].shared || !(e->gradients & 1u << k)) continue;
    const size_t count = (size_t)lossd_shape_count(&e->tensor[k].shape);
    plan->accumulator[k] = lossd_arena_alloc(plan->arena, count, sizeof *plan->accumulator[k]);
    if (plan->accumulator[k]) memset(plan->accumulator[k], 0, count * sizeof *plan->accumulator[k]);
    enough = enough && plan->accumulator[k];
    plan->serial = true;
  }
  if (enough) return LOSSD_OK;
  lossd_fail(problem, LOSSD_OUT_OF_MEMORY, NULL, "no memory to evaluate %lld elements",
             (long long)plan->elements);
  lossd_hint(problem, "try again later, or send less at once");
  return problem->status;
}

/* Whether each option that is a finite number is one of float32's too, up to rounding: neither its infinity
 * nor 0 nor one of the few digits of its smallest. */
static bool options_fit_float(const struct lossd_plan *plan) {
  for (int i = 0; i < plan->loss->option_count; i++) {
    const double size = fabs(plan->option[i]);
    if (plan->loss->options[i].type != LOSSD_NUMBER || size == 0 || isinf(size)) continue;
    if (size < FLT_MIN || size > FLT_MAX) return false;
  }
  return true;
}

int lossd_plan_shape(struct lossd_plan *plan, const struct lossd_evaluation *e, struct lossd_arena *arena,
                     struct lossd_problem *problem) {
  *plan = (struct lossd_plan){.evaluation = e,
                              .loss = e->loss,
                              .option = e->options.value,
                              .arena = arena,
                              .work = 1,
                              .spare_vectors = 1,
                              .batch = -1};
  if (lossd_check_inputs(e, problem)) return problem->status;
  plan->compute = lossd_compute_type(e);
  plan->reduced = plan->option[LOSSD_REDUCTION] != LOSSD_NONE;
  take_tensors(plan);
  plan->wide = !options_fit_float(plan);
  if (e->loss->plan(plan, problem)) return problem->status;
  if (!plan->reduced) plan->loss_shape = plan->rows;
  if (take_common_inputs(plan, problem)) return problem->status;
  merge_dimensions(plan);
  return check_size(plan, problem);
}

int lossd_plan_prepare(struct lossd_plan *plan, struct lossd_problem *problem) {
  if (weigh_rows(plan, problem)) return problem->status;
  plan->divisor = gradient_divisor(plan);
  plan->kernel = lossd_kernel_of(plan->loss, plan->wide ? LOSSD_FLOAT64 : plan->compute);
  if (plan->prepare) {
    if (plan->prepare(plan, problem)) return problem->status;
  } else {
    cut_slices(plan);
  }
  return allocate(plan, problem);
}

int lossd_plan_init(struct lossd_plan *plan, const struct lossd_evaluation *e, struct lossd_arena *arena,
                    struct lossd_problem *problem) {
  return lossd_plan_shape(plan, e, arena, problem) ? problem->status : lossd_plan_prepare(plan, problem);
}

void lossd_run(const struct lossd_plan *plan, size_t slice, void *scratch) {
  plan->kernel->run(plan, slice, scratch);
}

/* ---- Finishing ---- */

static const char *const domains[] = {
    [LOSSD_ANY] = "any number",           [LOSSD_FINITE] = "finite numbers",
    [LOSSD_NONNEGATIVE] = "numbers >= 0", [LOSSD_UNIT_INTERVAL] = "numbers within [0, 1]",
    [LOSSD_PLUS_MINUS_ONE] = "1 or -1",   [LOSSD_ZERO_ONE] = "0 or 1",
    [LOSSD_LABELS] = "classes of input",
};

static int out_of_domain(const struct lossd_plan *plan, const struct lossd_partial *bad,
                         struct lossd_problem *problem) {
  const struct lossd_view *view = &plan->view[bad->bad_input];
  struct position p;
  char pointer[LOSSD_INPUT_POINTER], number[LOSSD_DECIMAL_TEXT];
  position_set(plan, &p, bad->bad_row);
  const int64_t at = view_offset(plan, view, &p) + bad->bad_element * view->step;
  if (view->domain == LOSSD_LABELS) return bad_class(plan, (int64_t)bad->bad_value, at, problem);
  lossd_fail(problem, LOSSD_VALUE_OUT_OF_DOMAIN, lossd_input_pointer(plan->loss, bad->bad_input, pointer),
             "%s is %s at element %lld, expected %s", lossd_input_name(plan->loss, bad->bad_input),
             lossd_decimal_text(bad->bad_value, 9, number), (long long)at, domains[view->domain]);
  lossd_hint(problem, "send %s%s%s", domains[view->domain], view->cure ? ", or " : "",
             view->cure ? view->cure : "");
  return problem->status;
}

static void store_double(void *to, enum lossd_dtype dtype, double value) {
  store_run(dtype, to, 1, 1, &value);
}

static void write_accumulated(const struct lossd_plan *plan, int role) {
  const enum lossd_dtype dtype = plan->view[role].dtype;
  const int64_t count = lossd_shape_count(&plan->evaluation->tensor[role].shape);
  char *to = plan->grad[role];
  for (int64_t i = 0; i < count; i++)
    store_double(to + i * (int64_t)lossd_dtype_size(dtype), dtype,
                 lossd_sum2_value(&plan->accumulator[role][i]));
}

int lossd_finish(struct lossd_plan *plan, struct lossd_problem *problem) {
  struct lossd_sum2 numerator = {0, 0};
  for (size_t i = 0; i < plan->slices; i++) {
    if (plan->partial[i].bad_input >= 0) return out_of_domain(plan, &plan->partial[i], problem);
    lossd_sum2_merge(&numerator, &plan->partial[i].numerator);
  }
  for (int k = 0; k < plan->loss->role_count; k++)
    if (plan->accumulator[k] && plan->grad[k]) write_accumulated(plan, k);
  if (!plan->reduced) return LOSSD_OK;
  plan->numerator = canonical(lossd_sum2_value(&numerator));
  const bool sum = plan->option[LOSSD_REDUCTION] == LOSSD_SUM;
  const double mean = plan->denominator == 0 ? NAN : plan->numerator / plan->denominator;
  store_double(plan->loss_data, plan->compute, sum ? plan->numerator : mean);
  return LOSSD_OK;
}
