#include "api/json_tensor.h"

#include <stdio.h>
#include <string.h>

#include "api/cancel.h"
#include "api/json_block.h"
#include "api/json_token.h"
#include "api/number_text.h"
#include "core/half.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the lowest bytes of an integer come first");

/* ---- Shapes ---- */

#define POINTER_TEXT sizeof((struct lossd_problem *)0)->pointer

static bool is_punctuation(char c) {
  return c == ',' || c == '[' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The pointer of the element of span that begins at leaf: pointer/i/j... Nothing else than numbers, booleans
 * and arrays comes before it. Only on the way to a problem. */
static void point_at(const struct lossd_json_span *span, const char *leaf, const char *pointer,
                     char out[POINTER_TEXT]) {
  long long index[LOSSD_JSON_MAX_DEPTH + 1] = {0};
  int level = 0;
  size_t used = (size_t)snprintf(out, POINTER_TEXT, "%s", pointer);
  for (const char *p = span->begin; p < leaf; p++) {
    if (*p == '[')
      index[++level] = 0;
    else if (*p == ']')
      level--;
    else if (*p == ',')
      index[level]++;
  }
  for (int i = 1; i <= level && used < POINTER_TEXT; i++)
    used += (size_t)snprintf(out + used, POINTER_TEXT - used, "/%lld", index[i]);
}

/* Of the token at p, for messages: at most 40. */
static int token_length(const char *p, const char *end) {
  int length = 0;
  while (p + length < end && length < 40 && !is_punctuation(p[length])) length++;
  return length;
}

static int bad_leaf(const struct lossd_json_span *span, const char *pointer, struct lossd_problem *problem) {
  char at[POINTER_TEXT];
  const char *kind = *span->bad_leaf == '"' ? "a string" : *span->bad_leaf == '{' ? "an object" : "null";
  point_at(span, span->bad_leaf, pointer, at);
  lossd_fail(problem, LOSSD_INVALID_TENSOR, at, "found %s, expected a number", kind);
  lossd_hint(problem, "numbers that are not finite are written NaN, Infinity and -Infinity");
  return problem->status;
}

int lossd_json_shape(const struct lossd_json *json, const cJSON *item, const char *pointer,
                     struct lossd_shape *shape, struct lossd_problem *problem) {
  const struct lossd_json_span *span = lossd_json_span(json, item);
  size_t length;
  *shape = (struct lossd_shape){0};
  if (!span ||
      (span->kind == LOSSD_JSON_STRING && !lossd_json_quoted_number(span->begin - 1, span->end + 1, &length)))
    return lossd_fail(problem, LOSSD_INVALID_TENSOR, pointer,
                      "found %s, expected a number or nested arrays of numbers",
                      lossd_json_describe(json, item));
  if (span->kind != LOSSD_JSON_ARRAY) return LOSSD_OK;
  if (span->bad_leaf) return bad_leaf(span, pointer, problem);
  if (span->rank > LOSSD_MAX_RANK)
    return lossd_fail(problem, LOSSD_INVALID_SHAPE, pointer, "arrays are nested %d deep, expected at most %d",
                      span->rank, LOSSD_MAX_RANK);
  if (span->ragged) {
    lossd_fail(problem, LOSSD_INVALID_TENSOR, pointer,
               "the nested arrays differ in length or depth, expected a rectangular tensor");
    lossd_hint(problem, "give all arrays of one level the same length");
    return problem->status;
  }
  shape->rank = span->rank;
  memcpy(shape->dim, span->dim, sizeof shape->dim);
  return LOSSD_OK;
}

int lossd_json_dims(const struct lossd_json *json, const cJSON *item, const char *pointer,
                    struct lossd_shape *shape, struct lossd_problem *problem) {
  const struct lossd_json_span *span = lossd_json_span(json, item);
  if (!span || span->kind != LOSSD_JSON_ARRAY || span->bad_leaf || span->rank != 1)
    return lossd_fail(
        problem, LOSSD_INVALID_SHAPE, pointer, "found %s, expected an array of whole numbers >= 0",
        span && span->bad_leaf ? "an array of other things too" : lossd_json_describe(json, item));
  if (span->count > LOSSD_MAX_RANK)
    return lossd_fail(problem, LOSSD_INVALID_SHAPE, pointer, "found %lld dimensions, expected at most %d",
                      (long long)span->count, LOSSD_MAX_RANK);
  shape->rank = (int)span->count;
  const char *p = span->begin;
  for (int i = 0; i < shape->rank; i++) {
    struct lossd_number number;
    char at[POINTER_TEXT];
    while (is_punctuation(*p)) p++;
    const char *end = lossd_read_number(p, span->end, &number);
    if (!end || !number.is_integer || number.integer < 0) {
      point_at(span, p, pointer, at);
      return lossd_fail(problem, LOSSD_INVALID_SHAPE, at,
                        "found %.*s, expected a whole number >= 0 below 2^63", token_length(p, span->end), p);
    }
    shape->dim[i] = number.integer;
    p = end;
  }
  if (lossd_shape_count(shape) < 0)
    return lossd_fail(problem, LOSSD_INVALID_SHAPE, pointer, "the shape has more than 2^63 elements");
  return LOSSD_OK;
}

int lossd_json_match(const struct lossd_shape *found, const struct lossd_shape *shape, const char *pointer,
                     struct lossd_problem *problem) {
  char found_text[LOSSD_SHAPE_TEXT], shape_text[LOSSD_SHAPE_TEXT];
  const bool flat = found->rank == 1 && found->dim[0] == lossd_shape_count(shape);
  if (flat || lossd_shape_equal(found, shape)) return LOSSD_OK;
  return lossd_fail(problem, LOSSD_INVALID_TENSOR, pointer,
                    "data has shape %s, shape says %s; expected the same, or a flat array of as many numbers",
                    lossd_shape_text(found, found_text), lossd_shape_text(shape, shape_text));
}

/* ---- Numbers ---- */

/* Reads one leaf at p into out and returns its end, or NULL where the dtype cannot hold it. */
typedef const char *(*leaf_reader)(const char *p, const char *end, void *out);

/* A number for a floating type, or one of the quoted words. */
static inline const char *read_quoted(const char *p, const char *end, double *out) {
  size_t length;
  const char *const word = lossd_json_quoted_number(p, end, &length);
  return word && lossd_read_double(word, word + strlen(word), out) ? p + length : NULL;
}

static inline const char *read_float64(const char *p, const char *end, void *out) {
  double value;
  const char *q = *p == '"' ? read_quoted(p, end, &value) : lossd_read_double(p, end, &value);
  if (!q || (isinf(value) && *p != '"' && lossd_number_overflowed(value, q))) return NULL;
  memcpy(out, &value, sizeof value);
  return q;
}

static inline const char *read_float32(const char *p, const char *end, void *out) {
  double quoted = 0;
  float value = 0;
  const char *q = *p == '"' ? read_quoted(p, end, &quoted) : lossd_read_float(p, end, &value);
  if (!q) return NULL;
  if (*p == '"')
    value = (float)quoted;
  else if (isinf(value) && lossd_number_overflowed((double)value, q))
    return NULL;
  memcpy(out, &value, sizeof value);
  return q;
}

static inline const char *read_half(const char *p, const char *end, uint16_t (*convert)(double),
                                    uint16_t infinity, void *out) {
  double value;
  const char *q = read_float64(p, end, &value);
  if (!q) return NULL;
  const uint16_t bits = convert(value);
  if ((bits & 0x7FFF) == infinity && !isinf(value)) return NULL;
  memcpy(out, &bits, sizeof bits);
  return q;
}

static inline const char *read_float16(const char *p, const char *end, void *out) {
  return read_half(p, end, lossd_float16_write, 0x7C00, out);
}

static inline const char *read_bfloat16(const char *p, const char *end, void *out) {
  return read_half(p, end, lossd_bfloat16_write, 0x7F80, out);
}

/* Up to 18 plain digits, as class indices are; else the full reader, which takes 1.0 and 1e3. Writes the
 * lowest bytes of the number. */
static inline const char *read_integer(const char *p, const char *end, int64_t minimum, int64_t maximum,
                                       void *out, size_t bytes) {
  struct lossd_number number;
  const bool negative = *p == '-';
  const char *q = p + negative;
  int64_t value = 0;
  while (q < end && q - p < 18 && (unsigned char)(*q - '0') < 10) value = value * 10 + (*q++ - '0');
  if (q < end && (*q == ',' || *q == ']' || *q == ' ')) {
    value = negative ? -value : value;
  } else {
    q = lossd_read_number(p, end, &number);
    if (!q || !number.is_integer) return NULL;
    value = number.integer;
  }
  if (value < minimum || value > maximum) return NULL;
  memcpy(out, &value, bytes);
  return q;
}

static inline const char *read_int64(const char *p, const char *end, void *out) {
  return read_integer(p, end, INT64_MIN, INT64_MAX, out, 8);
}
static inline const char *read_int32(const char *p, const char *end, void *out) {
  return read_integer(p, end, INT32_MIN, INT32_MAX, out, 4);
}
static inline const char *read_int16(const char *p, const char *end, void *out) {
  return read_integer(p, end, INT16_MIN, INT16_MAX, out, 2);
}
static inline const char *read_int8(const char *p, const char *end, void *out) {
  return read_integer(p, end, INT8_MIN, INT8_MAX, out, 1);
}
static inline const char *read_uint8(const char *p, const char *end, void *out) {
  return read_integer(p, end, 0, UINT8_MAX, out, 1);
}

static inline const char *read_bool(const char *p, const char *end, void *out) {
  const bool value = *p == 't';
  const size_t length = value ? 4 : 5;
  (void)end; /* the scanner has seen the whole word */
  if (*p != 't' && *p != 'f') return NULL;
  memcpy(out, &(uint8_t){value}, 1);
  return p + length;
}

struct reading {
  const char *array, *begin, *end; /* the whole span's begin, and the stretch */
  int64_t count;
  char *out;
  const atomic_int *cancelled;
};

/* Reads all leaves; NULL when done, else where it stopped. Inlined once for each reader. */
static inline __attribute__((always_inline)) const char *read_leaves(const struct reading *r,
                                                                     leaf_reader read, size_t size) {
  enum { BETWEEN_LOOKS = 4096 };
  const char *p = r->begin;
  char *out = r->out;
  for (int64_t left = r->count; left > 0;) {
    const int64_t batch = left < BETWEEN_LOOKS ? left : BETWEEN_LOOKS;
    if (lossd_is_cancelled(r->cancelled)) return p;
    for (int64_t i = 0; i < batch; i++, out += size) {
      while (is_punctuation(*p)) p++;
      const char *q = read(p, r->end, out);
      if (!q) return p;
      p = q;
    }
    left -= batch;
  }
  return NULL;
}

/* Leaves of a batch that are no plain numbers, at out + their index: NULL, or the one that cannot be read. */
static inline const char *read_unusual(const struct reading *r, const char *text,
                                       const struct lossd_decimals *decimals, char *out, leaf_reader read,
                                       size_t size) {
  for (size_t i = 0; i < decimals->count; i++) {
    if (decimals->fraction[i] != LOSSD_JSON_UNUSUAL) continue;
    const char *leaf = text + decimals->digits[i];
    while (is_punctuation(*leaf)) leaf++;
    if (!read(leaf, r->end, out + i * size)) return leaf;
  }
  return NULL;
}

/* The same for floating types, many at once where the instruction set can. */
static const char *read_floating(const struct reading *r, bool is_double) {
  const struct lossd_json_kernel *const kernel = lossd_json_kernel();
  const leaf_reader read = is_double ? read_float64 : read_float32;
  const size_t size = is_double ? sizeof(double) : sizeof(float);
  struct lossd_decimals decimals;
  char *out = r->out;
  for (const char *p = r->begin, *next; p < r->end; p = next) {
    next = kernel->take(r->array, p, r->end, &decimals);
    if (next == p) return is_double ? read_leaves(r, read_float64, size) : read_leaves(r, read_float32, size);
    if (lossd_is_cancelled(r->cancelled)) return p;
    if (is_double)
      kernel->round_doubles(&decimals, (double *)(void *)out);
    else
      kernel->round_floats(&decimals, (float *)(void *)out);
    const char *const bad = read_unusual(r, p, &decimals, out, read, size);
    if (bad) return bad;
    out += decimals.count * size;
  }
  return NULL;
}

static const char *read_all(const struct reading *r, enum lossd_dtype dtype) {
  switch (dtype) {
  case LOSSD_FLOAT64: return read_floating(r, true);
  case LOSSD_FLOAT32: return read_floating(r, false);
  case LOSSD_FLOAT16: return read_leaves(r, read_float16, 2);
  case LOSSD_BFLOAT16: return read_leaves(r, read_bfloat16, 2);
  case LOSSD_INT64: return read_leaves(r, read_int64, 8);
  case LOSSD_INT32: return read_leaves(r, read_int32, 4);
  case LOSSD_INT16: return read_leaves(r, read_int16, 2);
  case LOSSD_INT8: return read_leaves(r, read_int8, 1);
  case LOSSD_UINT8: return read_leaves(r, read_uint8, 1);
  case LOSSD_BOOL: return read_leaves(r, read_bool, 1);
  case LOSSD_DTYPES: break;
  }
  return r->begin;
}

static int unreadable(const struct lossd_json_span *span, const char *leaf, const char *end,
                      enum lossd_dtype dtype, const char *pointer, struct lossd_problem *problem) {
  char at[POINTER_TEXT];
  const bool is_bool = *leaf == 't' || *leaf == 'f';
  point_at(span, leaf, pointer, at);
  const int status = is_bool || dtype == LOSSD_BOOL ? LOSSD_INVALID_TENSOR : LOSSD_VALUE_OUT_OF_DOMAIN;
  lossd_fail(problem, status, at, "found %.*s, which %s cannot hold", token_length(leaf, end), leaf,
             lossd_dtype_name(dtype));
  if (is_bool)
    lossd_hint(problem, "send 0 and 1, or {\"dtype\": \"bool\", \"data\": ...}");
  else if (dtype == LOSSD_BOOL)
    lossd_hint(problem, "send true and false");
  else if (!lossd_dtype_is_floating(dtype))
    lossd_hint(problem, "send whole numbers within the range of %s", lossd_dtype_name(dtype));
  else
    lossd_hint(problem, dtype == LOSSD_FLOAT64 ? "write an infinite value as Infinity"
                                               : "send it as float64, or an infinite value as Infinity");
  return problem->status;
}

size_t lossd_json_stretches(const struct lossd_json_span *span) {
  return span->place_count + 1;
}

int lossd_json_read_stretch(const struct lossd_json_span *span, size_t stretch, enum lossd_dtype dtype,
                            void *out, const char *pointer, const atomic_int *cancelled,
                            struct lossd_problem *problem) {
  const bool is_array = span->kind == LOSSD_JSON_ARRAY, is_string = span->kind == LOSSD_JSON_STRING;
  const bool last = stretch == span->place_count;
  const struct lossd_json_place begin =
      stretch ? span->places[stretch - 1] : (struct lossd_json_place){span->begin - is_string, 0};
  const struct lossd_json_place end =
      last ? (struct lossd_json_place){span->end + is_string, is_array ? span->count : 1}
           : span->places[stretch];
  const struct reading r = {.array = span->begin,
                            .begin = begin.at,
                            .end = end.at,
                            .count = end.count - begin.count,
                            .out = (char *)out + (size_t)begin.count * lossd_dtype_size(dtype),
                            .cancelled = cancelled};
  const char *const stop = read_all(&r, dtype);
  if (!stop) return LOSSD_OK;
  if (lossd_is_cancelled(cancelled)) return lossd_fail_cancelled(problem);
  return unreadable(span, stop, span->end + is_string, dtype, pointer, problem);
}

int lossd_json_read(const struct lossd_json_span *span, enum lossd_dtype dtype, void *out,
                    const char *pointer, const atomic_int *cancelled, struct lossd_problem *problem) {
  for (size_t i = 0; i < lossd_json_stretches(span); i++)
    if (lossd_json_read_stretch(span, i, dtype, out, pointer, cancelled, problem)) return problem->status;
  return LOSSD_OK;
}
