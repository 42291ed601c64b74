/* application/octet-stream: tensors described in the query, bytes in the body. */
#include "tests/binary.h"

/* ---- Answers ---- */

static void answers_with_tensors_in_the_contracts_order(void **state) {
  (void)state;
  struct test_exchange t;
  struct bytes body = {0}, answer = {0};
  ADD_FLOATS(&body, 1, 2, 3, 4);
  ADD_FLOATS(&body, 0, 0, 0, 0);
  run_bytes(&t, &lossd_format_raw, "MSELoss",
            "input=float32:2x2&target=float32:2x2&reduction=sum&gradients=input&id=a1", &body, 0);
  ADD_FLOATS(&answer, 30);
  ADD_DOUBLES(&answer, 30, 4);
  ADD_FLOATS(&answer, 2, 4, 6, 8);
  expect_bytes(&t, &answer);
  assert_string_equal(t.x.content_type, "application/octet-stream");
  assert_string_equal(header_of(&t, "Lossd-Tensors"),
                      "loss=float32:&numerator=float64:&denominator=float64:&grad.input=float32:2x2");
  assert_string_equal(header_of(&t, "Lossd-Id"), "a1");
  test_exchange_done(&t);
}

static void describes_unreduced_losses_without_numerator_and_id(void **state) {
  (void)state;
  struct test_exchange t;
  struct bytes body = {0}, answer = {0};
  ADD_DOUBLES(&body, 1, 2);
  ADD_DOUBLES(&body, 0, 0);
  run_bytes(&t, &lossd_format_raw, "MSELoss", "input=float64:1x2&target=float64:1x2&reduction=none", &body,
            0);
  ADD_DOUBLES(&answer, 1, 4);
  expect_bytes(&t, &answer);
  assert_string_equal(header_of(&t, "Lossd-Tensors"), "loss=float64:1x2");
  assert_null(header_of(&t, "Lossd-Id"));
  test_exchange_done(&t);
}

static void reads_tensors_in_the_querys_order(void **state) {
  (void)state;
  struct test_exchange t;
  struct bytes body = {0};
  add_bytes(&body, (int64_t[]){1}, 8);
  ADD_FLOATS(&body, 0.2f, 1.5f);
  run_bytes(&t, &lossd_format_raw, "CrossEntropyLoss", "target=int64:1&reduction=sum&input=float32:1x2",
            &body, 0);
  assert_int_equal(t.x.http_status, 200);
  float loss;
  memcpy(&loss, t.x.answer, sizeof loss);
  assert_true(fabsf(loss - 0.24100845f) < 1e-6f);
  test_exchange_done(&t);
}

static void takes_single_numbers_and_empty_tensors(void **state) {
  (void)state;
  struct test_exchange t;
  struct bytes body = {0}, answer = {0};
  ADD_FLOATS(&body, 3, 1);
  run_bytes(&t, &lossd_format_raw, "MSELoss", "input=float32:&target=float32:&gradients=true", &body, 0);
  ADD_FLOATS(&answer, 4);
  ADD_DOUBLES(&answer, 4, 1);
  ADD_FLOATS(&answer, 4, -4);
  expect_bytes(&t, &answer);
  assert_string_equal(header_of(&t, "Lossd-Tensors"), "loss=float32:&numerator=float64:&denominator=float64:&"
                                                      "grad.input=float32:&grad.target=float32:");
  test_exchange_done(&t);

  body.length = answer.length = 0;
  run_bytes(&t, &lossd_format_raw, "MSELoss",
            "input=float32:0x3&target=float32:0x3&reduction=sum&gradients=input", &body, 0);
  ADD_FLOATS(&answer, 0);
  ADD_DOUBLES(&answer, 0, 0);
  expect_bytes(&t, &answer);
  test_exchange_done(&t);
}

static void reads_bodies_at_any_address(void **state) {
  (void)state;
  struct bytes body = {0}, answer = {0};
  add_bytes(&body, (int8_t[]){1, 2, 3}, 3);
  ADD_DOUBLES(&body, 0.5, 0.5, 0.5);
  ADD_DOUBLES(&answer, 8.75, 8.75, 3, -1, -3, -5);
  for (size_t misalignment = 0; misalignment < 8; misalignment++) {
    struct test_exchange t;
    run_bytes(&t, &lossd_format_raw, "MSELoss",
              "input=int8:3&target=float64:3&gradients=target&reduction=sum", &body, misalignment);
    expect_bytes(&t, &answer);
    test_exchange_done(&t);
  }
}

/* ---- Where gradients are computed ---- */

static void computes_large_gradients_in_the_answer(void **state) {
  (void)state;
  static const struct {
    const char *query;
    size_t length; /* of the body */
    int role;
    size_t at; /* of its gradient in the answer */
  } cases[] = {
      {"input=float64:64&target=float64:64&gradients=input", 1024, 0, 24},
      {"input=float32:64&target=float32:64&gradients=input", 512, 0, 20},
      {"input=float16:64&target=float32:64&gradients=target", 384, 1, 20},
      {"input=float32:64&target=float64:64&gradients=target", 768, 1, 24},
      {"input=float16:64&target=float64:64&gradients=true", 640, 1, 24 + 128},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct test_exchange t;
    const struct bytes body = {.length = cases[i].length};
    run_bytes(&t, &lossd_format_raw, "MSELoss", cases[i].query, &body, 0);
    assert_int_equal(t.x.http_status, 200);
    assert_ptr_equal(t.x.plan.grad[cases[i].role], t.x.answer + cases[i].at);
    test_exchange_done(&t);
  }
}

static void copies_what_cannot_be_aligned(void **state) {
  (void)state;
  struct test_exchange t;
  struct bytes body = {0}, answer = {0};
  /* A float16 gradient of one number puts the float32 gradient after it at an odd multiple of two, or the
   * float64 loss before it. */
  add_bytes(&body, (uint16_t[]){0x4200}, 2); /* 3 */
  ADD_FLOATS(&body, 1, 2);
  ADD_DOUBLES(&body, 1, 1);
  run_bytes(&t, &lossd_format_raw, "MSELoss",
            "input=float16:&target=float32:2&sample_weight=float64:2&gradients=true&reduction=none", &body,
            0);
  ADD_DOUBLES(&answer, 4, 1);
  add_bytes(&answer, (uint16_t[]){0x4600}, 2); /* 6 */
  ADD_FLOATS(&answer, -4, -2);
  expect_bytes(&t, &answer);
  test_exchange_done(&t);
}

static void holds_little_more_than_body_and_answer(void **state) {
  (void)state;
  enum { N = 1 << 20 };
  struct test_exchange t;
  char *body = calloc(2 * N, sizeof(float)), query[96];
  assert_non_null(body);
  snprintf(query, sizeof query, "input=float32:%d&target=float32:%d&gradients=true", N, N);
  test_exchange_init(&t, "MSELoss", body, 2 * N * sizeof(float));
  t.x.request_format = t.x.answer_format = &lossd_format_raw;
  t.x.query = query;
  t.x.query_length = strlen(query);
  test_exchange_run(&t);
  assert_int_equal(t.x.http_status, 200);
  assert_int_equal(t.x.answer_length, 20 + 2 * N * sizeof(float));
  assert_true(t.arena.held < t.x.answer_length + (64 << 10));
  test_exchange_done(&t);
  free(body);
}

/* ---- Refusals ---- */

#define TARGET "&target=float32:2"

static const struct {
  const char *query;
  size_t length; /* of the body */
  int http;
  const char *code;
} refusals[] = {
    {"input=float32:2" TARGET, 15, 400, "bad_body"},
    {"input=float32:2" TARGET, 17, 400, "bad_body"},
    {"input=float32:2" TARGET, 0, 400, "bad_body"},
    {"input=float32:2" TARGET "&reduction=avg", 15, 400, "bad_body"},
    {"input=float32:4611686018427387903" TARGET, 16, 422, "invalid_shape"},
    {"input=float32:2305843009213693950" TARGET, 16, 400, "bad_body"},
    {"input=int8:9223372036854775807&target=int8:9223372036854775807", 16, 400, "bad_body"},
    {"input=int8:9223372036854775807&target=int8:9223372036854775807&weight=int8:2", 0, 400, "bad_body"},
    {"input=float32:4294967296x4294967296" TARGET, 16, 422, "invalid_shape"},
    {"input=float32:4294967296x4294967296x0" TARGET, 16, 422, "invalid_shape"},
    {"input=float32:9223372036854775808" TARGET, 16, 422, "invalid_shape"},
    {"input=float32:-2" TARGET, 16, 422, "invalid_shape"},
    {"input=float32:%2B2" TARGET, 16, 422, "invalid_shape"},
    {"input=float32:02" TARGET, 16, 422, "invalid_shape"},
    {"input=float32:2.0" TARGET, 16, 422, "invalid_shape"},
    {"input=float32:1e300" TARGET, 16, 422, "invalid_shape"},
    {"input=float32:2x" TARGET, 16, 422, "invalid_shape"},
    {"input=float32:x2" TARGET, 16, 422, "invalid_shape"},
    {"input=float32:1xx2" TARGET, 16, 422, "invalid_shape"},
    {"input=float32:2,1" TARGET, 16, 422, "invalid_shape"},
    {"input=float32:+2" TARGET, 16, 422, "invalid_shape"},
    {"input=float32:1x1x1x1x1x1x1x1x2" TARGET, 16, 422, "invalid_shape"},
    {"input=float32" TARGET, 16, 422, "invalid_shape"},
    {"input=" TARGET, 16, 422, "invalid_shape"},
    {"input" TARGET, 16, 422, "invalid_shape"},
    {"input=:2" TARGET, 16, 422, "dtype_mismatch"},
    {"input=float:2" TARGET, 16, 422, "dtype_mismatch"},
    {"input=uint16:2" TARGET, 16, 422, "dtype_mismatch"},
    {"input=uint32:2" TARGET, 16, 422, "dtype_mismatch"},
    {"input=uint64:2" TARGET, 16, 422, "dtype_mismatch"},
    {"input=FLOAT32:2" TARGET, 16, 422, "dtype_mismatch"},
    {"input=float32:2&input=float32:2", 16, 422, "duplicate_key"},
    {"input=float32:2" TARGET "&reduction=sum&reduction=sum", 16, 422, "duplicate_key"},
    {"input=float32:2" TARGET "&id=%zz", 16, 400, "bad_http"},
    {"inptu=float32:2" TARGET, 16, 422, "unknown_member"},
    {"input=float32:2" TARGET "&weight=float32:", 20, 422, "unknown_member"},
    {"input=float32:2" TARGET "&weight=1", 16, 422, "unknown_option"},
    {"input=float32:2" TARGET "&Reduction=sum", 16, 422, "unknown_option"},
    {"input=float32:2" TARGET "&reduction=avg", 16, 422, "invalid_option"},
    {"input=float32:2" TARGET "&gradients=weight", 16, 422, "not_differentiable"},
    {"input=float32:2" TARGET "&id=%0d%0aSet-Cookie:%20a", 16, 422, "invalid_request"},
    {"input=float32:2" TARGET "&id=+a", 16, 422, "invalid_request"},
    {"input=float32:2" TARGET "&id=a%20", 16, 422, "invalid_request"},
    {"input=float32:4", 16, 422, "missing_role"},
    {"", 0, 422, "missing_role"},
    {"", 1, 400, "bad_body"},
    {"input=float32:1&target=float32:3", 16, 422, "shape_mismatch"},
    {"input=float32:1000000x0&target=float32:0x1000000&broadcast=true", 0, 422, "shape_mismatch"},
};

static void refuses_what_is_no_evaluation(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
    struct test_exchange t;
    const struct bytes body = {.length = refusals[i].length};
    run_bytes(&t, &lossd_format_raw, "MSELoss", refusals[i].query, &body, 0);
    expect_problem(&t, refusals[i].query, refusals[i].http, refusals[i].code);
    assert_int_equal(t.x.header_count, 0);
    test_exchange_done(&t);
  }
}

static void hints_at_the_cure(void **state) {
  (void)state;
  static const struct {
    const char *query, *hint;
  } cases[] = {
      {"inptu=float32:2" TARGET, "did you mean input?"},
      {"", "describe the tensors in the query: ?input=float32:32x10&..."},
      {"reduction=sum", "describe the tensors in the query: ?input=float32:32x10&..."},
      {"input=float32:2" TARGET "&gradient=input", "did you mean gradients?"},
      {"input=float32:2" TARGET "&ids=1", "did you mean id?"},
      {"input=float32:2" TARGET "&reductoin=sum", "did you mean reduction?"},
      {"input=f4:2" TARGET, "did you mean float32?"},
      {"input=<f8:2" TARGET, "did you mean float64?"},
      {"input=uint16:2" TARGET, "send the next larger signed type, or int64"},
      {"input=flot32:2" TARGET, "did you mean float32?"},
      {"input=torch.float16:2" TARGET, "did you mean float16?"},
      {"input=double:2" TARGET, "did you mean float64?"},
      {"input=FP32:2" TARGET, "did you mean float32?"},
      {"input=float32" TARGET, "write float32:32x10, or float32: for a single number"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct test_exchange t;
    const struct bytes body = {.length = 16};
    run_bytes(&t, &lossd_format_raw, "MSELoss", cases[i].query, &body, 0);
    assert_string_equal(t.x.problem.hint, cases[i].hint);
    test_exchange_done(&t);
  }
}

static void tells_who_sends_a_file_of_numpys(void **state) {
  (void)state;
  struct test_exchange t;
  struct bytes body = {0};
  add_bytes(&body, "\x93NUMPY\1\0v\0{'descr': '<f4', }", 28);
  run_bytes(&t, &lossd_format_raw, "MSELoss", "input=float32:2" TARGET, &body, 0);
  expect_problem(&t, ".npy", 400, "bad_body");
  assert_non_null(strstr(t.x.problem.hint, "the body begins as a .npy file"));
  test_exchange_done(&t);
}

static void refuses_a_broadcast_bomb(void **state) {
  (void)state;
  enum { N = 1000000 };
  struct test_exchange t;
  char *body = calloc(2, N);
  assert_non_null(body);
  test_exchange_init(&t, "MSELoss", body, 2 * N);
  t.x.request_format = t.x.answer_format = &lossd_format_raw;
  t.x.query = "input=int8:1000000x1&target=int8:1x1000000&broadcast=true&reduction=none";
  t.x.query_length = strlen(t.x.query);
  test_exchange_run(&t);
  expect_problem(&t, t.x.query, 422, "too_many_elements");
  test_exchange_done(&t);
  free(body);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_with_tensors_in_the_contracts_order),
      cmocka_unit_test(describes_unreduced_losses_without_numerator_and_id),
      cmocka_unit_test(reads_tensors_in_the_querys_order),
      cmocka_unit_test(takes_single_numbers_and_empty_tensors),
      cmocka_unit_test(reads_bodies_at_any_address),
      cmocka_unit_test(computes_large_gradients_in_the_answer),
      cmocka_unit_test(copies_what_cannot_be_aligned),
      cmocka_unit_test(holds_little_more_than_body_and_answer),
      cmocka_unit_test(refuses_what_is_no_evaluation),
      cmocka_unit_test(hints_at_the_cure),
      cmocka_unit_test(tells_who_sends_a_file_of_numpys),
      cmocka_unit_test(refuses_a_broadcast_bomb),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
