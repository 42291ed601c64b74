/* Parts of the JSON scanner: skipping over tokens, and the shape of nested arrays of numbers while they are
 * read. Private to json_scan.c and json_tensor.c. Pure functions, any thread. */
#ifndef LOSSD_API_JSON_ARRAY_H
#define LOSSD_API_JSON_ARRAY_H

#include "api/json_scan.h"

/* The first byte from p on that is no white space, or end. */
static inline const char *lossd_json_skip_space(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
  return p;
}
/* The first byte from p on that is not plain ASCII in a string: a quote, a backslash, a control or non-ASCII
 * byte. */
const char *lossd_json_skip_plain(const char *p, const char *end);
/* The byte after the number at p (p < end). If there is no number: the byte at fault, and *expected says what
 * should be there, else NULL. */
const char *lossd_json_skip_number(const char *p, const char *end, const char **expected);
/* Numbers with commas between them, from p on, until stop or thereabouts. Returns where the last of them
 * ends, before its comma, and their count; p where there is none. Whatever is there instead is for the
 * caller. */
const char *lossd_json_skip_numbers(const char *p, const char *end, const char *stop, int64_t *count);

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
