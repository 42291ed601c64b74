/* Every gradient against finite differences of the loss: all losses of the zoo, every differentiable role,
 * every combination of choices and booleans, random shapes and numbers.
 *
 * Points where the loss has no derivative (kinks) are found by the loss alone, never by its gradient: the
 * one-sided differences do not approach each other as the step shrinks. They are skipped, and counted. */
#include "tests/evaluate.h"
#include "tests/random_case.h"
#include "tests/unit.h"

#ifndef LOSSD_CASES
#define LOSSD_CASES 1000 /* of each loss at least */
#endif
#define POINTS 6 /* of each tensor of a case */

struct tally {
  const char *loss;
  int cases, combinations_found;
  int points, checked, different[LOSSD_MAX_ROLES]; /* derivatives that are not 0 */
  double worst;                                    /* error over the allowed */
};

/* sum of grad_output x loss; magnitude: of the numbers behind it, 1 at least for each loss, which may be the
 * rest of addends of that size. */
static double scalar(const struct lossd_evaluation *evaluation, double *magnitude) {
  struct evaluate t = {.evaluation = *evaluation};
  double sum = 0;
  lossd_arena_init(&t.arena, NULL);
  t.evaluation.gradients = 0;
  if (evaluate_run(&t)) fail_msg("%s: %s", evaluation->loss->name, t.problem.detail);
  const struct lossd_tensor loss = {t.plan.compute, t.plan.loss_shape, t.plan.loss_data};
  const bool given = evaluation->present & 1u << LOSSD_GRAD_OUTPUT;
  *magnitude = 0;
  for (int64_t i = 0; i < lossd_shape_count(&loss.shape); i++) {
    const double factor = given ? tensor_number(&evaluation->tensor[LOSSD_GRAD_OUTPUT], i) : 1;
    sum += factor * tensor_number(&loss, i);
    *magnitude += fabs(factor) * (1 + fabs(tensor_number(&loss, i)));
  }
  evaluate_end(&t);
  return sum;
}

struct slope {
  double value, noise; /* noise: what rounding and the steps' size may have done */
  bool smooth;
};

/* The derivative by *x: central differences of two steps, extrapolated (Richardson). */
static struct slope slope_at(const struct lossd_evaluation *e, double *x) {
  const double at = *x, h = 3e-4 * fmax(fabs(at), 0.03);
  double f[5], magnitude[5];
  for (int i = 0; i < 5; i++) {
    *x = at + (i - 2) * 0.5 * h;
    f[i] = scalar(e, &magnitude[i]);
  }
  *x = at;
  const double whole = (f[4] - f[0]) / (2 * h), half = (f[3] - f[1]) / h;
  const double jump = fabs(f[4] - 2 * f[2] + f[0]) / h, half_jump = fabs(f[3] - 2 * f[2] + f[1]) / (0.5 * h);
  struct slope slope = {.value = half + (half - whole) / 3, .noise = 4e-15 * magnitude[2] / h + 1e-13};
  const double allowed = 1e-6 * fabs(slope.value) + slope.noise, unsure = fabs(whole - half);
  const bool approaching = half_jump <= 0.75 * jump + allowed;
  slope.smooth = isfinite(slope.value) && approaching && unsure <= 1e-5 * fabs(half) + allowed;
  slope.noise += 0.5 * unsure;
  return slope;
}

static void check_role(struct tally *tally, const struct random_case *c, const struct evaluate *t, int role,
                       struct random_source *random) {
  const struct lossd_tensor gradient = {LOSSD_FLOAT64, c->evaluation.tensor[role].shape, t->plan.grad[role]};
  const int64_t count = lossd_shape_count(&gradient.shape);
  double *x = (double *)c->evaluation.tensor[role].data, largest = 0;
  for (int64_t i = 0; i < count; i++) largest = fmax(largest, fabs(tensor_number(&gradient, i)));
  for (int point = 0; point < POINTS && point < count; point++) {
    const int64_t i = random_below(random, count);
    const struct slope slope = slope_at(&c->evaluation, &x[i]);
    tally->points++;
    if (!slope.smooth) continue;
    tally->checked++;
    tally->different[role] += slope.value != 0;
    const double got = tensor_number(&gradient, i);
    const double allowed = 1e-6 * fmax(largest, fabs(slope.value)) + slope.noise;
    if (!(fabs(got - slope.value) <= allowed)) {
      for (int k = 0; k < c->evaluation.loss->option_count; k++)
        print_message("  %s = %g\n", c->evaluation.loss->options[k].name, c->evaluation.options.value[k]);
      fail_msg("%s: d loss / d %s[%lld] at %.17g is %.17g, differences give %.17g (allowed %g)", tally->loss,
               c->evaluation.loss->roles[role].name, (long long)i, x[i], got, slope.value, allowed);
    }
    if (slope.value != 0) tally->worst = fmax(tally->worst, fabs(got - slope.value) / allowed);
  }
}

/* CTCLoss's option ctc_gradient = log_softmax asks for what is not the derivative by log_probabilities: that
 * by the logits behind them. No rule of the row says so, hence the name;
 * tests/test_identities.c proves it. */
static bool is_a_derivative(const struct lossd_evaluation *e) {
  return !option_is(e, "ctc_gradient", "log_softmax");
}

static void check_case(struct tally *tally, const struct random_case *c, struct random_source *random) {
  struct evaluate t = {.evaluation = c->evaluation};
  if (!is_a_derivative(&c->evaluation)) return;
  lossd_arena_init(&t.arena, NULL);
  t.evaluation.gradients = lossd_all_gradients(&t.evaluation);
  assert_int_equal(evaluate_run(&t), 0);
  for (int k = 0; k < t.evaluation.loss->role_count; k++)
    if (t.evaluation.gradients & 1u << k) check_role(tally, c, &t, k, random);
  tally->cases++;
  evaluate_end(&t);
}

static void check_loss(const struct lossd_loss *loss) {
  struct tally tally = {.loss = loss->name};
  struct case_maker maker;
  struct random_source random = {7};
  case_maker_init(&maker, loss, 1);
  int rounds = LOSSD_CASES / maker.combinations;
  if (rounds < 1) rounds = 1;
  for (int combination = 0; combination < maker.combinations; combination++) {
    bool found = false;
    for (int round = 0; round < rounds; round++) {
      struct random_case c;
      if (!random_case_make(&maker, combination, CASE_SMALL, &c)) break;
      found = true;
      check_case(&tally, &c, &random);
      random_case_free(&c);
    }
    tally.combinations_found += found;
  }
  printf("%-30s %4d of %4d combinations, %4d layouts, %5d cases, %6d points, %6d checked, "
         "largest error over the allowed %.3f\n",
         loss->name, tally.combinations_found, maker.combinations, (int)maker.layout_count, tally.cases,
         tally.points, tally.checked, tally.worst);
  if (tally.checked < 0.8 * tally.points || tally.cases < 10)
    fail_msg("%s: only %d of %d points in %d cases were checked", loss->name, tally.checked, tally.points,
             tally.cases);
  for (int k = 0; k < loss->role_count; k++)
    if (loss->roles[k].differentiable && tally.different[k] < 10)
      fail_msg("%s: only %d points saw the loss change with %s", loss->name, tally.different[k],
               loss->roles[k].name);
  case_maker_free(&maker);
}

static void every_gradient_is_the_limit_of_differences(void **state) {
  (void)state;
  for (int i = 0; i < lossd_loss_count; i++) check_loss(lossd_losses[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_gradient_is_the_limit_of_differences),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
