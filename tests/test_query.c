/* Query strings: decoding, options, gradients, id. */
#include "api/query.h"

#include "tests/exchange.h"

static int parse(struct test_exchange *t, struct lossd_query *query, const char *text) {
  test_exchange_init(t, "CrossEntropyLoss", "", 0);
  t->x.query = text;
  t->x.query_length = strlen(text);
  t->x.evaluation.loss = lossd_find("CrossEntropyLoss", 16, &t->x.problem);
  return lossd_query_parse(&t->x, query);
}

static void decodes_names_and_values(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t count;
    const char *name, *value; /* of the last pair */
  } cases[] = {
      {"", 0, "", ""},
      {"a=b", 1, "a", "b"},
      {"a=b&c=d", 2, "c", "d"},
      {"a", 1, "a", ""},
      {"a=", 1, "a", ""},
      {"=a", 1, "", "a"},
      {"&&a=b&", 1, "a", "b"},
      {"a=b=c", 1, "a", "b=c"},
      {"a+b=c+d%2B", 1, "a b", "c d+"},
      {"%61%3d=%C3%a4", 1, "a=", "\xC3\xA4"},
      {"x=1e%2B3", 1, "x", "1e+3"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct test_exchange t;
    struct lossd_query query;
    assert_int_equal(parse(&t, &query, cases[i].text), LOSSD_OK);
    assert_int_equal(query.count, cases[i].count);
    if (query.count) {
      const struct lossd_query_pair *last = &query.pair[query.count - 1];
      assert_int_equal(last->name_length, strlen(cases[i].name));
      assert_memory_equal(last->name, cases[i].name, last->name_length);
      assert_int_equal(last->value_length, strlen(cases[i].value));
      assert_memory_equal(last->value, cases[i].value, last->value_length);
    }
    test_exchange_done(&t);
  }
}

static void refuses_what_is_not_form_encoded(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int status;
  } cases[] = {
      {"a=%", LOSSD_BAD_HTTP},   {"a=%1", LOSSD_BAD_HTTP},         {"a=%zz", LOSSD_BAD_HTTP},
      {"%g0=1", LOSSD_BAD_HTTP}, {"a=%00", LOSSD_BAD_HTTP},        {"a=%FF", LOSSD_BAD_HTTP},
      {"a=%C3", LOSSD_BAD_HTTP}, {"a=1&a=1", LOSSD_DUPLICATE_KEY}, {"a=1&b=2&%61=3", LOSSD_DUPLICATE_KEY},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct test_exchange t;
    struct lossd_query query;
    assert_int_equal(parse(&t, &query, cases[i].text), cases[i].status);
    test_exchange_done(&t);
  }
}

static void refuses_more_than_64_keys(void **state) {
  (void)state;
  char text[512] = "";
  for (int i = 0; i < 65; i++) sprintf(text + strlen(text), "k%d&", i);
  struct test_exchange t;
  struct lossd_query query;
  assert_int_equal(parse(&t, &query, text), LOSSD_INVALID_REQUEST);
  test_exchange_done(&t);
}

static void sets_options_from_bare_text(void **state) {
  (void)state;
  enum { REDUCTION, INPUT_KIND, IGNORE_INDEX, LABEL_SMOOTHING };
  struct test_exchange t;
  struct lossd_query query;
  assert_int_equal(
      parse(&t, &query,
            "reduction=sum&ignore_index=-1.0&label_smoothing=2.5e-1&definition=pytorch&id=a+b&input="
            "float32:&gradients=input"),
      LOSSD_OK);
  assert_int_equal(lossd_query_settings(&t.x, &query, true), LOSSD_OK);
  const double *value = t.x.evaluation.options.value;
  assert_int_equal((int)value[REDUCTION], 2);
  assert_int_equal((int)value[INPUT_KIND], 0);
  assert_int_equal((int)value[IGNORE_INDEX], -1);
  assert_true(value[LABEL_SMOOTHING] == 0.25);
  assert_true(t.x.evaluation.options.pytorch);
  assert_int_equal(t.x.id_length, 3);
  assert_memory_equal(t.x.id, "a b", 3);
  test_exchange_done(&t);
}

static void refuses_settings_that_are_none(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool has_tensors;
    int status;
  } cases[] = {
      {"input=float32:", false, LOSSD_UNKNOWN_OPTION},
      {"delta=1", true, LOSSD_UNKNOWN_OPTION},
      {"reduction=avg", true, LOSSD_INVALID_OPTION},
      {"label_smoothing=", true, LOSSD_INVALID_OPTION},
      {"label_smoothing=1e999", true, LOSSD_INVALID_OPTION},
      {"label_smoothing=true", true, LOSSD_INVALID_OPTION},
      {"label_smoothing=0x1", true, LOSSD_INVALID_OPTION},
      {"label_smoothing=NaN", true, LOSSD_INVALID_OPTION},
      {"ignore_index=1.5", true, LOSSD_INVALID_OPTION},
      {"id="
       "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
       "12345"
       "6789012345678901234567",
       true, LOSSD_OK},
      {"id="
       "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
       "12345"
       "67890123456789012345678",
       true, LOSSD_INVALID_REQUEST},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct test_exchange t;
    struct lossd_query query;
    assert_int_equal(parse(&t, &query, cases[i].text), LOSSD_OK);
    if (lossd_query_settings(&t.x, &query, cases[i].has_tensors) != cases[i].status)
      fail_msg("%s", cases[i].text);
    test_exchange_done(&t);
  }
}

static void asks_for_gradients(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int status;
    unsigned gradients;
  } cases[] = {
      {"", LOSSD_OK, 0},
      {"gradients=", LOSSD_OK, 0},
      {"gradients=false", LOSSD_OK, 0},
      {"gradients=true", LOSSD_OK, 3},
      {"gradients=input", LOSSD_OK, 1},
      {"gradients=target,input", LOSSD_OK, 3},
      {"gradients=target%2Cinput", LOSSD_OK, 3},
      {"gradients=input,,", LOSSD_NOT_DIFFERENTIABLE, 1},
      {"gradients=input,", LOSSD_NOT_DIFFERENTIABLE, 1},
      {"gradients=,", LOSSD_NOT_DIFFERENTIABLE, 0},
      {"gradients=input,input", LOSSD_DUPLICATE_KEY, 1},
      {"gradients=input,target,input", LOSSD_DUPLICATE_KEY, 3},
      {"gradients=weight", LOSSD_NOT_DIFFERENTIABLE, 0},
      {"gradients=1", LOSSD_NOT_DIFFERENTIABLE, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct test_exchange t;
    struct lossd_query query;
    assert_int_equal(parse(&t, &query, cases[i].text), LOSSD_OK);
    assert_int_equal(lossd_query_settings(&t.x, &query, true), LOSSD_OK);
    t.x.evaluation.present = 3;
    for (int k = 0; k < 2; k++)
      t.x.evaluation.tensor[k] = (struct lossd_tensor){.dtype = LOSSD_FLOAT32, .shape = {2, {1, 2}}};
    assert_int_equal(lossd_query_gradients(&t.x, &query), cases[i].status);
    assert_int_equal(t.x.evaluation.gradients, cases[i].gradients);
    test_exchange_done(&t);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(decodes_names_and_values),       cmocka_unit_test(refuses_what_is_not_form_encoded),
      cmocka_unit_test(refuses_more_than_64_keys),      cmocka_unit_test(sets_options_from_bare_text),
      cmocka_unit_test(refuses_settings_that_are_none), cmocka_unit_test(asks_for_gradients),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
