/* The shape of nested arrays of numbers, while the scanner reads them: part of json_scan.c. Plain values, one
 * thread at a time. */
#ifndef LOSSD_API_JSON_ARRAY_H
#define LOSSD_API_JSON_ARRAY_H

#include "api/json_scan.h"

/* An array being read. Level 1 is the outermost. */
struct lossd_json_array {
  struct lossd_json_span span;
  int deepest;                             /* level seen */
  int leaf_level;                          /* where the leaves are; 0: none seen */
  int64_t count[LOSSD_JSON_MAX_DEPTH + 1]; /* of elements so far, of the array open at that level */
  int64_t dim[LOSSD_JSON_MAX_DEPTH + 1];   /* of the arrays closed at that level; -1: none */
};

/* Plain numbers of the innermost arrays and of those that follow them in the same array, from p on, where a
 * value is due; stop as above. Returns where the last of them ends, before its comma or bracket; p where
 * there is none, or no short one has been closed yet that says how long each is to be. */
const char *lossd_json_array_rows(struct lossd_json_array *array, int level, const char *p, const char *end,
                                  const char *stop);
void lossd_json_array_begin(struct lossd_json_array *array, const char *text);
void lossd_json_array_open(struct lossd_json_array *array, int level);
void lossd_json_array_close(struct lossd_json_array *array, int level);
void lossd_json_array_leaves(struct lossd_json_array *array, int level, int64_t count);
/* An element that is neither leaf nor array. */
void lossd_json_array_bad(struct lossd_json_array *array, const char *text);
void lossd_json_array_end(struct lossd_json_array *array, const char *end, struct lossd_json_span *span);

#endif
