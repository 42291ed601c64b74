/* What core rests on: tensors and shapes, 16-bit numbers, the arena, problems. */
#include "core/arena.h"
#include "core/half.h"
#include "core/problem.h"
#include "core/tensor.h"
#include "tests/evaluate.h"
#include "tests/random_case.h"
#include "tests/unit.h"

/* ---- Shapes and dtypes ---- */

static void a_shape_counts_its_elements(void **state) {
  (void)state;
  const struct {
    struct lossd_shape shape;
    int64_t count;
  } cases[] = {
      {SCALAR, 1},
      {SHAPE(7), 7},
      {SHAPE(2, 3, 4), 24},
      {SHAPE(2, 0, 4), 0},
      {SHAPE(-1), -1},
      {SHAPE(0, -1), -1},
      {SHAPE(INT64_MAX), INT64_MAX},
      {SHAPE(INT64_MAX, 2), -1},
      {SHAPE((int64_t)1 << 32, (int64_t)1 << 31), -1},
      {SHAPE(INT64_MAX, 0, 2), -1},
      {SHAPE(1, 1, 1, 1, 1, 1, 1, 5), 5},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(lossd_shape_count(&cases[i].shape), cases[i].count);
}

static void bytes_that_overflow_are_refused(void **state) {
  (void)state;
  const struct lossd_shape small = SHAPE(3, 5), most = SHAPE(INT64_MAX / 8), more = SHAPE(INT64_MAX / 8 + 1),
                           huge = SHAPE(INT64_MAX, INT64_MAX);
  size_t bytes = 0;
  assert_true(lossd_shape_bytes(LOSSD_FLOAT64, &small, &bytes));
  assert_int_equal(bytes, 120);
  assert_true(lossd_shape_bytes(LOSSD_BOOL, &more, &bytes));
  assert_true(lossd_shape_bytes(LOSSD_FLOAT64, &most, &bytes));
  assert_false(lossd_shape_bytes(LOSSD_FLOAT64, &more, &bytes));
  assert_false(lossd_shape_bytes(LOSSD_BOOL, &huge, &bytes));
}

static void a_shape_reads_as_a_list(void **state) {
  (void)state;
  char text[LOSSD_SHAPE_TEXT];
  const int64_t m = INT64_MAX;
  const struct lossd_shape none = SCALAR, two = SHAPE(2, 3), longest = SHAPE(m, m, m, m, m, m, m, m);
  assert_string_equal(lossd_shape_text(&none, text), "[]");
  assert_string_equal(lossd_shape_text(&two, text), "[2, 3]");
  assert_int_equal(strlen(lossd_shape_text(&longest, text)), 8 * 19 + 7 * 2 + 2);
}

static void shapes_are_equal_when_rank_and_dimensions_are(void **state) {
  (void)state;
  const struct lossd_shape a = SHAPE(2, 3), b = SHAPE(2, 3), c = SHAPE(3, 2), d = SHAPE(2, 3, 1),
                           none = SCALAR;
  assert_true(lossd_shape_equal(&a, &b));
  assert_true(lossd_shape_equal(&none, &none));
  assert_false(lossd_shape_equal(&a, &c));
  assert_false(lossd_shape_equal(&a, &d));
  assert_false(lossd_shape_equal(&a, &none));
}

static void a_dtype_is_found_by_its_whole_name(void **state) {
  (void)state;
  for (int i = 0; i < LOSSD_DTYPES; i++) {
    const char *name = lossd_dtype_name((enum lossd_dtype)i);
    assert_int_equal(lossd_dtype_find(name, strlen(name)), i);
    assert_int_equal(lossd_dtype_find(name, strlen(name) - 1), LOSSD_DTYPES);
    assert_int_equal(lossd_dtype_is_floating((enum lossd_dtype)i), strstr(name, "float") != NULL);
    const char *digits = name + strcspn(name, "0123456789");
    assert_int_equal(lossd_dtype_size((enum lossd_dtype)i), *digits ? atoi(digits) / 8 : 1);
  }
  assert_int_equal(lossd_dtype_find("uint16", 6), LOSSD_DTYPES);
  assert_int_equal(lossd_dtype_find("", 0), LOSSD_DTYPES);
}

/* ---- 16-bit numbers ---- */

struct format {
  const char *name;
  int fraction, bias; /* bits of the fraction; exponent bias */
  float (*read)(uint16_t bits);
  uint16_t (*write)(double value);
};
static const struct format formats[] = {{"float16", 10, 15, lossd_float16_read, lossd_float16_write},
                                        {"bfloat16", 7, 127, lossd_bfloat16_read, lossd_bfloat16_write}};

/* The value of a positive pattern by the definition of the format; infinity's is what would come next. */
static double value_of(const struct format *f, unsigned bits) {
  const int exponent = (int)(bits >> f->fraction), significand = (int)(bits & ((1u << f->fraction) - 1));
  if (!exponent) return ldexp(significand, 1 - f->bias - f->fraction);
  return ldexp(significand + (1 << f->fraction), exponent - f->bias - f->fraction);
}

static unsigned infinity_of(const struct format *f) {
  return (unsigned)(2 * f->bias + 1) << f->fraction;
}

/* The nearest pattern to a positive number, ties to even: bisection among all values. */
static unsigned nearest_pattern(const struct format *f, double value) {
  unsigned low = 0, high = infinity_of(f);
  if (value >= value_of(f, high)) return high;
  while (high - low > 1) {
    const unsigned middle = (low + high) / 2;
    if (value_of(f, middle) <= value)
      low = middle;
    else
      high = middle;
  }
  const double half_way = (value_of(f, low) + value_of(f, high)) / 2; /* exact */
  if (value == half_way) return low % 2 ? high : low;
  return value < half_way ? low : high;
}

static void every_16_bit_number_reads_as_defined_and_writes_back(void **state) {
  (void)state;
  for (size_t k = 0; k < 2; k++) {
    const struct format *f = &formats[k];
    for (unsigned bits = 0; bits < 65536; bits++) {
      const unsigned magnitude = bits & 0x7FFF, infinity = infinity_of(f);
      const double value = (double)f->read((uint16_t)bits);
      const double sign = bits & 0x8000 ? -1 : 1;
      if (magnitude > infinity) {
        assert_true(isnan(value) && isnan(f->read(f->write(value))));
        continue;
      }
      assert_true(value == sign * (magnitude == infinity ? INFINITY : value_of(f, magnitude)));
      if (f->write(value) != bits) fail_msg("%s: %04x came back as %04x", f->name, bits, f->write(value));
    }
  }
}

static void check_rounding(const struct format *f, double value) {
  const unsigned want = nearest_pattern(f, value);
  if (f->write(value) != want || f->write(-value) != (want | 0x8000))
    fail_msg("%s: %a became %04x, expected %04x", f->name, value, f->write(value), want);
}

static void doubles_round_to_the_nearest_16_bit_number_ties_to_even(void **state) {
  (void)state;
  struct random_source random = {3};
  for (size_t k = 0; k < 2; k++) {
    const struct format *f = &formats[k];
    for (unsigned bits = 0; bits < infinity_of(f); bits++) { /* half way to the next, and beside it */
      const double half_way = (value_of(f, bits) + value_of(f, bits + 1)) / 2;
      check_rounding(f, half_way);
      check_rounding(f, nextafter(half_way, 0));
      check_rounding(f, nextafter(half_way, INFINITY));
    }
    for (int i = 0; i < 20000; i++) {
      const int exponent =
          (int)random_below(&random, 2 * f->bias + 2 * f->fraction) - f->bias - f->fraction - 3;
      check_rounding(f, ldexp(random_between(&random, 1, 2), exponent));
    }
    check_rounding(f, 0x1p-1074);
    check_rounding(f, 0x1.fffffffffffffp1023);
    check_rounding(f, INFINITY);
  }
}

/* ---- Arena ---- */

struct ledger {
  size_t taken, given;
  bool empty;
};

static void *take(void *context, size_t bytes) {
  struct ledger *ledger = context;
  if (ledger->empty) return NULL;
  ledger->taken += bytes;
  return aligned_alloc(64, (bytes + 63) & ~(size_t)63);
}

static void give(void *context, void *block, size_t bytes) {
  ((struct ledger *)context)->given += bytes;
  free(block);
}

static void an_arena_returns_aligned_memory_of_its_own_and_gives_all_back(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 63, 64, 65, 5000, 40000, 70000, 1 << 20, 3};
  enum { COUNT = sizeof sizes / sizeof *sizes };
  struct ledger ledger = {0};
  const struct lossd_memory memory = {take, give, &ledger};
  struct lossd_arena arena;
  lossd_arena_init(&arena, &memory);
  assert_int_equal(ledger.taken, 0);
  for (int round = 0; round < 2; round++) {
    unsigned char *piece[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
      piece[i] = lossd_arena_alloc(&arena, sizes[i], 1);
      assert_non_null(piece[i]);
      assert_int_equal((uintptr_t)piece[i] % 64, 0);
      memset(piece[i], (int)i, sizes[i]);
    }
    for (size_t i = 0; i < COUNT; i++)
      for (size_t k = 0; k < sizes[i]; k++) assert_int_equal(piece[i][k], i);
    assert_int_equal(arena.held, ledger.taken - ledger.given);
    lossd_arena_reset(&arena);
    assert_int_equal(ledger.taken, ledger.given);
    assert_int_equal(arena.held, 0);
  }
}

static void an_arena_says_when_there_is_no_memory(void **state) {
  (void)state;
  struct ledger ledger = {0};
  const struct lossd_memory memory = {take, give, &ledger};
  struct lossd_arena arena;
  lossd_arena_init(&arena, &memory);
  assert_null(lossd_arena_alloc(&arena, SIZE_MAX, 2));
  assert_null(lossd_arena_alloc(&arena, SIZE_MAX, 1));
  assert_null(lossd_arena_alloc(&arena, SIZE_MAX / 8, 8));
  assert_int_equal(ledger.taken, 0);
  assert_non_null(lossd_arena_alloc(&arena, 10, 8));
  ledger.empty = true;
  assert_null(lossd_arena_alloc(&arena, 1 << 20, 1));
  lossd_arena_reset(&arena);
  assert_int_equal(ledger.taken, ledger.given);
}

/* ---- Problems ---- */

static void the_nearest_name_is_offered_only_when_near(void **state) {
  (void)state;
  static const char *const names[] = {"MSELoss", "CTCLoss", "CrossEntropyLoss", "input", "p"};
  const struct {
    const char *text, *nearest;
  } cases[] = {
      {"MSELos", "MSELoss"},
      {"mseloss", "MSELoss"},
      {"MESLoss", "MSELoss"},
      {"CrossEntropy", "CrossEntropyLoss"},
      {"inptu", "input"},
      {"imput", "input"},
      {"output", NULL},
      {"xyz", NULL},
      {"", NULL},
      {"CTC", NULL},
      {"quite another thing", NULL},
      {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *nearest = lossd_nearest(cases[i].text, strlen(cases[i].text), names, 5);
    if (!cases[i].nearest && nearest) fail_msg("\"%s\" is not near %s", cases[i].text, nearest);
    if (cases[i].nearest) assert_string_equal(nearest ? nearest : "(none)", cases[i].nearest);
  }
}

static void quoted_text_is_short_and_harmless(void **state) {
  (void)state;
  char long_text[101] = {0}, out[LOSSD_QUOTE_TEXT];
  memset(long_text, 'a', 100);
  assert_string_equal(lossd_quote("plain", 5, out), "plain");
  assert_string_equal(lossd_quote("", 0, out), "");
  assert_string_equal(lossd_quote("a\nb\"c\\d\x7F", 8, out), "a?b?c?d?");
  assert_string_equal(lossd_quote("a\0b", 3, out), "a?b");
  assert_int_equal(strlen(lossd_quote(long_text, 100, out)), LOSSD_QUOTE_MOST + 3);
  assert_string_equal(out + LOSSD_QUOTE_MOST, "...");
  memcpy(long_text + LOSSD_QUOTE_MOST - 1, "\xC3\xA9", 2); /* a letter of two bytes across the cut */
  lossd_quote(long_text, 100, out);
  assert_int_equal(strlen(out), LOSSD_QUOTE_MOST + 2);
  assert_string_equal(out + LOSSD_QUOTE_MOST - 2, "a...");
}

static void a_problem_cuts_what_does_not_fit(void **state) {
  (void)state;
  struct lossd_problem problem;
  assert_int_equal(lossd_fail(&problem, LOSSD_INVALID_OPTION, "/options/p", "%0600d", 0),
                   LOSSD_INVALID_OPTION);
  lossd_hint(&problem, "%0600d", 0);
  assert_int_equal(strlen(problem.detail), sizeof problem.detail - 1);
  assert_int_equal(strlen(problem.hint), sizeof problem.hint - 1);
  assert_string_equal(problem.pointer, "/options/p");
  assert_int_equal(problem.offset, -1);
  lossd_fail(&problem, LOSSD_OUT_OF_MEMORY, NULL, "no memory");
  assert_string_equal(problem.pointer, "");
  assert_string_equal(problem.hint, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_shape_counts_its_elements),
      cmocka_unit_test(bytes_that_overflow_are_refused),
      cmocka_unit_test(a_shape_reads_as_a_list),
      cmocka_unit_test(shapes_are_equal_when_rank_and_dimensions_are),
      cmocka_unit_test(a_dtype_is_found_by_its_whole_name),
      cmocka_unit_test(every_16_bit_number_reads_as_defined_and_writes_back),
      cmocka_unit_test(doubles_round_to_the_nearest_16_bit_number_ties_to_even),
      cmocka_unit_test(an_arena_returns_aligned_memory_of_its_own_and_gives_all_back),
      cmocka_unit_test(an_arena_says_when_there_is_no_memory),
      cmocka_unit_test(the_nearest_name_is_offered_only_when_near),
      cmocka_unit_test(quoted_text_is_short_and_harmless),
      cmocka_unit_test(a_problem_cuts_what_does_not_fit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
