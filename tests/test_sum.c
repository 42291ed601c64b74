/* Sums: their value, and that a sum in two doubles survives cancellation, infinities and NaN. */
#include "core/sum.h"
#include "tests/unit.h"

static double sum2_of(const double *x, size_t n) {
  struct lossd_sum2 s = {0, 0};
  for (size_t i = 0; i < n; i++) lossd_sum2_add(&s, x[i]);
  return lossd_sum2_value(&s);
}

static void same(double got, double want) {
  if (isnan(want) ? !isnan(got) : got != want) fail_msg("got %.17g, want %.17g", got, want);
}

static void a_sum_in_two_doubles_keeps_what_cancellation_leaves(void **state) {
  (void)state;
  static const struct {
    double x[4], sum;
  } rows[] = {
      {{1e16, 1, -1e16, 0}, 1},
      {{1, 1e100, 1, -1e100}, 2},
      {{0.1, 0.2, -0.3, 0}, 0x1p-55},        /* 0.1 + 0.2 - 0.3 of the three doubles, exactly */
      {{1e308, 1e308, -1e308, 0}, INFINITY}, /* an infinity on the way stays */
      {{INFINITY, 1, 2, 3}, INFINITY},
      {{1, -INFINITY, 1, 1}, -INFINITY},
      {{INFINITY, -INFINITY, 1, 1}, NAN},
      {{1, NAN, 1, 1}, NAN},
      {{0, 0, 0, 0}, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) same(sum2_of(rows[i].x, 4), rows[i].sum);
}

static void merged_sums_are_the_sum_of_the_whole(void **state) {
  (void)state;
  struct lossd_sum2 left = {0, 0}, right = {0, 0}, infinite = {0, 0};
  lossd_sum2_add(&left, 1e16);
  lossd_sum2_add(&left, 1);
  lossd_sum2_add(&right, -1e16);
  lossd_sum2_add(&right, 0.5);
  lossd_sum2_merge(&left, &right);
  same(lossd_sum2_value(&left), 1.5);
  lossd_sum2_add(&infinite, INFINITY);
  lossd_sum2_add(&infinite, 1);
  lossd_sum2_merge(&left, &infinite);
  same(lossd_sum2_value(&left), INFINITY);
}

/* Every length around the lanes, whole numbers so that each order of summing is exact. */
static void sums_take_every_element_once(void **state) {
  (void)state;
  real x[101], y[101];
  for (int i = 0; i < 101; i++) x[i] = (real)(i * i % 37 - 11), y[i] = (real)(5 - i % 9);
  for (size_t n = 0; n <= 101; n++) {
    double sum = 0, squares = 0, products = 0;
    for (size_t i = 0; i < n; i++) {
      sum += (double)x[i];
      squares += (double)x[i] * (double)x[i];
      products += (double)x[i] * (double)y[i];
    }
    same(sum_real(x, n), sum);
    same(sum_squares(x, n), squares);
    same(sum_products(x, y, n), products);
  }
}

static void the_maximum_is_found_wherever_it_is_and_passes_over_nan(void **state) {
  (void)state;
  real x[70] = {0};
  same((double)largest_real(x, 0).value, -INFINITY);
  assert_int_equal(largest_real(x, 0).place, 0);
  for (size_t n = 1; n <= 70; n++)
    for (size_t at = 0; at < n; at++) {
      for (size_t i = 0; i < n; i++) x[i] = i % 3 ? -(real)i - 5 : REAL_NAN;
      x[at] = -2;
      same((double)largest_real(x, n).value, -2);
      assert_int_equal(largest_real(x, n).place, at);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_sum_in_two_doubles_keeps_what_cancellation_leaves),
      cmocka_unit_test(merged_sums_are_the_sum_of_the_whole),
      cmocka_unit_test(sums_take_every_element_once),
      cmocka_unit_test(the_maximum_is_found_wherever_it_is_and_passes_over_nan),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
