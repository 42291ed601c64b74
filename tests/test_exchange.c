/* The flow that all formats share: negotiation and gzip. */
#include "tests/exchange.h"

#include <zlib.h>

static void finds_the_format_of_a_content_type(void **state) {
  (void)state;
  static const struct {
    const char *value;
    const struct lossd_format *format;
  } cases[] = {
      {"application/json", &lossd_format_json},
      {"Application/JSON", &lossd_format_json},
      {" application/json ; charset=utf-8", &lossd_format_json},
      {"application/json;charset=\"x;y\"", &lossd_format_json},
      {"application/octet-stream", &lossd_format_raw},
      {"application/vnd.safetensors", &lossd_format_safetensors},
      {"application/x-safetensors", &lossd_format_safetensors},
      {NULL, NULL},
      {"", NULL},
      {"application/jsonx", NULL},
      {"application/jso", NULL},
      {"text/plain", NULL},
      {"application/x-www-form-urlencoded", NULL},
      {"application/json, text/plain", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    if (lossd_format_of_content_type(cases[i].value) != cases[i].format) fail_msg("%s", cases[i].value);
}

static void finds_the_format_that_accept_asks_for(void **state) {
  (void)state;
  static const struct {
    const char *value;
    const struct lossd_format *format;
  } cases[] = {
      {NULL, &lossd_format_json},
      {"", &lossd_format_json},
      {"*/*", &lossd_format_json},
      {"application/*", &lossd_format_json},
      {"application/json", &lossd_format_json},
      {"application/json;q=0.001", &lossd_format_json},
      {"APPLICATION/json; Q=1.000", &lossd_format_json},
      {"text/html, application/json", &lossd_format_json},
      {"text/html, */*;q=0.1", &lossd_format_json},
      {"text/html;level=\"1,application/xml\", application/json", &lossd_format_json},
      {"text/html", NULL},
      {"application/json;q=0", NULL},
      {"application/json;q=0.000, */*;q=0.5", &lossd_format_raw},
      {"application/json;q=0, */*", &lossd_format_raw},
      {"application/octet-stream", &lossd_format_raw},
      {"application/x-safetensors, application/octet-stream", &lossd_format_safetensors},
      {"application/octet-stream;q=0.5, application/vnd.safetensors", &lossd_format_safetensors},
      {"*/*;q=0", NULL},
      {"text/*", NULL},
      {"text/html;x=\"application/json\"", NULL},
      {"application/json;version=1;q=0, application/octet-stream", &lossd_format_raw},
      {"application/json;version=1;q=0.2, application/octet-stream;q=0.3", &lossd_format_raw},
      {"application/json;q=2, application/octet-stream;q=0.9",
       &lossd_format_json}, /* no weights count as 1 */
      {"application/json;q=, application/octet-stream;q=0.9", &lossd_format_json},
      {"application/json;q=a, application/octet-stream;q=0.9", &lossd_format_json},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    if (lossd_format_of_accept(cases[i].value, &lossd_format_json) != cases[i].format)
      fail_msg("%s", cases[i].value);
}

static void accept_may_rule_a_format_out(void **state) {
  (void)state;
  static const char *const takes[] = {"", "*/*", "application/vnd.safetensors, application/json;q=0.1"};
  static const char *const refuses[] = {"image/png", "application/vnd.safetensors",
                                        "*/*, application/json;q=0"};
  for (size_t i = 0; i < sizeof takes / sizeof takes[0]; i++)
    if (!lossd_accepts(takes[i], &lossd_format_json)) fail_msg("%s", takes[i]);
  for (size_t i = 0; i < sizeof refuses / sizeof refuses[0]; i++)
    if (lossd_accepts(refuses[i], &lossd_format_json)) fail_msg("%s", refuses[i]);
  assert_true(lossd_accepts(NULL, &lossd_format_json));
}

static void accept_encoding_may_rule_gzip_out(void **state) {
  (void)state;
  static const char *const takes[] = {
      "gzip", "GZIP", "x-gzip", "deflate, gzip", "br;q=1, gzip;q=0.5", "gzip ; q=0.001"};
  static const char *const refuses[] = {"",         "gzip;q=0", "gzip; Q=0.000, *", "br, gzip;q=0.0",
                                        "identity", "gzipped",  "br;x=\"gzip\""};
  for (size_t i = 0; i < sizeof takes / sizeof *takes; i++)
    if (!lossd_accepts_gzip(takes[i])) fail_msg("%s", takes[i]);
  for (size_t i = 0; i < sizeof refuses / sizeof *refuses; i++)
    if (lossd_accepts_gzip(refuses[i])) fail_msg("%s", refuses[i]);
  assert_false(lossd_accepts_gzip(NULL));
}

/* ---- gzip ---- */

static size_t compress_text(const char *text, size_t length, char *out, size_t room) {
  z_stream stream = {0};
  assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = (Bytef *)(uintptr_t)text;
  stream.avail_in = (uInt)length;
  stream.next_out = (Bytef *)out;
  stream.avail_out = (uInt)room;
  assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
  deflateEnd(&stream);
  return room - stream.avail_out;
}

static void expect_gzip(const char *data, size_t length, size_t most, int http, int status) {
  struct test_exchange t;
  char *copy = malloc(length + !length);
  assert_non_null(copy);
  memcpy(copy, data, length);
  test_exchange_init(&t, "MSELoss", copy, length);
  t.limits.max_body_bytes = most;
  t.x.gzip = true;
  test_exchange_run(&t);
  if (t.x.http_status != http || t.x.problem.status != status)
    fail_msg("%d: %.*s", t.x.http_status, (int)t.x.answer_length, t.x.answer);
  test_exchange_done(&t);
  free(copy);
}

static const char body[] = "{\"input\":[1,2,3],\"target\":[0,0,0]}";

static void inflates_gzip_bodies(void **state) {
  (void)state;
  char data[256];
  const size_t length = compress_text(body, strlen(body), data, sizeof data);
  expect_gzip(data, length, strlen(body), 200, LOSSD_OK);
  expect_gzip(data, length, strlen(body) - 1, 413, LOSSD_BODY_TOO_LARGE);
}

static void inflates_members_one_after_another(void **state) {
  (void)state;
  char data[512];
  size_t length = compress_text(body, 10, data, sizeof data);
  length += compress_text("", 0, data + length, sizeof data - length);
  length += compress_text(body + 10, strlen(body) - 10, data + length, sizeof data - length);
  expect_gzip(data, length, 1000, 200, LOSSD_OK);
}

static void refuses_gzip_data_cut_anywhere(void **state) {
  (void)state;
  char data[256];
  const size_t length = compress_text(body, strlen(body), data, sizeof data);
  for (size_t cut = 0; cut < length; cut++) expect_gzip(data, cut, 1000, 400, LOSSD_BAD_GZIP);
}

static void refuses_damaged_gzip_data(void **state) {
  (void)state;
  char data[256];
  const size_t length = compress_text(body, strlen(body), data, sizeof data);
  memcpy(data + length, "junk", 4);
  expect_gzip(data, length + 4, 1000, 400, LOSSD_BAD_GZIP);
  data[length - 5] ^= 1; /* of the checksum */
  expect_gzip(data, length, 1000, 400, LOSSD_BAD_GZIP);
  expect_gzip(body, strlen(body), 1000, 400, LOSSD_BAD_GZIP);
}

static void stops_at_the_limit_of_a_bomb(void **state) {
  (void)state;
  const size_t size = 32 << 20, room = 1 << 16;
  char *text = malloc(size), *data = malloc(room);
  assert_non_null(text);
  assert_non_null(data);
  memset(text, ' ', size);
  const size_t length = compress_text(text, size, data, room);
  expect_gzip(data, length, 1 << 20, 413, LOSSD_BODY_TOO_LARGE);
  memset(data + length - 4, 0, 4); /* the size it claims */
  expect_gzip(data, length, 1 << 20, 413, LOSSD_BODY_TOO_LARGE);
  memset(data + length - 4, 0xFF, 4);
  expect_gzip(data, length, 1 << 20, 413, LOSSD_BODY_TOO_LARGE);
  free(text);
  free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_the_format_of_a_content_type),
      cmocka_unit_test(finds_the_format_that_accept_asks_for),
      cmocka_unit_test(accept_may_rule_a_format_out),
      cmocka_unit_test(accept_encoding_may_rule_gzip_out),
      cmocka_unit_test(inflates_gzip_bodies),
      cmocka_unit_test(inflates_members_one_after_another),
      cmocka_unit_test(refuses_gzip_data_cut_anywhere),
      cmocka_unit_test(refuses_damaged_gzip_data),
      cmocka_unit_test(stops_at_the_limit_of_a_bomb),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
