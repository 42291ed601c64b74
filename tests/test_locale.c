/* A program that links the library may have set a locale whose decimal separator is a comma: numbers mean the
 * same in it. */
#include <locale.h>

#include "tests/evaluate.h"
#include "tests/unit.h"

/* Makes the German locale in a directory of its own, as `locales` has only its source, and sets it. */
static int in_germany(void **state) {
  static char directory[] = "/tmp/lossd_locale_XXXXXX";
  char command[128];
  *state = mkdtemp(directory);
  snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8", directory);
  return !*state || system(command) || setenv("LOCPATH", directory, 1) || !setlocale(LC_ALL, "de_DE.UTF-8");
}

static int back_home(void **state) {
  char command[128];
  setlocale(LC_ALL, "C");
  snprintf(command, sizeof command, "rm -r %s", (const char *)*state);
  return system(command);
}

static void the_locale_writes_a_comma(void **state) {
  (void)state;
  assert_string_equal(localeconv()->decimal_point, ",");
}

static void numbers_of_expressions_have_points(void **state) {
  (void)state;
  const double a[] = {3, 4}, other[] = {0, 1};
  struct evaluate t;
  evaluate_begin(&t, "TripletMarginWithDistanceLoss");
  assert_int_equal(evaluate_choice(&t, "distance_expression", "0.25 * sum(b)"), 0);
  for (int role = 0; role < 3; role++)
    evaluate_tensor(&t, role, LOSSD_FLOAT64, SHAPE(2), role == 1 ? a : other);
  assert_int_equal(evaluate_run(&t), 0);
  assert_true(evaluate_loss(&t) == 2.5); /* 1.75 - 0.25 + 1 */
  evaluate_end(&t);
}

static void messages_have_points(void **state) {
  (void)state;
  struct evaluate t;
  evaluate_begin(&t, "HuberLoss");
  assert_int_equal(evaluate_number(&t, "delta", -0.5), LOSSD_INVALID_OPTION);
  assert_non_null(strstr(t.problem.detail, "-0.5"));
  evaluate_end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_locale_writes_a_comma),
      cmocka_unit_test(numbers_of_expressions_have_points),
      cmocka_unit_test(messages_have_points),
  };
  return cmocka_run_group_tests(tests, in_germany, back_home);
}
