#include "core/evaluation.h"

#include <stdio.h>

const char *lossd_input_pointer(const struct lossd_loss *loss, int input, char pointer[LOSSD_INPUT_POINTER]) {
  snprintf(pointer, LOSSD_INPUT_POINTER, "/%s", lossd_input_name(loss, input));
  return pointer;
}

static int check_roles(const struct lossd_evaluation *e, struct lossd_problem *problem) {
  char pointer[LOSSD_INPUT_POINTER];
  for (int k = 0; k < e->loss->role_count; k++) {
    const struct lossd_role *role = &e->loss->roles[k];
    if (role->optional || lossd_is_present(e, k)) continue;
    lossd_fail(problem, LOSSD_MISSING_ROLE, lossd_input_pointer(e->loss, k, pointer),
               "%s is missing; %s needs it: %s", role->name, e->loss->name, role->description);
    lossd_hint(problem, "send %s, shape %s", role->name, role->shape);
    return problem->status;
  }
  return LOSSD_OK;
}

static int check_shapes(const struct lossd_evaluation *e, struct lossd_problem *problem) {
  char pointer[LOSSD_INPUT_POINTER];
  size_t bytes;
  for (int k = 0; k < LOSSD_INPUTS; k++) {
    const struct lossd_tensor *tensor = &e->tensor[k];
    if (!lossd_is_present(e, k) || lossd_shape_bytes(tensor->dtype, &tensor->shape, &bytes)) continue;
    return lossd_fail(
        problem, LOSSD_INVALID_SHAPE, lossd_input_pointer(e->loss, k, pointer),
        "the shape of %s has a negative dimension or more than 2^63 bytes, expected a shape that memory "
        "can hold",
        lossd_input_name(e->loss, k));
  }
  return LOSSD_OK;
}

static int check_dtypes(const struct lossd_evaluation *e, struct lossd_problem *problem) {
  char pointer[LOSSD_INPUT_POINTER];
  for (int k = 0; k < LOSSD_INPUTS; k++) {
    const enum lossd_dtype dtype = e->tensor[k].dtype;
    if (!lossd_is_present(e, k) || lossd_role_kind(e, k) != LOSSD_INDEX) continue;
    if (!lossd_dtype_is_floating(dtype) && dtype != LOSSD_BOOL) continue;
    lossd_fail(problem, LOSSD_DTYPE_MISMATCH, lossd_input_pointer(e->loss, k, pointer),
               "%s is %s, expected integers (int64, int32, int16, int8 or uint8)",
               lossd_input_name(e->loss, k), lossd_dtype_name(dtype));
    lossd_hint(problem, "send %s as int64", lossd_input_name(e->loss, k));
    return problem->status;
  }
  return LOSSD_OK;
}

int lossd_check_inputs(const struct lossd_evaluation *e, struct lossd_problem *problem) {
  if (check_roles(e, problem) || check_shapes(e, problem)) return problem->status;
  return check_dtypes(e, problem);
}

enum lossd_kind lossd_role_kind(const struct lossd_evaluation *e, int input) {
  struct lossd_shape shapes[LOSSD_MAX_ROLES];
  if (input >= e->loss->role_count) return LOSSD_FLOATING;
  if (e->loss->roles[input].kind != LOSSD_EITHER) return e->loss->roles[input].kind;
  for (int k = 0; k < LOSSD_MAX_ROLES; k++) {
    shapes[k] = e->tensor[k].shape;
    if (!lossd_is_present(e, k)) shapes[k].rank = -1;
  }
  return e->loss->kind(input, e->options.value, shapes);
}

static bool is_differentiable(const struct lossd_evaluation *e, int role) {
  return e->loss->roles[role].differentiable && lossd_is_present(e, role) &&
         lossd_role_kind(e, role) == LOSSD_FLOATING && lossd_dtype_is_floating(e->tensor[role].dtype);
}

unsigned lossd_all_gradients(const struct lossd_evaluation *e) {
  unsigned all = 0;
  for (int k = 0; k < e->loss->role_count; k++)
    if (is_differentiable(e, k)) all |= 1u << k;
  return all;
}

/* Why there is no gradient for what was asked; role: of that name, or -1. */
static int no_gradient(const struct lossd_evaluation *e, int role, const char *quoted, const char *pointer,
                       struct lossd_problem *problem) {
  if (role < 0)
    return lossd_fail(problem, LOSSD_NOT_DIFFERENTIABLE, pointer, "%s has no role \"%s\" to differentiate by",
                      e->loss->name, quoted);
  if (role >= e->loss->role_count || !e->loss->roles[role].differentiable)
    return lossd_fail(problem, LOSSD_NOT_DIFFERENTIABLE, pointer, "%s has no gradient for %s", e->loss->name,
                      quoted);
  if (!lossd_is_present(e, role))
    return lossd_fail(problem, LOSSD_NOT_DIFFERENTIABLE, pointer,
                      "the gradient of %s is asked for, but it is not sent", quoted);
  return lossd_fail(problem, LOSSD_NOT_DIFFERENTIABLE, pointer,
                    "%s is %s here: there is no gradient for integers", quoted,
                    lossd_dtype_name(e->tensor[role].dtype));
}

int lossd_want_gradient(struct lossd_evaluation *e, const char *name, size_t length, const char *pointer,
                        struct lossd_problem *problem) {
  const int role = lossd_input_find(e->loss, name, length);
  const char *others[LOSSD_MAX_ROLES];
  char quoted[LOSSD_QUOTE_TEXT], all[LOSSD_LIST_TEXT];
  size_t count = 0;
  if (role >= 0 && role < e->loss->role_count && is_differentiable(e, role)) {
    e->gradients |= 1u << role;
    return LOSSD_OK;
  }
  no_gradient(e, role, lossd_quote(name, length, quoted), pointer, problem);
  for (int k = 0; k < e->loss->role_count; k++)
    if (is_differentiable(e, k)) others[count++] = e->loss->roles[k].name;
  if (count)
    lossd_hint(problem, "there are gradients for: %s", lossd_list(others, count, all));
  else
    lossd_hint(problem, "there are no gradients for these tensors");
  return problem->status;
}

enum lossd_dtype lossd_compute_type(const struct lossd_evaluation *e) {
  bool floating = false;
  for (int k = 0; k < LOSSD_INPUTS; k++) {
    if (!lossd_is_present(e, k) || !lossd_dtype_is_floating(e->tensor[k].dtype)) continue;
    if (e->tensor[k].dtype == LOSSD_FLOAT64) return LOSSD_FLOAT64;
    floating = true;
  }
  return floating ? LOSSD_FLOAT32 : LOSSD_FLOAT64;
}
