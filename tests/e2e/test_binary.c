/* Binary formats over real sockets, from a client in C: what is sent and what comes back, byte for byte. */
#include <stdbool.h>
#include <zlib.h>

#include "tests/e2e/client.h"

#define RAW "application/octet-stream"
#define SAFETENSORS "application/vnd.safetensors"
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct server server;
static struct response answer;

static int start(void **state) {
  (void)state;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  server_start(&server);
  return 0;
}

static int stop(void **state) {
  (void)state;
  server_stop(&server);
  curl_global_cleanup();
  return 0;
}

static void post(const char *path, const char *type, const char *accept, const void *body, size_t length) {
  char content_type[80], accepted[80];
  snprintf(content_type, sizeof content_type, "Content-Type: %s", type);
  snprintf(accepted, sizeof accepted, "Accept: %s", accept ? accept : type);
  ask(&server, path, (const char *const[]){content_type, accepted, NULL}, body, length, &answer);
}

static void expect(long status, const char *type, const void *body, size_t length) {
  if (answer.status != status) fail_msg("%ld %.*s", answer.status, (int)answer.length, answer.body);
  assert_string_equal(header(&answer, "Content-Type"), type);
  if (answer.length != length || memcmp(answer.body, body, length))
    fail_msg("%zu bytes, not %zu: %.*s", answer.length, length, (int)answer.length, answer.body);
}

static void expect_text(long status, const char *type, const char *text) {
  expect(status, type, text, strlen(text));
}

/* A body put together from pieces. */
struct body {
  unsigned char data[16384];
  size_t length;
};

static void add(struct body *body, const void *data, size_t length) {
  assert_true(length <= sizeof body->data - body->length);
  memcpy(body->data + body->length, data, length);
  body->length += length;
}

/* A safetensors file of this header, padded to 8 with spaces, and these bytes. */
static struct body safetensors(const char *json, const void *data, size_t length) {
  struct body file = {0};
  const uint64_t header_length = (strlen(json) + 7) & ~(uint64_t)7;
  add(&file, &header_length, 8);
  add(&file, json, strlen(json));
  add(&file, "        ", header_length - strlen(json));
  add(&file, data, length);
  return file;
}

/* ---- Raw ---- */

/* MSELoss of [1, 2] and [0, 0] with the sum's gradient [2, 4]: of each dtype, what [1, 2, 0, 0] and [2, 4]
 * are. */
static const struct {
  const char *name, *input;
  size_t size;
  const char *gradient; /* NULL: integers have none */
} dtypes[] = {
    {"float64", "\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\x40", 8, "\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\x10\x40"},
    {"float32", "\0\0\x80\x3f\0\0\0\x40", 4, "\0\0\0\x40\0\0\x80\x40"},
    {"float16", "\0\x3c\0\x40", 2, "\0\x40\0\x44"},
    {"bfloat16", "\x80\x3f\0\x40", 2, "\0\x40\x80\x40"},
    {"int64", "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 8, NULL},
    {"int32", "\1\0\0\0\2\0\0\0", 4, NULL},
    {"int16", "\1\0\2\0", 2, NULL},
    {"int8", "\1\2", 1, NULL},
    {"uint8", "\1\2", 1, NULL},
};

static void raw_tensors_of_every_dtype(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(dtypes); i++) {
    char path[160], tensors[160];
    struct body request = {0}, expected = {0};
    const bool wide = dtypes[i].size == 8 || !dtypes[i].gradient; /* without floating tensors: float64 */
    add(&request, dtypes[i].input, 2 * dtypes[i].size);
    add(&request, (char[16]){0}, 2 * dtypes[i].size);
    snprintf(path, sizeof path, "/v1/losses/MSELoss?input=%s:2&target=%s:2&reduction=sum&gradients=%s",
             dtypes[i].name, dtypes[i].name, dtypes[i].gradient ? "input" : "false");
    post(path, RAW, NULL, request.data, request.length);
    if (wide)
      add(&expected, &(double){5}, 8);
    else
      add(&expected, &(float){5}, 4);
    add(&expected, (double[]){5, 2}, 16);
    if (dtypes[i].gradient) add(&expected, dtypes[i].gradient, 2 * dtypes[i].size);
    expect(200, RAW, expected.data, expected.length);
    snprintf(tensors, sizeof tensors,
             "loss=%s:&numerator=float64:&denominator=float64:", wide ? "float64" : "float32");
    if (dtypes[i].gradient) snprintf(tensors + strlen(tensors), 64, "&grad.input=%s:2", dtypes[i].name);
    assert_string_equal(header(&answer, "Lossd-Tensors"), tensors);
  }
}

static void raw_bool(void **state) {
  (void)state;
  post("/v1/losses/MSELoss?input=bool:2&target=uint8:2&reduction=sum", RAW, NULL, "\1\0\0\2", 4);
  expect(200, RAW, (double[]){5, 5, 2}, 24);
}

static void raw_id_comes_back(void **state) {
  (void)state;
  post("/v1/losses/MSELoss?input=float32:&target=float32:&id=a%2B1", RAW, NULL, (float[]){3, 1}, 8);
  struct body expected = {0};
  add(&expected, &(float){4}, 4);
  add(&expected, (double[]){4, 1}, 16);
  expect(200, RAW, expected.data, expected.length);
  assert_string_equal(header(&answer, "Lossd-Id"), "a+1");
}

static void raw_errors_are_problems(void **state) {
  (void)state;
  post("/v1/losses/MSELoss?input=float32:2&target=float32:2", RAW, NULL, (float[]){1, 2, 3}, 12);
  assert_int_equal(answer.status, 400);
  assert_string_equal(header(&answer, "Content-Type"), "application/problem+json");
  assert_non_null(strstr((char *)answer.body, "\"code\":\"bad_body\""));
}

/* ---- safetensors ---- */

#define ENTRY(name, dtype, shape, offsets)                                                                   \
  "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void safetensors_in_and_out(void **state) {
  (void)state;
  const struct body request =
      safetensors("{" ENTRY("target", "F32", "[2]", "[0,8]") "," ENTRY("input", "F16", "[2]", "[8,12]") "}",
                  "\0\0\0\0\0\0\0\0\0\x3c\0\x40", 12);
  struct body data = {0};
  add(&data, (double[]){5, 2}, 16);
  add(&data, &(float){5}, 4);
  add(&data, (float[]){-2, -4}, 8); /* wider types first, as the safetensors library writes them */
  add(&data, "\0\x40\0\x44", 4);
  post("/v1/losses/MSELoss?reduction=sum&gradients=input,target&id=a1", SAFETENSORS, NULL, request.data,
       request.length);
  assert_int_equal(answer.status, 200);
  assert_string_equal(header(&answer, "Content-Type"), SAFETENSORS);
  uint64_t header_length;
  memcpy(&header_length, answer.body, 8);
  assert_int_equal(header_length % 8, 0);
  assert_non_null(strstr((char *)answer.body + 8, "\"__metadata__\":{\"id\":\"a1\"}"));
  assert_non_null(strstr((char *)answer.body + 8, ENTRY("numerator", "F64", "[]", "[0,8]")));
  assert_non_null(strstr((char *)answer.body + 8, ENTRY("loss", "F32", "[]", "[16,20]")));
  assert_int_equal(answer.length, 8 + header_length + data.length);
  assert_memory_equal(answer.body + 8 + header_length, data.data, data.length);
}

/* ---- Open Inference ---- */

#define INFER "/v2/models/MSELoss/infer"
#define JSON "application/json"
#define TENSOR(name, datatype, shape, rest)                                                                  \
  "{\"name\":\"" name "\",\"datatype\":\"" datatype "\",\"shape\":" shape "," rest "}"
#define SIZE(size) "\"parameters\":{\"binary_data_size\":" size "}"

static void infer_json(void **state) {
  (void)state;
  static const char request[] = "{\"id\":\"a1\",\"parameters\":{\"reduction\":\"sum\"},\"inputs\":[" TENSOR(
      "input", "FP32", "[2]",
      "\"data\":[1,2]") "," TENSOR("target", "FP32", "[2]",
                                   "\"data\":[0,0]") "],\"outputs\":[{\"name\":\"loss\"},{\"name\":\"grad."
                                                     "input\"}]}";
  post(INFER, JSON, NULL, request, sizeof request - 1);
  expect_text(200, JSON,
              "{\"model_name\":\"MSELoss\",\"model_version\":\"1\",\"id\":\"a1\",\"outputs\":[" TENSOR(
                  "loss", "FP32", "[]", "\"data\":[5]") "," TENSOR("grad.input", "FP32", "[2]",
                                                                   "\"data\":[2,4]") "]}");
}

/* One input in binary, one in JSON; one output in binary, one in JSON. bfloat16 travels in binary only. */
static const char mixed[] = "{\"parameters\":{\"reduction\":\"sum\"},\"inputs\":[" TENSOR(
    "input", "BF16", "[2]",
    SIZE("4")) "," TENSOR("target", "FP32", "[2]",
                          "\"data\":[0,0]") "],\"outputs\":[{\"name\":\"loss\"},{\"name\":\"grad.input\","
                                            "\"parameters\":{\"binary_data\":true}}]}";

static void expect_mixed(void) {
  static const char json[] = "{\"model_name\":\"MSELoss\",\"model_version\":\"1\",\"outputs\":[" TENSOR(
      "loss", "FP32", "[]", "\"data\":[5]") "," TENSOR("grad.input", "BF16", "[2]", SIZE("4")) "]}";
  struct body expected = {0};
  add(&expected, json, sizeof json - 1);
  add(&expected, "\0\x40\x80\x40", 4);
  expect(200, RAW, expected.data, expected.length);
  assert_int_equal(atoi(header(&answer, "Inference-Header-Content-Length")), sizeof json - 1);
}

/* As NVIDIA's blocking client sends it: without a Content-Type. */
static void infer_binary_and_json_mixed(void **state) {
  (void)state;
  struct body request = {0};
  char length[64];
  add(&request, mixed, sizeof mixed - 1);
  add(&request, "\x80\x3f\0\x40", 4);
  snprintf(length, sizeof length, "inference-header-content-length: %zu", sizeof mixed - 1);
  ask(&server, INFER, (const char *const[]){"Content-Type:", length, NULL}, request.data, request.length,
      &answer);
  expect_mixed();
}

static void infer_gzipped(void **state) {
  (void)state;
  struct body request = {0}, gzipped = {0};
  char length[64];
  z_stream z = {0};
  add(&request, mixed, sizeof mixed - 1);
  add(&request, "\x80\x3f\0\x40", 4);
  assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
  z.next_in = request.data, z.avail_in = (uInt)request.length;
  z.next_out = gzipped.data, z.avail_out = sizeof gzipped.data;
  assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
  snprintf(length, sizeof length, "Inference-Header-Content-Length: %zu", sizeof mixed - 1);
  ask(&server, INFER, (const char *const[]){"Content-Encoding: gzip", "Content-Type: " RAW, length, NULL},
      gzipped.data, z.total_out, &answer);
  deflateEnd(&z);
  expect_mixed();
}

static void infer_errors_are_one_string(void **state) {
  (void)state;
  static const char request[] = "{\"inputs\":[" TENSOR("input", "FP32", "[1]", "\"data\":[1]") "]}";
  post(INFER, JSON, NULL, request, sizeof request - 1);
  assert_int_equal(answer.status, 422);
  assert_string_equal(header(&answer, "Content-Type"), JSON);
  assert_memory_equal(answer.body, "{\"error\":\"", 10);
}

static void health_and_metadata(void **state) {
  (void)state;
  static const struct {
    const char *path;
    long status;
    const char *piece;
  } cases[] = {{"/v2/health/live", 200, ""},
               {"/v2/health/ready", 200, ""},
               {"/v2", 200, "\"extensions\":[\"binary_tensor_data\"]"},
               {"/v2/models/MSELoss", 200, "\"platform\":\"lossd\""},
               {"/v2/models/MSELoss/versions/1", 200, "\"name\":\"grad.target\""},
               {"/v2/models/MSELoss/ready", 200, ""},
               {"/v2/models/MSELoss/versions/2/ready", 404, "\"error\":\""},
               {"/v2/models/MSELos", 404, "did you mean MSELoss?"}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    ask(&server, cases[i].path, NULL, NULL, 0, &answer);
    answer.body[answer.length] = 0;
    if (answer.status != cases[i].status || !strstr((char *)answer.body, cases[i].piece))
      fail_msg("%s: %ld %s", cases[i].path, answer.status, answer.body);
  }
}

/* ---- The same tensors in each format ---- */

enum { N = 1000 };

/* The gradient is the last tensor of each binary answer. */
static const unsigned char *gradient(void) {
  assert_int_equal(answer.status, 200);
  return answer.body + answer.length - N * sizeof(float);
}

static void the_same_bits_in_every_binary_format(void **state) {
  (void)state;
  static float numbers[2 * N];
  unsigned char first[N * sizeof(float)];
  uint32_t random = 1;
  for (size_t i = 0; i < 2 * N; i++) {
    random = random * 1664525u + 1013904223u;
    numbers[i] = (float)(random >> 8) / (float)(1 << 24);
  }
  post("/v1/losses/BCELoss?input=float32:1000&target=float32:1000&gradients=input", RAW, NULL, numbers,
       sizeof numbers);
  memcpy(first, gradient(), sizeof first);

  const struct body file = safetensors(
      "{" ENTRY("input", "F32", "[1000]", "[0,4000]") "," ENTRY("target", "F32", "[1000]", "[4000,8000]") "}",
      numbers, sizeof numbers);
  post("/v1/losses/BCELoss?gradients=input", SAFETENSORS, NULL, file.data, file.length);
  assert_memory_equal(gradient(), first, sizeof first);

  static const char json[] = "{\"inputs\":[" TENSOR("input", "FP32", "[1000]", SIZE("4000")) "," TENSOR(
      "target", "FP32", "[1000]",
      SIZE("4000")) "],\"outputs\":[{\"name\":\"loss\",\"parameters\":{\"binary_data\":true}},"
                    "{\"name\":\"grad.input\",\"parameters\":{\"binary_data\":true}}]}";
  struct body request = {0};
  char length[64];
  add(&request, json, sizeof json - 1);
  add(&request, numbers, sizeof numbers);
  snprintf(length, sizeof length, "Inference-Header-Content-Length: %zu", sizeof json - 1);
  ask(&server, "/v2/models/BCELoss/infer", (const char *const[]){length, NULL}, request.data, request.length,
      &answer);
  assert_memory_equal(gradient(), first, sizeof first);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(raw_tensors_of_every_dtype),
      cmocka_unit_test(raw_bool),
      cmocka_unit_test(raw_id_comes_back),
      cmocka_unit_test(raw_errors_are_problems),
      cmocka_unit_test(safetensors_in_and_out),
      cmocka_unit_test(infer_json),
      cmocka_unit_test(infer_binary_and_json_mixed),
      cmocka_unit_test(infer_gzipped),
      cmocka_unit_test(infer_errors_are_one_string),
      cmocka_unit_test(health_and_metadata),
      cmocka_unit_test(the_same_bits_in_every_binary_format),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
