/* Names of requests: those that clients send, where they are valid and harmless, and new ones. */
#include "server/trace.h"
#include "tests/unit.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static void a_valid_traceparent_keeps_its_trace_and_gets_a_new_parent(void **state) {
  (void)state;
  const struct {
    const char *in, *flags;
  } cases[] = {{"00-" TRACE "-" SPAN "-01", "01"}, {"00-" TRACE "-" SPAN "-00", "00"},
               {"00-" TRACE "-" SPAN "-ff", "01"}, {"00-" TRACE "-" SPAN "-fe", "00"},
               {"cc-" TRACE "-" SPAN "-01", "01"}, {"cc-" TRACE "-" SPAN "-01-what-comes-later", "01"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char out[LOSSD_TRACE_PARENT];
    lossd_trace_parent(cases[i].in, out);
    assert_int_equal(strlen(out), 55);
    assert_memory_equal(out, "00-" TRACE "-", 36);
    assert_memory_not_equal(out + 36, SPAN, 16);
    assert_int_equal(strspn(out + 36, "0123456789abcdef"), 16);
    assert_int_equal(out[52], '-');
    assert_string_equal(out + 53, cases[i].flags);
  }
}

static void a_bad_traceparent_starts_a_new_trace(void **state) {
  (void)state;
  const char *const bad[] = {NULL,
                             "",
                             "00",
                             "00-" TRACE "-" SPAN,
                             "00-" TRACE "-" SPAN "-0",
                             "00-" TRACE "-" SPAN "-011",
                             "00-" TRACE "-" SPAN "-01-more",
                             "cc-" TRACE "-" SPAN "-01more",
                             "ff-" TRACE "-" SPAN "-01",
                             "0g-" TRACE "-" SPAN "-01",
                             "00-00000000000000000000000000000000-" SPAN "-01",
                             "00-" TRACE "-0000000000000000-01",
                             "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01",
                             "00-" TRACE "-B7AD6B7169203331-01",
                             "00-" TRACE "-" SPAN "-0x",
                             "00_" TRACE "-" SPAN "-01",
                             "00-" TRACE "_" SPAN "-01",
                             "00-" TRACE "-" SPAN "_01"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char out[LOSSD_TRACE_PARENT];
    lossd_trace_parent(bad[i], out);
    assert_int_equal(strlen(out), 55);
    assert_memory_not_equal(out + 3, TRACE, 32);
    assert_int_equal(strspn(out + 3, "0123456789abcdef"), 32);
    assert_string_equal(out + 52, "-00");
  }
}

static void a_harmless_request_id_is_kept(void **state) {
  (void)state;
  const char *const ids[] = {"a", "1f0c-44", "A.b_c:d/e+f=g@h-i",
                             "0123456789012345678901234567890123456789012345678901234567890123"};
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    char out[LOSSD_REQUEST_ID];
    lossd_request_id(ids[i], out);
    assert_string_equal(out, ids[i]);
  }
}

static void any_other_request_id_is_made_anew(void **state) {
  (void)state;
  const char *const ids[] = {NULL,
                             "",
                             "a b",
                             "a\r\nSet-Cookie: x",
                             "\"",
                             "caf\xc3\xa9",
                             "a,b",
                             "<script>",
                             "01234567890123456789012345678901234567890123456789012345678901234"};
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    char out[LOSSD_REQUEST_ID];
    lossd_request_id(ids[i], out);
    assert_int_equal(strlen(out), 32);
    assert_int_equal(strspn(out, "0123456789abcdef"), 32);
  }
}

static void new_ids_differ(void **state) {
  (void)state;
  char id[100][LOSSD_REQUEST_ID];
  for (int i = 0; i < 100; i++) {
    lossd_request_id(NULL, id[i]);
    for (int j = 0; j < i; j++) assert_string_not_equal(id[i], id[j]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_valid_traceparent_keeps_its_trace_and_gets_a_new_parent),
      cmocka_unit_test(a_bad_traceparent_starts_a_new_trace),
      cmocka_unit_test(a_harmless_request_id_is_kept),
      cmocka_unit_test(any_other_request_id_is_made_anew),
      cmocka_unit_test(new_ids_differ),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
