/* How the families of losses read shapes: from plan->shape to rows and views. */
#include <stdio.h>
#include <string.h>

#include "core/decimal.h"
#include "core/evaluation.h"
#include "core/gather.h"
#include "core/plan.h"

bool lossd_broadcast(struct lossd_shape *into, const struct lossd_shape *other) {
  struct lossd_shape out = {.rank = into->rank > other->rank ? into->rank : other->rank};
  for (int d = 1; d <= out.rank; d++) {
    int64_t a = d <= into->rank ? into->dim[into->rank - d] : 1;
    int64_t b = d <= other->rank ? other->dim[other->rank - d] : 1;
    if (a != b && a != 1 && b != 1) return false;
    out.dim[out.rank - d] = a == 1 ? b : a;
  }
  *into = out;
  return true;
}

bool lossd_fits_into(const struct lossd_shape *shape, const struct lossd_shape *whole) {
  struct lossd_shape both = *whole;
  return lossd_broadcast(&both, shape) && lossd_shape_equal(&both, whole);
}

int lossd_shape_problem(const struct lossd_plan *plan, int a, int b, const char *rule,
                        struct lossd_problem *problem) {
  char pointer[LOSSD_INPUT_POINTER], shape_a[LOSSD_SHAPE_TEXT], shape_b[LOSSD_SHAPE_TEXT];
  const char *name_a = lossd_input_name(plan->loss, a), *name_b = lossd_input_name(plan->loss, b);
  lossd_fail(problem, LOSSD_SHAPE_MISMATCH, lossd_input_pointer(plan->loss, a, pointer),
             "%s has shape %s, %s has shape %s; %s", name_a,
             lossd_shape_text(&plan->evaluation->tensor[a].shape, shape_a), name_b,
             lossd_shape_text(&plan->evaluation->tensor[b].shape, shape_b), rule);
  lossd_hint(problem, "send %s and %s in shapes that fit each other", name_a, name_b);
  return problem->status;
}

/* Strides of an input whose shape, aligned to the right, broadcasts to `rows`; the last `vector` dimensions
 * of the input are its vector and not rows. */
void lossd_view_rows(struct lossd_plan *plan, int input, int vector) {
  const struct lossd_shape *shape = &plan->shape[input];
  struct lossd_view *view = &plan->view[input];
  int64_t stride = 1;
  for (int d = shape->rank; d > shape->rank - vector && d > 0; d--) stride *= shape->dim[d - 1];
  view->shared = false;
  for (int d = 1; d <= plan->rows.rank; d++) {
    const int at = shape->rank - vector - d;
    const int64_t size = at >= 0 ? shape->dim[at] : 1, rows = plan->rows.dim[plan->rows.rank - d];
    view->stride[plan->rows.rank - d] = size == rows && size != 1 ? stride : 0;
    if (size != rows) view->shared = true;
    stride *= size;
  }
}

static int set_rows(struct lossd_plan *plan, const struct lossd_shape *rows, struct lossd_problem *problem) {
  plan->rows = *rows;
  plan->row_count = lossd_shape_count(rows);
  if (plan->row_count >= 0) return LOSSD_OK;
  return lossd_fail(problem, LOSSD_TOO_MANY_ELEMENTS, NULL,
                    "the tensors broadcast to more than 2^63 elements");
}

#define SAME_SHAPE "expected the same shape"
#define BROADCASTABLE "expected shapes that broadcast together"
#define NOT_LARGER "expected a shape that broadcasts to it"
#define WITHOUT_LAST "expected its shape without the last axis"

/* The common shape of roles 0..paired-1. */
static int pair_shapes(const struct lossd_plan *plan, bool broadcast, int paired, struct lossd_shape *out,
                       struct lossd_problem *problem) {
  *out = plan->shape[0];
  for (int k = 1, first = 0; k < paired; k++) {
    const bool scalar = !plan->shape[k].rank || !out->rank;
    if (!broadcast && !scalar && !lossd_shape_equal(out, &plan->shape[k])) {
      lossd_shape_problem(plan, k, first, SAME_SHAPE, problem);
      for (int i = 0; i < plan->loss->option_count; i++)
        if (!strcmp(plan->loss->options[i].name, "broadcast"))
          lossd_hint(problem, "send the same shape, or set the option broadcast to true");
      return problem->status;
    }
    if (!lossd_broadcast(out, &plan->shape[k]))
      return lossd_shape_problem(plan, k, first, BROADCASTABLE, problem);
    if (!plan->shape[first].rank) first = k;
  }
  return LOSSD_OK;
}

int lossd_plan_elementwise(struct lossd_plan *plan, bool broadcast, int paired,
                           struct lossd_problem *problem) {
  struct lossd_shape rows;
  if (pair_shapes(plan, broadcast, paired, &rows, problem) || set_rows(plan, &rows, problem))
    return problem->status;
  plan->pointwise = true;
  for (int k = 0; k < plan->loss->role_count; k++) {
    if (!lossd_is_present(plan->evaluation, k)) continue;
    if (!lossd_fits_into(&plan->shape[k], &rows)) return lossd_shape_problem(plan, k, 0, NOT_LARGER, problem);
    plan->view[k].length = plan->view[k].step = 1;
    lossd_view_rows(plan, k, 0);
  }
  return LOSSD_OK;
}

static int needs_axis(const struct lossd_plan *plan, int role, const char *axis,
                      struct lossd_problem *problem) {
  char pointer[LOSSD_INPUT_POINTER];
  const char *name = lossd_input_name(plan->loss, role);
  lossd_fail(problem, LOSSD_INVALID_SHAPE, lossd_input_pointer(plan->loss, role, pointer),
             "%s is a single number; expected shape %s", name, plan->loss->roles[role].shape);
  lossd_hint(problem, "give %s an axis of %s", name, axis);
  return problem->status;
}

static int empty_axis(const struct lossd_plan *plan, int role, const char *axis,
                      struct lossd_problem *problem) {
  char pointer[LOSSD_INPUT_POINTER], shape[LOSSD_SHAPE_TEXT];
  const char *name = lossd_input_name(plan->loss, role);
  lossd_fail(problem, LOSSD_INVALID_SHAPE, lossd_input_pointer(plan->loss, role, pointer),
             "%s has shape %s: its axis of %s is empty, expected at least 1", name,
             lossd_shape_text(&plan->shape[role], shape), axis);
  return problem->status;
}

int lossd_plan_rank(const struct lossd_plan *plan, int role, int most, struct lossd_problem *problem) {
  char pointer[LOSSD_INPUT_POINTER], shape[LOSSD_SHAPE_TEXT];
  const char *name = lossd_input_name(plan->loss, role), *expected = plan->loss->roles[role].shape;
  if (plan->shape[role].rank <= most) return LOSSD_OK;
  lossd_fail(problem, LOSSD_INVALID_SHAPE, lossd_input_pointer(plan->loss, role, pointer),
             "%s has shape %s; expected %s", name, lossd_shape_text(&plan->shape[role], shape), expected);
  lossd_hint(problem, "send %s", expected);
  return problem->status;
}

/* Whether `shape` broadcasts to rows of vectors of `length`. Together they may have an axis more than a shape
 * holds. */
static bool fits_into_vectors(const struct lossd_shape *shape, const struct lossd_shape *rows,
                              int64_t length) {
  struct lossd_shape leading = *shape;
  if (!shape->rank) return true;
  const int64_t last = shape->dim[--leading.rank];
  return (last == length || last == 1) && lossd_fits_into(&leading, rows);
}

int lossd_plan_vectors(struct lossd_plan *plan, bool broadcast, int paired,
                       const bool vectors[LOSSD_MAX_ROLES], struct lossd_problem *problem) {
  struct lossd_shape rows;
  for (int k = 0; k < paired; k++)
    if (!plan->shape[k].rank) return needs_axis(plan, k, "the vectors' elements", problem);
  if (pair_shapes(plan, broadcast, paired, &rows, problem)) return problem->status;
  const int64_t length = rows.dim[--rows.rank];
  if (length < 1) return empty_axis(plan, 0, "the vectors' elements", problem);
  for (int k = paired; k < plan->loss->role_count; k++)
    if (broadcast && lossd_is_present(plan->evaluation, k) && !vectors[k] &&
        !lossd_broadcast(&rows, &plan->shape[k]))
      return lossd_shape_problem(plan, k, 0, "expected a shape that broadcasts with it but for its last axis",
                                 problem);
  if (set_rows(plan, &rows, problem)) return problem->status;
  for (int k = 0; k < plan->loss->role_count; k++) {
    const struct lossd_shape *shape = &plan->shape[k];
    const bool vector = k < paired || vectors[k];
    if (!lossd_is_present(plan->evaluation, k)) continue;
    if (!(vector ? fits_into_vectors(shape, &rows, length) : lossd_fits_into(shape, &rows)))
      return lossd_shape_problem(plan, k, 0, vector ? NOT_LARGER : WITHOUT_LAST, problem);
    if (!vector && !broadcast && !lossd_shape_equal(shape, &rows))
      return lossd_shape_problem(plan, k, 0, WITHOUT_LAST, problem);
    plan->view[k].length = vector ? length : 1;
    plan->view[k].step = !vector || (shape->rank && shape->dim[shape->rank - 1] == length) ? 1 : 0;
    lossd_view_rows(plan, k, vector && shape->rank ? 1 : 0);
    plan->view[k].shared |= plan->view[k].step == 0;
  }
  return LOSSD_OK;
}

/* The input's shape without its axis of classes. */
static struct lossd_shape without_classes(const struct lossd_shape *input) {
  struct lossd_shape rows = {0};
  const int axis = input->rank > 1;
  for (int d = 0; d < input->rank; d++)
    if (d != axis) rows.dim[rows.rank++] = input->dim[d];
  return rows;
}

/* Rows of the axis of classes: the dimensions before and after it, `inner` elements apart along it. */
static void view_classes(struct lossd_plan *plan, int role, int64_t classes, int64_t inner) {
  struct lossd_view *view = &plan->view[role];
  int64_t stride = 1;
  view->length = classes;
  view->step = inner;
  for (int d = plan->rows.rank - 1; d >= 0; d--) {
    if (d == 0 && plan->shape[role].rank > 1) stride = classes * inner; /* the batch axis */
    view->stride[d] = stride;
    stride *= plan->rows.dim[d];
  }
}

static int check_class_weight(struct lossd_plan *plan, int role, int64_t classes,
                              struct lossd_problem *problem) {
  const struct lossd_shape *shape = &plan->shape[role];
  char text[LOSSD_SHAPE_TEXT], pointer[LOSSD_INPUT_POINTER];
  if (shape->rank != 1 || shape->dim[0] != classes) {
    lossd_input_pointer(plan->loss, role, pointer);
    if (shape->rank == 1)
      lossd_fail(problem, LOSSD_SHAPE_MISMATCH, pointer, "weight has %lld numbers, input has %lld classes",
                 (long long)shape->dim[0], (long long)classes);
    else
      lossd_fail(problem, LOSSD_SHAPE_MISMATCH, pointer,
                 "weight has shape %s, input has %lld classes; expected [%lld]",
                 lossd_shape_text(shape, text), (long long)classes, (long long)classes);
    lossd_hint(problem, "send %lld", (long long)classes);
    return problem->status;
  }
  plan->view[role].length = classes;
  plan->view[role].step = 1;
  memset(plan->view[role].stride, 0, sizeof plan->view[role].stride);
  return LOSSD_OK;
}

int lossd_plan_classes(struct lossd_plan *plan, struct lossd_problem *problem) {
  enum { INPUT, TARGET, WEIGHT };
  const struct lossd_shape *input = &plan->shape[INPUT], *target = &plan->shape[TARGET];
  if (!input->rank) return needs_axis(plan, INPUT, "classes", problem);
  const int64_t classes = input->dim[input->rank > 1];
  if (classes < 1) return empty_axis(plan, INPUT, "classes", problem);
  const struct lossd_shape rows = without_classes(input);
  if (plan->view[TARGET].index ? !lossd_shape_equal(target, &rows) : !lossd_shape_equal(target, input)) {
    char expected[LOSSD_SHAPE_TEXT];
    lossd_shape_problem(plan, TARGET, INPUT, "expected input's shape, or that without its classes", problem);
    lossd_hint(problem, "send class indices of shape %s", lossd_shape_text(&rows, expected));
    return problem->status;
  }
  if (set_rows(plan, &rows, problem)) return problem->status;
  int64_t inner = 1;
  for (int d = 2; d < input->rank; d++) inner *= input->dim[d];
  view_classes(plan, INPUT, classes, inner);
  if (plan->view[TARGET].index) {
    plan->view[TARGET].length = plan->view[TARGET].step = 1;
    lossd_view_rows(plan, TARGET, 0);
    plan->indexed = true;
  } else {
    view_classes(plan, TARGET, classes, inner);
  }
  if (lossd_is_present(plan->evaluation, WEIGHT) && plan->loss->role_count > WEIGHT)
    return check_class_weight(plan, WEIGHT, classes, problem);
  return LOSSD_OK;
}

int lossd_take_class_weight(struct lossd_plan *plan, struct lossd_problem *problem) {
  enum { WEIGHT = 2 };
  const struct lossd_view *view = &plan->view[WEIGHT];
  if (!lossd_is_present(plan->evaluation, WEIGHT)) return LOSSD_OK;
  double *weight = lossd_arena_alloc(plan->arena, (size_t)view->length, sizeof *weight);
  if (!weight) return lossd_fail(problem, LOSSD_OUT_OF_MEMORY, "/weight", "no memory for the class weights");
  load_run(view->dtype, view->data, 1, (size_t)view->length, weight);
  for (int64_t i = 0; i < view->length; i++) {
    char number[LOSSD_DECIMAL_TEXT];
    if (!(weight[i] < 0)) continue;
    lossd_fail(problem, LOSSD_VALUE_OUT_OF_DOMAIN, "/weight",
               "weight is %s at class %lld, expected numbers >= 0", lossd_decimal_text(weight[i], 9, number),
               (long long)i);
    lossd_hint(problem, "send class weights >= 0");
    return problem->status;
  }
  plan->class_weight = plan->indexed ? weight : NULL;
  return LOSSD_OK;
}
