/* application/json: {role: tensor, ..., "options": {...}, "gradients": ..., "id": ...}.
 *
 * The scanner (api/json_scan.h) notes where each tensor's numbers lie; when options and shapes are known, so
 * are the dtypes, and each tensor is read straight into its own buffer. */
#include <stdio.h>

#include "api/formats/json_answer.h"
#include "api/json_inputs.h"
#include "api/json_value.h"

struct request {
  struct lossd_exchange *x;
  struct lossd_json json;
  struct lossd_json_input tensor[LOSSD_INPUTS];
  const cJSON *options, *gradients, *id;
};

/* ---- Members ---- */

static const cJSON **member_slot(struct request *r, const char *name, size_t length) {
  const int input = lossd_input_find(r->x->evaluation.loss, name, length);
  if (input >= 0) return &r->tensor[input].item;
  if (lossd_is_named("options", name, length)) return &r->options;
  if (lossd_is_named("gradients", name, length)) return &r->gradients;
  return lossd_is_named("id", name, length) ? &r->id : NULL;
}

static int unknown_top_member(struct request *r, const char *name, size_t length) {
  const struct lossd_loss *loss = r->x->evaluation.loss;
  const char *known[LOSSD_INPUTS + 3];
  size_t count = lossd_input_names(loss, known);
  known[count++] = "options";
  known[count++] = "gradients";
  known[count++] = "id";
  lossd_json_unknown_member(&r->x->problem, "", name, length, known, count);
  for (int i = 0; i <= loss->option_count; i++)
    if (lossd_is_named(i ? loss->options[i - 1].name : lossd_definition.name, name, length))
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
  for (int input = 0; input < LOSSD_INPUTS; input++) r->tensor[input].json = &r->json;
  return LOSSD_OK;
}

/* ---- Options and id ---- */

static int take_options(struct request *r) {
  struct lossd_evaluation *e = &r->x->evaluation;
  const cJSON *option;
  lossd_options_init(&e->options, e->loss);
  if (r->options && !cJSON_IsObject(r->options)) {
    lossd_fail(&r->x->problem, LOSSD_INVALID_REQUEST, "/options", "options is %s, expected an object",
               lossd_json_describe(&r->json, r->options));
    lossd_hint(&r->x->problem, "write {\"reduction\": \"sum\"}");
    return r->x->problem.status;
  }
  cJSON_ArrayForEach(option, r->options) {
    size_t length;
    struct lossd_value value;
    char pointer[LOSSD_POINTER_TEXT];
    const char *name = lossd_json_name(&r->json, option, &length);
    lossd_pointer(pointer, "/options", name, length);
    if (lossd_json_scalar(&r->json, option, pointer, &value, &r->x->problem)) return r->x->problem.status;
    if (lossd_options_set(&e->options, name, length, &value, &r->x->problem)) return r->x->problem.status;
  }
  lossd_options_finish(&e->options);
  return LOSSD_OK;
}

/* ---- Gradients ---- */

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
  return lossd_exchange_want(r->x, name, length, pointer);
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
  if (!cJSON_IsArray(r->gradients)) {
    lossd_fail(&r->x->problem, LOSSD_INVALID_REQUEST, "/gradients",
               "gradients is %s, expected true, false or an array of roles",
               lossd_json_describe(&r->json, r->gradients));
    lossd_hint(&r->x->problem, "write [\"%s\"], or true", e->loss->roles[0].name);
    return r->x->problem.status;
  }
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
  if (lossd_json_describe_inputs(x, r->tensor) || take_gradients(r)) return x->problem.status;
  return lossd_json_cut_inputs(x, r->tensor);
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
    .read = lossd_json_read_piece,
    .layout = lossd_json_layout,
    .encode = lossd_json_encode,
    .split = lossd_json_split,
    .piece = lossd_json_piece,
    .place = lossd_json_place,
};
