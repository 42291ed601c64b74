/* The guard, on heads as the HTTP library leaves them: colons and line ends are NULs. */
#include <string.h>

#include "api/problem.h"
#include "server/guard.h"
#include "unit.h"

/* A head, as the library cuts it and hands it out: each line's name ends at the first colon. Returns the
 * status. */
static int judge(const char *text, size_t length, struct lossd_guard *guard) {
  static char head[65536];
  static struct lossd_problem problem;
  static struct lossd_arena arena;
  memset(&problem, 0, sizeof problem);
  if (!arena.memory) lossd_arena_init(&arena, NULL);
  lossd_arena_reset(&arena);
  memcpy(head, text, length);
  head[length] = 0;
  char *line = head, *uri = strchr(head, ' ') + 1, *version = strchr(uri, ' ') + 1;
  char *end = strstr(version, "\r\n");
  version[-1] = uri[-1] = 0;
  end[0] = end[1] = 0;
  int status = lossd_guard_begin(guard, head, uri, strlen(uri), uri, version, &arena, &problem);
  for (line = end + 2; !status && *line && *line != '\r'; line = end + 2) {
    end = strstr(line, "\r\n");
    end[0] = end[1] = 0;
    char *value = strchr(line, ':');
    *value++ = 0;
    while (*value == ' ' || *value == '\t') value++;
    status = lossd_guard_field(guard, line, strlen(line), value, strlen(value));
  }
  return status ? status : lossd_guard_end(guard, line + 2);
}

#define HEAD(text) text, sizeof(text) - 1
#define GET "GET / HTTP/1.1\r\nHost: a\r\n"

static void test_heads(void **state) {
  (void)state;
  static const struct {
    const char *head;
    size_t length;
    int status;
  } cases[] = {
      {HEAD(GET "\r\n"), 0},
      {HEAD(GET "Content-Length: 0\r\n\r\n"), 0},
      {HEAD(GET "Transfer-Encoding: Chunked\r\n\r\n"), 0},
      {HEAD(GET "X-A:\r\n\r\n"), 0},
      {HEAD(GET "X-A:\t b\t c\r\n\r\n"), 0},
      {HEAD("GET / HTTP/1.0\r\n\r\n"), 0},
      {HEAD("GET /%41?a=%2b HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), 0},
      {HEAD("GET / HTTP/1.1\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD(GET "Host: a\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD(GET "host: b\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD(GET "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD(GET "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD(GET "Content-Length: 1,1\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD(GET "Content-Type: a\r\ncontent-type: a\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD(GET "Transfer-Encoding: chunked, gzip\r\n\r\n"), LOSSD_NOT_IMPLEMENTED},
      {HEAD(GET "Transfer-Encoding: xchunked\r\n\r\n"), LOSSD_NOT_IMPLEMENTED},
      {HEAD("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD(GET "X A: b\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD(GET "X-A : b\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD(GET ": b\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD(GET "X-A: b\x01\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD(GET "X-A: b\x7f\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD("G\rET / HTTP/1.1\r\nHost: a\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD("G(T / HTTP/1.1\r\nHost: a\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD("GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD("GET /%g0 HTTP/1.1\r\nHost: a\r\n\r\n"), LOSSD_BAD_HTTP},
      {HEAD("GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n"), LOSSD_BAD_HTTP},
  };
  struct lossd_guard guard;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    if (judge(cases[i].head, cases[i].length, &guard) != cases[i].status)
      fail_msg("case %zu: %s", i, cases[i].head);
}

/* What stands between the strings cannot be seen in them, only in their distances. */
static void test_hidden_bytes(void **state) {
  (void)state;
  static const struct {
    const char *name;
    char head[64];
    size_t value, next; /* offsets the library would report, and of the end */
  } cases[] = {
      {"folded", "HTTP/1.1\0\0Host\0a\0\0 b\0\0\0\0", 15, 24},
      {"NUL in the value", "HTTP/1.1\0\0Host\0a\0b\0\0\0\0", 15, 22},
      {"bare LF", "HTTP/1.1\0\0Host\0a\0\0\0", 15, 19},
      {"bare LF, then a line of NUL and x", "HTTP/1.1\0\0Host\0a\0\0x\0", 15, 20},
      {"value elsewhere", "HTTP/1.1\0\0Host\0xxxxxxxxa\0\0\0\0", 23, 28},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct lossd_guard guard;
    struct lossd_problem problem = {0};
    char buffer[80] = "GET\0/";
    memcpy(buffer + 6, cases[i].head, sizeof cases[i].head);
    const char *head = buffer + 6;
    int status = lossd_guard_begin(&guard, buffer, "/", 1, buffer + 4, head, NULL, &problem);
    if (!status) status = lossd_guard_field(&guard, head + 10, 4, head + cases[i].value, 1);
    if (!status) status = lossd_guard_end(&guard, head + cases[i].next);
    if (status != LOSSD_BAD_HTTP) fail_msg("%s: %d", cases[i].name, status);
  }
}

static void test_sizes(void **state) {
  (void)state;
  static char text[32768];
  struct lossd_guard guard;
  size_t length = (size_t)sprintf(text, "GET /%0*d HTTP/1.1\r\nHost: a\r\n\r\n", LOSSD_MAX_URI - 1, 0);
  assert_int_equal(judge(text, length, &guard), 0);
  length = (size_t)sprintf(text, "GET /%0*d HTTP/1.1\r\nHost: a\r\n\r\n", LOSSD_MAX_URI, 0);
  assert_int_equal(judge(text, length, &guard), LOSSD_URI_TOO_LONG);
  length = (size_t)sprintf(text, GET "X: %0*d\r\n\r\n", LOSSD_MAX_FIELDS_BYTES, 0);
  assert_int_equal(judge(text, length, &guard), LOSSD_HEADERS_TOO_LARGE);
  length = (size_t)sprintf(text, GET);
  for (int i = 0; i < LOSSD_MAX_FIELDS; i++) length += (size_t)sprintf(text + length, "a: b\r\n");
  length += (size_t)sprintf(text + length, "\r\n");
  assert_int_equal(judge(text, length, &guard), LOSSD_HEADERS_TOO_LARGE);
}

static void test_known_fields_are_found(void **state) {
  (void)state;
  struct lossd_guard guard;
  assert_int_equal(judge(HEAD(GET "aCCept: x/y\r\nAccept: z\r\nX-Request-ID: 7\r\n\r\n"), &guard), 0);
  assert_string_equal(guard.values[LOSSD_FIELD_HOST], "a");
  assert_string_equal(guard.values[LOSSD_FIELD_ACCEPT], "x/y,z");
  assert_string_equal(guard.values[LOSSD_FIELD_REQUEST_ID], "7");
  assert_null(guard.values[LOSSD_FIELD_AUTHORIZATION]);
}

static void test_blanks_after_a_value_are_none_of_it(void **state) {
  (void)state;
  struct lossd_guard guard;
  assert_int_equal(judge(HEAD("GET / HTTP/1.1\r\nHost: a \t\r\nContent-Encoding:\tgzip \r\n\r\n"), &guard),
                   0);
  assert_string_equal(guard.values[LOSSD_FIELD_HOST], "a");
  assert_string_equal(guard.values[LOSSD_FIELD_CONTENT_ENCODING], "gzip");
  /* The library reads these two for itself, blanks and all. */
  assert_int_equal(judge(HEAD(GET "Transfer-Encoding: chunked \r\n\r\n"), &guard), LOSSD_NOT_IMPLEMENTED);
  assert_int_equal(judge(HEAD(GET "Content-Length: 1 \r\n\r\n"), &guard), LOSSD_BAD_HTTP);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_heads), cmocka_unit_test(test_hidden_bytes),
                                     cmocka_unit_test(test_sizes),
                                     cmocka_unit_test(test_known_fields_are_found),
                                     cmocka_unit_test(test_blanks_after_a_value_are_none_of_it)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
