/* Reading JSON strictly: RFC 8259, and bare NaN, Infinity and -Infinity.
 *
 * One pass, without recursion, checks the syntax of the whole text: UTF-8, escapes, numbers, no name twice in
 * an object. It leaves what is long where it is and notes where: strings, numbers, and arrays of numbers
 * (outermost arrays whose first leaf is a number, a boolean or a quoted NaN or Infinity, or that are empty at
 * their heart). Only the rest, the envelope, goes through cJSON, in which each thing noted has a mark in its
 * place; lossd_json_span follows it. So numbers and strings are neither copied nor limited, and memory stays
 * small however large the text is.
 *
 * A text with more than LOSSD_JSON_MAX_VALUES values outside arrays of numbers is no request: it is checked
 * to its end, then refused (422).
 *
 * Memory: the text is borrowed and must outlive the document; its tables live in the arena; the cJSON tree
 * belongs to the document until lossd_json_free. One thread at a time. */
#ifndef LOSSD_API_JSON_SCAN_H
#define LOSSD_API_JSON_SCAN_H

#include <cjson/cJSON.h>
#include <stdatomic.h>

#include "api/problem.h"
#include "core/tensor.h"

/* What stands for span i in the text that cJSON sees is the string "\xFF<i>": 0xFF is in no UTF-8 text, so no
 * client can write one. */
#define LOSSD_JSON_MARK '\xFF'
#define LOSSD_JSON_MAX_DEPTH 512
#define LOSSD_JSON_MAX_VALUES 1024
#define LOSSD_JSON_STRETCH ((ptrdiff_t)131072)

enum lossd_json_kind { LOSSD_JSON_NUMBER, LOSSD_JSON_STRING, LOSSD_JSON_ARRAY };

/* A place between the numbers of an array: right after one. */
struct lossd_json_place {
  const char *at;
  int64_t count; /* of leaves before it */
};

/* A stretch of the text. */
struct lossd_json_span {
  enum lossd_json_kind kind;
  const char *begin, *end; /* of a string: between its quotes */
  bool escaped;            /* a string that has escapes */

  /* Of arrays of numbers: leaves are numbers (NaN and Infinity too, bare or quoted) and booleans. bad_leaf:
   * the first element that is neither array nor leaf; NULL: none. If set, nothing below is. */
  const char *bad_leaf;
  bool ragged;   /* sibling arrays differ in length or depth; if set, dim is not */
  int64_t count; /* of leaves */
  int rank;      /* may exceed LOSSD_MAX_RANK: dim then has the first */
  int64_t dim[LOSSD_MAX_RANK];
  /* Where it may be cut, that several may read it: every LOSSD_JSON_STRETCH bytes or a few more. */
  const struct lossd_json_place *places;
  size_t place_count;
};

struct lossd_json {
  cJSON *root;
  struct lossd_json_span *spans;
  size_t span_count;
  struct lossd_arena *arena;
};

/* Checks and reads the whole text. cancelled may be NULL; it is looked at every 64 KiB. Problems: BAD_JSON
 * with the byte's offset, INVALID_REQUEST for too many values, OUT_OF_MEMORY, CANCELLED. lossd_json_free is
 * due in any case. */
int lossd_json_parse(struct lossd_json *json, const char *text, size_t length, const atomic_int *cancelled,
                     struct lossd_arena *arena, struct lossd_problem *problem);
void lossd_json_free(struct lossd_json *json);

/* What item stands for: a number, a string, an array of numbers, also a boolean (as a NUMBER whose text is
 * true or false). NULL for null, objects and arrays of other things. */
const struct lossd_json_span *lossd_json_span(const struct lossd_json *json, const cJSON *item);
/* The name of an object's member; a name of more than 128 bytes, which nothing has, is given as it is
 * written. */
const char *lossd_json_name(const struct lossd_json *json, const cJSON *member, size_t *length);
/* What a string means: in the text itself or, where it has escapes, in the arena. NULL: no memory. */
const char *lossd_json_string_of(const struct lossd_json *json, const struct lossd_json_span *span,
                                 size_t *length);
/* "a string", "a number", "null": what item is, for messages. */
const char *lossd_json_describe(const struct lossd_json *json, const cJSON *item);

#endif
