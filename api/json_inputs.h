/* The tensors of an evaluation, each written in JSON: a number, nested arrays, or {"dtype", "shape", "data"
 * or "base64"}. They may be members of one document (a request) or documents of their own (files).
 *
 * Shapes come first, of all tensors, then the types that are not named, since these depend on the shapes; the
 * numbers are read last, straight into buffers of the exchange's arena. One thread at a time. */
#ifndef LOSSD_API_JSON_INPUTS_H
#define LOSSD_API_JSON_INPUTS_H

#include "api/exchange.h"
#include "api/json_scan.h"

/* Zeroed, but for the first two members, by the caller. */
struct lossd_json_input {
  const struct lossd_json *json; /* whose item it is */
  const cJSON *item;             /* NULL: this tensor is not in JSON */

  /* What the tensor is read from: numbers, or base64. */
  const struct lossd_json_span *numbers, *base64;
  bool has_dtype;
  char pointer[64]; /* of the numbers */
};

/* Shapes and types into x->evaluation, whose options are finished and whose other tensors are there. */
int lossd_json_describe_inputs(struct lossd_exchange *x, struct lossd_json_input inputs[LOSSD_INPUTS]);
/* Memory for them, and what lossd_exchange_read reads into it: x->reads pieces. */
int lossd_json_cut_inputs(struct lossd_exchange *x, const struct lossd_json_input inputs[LOSSD_INPUTS]);
/* See struct lossd_format. */
int lossd_json_read_piece(const struct lossd_exchange *x, size_t piece, struct lossd_problem *problem);

#endif
