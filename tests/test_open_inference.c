/* Open Inference Protocol v2: inference in JSON, binary and mixed. */
#include <cjson/cJSON.h>

#include "tests/binary.h"

/* Runs a request of JSON and the bytes behind it. ihcl: the header's value, NULL: none, "": the JSON's
 * length.
 */
static void run_inference(struct test_exchange *t, const char *loss, const char *json,
                          const struct bytes *binary, const char *ihcl) {
  struct bytes body = {0};
  char length[24];
  add_text(&body, json);
  if (binary) add_bytes(&body, binary->data, binary->length);
  snprintf(length, sizeof length, "%zu", strlen(json));
  char *copy = malloc(body.length + !body.length);
  assert_non_null(copy);
  memcpy(copy, body.data, body.length);
  test_exchange_init(t, loss, copy, body.length);
  t->x.request_format = t->x.answer_format = &lossd_format_open_inference;
  t->x.inference_header_length = ihcl && !*ihcl ? length : ihcl;
  test_exchange_run(t);
  free(copy);
}

static void expect_json(const char *loss, const char *request, const char *answer) {
  struct test_exchange t;
  run_inference(&t, loss, request, NULL, NULL);
  if (t.x.http_status != 200 || t.x.answer_length != strlen(answer) ||
      memcmp(t.x.answer, answer, t.x.answer_length))
    fail_msg("%s\n  gave %d %.*s\n  not %s", request, t.x.http_status, (int)t.x.answer_length, t.x.answer,
             answer);
  assert_string_equal(t.x.content_type, "application/json");
  assert_int_equal(t.x.header_count, 0);
  test_exchange_done(&t);
}

#define TENSOR(name, datatype, shape, rest)                                                                  \
  "{\"name\":\"" name "\",\"datatype\":\"" datatype "\",\"shape\":" shape "," rest "}"
#define INPUT TENSOR("input", "FP32", "[2]", "\"data\":[1,2]")
#define TARGET TENSOR("target", "FP32", "[2]", "\"data\":[0,0]")
#define REQUEST(rest) "{\"inputs\":[" INPUT "," TARGET "]" rest "}"
#define ANSWER(outputs) "{\"model_name\":\"MSELoss\",\"model_version\":\"1\",\"outputs\":[" outputs "]}"
#define LOSS(value) TENSOR("loss", "FP32", "[]", "\"data\":[" value "]")
#define SUMS(numerator, denominator)                                                                         \
  TENSOR("numerator", "FP64", "[]", "\"data\":[" numerator "]")                                              \
  "," TENSOR("denominator", "FP64", "[]", "\"data\":[" denominator "]")
#define NUMBERS(name, values) TENSOR(name, "FP32", "[2]", "\"data\":[" values "]")
#define BYTES(name, datatype, shape, size) TENSOR(name, datatype, shape, BINARY(size))
#define BINARY(size) "\"parameters\":{\"binary_data_size\":" size "}"

/* ---- JSON ---- */

static void gives_all_outputs_when_none_is_named(void **state) {
  (void)state;
  static const char *const requests[] = {REQUEST(""), REQUEST(",\"outputs\":[]"),
                                         REQUEST(",\"parameters\":{\"binary_data_output\":false}")};
  for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
    expect_json("MSELoss", requests[i],
                ANSWER(LOSS("2.5") "," SUMS("5", "2") "," NUMBERS("grad.input", "1,2") "," NUMBERS(
                    "grad.target", "-1,-2")));
}

static void gives_the_outputs_named_in_their_order(void **state) {
  (void)state;
  expect_json(
      "MSELoss",
      REQUEST(",\"outputs\":[{\"name\":\"grad.target\"},{\"name\":\"denominator\"},{\"name\":\"loss\"}]"),
      ANSWER(TENSOR("grad.target", "FP32", "[2]", "\"data\":[-1,-2]") "," TENSOR(
          "denominator", "FP64", "[]", "\"data\":[2]") "," LOSS("2.5")));
}

static void takes_options_and_id(void **state) {
  (void)state;
  expect_json("MSELoss",
              REQUEST(",\"id\":\"a\\\"1\",\"parameters\":{\"reduction\":\"none\",\"definition\":\"pytorch\"},"
                      "\"outputs\":[{\"name\":\"loss\"}]"),
              "{\"model_name\":\"MSELoss\",\"model_version\":\"1\",\"id\":\"a\\\"1\",\"outputs\":[" TENSOR(
                  "loss", "FP32", "[2]", "\"data\":[1,4]") "]}");
}

static void ignores_reserved_parameters(void **state) {
  (void)state;
  expect_json("MSELoss",
              REQUEST(",\"parameters\":{\"sequence_id\":5,\"sequence_start\":true,\"sequence_end\":false,"
                      "\"priority\":1,\"headers\":\"x\",\"triton_enable_empty_final_response\":true},"
                      "\"outputs\":[{\"name\":\"loss\",\"parameters\":{\"binary_data\":false}}]"),
              ANSWER(LOSS("2.5")));
}

static void takes_nested_data_scalars_and_special_numbers(void **state) {
  (void)state;
  static const struct {
    const char *inputs, *loss;
  } cases[] = {
      {TENSOR("input", "FP64", "[2,1]", "\"data\":[[3],[4]]") "," TENSOR("target", "FP64", "[2,1]",
                                                                         "\"data\":[0,0]"),
       TENSOR("loss", "FP64", "[]", "\"data\":[25]")},
      {TENSOR("input", "FP64", "[]", "\"data\":3") "," TENSOR("target", "FP64", "[]", "\"data\":[0]"),
       TENSOR("loss", "FP64", "[]", "\"data\":[9]")},
      {TENSOR("input", "FP64", "[0]", "\"data\":[]") "," TENSOR("target", "FP64", "[0]", "\"data\":[]"),
       TENSOR("loss", "FP64", "[]", "\"data\":[0]")},
      {TENSOR("input", "FP64", "[1]", "\"data\":[Infinity]") "," TENSOR("target", "FP64", "[1]",
                                                                        "\"data\":[\"-Infinity\"]"),
       TENSOR("loss", "FP64", "[]", "\"data\":[\"Infinity\"]")},
      {TENSOR("input", "BOOL", "[1]", "\"data\":[true]") "," TENSOR("target", "UINT8", "[1]", "\"data\":[3]"),
       TENSOR("loss", "FP64", "[]", "\"data\":[4]")},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char request[1024], answer[1024];
    snprintf(request, sizeof request,
             "{\"parameters\":{\"reduction\":\"sum\"},\"outputs\":[{\"name\":\"loss\"}],\"inputs\":[%s]}",
             cases[i].inputs);
    snprintf(answer, sizeof answer, ANSWER("%s"), cases[i].loss);
    expect_json("MSELoss", request, answer);
  }
}

static void prints_sixteen_bit_outputs_as_numbers(void **state) {
  (void)state;
  expect_json("MSELoss",
              "{\"inputs\":[" TENSOR("input", "FP16", "[2]", "\"data\":[0.1,2]") "," TENSOR(
                  "target", "BF16", "[2]", "\"data\":[0.1,0]") "],\"outputs\":[{\"name\":\"grad.input\"},"
                                                               "{\"name\":\"grad.target\"}]}",
              ANSWER(TENSOR("grad.input", "FP16", "[2]", "\"data\":[-0.00012207031,2]") "," TENSOR(
                  "grad.target", "BF16", "[2]", "\"data\":[0.00012207031,-2]")));
}

static void shortens_the_deadline(void **state) {
  (void)state;
  static const char *const spellings[] = {"1500", "1500.0", "1.5e3"};
  for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
    struct test_exchange t;
    char request[512];
    snprintf(request, sizeof request, REQUEST(",\"parameters\":{\"timeout\":%s}"), spellings[i]);
    run_inference(&t, "MSELoss", request, NULL, NULL);
    assert_int_equal(t.x.http_status, 200);
    assert_int_equal(t.x.timeout_microseconds, 1500);
    test_exchange_done(&t);
  }
}

/* ---- Binary ---- */

#define BINARY_INPUT TENSOR("input", "FP32", "[2]", BINARY("8"))
#define BINARY_TARGET TENSOR("target", "FP32", "[2]", BINARY("8"))

static void expect_binary(const struct test_exchange *t, const char *json, const struct bytes *binary) {
  struct bytes answer = {0};
  char length[24];
  add_text(&answer, json);
  add_bytes(&answer, binary->data, binary->length);
  snprintf(length, sizeof length, "%zu", strlen(json));
  if (t->x.answer_length != answer.length || memcmp(t->x.answer, answer.data, answer.length))
    fail_msg("gave %d %.*s\n not %s", t->x.http_status, (int)t->x.answer_length, t->x.answer, json);
  assert_string_equal(t->x.content_type, "application/octet-stream");
  assert_int_equal(t->x.header_count, 1);
  assert_string_equal(header_of(t, "Inference-Header-Content-Length"), length);
}

static void answers_in_binary_when_asked(void **state) {
  (void)state;
  struct test_exchange t;
  struct bytes binary = {0}, outputs = {0};
  ADD_FLOATS(&binary, 1, 2, 0, 0);
  run_inference(&t, "MSELoss",
                "{\"inputs\":[" BINARY_INPUT "," BINARY_TARGET
                "],\"parameters\":{\"binary_data_output\":true}}",
                &binary, "");
  ADD_FLOATS(&outputs, 2.5);
  ADD_DOUBLES(&outputs, 5, 2);
  ADD_FLOATS(&outputs, 1, 2, -1, -2);
  expect_binary(
      &t,
      ANSWER(BYTES("loss", "FP32", "[]", "4") "," BYTES("numerator", "FP64", "[]", "8") "," BYTES(
          "denominator", "FP64", "[]", "8") "," BYTES("grad.input", "FP32", "[2]",
                                                      "8") "," BYTES("grad.target", "FP32", "[2]", "8")),
      &outputs);
  test_exchange_done(&t);
}

static void mixes_json_and_binary_both_ways(void **state) {
  (void)state;
  struct test_exchange t;
  struct bytes binary = {0}, outputs = {0};
  ADD_FLOATS(&binary, 1, 2);
  run_inference(&t, "MSELoss",
                "{\"inputs\":[" TARGET "," BINARY_INPUT
                "],\"outputs\":[{\"name\":\"grad.input\",\"parameters\":{\"binary_data\":true}},"
                "{\"name\":\"loss\"},{\"name\":\"numerator\",\"parameters\":{\"binary_data\":true}}]}",
                &binary, "");
  ADD_FLOATS(&outputs, 1, 2);
  ADD_DOUBLES(&outputs, 5);
  expect_binary(&t,
                ANSWER(TENSOR("grad.input", "FP32", "[2]", BINARY("8")) "," LOSS("2.5") "," TENSOR(
                    "numerator", "FP64", "[]", BINARY("8"))),
                &outputs);
  test_exchange_done(&t);
}

static void lets_an_output_differ_from_the_rest(void **state) {
  (void)state;
  struct test_exchange t;
  struct bytes outputs = {0};
  run_inference(&t, "MSELoss",
                REQUEST(",\"parameters\":{\"binary_data_output\":true},\"outputs\":[{\"name\":\"loss\"},"
                        "{\"name\":\"grad.input\",\"parameters\":{\"binary_data\":false}}]"),
                NULL, NULL);
  ADD_FLOATS(&outputs, 2.5);
  expect_binary(&t,
                ANSWER(TENSOR("loss", "FP32", "[]", BINARY("4")) "," TENSOR("grad.input", "FP32", "[2]",
                                                                            "\"data\":[1,2]")),
                &outputs);
  test_exchange_done(&t);
}

static void computes_binary_gradients_in_the_answer(void **state) {
  (void)state;
  static const char *const types[] = {"FP32", "FP64", "FP16", "BF16"};
  static const size_t sizes[] = {4, 8, 2, 2};
  for (size_t i = 0; i < 4; i++) {
    struct test_exchange t;
    const struct bytes binary = {.length = 16 * sizes[i]};
    char request[512];
    snprintf(request, sizeof request,
             "{\"inputs\":[" TENSOR("input", "%s", "[8]", BINARY("%zu")) "," TENSOR(
                 "target", "%s", "[8]", BINARY("%zu")) "],\"outputs\":[{\"name\":\"grad.input\"}],"
                                                       "\"parameters\":{\"binary_data_output\":true}}",
             types[i], 8 * sizes[i], types[i], 8 * sizes[i]);
    run_inference(&t, "MSELoss", request, &binary, "");
    assert_int_equal(t.x.http_status, 200);
    assert_ptr_equal(t.x.plan.grad[0], t.x.answer + t.x.answer_length - 8 * sizes[i]);
    test_exchange_done(&t);
  }
}

/* ---- Refusals ---- */

static const struct {
  const char *json;
  size_t length; /* of the binary part */
  const char *ihcl;
  int http;
  const char *code;
} refusals[] = {
    /* framing */
    {REQUEST(""), 0, "-1", 400, "bad_body"},
    {REQUEST(""), 0, "+5", 400, "bad_body"},
    {REQUEST(""), 0, "x", 400, "bad_body"},
    {REQUEST(""), 0, "1 2", 400, "bad_body"},
    {REQUEST(""), 0, "5, 5", 400, "bad_body"},
    {REQUEST(""), 0, "1000000", 400, "bad_body"},
    {REQUEST(""), 0, "18446744073709551616", 400, "bad_body"},
    {REQUEST(""), 0, "9223372036854775807", 400, "bad_body"},
    {REQUEST(""), 0, "0", 400, "bad_json"},
    {REQUEST(""), 0, "20", 400, "bad_json"},
    {REQUEST(""), 1, NULL, 400, "bad_json"},
    {REQUEST(""), 1, "", 400, "bad_body"},
    {REQUEST(",\"gradients\":true"), 1, "", 400, "bad_body"},
    {"{\"inputs\":[" TENSOR("input", "FP32", "[2]", "\"x\":1," BINARY("8")) "]}", 9, "", 400, "bad_body"},
    {"[]", 1, "", 400, "bad_body"},
    {"", 0, NULL, 400, "bad_json"},
    {"{", 0, NULL, 400, "bad_json"},
    {"{\"inputs\":[],\"inputs\":[]}", 0, NULL, 400, "bad_json"},
    {"{\"inputs\":[" BINARY_INPUT "," BINARY_TARGET "]}", 15, "", 400, "bad_body"},
    {"{\"inputs\":[" BINARY_INPUT "," BINARY_TARGET "]}", 17, "", 400, "bad_body"},
    {"{\"inputs\":[" BINARY_INPUT "," BINARY_TARGET "]}", 0, NULL, 400, "bad_body"},
    {"{\"inputs\":[" TENSOR("input", "FP32", "[2]", BINARY("4")) "," TARGET "]}", 4, "", 400, "bad_body"},
    {"{\"inputs\":[" TENSOR("input", "FP32", "[2]", BINARY("12")) "," TARGET "]}", 12, "", 400, "bad_body"},
    {"{\"inputs\":[" TENSOR("input", "FP32", "[2]", BINARY("-8")) "," TARGET "]}", 8, "", 400, "bad_request"},
    {"{\"inputs\":[" TENSOR("input", "FP32", "[2]", BINARY("8.0")) "," TARGET "]}", 8, "", 400,
     "bad_request"},
    {"{\"inputs\":[" TENSOR("input", "FP32", "[2]", BINARY("\"8\"")) "," TARGET "]}", 8, "", 400,
     "bad_request"},
    {"{\"inputs\":[" TENSOR("input", "FP32", "[2]", BINARY("18446744073709551624")) "," TARGET "]}", 8, "",
     400, "bad_request"},
    {"{\"inputs\":[" TENSOR("input", "FP32", "[2]", "\"data\":[1,2]," BINARY("8")) "," TARGET "]}", 8, "",
     400, "bad_request"},
    {"{\"inputs\":[{\"name\":\"input\",\"datatype\":\"FP32\",\"shape\":[2]}," TARGET "]}", 0, NULL, 400,
     "bad_request"},
    {"{\"inputs\":[" TENSOR("input", "FP32", "[2]", "\"parameters\":{\"shared_memory_region\":\"a\"}") "]}",
     0, NULL, 400, "bad_request"},
    /* outputs */
    {REQUEST(",\"outputs\":[{\"name\":\"los\"}]"), 0, NULL, 400, "bad_request"},
    {REQUEST(",\"outputs\":[{\"name\":\"grad.inputs\"}]"), 0, NULL, 400, "bad_request"},
    {REQUEST(",\"outputs\":[{\"name\":\"grad.\"}]"), 0, NULL, 400, "bad_request"},
    {REQUEST(",\"outputs\":[{\"name\":\"grad.sample_weight\"}]"), 0, NULL, 400, "bad_request"},
    {REQUEST(",\"outputs\":[{\"name\":\"loss\"},{\"name\":\"loss\"}]"), 0, NULL, 400, "bad_request"},
    {REQUEST(",\"outputs\":[{\"name\":\"numerator\"}],\"parameters\":{\"reduction\":\"none\"}"), 0, NULL, 400,
     "bad_request"},
    {REQUEST(",\"outputs\":[{\"name\":\"denominator\"}],\"parameters\":{\"reduction\":\"none\"}"), 0, NULL,
     400, "bad_request"},
    {"{\"inputs\":[" INPUT
     "," TENSOR("target", "INT64", "[2]", "\"data\":[1,2]") "],\"outputs\":[{\"name\":\"grad.target\"}]}",
     0, NULL, 400, "bad_request"},
    {REQUEST(",\"outputs\":[{\"name\":\"loss\",\"parameters\":{\"classification\":2}}]"), 0, NULL, 400,
     "bad_request"},
    {REQUEST(",\"outputs\":[{\"name\":\"loss\",\"parameters\":{\"shared_memory_region\":\"a\"}}]"), 0, NULL,
     400, "bad_request"},
    {REQUEST(",\"outputs\":[{\"name\":\"loss\",\"parameters\":{\"binary_data\":1}}]"), 0, NULL, 422,
     "invalid_request"},
    {REQUEST(",\"outputs\":[{}]"), 0, NULL, 422, "invalid_request"},
    {REQUEST(",\"outputs\":[\"loss\"]"), 0, NULL, 422, "invalid_request"},
    {REQUEST(",\"outputs\":{}"), 0, NULL, 422, "invalid_request"},
    {REQUEST(",\"outputs\":[{\"name\":\"loss\",\"shape\":[]}]"), 0, NULL, 422, "unknown_member"},
    /* the request */
    {"[]", 0, NULL, 422, "invalid_request"},
    {"{}", 0, NULL, 422, "invalid_request"},
    {"{\"inputs\":5}", 0, NULL, 422, "invalid_request"},
    {"{\"inputs\":{\"input\":{}}}", 0, NULL, 422, "invalid_request"},
    {"{\"inputs\":[5]}", 0, NULL, 422, "invalid_request"},
    {"{\"inputs\":[null]}", 0, NULL, 422, "invalid_request"},
    {"{\"inputs\":[]}", 0, NULL, 422, "missing_role"},
    {"{\"inputs\":[" INPUT "]}", 0, NULL, 422, "missing_role"},
    {REQUEST(",\"gradients\":true"), 0, NULL, 422, "unknown_member"},
    {REQUEST(",\"id\":5"), 0, NULL, 422, "invalid_request"},
    {REQUEST(",\"parameters\":[]"), 0, NULL, 422, "invalid_request"},
    {REQUEST(",\"parameters\":{\"reduction\":\"avg\"}"), 0, NULL, 422, "invalid_option"},
    {REQUEST(",\"parameters\":{\"reduction\":[1]}"), 0, NULL, 422, "invalid_option"},
    {REQUEST(",\"parameters\":{\"gradients\":true}"), 0, NULL, 422, "unknown_option"},
    {REQUEST(",\"parameters\":{\"binary_data_output\":1}"), 0, NULL, 422, "invalid_request"},
    {REQUEST(",\"parameters\":{\"timeout\":-1}"), 0, NULL, 422, "invalid_request"},
    {REQUEST(",\"parameters\":{\"timeout\":1.5}"), 0, NULL, 422, "invalid_request"},
    {REQUEST(",\"parameters\":{\"timeout\":\"1\"}"), 0, NULL, 422, "invalid_request"},
    /* inputs */
    {"{\"inputs\":[" INPUT "," INPUT "]}", 0, NULL, 422, "duplicate_key"},
    {"{\"inputs\":[" TENSOR("inptu", "FP32", "[2]", "\"data\":[1,2]") "]}", 0, NULL, 422, "unknown_member"},
    {"{\"inputs\":[" TENSOR("input", "FP32", "[2]", "\"data\":[1,2],\"x\":1") "]}", 0, NULL, 422,
     "unknown_member"},
    {"{\"inputs\":[{\"datatype\":\"FP32\",\"shape\":[2],\"data\":[1,2]}]}", 0, NULL, 422, "invalid_tensor"},
    {"{\"inputs\":[{\"name\":\"input\",\"shape\":[2],\"data\":[1,2]}]}", 0, NULL, 422, "invalid_tensor"},
    {"{\"inputs\":[{\"name\":\"input\",\"datatype\":\"FP32\",\"data\":[1,2]}]}", 0, NULL, 422,
     "invalid_tensor"},
    {"{\"inputs\":[" TENSOR("input", "UINT16", "[2]", "\"data\":[1,2]") "]}", 0, NULL, 422, "dtype_mismatch"},
    {"{\"inputs\":[" TENSOR("input", "BYTES", "[2]", "\"data\":[1,2]") "]}", 0, NULL, 422, "dtype_mismatch"},
    {"{\"inputs\":[" TENSOR("input", "float32", "[2]", "\"data\":[1,2]") "]}", 0, NULL, 422,
     "dtype_mismatch"},
    {"{\"inputs\":[" TENSOR("input", "FP32", "[-1]", "\"data\":[1,2]") "]}", 0, NULL, 422, "invalid_shape"},
    {"{\"inputs\":[" TENSOR("input", "FP32", "[1,1,1,1,1,1,1,1,2]", "\"data\":[1,2]") "]}", 0, NULL, 422,
     "invalid_shape"},
    {"{\"inputs\":[" TENSOR("input", "FP32", "[4294967296,4294967296]", BINARY("8")) "]}", 8, "", 422,
     "invalid_shape"},
    {"{\"inputs\":[" TENSOR("input", "FP64", "[2305843009213693952]", BINARY("8")) "]}", 8, "", 422,
     "invalid_shape"},
    {"{\"inputs\":[" TENSOR("input", "FP32", "[3]", "\"data\":[1,2]") "]}", 0, NULL, 422, "invalid_tensor"},
    {"{\"inputs\":[" TENSOR("input", "FP32", "[2]", "\"data\":[[1],[2,3]]") "]}", 0, NULL, 422,
     "invalid_tensor"},
    {"{\"inputs\":[" TENSOR("input", "FP32", "[2]", "\"data\":[\"a\",\"b\"]") "]}", 0, NULL, 422,
     "invalid_tensor"},
    {"{\"inputs\":[" TENSOR("input", "INT8", "[2]", "\"data\":[1,128]") "," TARGET "]}", 0, NULL, 422,
     "value_out_of_domain"},
};

static void refuses_with_one_string(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
    struct test_exchange t;
    const struct bytes binary = {.length = refusals[i].length};
    run_inference(&t, "MSELoss", refusals[i].json, &binary, refusals[i].ihcl);
    expect_problem(&t, refusals[i].json, refusals[i].http, refusals[i].code);
    assert_string_equal(t.x.content_type, "application/json");
    cJSON *answer = cJSON_ParseWithLength(t.x.answer, t.x.answer_length);
    assert_true(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(answer, "error")));
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(answer, "status")->valueint, refusals[i].http);
    cJSON_Delete(answer);
    test_exchange_done(&t);
  }
}

static void points_into_the_body_and_hints_at_the_cure(void **state) {
  (void)state;
  static const char infer[] = "/docs has an example of infer",
                    input[] =
                        "send inputs as {\"name\": ..., \"datatype\": ..., \"shape\": ..., \"data\": ...}";
  static const struct {
    const char *json, *pointer, *hint;
  } cases[] = {
      {REQUEST(",\"outputs\":[{\"name\":\"los\"}]"), "/outputs/0/name", "did you mean loss?"},
      {REQUEST(",\"parameters\":{\"reduction\":\"avg\"}"), "/parameters/reduction",
       "send one of none, mean, sum"},
      {REQUEST(",\"parameters\":{\"a/b\":1}"), "/parameters/a~1b", ""},
      {REQUEST(",\"parameters\":[]"), "/parameters", infer},
      {"{\"inputs\":[" TENSOR("target", "FP32", "[3]", "\"data\":[1,2,3]") "," INPUT "]}", "/inputs/0", ""},
      {"{\"inputs\":[" INPUT "]}", "/inputs", "send target, shape any"},
      {"{\"inputs\":[" INPUT "," TENSOR("inptu", "FP32", "[2]", "\"data\":[1,2]") "]}", "/inputs/1/name",
       "did you mean input?"},
      {"{\"inputs\":[{\"name\":\"input\",\"shape\":[2],\"data\":[1,2]}]}", "/inputs/0/datatype", input},
      {"{\"inputs\":[" INPUT "," TENSOR("target", "FP32", "[2]", "\"data\":[1,null]") "]}",
       "/inputs/1/data/1", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct test_exchange t;
    run_inference(&t, "MSELoss", cases[i].json, NULL, NULL);
    assert_string_equal(t.x.problem.pointer, cases[i].pointer);
    if (*cases[i].hint) assert_string_equal(t.x.problem.hint, cases[i].hint);
    test_exchange_done(&t);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gives_all_outputs_when_none_is_named),
      cmocka_unit_test(gives_the_outputs_named_in_their_order),
      cmocka_unit_test(takes_options_and_id),
      cmocka_unit_test(ignores_reserved_parameters),
      cmocka_unit_test(takes_nested_data_scalars_and_special_numbers),
      cmocka_unit_test(prints_sixteen_bit_outputs_as_numbers),
      cmocka_unit_test(shortens_the_deadline),
      cmocka_unit_test(answers_in_binary_when_asked),
      cmocka_unit_test(mixes_json_and_binary_both_ways),
      cmocka_unit_test(lets_an_output_differ_from_the_rest),
      cmocka_unit_test(computes_binary_gradients_in_the_answer),
      cmocka_unit_test(refuses_with_one_string),
      cmocka_unit_test(points_into_the_body_and_hints_at_the_cure),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
