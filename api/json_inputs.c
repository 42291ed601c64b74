#include "api/json_inputs.h"

#include <stdio.h>
#include <string.h>

#include "api/base64.h"
#include "api/dtype_name.h"
#include "api/json_tensor.h"
#include "api/json_value.h"

/* ---- What they are ---- */

/* The members of a tensor object. */
struct tensor_object {
  const cJSON *dtype, *shape, *data, *base64;
};

static int take_members(struct lossd_exchange *x, const struct lossd_json_input *input, const char *pointer,
                        struct tensor_object *out) {
  static const char *const known[] = {"dtype", "shape", "data", "base64"};
  const cJSON *found[4] = {NULL};

  if (lossd_json_members(input->json, input->item, pointer, known, found, 4, &x->problem))
    return x->problem.status;
  *out = (struct tensor_object){found[0], found[1], found[2], found[3]};
  if (out->data && out->base64)
    return lossd_fail(&x->problem, LOSSD_INVALID_TENSOR, pointer,
                      "found data and base64, expected one of them");
  if (!out->data && !out->base64)
    return lossd_fail(&x->problem, LOSSD_INVALID_TENSOR, pointer,
                      "found neither data nor base64, expected one of them");
  if (out->base64 && (!out->dtype || !out->shape))
    return lossd_fail(&x->problem, LOSSD_INVALID_TENSOR, pointer, "found base64 without %s, which it needs",
                      out->dtype ? "shape" : "dtype");
  return LOSSD_OK;
}

static int take_dtype(struct lossd_exchange *x, const struct lossd_json *json, const cJSON *item,
                      const char *pointer, enum lossd_dtype *dtype) {
  char at[LOSSD_POINTER_TEXT];
  size_t length;
  snprintf(at, sizeof at, "%s/dtype", pointer);
  const char *name =
      lossd_json_expect_string(json, item, at, "dtype", LOSSD_INVALID_TENSOR, &length, &x->problem);
  if (!name) return x->problem.status;
  *dtype = lossd_find_spelled_dtype(LOSSD_SPELLED_PLAIN, name, length);
  if (*dtype != LOSSD_DTYPES) return LOSSD_OK;
  return lossd_unknown_dtype(LOSSD_SPELLED_PLAIN, name, length, at, &x->problem);
}

/* Data of a tensor object against its shape. */
static int match_shape(struct lossd_exchange *x, struct lossd_json_input *input,
                       const struct tensor_object *object, const char *pointer, struct lossd_shape *shape) {
  struct lossd_problem *problem = &x->problem;
  struct lossd_shape found;
  char at[LOSSD_POINTER_TEXT];
  snprintf(input->pointer, sizeof input->pointer, "%s/%s", pointer, object->data ? "data" : "base64");
  snprintf(at, sizeof at, "%s/shape", pointer);
  if (object->data && lossd_json_shape(input->json, object->data, input->pointer, &found, problem))
    return problem->status;
  if (!object->shape) {
    *shape = found;
    return LOSSD_OK;
  }
  if (lossd_json_dims(input->json, object->shape, at, shape, problem)) return problem->status;
  return object->data ? lossd_json_match(&found, shape, input->pointer, problem) : LOSSD_OK;
}

static int describe_object(struct lossd_exchange *x, struct lossd_json_input *input, const char *pointer,
                           struct lossd_tensor *tensor) {
  struct tensor_object object = {0};
  if (take_members(x, input, pointer, &object)) return x->problem.status;
  if (object.dtype && take_dtype(x, input->json, object.dtype, pointer, &tensor->dtype))
    return x->problem.status;
  if (match_shape(x, input, &object, pointer, &tensor->shape)) return x->problem.status;
  input->has_dtype = object.dtype;
  if (object.data) {
    input->numbers = lossd_json_span(input->json, object.data);
    return LOSSD_OK;
  }
  input->base64 = lossd_json_span(input->json, object.base64);
  if (input->base64 && input->base64->kind == LOSSD_JSON_STRING) return LOSSD_OK;
  return lossd_fail(&x->problem, LOSSD_INVALID_TENSOR, input->pointer, "base64 is %s, expected a string",
                    lossd_json_describe(input->json, object.base64));
}

static int describe(struct lossd_exchange *x, struct lossd_json_input *input, const char *name,
                    struct lossd_tensor *tensor) {
  char pointer[48];
  snprintf(pointer, sizeof pointer, "/%s", name);
  snprintf(input->pointer, sizeof input->pointer, "%s", pointer);
  if (cJSON_IsObject(input->item)) return describe_object(x, input, pointer, tensor);
  if (lossd_json_shape(input->json, input->item, pointer, &tensor->shape, &x->problem))
    return x->problem.status;
  input->numbers = lossd_json_span(input->json, input->item);
  return LOSSD_OK;
}

int lossd_json_describe_inputs(struct lossd_exchange *x, struct lossd_json_input inputs[LOSSD_INPUTS]) {
  struct lossd_evaluation *e = &x->evaluation;
  for (int i = 0; i < LOSSD_INPUTS; i++) {
    if (!inputs[i].item) continue;
    e->present |= 1u << i;
    if (describe(x, &inputs[i], lossd_input_name(e->loss, i), &e->tensor[i])) return x->problem.status;
  }
  for (int i = 0; i < LOSSD_INPUTS; i++)
    if (inputs[i].item && !inputs[i].has_dtype)
      e->tensor[i].dtype = lossd_role_kind(e, i) == LOSSD_INDEX ? LOSSD_INT64 : LOSSD_FLOAT64;
  return LOSSD_OK;
}

/* ---- Their numbers ---- */

/* A wrong length is found before memory is taken for the bytes. */
static int read_base64(struct lossd_exchange *x, const struct lossd_json_input *input, size_t bytes,
                       const void **data) {
  struct lossd_problem *problem = &x->problem;
  size_t length;
  const char *text = lossd_json_string_of(input->json, input->base64, &length);
  if (!text) return lossd_fail(problem, LOSSD_OUT_OF_MEMORY, input->pointer, "no memory to read base64");
  if (length != lossd_base64_length(bytes)) {
    lossd_fail(problem, LOSSD_INVALID_TENSOR, input->pointer,
               "base64 has %zu characters, expected %zu for the %zu bytes that dtype and shape need", length,
               lossd_base64_length(bytes), bytes);
    lossd_hint(problem, "use the standard alphabet with its padding '=', and no white space");
    return problem->status;
  }
  void *out = lossd_exchange_alloc(x, bytes, input->pointer);
  if (!out) return problem->status;
  *data = out;
  const char *bad = lossd_base64_decode(text, length, out, bytes);
  if (!bad) return LOSSD_OK;
  lossd_fail(problem, LOSSD_INVALID_TENSOR, input->pointer, "base64 is wrong at character %lld",
             (long long)(bad - text));
  lossd_hint(problem, "use the standard alphabet (A-Z a-z 0-9 + /) with its padding '='");
  return problem->status;
}

/* What lossd_json_read_piece reads: a stretch of an input. */
struct piece {
  const struct lossd_json_span *numbers;
  size_t stretch;
  enum lossd_dtype dtype;
  void *out;
  const char *pointer;
};

/* Memory for an input, whose base64 is read at once. */
static int prepare_input(struct lossd_exchange *x, const struct lossd_json_input *input,
                         struct lossd_tensor *tensor) {
  size_t bytes;
  if (!lossd_shape_bytes(tensor->dtype, &tensor->shape, &bytes))
    return lossd_fail(&x->problem, LOSSD_INVALID_SHAPE, input->pointer,
                      "the tensor has more than 2^63 bytes");
  if (input->base64) return read_base64(x, input, bytes, &tensor->data);
  tensor->data = lossd_exchange_alloc(x, bytes, input->pointer);
  return x->problem.status;
}

static int cut_input(struct lossd_exchange *x, const struct lossd_json_input *input,
                     const struct lossd_tensor *tensor) {
  struct piece *const pieces = x->read_state;
  const size_t length = strlen(input->pointer) + 1;
  char *const pointer = lossd_exchange_alloc(x, length, input->pointer);
  if (!pointer) return x->problem.status;
  memcpy(pointer, input->pointer, length);
  for (size_t i = 0; i < lossd_json_stretches(input->numbers); i++)
    pieces[x->reads++] =
        (struct piece){input->numbers, i, tensor->dtype, (void *)(uintptr_t)tensor->data, pointer};
  return LOSSD_OK;
}

int lossd_json_cut_inputs(struct lossd_exchange *x, const struct lossd_json_input inputs[LOSSD_INPUTS]) {
  size_t count = 0;
  for (int i = 0; i < LOSSD_INPUTS; i++)
    if (inputs[i].item && !inputs[i].base64) count += lossd_json_stretches(inputs[i].numbers);
  x->read_state = lossd_exchange_alloc(x, count * sizeof(struct piece), NULL);
  for (int i = 0; i < LOSSD_INPUTS && !x->problem.status; i++) {
    struct lossd_tensor *const tensor = &x->evaluation.tensor[i];
    if (inputs[i].item && !prepare_input(x, &inputs[i], tensor) && !inputs[i].base64)
      cut_input(x, &inputs[i], tensor);
  }
  return x->problem.status;
}

int lossd_json_read_piece(const struct lossd_exchange *x, size_t piece, struct lossd_problem *problem) {
  const struct piece *const p = (const struct piece *)x->read_state + piece;
  return lossd_json_read_stretch(p->numbers, p->stretch, p->dtype, p->out, p->pointer, x->cancelled, problem);
}
