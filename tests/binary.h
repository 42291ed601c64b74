/* Requests and answers that are bytes, for tests of the binary formats. */
#ifndef LOSSD_TESTS_BINARY_H
#define LOSSD_TESTS_BINARY_H

#include "tests/exchange.h"

/* A body that is put together piece by piece. */
struct bytes {
  char data[4096];
  size_t length;
};

static inline void add_bytes(struct bytes *b, const void *data, size_t length) {
  assert_true(length <= sizeof b->data - b->length);
  memcpy(b->data + b->length, data, length);
  b->length += length;
}
static inline void add_text(struct bytes *b, const char *text) {
  add_bytes(b, text, strlen(text));
}
#define ADD_FLOATS(b, ...) add_bytes(b, (float[]){__VA_ARGS__}, sizeof(float[]){__VA_ARGS__})
#define ADD_DOUBLES(b, ...) add_bytes(b, (double[]){__VA_ARGS__}, sizeof(double[]){__VA_ARGS__})

/* Runs a request whose body lies at `misalignment` bytes past an aligned address, in memory of exactly its
 * size, so that sanitizers see every byte read past its end. The request's bytes are gone after it. */
static inline void run_bytes(struct test_exchange *t, const struct lossd_format *format, const char *loss,
                             const char *query, const struct bytes *body, size_t misalignment) {
  char *copy = malloc(body->length + misalignment + !body->length);
  assert_non_null(copy);
  memcpy(copy + misalignment, body->data, body->length);
  test_exchange_init(t, loss, copy + misalignment, body->length);
  t->x.request_format = t->x.answer_format = format;
  t->x.query = query;
  t->x.query_length = query ? strlen(query) : 0;
  test_exchange_run(t);
  free(copy);
}

static inline void expect_bytes(const struct test_exchange *t, const struct bytes *expected) {
  if (t->x.http_status != 200) fail_msg("%d %.*s", t->x.http_status, (int)t->x.answer_length, t->x.answer);
  assert_int_equal(t->x.answer_length, expected->length);
  assert_memory_equal(t->x.answer, expected->data, expected->length);
}

static inline void expect_problem(const struct test_exchange *t, const char *request, int http,
                                  const char *code) {
  const char *found = lossd_status_row(t->x.problem.status)->code;
  if (t->x.http_status != http || strcmp(found, code))
    fail_msg("%s\n  gave %d %.*s\n  not %d %s", request, t->x.http_status, (int)t->x.answer_length,
             t->x.answer, http, code);
}

static inline const char *header_of(const struct test_exchange *t, const char *name) {
  for (int i = 0; i < t->x.header_count; i++)
    if (!strcmp(t->x.headers[i].name, name)) return t->x.headers[i].value;
  return NULL;
}

#endif
