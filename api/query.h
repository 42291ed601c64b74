/* Query strings, form-encoded: options, gradients and id of the formats whose body holds nothing but tensors.
 * One thread at a time; all memory is the exchange's arena. */
#ifndef LOSSD_API_QUERY_H
#define LOSSD_API_QUERY_H

#include "api/exchange.h"

#define LOSSD_QUERY_MAX 64

/* Decoded text, not NUL-terminated. */
struct lossd_query_pair {
  const char *name, *value;
  size_t name_length, value_length;
};

struct lossd_query {
  struct lossd_query_pair pair[LOSSD_QUERY_MAX];
  size_t count;
};

/* Decodes x->query: '+' is a space, %XX a byte; a name without '=' has an empty value. Problems: BAD_HTTP for
 * a broken escape, %00 or bytes that are not UTF-8, DUPLICATE_KEY, INVALID_REQUEST for too many pairs. */
int lossd_query_parse(struct lossd_exchange *x, struct lossd_query *query);
/* The options into x->evaluation.options, which are finished then, and x->id. Pairs named `gradients` and, if
 * has_tensors, pairs named as inputs are left for others. Values are bare text: true, false and numbers as in
 * JSON are what they look like, but pass for text too. */
int lossd_query_settings(struct lossd_exchange *x, const struct lossd_query *query, bool has_tensors);
/* The pair `gradients` into x->evaluation.gradients: true, false, or roles with commas between them. Due when
 * the tensors' shapes and dtypes are known. */
int lossd_query_gradients(struct lossd_exchange *x, const struct lossd_query *query);

#endif
