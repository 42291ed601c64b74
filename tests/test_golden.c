/* Every golden vector, through core: values and gradients within the accuracy that the project promises for
 * float64, |got - want| <= 1e-12 |want| + 1e-14 max(1, largest |input|, largest |addend|). Prints a table of
 * largest errors. */
#include "tests/golden.h"

struct comparison {
  const char *loss, *name;
  double absolute; /* the allowed absolute error */
  double scale;
  double worst[2]; /* of values, of gradients: error over the allowed one */
  int failures;
};

static void compare(struct comparison *c, bool gradient, const char *what, double got, double want) {
  const double error = fabs(got - want), allowed = 1e-12 * fabs(want) + c->absolute;
  if (got == want || (isnan(got) && isnan(want))) return;
  const double ratio = isfinite(error) ? error / allowed : INFINITY;
  if (ratio > c->worst[gradient]) c->worst[gradient] = ratio;
  if (ratio <= 1) return;
  c->failures++;
  print_error("%s, %s: %s is %.17g, expected %.17g\n", c->loss, c->name, what, got, want);
}

static double largest(const struct evaluate *t) {
  double most = 1;
  for (int k = 0; k < LOSSD_INPUTS; k++) {
    const struct lossd_tensor *tensor = &t->evaluation.tensor[k];
    if (!(t->evaluation.present & 1u << k) || tensor->dtype != LOSSD_FLOAT64) continue;
    const double *x = tensor->data;
    for (int64_t i = 0; i < lossd_shape_count(&tensor->shape); i++)
      if (isfinite(x[i]) && fabs(x[i]) > most) most = fabs(x[i]);
  }
  return most;
}

static double largest_of(const struct golden_tensor *t, double most) {
  for (int64_t i = 0; i < t->count; i++)
    if (isfinite(t->data[i]) && fabs(t->data[i]) > most) most = fabs(t->data[i]);
  return most;
}

static void compare_loss(struct comparison *c, struct evaluate *t, const cJSON *expect) {
  const struct golden_tensor want =
      golden_tensor(cJSON_GetObjectItemCaseSensitive(expect, "loss"), &t->arena);
  const cJSON *numerator = cJSON_GetObjectItemCaseSensitive(expect, "numerator");
  const cJSON *denominator = cJSON_GetObjectItemCaseSensitive(expect, "denominator");
  assert_int_equal(lossd_shape_count(&t->plan.loss_shape), want.count);
  for (int64_t i = 0; i < want.count; i++)
    compare(c, false, "loss", ((const double *)t->plan.loss_data)[i], want.data[i]);
  if (numerator) compare(c, false, "numerator", t->plan.numerator, golden_number(numerator));
  if (denominator) compare(c, false, "denominator", t->plan.denominator, golden_number(denominator));
}

static void compare_gradients(struct comparison *c, struct evaluate *t, const cJSON *expect) {
  unsigned seen = 0;
  const cJSON *gradients = cJSON_GetObjectItemCaseSensitive(expect, "gradients");
  for (const cJSON *g = gradients ? gradients->child : NULL; g; g = g->next) {
    const int role = lossd_input_find(t->evaluation.loss, g->string, strlen(g->string));
    const struct golden_tensor want = golden_tensor(g, &t->arena);
    assert_true(role >= 0 && t->plan.grad[role]);
    assert_int_equal(lossd_shape_count(&t->evaluation.tensor[role].shape), want.count);
    const double before = c->absolute;
    c->absolute = 1e-14 * largest_of(&want, c->scale);
    for (int64_t i = 0; i < want.count; i++)
      compare(c, true, g->string, ((const double *)t->plan.grad[role])[i], want.data[i]);
    c->absolute = before;
    seen |= 1u << role;
  }
  assert_int_equal(seen, t->evaluation.gradients);
}

static void check_case(const cJSON *item, void *context) {
  struct comparison *c = context;
  struct evaluate t;
  c->name = cJSON_GetObjectItemCaseSensitive(item, "name")->valuestring;
  golden_request(&t, c->loss, cJSON_GetObjectItemCaseSensitive(item, "request"));
  if (evaluate_run(&t)) {
    print_error("%s, %s: refused: %s\n", c->loss, c->name, t.problem.detail);
    c->failures++;
  } else {
    const cJSON *expect = cJSON_GetObjectItemCaseSensitive(item, "expect");
    c->scale = largest(&t);
    c->absolute = 1e-14 * c->scale;
    compare_loss(c, &t, expect);
    compare_gradients(c, &t, expect);
  }
  evaluate_end(&t);
}

static void check_set(const char *set, int least) {
  int failures = 0;
  for (int i = 0; i < lossd_loss_count; i++) {
    struct comparison c = {.loss = lossd_losses[i]->name};
    const int cases = golden_each(set, c.loss, check_case, &c);
    printf("%-9s %-30s %4d cases, largest error over the allowed: values %.3f, gradients %.3f\n", set, c.loss,
           cases, c.worst[0], c.worst[1]);
    if (cases < least) fail_msg("%s has %d cases in %s, expected %d at least", c.loss, cases, set, least);
    failures += c.failures;
  }
  assert_int_equal(failures, 0);
}

static void every_loss_agrees_with_pytorch(void **state) {
  (void)state;
  check_set("pytorch", 40);
}

static void every_loss_agrees_with_its_formula_in_high_precision(void **state) {
  (void)state;
  check_set("textbook", 25);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_loss_agrees_with_pytorch),
      cmocka_unit_test(every_loss_agrees_with_its_formula_in_high_precision),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
