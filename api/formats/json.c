/* application/json: {role: tensor, ..., "options": {...}, "gradients": ..., "id": ...}.
 *
 * The scanner (api/json_scan.h) notes where each tensor's numbers lie; when options and shapes are known, so
 * are the dtypes, and each tensor is read straight into its own buffer. */
#include <stdio.h>
#include <string.h>

#include "api/base64.h"
#include "api/dtype_name.h"
#include "api/formats/json_answer.h"
#include "api/json_tensor.h"
#include "api/json_value.h"

struct request {
  struct lossd_exchange *x;
  struct lossd_json json;
  const cJSON *tensor[LOSSD_INPUTS], *options, *gradients, *id;
  /* What each tensor is read from: numbers, or base64. */
  const struct lossd_json_span *numbers[LOSSD_INPUTS], *base64[LOSSD_INPUTS];
  bool has_dtype[LOSSD_INPUTS];
  char pointer[LOSSD_INPUTS][64]; /* of the numbers */
};

/* Members
 * ------------------------------------------------------------------------------------------------------- */

static const cJSON **member_slot(struct request *r, const char *name, size_t length) {
  const int input = lossd_input_find(r->x->evaluation.loss, name, length);
  if (input >= 0) return &r->tensor[input];
  if (lossd_json_named("options", name, length)) return &r->options;
  if (lossd_json_named("gradients", name, length)) return &r->gradients;
  return lossd_json_named("id", name, length) ? &r->id : NULL;
}

static int unknown_top_member(struct request *r, const char *name, size_t length) {
  const struct lossd_loss *loss = r->x->evaluation.loss;
  const char *known[LOSSD_INPUTS + 3];
  size_t count = 0;
  for (int i = 0; i < LOSSD_INPUTS; i++)
    if (i < loss->role_count || i >= LOSSD_SAMPLE_WEIGHT) known[count++] = lossd_input_name(loss, i);
  known[count++] = "options";
  known[count++] = "gradients";
  known[count++] = "id";
  lossd_json_unknown_member(&r->x->problem, "", name, length, known, count);
  for (int i = 0; i <= loss->option_count; i++)
    if (lossd_json_named(i ? loss->options[i - 1].name : "definition", name, length))
      lossd_hint(&r->x->problem, "options go into the member options");
  return r->x->problem.status;
}

static int take_members(struct request *r) {
  const cJSON *member;
  if (!cJSON_IsObject(r->json.root))
    return lossd_fail(&r->x->problem, LOSSD_INVALID_REQUEST, NULL, "the body is %s, expected an object",
                      lossd_json_describe(&r->json, r->json.root));
  cJSON_ArrayForEach(member, r->json.root) {
    size_t length;
    const char *name = lossd_json_name(&r->json, member, &length);
    const cJSON **slot = member_slot(r, name, length);
    if (!slot) return unknown_top_member(r, name, length);
    *slot = member;
  }
  return LOSSD_OK;
}

/* Options and id
 * ------------------------------------------------------------------------------------------------ */

static int take_options(struct request *r) {
  struct lossd_evaluation *e = &r->x->evaluation;
  const cJSON *option;
  lossd_options_init(&e->options, e->loss);
  if (r->options && !cJSON_IsObject(r->options))
    return lossd_fail(&r->x->problem, LOSSD_INVALID_REQUEST, "/options", "options is %s, expected an object",
                      lossd_json_describe(&r->json, r->options));
  cJSON_ArrayForEach(option, r->options) {
    size_t length;
    struct lossd_value value;
    char pointer[LOSSD_POINTER_TEXT];
    const char *name = lossd_json_name(&r->json, option, &length);
    lossd_json_pointer(pointer, "/options", name, length);
    if (lossd_json_scalar(&r->json, option, pointer, &value, &r->x->problem)) return r->x->problem.status;
    if (lossd_options_set(&e->options, name, length, &value, &r->x->problem)) return r->x->problem.status;
  }
  lossd_options_finish(&e->options);
  return LOSSD_OK;
}

/* Tensors: what they are
 * ---------------------------------------------------------------------------------------- */

/* The members of a tensor object. */
struct tensor_object {
  const cJSON *dtype, *shape, *data, *base64;
};

static int take_tensor_members(struct request *r, const cJSON *item, const char *pointer,
                               struct tensor_object *out) {
  static const char *const known[] = {"dtype", "shape", "data", "base64"};
  const cJSON *found[4] = {NULL};

  if (lossd_json_members(&r->json, item, pointer, known, found, 4, &r->x->problem))
    return r->x->problem.status;
  *out = (struct tensor_object){found[0], found[1], found[2], found[3]};
  if (out->data && out->base64)
    return lossd_fail(&r->x->problem, LOSSD_INVALID_TENSOR, pointer,
                      "found data and base64, expected one of them");
  if (!out->data && !out->base64)
    return lossd_fail(&r->x->problem, LOSSD_INVALID_TENSOR, pointer,
                      "found neither data nor base64, expected one of them");
  if (out->base64 && (!out->dtype || !out->shape))
    return lossd_fail(&r->x->problem, LOSSD_INVALID_TENSOR, pointer,
                      "found base64 without %s, which it needs", out->dtype ? "shape" : "dtype");
  return LOSSD_OK;
}

static int take_dtype(struct request *r, const cJSON *item, const char *pointer, enum lossd_dtype *dtype) {
  struct lossd_problem *problem = &r->x->problem;
  const struct lossd_json_span *span = lossd_json_span(&r->json, item);
  char at[LOSSD_POINTER_TEXT];
  size_t length;
  snprintf(at, sizeof at, "%s/dtype", pointer);
  if (!span || span->kind != LOSSD_JSON_STRING)
    return lossd_fail(problem, LOSSD_INVALID_TENSOR, at, "dtype is %s, expected a string",
                      lossd_json_describe(&r->json, item));
  const char *name = lossd_json_string_of(&r->json, span, &length);
  if (!name) return lossd_fail(problem, LOSSD_OUT_OF_MEMORY, at, "no memory to read the dtype");
  *dtype = lossd_find_spelled_dtype(LOSSD_SPELLED_PLAIN, name, length);
  if (*dtype != LOSSD_DTYPES) return LOSSD_OK;
  return lossd_unknown_dtype(LOSSD_SPELLED_PLAIN, name, length, at, problem);
}

/* Data of a tensor object against its shape. */
static int match_shape(struct request *r, int input, const struct tensor_object *object,
                       const char *pointer) {
  struct lossd_problem *problem = &r->x->problem;
  struct lossd_shape *shape = &r->x->evaluation.tensor[input].shape, found;
  char at[LOSSD_POINTER_TEXT], found_text[LOSSD_SHAPE_TEXT], shape_text[LOSSD_SHAPE_TEXT];
  snprintf(r->pointer[input], sizeof r->pointer[input], "%s/%s", pointer, object->data ? "data" : "base64");
  snprintf(at, sizeof at, "%s/shape", pointer);
  if (object->data && lossd_json_shape(&r->json, object->data, r->pointer[input], &found, problem))
    return problem->status;
  if (!object->shape) {
    *shape = found;
    return LOSSD_OK;
  }
  if (lossd_json_dims(&r->json, object->shape, at, shape, problem)) return problem->status;
  if (!object->data || lossd_json_fits(&found, shape)) return LOSSD_OK;
  return lossd_fail(problem, LOSSD_INVALID_TENSOR, r->pointer[input],
                    "data has shape %s, shape says %s; expected the same, or a flat array of as many numbers",
                    lossd_shape_text(&found, found_text), lossd_shape_text(shape, shape_text));
}

static int describe_object(struct request *r, int input, const char *pointer) {
  struct tensor_object object = {0};
  struct lossd_tensor *tensor = &r->x->evaluation.tensor[input];
  if (take_tensor_members(r, r->tensor[input], pointer, &object)) return r->x->problem.status;
  if (object.dtype && take_dtype(r, object.dtype, pointer, &tensor->dtype)) return r->x->problem.status;
  if (match_shape(r, input, &object, pointer)) return r->x->problem.status;
  r->has_dtype[input] = object.dtype;
  if (object.data) {
    r->numbers[input] = lossd_json_span(&r->json, object.data);
    return LOSSD_OK;
  }
  r->base64[input] = lossd_json_span(&r->json, object.base64);
  if (r->base64[input] && r->base64[input]->kind == LOSSD_JSON_STRING) return LOSSD_OK;
  return lossd_fail(&r->x->problem, LOSSD_INVALID_TENSOR, r->pointer[input],
                    "base64 is %s, expected a string", lossd_json_describe(&r->json, object.base64));
}

/* Shapes, and the dtypes that the request names. */
static int describe_tensors(struct request *r) {
  struct lossd_evaluation *e = &r->x->evaluation;
  for (int input = 0; input < LOSSD_INPUTS; input++) {
    const cJSON *item = r->tensor[input];
    char pointer[48];
    if (!item) continue;
    snprintf(pointer, sizeof pointer, "/%s", lossd_input_name(e->loss, input));
    snprintf(r->pointer[input], sizeof r->pointer[input], "%s", pointer);
    e->present |= 1u << input;
    if (cJSON_IsObject(item)) {
      if (describe_object(r, input, pointer)) return r->x->problem.status;
    } else {
      if (lossd_json_shape(&r->json, item, pointer, &e->tensor[input].shape, &r->x->problem))
        return r->x->problem.status;
      r->numbers[input] = lossd_json_span(&r->json, item);
    }
  }
  for (int input = 0; input < LOSSD_INPUTS; input++)
    if (r->tensor[input] && !r->has_dtype[input])
      e->tensor[input].dtype = lossd_role_kind(e, input) == LOSSD_INDEX ? LOSSD_INT64 : LOSSD_FLOAT64;
  return LOSSD_OK;
}

/* Tensors: their numbers
 * ---------------------------------------------------------------------------------------- */

static int read_base64(struct request *r, int input, void *out, size_t bytes) {
  struct lossd_problem *problem = &r->x->problem;
  const char *pointer = r->pointer[input];
  size_t length;
  const char *text = lossd_json_string_of(&r->json, r->base64[input], &length);
  if (!text) return lossd_fail(problem, LOSSD_OUT_OF_MEMORY, pointer, "no memory to read base64");
  if (length != lossd_base64_length(bytes)) {
    lossd_fail(problem, LOSSD_INVALID_TENSOR, pointer,
               "base64 has %zu characters, expected %zu for the %zu bytes that dtype and shape need", length,
               lossd_base64_length(bytes), bytes);
    lossd_hint(problem, "use the standard alphabet with its padding '=', and no white space");
    return problem->status;
  }
  const char *bad = lossd_base64_decode(text, length, out, bytes);
  if (!bad) return LOSSD_OK;
  lossd_fail(problem, LOSSD_INVALID_TENSOR, pointer, "base64 is wrong at character %lld",
             (long long)(bad - text));
  lossd_hint(problem, "use the standard alphabet (A-Z a-z 0-9 + /) with its padding '='");
  return problem->status;
}

static int read_tensors(struct request *r) {
  struct lossd_exchange *x = r->x;
  for (int input = 0; input < LOSSD_INPUTS; input++) {
    struct lossd_tensor *tensor = &x->evaluation.tensor[input];
    size_t bytes;
    if (!r->tensor[input]) continue;
    if (!lossd_shape_bytes(tensor->dtype, &tensor->shape, &bytes))
      return lossd_fail(&x->problem, LOSSD_INVALID_SHAPE, r->pointer[input],
                        "the tensor has more than 2^63 bytes");
    /* A wrong length of base64 is found before memory is taken for it. */
    if (r->base64[input] && bytes > x->body_length) return read_base64(r, input, NULL, bytes);
    void *data = lossd_exchange_alloc(x, bytes, r->pointer[input]);
    if (!data) return x->problem.status;
    const int status = r->base64[input] ? read_base64(r, input, data, bytes)
                                        : lossd_json_read(r->numbers[input], tensor->dtype, data,
                                                          r->pointer[input], x->cancelled, &x->problem);
    if (status) return status;
    tensor->data = data;
  }
  return LOSSD_OK;
}

/* Gradients
 * ----------------------------------------------------------------------------------------------------- */

static int want_gradient(struct request *r, const cJSON *item, int index) {
  struct lossd_problem *problem = &r->x->problem;
  const struct lossd_json_span *span = lossd_json_span(&r->json, item);
  char pointer[LOSSD_POINTER_TEXT];
  size_t length;
  snprintf(pointer, sizeof pointer, "/gradients/%d", index);
  if (!span || span->kind != LOSSD_JSON_STRING)
    return lossd_fail(problem, LOSSD_INVALID_REQUEST, pointer, "found %s, expected the name of a role",
                      lossd_json_describe(&r->json, item));
  const char *name = lossd_json_string_of(&r->json, span, &length);
  if (!name) return lossd_fail(problem, LOSSD_OUT_OF_MEMORY, pointer, "no memory to read gradients");
  return lossd_want_gradient(&r->x->evaluation, name, length, pointer, problem);
}

static int take_gradients(struct request *r) {
  struct lossd_evaluation *e = &r->x->evaluation;
  const cJSON *item;
  int index = 0;
  if (!r->gradients || cJSON_IsFalse(r->gradients) || lossd_json_is_empty(&r->json, r->gradients))
    return LOSSD_OK;
  if (cJSON_IsTrue(r->gradients)) {
    e->gradients = lossd_all_gradients(e);
    return LOSSD_OK;
  }
  if (!cJSON_IsArray(r->gradients))
    return lossd_fail(&r->x->problem, LOSSD_INVALID_REQUEST, "/gradients",
                      "gradients is %s, expected true, false or an array of roles",
                      lossd_json_describe(&r->json, r->gradients));
  cJSON_ArrayForEach(item, r->gradients) {
    if (want_gradient(r, item, index++)) return r->x->problem.status;
  }
  return LOSSD_OK;
}

static int decode_request(struct request *r) {
  struct lossd_exchange *x = r->x;
  if (lossd_json_parse(&r->json, x->body, x->body_length, x->cancelled, x->arena, &x->problem))
    return x->problem.status;
  if (x->query_length) {
    lossd_fail(&x->problem, LOSSD_INVALID_REQUEST, NULL, "a JSON request takes no query string");
    lossd_hint(&x->problem, "put options into the body's member options");
    return x->problem.status;
  }
  if (take_members(r) || take_options(r) || lossd_json_take_id(x, &r->json, r->id)) return x->problem.status;
  if (describe_tensors(r) || take_gradients(r)) return x->problem.status;
  return read_tensors(r);
}

static int decode(struct lossd_exchange *x) {
  struct request request = {.x = x};
  decode_request(&request);
  lossd_json_free(&request.json);
  return x->problem.status;
}

const struct lossd_format lossd_format_json = {
    .content_type = "application/json",
    .decode = decode,
    .layout = lossd_json_layout,
    .encode = lossd_json_encode,
};
