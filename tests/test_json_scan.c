/* The strict JSON reader: what it notes of what it takes, names that are there twice, and its limits. */
#include "tests/parsed_json.h"
#include "tests/scarce_memory.h"

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
    {"[[\"\\u004eaN\",1],[\"Inf\\u0069nit\\u0079\",\"\\u002DInfinity\"]]", false, false, 4, 2, {2, 2}},
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
    parsed_text(&p, text);
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
    parsed_done(&p);
  }
}

static void keeps_arrays_of_other_things_for_cjson(void **state) {
  (void)state;
  struct parsed p;
  parsed_text(&p, "{\"a\": [{\"shape\": [2, 3]}, \"x\", null, [[\"y\"]]], \"b\": [1.5, 2]}");
  const cJSON *a = cJSON_GetObjectItemCaseSensitive(p.json.root, "a");
  assert_true(cJSON_IsArray(a));
  assert_int_equal(cJSON_GetArraySize(a), 4);
  const cJSON *shape = cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(a, 0), "shape");
  assert_int_equal(lossd_json_span(&p.json, shape)->count, 2);
  assert_null(lossd_json_span(&p.json, a));
  assert_null(lossd_json_span(&p.json, cJSON_GetArrayItem(a, 2)));
  assert_int_equal(lossd_json_span(&p.json, cJSON_GetArrayItem(a, 1))->kind, LOSSD_JSON_STRING);
  parsed_done(&p);
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
    parsed_text(&p, cases[i].text);
    const char *meaning = lossd_json_string_of(&p.json, lossd_json_span(&p.json, p.json.root), &length);
    assert_int_equal(length, cases[i].length);
    assert_memory_equal(meaning, cases[i].meaning, length);
    parsed_done(&p);
  }
}

static void keeps_long_names_out_of_the_envelope(void **state) {
  (void)state;
  struct parsed p;
  char text[400] = "{\"";
  size_t length;
  memset(text + 2, 'n', 300);
  strcat(text, "\":1}");
  parsed_text(&p, text);
  assert_int_equal(p.status, LOSSD_OK);
  const char *name = lossd_json_name(&p.json, p.json.root->child, &length);
  assert_int_equal(length, 300);
  assert_memory_equal(name, text + 2, 300);
  parsed_done(&p);
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
  parsed_text(&p, text);
  assert_int_equal(p.status, LOSSD_BAD_JSON);
  assert_string_equal(p.problem.detail,
                      "the name \"input\" at byte 11 is in its object twice, expected once");
  parsed_done(&p);
  /* Long ones are cut, wherever an escape lies. */
  static const char escape[] = "\\ud83d\\ude00";
  for (size_t before = 100; before < 130; before++) {
    char name[200] = "";
    memset(name, 'n', before);
    strcat(name, escape);
    snprintf(text, sizeof text, "{\"%s\":1,\"%s\":2}", name, name);
    parsed_text(&p, text);
    assert_int_equal(p.status, LOSSD_BAD_JSON);
    assert_non_null(strstr(p.problem.detail, "nnn...\""));
    parsed_done(&p);
  }
}

static void finds_a_duplicate_among_a_million_names(void **state) {
  (void)state;
  struct parsed p;
  char *text = many_members(1000000, true);
  parsed_text(&p, text);
  assert_int_equal(p.status, LOSSD_BAD_JSON);
  assert_int_equal(p.problem.offset, strlen(text) - strlen("\"0\":0}"));
  parsed_done(&p);
  free(text);
}

static void refuses_more_values_than_any_request_has(void **state) {
  (void)state;
  struct parsed p;
  char *text = many_members(1000000, false);
  parsed_text(&p, text);
  assert_int_equal(p.status, LOSSD_INVALID_REQUEST);
  assert_true(p.arena.held < 20 * strlen(text));
  parsed_done(&p);
  free(text);
}

static void checks_the_syntax_before_it_counts_values(void **state) {
  (void)state;
  struct parsed p;
  char *text = many_members(LOSSD_JSON_MAX_VALUES * 2, false);
  text[strlen(text) - 1] = ']';
  parsed_text(&p, text);
  assert_int_equal(p.status, LOSSD_BAD_JSON);
  parsed_done(&p);
  free(text);
}

static void stops_when_cancelled(void **state) {
  (void)state;
  struct parsed p;
  atomic_int cancelled = 1;
  parsed_bytes(&p, "[1]", 3, &cancelled);
  assert_int_equal(p.status, LOSSD_CANCELLED);
  parsed_done(&p);
}

static void tells_lack_of_memory_from_bad_syntax(void **state) {
  (void)state;
  int blocks = 0;
  const struct lossd_memory nothing = scarce_memory(&blocks);
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

int main(void) {
  const struct CMUnitTest tests[] = {
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
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
