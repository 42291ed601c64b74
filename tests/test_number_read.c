/* Numbers from text: the nearest there is, told apart from what is no number, and never a byte read past the
 * end.
 */
#include <float.h>

#include "tests/number_reference.h"
#include "tests/unit.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* Reads a text that lies at the end of its own heap block, so that a sanitizer sees a byte read too many. */
static const char *read_exactly(const char *text, struct lossd_number *number) {
  const size_t length = strlen(text);
  char *const block = malloc(length + (length == 0));
  assert_non_null(block);
  memcpy(block, text, length);
  const char *const end = lossd_read_number(block, block + length, number);
  const char *const result = end == NULL ? NULL : text + (end - block);
  free(block);
  return result;
}

static void expect_double(const char *text, double expected) {
  struct lossd_number number;
  if (read_exactly(text, &number) != text + strlen(text)) fail_msg("%.60s is not read to its end", text);
  if (!reference_same_double(number.value, expected))
    fail_msg("%.60s reads as %a, expected %a", text, number.value, expected);
}

static void reads_correctly_rounded(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double expected;
  } cases[] = {
      {"0", 0.0},
      {"-0", -0.0},
      {"-0.0e5", -0.0},
      {"0e999999999999999999999", 0.0},
      {"1E5", 1e5},
      {"1e+5", 1e5},
      {"-1.5e-3", -0x1.89374bc6a7efap-10},
      {"0.1", 0x1.999999999999ap-4},
      {"123456789012345678", 0x1.b69b4ba630f35p+56},
      /* Halfway between two doubles goes to the even one, a little more or less does not. */
      {"9007199254740993", 0x1p53},
      {"9007199254740993.0", 0x1p53},
      {"9007199254740992.99999999999999999999", 0x1p53},
      {"9007199254740993.00000000000000000001", 0x1.0000000000001p53},
      {"9007199254740995", 0x1.0000000000002p53},
      {"900719925474099300e-2", 0x1p53},
      {"0.500000000000000166533453693773481063544750213623046875", 0x1.0000000000002p-1},
      {"1.00000000000000011102230246251565404236316680908203125", 0x1p0},
      {"1.00000000000000011102230246251565404236316680908203124", 0x1p0},
      {"1.00000000000000011102230246251565404236316680908203126", 0x1.0000000000001p0},
      /* Subnormal numbers and the way to zero. */
      {"2.2250738585072014e-308", 0x1p-1022},
      {"2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
      {"2.2250738585072012e-308", 0x1p-1022},
      {"4.9e-324", 0x1p-1074},
      {"5e-324", 0x1p-1074},
      {"2.4703282292062328e-324", 0x1p-1074},
      {"2.4703282292062327e-324", 0.0},
      {"7.4e-324", 0x1p-1074},
      {"7.5e-324", 0x1p-1073},
      {"1e-400", 0.0},
      {"1e-99999999999999999999999", 0.0},
      {"9999999999999999999e-343", 0.0},
      /* The largest number and beyond. */
      {"1.7976931348623157e308", DBL_MAX},
      {"1.7976931348623158e308", DBL_MAX},
      {"1.7976931348623159e308", INFINITY},
      {"-1e400", -INFINITY},
      {"1e99999999999999999999999", INFINITY},
      {"0.000000000000000000000000000001e338", 1e308},
      /* Not numbers of RFC 8259, but clients send them. */
      {"NaN", NAN},
      {"Infinity", INFINITY},
      {"-Infinity", -INFINITY},
  };
  for (size_t i = 0; i < LENGTH(cases); i++) expect_double(cases[i].text, cases[i].expected);
}

static void rounds_a_float_once(void **state) {
  (void)state;
  static const struct {
    const char *text;
    float expected;
  } cases[] = {
      {"0.1", 0x1.99999ap-4F},
      {"16777217", 0x1p24F},
      {"16777219", 0x1.000004p24F},
      /* To double first, this would be a tie, and go down. */
      {"1.000000059604644775390626", 0x1.000002p0F},
      {"1.000000178813934326171874", 0x1.000002p0F},
      {"3.4028235677973367e38", INFINITY},
      {"3.4028235677973366e38", FLT_MAX},
      {"-3.5e38", -INFINITY},
      {"1e300", INFINITY},
      {"1.4e-45", 0x1p-149F},
      {"7.0064923216240854e-46", 0x1p-149F},
      {"7.0064923216240853e-46", 0.0F},
      {"1.1754942e-38", 0x1.fffffcp-127F},
      {"1e-300", 0.0F},
      {"-0.0", -0.0F},
      {"NaN", NAN},
      {"-Infinity", -INFINITY},
  };
  for (size_t i = 0; i < LENGTH(cases); i++) {
    const char *const text = cases[i].text, *const end = text + strlen(text);
    float value = 1;
    if (lossd_read_float(text, end, &value) != end || !reference_same_float(value, cases[i].expected))
      fail_msg("%s reads as %a, expected %a", text, (double)value, (double)cases[i].expected);
  }
}

/* Writes all digits of the point halfway between the double with these bits and its upper neighbour, and some
 * zeros. */
static size_t write_halfway(char *text, size_t size, uint64_t bits) {
  const long double low = reference_double(bits), high = reference_double(bits + 1);
  return (size_t)snprintf(text, size, "%.1200Lf", low + (high - low) / 2);
}

static void reads_hundreds_of_digits_around_halfway(void **state) {
  (void)state;
  static const uint64_t bits[] = {0,
                                  1,
                                  2,
                                  0x000fffffffffffff,
                                  0x0010000000000000,
                                  0x001fffffffffffff,
                                  0x0168d1a3c0ffee01,
                                  0x3fe0000000000001,
                                  0x4000000000000002,
                                  0x7fdfffffffffffff};
  char text[2048];
  if (LDBL_MANT_DIG < 54 || LDBL_MIN_EXP > -1100) skip(); /* long double must hold such a point */
  for (size_t i = 0; i < LENGTH(bits); i++) {
    const size_t length = write_halfway(text, sizeof text - 400, bits[i]);
    const double low = reference_double(bits[i]), high = reference_double(bits[i] + 1);
    expect_double(text, bits[i] % 2 == 0 ? low : high);
    memset(text + length, '0', 300);
    strcpy(text + length + 300, "1");
    expect_double(text, high);
    text[length] = '\0';
    char *last = text + length - 1;
    while (*last == '0' || *last == '.') last--;
    *last = (char)(*last - 1);
    expect_double(text, low);
  }
}

static void reads_any_number_of_digits(void **state) {
  (void)state;
  enum { DIGITS = 100000 };
  char *const text = malloc(2 * DIGITS + 32);
  assert_non_null(text);

  memset(text, '0', DIGITS);
  text[1] = '.';
  strcpy(text + DIGITS, "123e99999");
  expect_double(text, 1.23);

  memset(text, '9', DIGITS);
  strcpy(text + DIGITS, "e-100000");
  expect_double(text, 1.0);

  memset(text, '0', DIGITS);
  text[0] = '1';
  strcpy(text + DIGITS, ".5e-99999");
  expect_double(text, 1.0);

  memset(text, '0', DIGITS);
  text[0] = '1';
  strcpy(text + 8, "e-7");
  text[11] = '0';
  text[DIGITS] = '\0';
  expect_double(text, 0.0);
  free(text);
}

static void refuses_what_is_no_token(void **state) {
  (void)state;
  static const char *const texts[] = {
      "",     "-",    "--1",  "+1",      ".5",        "-.5", "1.",       "1.e5", "1.x", "01", "00",
      "-01",  "1e",   "1e+",  "1E-",     "1ee",       "e5",  "x",        " 1",   "N",   "Na", "nan",
      "NaNx", "NaN1", "-NaN", "Infinit", "InfinityX", "inf", "-Infinit", "-inf", "/",   ":",  "\xb1",
  };
  for (size_t i = 0; i < LENGTH(texts); i++) {
    struct lossd_number number;
    if (read_exactly(texts[i], &number) != NULL) fail_msg("\"%s\" was read as %g", texts[i], number.value);
  }
}

static void stops_after_the_token(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t length;
  } cases[] = {
      {"1,2", 1},
      {"0]", 1},
      {"-0}", 2},
      {"1.5.2", 3},
      {"12345678,", 8},
      {"1e5e", 3},
      {"0x10", 1},
      {"1 ", 1},
      {"NaN,", 3},
      {"-Infinity]", 9},
      {"1234567890.5\n", 12},
      {"3/", 1},
      {"3:", 1},
      {"1234567\xb1\xb2", 7},
      {"1.25e-3-", 7},
  };
  for (size_t i = 0; i < LENGTH(cases); i++) {
    struct lossd_number number;
    assert_ptr_equal(read_exactly(cases[i].text, &number), cases[i].text + cases[i].length);
  }
}

static void never_reads_past_the_end(void **state) {
  (void)state;
  static const char text[] = "-1234567890.1234567890123e-17";
  for (size_t length = 0; length < sizeof text; length++) {
    char prefix[sizeof text] = {0};
    struct lossd_number number;
    memcpy(prefix, text, length);
    const size_t expected = reference_number_length(text, length);
    assert_ptr_equal(read_exactly(prefix, &number), expected == 0 ? NULL : prefix + expected);
  }
}

static void tells_integers(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool is_integer;
    int64_t integer;
  } cases[] = {
      {"0", true, 0},
      {"-0", true, 0},
      {"-0.000", true, 0},
      {"0e99", true, 0},
      {"1", true, 1},
      {"-1.0", true, -1},
      {"1e3", true, 1000},
      {"10e-1", true, 1},
      {"1.50e1", true, 15},
      {"7.000000000000000000000000", true, 7},
      {"100000000000000000000000e-20", true, 1000},
      {"9007199254740993", true, INT64_C(9007199254740993)},
      {"9223372036854775807", true, INT64_MAX},
      {"9223372036854775807.000", true, INT64_MAX},
      {"-9223372036854775808", true, INT64_MIN},
      {"9223372036854775808", false, 0},
      {"-9223372036854775809", false, 0},
      {"18446744073709551616", false, 0},
      {"1e19", false, 0},
      {"1e400", false, 0},
      {"1.5", false, 0},
      {"1e-1", false, 0},
      {"1e-400", false, 0},
      {"1.00000000000000000000001", false, 0},
      {"NaN", false, 0},
      {"Infinity", false, 0},
  };
  for (size_t i = 0; i < LENGTH(cases); i++) {
    struct lossd_number number;
    assert_non_null(read_exactly(cases[i].text, &number));
    if (number.is_integer != cases[i].is_integer || number.integer != cases[i].integer)
      fail_msg("%s: is_integer %d, integer %lld", cases[i].text, number.is_integer,
               (long long)number.integer);
  }
}

static void tells_overflow_from_infinity(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool of_double, of_float;
  } cases[] = {
      {"1e400", true, true},
      {"-1e400", true, true},
      {"1.7976931348623159e308", true, true},
      {"1e300", false, true},
      {"3.4028235677973367e38", false, true},
      {"3.4e38", false, false},
      {"Infinity", false, false},
      {"-Infinity", false, false},
      {"NaN", false, false},
      {"0", false, false},
  };
  for (size_t i = 0; i < LENGTH(cases); i++) {
    const char *const text = cases[i].text, *const end = text + strlen(text);
    struct lossd_number number;
    double value = 0;
    float single = 0;
    assert_ptr_equal(lossd_read_number(text, end, &number), end);
    assert_ptr_equal(lossd_read_double(text, end, &value), end);
    assert_ptr_equal(lossd_read_float(text, end, &single), end);
    assert_int_equal(number.overflow, cases[i].of_double);
    assert_int_equal(lossd_number_overflowed(value, end), cases[i].of_double);
    assert_int_equal(lossd_number_overflowed((double)single, end), cases[i].of_float);
  }
}

static void reads_random_texts_as_strtod_does(void **state) {
  (void)state;
  uint64_t random = 1;
  for (int i = 0; i < 2000000; i++) {
    char text[64];
    const size_t length = reference_random_text(&random, text);
    if (!reference_reads_alike(text, length)) fail_msg("%s reads otherwise than by strtod or strtof", text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_correctly_rounded),
      cmocka_unit_test(rounds_a_float_once),
      cmocka_unit_test(reads_hundreds_of_digits_around_halfway),
      cmocka_unit_test(reads_any_number_of_digits),
      cmocka_unit_test(refuses_what_is_no_token),
      cmocka_unit_test(stops_after_the_token),
      cmocka_unit_test(never_reads_past_the_end),
      cmocka_unit_test(tells_integers),
      cmocka_unit_test(tells_overflow_from_infinity),
      cmocka_unit_test(reads_random_texts_as_strtod_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
