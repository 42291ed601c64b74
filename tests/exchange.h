/* One request through the whole of api, for tests: an exchange with an arena of its own. */
#ifndef LOSSD_TESTS_EXCHANGE_H
#define LOSSD_TESTS_EXCHANGE_H

#include "api/exchange.h"
#include "tests/unit.h"

struct test_exchange {
  struct lossd_exchange x;
  struct lossd_arena arena;
  struct lossd_limits limits;
};

static inline void test_exchange_init(struct test_exchange *t, const char *loss, const char *body,
                                      size_t length) {
  lossd_arena_init(&t->arena, NULL);
  lossd_exchange_init(&t->x, &t->arena);
  t->limits = (struct lossd_limits){1 << 28, 256 << 20, (size_t)2 << 30};
  t->x.limits = &t->limits;
  t->x.loss_name = loss;
  t->x.loss_name_length = strlen(loss);
  t->x.request_format = t->x.answer_format = &lossd_format_json;
  t->x.body = body;
  t->x.body_length = length;
}

static inline void test_exchange_run(struct test_exchange *t) {
  lossd_exchange_decode(&t->x);
  void *scratch = aligned_alloc(64, t->x.scratch_bytes + 64);
  assert_non_null(scratch);
  for (size_t i = 0; i < t->x.slices; i++) lossd_exchange_run(&t->x, i, scratch);
  free(scratch);
  lossd_exchange_encode(&t->x);
}

/* Copies the body to memory of exactly its size, so that sanitizers see every byte read past its end. */
static inline void test_exchange_text(struct test_exchange *t, const char *loss, const char *body) {
  const size_t length = strlen(body);
  char *copy = malloc(length + !length);
  assert_non_null(copy);
  memcpy(copy, body, length);
  test_exchange_init(t, loss, copy, length);
  test_exchange_run(t);
  free(copy);
}

static inline void test_exchange_done(struct test_exchange *t) {
  lossd_arena_reset(&t->arena);
}

#endif
