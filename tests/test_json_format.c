/* application/json: requests and their answers, and limits. */
#include <stdatomic.h>

#include "tests/exchange.h"
#include "tests/scarce_memory.h"

static void expect_answer(const char *loss, const char *body, const char *answer) {
  struct test_exchange t;
  test_exchange_text(&t, loss, body);
  if (t.x.http_status != 200 || t.x.answer_length != strlen(answer) ||
      memcmp(t.x.answer, answer, t.x.answer_length))
    fail_msg("%s\n  gave %d %.*s\n  not %s", body, t.x.http_status, (int)t.x.answer_length, t.x.answer,
             answer);
  assert_string_equal(t.x.content_type, "application/json");
  test_exchange_done(&t);
}

struct answer {
  const char *body, *answer;
};
#define EXPECT_ANSWERS(loss, cases)                                                                          \
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)                                                \
  expect_answer(loss, cases[i].body, cases[i].answer)

static void answers_the_contracts_example(void **state) {
  (void)state;
  expect_answer("CrossEntropyLoss",
                "{\"input\": [[0.2, 1.5]], \"target\": [1], \"options\": {\"reduction\": \"sum\"}, "
                "\"gradients\": [\"input\"], \"id\": \"a1\"}",
                "{\"loss\":0.2410084538329922,\"numerator\":0.2410084538329922,\"denominator\":1,"
                "\"gradients\":{\"input\":[[0.2141650169574414,-0.2141650169574414]]},\"id\":\"a1\"}");
}

static void reads_every_spelling_of_a_tensor(void **state) {
  (void)state;
  static const char answer[] = "{\"loss\":12.5,\"numerator\":25,\"denominator\":2}";
  static const char *const inputs[] = {
      "[3,4]",
      "[3.0,4e0]",
      " [ 3 ,\t4.000 ]\n",
      "{\"data\":[3,4]}",
      "{\"data\":[3,4],\"dtype\":\"float64\"}",
      "{\"shape\":[2],\"data\":[3,4],\"dtype\":\"float64\"}",
      "{\"dtype\":\"float64\",\"shape\":[2.0],\"base64\":\"AAAAAAAACEAAAAAAAAAQQA==\"}",
      "{\"base64\":\"AAAAAAAACEAAAAAAAAAQQA==\",\"shape\":[2],\"dtype\":\"float64\"}",
      "{\"dtype\":\"float32\",\"shape\":[2],\"base64\":\"AABAQAAAgEA=\"}",
      "{\"dtype\":\"uint8\",\"shape\":[2],\"base64\":\"AwQ=\"}",
      "{\"dtype\":\"float32\",\"data\":[3,4]}",
      "{\"dtype\":\"float16\",\"data\":[3,4]}",
      "{\"dtype\":\"bfloat16\",\"data\":[3,4]}",
      "{\"dtype\":\"int64\",\"data\":[3,4.0]}",
      "{\"dtype\":\"int32\",\"data\":[3,40e-1]}",
      "{\"dtype\":\"int16\",\"data\":[3,0.4e1]}",
      "{\"dtype\":\"int8\",\"data\":[3,4]}",
      "{\"dtype\":\"uint8\",\"data\":[3,4]}",
      "{\"d\\u0061ta\":[3,4]}",
  };
  for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
    char body[256];
    snprintf(body, sizeof body, "{\"target\":[0,0],\"input\":%s}", inputs[i]);
    expect_answer("MSELoss", body, answer);
  }
}

static void takes_escaped_slashes_in_base64(void **state) {
  (void)state;
  expect_answer(
      "L1Loss",
      "{\"input\":{\"dtype\":\"int8\",\"shape\":[3],\"base64\":\"\\/\\/\\/\\u002f\"},\"target\":[0,0,0]}",
      "{\"loss\":1,\"numerator\":3,\"denominator\":3}");
}

static const struct answer shapes[] = {
    {"{\"input\":3,\"target\":1,\"gradients\":true}",
     "{\"loss\":4,\"numerator\":4,\"denominator\":1,\"gradients\":{\"input\":4,\"target\":-4}}"},
    {"{\"input\":{\"data\":3,\"shape\":[]},\"target\":{\"data\":[1],\"shape\":[]}}",
     "{\"loss\":4,\"numerator\":4,\"denominator\":1}"},
    {"{\"input\":{\"data\":[1,2,3,4],\"shape\":[2,2]},\"target\":[[0,0],[0,0]],\"options\":{\"reduction\":"
     "\"none\"}}",
     "{\"loss\":[[1,4],[9,16]]}"},
    {"{\"input\":{\"data\":[[1,2],[3,4]],\"shape\":[2,2]},\"target\":[[0,0],[0,0]],\"options\":{"
     "\"reduction\":\"none\"}}",
     "{\"loss\":[[1,4],[9,16]]}"},
    {"{\"input\":[[[1]],[[2]]],\"target\":[[[0]],[[0]]],\"options\":{\"reduction\":\"none\"}}",
     "{\"loss\":[[[1]],[[4]]]}"},
    {"{\"input\":[],\"target\":[],\"options\":{\"reduction\":\"sum\"},\"gradients\":[\"input\"]}",
     "{\"loss\":0,\"numerator\":0,\"denominator\":0,\"gradients\":{\"input\":[]}}"},
    {"{\"input\":[[],[]],\"target\":[[],[]],\"options\":{\"reduction\":\"none\"}}", "{\"loss\":[[],[]]}"},
    {"{\"input\":{\"shape\":[0,3],\"data\":[]},\"target\":{\"shape\":[0,3],\"data\":[]},\"options\":{"
     "\"reduction\":"
     "\"none\"}}",
     "{\"loss\":[]}"},
};

static void keeps_shapes(void **state) {
  (void)state;
  EXPECT_ANSWERS("MSELoss", shapes);
}

static const struct answer numbers[] = {
    {"{\"input\":[NaN,\"NaN\"],\"target\":[0,0]}", "{\"loss\":[\"NaN\",\"NaN\"]}"},
    {"{\"input\":[\"\\u004e\\u0061N\",1],\"target\":[0,\"N\\u0061N\"]}", "{\"loss\":[\"NaN\",\"NaN\"]}"},
    {"{\"input\":\"N\\u0061N\",\"target\":0}", "{\"loss\":\"NaN\"}"},
    {"{\"input\":{\"dtype\":\"float16\",\"data\":[\"\\u002DInfinity\",3,4,5]},\"target\":{\"dtype\":"
     "\"float32\",\"data\":[1,\"\\u0049nfinity\",2,3]}}",
     "{\"loss\":[\"Infinity\",\"Infinity\",2,2]}"},
    {"{\"input\":[Infinity,-Infinity,\"Infinity\",\"-Infinity\"],\"target\":[0,0,0,0]}",
     "{\"loss\":[\"Infinity\",\"Infinity\",\"Infinity\",\"Infinity\"]}"},
    {"{\"input\":\"-Infinity\",\"target\":Infinity}", "{\"loss\":\"Infinity\"}"},
    {"{\"input\":[0.1,1e-320,1.7976931348623157e308],\"target\":[0,0,0]}",
     "{\"loss\":[0.1,1e-320,1.7976931348623157e308]}"},
    {"{\"input\":{\"dtype\":\"float32\",\"data\":[0.1,16777217]},\"target\":{\"dtype\":\"float32\",\"data\":["
     "0,0]}}",
     "{\"loss\":[0.1,16777216]}"},
    {"{\"input\":{\"dtype\":\"float16\",\"data\":[0.1]},\"target\":{\"dtype\":\"float16\",\"data\":[0]}}",
     "{\"loss\":[0.099975586]}"},
    {"{\"input\":{\"dtype\":\"bfloat16\",\"data\":[0.1]},\"target\":{\"dtype\":\"float16\",\"data\":[0]}}",
     "{\"loss\":[0.100097656]}"},
    {"{\"input\":{\"dtype\":\"bool\",\"data\":[true,false]},\"target\":[0,0]}", "{\"loss\":[1,0]}"},
    {"{\"input\":{\"dtype\":\"int64\",\"data\":[-9223372036854775808,9223372036854774784]},\"target\":[0,0]}",
     "{\"loss\":[9.223372036854776e18,9.223372036854775e18]}"},
};

static void reads_and_writes_special_numbers(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    char body[320];
    const size_t length = strlen(numbers[i].body);
    snprintf(body, sizeof body, "%.*s,\"options\":{\"reduction\":\"none\"}}", (int)length - 1,
             numbers[i].body);
    expect_answer("L1Loss", body, numbers[i].answer);
  }
}

static const struct answer gradients[] = {
    {"{\"input\":[1],\"target\":[3],\"gradients\":false}", "{\"loss\":4,\"numerator\":4,\"denominator\":1}"},
    {"{\"input\":[1],\"target\":[3],\"gradients\":[]}", "{\"loss\":4,\"numerator\":4,\"denominator\":1}"},
    {"{\"input\":[1],\"target\":[3],\"gradients\":[\"target\",\"input\"]}",
     "{\"loss\":4,\"numerator\":4,\"denominator\":1,\"gradients\":{\"input\":[-4],\"target\":[4]}}"},
    {"{\"input\":[1],\"target\":{\"dtype\":\"int8\",\"data\":[3]},\"gradients\":true}",
     "{\"loss\":4,\"numerator\":4,\"denominator\":1,\"gradients\":{\"input\":[-4]}}"},
    {"{\"input\":[1],\"target\":[3],\"gradients\":[\"input\"],\"grad_output\":0.5}",
     "{\"loss\":4,\"numerator\":4,\"denominator\":1,\"gradients\":{\"input\":[-2]}}"},
    {"{\"input\":[1,1],\"target\":[3,3],\"gradients\":[\"input\"],\"sample_weight\":[0,2]}",
     "{\"loss\":4,\"numerator\":8,\"denominator\":2,\"gradients\":{\"input\":[0,-4]}}"},
};

static void gives_the_gradients_asked_for(void **state) {
  (void)state;
  EXPECT_ANSWERS("MSELoss", gradients);
}

static const struct answer ids[] = {
    {"{\"input\":1,\"target\":1,\"id\":\"\"}", "{\"loss\":0,\"numerator\":0,\"denominator\":1,\"id\":\"\"}"},
    {"{\"input\":1,\"target\":1,\"id\":\"\\u00e4\\\"\\\\\\n\\u0000\\ud83d\\ude00\"}",
     "{\"loss\":0,\"numerator\":0,\"denominator\":1,\"id\":\"\xC3\xA4\\\"\\\\\\n\\u0000\xF0\x9F\x98\x80\"}"},
};

static void echoes_the_id(void **state) {
  (void)state;
  EXPECT_ANSWERS("MSELoss", ids);
}

static const struct answer class_targets[] = {
    {"{\"input\":[[0,0]],\"target\":[1],\"options\":{\"reduction\":\"none\"}}",
     "{\"loss\":[0.6931471805599453]}"},
    {"{\"input\":[[0,0]],\"target\":[[0.5,0.5]],\"options\":{\"reduction\":\"none\"}}",
     "{\"loss\":[0.6931471805599453]}"},
    {"{\"target\":[1.0],\"options\":{\"reduction\":\"none\"},\"input\":[[0,0]]}",
     "{\"loss\":[0.6931471805599453]}"},
};

static void reads_targets_as_indices_or_probabilities_by_their_rank(void **state) {
  (void)state;
  EXPECT_ANSWERS("CrossEntropyLoss", class_targets);
}

static void takes_ids_of_up_to_128_bytes(void **state) {
  (void)state;
  for (int length = 127; length < 130; length++) {
    char body[256];
    struct test_exchange t;
    snprintf(body, sizeof body, "{\"input\":1,\"target\":1,\"id\":\"%0*d\"}", length, 0);
    test_exchange_text(&t, "MSELoss", body);
    assert_int_equal(t.x.http_status, length <= 128 ? 200 : 422);
    test_exchange_done(&t);
  }
}

/* ---- Limits ---- */

#define MSE(input) "{\"target\":[1,2],\"input\":" input "}"

static void refuses_an_evaluation_that_needs_too_much_memory(void **state) {
  (void)state;
  static const char *const bodies[] = {
      MSE("[1,2]"), "{\"input\":{\"shape\":[1000000000000,0],\"data\":[]},\"target\":1,\"gradients\":true}"};
  static const size_t limits[] = {20000, 1 << 20};
  for (size_t i = 0; i < 2; i++) {
    struct test_exchange t;
    test_exchange_init(&t, "MSELoss", bodies[i], strlen(bodies[i]));
    t.limits.max_request_bytes = limits[i];
    if (i == 0) t.limits.max_request_bytes = 10;
    test_exchange_run(&t);
    assert_int_equal(t.x.http_status, 422);
    assert_int_equal(t.x.problem.status, LOSSD_TOO_MANY_ELEMENTS);
    test_exchange_done(&t);
  }
}

static void stops_when_cancelled(void **state) {
  (void)state;
  static const char body[] = MSE("[1,2]");
  atomic_int cancelled = 0;
  struct test_exchange t;
  test_exchange_init(&t, "MSELoss", body, strlen(body));
  t.x.cancelled = &cancelled;
  lossd_exchange_decode(&t.x);
  assert_int_equal(t.x.problem.status, LOSSD_OK);
  cancelled = 1;
  lossd_exchange_encode(&t.x);
  assert_int_equal(t.x.problem.status, LOSSD_CANCELLED);
  assert_int_equal(t.x.http_status, 504);
  test_exchange_done(&t);
}

static void answers_503_wherever_memory_runs_out(void **state) {
  (void)state;
  static const char body[] =
      MSE("{\"data\":[1,2],\"dtype\":\"float32\"},\"gradients\":true,\"id\":\"\\u0041\"");
  int status = 503;
  for (int blocks = 0; status == 503; blocks++) {
    int left = blocks;
    const struct lossd_memory memory = scarce_memory(&left);
    struct test_exchange t;
    assert_true(blocks < 100);
    test_exchange_init(&t, "MSELoss", body, strlen(body));
    lossd_arena_init(&t.arena, &memory);
    test_exchange_run(&t);
    status = t.x.http_status;
    assert_true(status == 200 || (status == 503 && strstr(t.x.answer, "out_of_memory")));
    test_exchange_done(&t);
  }
  assert_int_equal(status, 200);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_the_contracts_example),
      cmocka_unit_test(reads_every_spelling_of_a_tensor),
      cmocka_unit_test(takes_escaped_slashes_in_base64),
      cmocka_unit_test(keeps_shapes),
      cmocka_unit_test(reads_and_writes_special_numbers),
      cmocka_unit_test(gives_the_gradients_asked_for),
      cmocka_unit_test(echoes_the_id),
      cmocka_unit_test(reads_targets_as_indices_or_probabilities_by_their_rank),
      cmocka_unit_test(takes_ids_of_up_to_128_bytes),
      cmocka_unit_test(refuses_an_evaluation_that_needs_too_much_memory),
      cmocka_unit_test(stops_when_cancelled),
      cmocka_unit_test(answers_503_wherever_memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
