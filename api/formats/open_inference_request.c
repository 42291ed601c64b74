/* Open Inference requests: JSON, and behind it the bytes of the tensors that are not in the JSON.
 *
 * In three passes: framing (which bytes are whose), meaning (names, types, shapes, options, outputs),
 * numbers. Binary tensors are used where they lie. */
#include <stdio.h>
#include <string.h>

#include "api/binary_input.h"
#include "api/dtype_name.h"
#include "api/formats/open_inference.h"
#include "api/json_inputs.h"
#include "api/json_tensor.h"
#include "api/json_value.h"
#include "api/number_text.h"

enum { NAME, SHAPE, DATATYPE, PARAMETERS, DATA, INPUT_MEMBERS };
enum { ID, SETTINGS, INPUTS, OUTPUTS, MEMBERS };

/* One of the request's inputs. */
struct input {
  const cJSON *item;
  const cJSON *member[INPUT_MEMBERS];
  char pointer[32];
  const char *bytes; /* NULL: its numbers are JSON */
  int64_t length;
  int role;
};

struct request {
  struct lossd_exchange *x;
  struct lossd_open_inference *state;
  struct lossd_json json;
  const char *binary; /* what follows the JSON */
  size_t binary_length;
  const cJSON *member[MEMBERS];
  struct input *input;
  size_t inputs;
};

/* ---- Framing ---- */

/* Cuts the body in two where the header says. */
static int split(struct request *r) {
  struct lossd_exchange *x = r->x;
  const char *text = x->inference_header_length;
  char quoted[LOSSD_QUOTE_TEXT];
  int64_t length;
  r->binary = x->body + x->body_length;
  if (!text) return LOSSD_OK;
  const char *const end = text + strlen(text);
  if (lossd_read_whole(text, end, &length) != end || (uint64_t)length > x->body_length)
    return lossd_fail(&x->problem, LOSSD_BAD_BODY, NULL,
                      "Inference-Header-Content-Length is \"%s\", expected the length of the JSON at the "
                      "body's begin, at most %zu",
                      lossd_quote(text, strlen(text), quoted), x->body_length);
  r->binary = x->body + length;
  r->binary_length = x->body_length - (size_t)length;
  return LOSSD_OK;
}

/* The member of that name; NULL where there is none, or no object. */
static const cJSON *member_named(const struct request *r, const cJSON *object, const char *wanted) {
  const cJSON *member;
  if (!cJSON_IsObject(object)) return NULL;
  cJSON_ArrayForEach(member, object) {
    size_t length;
    const char *name = lossd_json_name(&r->json, member, &length);
    if (lossd_is_named(wanted, name, length)) return member;
  }
  return NULL;
}

/* A whole number >= 0; false for anything else. */
static bool whole_number(struct request *r, const cJSON *item, int64_t *value) {
  const struct lossd_json_span *span = lossd_json_span(&r->json, item);
  return span && span->kind == LOSSD_JSON_NUMBER &&
         lossd_read_whole(span->begin, span->end, value) == span->end;
}

/* Gives an input its bytes, the next of those behind the JSON. */
static int frame_input(struct request *r, struct input *input, size_t *used) {
  struct lossd_problem *problem = &r->x->problem;
  const cJSON *size = member_named(r, member_named(r, input->item, "parameters"), "binary_data_size");
  if (!size) return LOSSD_OK;
  if (!whole_number(r, size, &input->length))
    return lossd_fail(problem, LOSSD_BAD_REQUEST, input->pointer,
                      "binary_data_size is %s, expected a whole number >= 0 below 2^63",
                      lossd_json_span(&r->json, size) &&
                              lossd_json_span(&r->json, size)->kind == LOSSD_JSON_NUMBER
                          ? "no such number"
                          : lossd_json_describe(&r->json, size));
  if ((uint64_t)input->length > r->binary_length - *used)
    return lossd_fail(problem, LOSSD_BAD_BODY, input->pointer,
                      "binary_data_size is %lld, but only %zu of the body's bytes are left",
                      (long long)input->length, r->binary_length - *used);
  input->bytes = r->binary + *used;
  *used += (size_t)input->length;
  return LOSSD_OK;
}

/* Reads no more of the inputs than that, so that wrong lengths are told before anything that is wrong with
 * them. */
static int frame_inputs(struct request *r) {
  struct lossd_exchange *x = r->x;
  const cJSON *item, *list = member_named(r, r->json.root, "inputs");
  size_t used = 0;
  if (!cJSON_IsArray(list)) list = NULL; /* an object has children too */
  r->input = lossd_exchange_alloc(x, (size_t)cJSON_GetArraySize(list) * sizeof *r->input, NULL);
  if (!r->input) return x->problem.status;
  cJSON_ArrayForEach(item, list) {
    struct input *input = &r->input[r->inputs];
    *input = (struct input){.item = item};
    snprintf(input->pointer, sizeof input->pointer, "/inputs/%zu", r->inputs++);
    if (frame_input(r, input, &used)) return x->problem.status;
  }
  if (used == r->binary_length) return LOSSD_OK;
  return lossd_fail(&x->problem, LOSSD_BAD_BODY, NULL,
                    "%zu bytes follow the JSON, but the inputs' binary_data_size add up to %zu",
                    r->binary_length, used);
}

/* Members
 * -------------------------------------------------------------------------------------------------------- */

static int expect_objects(struct request *r, const cJSON *list, const char *pointer) {
  const cJSON *item;
  bool objects = cJSON_IsArray(list);
  cJSON_ArrayForEach(item, list) objects = objects && cJSON_IsObject(item);
  if (objects || lossd_json_is_empty(&r->json, list)) return LOSSD_OK;
  return lossd_fail(&r->x->problem, LOSSD_INVALID_REQUEST, pointer, "%s is %s, expected an array of objects",
                    pointer + 1,
                    cJSON_IsArray(list) ? "an array of other things" : lossd_json_describe(&r->json, list));
}

static int expect_object(struct request *r, const cJSON *item, const char *pointer) {
  if (!item || cJSON_IsObject(item)) return LOSSD_OK;
  return lossd_fail(&r->x->problem, LOSSD_INVALID_REQUEST, pointer, "found %s, expected an object",
                    lossd_json_describe(&r->json, item));
}

static int take_members(struct request *r) {
  static const char *const known[MEMBERS] = {"id", "parameters", "inputs", "outputs"};
  struct lossd_problem *problem = &r->x->problem;
  if (!cJSON_IsObject(r->json.root))
    return lossd_fail(problem, LOSSD_INVALID_REQUEST, NULL, "the body is %s, expected an object",
                      lossd_json_describe(&r->json, r->json.root));
  if (lossd_json_members(&r->json, r->json.root, "", known, r->member, MEMBERS, problem))
    return problem->status;
  if (!r->member[INPUTS])
    return lossd_fail(problem, LOSSD_INVALID_REQUEST, "/inputs", "inputs is missing, expected an array");
  if (expect_objects(r, r->member[INPUTS], "/inputs") ||
      (r->member[OUTPUTS] && expect_objects(r, r->member[OUTPUTS], "/outputs")))
    return problem->status;
  return expect_object(r, r->member[SETTINGS], "/parameters");
}

/* Parameters that name an extension whose absence would change what the request means. */
static int refuse_extension(struct request *r, const char *pointer, const char *name, size_t length) {
  static const char shared[] = "shared_memory_";
  char quoted[LOSSD_QUOTE_TEXT];
  const bool is_shared = length > strlen(shared) && memcmp(name, shared, strlen(shared)) == 0;
  if (!is_shared && !lossd_is_named("classification", name, length)) return LOSSD_OK;
  lossd_fail(&r->x->problem, LOSSD_BAD_REQUEST, pointer,
             "the extension of the parameter \"%s\" is not served", lossd_quote(name, length, quoted));
  lossd_hint(&r->x->problem, "send and ask for tensors in the body, as JSON or binary");
  return r->x->problem.status;
}

/* The parameter of that name of an input or output; NULL with no problem: there is none. */
static const cJSON *find_parameter(struct request *r, const cJSON *parameters, const char *pointer,
                                   const char *wanted) {
  const cJSON *member, *found = NULL;
  char at[LOSSD_POINTER_TEXT];
  snprintf(at, sizeof at, "%s/parameters", pointer);
  if (expect_object(r, parameters, at)) return NULL;
  cJSON_ArrayForEach(member, parameters) {
    size_t length;
    const char *name = lossd_json_name(&r->json, member, &length);
    if (refuse_extension(r, at, name, length)) return NULL;
    if (lossd_is_named(wanted, name, length)) found = member;
  }
  return found;
}

static int take_input_members(struct request *r, struct input *input) {
  static const char *const known[INPUT_MEMBERS] = {"name", "shape", "datatype", "parameters", "data"};
  struct lossd_problem *problem = &r->x->problem;
  if (lossd_json_members(&r->json, input->item, input->pointer, known, input->member, INPUT_MEMBERS, problem))
    return problem->status;
  find_parameter(r, input->member[PARAMETERS], input->pointer, "binary_data_size");
  if (problem->status || !input->bytes != !input->member[DATA]) return problem->status;
  return lossd_fail(problem, LOSSD_BAD_REQUEST, input->pointer,
                    "found %s data %s binary_data_size, expected one of them",
                    input->bytes ? "both" : "neither", input->bytes ? "and" : "nor");
}

static int take_inputs_members(struct request *r) {
  for (size_t i = 0; i < r->inputs; i++)
    if (take_input_members(r, &r->input[i])) return r->x->problem.status;
  return LOSSD_OK;
}

/* ---- Inputs ---- */

static int take_name(struct request *r, struct input *input) {
  struct lossd_exchange *x = r->x;
  char at[LOSSD_POINTER_TEXT];
  size_t length;
  snprintf(at, sizeof at, "%s/name", input->pointer);
  const char *name = lossd_json_expect_string(&r->json, input->member[NAME], at, "the input's name",
                                              LOSSD_INVALID_TENSOR, &length, &x->problem);
  if (!name) return x->problem.status;
  input->role = lossd_input_find(x->evaluation.loss, name, length);
  if (input->role < 0) {
    lossd_unknown_input(x, name, length);
    snprintf(x->problem.pointer, sizeof x->problem.pointer, "%s", at);
    return x->problem.status;
  }
  if (x->evaluation.present & 1u << input->role)
    return lossd_fail(&x->problem, LOSSD_DUPLICATE_KEY, at, "the input %s is given twice",
                      lossd_input_name(x->evaluation.loss, input->role));
  x->evaluation.present |= 1u << input->role;
  r->state->place[input->role] = 1 + (int)(input - r->input);
  return LOSSD_OK;
}

static int take_datatype(struct request *r, struct input *input, enum lossd_dtype *dtype) {
  struct lossd_problem *problem = &r->x->problem;
  char at[LOSSD_POINTER_TEXT];
  size_t length;
  snprintf(at, sizeof at, "%s/datatype", input->pointer);
  const char *name = lossd_json_expect_string(&r->json, input->member[DATATYPE], at, "the input's datatype",
                                              LOSSD_INVALID_TENSOR, &length, problem);
  if (!name) return problem->status;
  *dtype = lossd_find_spelled_dtype(LOSSD_SPELLED_OPEN_INFERENCE, name, length);
  if (*dtype != LOSSD_DTYPES) return LOSSD_OK;
  return lossd_unknown_dtype(LOSSD_SPELLED_OPEN_INFERENCE, name, length, at, problem);
}

static int take_shape(struct request *r, struct input *input, struct lossd_shape *shape) {
  struct lossd_problem *problem = &r->x->problem;
  char at[LOSSD_POINTER_TEXT];
  snprintf(at, sizeof at, "%s/shape", input->pointer);
  if (!input->member[SHAPE])
    return lossd_fail(problem, LOSSD_INVALID_TENSOR, at, "the input's shape is missing, expected an array");
  return lossd_json_dims(&r->json, input->member[SHAPE], at, shape, problem);
}

/* The data against the shape. */
static int match_data(struct request *r, const struct input *input, const struct lossd_tensor *tensor) {
  struct lossd_problem *problem = &r->x->problem;
  struct lossd_shape found;
  char at[LOSSD_POINTER_TEXT];
  size_t bytes;
  snprintf(at, sizeof at, "%s/data", input->pointer);
  if (!lossd_shape_bytes(tensor->dtype, &tensor->shape, &bytes))
    return lossd_fail(problem, LOSSD_INVALID_SHAPE, input->pointer, "the tensor has more than 2^63 bytes");
  if (input->bytes && (size_t)input->length != bytes)
    return lossd_fail(problem, LOSSD_BAD_BODY, input->pointer,
                      "binary_data_size is %lld, but datatype and shape need %zu bytes",
                      (long long)input->length, bytes);
  if (input->bytes) return LOSSD_OK;
  if (lossd_json_shape(&r->json, input->member[DATA], at, &found, problem)) return problem->status;
  return lossd_json_match(&found, &tensor->shape, at, problem);
}

static int describe_inputs(struct request *r) {
  for (size_t i = 0; i < r->inputs; i++) {
    struct input *input = &r->input[i];
    struct lossd_tensor tensor = {.data = input->bytes};
    if (take_name(r, input) || take_datatype(r, input, &tensor.dtype) ||
        take_shape(r, input, &tensor.shape) || match_data(r, input, &tensor))
      return r->x->problem.status;
    r->x->evaluation.tensor[input->role] = tensor;
  }
  return LOSSD_OK;
}

/* Those in JSON are read last, maybe by several workers. */
static int cut_inputs(struct request *r) {
  struct lossd_json_input inputs[LOSSD_INPUTS] = {{0}};
  for (size_t i = 0; i < r->inputs; i++) {
    const struct input *input = &r->input[i];
    struct lossd_json_input *json = &inputs[input->role];
    if (input->bytes) continue;
    json->json = &r->json;
    json->item = input->member[DATA];
    json->numbers = lossd_json_span(&r->json, json->item);
    snprintf(json->pointer, sizeof json->pointer, "%s/data", input->pointer);
  }
  return lossd_json_cut_inputs(r->x, inputs);
}

/* ---- Parameters ---- */

/* Names that the protocol keeps for itself, and that mean nothing here. */
static bool is_reserved(const char *name, size_t length) {
  static const char *const names[] = {"sequence_id", "sequence_start", "sequence_end", "priority", "headers"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (lossd_is_named(names[i], name, length)) return true;
  return length >= 7 && !memcmp(name, "triton_", 7);
}

static int take_flag(struct request *r, const cJSON *item, const char *pointer, bool *flag) {
  *flag = cJSON_IsTrue(item);
  if (cJSON_IsBool(item)) return LOSSD_OK;
  return lossd_fail(&r->x->problem, LOSSD_INVALID_REQUEST, pointer, "found %s, expected true or false",
                    lossd_json_describe(&r->json, item));
}

static int take_timeout(struct request *r, const cJSON *item) {
  const struct lossd_json_span *span = lossd_json_span(&r->json, item);
  struct lossd_number number;
  if (span && span->kind == LOSSD_JSON_NUMBER && lossd_read_number(span->begin, span->end, &number) &&
      number.is_integer && number.integer >= 0) {
    r->x->timeout_microseconds = number.integer;
    return LOSSD_OK;
  }
  return lossd_fail(&r->x->problem, LOSSD_INVALID_REQUEST, "/parameters/timeout",
                    "timeout is not a whole number of microseconds >= 0");
}

static int take_parameter(struct request *r, const cJSON *item) {
  struct lossd_exchange *x = r->x;
  struct lossd_value value;
  char pointer[LOSSD_POINTER_TEXT];
  size_t length;
  const char *name = lossd_json_name(&r->json, item, &length);
  lossd_pointer(pointer, "/parameters", name, length);
  if (lossd_is_named("binary_data_output", name, length))
    return take_flag(r, item, pointer, &r->state->binary);
  if (lossd_is_named("timeout", name, length)) return take_timeout(r, item);
  if (is_reserved(name, length)) return LOSSD_OK;
  if (lossd_json_scalar(&r->json, item, pointer, &value, &x->problem)) return x->problem.status;
  return lossd_options_set(&x->evaluation.options, name, length, &value, &x->problem);
}

static int take_settings(struct request *r) {
  const cJSON *item;
  lossd_options_init(&r->x->evaluation.options, r->x->evaluation.loss);
  cJSON_ArrayForEach(item, r->member[SETTINGS]) {
    if (take_parameter(r, item)) return r->x->problem.status;
  }
  lossd_options_finish(&r->x->evaluation.options);
  return LOSSD_OK;
}

/* ---- Outputs ---- */

static int take_output(struct request *r, const cJSON *item, int index) {
  static const char *const known[] = {"name", "parameters"};
  struct lossd_open_inference *state = r->state;
  struct lossd_problem *problem = &r->x->problem;
  struct lossd_wish wish = {.binary = state->binary};
  const cJSON *member[2] = {NULL};
  char pointer[32], at[LOSSD_POINTER_TEXT];
  size_t length;
  snprintf(pointer, sizeof pointer, "/outputs/%d", index);
  snprintf(at, sizeof at, "%s/name", pointer);
  if (lossd_json_members(&r->json, item, pointer, known, member, 2, problem)) return problem->status;
  const char *name = lossd_json_expect_string(&r->json, member[0], at, "the output's name",
                                              LOSSD_INVALID_REQUEST, &length, problem);
  if (!name || lossd_open_inference_output(r->x, name, length, at, &wish.output)) return problem->status;
  const cJSON *binary = find_parameter(r, member[1], pointer, "binary_data");
  if (problem->status || (binary && take_flag(r, binary, pointer, &wish.binary))) return problem->status;
  for (int i = 0; i < state->wishes; i++)
    if (state->wish[i].output == wish.output)
      return lossd_fail(problem, LOSSD_BAD_REQUEST, at, "the output is asked for twice, expected once");
  state->wish[state->wishes++] = wish;
  return LOSSD_OK;
}

static int take_outputs(struct request *r) {
  struct lossd_evaluation *e = &r->x->evaluation;
  const cJSON *item;
  int index = 0;
  if (!cJSON_IsArray(r->member[OUTPUTS])) {
    e->gradients = lossd_all_gradients(e);
    return LOSSD_OK;
  }
  cJSON_ArrayForEach(item, r->member[OUTPUTS]) {
    if (take_output(r, item, index++)) return r->x->problem.status;
  }
  return LOSSD_OK;
}

/* ---- The whole ---- */

static int decode_request(struct request *r) {
  struct lossd_exchange *x = r->x;
  r->state = x->format_state = lossd_exchange_alloc(x, sizeof *r->state, NULL);
  if (!r->state) return x->problem.status;
  *r->state = (struct lossd_open_inference){0};
  if (split(r)) return x->problem.status;
  if (lossd_json_parse(&r->json, x->body, (size_t)(r->binary - x->body), x->cancelled, x->arena, &x->problem))
    return x->problem.status;
  if (frame_inputs(r) || take_members(r) || take_inputs_members(r) || describe_inputs(r))
    return x->problem.status;
  if (take_settings(r) || lossd_json_take_id(x, &r->json, r->member[ID])) return x->problem.status;
  return take_outputs(r) ? x->problem.status : cut_inputs(r);
}

int lossd_open_inference_decode(struct lossd_exchange *x) {
  struct request request = {.x = x};
  decode_request(&request);
  lossd_json_free(&request.json);
  return x->problem.status;
}
