/* application/octet-stream: the tensors' bytes one after another, described in the query
 * (input=float32:32x10&target=...), the answer's in the header Lossd-Tensors. Tensors are used where they lie
 * in the body. */
#include <stdio.h>
#include <string.h>

#include "api/binary_input.h"
#include "api/dtype_name.h"
#include "api/json_value.h"
#include "api/packed.h"
#include "api/query.h"

/* ---- Descriptions ---- */

static bool is(const char *name, const struct lossd_query_pair *pair) {
  return lossd_is_named(name, pair->name, pair->name_length);
}

/* Whether a key is one that no tensor can have. */
static bool is_setting(const struct lossd_loss *loss, const struct lossd_query_pair *pair) {
  bool found = is("gradients", pair) || is("id", pair) || is(lossd_definition.name, pair);
  for (int i = 0; i < loss->option_count; i++) found = found || is(loss->options[i].name, pair);
  return found;
}

/* The length of the dtype in "float32:2x3"; the whole length where there is no colon. */
static size_t dtype_length(const struct lossd_query_pair *pair) {
  const char *colon = memchr(pair->value, ':', pair->value_length);
  return colon ? (size_t)(colon - pair->value) : pair->value_length;
}

/* Whether a key that is no role is meant as one: float32:2x3 and the like are no option's value. */
static bool is_meant_as_tensor(const struct lossd_loss *loss, const struct lossd_query_pair *pair) {
  const size_t length = dtype_length(pair);
  return length < pair->value_length && !is_setting(loss, pair) &&
         lossd_spelled_size(LOSSD_SPELLED_PLAIN, pair->value, length);
}

static int bad_dims(struct lossd_exchange *x, const struct lossd_query_pair *pair, const char *pointer) {
  char quoted[LOSSD_QUOTE_TEXT];
  lossd_fail(&x->problem, LOSSD_INVALID_SHAPE, pointer,
             "found \"%s\", expected a dtype, a colon and at most %d dimensions with x between them",
             lossd_quote(pair->value, pair->value_length, quoted), LOSSD_MAX_RANK);
  lossd_hint(&x->problem, "write float32:32x10, or float32: for a single number");
  return x->problem.status;
}

/* "32x10"; nothing at all is rank 0. */
static int read_dims(struct lossd_exchange *x, const struct lossd_query_pair *pair, const char *p,
                     const char *pointer, struct lossd_shape *shape) {
  const char *const end = pair->value + pair->value_length;
  *shape = (struct lossd_shape){0};
  while (p < end) {
    if (shape->rank == LOSSD_MAX_RANK) return bad_dims(x, pair, pointer);
    p = lossd_read_whole(p, end, &shape->dim[shape->rank++]);
    if (!p || (p < end && *p != 'x') || p + 1 == end) return bad_dims(x, pair, pointer);
    p += p < end;
  }
  return LOSSD_OK;
}

static int describe(struct lossd_exchange *x, const struct lossd_query_pair *pair,
                    struct lossd_tensor *tensor, size_t *bytes) {
  char pointer[LOSSD_POINTER_TEXT];
  const size_t length = dtype_length(pair);
  lossd_pointer(pointer, "", pair->name, pair->name_length);
  if (length == pair->value_length) return bad_dims(x, pair, pointer);
  tensor->dtype = lossd_find_spelled_dtype(LOSSD_SPELLED_PLAIN, pair->value, length);
  if (tensor->dtype == LOSSD_DTYPES)
    return lossd_unknown_dtype(LOSSD_SPELLED_PLAIN, pair->value, length, pointer, &x->problem);
  if (read_dims(x, pair, pair->value + length + 1, pointer, &tensor->shape)) return x->problem.status;
  if (!lossd_shape_bytes(tensor->dtype, &tensor->shape, bytes))
    return lossd_fail(&x->problem, LOSSD_INVALID_SHAPE, pointer, "the tensor has more than 2^63 bytes");
  return LOSSD_OK;
}

/* ---- Decode ---- */

static int wrong_length(struct lossd_exchange *x, size_t described) {
  static const char npy[] = "\x93NUMPY";
  lossd_fail(&x->problem, LOSSD_BAD_BODY, NULL, "the body has %zu bytes, the query describes %zu%s",
             x->body_length, described, described == SIZE_MAX ? " or more" : "");
  if (x->body_length > sizeof npy && memcmp(x->body, npy, sizeof npy - 1) == 0)
    lossd_hint(&x->problem,
               "the body begins as a .npy file: send the arrays' bytes alone, as a.tobytes() has them");
  else if (x->evaluation.present)
    lossd_hint(&x->problem, "send the tensors of the query in its order, without padding");
  else
    lossd_hint(&x->problem, "describe the tensors in the query: ?%s=float32:32x10&...",
               x->evaluation.loss->roles[0].name);
  x->problem.offset = (long long)(x->body_length < described ? x->body_length : described);
  return x->problem.status;
}

/* Describes all tensors and finds them in the body. *unknown: the first key that is meant as a tensor, but is
 * none of this loss's. */
static int take_tensors(struct lossd_exchange *x, const struct lossd_query *query,
                        const struct lossd_query_pair **unknown) {
  struct lossd_evaluation *e = &x->evaluation;
  size_t described = 0;
  *unknown = NULL;
  for (size_t i = 0; i < query->count; i++) {
    const struct lossd_query_pair *pair = &query->pair[i];
    const int input = lossd_input_find(e->loss, pair->name, pair->name_length);
    struct lossd_tensor other = {.data = NULL}, *tensor = input >= 0 ? &e->tensor[input] : &other;
    size_t bytes = 0;
    if (input < 0 && !is_meant_as_tensor(e->loss, pair)) continue;
    if (input < 0 && !*unknown) *unknown = pair;
    if (describe(x, pair, tensor, &bytes)) return x->problem.status;
    if (input >= 0) e->present |= 1u << input;
    if (described <= x->body_length) tensor->data = x->body + described;
    if (__builtin_add_overflow(described, bytes, &described)) described = SIZE_MAX;
  }
  return described == x->body_length ? LOSSD_OK : wrong_length(x, described);
}

static int decode(struct lossd_exchange *x) {
  struct lossd_query query;
  const struct lossd_query_pair *unknown;
  if (lossd_query_parse(x, &query) || take_tensors(x, &query, &unknown)) return x->problem.status;
  if (unknown) return lossd_unknown_input(x, unknown->name, unknown->name_length);
  if (lossd_query_settings(x, &query, true)) return x->problem.status;
  return lossd_query_gradients(x, &query);
}

/* ---- Encode ---- */

/* "loss=float32:&numerator=float64:&..." */
static const char *describe_outputs(struct lossd_exchange *x) {
  enum { LONGEST = 48 + LOSSD_MAX_RANK * 21 }; /* of one tensor */
  char *text = lossd_exchange_alloc(x, (size_t)x->output_count * LONGEST + 1, NULL), *to = text;
  if (!text) return NULL;
  for (int i = 0; i < x->output_count; i++) {
    const struct lossd_tensor *tensor = &x->outputs[i].tensor;
    to += sprintf(to, "%s%.30s=%s:", i ? "&" : "", x->outputs[i].name, lossd_dtype_name(tensor->dtype));
    for (int d = 0; d < tensor->shape.rank; d++)
      to += sprintf(to, d ? "x%lld" : "%lld", (long long)tensor->shape.dim[d]);
  }
  return text;
}

static int add_header(struct lossd_exchange *x, const char *name, const char *value) {
  if (!value) return x->problem.status;
  x->headers[x->header_count++] = (struct lossd_header){name, value};
  return LOSSD_OK;
}

static int add_id(struct lossd_exchange *x) {
  const char *const last = x->id + x->id_length - (x->id_length > 0);
  if (x->id_length && (x->id[0] == ' ' || *last == ' '))
    return lossd_fail(&x->problem, LOSSD_INVALID_REQUEST, "/id",
                      "id begins or ends with a blank, which the answer's header Lossd-Id cannot hold");
  for (size_t i = 0; i < x->id_length; i++) {
    const unsigned char c = (unsigned char)x->id[i];
    if (c >= 0x20 && c != 0x7F) continue;
    return lossd_fail(&x->problem, LOSSD_INVALID_REQUEST, "/id",
                      "id has the control character 0x%02X, which the answer's header Lossd-Id cannot hold",
                      c);
  }
  char *value = lossd_exchange_alloc(x, x->id_length + 1, NULL);
  if (!value) return x->problem.status;
  memcpy(value, x->id, x->id_length);
  value[x->id_length] = 0;
  return add_header(x, "Lossd-Id", value);
}

static int layout(struct lossd_exchange *x) {
  struct lossd_packed *packed = lossd_exchange_alloc(x, sizeof *packed, NULL);
  if (!packed) return x->problem.status;
  *packed = (struct lossd_packed){.count = x->output_count};
  for (int i = 0; i < packed->count; i++) packed->order[i] = i;
  x->format_state = packed;
  if (add_header(x, "Lossd-Tensors", describe_outputs(x))) return x->problem.status;
  if (x->id && add_id(x)) return x->problem.status;
  return lossd_packed_layout(x, packed, 0);
}

static int encode(struct lossd_exchange *x) {
  const struct lossd_packed *packed = x->format_state;
  lossd_packed_finish(x, packed);
  x->answer = packed->data;
  x->answer_length = packed->bytes;
  return LOSSD_OK;
}

const struct lossd_format lossd_format_raw = {
    .content_type = "application/octet-stream",
    .decode = decode,
    .layout = layout,
    .encode = encode,
};
