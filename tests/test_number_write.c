/* Numbers to text: the shortest that reads back to the same number. */
#include <float.h>

#include "tests/number_reference.h"
#include "tests/unit.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static void writes_doubles(void **state) {
  (void)state;
  static const struct {
    double value;
    const char *expected;
  } cases[] = {
      {0.0, "0"},
      {-0.0, "-0.0"},
      {1, "1"},
      {-32, "-32"},
      {0.25, "0.25"},
      {-0.1, "-0.1"},
      {0.1 + 0.2, "0.30000000000000004"},
      {3.141592653589793, "3.141592653589793"},
      {12.5, "12.5"},
      {12345678.5, "12345678.5"},
      {123456789.5, "123456789.5"},
      {1234567890123.4375, "1234567890123.4375"},
      {99999999, "99999999"},
      {100000000, "100000000"},
      {9007199254740991, "9007199254740991"},
      {9007199254740992, "9007199254740992"},
      {-12345678901234568, "-12345678901234568"},
      {1e16, "10000000000000000"},
      {99999999999999984, "99999999999999980"},
      {1e17, "1e17"},
      {1.5e300, "1.5e300"},
      {1e23, "1e23"},
      {1e-5, "0.00001"},
      {1.25e-6, "0.00000125"},
      {1e-7, "1e-7"},
      {-1.2345678901234567e-8, "-1.2345678901234567e-8"},
      {1e100, "1e100"},
      {DBL_MAX, "1.7976931348623157e308"},
      {-DBL_MIN, "-2.2250738585072014e-308"},
      {0x0.fffffffffffffp-1022, "2.225073858507201e-308"},
      {0x1p-1074, "5e-324"},
      {0x1p-1073, "1e-323"},
      {0x1.8p-1073, "1.5e-323"},
      /* Powers of two: the interval below is half as wide. */
      {0x1p-44, "5.684341886080802e-14"},
      {0x1p89, "6.189700196426902e26"},
      {NAN, "\"NaN\""},
      {-NAN, "\"NaN\""},
      {INFINITY, "\"Infinity\""},
      {-INFINITY, "\"-Infinity\""},
  };
  for (size_t i = 0; i < LENGTH(cases); i++) {
    char text[LOSSD_NUMBER_TEXT_MAX + 1];
    *lossd_write_double(text, cases[i].value) = '\0';
    assert_string_equal(text, cases[i].expected);
  }
}

static void writes_floats(void **state) {
  (void)state;
  static const struct {
    float value;
    const char *expected;
  } cases[] = {
      {0.0F, "0"},
      {-0.0F, "-0.0"},
      {1.0F, "1"},
      {0.1F, "0.1"},
      {-3.1415927F, "-3.1415927"},
      {16777216.0F, "16777216"},
      {123456.789F, "123456.79"},
      {1e16F, "10000000000000000"},
      {1e17F, "1e17"},
      {1e-7F, "1e-7"},
      {FLT_MAX, "3.4028235e38"},
      {FLT_MIN, "1.1754944e-38"},
      {0x1p-149F, "1e-45"},
      {0x1p-148F, "3e-45"},
      {33554432.0F, "33554432"},
      {8589934592.0F, "8589935000"},
      {NAN, "\"NaN\""},
      {INFINITY, "\"Infinity\""},
      {-INFINITY, "\"-Infinity\""},
  };
  for (size_t i = 0; i < LENGTH(cases); i++) {
    char text[LOSSD_NUMBER_TEXT_MAX + 1];
    *lossd_write_float(text, cases[i].value) = '\0';
    assert_string_equal(text, cases[i].expected);
  }
}

static void writes_integers(void **state) {
  (void)state;
  static const int64_t values[] = {0,
                                   9,
                                   -10,
                                   99999999,
                                   100000000,
                                   -123456789,
                                   INT64_C(9999999999999999),
                                   INT64_C(10000000000000000),
                                   INT64_MAX,
                                   INT64_MIN};
  for (size_t i = 0; i < LENGTH(values); i++) {
    char text[LOSSD_NUMBER_TEXT_MAX + 1], expected[32];
    *lossd_write_int64(text, values[i]) = '\0';
    snprintf(expected, sizeof expected, "%lld", (long long)values[i]);
    assert_string_equal(text, expected);
  }
}

static void random_doubles_read_back(void **state) {
  (void)state;
  uint64_t random = 2;
  for (int i = 0; i < 2000000; i++) {
    const double value = reference_double(reference_random(&random));
    if (isfinite(value) && !reference_double_returns(value)) fail_msg("%a does not read back", value);
  }
}

static void random_floats_read_back(void **state) {
  (void)state;
  uint64_t random = 3;
  for (int i = 0; i < 2000000; i++) {
    const float value = reference_float((uint32_t)reference_random(&random));
    if (isfinite(value) && !reference_float_returns(value)) fail_msg("%a does not read back", (double)value);
  }
}

static void expect_shortest_double(double value) {
  char text[LOSSD_NUMBER_TEXT_MAX + 1];
  *lossd_write_double(text, value) = '\0';
  if (!reference_is_shortest(text, value, false)) fail_msg("%s is not the shortest for %.17g", text, value);
}

static void expect_shortest_float(float value) {
  char text[LOSSD_NUMBER_TEXT_MAX + 1];
  *lossd_write_float(text, value) = '\0';
  if (!reference_is_shortest(text, (double)value, true))
    fail_msg("%s is not the shortest for %.9g", text, (double)value);
}

static void doubles_are_shortest(void **state) {
  (void)state;
  uint64_t random = 4;
  for (int i = 0; i < 50000; i++) {
    const double value = reference_double(reference_random(&random));
    if (isfinite(value)) expect_shortest_double(value);
    expect_shortest_double(1 + (double)(reference_random(&random) % 1000000) / 1000);
  }
  for (uint64_t bits = 1; bits < 1000; bits++) expect_shortest_double(reference_double(bits));
  for (int exponent = -1074; exponent < 1024; exponent++) {
    expect_shortest_double(ldexp(1, exponent));
    assert_true(reference_double_returns(ldexp(1, exponent)));
    assert_true(reference_double_returns(nextafter(ldexp(1, exponent), 0)));
  }
}

static void floats_are_shortest(void **state) {
  (void)state;
  uint64_t random = 5;
  for (int i = 0; i < 100000; i++) {
    const float value = reference_float((uint32_t)reference_random(&random));
    if (isfinite(value)) expect_shortest_float(value);
  }
  for (uint32_t bits = 1; bits < 1000; bits++) expect_shortest_float(reference_float(bits));
  for (int exponent = -149; exponent < 128; exponent++) {
    expect_shortest_float(ldexpf(1, exponent));
    assert_true(reference_float_returns(ldexpf(1, exponent)));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writes_doubles),          cmocka_unit_test(writes_floats),
      cmocka_unit_test(writes_integers),         cmocka_unit_test(random_doubles_read_back),
      cmocka_unit_test(random_floats_read_back), cmocka_unit_test(doubles_are_shortest),
      cmocka_unit_test(floats_are_shortest),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
