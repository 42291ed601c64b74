/* application/json: what is refused, with which status, where and with which cure. */
#include "tests/exchange.h"

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
    {"{\"inputs\":[1],}", 400, "bad_json", "", "write no comma before }"},
    {"{\"input\":[1,2 ,\n ]}", 400, "bad_json", "", "write no comma before ]"},
    {"{'input':[1]}", 400, "bad_json", "", "strings stand in double quotes"},
    {"{\"input\":['a']}", 400, "bad_json", "", "strings stand in double quotes"},
    {"{\"gradients\":True}", 400, "bad_json", "", "write true"},
    {"{\"gradients\":False}", 400, "bad_json", "", "write false"},
    {"{\"input\":[inf]}", 400, "bad_json", "", "write Infinity"},
    {"{\"input\":[.5]}", 400, "bad_json", "", "write a digit before the point"},
    {"{\"input\":[+1]}", 400, "bad_json", "", "write numbers without +"},
    {"{ // nothing\n}", 400, "bad_json", "", "JSON has no comments"},
    {"\x1F\x8B\x08", 400, "bad_json", "", "gzip data wants Content-Encoding: gzip"},
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
    {MSE("[1,2],\"options\":[]"), 422, "invalid_request", "/options", "write {\"reduction\": \"sum\"}"},
    {MSE("[\"\\u004ean\",2]"), 422, "invalid_tensor", "/input", ""},
    {MSE("[1,\"\\u004EaN \"]"), 422, "invalid_tensor", "/input/1",
     "numbers that are not finite are written NaN, Infinity and -Infinity"},
    {MSE("[1,\"\\U004eaN\"]"), 400, "bad_json", "", ""},
    {MSE("[\"\\u004eaN"), 400, "bad_json", "", ""},
    {MSE("[1,2],\"options\":{\"delta\":1}"), 422, "unknown_option", "/options/delta", ""},
    {MSE("[1,2],\"options\":{\"Reduction\":\"sum\"}"), 422, "unknown_option", "/options/Reduction",
     "did you mean reduction?"},
    {MSE("[1,2],\"options\":{\"reduction\":\"avg\"}"), 422, "invalid_option", "/options/reduction", ""},
    {MSE("[1,2],\"options\":{\"reduction\":1}"), 422, "invalid_option", "/options/reduction", ""},
    {MSE("[1,2],\"options\":{\"reduction\":null}"), 422, "invalid_option", "/options/reduction", ""},
    {MSE("[1,2],\"options\":{\"reduction\":[1]}"), 422, "invalid_option", "/options/reduction", ""},
    {MSE("[1,2],\"options\":{\"reduction\":1e999}"), 422, "invalid_option", "/options/reduction", ""},
    {MSE("[1,2],\"id\":5"), 422, "invalid_request", "/id", "write it in double quotes"},
    {MSE("[1,2],\"id\":null"), 422, "invalid_request", "/id", "leave id out"},
    {MSE("[1,2],\"gradients\":1"), 422, "invalid_request", "/gradients", "write [\"input\"], or true"},
    {MSE("[1,2],\"gradients\":\"input\""), 422, "invalid_request", "/gradients",
     "write [\"input\"], or true"},
    {MSE("[1,2],\"gradients\":[1]"), 422, "invalid_request", "/gradients", ""},
    {MSE("[1,2],\"gradients\":[\"input\",5]"), 422, "invalid_request", "/gradients/1", ""},
    {MSE("[1,2],\"gradients\":[\"weight\"]"), 422, "not_differentiable", "/gradients/0", ""},
    {MSE("[1,2],\"gradients\":[\"input\",\"input\"]"), 422, "duplicate_key", "/gradients/1", ""},
    {MSE("[1,2],\"gradients\":[\"input\",\"target\",\"\\u0069nput\"]"), 422, "duplicate_key", "/gradients/2",
     ""},
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refuses_what_is_no_evaluation),
      cmocka_unit_test(refuses_an_unknown_loss_before_the_body),
      cmocka_unit_test(refuses_a_query_after_the_bodys_syntax),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
