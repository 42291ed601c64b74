/* One request of any bytes through the whole of api. The first byte chooses the loss, the rest is cut at its
 * first newline: text beside the body (a query, a header) and the body. */
#ifndef LOSSD_TESTS_FUZZ_EXCHANGE_H
#define LOSSD_TESTS_FUZZ_EXCHANGE_H

#include <stdlib.h>
#include <string.h>

#include "api/exchange.h"

/* The two pieces of a request, in memory of exactly their size. */
struct fuzz_request {
  char *text, *body; /* text is NUL-terminated */
  size_t text_length, body_length;
  const struct lossd_loss *loss;
};

static inline char *fuzz_copy(const uint8_t *data, size_t length, size_t extra) {
  char *copy = malloc(length + extra + 1 - (extra > 0));
  if (!copy) abort();
  if (length) memcpy(copy, data, length);
  if (extra) copy[length] = 0;
  return copy;
}

static inline struct fuzz_request fuzz_split(const uint8_t *data, size_t size) {
  struct fuzz_request request = {.loss = lossd_losses[size ? data[0] % lossd_loss_count : 0]};
  const size_t skip = size > 0;
  const uint8_t *newline = size ? memchr(data + skip, '\n', size - skip) : NULL;
  request.text_length = newline ? (size_t)(newline - data) - skip : 0;
  const size_t begin = newline ? (size_t)(newline - data) + 1 : skip;
  request.body_length = size - begin;
  request.text = fuzz_copy(data + skip, request.text_length, 1);
  request.body = fuzz_copy(data + begin, request.body_length, 0);
  return request;
}

static inline void fuzz_run(struct lossd_exchange *x) {
  lossd_exchange_decode(x);
  void *scratch = aligned_alloc(64, x->scratch_bytes + 64);
  if (!scratch) abort();
  for (size_t i = 0; i < x->slices; i++) lossd_exchange_run(x, i, scratch);
  free(scratch);
  lossd_exchange_encode(x);
}

/* Runs the request; `set` tells the exchange about its text. Aborts when the answer is neither a result nor a
 * refusal of the client's doing. */
static inline void fuzz_exchange(const struct lossd_format *format, const uint8_t *data, size_t size,
                                 void (*set)(struct lossd_exchange *x, const struct fuzz_request *request)) {
  static const struct lossd_limits limits = {1 << 16, 1 << 20, 1 << 24};
  struct fuzz_request request = fuzz_split(data, size);
  struct lossd_arena arena;
  struct lossd_exchange x;
  lossd_arena_init(&arena, NULL);
  lossd_exchange_init(&x, &arena);
  x.limits = &limits;
  x.request_format = x.answer_format = format;
  x.loss_name = request.loss->name;
  x.loss_name_length = strlen(request.loss->name);
  x.body = request.body;
  x.body_length = request.body_length;
  set(&x, &request);
  fuzz_run(&x);
  if (x.http_status != 200 && x.http_status != 400 && x.http_status != 422) abort();
  if (!x.answer || !x.content_type) abort();
  lossd_arena_reset(&arena);
  free(request.text);
  free(request.body);
}

#endif
