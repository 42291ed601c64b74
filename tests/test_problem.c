/* Problems on the wire. */
#include "api/problem.h"

#include "tests/scarce_memory.h"
#include "tests/unit.h"

static void expect_body(const struct lossd_problem *problem, enum lossd_error_style style,
                        const char *expected) {
  struct lossd_arena arena;
  size_t length;
  lossd_arena_init(&arena, NULL);
  const char *body = lossd_problem_body(problem, style, &arena, &length);
  if (length != strlen(expected) || memcmp(body, expected, length))
    fail_msg("gave %.*s\nnot  %s", (int)length, body, expected);
  lossd_arena_reset(&arena);
}

static void names_the_cure_of_its_status(void **state) {
  (void)state;
  struct lossd_problem problem;
  lossd_fail(&problem, LOSSD_NOT_FOUND, NULL, "there is nothing at /x");
  expect_body(
      &problem, LOSSD_ERROR_PROBLEM,
      "{\"type\":\"/errors/not-found\",\"title\":\"There is nothing at this path\",\"status\":404,"
      "\"code\":\"not_found\",\"detail\":\"there is nothing at /x\",\"hint\":\"see /docs for the paths\"}");
}

static void carries_pointer_hint_and_offset(void **state) {
  (void)state;
  struct lossd_problem problem;
  lossd_fail(&problem, LOSSD_SHAPE_MISMATCH, "/target", "target has shape [3], input has shape [4]");
  lossd_hint(&problem, "send the same shape");
  problem.offset = 0;
  expect_body(&problem, LOSSD_ERROR_PROBLEM,
              "{\"type\":\"/errors/shape-mismatch\",\"title\":\"Shapes do not match\",\"status\":422,"
              "\"code\":\"shape_mismatch\",\"detail\":\"target has shape [3], input has shape [4]\","
              "\"pointer\":\"/target\",\"hint\":\"send the same shape\",\"offset\":0}");
}

static void gives_open_inference_clients_one_string(void **state) {
  (void)state;
  struct lossd_problem problem;
  lossd_fail(&problem, LOSSD_UNKNOWN_LOSS, NULL, "there is no loss \"x\"");
  lossd_hint(&problem, "did you mean y?");
  expect_body(&problem, LOSSD_ERROR_OPEN_INFERENCE,
              "{\"error\":\"there is no loss \\\"x\\\" (did you mean y?)\",\"type\":\"/errors/unknown-loss\","
              "\"title\":\"No such loss\",\"status\":404,\"code\":\"unknown_loss\","
              "\"detail\":\"there is no loss \\\"x\\\"\",\"hint\":\"did you mean y?\"}");
}

static void escapes_and_repairs_text(void **state) {
  (void)state;
  struct lossd_problem problem;
  lossd_fail(&problem, LOSSD_BAD_HTTP, NULL, "\t\x01\"\\ \xC3\xA4 \xC3 \xFF\x7F");
  expect_body(
      &problem, LOSSD_ERROR_PROBLEM,
      "{\"type\":\"/errors/bad-http\",\"title\":\"The HTTP message is not well-formed\",\"status\":400,"
      "\"code\":\"bad_http\",\"detail\":\"\\t\\u0001\\\"\\\\ \xC3\xA4 \xEF\xBF\xBD "
      "\xEF\xBF\xBD\x7F\",\"hint\":\"send well-formed HTTP/1.1\"}");
}

static void maps_statuses_to_http(void **state) {
  (void)state;
  static const struct {
    int status, http;
  } cases[] = {{LOSSD_UNKNOWN_LOSS, 404},   {LOSSD_OUT_OF_MEMORY, 503}, {LOSSD_CANCELLED, 504},
               {LOSSD_MISSING_ROLE, 422},   {LOSSD_BAD_JSON, 400},      {LOSSD_BODY_TOO_LARGE, 413},
               {LOSSD_INVALID_TENSOR, 422}, {LOSSD_DRAINING, 503}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    assert_int_equal(lossd_status_row(cases[i].status)->http, cases[i].http);
}

static void every_status_has_a_row(void **state) {
  (void)state;
  for (int status = 1; status < LOSSD_API_STATUSES; status++) {
    const struct lossd_status_row *row = lossd_status_row(status);
    assert_non_null(row->code);
    assert_non_null(row->title);
    assert_true(strlen(row->hint) > 0);
    assert_in_range(row->http, 400, 599);
  }
}

static void has_a_body_without_memory_too(void **state) {
  (void)state;
  int blocks = 0;
  const struct lossd_memory nothing = scarce_memory(&blocks);
  struct lossd_arena arena;
  struct lossd_problem problem;
  size_t length;
  lossd_arena_init(&arena, &nothing);
  lossd_fail(&problem, LOSSD_OUT_OF_MEMORY, NULL, "no memory");
  const char *body = lossd_problem_body(&problem, LOSSD_ERROR_PROBLEM, &arena, &length);
  assert_int_equal(length, strlen(body));
  assert_non_null(strstr(body, "\"code\":\"out_of_memory\""));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_the_cure_of_its_status),
      cmocka_unit_test(carries_pointer_hint_and_offset),
      cmocka_unit_test(gives_open_inference_clients_one_string),
      cmocka_unit_test(escapes_and_repairs_text),
      cmocka_unit_test(maps_statuses_to_http),
      cmocka_unit_test(every_status_has_a_row),
      cmocka_unit_test(has_a_body_without_memory_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
