#include "api/json_array.h"

#include "api/json_block.h"

void lossd_json_array_begin(struct lossd_json_array *array, const char *text) {
  array->span = (struct lossd_json_span){.kind = LOSSD_JSON_ARRAY, .begin = text};
  array->deepest = array->leaf_level = 0;
  array->count[0] = 0;
  lossd_json_array_open(array, 1);
}

void lossd_json_array_open(struct lossd_json_array *array, int level) {
  if (array->span.bad_leaf) return;
  array->count[level - 1]++;
  array->count[level] = 0;
  if (level <= array->deepest) return;
  if (array->leaf_level) array->span.ragged = true;
  array->deepest = level;
  array->dim[level] = -1;
}

void lossd_json_array_close(struct lossd_json_array *array, int level) {
  if (array->span.bad_leaf) return;
  if (array->dim[level] < 0)
    array->dim[level] = array->count[level];
  else if (array->dim[level] != array->count[level])
    array->span.ragged = true;
}

void lossd_json_array_leaves(struct lossd_json_array *array, int level, int64_t count) {
  if (array->span.bad_leaf) return;
  if (!array->leaf_level && level == array->deepest) array->leaf_level = level;
  if (array->leaf_level != level) array->span.ragged = true;
  array->count[level] += count;
  array->span.count += count;
}

const char *lossd_json_array_rows(struct lossd_json_array *array, int level, const char *p, const char *end,
                                  const char *stop) {
  enum { LONGEST = 128 }; /* longer rows are faster one by one: blocks that know brackets look for more */
  struct lossd_json_rows rows = {.length = array->dim[level], .in_row = array->count[level]};
  if (array->span.bad_leaf || array->leaf_level != level || rows.length <= 0 || rows.length > LONGEST)
    return p;
  p = lossd_json_kernel()->skip_rows(p, end, stop, &rows);
  array->span.count += rows.closed * rows.length + rows.in_row - array->count[level];
  array->count[level - 1] += rows.closed;
  array->count[level] = rows.in_row;
  return p;
}

void lossd_json_array_bad(struct lossd_json_array *array, const char *text) {
  if (!array->span.bad_leaf) array->span.bad_leaf = text;
}

void lossd_json_array_end(struct lossd_json_array *array, const char *end, struct lossd_json_span *span) {
  *span = array->span;
  span->end = end;
  span->rank = array->deepest;
  for (int i = 0; i < LOSSD_MAX_RANK && i < span->rank; i++) span->dim[i] = array->dim[i + 1];
}
