/* Logs: one safe line an event, never waited for. */
#include "server/log.h"
#include "server/log_line.h"
#include "tests/unit.h"
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

/* A pipe that stands for standard error; reading takes what is there. */
static int reader, writer;

static int open_pipe(void **state) {
  (void)state;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return 1;
  reader = ends[0], writer = ends[1];
  fcntl(reader, F_SETFL, O_NONBLOCK);
  lossd_log_descriptor(writer);
  lossd_log_init(LOSSD_LOG_JSON, LOSSD_LOG_DEBUG);
  return 0;
}

static int close_pipe(void **state) {
  (void)state;
  close(reader);
  close(writer);
  return 0;
}

static char *read_all(void) {
  static char text[1 << 17];
  ssize_t length = read(reader, text, sizeof text - 1);
  text[length < 0 ? 0 : length] = 0;
  return text;
}

static cJSON *read_line(void) {
  char *text = read_all();
  size_t length = strlen(text);
  if (length == 0 || strchr(text, '\n') != text + length - 1) fail_msg("not one line: \"%s\"", text);
  const char *end;
  cJSON *line = cJSON_ParseWithOpts(text, &end, 0);
  if (!line) fail_msg("not JSON: %s", text);
  return line;
}

static const char *string_of(const cJSON *line, const char *name) {
  return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, name));
}

static double number_of(const cJSON *line, const char *name) {
  return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(line, name));
}

static const struct lossd_log_request good = {.request_id = "r1",
                                              .traceparent =
                                                  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                              .method = "POST",
                                              .route = "/v1/losses/{loss}",
                                              .loss = "MSELoss",
                                              .dtype = "float32",
                                              .remote = "::1",
                                              .elements = 6,
                                              .status = 200,
                                              .request_bytes = 120,
                                              .response_bytes = 64,
                                              .queue_ms = 0.0125,
                                              .decode_ms = 1.5,
                                              .compute_ms = 2,
                                              .encode_ms = 0,
                                              .total_ms = 3.75};

static void a_request_is_one_json_line_with_all_its_members(void **state) {
  (void)state;
  lossd_log_request(&good);
  cJSON *line = read_line();
  assert_int_equal(cJSON_GetArraySize(line), 19);
  assert_string_equal(string_of(line, "level"), "info");
  assert_string_equal(string_of(line, "event"), "request");
  assert_string_equal(string_of(line, "request_id"), "r1");
  assert_string_equal(string_of(line, "traceparent"), good.traceparent);
  assert_string_equal(string_of(line, "method"), "POST");
  assert_string_equal(string_of(line, "route"), "/v1/losses/{loss}");
  assert_string_equal(string_of(line, "loss"), "MSELoss");
  assert_string_equal(string_of(line, "dtype"), "float32");
  assert_string_equal(string_of(line, "remote"), "::1");
  assert_true(number_of(line, "status") == 200 && number_of(line, "elements") == 6);
  assert_true(number_of(line, "request_bytes") == 120 && number_of(line, "response_bytes") == 64);
  assert_true(number_of(line, "decode_ms") == 1.5 && number_of(line, "total_ms") == 3.75);
  cJSON_Delete(line);
}

static void the_time_is_rfc_3339_with_milliseconds(void **state) {
  (void)state;
  int year, month, day, hour, minute, second, milli, end = 0;
  lossd_log(LOSSD_LOG_INFO, "start", "x");
  cJSON *line = read_line();
  assert_int_equal(sscanf(string_of(line, "time"), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &year, &month, &day,
                          &hour, &minute, &second, &milli, &end),
                   7);
  assert_int_equal(end, 24);
  assert_int_equal(strlen(string_of(line, "time")), 24);
  cJSON_Delete(line);
}

static void what_is_absent_is_left_out(void **state) {
  (void)state;
  lossd_log_request(&(struct lossd_log_request){.status = 404,
                                                .elements = -1,
                                                .queue_ms = -1,
                                                .decode_ms = -1,
                                                .compute_ms = -1,
                                                .encode_ms = -1,
                                                .total_ms = 0.1});
  cJSON *line = read_line();
  const char *const absent[] = {"request_id", "route",    "loss",       "dtype",
                                "elements",   "queue_ms", "compute_ms", "error"};
  for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
    assert_null(cJSON_GetObjectItemCaseSensitive(line, absent[i]));
  assert_true(number_of(line, "status") == 404);
  cJSON_Delete(line);
}

/* Hostile strings: what goes in, and what a JSON reader gets out. */
struct hostile {
  const char *in, *out, *raw;
};
static const struct hostile hostile[] = {
    {"a\"b\\c", "a\"b\\c", "\"a\\\"b\\\\c\""},
    {"x\n{\"level\":\"error\"}", "x\n{\"level\":\"error\"}", "x\\u000a{\\\"level\\\":\\\"error\\\"}"},
    {"\r\t\x1b[2J\x07\x7f", "\r\t\x1b[2J\x07\x7f", "\\u000d\\u0009\\u001b[2J\\u0007\\u007f"},
    {"\xc2\x9b"
     "31m",
     "\xc2\x9b"
     "31m",
     "\\u009b31m"},
    {"\xe2\x80\xa8", "\xe2\x80\xa8", "\\u2028"},
    {"caf\xc3\xa9 \xf0\x9f\x98\x80", "caf\xc3\xa9 \xf0\x9f\x98\x80", "caf\xc3\xa9 \xf0\x9f\x98\x80"},
    {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd", "\\ufffd\\ufffd"},
    {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd", "\\ufffd\\ufffd"},
    {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "\\ufffd\\ufffd\\ufffd"},
    {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "\\ufffd"},
    {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd", "\\ufffd\\ufffd"},
    {"", "", "\"loss\":\"\""},
};

static void hostile_strings_stay_strings(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
    struct lossd_log_request request = good;
    request.loss = hostile[i].in;
    lossd_log_request(&request);
    char *text = read_all();
    if (!strstr(text, hostile[i].raw)) fail_msg("%zu: no %s in %s", i, hostile[i].raw, text);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    cJSON *line = cJSON_Parse(text);
    assert_non_null(line);
    assert_string_equal(string_of(line, "loss"), hostile[i].out);
    assert_int_equal(cJSON_GetArraySize(line), 19);
    cJSON_Delete(line);
  }
}

static void the_longest_line_is_whole_and_fits_a_pipe(void **state) {
  (void)state;
  char worst[2000];
  memset(worst, 1, sizeof worst - 1);
  worst[sizeof worst - 1] = 0;
  struct lossd_log_request request = {worst, worst,    worst,     worst, worst,        worst,
                                      worst, worst,    INT64_MAX, 999,   SIZE_MAX / 2, SIZE_MAX / 2,
                                      1e300, INFINITY, 1e12,      1e12,  1e12};
  lossd_log_request(&request);
  size_t length = strlen(read_all());
  assert_in_range(length, 3000, LOSSD_LOG_LINE);
  lossd_log_request(&request);
  cJSON *line = read_line();
  assert_int_equal(cJSON_GetArraySize(line), 20);
  assert_int_equal(strlen(string_of(line, "request_id")), 64 + 3);
  assert_true(number_of(line, "total_ms") == 1e9);
  cJSON_Delete(line);
}

static void long_text_is_cut_between_characters(void **state) {
  (void)state;
  char text[101], want[101];
  for (int i = 0; i < 50; i++) memcpy(text + 2 * i, "\xc3\xa9", 3);
  struct lossd_log_line line;
  lossd_line_begin(&line, true);
  lossd_line_string(&line, "k", text, 33);
  lossd_line_end(&line);
  snprintf(want, sizeof want, "{\"k\":\"%.32s...\"}\n", text);
  assert_int_equal(line.length, strlen(want));
  assert_memory_equal(line.text, want, line.length);
}

static void a_long_message_is_cut(void **state) {
  (void)state;
  char message[5000];
  memset(message, '\n', sizeof message - 1);
  message[sizeof message - 1] = 0;
  lossd_log(LOSSD_LOG_ERROR, "start", "%s", message);
  cJSON *line = read_line();
  assert_int_equal(strlen(string_of(line, "message")), 512 + 3);
  cJSON_Delete(line);
}

static void text_lines_are_keys_and_values_quoted_where_needed(void **state) {
  (void)state;
  lossd_log_init(LOSSD_LOG_TEXT, LOSSD_LOG_DEBUG);
  lossd_log(LOSSD_LOG_WARN, "reload", "two words\n\"level=error\"");
  char *text = read_all();
  assert_non_null(strstr(text, " level=warn event=reload message=\"two words\\u000a\\\"level=error\\\"\"\n"));
  assert_ptr_equal(strstr(text, "time="), text);
}

static void levels_leave_out_what_is_less_important(void **state) {
  (void)state;
  for (int level = LOSSD_LOG_ERROR; level <= LOSSD_LOG_DEBUG; level++) {
    lossd_log_init(LOSSD_LOG_JSON, level);
    int lines = 0;
    for (int event = LOSSD_LOG_ERROR; event <= LOSSD_LOG_DEBUG; event++) lossd_log(event, "x", "y");
    for (const char *at = read_all(); (at = strchr(at, '\n')); at++) lines++;
    assert_int_equal(lines, level + 1);
  }
}

static void the_format_none_writes_nothing(void **state) {
  (void)state;
  lossd_log_init(LOSSD_LOG_NONE, LOSSD_LOG_DEBUG);
  lossd_log(LOSSD_LOG_ERROR, "x", "y");
  lossd_log_request(&good);
  assert_string_equal(read_all(), "");
}

static void a_request_has_the_level_of_its_outcome(void **state) {
  (void)state;
  const struct {
    int status;
    const char *route, *level;
  } cases[] = {
      {200, "/v1/losses/{loss}", "info"}, {422, "/v1/losses/{loss}", "info"}, {500, "/readyz", "error"},
      {503, "/readyz", "warn"},           {504, "/v1/losses/{loss}", "warn"}, {200, "/readyz", "debug"},
      {200, "/metrics", "debug"},         {401, "/metrics", "info"},          {404, NULL, "info"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    lossd_log_request(&(struct lossd_log_request){.status = cases[i].status, .route = cases[i].route});
    cJSON *line = read_line();
    assert_string_equal(string_of(line, "level"), cases[i].level);
    cJSON_Delete(line);
  }
}

static void a_full_pipe_drops_lines_and_the_next_one_says_so(void **state) {
  (void)state;
  static char much[1 << 17];
  fcntl(writer, F_SETFL, O_NONBLOCK);
  while (write(writer, much, 4096) > 0) continue;
  fcntl(writer, F_SETFL, 0); /* a write would now wait for ever */
  lossd_log(LOSSD_LOG_INFO, "lost", "1");
  lossd_log(LOSSD_LOG_INFO, "lost", "2");
  while (read(reader, much, sizeof much) > 0) continue;
  lossd_log(LOSSD_LOG_INFO, "kept", "3");
  char *text = read_all(), *second = strchr(text, '\n') + 1;
  assert_non_null(strstr(text, "\"event\":\"log_dropped\",\"lines\":2}\n"));
  assert_non_null(strstr(second, "\"event\":\"kept\""));
  assert_null(strstr(text, "lost"));
  lossd_log(LOSSD_LOG_INFO, "again", "4");
  assert_null(strstr(read_all(), "log_dropped"));
}

static void a_reader_that_went_away_does_no_harm(void **state) {
  (void)state;
  close(reader);
  lossd_log(LOSSD_LOG_INFO, "x", "y"); /* SIGPIPE has its default here: it would end the test */
  close(writer);
  lossd_log(LOSSD_LOG_INFO, "x", "y");
  int ends[2];
  assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  reader = ends[0], writer = ends[1];
  lossd_log_descriptor(writer);
  lossd_log(LOSSD_LOG_INFO, "back", "y");
  assert_non_null(strstr(read_all(), "\"lines\":2}"));
}

enum { THREADS = 4, LINES = 20 };

static void *write_lines(void *argument) {
  (void)argument;
  for (int i = 0; i < LINES; i++) lossd_log_request(&good);
  return NULL;
}

static void lines_of_threads_do_not_mix(void **state) {
  (void)state;
  pthread_t thread[THREADS];
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&thread[i], NULL, write_lines, NULL), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
  int lines = 0;
  char *rest = NULL;
  for (char *line = strtok_r(read_all(), "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), lines++) {
    cJSON *parsed = cJSON_Parse(line);
    assert_non_null(parsed);
    assert_int_equal(cJSON_GetArraySize(parsed), 19);
    cJSON_Delete(parsed);
  }
  assert_int_equal(lines, THREADS * LINES);
}

int main(void) {
#define WITH_PIPE(test) cmocka_unit_test_setup_teardown(test, open_pipe, close_pipe)
  const struct CMUnitTest tests[] = {
      WITH_PIPE(a_request_is_one_json_line_with_all_its_members),
      WITH_PIPE(the_time_is_rfc_3339_with_milliseconds),
      WITH_PIPE(what_is_absent_is_left_out),
      WITH_PIPE(hostile_strings_stay_strings),
      WITH_PIPE(the_longest_line_is_whole_and_fits_a_pipe),
      WITH_PIPE(long_text_is_cut_between_characters),
      WITH_PIPE(a_long_message_is_cut),
      WITH_PIPE(text_lines_are_keys_and_values_quoted_where_needed),
      WITH_PIPE(levels_leave_out_what_is_less_important),
      WITH_PIPE(the_format_none_writes_nothing),
      WITH_PIPE(a_request_has_the_level_of_its_outcome),
      WITH_PIPE(a_full_pipe_drops_lines_and_the_next_one_says_so),
      WITH_PIPE(a_reader_that_went_away_does_no_harm),
      WITH_PIPE(lines_of_threads_do_not_mix),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
