/* application/json: requests, answers and refusals, as the contract says them. */
#include <cjson/cJSON.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "tests/exchange.h"

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

/* Refusals
 * ------------------------------------------------------------------------------------------------------ */

struct refusal {
  const char *body;
  int http;
  const char *code, *pointer, *hint;
};

#define MSE(input) "{\"target\":[1,2],\"input\":" input "}"
static const struct refusal refusals[] = {
    {"", 400, "bad_json", "", ""},
    {"{\"input\":[1,2],", 400, "bad_json", "", ""},
    {"{\"input\":[1],\"input\":[1]}", 400, "bad_json", "", ""},
    {"{\"inputs\":[1],}", 400, "bad_json", "", ""},
    {"[1]", 422, "invalid_request", "", ""},
    {"[]", 422, "invalid_request", "", ""},
    {"\"x\"", 422, "invalid_request", "", ""},
    {"null", 422, "invalid_request", "", ""},
    {"1", 422, "invalid_request", "", ""},
    {"{}", 422, "missing_role", "/input", ""},
    {"{\"input\":[1]}", 422, "missing_role", "/target", ""},
    {"{\"inptu\":[1]}", 422, "unknown_member", "/inptu", "did you mean input?"},
    {"{\"Input\":[1]}", 422, "unknown_member", "/Input", "did you mean input?"},
    {"{\"reduction\":\"sum\"}", 422, "unknown_member", "/reduction", "options go into the member options"},
    {"{\"definition\":\"pytorch\"}", 422, "unknown_member", "/definition",
     "options go into the member options"},
    {"{\"a/b~\":1}", 422, "unknown_member", "/a~1b~0", ""},
    {MSE("null"), 422, "invalid_tensor", "/input", ""},
    {MSE("\"1\""), 422, "invalid_tensor", "/input", ""},
    {MSE("true"), 422, "invalid_tensor", "/input", ""},
    {MSE("[1,true]"), 422, "invalid_tensor", "/input/1", ""},
    {MSE("[1,\"2\"]"), 422, "invalid_tensor", "/input/1", ""},
    {MSE("[[1,2],[3,null]]"), 422, "invalid_tensor", "/input/1/1", ""},
    {MSE("[1,{\"a\":2}]"), 422, "invalid_tensor", "/input/1", ""},
    {MSE("[\"a\",1]"), 422, "invalid_tensor", "/input", ""},
    {MSE("[[1],[2,3]]"), 422, "invalid_tensor", "/input", ""},
    {MSE("[1,[2]]"), 422, "invalid_tensor", "/input", ""},
    {MSE("[[[[[[[[[1]]]]]]]]]"), 422, "invalid_shape", "/input", ""},
    {MSE("[1,1e400]"), 422, "value_out_of_domain", "/input/1", "write an infinite value as Infinity"},
    {MSE("{}"), 422, "invalid_tensor", "/input", ""},
    {MSE("{\"dta\":[1,2]}"), 422, "unknown_member", "/input/dta", "did you mean data?"},
    {MSE("{\"data\":[1,2],\"base64\":\"\"}"), 422, "invalid_tensor", "/input", ""},
    {MSE("{\"base64\":\"AwQ=\",\"shape\":[2]}"), 422, "invalid_tensor", "/input", ""},
    {MSE("{\"base64\":\"AwQ=\",\"dtype\":\"int8\"}"), 422, "invalid_tensor", "/input", ""},
    {MSE("{\"base64\":[3,4],\"dtype\":\"int8\",\"shape\":[2]}"), 422, "invalid_tensor", "/input/base64", ""},
    {MSE("{\"base64\":\"AwQ\",\"dtype\":\"int8\",\"shape\":[2]}"), 422, "invalid_tensor", "/input/base64",
     ""},
    {MSE("{\"base64\":\"AwR=\",\"dtype\":\"int8\",\"shape\":[2]}"), 422, "invalid_tensor", "/input/base64",
     ""},
    {MSE("{\"base64\":\"Aw==\",\"dtype\":\"int8\",\"shape\":[2]}"), 422, "invalid_tensor", "/input/base64",
     ""},
    {MSE("{\"base64\":\"A-Q=\",\"dtype\":\"int8\",\"shape\":[2]}"), 422, "invalid_tensor", "/input/base64",
     ""},
    {MSE("{\"base64\":\" AwQ\",\"dtype\":\"int8\",\"shape\":[2]}"), 422, "invalid_tensor", "/input/base64",
     ""},
    {MSE("{\"base64\":\"AwQ=\",\"dtype\":\"int8\",\"shape\":[1000000000000]}"), 422, "invalid_tensor",
     "/input/base64", ""},
    {MSE("{\"data\":[1,2],\"dtype\":\"float\"}"), 422, "dtype_mismatch", "/input/dtype", ""},
    {MSE("{\"data\":[1,2],\"dtype\":\"Float32\"}"), 422, "dtype_mismatch", "/input/dtype",
     "did you mean float32?"},
    {MSE("{\"data\":[1,2],\"dtype\":\"uint32\"}"), 422, "dtype_mismatch", "/input/dtype",
     "send the next larger signed type, or int64"},
    {MSE("{\"data\":[1,2],\"dtype\":5}"), 422, "invalid_tensor", "/input/dtype", ""},
    {MSE("{\"data\":[1,2],\"shape\":[-2]}"), 422, "invalid_shape", "/input/shape/0", ""},
    {MSE("{\"data\":[1,2],\"shape\":[1,2.5]}"), 422, "invalid_shape", "/input/shape/1", ""},
    {MSE("{\"data\":[1,2],\"shape\":[1e300]}"), 422, "invalid_shape", "/input/shape/0", ""},
    {MSE("{\"data\":[1,2],\"shape\":[NaN]}"), 422, "invalid_shape", "/input/shape/0", ""},
    {MSE("{\"data\":[1,2],\"shape\":[\"3\"]}"), 422, "invalid_shape", "/input/shape", ""},
    {MSE("{\"data\":[1,2],\"shape\":[2,\"3\"]}"), 422, "invalid_shape", "/input/shape", ""},
    {MSE("{\"data\":[1,2],\"shape\":2}"), 422, "invalid_shape", "/input/shape", ""},
    {MSE("{\"data\":[1,2],\"shape\":[[2]]}"), 422, "invalid_shape", "/input/shape", ""},
    {MSE("{\"data\":[1,2],\"shape\":[4294967296,4294967296]}"), 422, "invalid_shape", "/input/shape", ""},
    {MSE("{\"data\":[1,2],\"shape\":[1,1,1,1,1,1,1,1,2]}"), 422, "invalid_shape", "/input/shape", ""},
    {MSE("{\"data\":[1,2],\"shape\":[3]}"), 422, "invalid_tensor", "/input/data", ""},
    {MSE("{\"data\":[[1],[2]],\"shape\":[1,2]}"), 422, "invalid_tensor", "/input/data", ""},
    {MSE("{\"data\":[[1,2]],\"shape\":[2]}"), 422, "invalid_tensor", "/input/data", ""},
    {MSE("{\"data\":[[1],[2,3]]}"), 422, "invalid_tensor", "/input/data", ""},
    {MSE("{\"data\":{\"a\":1}}"), 422, "invalid_tensor", "/input/data", ""},
    {MSE("{\"data\":[1,1e39],\"dtype\":\"float32\"}"), 422, "value_out_of_domain", "/input/data/1",
     "send it as float64, or an infinite value as Infinity"},
    {MSE("{\"data\":[1,65520],\"dtype\":\"float16\"}"), 422, "value_out_of_domain", "/input/data/1",
     "send it as float64, or an infinite value as Infinity"},
    {MSE("{\"data\":[1,3.4e38],\"dtype\":\"bfloat16\"}"), 422, "value_out_of_domain", "/input/data/1",
     "send it as float64, or an infinite value as Infinity"},
    {MSE("{\"data\":[1,9223372036854775808],\"dtype\":\"int64\"}"), 422, "value_out_of_domain",
     "/input/data/1", "send whole numbers within the range of int64"},
    {MSE("{\"data\":[-2147483649,2],\"dtype\":\"int32\"}"), 422, "value_out_of_domain", "/input/data/0",
     "send whole numbers within the range of int32"},
    {MSE("{\"data\":[1,32768],\"dtype\":\"int16\"}"), 422, "value_out_of_domain", "/input/data/1",
     "send whole numbers within the range of int16"},
    {MSE("{\"data\":[1,-129],\"dtype\":\"int8\"}"), 422, "value_out_of_domain", "/input/data/1",
     "send whole numbers within the range of int8"},
    {MSE("{\"data\":[1,-1],\"dtype\":\"uint8\"}"), 422, "value_out_of_domain", "/input/data/1",
     "send whole numbers within the range of uint8"},
    {MSE("{\"data\":[1,1.5],\"dtype\":\"int64\"}"), 422, "value_out_of_domain", "/input/data/1",
     "send whole numbers within the range of int64"},
    {MSE("{\"data\":[1,NaN],\"dtype\":\"int64\"}"), 422, "value_out_of_domain", "/input/data/1",
     "send whole numbers within the range of int64"},
    {MSE("{\"data\":[true,1],\"dtype\":\"bool\"}"), 422, "invalid_tensor", "/input/data/1",
     "send true and false"},
    {MSE("{\"data\":[1,true],\"dtype\":\"int8\"}"), 422, "invalid_tensor", "/input/data/1", ""},
    {MSE("[1]"), 422, "shape_mismatch", "", ""},
    {MSE("[1,2],\"options\":[]"), 422, "invalid_request", "/options", ""},
    {MSE("[1,2],\"options\":{\"delta\":1}"), 422, "unknown_option", "/options/delta", ""},
    {MSE("[1,2],\"options\":{\"Reduction\":\"sum\"}"), 422, "unknown_option", "/options/Reduction",
     "did you mean reduction?"},
    {MSE("[1,2],\"options\":{\"reduction\":\"avg\"}"), 422, "invalid_option", "/options/reduction", ""},
    {MSE("[1,2],\"options\":{\"reduction\":1}"), 422, "invalid_option", "/options/reduction", ""},
    {MSE("[1,2],\"options\":{\"reduction\":null}"), 422, "invalid_option", "/options/reduction", ""},
    {MSE("[1,2],\"options\":{\"reduction\":[1]}"), 422, "invalid_option", "/options/reduction", ""},
    {MSE("[1,2],\"options\":{\"reduction\":1e999}"), 422, "invalid_option", "/options/reduction", ""},
    {MSE("[1,2],\"id\":5"), 422, "invalid_request", "/id", ""},
    {MSE("[1,2],\"id\":null"), 422, "invalid_request", "/id", ""},
    {MSE("[1,2],\"gradients\":1"), 422, "invalid_request", "/gradients", ""},
    {MSE("[1,2],\"gradients\":\"input\""), 422, "invalid_request", "/gradients", ""},
    {MSE("[1,2],\"gradients\":[1]"), 422, "invalid_request", "/gradients", ""},
    {MSE("[1,2],\"gradients\":[\"input\",5]"), 422, "invalid_request", "/gradients/1", ""},
    {MSE("[1,2],\"gradients\":[\"weight\"]"), 422, "not_differentiable", "/gradients/0", ""},
    {MSE("[1,2],\"gradients\":[\"input\",\"sample_weight\"]"), 422, "not_differentiable", "/gradients/1", ""},
    {MSE("{\"data\":[1,2],\"dtype\":\"int8\"},\"gradients\":[\"input\"]"), 422, "not_differentiable",
     "/gradients/0", ""},
};

static void expect_refusal(const struct test_exchange *t, const struct refusal *r) {
  const struct lossd_problem *problem = &t->x.problem;
  if (t->x.http_status != r->http || strcmp(lossd_status_row(problem->status)->code, r->code) ||
      (*r->pointer && strcmp(problem->pointer, r->pointer)) || (*r->hint && strcmp(problem->hint, r->hint)))
    fail_msg("%s\n  gave %d %.*s\n  not %d %s %s %s", r->body, t->x.http_status, (int)t->x.answer_length,
             t->x.answer, r->http, r->code, r->pointer, r->hint);
  assert_string_equal(t->x.content_type, "application/problem+json");
}

static void refuses_what_is_no_evaluation(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
    struct test_exchange t;
    test_exchange_text(&t, "MSELoss", refusals[i].body);
    expect_refusal(&t, &refusals[i]);
    test_exchange_done(&t);
  }
}

static void refuses_an_unknown_loss_before_the_body(void **state) {
  (void)state;
  static const struct refusal refusal = {"{", 404, "unknown_loss", "", "did you mean MSELoss?"};
  struct test_exchange t;
  test_exchange_text(&t, "MSLoss", refusal.body);
  expect_refusal(&t, &refusal);
  test_exchange_done(&t);
}

static void refuses_a_query_after_the_bodys_syntax(void **state) {
  (void)state;
  static const struct refusal cases[] = {{MSE("[1,2]"), 422, "invalid_request", "", ""},
                                         {MSE("[1,2"), 400, "bad_json", "", ""}};
  for (size_t i = 0; i < 2; i++) {
    struct test_exchange t;
    test_exchange_init(&t, "MSELoss", cases[i].body, strlen(cases[i].body));
    t.x.query = "reduction=sum";
    t.x.query_length = strlen(t.x.query);
    test_exchange_run(&t);
    expect_refusal(&t, &cases[i]);
    test_exchange_done(&t);
  }
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

/* Limits
 * -------------------------------------------------------------------------------------------------------- */

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

/* Memory that runs out after `left` blocks. */
static void *take_some(void *context, size_t bytes) {
  int *left = context;
  return (*left)-- > 0 ? aligned_alloc(64, bytes) : NULL;
}
static void give_some(void *context, void *block, size_t bytes) {
  (void)context;
  (void)bytes;
  free(block);
}

static void answers_503_wherever_memory_runs_out(void **state) {
  (void)state;
  static const char body[] =
      MSE("{\"data\":[1,2],\"dtype\":\"float32\"},\"gradients\":true,\"id\":\"\\u0041\"");
  int status = 503;
  for (int blocks = 0; status == 503; blocks++) {
    int left = blocks;
    const struct lossd_memory memory = {take_some, give_some, &left};
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

/* Pieces of a large answer
 * ------------------------------------------------------------------------------------------- */

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
      cmocka_unit_test(answers_the_contracts_example),
      cmocka_unit_test(reads_every_spelling_of_a_tensor),
      cmocka_unit_test(takes_escaped_slashes_in_base64),
      cmocka_unit_test(keeps_shapes),
      cmocka_unit_test(reads_and_writes_special_numbers),
      cmocka_unit_test(gives_the_gradients_asked_for),
      cmocka_unit_test(echoes_the_id),
      cmocka_unit_test(reads_targets_as_indices_or_probabilities_by_their_rank),
      cmocka_unit_test(refuses_what_is_no_evaluation),
      cmocka_unit_test(refuses_an_unknown_loss_before_the_body),
      cmocka_unit_test(refuses_a_query_after_the_bodys_syntax),
      cmocka_unit_test(takes_ids_of_up_to_128_bytes),
      cmocka_unit_test(refuses_an_evaluation_that_needs_too_much_memory),
      cmocka_unit_test(stops_when_cancelled),
      cmocka_unit_test(answers_503_wherever_memory_runs_out),
      cmocka_unit_test(writes_the_same_answer_in_pieces_by_several_threads),
      cmocka_unit_test(nests_a_large_answer_by_its_shape),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
