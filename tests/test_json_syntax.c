/* The strict JSON reader: what it takes, and what it refuses at which byte. */
#include "tests/parsed_json.h"

static const char *const valid[] = {
    "{}",
    " \t\r\n{ } ",
    "[]",
    "null",
    "true",
    "1",
    "-0",
    "0",
    "-0.0e-0",
    "1E+400",
    "NaN",
    "-Infinity",
    "[NaN,Infinity,-Infinity,\"NaN\"]",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"",
    "{\"a\":{\"a\":1},\"b\":{\"a\":1}}",
    "[{\"a\":1},{\"a\":1}]",
    "[1,[2,{\"x\":[null]}],\"s\"]",
    "[ 1 , 2.5 ,\n3e5\t]",
    "[12345678901234567890123456789012345678901234567890.123456789012345678901234567890e-300]",
    "[[[]],[],[[],[1]]]",
    "\"a text that is longer than eight bytes, with \\u0041 in it\"",
};

static void takes_all_of_json(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++) {
    struct parsed p;
    parsed_text(&p, valid[i]);
    if (p.status) fail_msg("%s: %s", valid[i], p.problem.detail);
    assert_non_null(p.json.root);
    parsed_done(&p);
  }
}

static const struct {
  const char *text;
  int offset;
} invalid[] = {
    {"", 0},
    {" ", 1},
    {"{", 1},
    {"[", 1},
    {"[1", 2},
    {"[1,", 3},
    {"{\"a\"", 4},
    {"{\"a\":", 5},
    {"{\"a\":1", 6},
    {"{\"a\":1,", 7},
    {"{\"a", 3},
    {"\"a", 2},
    {"{} x", 3},
    {"{}{}", 2},
    {"1 2", 2},
    {"\xEF\xBB\xBF{}", 0},
    {"01", 1},
    {"-01", 2},
    {"[1,01]", 4},
    {"1.", 2},
    {"[1.]", 3},
    {"[1.x]", 3},
    {"+1", 0},
    {".5", 0},
    {"-", 1},
    {"[-]", 2},
    {"1e", 2},
    {"1e+", 3},
    {"[1ex]", 3},
    {"0x10", 1},
    {"1_0", 1},
    {"[1 2]", 3},
    {"[1,,2]", 3},
    {"[1,]", 3},
    {"[,1]", 1},
    {"[1}", 2},
    {"{\"a\":1]", 6},
    {"{\"a\" 1}", 5},
    {"{a:1}", 1},
    {"{\"a\":1,}", 7},
    {"{1:1}", 1},
    {"'a'", 0},
    {"tru", 3},
    {"True", 0},
    {"nul!", 3},
    {"nan", 1},
    {"Infinite", 7},
    {"-Inf", 4},
    {"+Infinity", 0},
    {"\"\x01\"", 1},
    {"\"a\nb\"", 2},
    {"\"\\x\"", 2},
    {"\"\\", 2},
    {"\"\\u12\"", 5},
    {"\"\\u12G4\"", 5},
    {"\"\\ud800\"", 1},
    {"\"\\ud800x\"", 1},
    {"\"\\ud800\\n\"", 1},
    {"\"\\ud800\\u0041\"", 1},
    {"\"\\udc00\"", 1},
    {"\"\x80\"", 1},
    {"\"\xC0\x80\"", 1},
    {"\"\xC3\"", 1},
    {"\"\xE2\x82\"", 1},
    {"\"\xED\xA0\x80\"", 1},
    {"\"\xF4\x90\x80\x80\"", 1},
    {"\"\xFF"
     "0\"",
     1},
    {"{\"\\u0000\":1}", 2},
    {"{\"a\\u0000b\":1}", 2},
    {"{\"a\":1,\"a\":2}", 7},
    {"{\"a\":1,\"\\u0061\":2}", 7},
    {"{\"\\/\":1,\"/\":2}", 8},
    {"{\"x\":{\"a\":1,\"b\":2,\"a\":3}}", 18},
    {"[1,{\"a\":1,\"a\":2}]", 10},
    {"[1,2,3.5,{\"x\":[1,]}]", 17},
    {"[1,2,\"a\x01\"]", 7},
    {"/* c */1", 0},
};

static void refuses_what_is_not_json_and_says_where(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
    struct parsed p;
    parsed_text(&p, invalid[i].text);
    if (p.status != LOSSD_BAD_JSON || p.problem.offset != invalid[i].offset)
      fail_msg("%s: status %d at %lld, expected %d", invalid[i].text, p.status, p.problem.offset,
               invalid[i].offset);
    assert_int_not_equal(p.problem.detail[0], 0);
    parsed_done(&p);
  }
}

/* Blocks of many numbers are read at once: a token must mean the same wherever it stands among others. */
static void expect_token_anywhere(const char *token, int fault) {
  enum { COUNT = 40 };
  for (int at = 0; at < COUNT; at++) {
    char text[1024] = "[";
    size_t offset = 0;
    struct parsed p;
    for (int i = 0; i < COUNT; i++) {
      if (i) strcat(text, i % 3 ? "," : ", ");
      if (i == at) offset = strlen(text);
      strcat(text, i == at ? token : i % 2 ? "-1.25e-3" : "0.5");
    }
    strcat(text, "]");
    parsed_text(&p, text);
    if (fault < 0 ? p.status : p.status != LOSSD_BAD_JSON || p.problem.offset != (long long)offset + fault)
      fail_msg("%s at %d: %s", token, at, p.problem.detail);
    if (!p.status) assert_int_equal(lossd_json_span(&p.json, p.json.root)->count, COUNT);
    parsed_done(&p);
  }
}

static void reads_numbers_the_same_wherever_they_stand(void **state) {
  (void)state;
  static const char *const good[] = {
      "0",         "-0",
      "7",         "10",
      "123456789", "-1",
      "0.0",       "-0.10",
      "1e5",       "1E5",
      "1e+5",      "1E-05",
      "1.5e00",    "9.25E+12",
      "NaN",       "-Infinity",
      "\"NaN\"",   "true",
      " 1",        "1 ",
      "  1",       "\t1\n",
      "1 \r",      "12345678901234567890123456789012345678901234567890123456789012345678901234567890.5"};
  static const struct {
    const char *token;
    int fault;
  } bad[] = {{"", 0},      {"01", 1},   {"-01", 2},   {"00", 1},      {"-", 1},    {"+1", 0},   {".5", 0},
             {"1.", 2},    {"1.e5", 2}, {"-.5", 1},   {"1e", 2},      {"1e+", 3},  {"1e-", 3},  {"1e+-5", 3},
             {"1.5.5", 3}, {"1..5", 2}, {"1e5e5", 3}, {"1e5.5", 3},   {"1-1", 1},  {"1+1", 1},  {"--1", 1},
             {"1 2", 2},   {"1  2", 3}, {"e5", 0},    {"1.5e5.5", 5}, {"1ee5", 2}, {"1.-5", 2}, {"-e5", 1},
             {"1.5-", 3},  {"- 1", 1},  {"1. 5", 2},  {" ", 1},       {"1e 5", 2}, {"1:2", 1},  {"0x1", 1},
             {"1/", 1},    {"\x10", 0}, {"1e5+3", 3}, {"1.0e01.", 6}};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) expect_token_anywhere(good[i], -1);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) expect_token_anywhere(bad[i].token, bad[i].fault);
}

static void refuses_a_zero_byte(void **state) {
  (void)state;
  static const char *const texts[] = {"[1,\0]", "[1\0,", "\"a\0\"", "\0[1]"};
  static const int offsets[] = {3, 2, 2, 0};
  for (size_t i = 0; i < 4; i++) {
    struct parsed p;
    parsed_bytes(&p, texts[i], 4, NULL);
    assert_int_equal(p.status, LOSSD_BAD_JSON);
    assert_int_equal(p.problem.offset, offsets[i]);
    parsed_done(&p);
  }
}

/* depth times open, then close. */
static char *nested(size_t depth, char open, char close) {
  char *text = calloc(2 * depth + 1, 1);
  assert_non_null(text);
  memset(text, open, depth);
  memset(text + depth, close, depth);
  return text;
}

static void nests_to_512_levels_and_no_further(void **state) {
  (void)state;
  static const struct {
    size_t depth;
    int status;
  } cases[] = {{512, LOSSD_OK}, {513, LOSSD_BAD_JSON}, {150000, LOSSD_BAD_JSON}};
  for (size_t i = 0; i < 3; i++) {
    struct parsed p;
    char *text = nested(cases[i].depth, '[', ']');
    parsed_text(&p, text);
    assert_int_equal(p.status, cases[i].status);
    if (p.status) assert_int_equal(p.problem.offset, 512);
    parsed_done(&p);
    free(text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_all_of_json),
      cmocka_unit_test(refuses_what_is_not_json_and_says_where),
      cmocka_unit_test(reads_numbers_the_same_wherever_they_stand),
      cmocka_unit_test(refuses_a_zero_byte),
      cmocka_unit_test(nests_to_512_levels_and_no_further),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
