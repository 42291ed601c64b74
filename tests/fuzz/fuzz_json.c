/* Any bytes as a JSON request to any loss (the first byte says which): the answer, or the
 * problem, is JSON. */
#include <stdlib.h>
#include <string.h>

#include "api/exchange.h"
#include "api/json_scan.h"

static void evaluate(struct lossd_exchange *x) {
  lossd_exchange_decode(x);
  void *scratch = aligned_alloc(64, x->scratch_bytes + 64);
  if (!scratch) abort();
  for (size_t i = 0; i < x->slices; i++) lossd_exchange_run(x, i, scratch);
  lossd_exchange_encode(x);
  free(scratch);
}

static void check_answer(const struct lossd_exchange *x) {
  struct lossd_arena arena;
  struct lossd_json json;
  struct lossd_problem problem;
  lossd_arena_init(&arena, NULL);
  const int status = lossd_json_parse(&json, x->answer, x->answer_length, NULL, &arena, &problem);
  if (status && status != LOSSD_INVALID_REQUEST) abort();
  if (x->http_status != 200 && x->http_status != 400 && x->http_status != 422) abort();
  lossd_json_free(&json);
  lossd_arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const struct lossd_limits limits = {1 << 20, 1 << 20, 64 << 20};
  struct lossd_arena arena;
  struct lossd_exchange x;
  if (size == 0) return 0;
  const char *name = lossd_losses[data[0] % lossd_loss_count]->name;
  /* A copy of exactly the body's size, so that reading past its end is seen. */
  char *body = malloc(size - 1 + (size == 1));
  if (!body) abort();
  memcpy(body, data + 1, size - 1);
  lossd_arena_init(&arena, NULL);
  lossd_exchange_init(&x, &arena);
  x.loss_name = name;
  x.loss_name_length = strlen(name);
  x.request_format = x.answer_format = &lossd_format_json;
  x.body = body;
  x.body_length = size - 1;
  x.limits = &limits;
  evaluate(&x);
  check_answer(&x);
  lossd_arena_reset(&arena);
  free(body);
  return 0;
}
