/* The strict JSON reader: what it takes, what it refuses and where, and what it notes. */
#include "api/json_scan.h"

#include "api/json_block.h"
#include "core/loss.h"
#include "tests/unit.h"

struct parsed {
  struct lossd_arena arena;
  struct lossd_problem problem;
  struct lossd_json json;
  char *text;
  int status;
};

/* The text lies in memory of exactly its size. */
static void parse_bytes(struct parsed *p, const char *text, size_t length, const atomic_int *cancelled) {
  p->text = malloc(length + !length);
  assert_non_null(p->text);
  memcpy(p->text, text, length);
  lossd_arena_init(&p->arena, NULL);
  p->status = lossd_json_parse(&p->json, p->text, length, cancelled, &p->arena, &p->problem);
}

static void parse(struct parsed *p, const char *text) {
  parse_bytes(p, text, strlen(text), NULL);
}

static void done(struct parsed *p) {
  lossd_json_free(&p->json);
  lossd_arena_reset(&p->arena);
  free(p->text);
}

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
    parse(&p, valid[i]);
    if (p.status) fail_msg("%s: %s", valid[i], p.problem.detail);
    assert_non_null(p.json.root);
    done(&p);
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
    parse(&p, invalid[i].text);
    if (p.status != LOSSD_BAD_JSON || p.problem.offset != invalid[i].offset)
      fail_msg("%s: status %d at %lld, expected %d", invalid[i].text, p.status, p.problem.offset,
               invalid[i].offset);
    assert_int_not_equal(p.problem.detail[0], 0);
    done(&p);
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
    parse(&p, text);
    if (fault < 0 ? p.status : p.status != LOSSD_BAD_JSON || p.problem.offset != (long long)offset + fault)
      fail_msg("%s at %d: %s", token, at, p.problem.detail);
    if (!p.status) assert_int_equal(lossd_json_span(&p.json, p.json.root)->count, COUNT);
    done(&p);
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
    parse_bytes(&p, texts[i], 4, NULL);
    assert_int_equal(p.status, LOSSD_BAD_JSON);
    assert_int_equal(p.problem.offset, offsets[i]);
    done(&p);
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
    parse(&p, text);
    assert_int_equal(p.status, cases[i].status);
    if (p.status) assert_int_equal(p.problem.offset, 512);
    done(&p);
    free(text);
  }
}

static const struct lossd_json_span *member(const struct parsed *p, const char *name) {
  return lossd_json_span(&p->json, cJSON_GetObjectItemCaseSensitive(p->json.root, name));
}

static const struct {
  const char *text;
  bool bad, ragged;
  int64_t count;
  int rank;
  int64_t dim[4];
} arrays[] = {
    {"[]", false, false, 0, 1, {0}},
    {"[1,2,3]", false, false, 3, 1, {3}},
    {"[true, NaN,\"Infinity\" ,-0.5e3]", false, false, 4, 1, {4}},
    {"[[1,2,3],[4,5,6]]", false, false, 6, 2, {2, 3}},
    {"[ [ [ 1 ] ] , [ [ 2 ] ] ]", false, false, 2, 3, {2, 1, 1}},
    {"[[],[]]", false, false, 0, 2, {2, 0}},
    {"[[[],[]],[[],[]],[[],[]]]", false, false, 0, 3, {3, 2, 0}},
    {"[[1,2],[3]]", false, true, 0, 0, {0}},
    {"[1,[2]]", false, true, 0, 0, {0}},
    {"[[1],2]", false, true, 0, 0, {0}},
    {"[[1],[[2]]]", false, true, 0, 0, {0}},
    {"[[[2]],[1]]", false, true, 0, 0, {0}},
    {"[[],[[]]]", false, true, 0, 0, {0}},
    {"[[[]],[]]", false, true, 0, 0, {0}},
    {"[[[]],[1]]", false, true, 0, 0, {0}},
    {"[[],[1]]", false, true, 0, 0, {0}},
    {"[1,null]", true, false, 0, 0, {0}},
    {"[1,\"nan\"]", true, false, 0, 0, {0}},
    {"[[1],{\"a\":[2,[3]]},[4,5]]", true, false, 0, 0, {0}},
};

static void notes_the_shape_of_arrays_of_numbers(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
    struct parsed p;
    char text[128];
    snprintf(text, sizeof text, "{\"a\": %s, \"b\": 7}", arrays[i].text);
    parse(&p, text);
    assert_int_equal(p.status, LOSSD_OK);
    const struct lossd_json_span *span = member(&p, "a");
    assert_non_null(span);
    assert_int_equal(span->kind, LOSSD_JSON_ARRAY);
    assert_int_equal(span->end - span->begin, strlen(arrays[i].text));
    assert_memory_equal(span->begin, arrays[i].text, strlen(arrays[i].text));
    assert_int_equal(span->bad_leaf != NULL, arrays[i].bad);
    if (!arrays[i].bad) assert_int_equal(span->ragged, arrays[i].ragged);
    if (!arrays[i].bad && !arrays[i].ragged) {
      assert_int_equal(span->count, arrays[i].count);
      assert_int_equal(span->rank, arrays[i].rank);
      assert_memory_equal(span->dim, arrays[i].dim, (size_t)span->rank * sizeof span->dim[0]);
    }
    done(&p);
  }
}

static void keeps_arrays_of_other_things_for_cjson(void **state) {
  (void)state;
  struct parsed p;
  parse(&p, "{\"a\": [{\"shape\": [2, 3]}, \"x\", null, [[\"y\"]]], \"b\": [1.5, 2]}");
  const cJSON *a = cJSON_GetObjectItemCaseSensitive(p.json.root, "a");
  assert_true(cJSON_IsArray(a));
  assert_int_equal(cJSON_GetArraySize(a), 4);
  const cJSON *shape = cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(a, 0), "shape");
  assert_int_equal(lossd_json_span(&p.json, shape)->count, 2);
  assert_null(lossd_json_span(&p.json, a));
  assert_null(lossd_json_span(&p.json, cJSON_GetArrayItem(a, 2)));
  assert_int_equal(lossd_json_span(&p.json, cJSON_GetArrayItem(a, 1))->kind, LOSSD_JSON_STRING);
  done(&p);
}

static void gives_the_meaning_of_strings(void **state) {
  (void)state;
  static const struct {
    const char *text, *meaning;
    size_t length;
  } cases[] = {
      {"\"\"", "", 0},
      {"\"plain\"", "plain", 5},
      {"\"a\\u0000b\"", "a\0b", 3},
      {"\"\\ud83d\\ude00\\u20ac\\u00E4\"", "\xF0\x9F\x98\x80\xE2\x82\xAC\xC3\xA4", 9},
      {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct parsed p;
    size_t length;
    parse(&p, cases[i].text);
    const char *meaning = lossd_json_string_of(&p.json, lossd_json_span(&p.json, p.json.root), &length);
    assert_int_equal(length, cases[i].length);
    assert_memory_equal(meaning, cases[i].meaning, length);
    done(&p);
  }
}

static void keeps_long_names_out_of_the_envelope(void **state) {
  (void)state;
  struct parsed p;
  char text[400] = "{\"";
  size_t length;
  memset(text + 2, 'n', 300);
  strcat(text, "\":1}");
  parse(&p, text);
  assert_int_equal(p.status, LOSSD_OK);
  const char *name = lossd_json_name(&p.json, p.json.root->child, &length);
  assert_int_equal(length, 300);
  assert_memory_equal(name, text + 2, 300);
  done(&p);
}

/* {"0":0,"1":0,...} with the last name repeated as the first where asked for. */
static char *many_members(size_t count, bool repeat) {
  char *text = malloc(count * 16 + 16), *to = text;
  assert_non_null(text);
  *to++ = '{';
  for (size_t i = 0; i < count; i++)
    to += sprintf(to, "%s\"%zu\":0", i ? "," : "", repeat && i == count - 1 ? 0 : i);
  strcpy(to, "}");
  return text;
}

static void names_a_duplicate_by_what_it_means(void **state) {
  (void)state;
  struct parsed p;
  char text[700] = "{\"input\":1,\"inp\\u0075t\":2}";
  parse(&p, text);
  assert_int_equal(p.status, LOSSD_BAD_JSON);
  assert_string_equal(p.problem.detail,
                      "the name \"input\" at byte 11 is in its object twice, expected once");
  done(&p);
  /* Long ones are cut, wherever an escape lies. */
  static const char escape[] = "\\ud83d\\ude00";
  for (size_t before = 100; before < 130; before++) {
    char name[200] = "";
    memset(name, 'n', before);
    strcat(name, escape);
    snprintf(text, sizeof text, "{\"%s\":1,\"%s\":2}", name, name);
    parse(&p, text);
    assert_int_equal(p.status, LOSSD_BAD_JSON);
    assert_non_null(strstr(p.problem.detail, "nnn...\""));
    done(&p);
  }
}

static void finds_a_duplicate_among_a_million_names(void **state) {
  (void)state;
  struct parsed p;
  char *text = many_members(1000000, true);
  parse(&p, text);
  assert_int_equal(p.status, LOSSD_BAD_JSON);
  assert_int_equal(p.problem.offset, strlen(text) - strlen("\"0\":0}"));
  done(&p);
  free(text);
}

static void refuses_more_values_than_any_request_has(void **state) {
  (void)state;
  struct parsed p;
  char *text = many_members(1000000, false);
  parse(&p, text);
  assert_int_equal(p.status, LOSSD_INVALID_REQUEST);
  assert_true(p.arena.held < 20 * strlen(text));
  done(&p);
  free(text);
}

static void checks_the_syntax_before_it_counts_values(void **state) {
  (void)state;
  struct parsed p;
  char *text = many_members(LOSSD_JSON_MAX_VALUES * 2, false);
  text[strlen(text) - 1] = ']';
  parse(&p, text);
  assert_int_equal(p.status, LOSSD_BAD_JSON);
  done(&p);
  free(text);
}

static void stops_when_cancelled(void **state) {
  (void)state;
  struct parsed p;
  atomic_int cancelled = 1;
  parse_bytes(&p, "[1]", 3, &cancelled);
  assert_int_equal(p.status, LOSSD_CANCELLED);
  done(&p);
}

static void *take_nothing(void *context, size_t bytes) {
  (void)context;
  (void)bytes;
  return NULL;
}
static void give_nothing(void *context, void *block, size_t bytes) {
  (void)context;
  (void)block;
  (void)bytes;
}

static void tells_lack_of_memory_from_bad_syntax(void **state) {
  (void)state;
  const struct lossd_memory nothing = {take_nothing, give_nothing, NULL};
  static const char *const texts[] = {"[1]", "{\"a\":1}", "null", "{}"};
  for (size_t i = 0; i < 4; i++) {
    struct lossd_arena arena;
    struct lossd_json json;
    struct lossd_problem problem;
    lossd_arena_init(&arena, &nothing);
    assert_int_equal(lossd_json_parse(&json, texts[i], strlen(texts[i]), NULL, &arena, &problem),
                     LOSSD_OUT_OF_MEMORY);
    lossd_json_free(&json);
  }
}

/* Signs are looked up by what is there: it must be one, of leaves that are no plain numbers too. */
static void gives_every_leaf_a_sign(void **state) {
  (void)state;
  static const char *const sets[] = {"baseline", "avx2", "avx512"};
  static const char text[] = "1,NaN,-2.5,\"-Infinity\",1e400,-3,4,null,123456789012345678901234567890,5,-6";
  const char *const best = lossd_instruction_set();
  for (size_t set = 0; set < 3; set++) {
    if (!lossd_force_instruction_set(sets[set])) continue; /* not on this machine */
    struct lossd_decimals decimals;
    memset(&decimals, 0xFF, sizeof decimals);
    decimals.count = 0;
    const char *const end = text + sizeof text - 1;
    const char *const next = lossd_json_kernel()->take(text, text, end, &decimals);
    if (next == text) continue; /* has no fast way */
    assert_int_equal(decimals.count, 11);
    for (size_t i = 0; i < decimals.count; i++) assert_true(decimals.negative[i] <= 1);
  }
  lossd_force_instruction_set(best);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_all_of_json),
      cmocka_unit_test(refuses_what_is_not_json_and_says_where),
      cmocka_unit_test(reads_numbers_the_same_wherever_they_stand),
      cmocka_unit_test(refuses_a_zero_byte),
      cmocka_unit_test(nests_to_512_levels_and_no_further),
      cmocka_unit_test(notes_the_shape_of_arrays_of_numbers),
      cmocka_unit_test(keeps_arrays_of_other_things_for_cjson),
      cmocka_unit_test(gives_the_meaning_of_strings),
      cmocka_unit_test(keeps_long_names_out_of_the_envelope),
      cmocka_unit_test(names_a_duplicate_by_what_it_means),
      cmocka_unit_test(finds_a_duplicate_among_a_million_names),
      cmocka_unit_test(refuses_more_values_than_any_request_has),
      cmocka_unit_test(checks_the_syntax_before_it_counts_values),
      cmocka_unit_test(stops_when_cancelled),
      cmocka_unit_test(tells_lack_of_memory_from_bad_syntax),
      cmocka_unit_test(gives_every_leaf_a_sign),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
