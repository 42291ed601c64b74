/* JSON that several threads read and write: large requests in stretches, large answers in pieces. */
#include <cjson/cJSON.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "tests/exchange.h"

/* {"input":<shape of numbers>,"target":0.5,"options":{"reduction":...},"gradients":true,"id":"x"} */
static char *large_body(const int *dim, int rank, const char *reduction) {
  size_t count = 1;
  for (int d = 0; d < rank; d++) count *= (size_t)dim[d];
  char *body = malloc(count * 24 + 512), *at = body;
  assert_non_null(body);
  at += sprintf(at, "{\"input\":{\"dtype\":\"float32\",\"shape\":[");
  for (int d = 0; d < rank; d++) at += sprintf(at, d ? ",%d" : "%d", dim[d]);
  at += sprintf(at, "],\"data\":[");
  for (size_t i = 0; i < count; i++)
    at += sprintf(at, i ? ",%.6g" : "%.6g", (double)(i * 7919 % 10007) / 997);
  sprintf(at, "]},\"target\":0.5,\"options\":{\"reduction\":\"%s\"},\"gradients\":true,\"id\":\"x\"}",
          reduction);
  return body;
}

/* ---- Requests in stretches ---- */

enum { LARGE = 60000 };

/* LARGE numbers, two of which may be what no float32 holds. */
static char *add_numbers(char *at, int bad, int worse) {
  for (int i = 0; i < LARGE; i++) {
    at += sprintf(at, "%c%.9g", i ? ',' : '[', (double)((long long)i * 7919 % 10007) / 997 - 5);
    if (i == bad || i == worse) at += sprintf(at, "e%d", i == bad ? 50 : 60);
  }
  *at++ = ']';
  return at;
}

/* MSELoss of two such tensors in one of the two protocols that have JSON. */
static char *request_of_numbers(const struct lossd_format *format, int bad, int worse) {
  const bool plain = format == &lossd_format_json;
  char *const body = malloc((size_t)LARGE * 64 + 1024), *at = body;
  assert_non_null(body);
  at += sprintf(at, plain ? "{\"gradients\":true" : "{\"inputs\":[");
  for (int role = 0; role < 2; role++) {
    const char *const name = role ? "target" : "input";
    if (plain)
      at += sprintf(at, ",\"%s\":{\"dtype\":\"float32\",\"data\":", name);
    else
      at += sprintf(at, "%s{\"name\":\"%s\",\"datatype\":\"FP32\",\"shape\":[%d],\"data\":", role ? "," : "",
                    name, LARGE);
    at = add_numbers(at, role ? -1 : bad, role ? -1 : worse);
    *at++ = '}';
  }
  strcpy(at, plain ? "}" : "]}");
  return body;
}

/* Reads the stretches from the last to the first, as threads may end them in any order. */
static void run_in_stretches(struct test_exchange *t) {
  lossd_exchange_scan(&t->x);
  assert_true(t->x.reads > 4);
  for (size_t i = t->x.reads; i-- > 0;) lossd_exchange_read(&t->x, i);
  t->x.was_read = true;
  test_exchange_run(t);
}

static void reads_the_same_in_stretches_in_any_order(void **state) {
  (void)state;
  static const struct lossd_format *const formats[] = {&lossd_format_json, &lossd_format_open_inference};
  for (int i = 0; i < 4; i++) {
    const bool faulty = i % 2;
    const struct lossd_format *format = formats[i / 2];
    char *const body = request_of_numbers(format, faulty ? 30000 : -1, faulty ? 59000 : -1);
    struct test_exchange whole, stretches;
    test_exchange_init(&whole, "MSELoss", body, strlen(body));
    test_exchange_init(&stretches, "MSELoss", body, strlen(body));
    whole.x.request_format = whole.x.answer_format = format;
    stretches.x.request_format = stretches.x.answer_format = format;
    test_exchange_run(&whole);
    run_in_stretches(&stretches);
    assert_int_equal(whole.x.http_status, faulty ? 422 : 200);
    if (faulty)
      assert_string_equal(whole.x.problem.pointer, i / 2 ? "/inputs/0/data/30000" : "/input/data/30000");
    assert_int_equal(stretches.x.http_status, whole.x.http_status);
    assert_int_equal(stretches.x.answer_length, whole.x.answer_length);
    assert_memory_equal(stretches.x.answer, whole.x.answer, whole.x.answer_length);
    test_exchange_done(&whole);
    test_exchange_done(&stretches);
    free(body);
  }
}

/* ---- Answers in pieces ---- */

/* Threads that write pieces, each of which goes behind the one before it. */
struct writers {
  struct lossd_exchange *x;
  atomic_size_t next, placed;
};

static void *write_pieces(void *context) {
  struct writers *w = context;
  char *scratch = malloc(w->x->piece_bytes);
  for (size_t piece; scratch && (piece = atomic_fetch_add(&w->next, 1)) < w->x->pieces;) {
    const size_t length = lossd_exchange_piece(w->x, piece, scratch);
    while (atomic_load(&w->placed) != piece) sched_yield();
    char *const place = lossd_exchange_place(w->x, length);
    atomic_store(&w->placed, piece + 1);
    memcpy(place, scratch, length);
  }
  free(scratch);
  return NULL;
}

static void writes_the_same_answer_in_pieces_by_several_threads(void **state) {
  (void)state;
  enum { THREADS = 4 };
  static const struct {
    int dim[4], rank;
    const char *reduction;
  } rows[] = {
      {{70001}, 1, "mean"},     {{70001}, 1, "none"},      {{1, 8193, 3}, 3, "none"},
      {{9000, 1, 1}, 3, "sum"}, {{3, 1, 8192}, 3, "none"}, {{2, 3, 5, 1024}, 4, "mean"},
      {{8193}, 1, "none"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char *body = large_body(rows[i].dim, rows[i].rank, rows[i].reduction);
    struct test_exchange whole, pieces;
    pthread_t thread[THREADS];
    test_exchange_init(&whole, "MSELoss", body, strlen(body));
    test_exchange_run(&whole);
    assert_int_equal(whole.x.http_status, 200);
    test_exchange_init(&pieces, "MSELoss", body, strlen(body));
    lossd_exchange_decode(&pieces.x);
    void *scratch = aligned_alloc(64, (pieces.x.scratch_bytes + 127) / 64 * 64);
    for (size_t k = 0; k < pieces.x.slices; k++) lossd_exchange_run(&pieces.x, k, scratch);
    free(scratch);
    lossd_exchange_finish(&pieces.x);
    assert_true(pieces.x.pieces > 1);
    struct writers writers = {.x = &pieces.x};
    for (int k = 0; k < THREADS; k++)
      assert_int_equal(pthread_create(&thread[k], NULL, write_pieces, &writers), 0);
    for (int k = 0; k < THREADS; k++) pthread_join(thread[k], NULL);
    lossd_exchange_encode(&pieces.x);
    assert_int_equal(pieces.x.http_status, 200);
    assert_int_equal(pieces.x.answer_length, whole.x.answer_length);
    assert_memory_equal(pieces.x.answer, whole.x.answer, whole.x.answer_length);
    test_exchange_done(&whole);
    test_exchange_done(&pieces);
    free(body);
  }
}

static void nests_a_large_answer_by_its_shape(void **state) {
  (void)state;
  enum { ROWS = 5000, ROW = 2 };
  static const int dim[] = {ROWS, ROW};
  char *body = large_body(dim, 2, "none");
  struct test_exchange t;
  test_exchange_init(&t, "MSELoss", body, strlen(body));
  test_exchange_run(&t);
  cJSON *answer = cJSON_ParseWithLength(t.x.answer, t.x.answer_length);
  const cJSON *loss = cJSON_GetObjectItem(answer, "loss"), *row;
  assert_int_equal(cJSON_GetArraySize(loss), ROWS);
  size_t i = 0;
  cJSON_ArrayForEach(row, loss) {
    assert_int_equal(cJSON_GetArraySize(row), ROW);
    for (int k = 0; k < ROW; k++, i++) {
      char text[32];
      snprintf(text, sizeof text, "%.6g", (double)(i * 7919 % 10007) / 997);
      const double difference = (double)strtof(text, NULL) - 0.5;
      assert_true(cJSON_GetArrayItem(row, k)->valuedouble == difference * difference);
    }
  }
  assert_string_equal(cJSON_GetObjectItem(answer, "id")->valuestring, "x");
  cJSON_Delete(answer);
  test_exchange_done(&t);
  free(body);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_the_same_in_stretches_in_any_order),
      cmocka_unit_test(writes_the_same_answer_in_pieces_by_several_threads),
      cmocka_unit_test(nests_a_large_answer_by_its_shape),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
