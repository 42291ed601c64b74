/* application/vnd.safetensors: what is read, what is refused, what is written. */
#include <cjson/cJSON.h>

#include "tests/binary.h"

static void add_length(struct bytes *file, uint64_t length) {
  for (int i = 0; i < 8; i++) add_bytes(file, &(char){(char)(length >> (8 * i))}, 1);
}

static struct bytes make_file(const char *header, const void *data, size_t length) {
  struct bytes file = {0};
  add_length(&file, strlen(header));
  add_text(&file, header);
  add_bytes(&file, data, length);
  return file;
}

static void run_file(struct test_exchange *t, const char *query, const struct bytes *file) {
  run_bytes(t, &lossd_format_safetensors, "MSELoss", query, file, 0);
}

/* Two float32 tensors of two numbers: 16 bytes. */
#define ENTRY(dtype, shape, begin, end)                                                                      \
  "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"
#define FLOATS(begin, end) ENTRY("F32", "[2]", begin, end)
#define HEADER(input, target) "{\"input\":" input ",\"target\":" target "}"
#define TARGET ",\"target\":" FLOATS("8", "16") "}"
static const float four[] = {1, 2, 0, 0};

/* ---- Answers ---- */

/* Splits an answer: its header as JSON, which the caller deletes, and where its data begins. */
static cJSON *read_answer(const struct test_exchange *t, const char **data) {
  uint64_t length = 0;
  if (t->x.http_status != 200) fail_msg("%d %.*s", t->x.http_status, (int)t->x.answer_length, t->x.answer);
  assert_true(t->x.answer_length >= 8);
  for (int i = 7; i >= 0; i--) length = length << 8 | (unsigned char)t->x.answer[i];
  assert_true(length <= t->x.answer_length - 8);
  assert_int_equal(length % 8, 0);
  assert_int_equal(t->x.answer[8], '{');
  *data = t->x.answer + 8 + length;
  cJSON *header = cJSON_ParseWithLength(t->x.answer + 8, length);
  assert_non_null(header);
  return header;
}

static void expect_tensor(const cJSON *header, const char *data, const char *name, const char *dtype,
                          const void *expected, size_t length) {
  const cJSON *entry = cJSON_GetObjectItemCaseSensitive(header, name);
  const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
  if (!entry) fail_msg("no %s", name);
  assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "dtype")), dtype);
  const size_t begin = (size_t)cJSON_GetArrayItem(offsets, 0)->valuedouble;
  assert_int_equal((size_t)cJSON_GetArrayItem(offsets, 1)->valuedouble - begin, length);
  assert_memory_equal(data + begin, expected, length);
}

static void answers_with_a_file(void **state) {
  (void)state;
  struct test_exchange t;
  const char *data;
  const struct bytes file = make_file(HEADER(FLOATS("0", "8"), FLOATS("8", "16")), four, sizeof four);
  run_file(&t, "reduction=sum&gradients=input&id=a%22%C3%A41", &file);
  cJSON *header = read_answer(&t, &data);
  assert_string_equal(t.x.content_type, "application/vnd.safetensors");
  expect_tensor(header, data, "loss", "F32", (float[]){5}, 4);
  expect_tensor(header, data, "numerator", "F64", (double[]){5}, 8);
  expect_tensor(header, data, "denominator", "F64", (double[]){2}, 8);
  expect_tensor(header, data, "grad.input", "F32", (float[]){2, 4}, 8);
  const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(header, "__metadata__");
  assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(metadata, "id")), "a\"\xC3\xA4"
                                                                                              "1");
  cJSON_Delete(header);
  test_exchange_done(&t);
}

/* The entries in the order of their data lie one after another, larger elements first. */
static void puts_larger_elements_first_and_aligns_them(void **state) {
  (void)state;
  static const char header_text[] =
      "{\"input\":" ENTRY("F16", "[3]", "0", "6") ",\"target\":" ENTRY("F32", "[3]", "6", "18") "}";
  struct test_exchange t;
  const char *data;
  const struct bytes file = make_file(header_text, four, 16);
  struct bytes longer = file;
  add_bytes(&longer, four, 2);
  run_file(&t, "gradients=true", &longer);
  cJSON *header = read_answer(&t, &data);
  static const char *const order[] = {"numerator", "denominator", "loss", "grad.target", "grad.input"};
  static const size_t begins[] = {0, 8, 16, 20, 32};
  const cJSON *entry = header->child;
  for (size_t i = 0; i < 5; i++, entry = entry->next) {
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
    assert_string_equal(entry->string, order[i]);
    assert_int_equal(offsets->child->valuedouble, begins[i]);
  }
  assert_null(entry);
  assert_int_equal((uintptr_t)data % 8, 0);
  assert_ptr_equal(t.x.plan.grad[1], data + 20);
  assert_ptr_equal(t.x.plan.grad[0], data + 32);
  assert_int_equal(t.x.answer + t.x.answer_length - data, 38);
  cJSON_Delete(header);
  test_exchange_done(&t);
}

static void reads_every_valid_file(void **state) {
  (void)state;
  static const char *const headers[] = {
      HEADER(FLOATS("0", "8"), FLOATS("8", "16")),
      "{\"target\":" FLOATS("8", "16") ",\"input\":" FLOATS("0", "8") "}",
      HEADER(FLOATS("0", "8"), FLOATS("8", "16")) "       ",
      "{ \"input\" : " FLOATS(" 0", "8 ") " \n" TARGET "\t",
      "{\"__metadata__\":{},\"input\":" FLOATS("0", "8") TARGET,
      "{\"__metadata__\":{\"format\":\"pt\",\"\":\"\"},\"input\":" FLOATS("0", "8") TARGET,
      "{\"\\u0069nput\":" FLOATS("0", "8") TARGET,
      HEADER("{\"data_offsets\":[0,8],\"shape\":[2],\"dtype\":\"F32\"}", FLOATS("8", "16")),
      "{\"sample_weight\":" ENTRY("F64", "[0]", "0", "0") ",\"input\":" ENTRY(
          "F32", "[0]", "0", "0") ",\"target\":" ENTRY("F32", "[0]", "0", "0") "}",
      "{\"grad_output\":" ENTRY("F32", "[]", "0", "4") ",\"input\":" ENTRY(
          "F32", "[]", "4", "8") ",\"target\":" ENTRY("F64", "[]", "8", "16") "}",
  };
  for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
    struct test_exchange t;
    const bool empty = strstr(headers[i], "[0,0]");
    struct bytes file = make_file(headers[i], four, empty ? 0 : sizeof four);
    for (size_t misalignment = 0; misalignment < 8; misalignment++) {
      run_bytes(&t, &lossd_format_safetensors, "MSELoss", "", &file, misalignment);
      expect_problem(&t, headers[i], 200, "ok");
      test_exchange_done(&t);
    }
  }
}

static void reads_tensors_whose_data_come_in_another_order(void **state) {
  (void)state;
  struct test_exchange t;
  const char *data;
  const struct bytes file = make_file(HEADER(FLOATS("8", "16"), FLOATS("0", "8")), four, sizeof four);
  run_file(&t, "reduction=sum&gradients=target", &file);
  cJSON *header = read_answer(&t, &data);
  expect_tensor(header, data, "grad.target", "F32", (float[]){2, 4}, 8);
  cJSON_Delete(header);
  test_exchange_done(&t);
}

/* ---- Refusals ---- */

#define BAD 400, "bad_safetensors"
#define INPUT(entry) "{\"input\":" entry TARGET

static const struct {
  const char *header;
  int http;
  const char *code;
} refusals[] = {
    {"", BAD},
    {" " HEADER(FLOATS("0", "8"), FLOATS("8", "16")), BAD},
    {"[]", BAD},
    {"{", BAD},
    {HEADER(FLOATS("0", "8"), FLOATS("8", "16")) "x", BAD},
    {"{\"\xFF\":1}", BAD},
    {"{\"input\":" FLOATS("0", "8") ",\"input\":" FLOATS("8", "16") "}", BAD},
    {"{\"input\":" FLOATS("0", "8") ",\"\\u0069nput\":" FLOATS("8", "16") "}", BAD},
    {INPUT("{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"), BAD},
    /* offsets */
    {HEADER(FLOATS("0", "8"), FLOATS("0", "8")), BAD},
    {INPUT(FLOATS("4", "12")), BAD},
    {HEADER(FLOATS("0", "8"), ENTRY("F32", "[1]", "12", "16")), BAD},
    {HEADER(ENTRY("F32", "[1]", "0", "4"), FLOATS("8", "16")), BAD},
    {HEADER(FLOATS("0", "8"), ENTRY("F32", "[1]", "8", "12")), BAD},
    {HEADER(FLOATS("0", "8"), ENTRY("F32", "[3]", "8", "20")), BAD},
    {"{\"input\":" FLOATS("0", "8") "}", BAD},
    {"{}", BAD},
    {INPUT(FLOATS("8", "0")), BAD},
    {INPUT(FLOATS("-8", "0")), BAD},
    {INPUT(FLOATS("0.0", "8")), BAD},
    {INPUT(FLOATS("0", "8e0")), BAD},
    {INPUT(FLOATS("0", "18446744073709551624")), BAD},
    {INPUT(FLOATS("0", "NaN")), BAD},
    {INPUT("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}"), BAD},
    {INPUT("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}"), BAD},
    {INPUT("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[[0],[8]]}"), BAD},
    {INPUT("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[]}"), BAD},
    {INPUT("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":\"0,8\"}"), BAD},
    {INPUT("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":8}"), BAD},
    {INPUT("{\"dtype\":\"F32\",\"shape\":[2]}"), BAD},
    /* shapes */
    {INPUT(ENTRY("F32", "[3]", "0", "8")), BAD},
    {INPUT(ENTRY("F64", "[2]", "0", "8")), BAD},
    {INPUT(ENTRY("F32", "[]", "0", "8")), BAD},
    {INPUT(ENTRY("F32", "[-2]", "0", "8")), BAD},
    {INPUT(ENTRY("F32", "[2.5]", "0", "8")), BAD},
    {INPUT(ENTRY("F32", "[2.0]", "0", "8")), BAD},
    {INPUT(ENTRY("F32", "[1e300]", "0", "8")), BAD},
    {INPUT(ENTRY("F32", "[\"2\"]", "0", "8")), BAD},
    {INPUT(ENTRY("F32", "[true]", "0", "8")), BAD},
    {INPUT(ENTRY("F32", "[null]", "0", "8")), BAD},
    {INPUT(ENTRY("F32", "2", "0", "8")), BAD},
    {INPUT(ENTRY("F32", "[[2]]", "0", "8")), BAD},
    {INPUT(ENTRY("F32", "[4294967296,4294967296]", "0", "8")), BAD},
    {INPUT(ENTRY("F32", "[4611686018427387905]", "0", "4")), BAD},
    {INPUT(ENTRY("F32", "[9223372036854775808]", "0", "8")), BAD},
    {INPUT("{\"dtype\":\"F32\",\"data_offsets\":[0,8]}"), BAD},
    /* dtypes and members */
    {INPUT("{\"shape\":[2],\"data_offsets\":[0,8]}"), BAD},
    {INPUT("{\"dtype\":5,\"shape\":[2],\"data_offsets\":[0,8]}"), BAD},
    {INPUT("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}"), BAD},
    {INPUT(ENTRY("U32", "[3]", "0", "8")), BAD},
    {INPUT("[0,8]"), BAD},
    {INPUT("\"F32\""), BAD},
    {INPUT("null"), BAD},
    {"{\"__metadata__\":5,\"input\":" FLOATS("0", "8") TARGET, BAD},
    {"{\"__metadata__\":[],\"input\":" FLOATS("0", "8") TARGET, BAD},
    {"{\"__metadata__\":{\"a\":1},\"input\":" FLOATS("0", "8") TARGET, BAD},
    {"{\"__metadata__\":{\"a\":null},\"input\":" FLOATS("0", "8") TARGET, BAD},
    /* a valid file, but no evaluation */
    {INPUT(ENTRY("U16", "[4]", "0", "8")), 422, "dtype_mismatch"},
    {INPUT(ENTRY("U32", "[2]", "0", "8")), 422, "dtype_mismatch"},
    {INPUT(ENTRY("U64", "[1]", "0", "8")), 422, "dtype_mismatch"},
    {INPUT(ENTRY("F8_E4M3", "[8]", "0", "8")), 422, "dtype_mismatch"},
    {INPUT(ENTRY("f32", "[2]", "0", "8")), 422, "dtype_mismatch"},
    {INPUT(ENTRY("F32", "[1,1,1,1,1,1,1,1,2]", "0", "8")), 422, "invalid_shape"},
    {"{\"inptu\":" FLOATS("0", "8") TARGET, 422, "unknown_member"},
    {"{\"weight\":" FLOATS("0", "8") TARGET, 422, "unknown_member"},
    {"{\"input\":" ENTRY("F32", "[4]", "0", "16") "}", 422, "missing_role"},
    {INPUT(ENTRY("F32", "[2,1]", "0", "8")), 422, "shape_mismatch"},
};

static void refuses_what_is_no_file_or_no_evaluation(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
    struct test_exchange t;
    const struct bytes file = make_file(refusals[i].header, four, sizeof four);
    run_file(&t, "", &file);
    expect_problem(&t, refusals[i].header, refusals[i].http, refusals[i].code);
    assert_string_equal(t.x.content_type, "application/problem+json");
    test_exchange_done(&t);
  }
}

static void refuses_wrong_header_lengths(void **state) {
  (void)state;
  const char *header = HEADER(FLOATS("0", "8"), FLOATS("8", "16"));
  const uint64_t right = strlen(header);
  const uint64_t lengths[] = {0,          1,         right - 1,         right + 1,         right + 16,
                              right + 17, 100000001, (uint64_t)1 << 32, (uint64_t)1 << 63, UINT64_MAX};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    struct test_exchange t;
    struct bytes file = {0};
    add_length(&file, lengths[i]);
    add_text(&file, header);
    add_bytes(&file, four, sizeof four);
    run_file(&t, "", &file);
    expect_problem(&t, header, 400, "bad_safetensors");
    test_exchange_done(&t);
  }
}

static void refuses_a_file_cut_anywhere(void **state) {
  (void)state;
  struct bytes file = make_file(HEADER(FLOATS("0", "8"), FLOATS("8", "16")), four, sizeof four);
  while (file.length) {
    struct test_exchange t;
    file.length--;
    run_file(&t, "", &file);
    expect_problem(&t, "cut", 400, "bad_safetensors");
    test_exchange_done(&t);
  }
}

static void says_where_the_headers_json_is_wrong(void **state) {
  (void)state;
  struct test_exchange t;
  const struct bytes file = make_file("{\"input\":01}", four, 0);
  run_file(&t, "", &file);
  expect_problem(&t, "01", 400, "bad_safetensors");
  assert_int_equal(t.x.problem.offset, 8 + 10);
  test_exchange_done(&t);
}

static void refuses_settings_after_the_files_syntax(void **state) {
  (void)state;
  static const struct {
    const char *query;
    int http;
    const char *code;
  } cases[] = {
      {"reduction=%zz", 400, "bad_http"},
      {"reduction=sum&reduction=sum", 422, "duplicate_key"},
      {"reduction=avg", 422, "invalid_option"},
      {"input=float32:2", 422, "unknown_option"},
      {"gradients=weight", 422, "not_differentiable"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct test_exchange t;
    struct bytes file = make_file(HEADER(FLOATS("0", "8"), FLOATS("8", "16")), four, sizeof four);
    run_file(&t, cases[i].query, &file);
    expect_problem(&t, cases[i].query, cases[i].http, cases[i].code);
    test_exchange_done(&t);
    file.length--;
    run_file(&t, cases[i].query, &file);
    expect_problem(&t, cases[i].query, 400, "bad_safetensors");
    test_exchange_done(&t);
  }
}

/* A shape of a million ones is read, and refused only for its rank. */
static void reads_a_shape_of_any_rank(void **state) {
  (void)state;
  enum { RANK = 1000000 };
  static const char begin[] = "{\"input\":{\"dtype\":\"F32\",\"shape\":[",
                    end[] = "1],\"data_offsets\":[0,4]}}";
  const size_t header = strlen(begin) + 2 * RANK + strlen(end), length = 8 + header + 4;
  struct test_exchange t;
  char *file = calloc(length, 1), *to = file + 8;
  assert_non_null(file);
  for (int i = 0; i < 8; i++) file[i] = (char)(header >> (8 * i));
  memcpy(to, begin, strlen(begin));
  to += strlen(begin);
  for (int i = 0; i < RANK; i++) *to++ = '1', *to++ = ',';
  memcpy(to, end, strlen(end));
  test_exchange_init(&t, "MSELoss", file, length);
  t.x.request_format = t.x.answer_format = &lossd_format_safetensors;
  test_exchange_run(&t);
  expect_problem(&t, "rank", 422, "invalid_shape");
  test_exchange_done(&t);
  free(file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_with_a_file),
      cmocka_unit_test(puts_larger_elements_first_and_aligns_them),
      cmocka_unit_test(reads_every_valid_file),
      cmocka_unit_test(reads_tensors_whose_data_come_in_another_order),
      cmocka_unit_test(refuses_what_is_no_file_or_no_evaluation),
      cmocka_unit_test(refuses_wrong_header_lengths),
      cmocka_unit_test(refuses_a_file_cut_anywhere),
      cmocka_unit_test(says_where_the_headers_json_is_wrong),
      cmocka_unit_test(refuses_settings_after_the_files_syntax),
      cmocka_unit_test(reads_a_shape_of_any_rank),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
