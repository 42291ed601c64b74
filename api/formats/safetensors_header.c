#include "api/formats/safetensors_header.h"

#include <stdio.h>
#include <string.h>

#include "api/binary_input.h"
#include "api/dtype_name.h"
#include "api/json_value.h"

#define LENGTH_BYTES 8
#define LONGEST_HEADER 100000000

/* What is wrong, with the entry it is about. */
static int bad(struct lossd_exchange *x, const struct lossd_safetensors_entry *entry, const char *what) {
  char quoted[LOSSD_QUOTE_TEXT], pointer[LOSSD_POINTER_TEXT];
  if (!entry) return lossd_fail(&x->problem, LOSSD_BAD_SAFETENSORS, NULL, "%s", what);
  lossd_quote(entry->name, entry->name_length, quoted);
  lossd_pointer(pointer, "", entry->name, entry->name_length);
  return lossd_fail(&x->problem, LOSSD_BAD_SAFETENSORS, pointer, "the header's entry \"%s\" %s", quoted,
                    what);
}

/* ---- Framing ---- */

/* Finds the header's text. */
static int find_header(struct lossd_exchange *x, const char **text, size_t *length) {
  uint64_t header = 0;
  char what[160];
  if (x->body_length < LENGTH_BYTES) {
    snprintf(what, sizeof what, "the body has %zu bytes, expected at least %d: the length of the header",
             x->body_length, LENGTH_BYTES);
    bad(x, NULL, what);
    x->problem.offset = (long long)x->body_length;
    return x->problem.status;
  }
  for (int i = LENGTH_BYTES - 1; i >= 0; i--) header = header << 8 | (unsigned char)x->body[i];
  if (header > LONGEST_HEADER || header > x->body_length - LENGTH_BYTES) {
    snprintf(what, sizeof what, "the first 8 bytes say that the header has %llu bytes, expected at most %zu",
             (unsigned long long)header,
             x->body_length - LENGTH_BYTES < LONGEST_HEADER ? x->body_length - LENGTH_BYTES : LONGEST_HEADER);
    return bad(x, NULL, what);
  }
  *text = x->body + LENGTH_BYTES;
  *length = (size_t)header;
  if (!header || **text != '{') return bad(x, NULL, "the header does not begin with '{' at byte 8");
  return LOSSD_OK;
}

/* What the scanner found wrong with the header, as a problem of the whole file. */
static int bad_header_json(struct lossd_exchange *x) {
  struct lossd_problem *problem = &x->problem;
  char detail[sizeof problem->detail];
  const long long offset = problem->offset;
  if (problem->status != LOSSD_BAD_JSON) return problem->status;
  memcpy(detail, problem->detail, sizeof detail);
  lossd_fail(problem, LOSSD_BAD_SAFETENSORS, NULL, "in the header: %.400s", detail);
  problem->offset = offset + LENGTH_BYTES;
  return problem->status;
}

/* ---- Entries ---- */

/* The next whole number in a flat array of them, from *p on, which it moves behind it. */
static bool next_whole(const char **p, const struct lossd_json_span *span, int64_t *value) {
  while (strchr("[, \t\r\n", **p)) ++*p;
  *p = lossd_read_whole(*p, span->end, value);
  return *p && strchr("], \t\r\n", **p);
}

/* A flat array whose elements may be whole numbers, or NULL. */
static const struct lossd_json_span *flat_array(const struct lossd_json *json, const cJSON *item) {
  const struct lossd_json_span *span = item ? lossd_json_span(json, item) : NULL;
  const bool flat =
      span && span->kind == LOSSD_JSON_ARRAY && !span->bad_leaf && !span->ragged && span->rank == 1;
  return flat ? span : NULL;
}

/* Shape, and the product of its dimensions in *count. */
static int read_shape(struct lossd_exchange *x, const struct lossd_json *json, const cJSON *item,
                      struct lossd_safetensors_entry *entry, int64_t *count) {
  const struct lossd_json_span *span = flat_array(json, item);
  if (!span) return bad(x, entry, "has no shape that is an array of whole numbers");
  const char *p = span->begin;
  *count = 1;
  entry->rank = span->count;
  entry->shape.rank = (int)(entry->rank < LOSSD_MAX_RANK ? entry->rank : LOSSD_MAX_RANK);
  for (int64_t i = 0; i < span->count; i++) {
    int64_t dim;
    if (!next_whole(&p, span, &dim))
      return bad(x, entry, "has a dimension that is no whole number from 0 to 2^63 - 1");
    if (i < LOSSD_MAX_RANK) entry->shape.dim[i] = dim;
    if (__builtin_mul_overflow(*count, dim, count))
      return bad(x, entry, "has a shape with more than 2^63 - 1 elements");
  }
  return LOSSD_OK;
}

static int read_offsets(struct lossd_exchange *x, const struct lossd_json *json, const cJSON *item,
                        struct lossd_safetensors_entry *entry) {
  const struct lossd_json_span *span = flat_array(json, item);
  const char *p = span ? span->begin : NULL;
  if (!span || span->count != 2 || !next_whole(&p, span, &entry->begin) || !next_whole(&p, span, &entry->end))
    return bad(x, entry, "has no data_offsets that are two whole numbers");
  return entry->begin <= entry->end ? LOSSD_OK : bad(x, entry, "has data_offsets that end before they begin");
}

/* dtype, and whether it, the shape and the offsets agree; the size of a type that nobody knows cannot be
 * checked. */
static int read_dtype(struct lossd_exchange *x, const struct lossd_json *json, const cJSON *item,
                      struct lossd_safetensors_entry *entry, int64_t count) {
  const struct lossd_json_span *span = item ? lossd_json_span(json, item) : NULL;
  int64_t bytes;
  if (!span || span->kind != LOSSD_JSON_STRING) return bad(x, entry, "has no dtype that is a string");
  entry->dtype = lossd_json_string_of(json, span, &entry->dtype_length);
  if (!entry->dtype) return lossd_fail(&x->problem, LOSSD_OUT_OF_MEMORY, NULL, "no memory for the header");
  const size_t size = lossd_spelled_size(LOSSD_SPELLED_SAFETENSORS, entry->dtype, entry->dtype_length);
  if (!size) return LOSSD_OK;
  if (__builtin_mul_overflow(count, (int64_t)size, &bytes))
    return bad(x, entry, "has a shape with more than 2^63 - 1 bytes");
  if (bytes == entry->end - entry->begin) return LOSSD_OK;
  char what[128];
  snprintf(what, sizeof what, "has data_offsets for %lld bytes, but a dtype and shape of %lld bytes",
           (long long)(entry->end - entry->begin), (long long)bytes);
  return bad(x, entry, what);
}

static int read_entry(struct lossd_exchange *x, struct lossd_json *json, const cJSON *item,
                      struct lossd_safetensors_entry *entry) {
  static const char *const known[] = {"dtype", "shape", "data_offsets"};
  const cJSON *member, *found[3] = {NULL};
  int64_t count = 0;
  *entry = (struct lossd_safetensors_entry){0};
  entry->name = lossd_json_name(json, item, &entry->name_length);
  if (!cJSON_IsObject(item)) return bad(x, entry, "is no object");
  cJSON_ArrayForEach(member, item) {
    size_t length, i = 0;
    const char *name = lossd_json_name(json, member, &length);
    while (i < 3 && !lossd_is_named(known[i], name, length)) i++;
    if (i == 3) return bad(x, entry, "has a member besides dtype, shape and data_offsets");
    found[i] = member;
  }
  if (read_shape(x, json, found[1], entry, &count) || read_offsets(x, json, found[2], entry))
    return x->problem.status;
  return read_dtype(x, json, found[0], entry, count);
}

static int check_metadata(struct lossd_exchange *x, const struct lossd_json *json, const cJSON *item) {
  const cJSON *member;
  bool strings = cJSON_IsObject(item);
  cJSON_ArrayForEach(member, item) {
    const struct lossd_json_span *span = lossd_json_span(json, member);
    strings = strings && span && span->kind == LOSSD_JSON_STRING;
  }
  return strings ? LOSSD_OK : bad(x, NULL, "__metadata__ is no object whose members are strings");
}

static int read_entries(struct lossd_exchange *x, struct lossd_safetensors *file) {
  const cJSON *item;
  const size_t most = (size_t)cJSON_GetArraySize(file->json.root);
  file->entry = lossd_exchange_alloc(x, most * sizeof *file->entry, NULL);
  if (!file->entry) return x->problem.status;
  cJSON_ArrayForEach(item, file->json.root) {
    size_t length;
    const char *name = lossd_json_name(&file->json, item, &length);
    const int status = lossd_is_named("__metadata__", name, length)
                           ? check_metadata(x, &file->json, item)
                           : read_entry(x, &file->json, item, &file->entry[file->count++]);
    if (status) return status;
  }
  return LOSSD_OK;
}

/* ---- Data ---- */

/* The entry that begins at `at` and was not passed yet, the empty ones first; NULL: none does. */
static struct lossd_safetensors_entry *entry_at(const struct lossd_safetensors *file, const bool *passed,
                                                int64_t at) {
  struct lossd_safetensors_entry *found = NULL;
  for (size_t i = 0; i < file->count; i++) {
    struct lossd_safetensors_entry *entry = &file->entry[i];
    if (!passed[i] && entry->begin == at && (!found || entry->end < found->end)) found = entry;
  }
  return found;
}

/* The entries, of which the scanner lets pass a few hundred at most, must follow one another. */
static int check_coverage(struct lossd_exchange *x, const struct lossd_safetensors *file, size_t bytes) {
  char what[128];
  int64_t at = 0;
  bool passed[LOSSD_JSON_MAX_VALUES] = {false};
  for (size_t i = 0; i < file->count; i++) {
    const struct lossd_safetensors_entry *entry = entry_at(file, passed, at);
    if (!entry) {
      snprintf(what, sizeof what,
               "the data_offsets leave a hole or overlap: no tensor begins at byte %lld of the data",
               (long long)at);
      return bad(x, NULL, what);
    }
    passed[entry - file->entry] = true;
    at = entry->end;
  }
  if ((size_t)at == bytes) return LOSSD_OK;
  snprintf(what, sizeof what, "the tensors have %lld bytes, but %zu bytes follow the header", (long long)at,
           bytes);
  return bad(x, NULL, what);
}

int lossd_safetensors_read(struct lossd_exchange *x, struct lossd_safetensors *file) {
  const char *text = NULL;
  size_t length = 0;
  *file = (struct lossd_safetensors){0};
  if (find_header(x, &text, &length)) return x->problem.status;
  if (lossd_json_parse(&file->json, text, length, x->cancelled, x->arena, &x->problem))
    return bad_header_json(x);
  if (read_entries(x, file)) return x->problem.status;
  file->data = text + length;
  return check_coverage(x, file, x->body_length - LENGTH_BYTES - length);
}

int lossd_safetensors_tensor(struct lossd_exchange *x, const struct lossd_safetensors *file,
                             const struct lossd_safetensors_entry *entry, const char *pointer,
                             struct lossd_tensor *tensor) {
  const enum lossd_dtype dtype =
      lossd_find_spelled_dtype(LOSSD_SPELLED_SAFETENSORS, entry->dtype, entry->dtype_length);
  if (dtype == LOSSD_DTYPES)
    return lossd_unknown_dtype(LOSSD_SPELLED_SAFETENSORS, entry->dtype, entry->dtype_length, pointer,
                               &x->problem);
  if (entry->rank > LOSSD_MAX_RANK)
    return lossd_fail(&x->problem, LOSSD_INVALID_SHAPE, pointer, "found %lld dimensions, expected at most %d",
                      (long long)entry->rank, LOSSD_MAX_RANK);
  if (lossd_shape_count(&entry->shape) < 0)
    return lossd_fail(&x->problem, LOSSD_INVALID_SHAPE, pointer, "the shape has more than 2^63 elements");
  *tensor = (struct lossd_tensor){dtype, entry->shape, file->data + entry->begin};
  return LOSSD_OK;
}

void lossd_safetensors_free(struct lossd_safetensors *file) {
  lossd_json_free(&file->json);
}
