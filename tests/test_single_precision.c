/* What float32 is prone to lose: gradients that vanish where a fit is perfect, products that float32 rounds
 * before an exponential is taken of them, and numbers that no float32 holds: options, weighed losses,
 * factors.
 *
 * As accurate as other results: |error| <= 1e-6 |reference|, the gradients' 1e-6 (|reference| + the row's
 * largest |gradient|); the reference is float64 on the same inputs. */
#include <math.h>

#include "tests/evaluate.h"
#include "tests/random_case.h"
#include "tests/unit.h"

enum { ROWS = 400, CLASSES = 5, COUNT = ROWS * CLASSES };

static struct lossd_shape matrix(void) {
  return SHAPE(ROWS, CLASSES);
}

/* Runs t, and again with its float32 tensors as float64, into `wide`. */
static void run_both(struct evaluate *t, struct evaluate *wide) {
  evaluate_all_gradients(t);
  *wide = (struct evaluate){.evaluation = evaluation_as(&t->evaluation, LOSSD_FLOAT64, &t->arena)};
  lossd_arena_init(&wide->arena, NULL);
  if (evaluate_run(t)) fail_msg("%s", t->problem.detail);
  if (evaluate_run(wide)) fail_msg("%s", wide->problem.detail);
  assert_int_equal(t->plan.compute, LOSSD_FLOAT32);
  assert_int_equal(wide->plan.compute, LOSSD_FLOAT64);
}

static void near(const char *what, int64_t at, double got, double want, double allowed) {
  const double error = fabs(got - want);
  if (got == want || error <= allowed) return;
  fail_msg("%s[%lld] is %.9g, in float64 %.17g", what, (long long)at, got, want);
}

/* Where a gradient cancels, its exponential's own error is left: exp_short's, of core/vector_math.h. */
#define CANCELLED 0x1p-47

/* Losses, and gradients of `length` numbers a row. What float32 cannot hold at all is its infinity or 0. */
static void check(struct evaluate *t, int64_t length, double cancelled) {
  struct evaluate wide;
  run_both(t, &wide);
  const struct lossd_tensor loss = {LOSSD_FLOAT32, t->plan.loss_shape, t->plan.loss_data};
  const struct lossd_tensor right = {LOSSD_FLOAT64, t->plan.loss_shape, wide.plan.loss_data};
  for (int64_t i = 0; i < lossd_shape_count(&loss.shape); i++) {
    const double want = tensor_number(&right, i);
    near("loss", i, tensor_number(&loss, i), (double)(float)want, 1e-6 * fabs(want) + 0x1p-149);
  }
  for (int k = 0; k < t->evaluation.loss->role_count; k++) {
    if (!(t->evaluation.gradients & 1u << k)) continue;
    const struct lossd_shape *shape = &t->evaluation.tensor[k].shape;
    const float *got = t->plan.grad[k];
    const double *want = wide.plan.grad[k];
    for (int64_t i = 0; i < lossd_shape_count(shape); i++) {
      double most = 0;
      for (int64_t c = 0; c < length; c++) most = fmax(most, fabs(want[i / length * length + c]));
      near(t->evaluation.loss->roles[k].name, i, (double)got[i], (double)(float)want[i],
           1e-6 * (fabs(want[i]) + most) + cancelled + 0x1p-149);
    }
  }
  evaluate_end(&wide);
  evaluate_end(t);
}

static void begin_unreduced(struct evaluate *t, const char *loss) {
  evaluate_begin(t, loss);
  assert_int_equal(evaluate_choice(t, "reduction", "none"), 0);
}

/* Fits
 * ---------------------------------------------------------------------------------------------------------
 */

static float logits[COUNT], softmaxes[COUNT], sigmoids[COUNT];

static void fill_fits(void) {
  struct random_source random = {23};
  for (int r = 0; r < COUNT; r += CLASSES) {
    double sum = 0;
    for (int i = r; i < r + CLASSES; i++) {
      logits[i] = (float)(2 * random_normal(&random));
      sum += exp((double)logits[i]);
      sigmoids[i] = (float)(1 / (1 + exp(-(double)logits[i])));
    }
    for (int i = r; i < r + CLASSES; i++) softmaxes[i] = (float)(exp((double)logits[i]) / sum);
  }
}

/* Targets that are the prediction itself, as a student's that has learned all that its teacher knows. */
static void gradients_of_a_perfect_fit_keep_their_digits(void **state) {
  static const struct {
    const char *loss;
    const float *target;
  } fits[] = {{"CrossEntropyLoss", softmaxes},
              {"BCEWithLogitsLoss", sigmoids},
              {"MultiLabelSoftMarginLoss", sigmoids}};
  (void)state;
  fill_fits();
  for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) {
    struct evaluate t;
    begin_unreduced(&t, fits[i].loss);
    evaluate_tensor(&t, 0, LOSSD_FLOAT32, matrix(), logits);
    evaluate_tensor(&t, 1, LOSSD_FLOAT32, matrix(), fits[i].target);
    check(&t, i ? 1 : CLASSES, i ? CANCELLED : 0);
  }
}

/* Scores at which a smoothed label costs least, as those of a network that is trained to the end. */
static void smoothed_labels_that_are_met_keep_their_digits(void **state) {
  static float scores[COUNT];
  int64_t classes[ROWS];
  (void)state;
  for (int r = 0; r < ROWS; r++) {
    const double smoothing = 0.1, share = smoothing / CLASSES;
    classes[r] = r % CLASSES;
    for (int c = 0; c < CLASSES; c++)
      scores[r * CLASSES + c] = (float)(log(share + (c == classes[r] ? 1 - smoothing : 0)) + 0.01 * r);
  }
  struct evaluate t;
  begin_unreduced(&t, "CrossEntropyLoss");
  assert_int_equal(evaluate_number(&t, "label_smoothing", 0.1), 0);
  evaluate_tensor(&t, 0, LOSSD_FLOAT32, matrix(), scores);
  evaluate_tensor(&t, 1, LOSSD_INT64, SHAPE(ROWS), classes);
  check(&t, CLASSES, 0);
}

/* 1 - label_smoothing, which float32 would round to 3 digits, or to 0. */
static void label_smoothing_may_come_near_1(void **state) {
  (void)state;
  fill_fits();
  for (int i = 0; i < 3; i++) {
    struct evaluate t;
    begin_unreduced(&t, "CrossEntropyLoss");
    assert_int_equal(evaluate_choice(&t, "input_kind", "probabilities"), 0);
    assert_int_equal(evaluate_number(&t, "label_smoothing", (const double[]){0.999, 1 - 1e-7, 1 - 1e-12}[i]),
                     0);
    evaluate_tensor(&t, 0, LOSSD_FLOAT32, matrix(), softmaxes);
    evaluate_tensor(&t, 1, LOSSD_FLOAT32, matrix(), sigmoids);
    check(&t, CLASSES, 0);
  }
}

/* SoftMarginLoss takes any factor, and its product with the score has more digits than a float. */
static void the_margin_of_any_factor_keeps_its_digits(void **state) {
  static float x[COUNT], y[COUNT];
  struct random_source random = {29};
  struct evaluate t;
  (void)state;
  for (int i = 0; i < COUNT; i++)
    x[i] = (float)random_between(&random, -50, 50), y[i] = (float)random_between(&random, -2, 2);
  x[0] = 0x1p100f, x[1] = -0x1p100f, y[0] = y[1] = 0x1p100f;
  x[2] = x[3] = INFINITY, y[2] = 0, y[3] = 1;
  begin_unreduced(&t, "SoftMarginLoss");
  evaluate_tensor(&t, 0, LOSSD_FLOAT32, SHAPE(COUNT), x);
  evaluate_tensor(&t, 1, LOSSD_FLOAT32, SHAPE(COUNT), y);
  check(&t, 1, 0);
}

/* Ranges
 * -------------------------------------------------------------------------------------------------------- */

static void options_may_be_smaller_or_larger_than_a_float(void **state) {
  static const struct {
    const char *loss, *option;
    double value;
    float tensor[3][2];
  } cases[] = {
      {"PoissonNLLLoss", "eps", 1e-50, {{0, 0x1p-140f}, {1, 2}}},
      {"GaussianNLLLoss", "eps", 1e-50, {{0, 1}, {0, 1}, {0, 0x1p-140f}}},
      {"GaussianNLLLoss", "log_var_weight", 1e39, {{0, 1}, {0, 1}, {1, 1}}},
      {"GaussianNLLLoss", "log_var_weight", -1e-44, {{0, 0}, {0, 0}, {1e30f, 1e-30f}}},
      {"HuberLoss", "delta", 1e-42, {{1e30f, -1e20f}, {0, 0}}},
      {"HuberLoss", "delta", 1e300, {{1e10f, -1e-20f}, {0, 0}}},
      {"SmoothL1Loss", "beta", 1e-42, {{0x1p-139f, -1}, {0, 0}}},
      {"SmoothL1Loss", "beta", 1e300, {{1e30f, -1}, {0, 0}}},
      {"MarginRankingLoss", "margin", 1e39, {{1, 2}, {3e38f, -3e38f}, {-1, -1}}},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct evaluate t;
    begin_unreduced(&t, cases[i].loss);
    assert_int_equal(evaluate_number(&t, cases[i].option, cases[i].value), 0);
    for (int k = 0; k < t.evaluation.loss->role_count; k++)
      if (!t.evaluation.loss->roles[k].optional)
        evaluate_tensor(&t, k, LOSSD_FLOAT32, SHAPE(2), cases[i].tensor[k]);
    check(&t, 1, 0);
  }
}

/* Means and their gradients depend on the weights' ratios alone. */
static void weights_may_be_tiny_or_huge(void **state) {
  static const float x[3] = {1, -2, 0x1p-20f}, y[3] = {0};
  static const float weights[][3] = {{0x1p-149f, 0, 0x1p-149f},
                                     {0x1p-140f, 0x1p-139f, 0},
                                     {0x1p127f, 0x1p127f, 0x1p100f},
                                     {0x1p-126f, 0, 0}};
  (void)state;
  for (int loss = 0; loss < 2; loss++)
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) {
      struct evaluate t;
      evaluate_begin(&t, (const char *const[]){"MSELoss", "HingeEmbeddingLoss"}[loss]);
      static const float alike[3] = {1, 1, 1};
      evaluate_tensor(&t, 0, LOSSD_FLOAT32, loss ? SHAPE(3, 1) : SHAPE(3), x);
      evaluate_tensor(&t, 1, LOSSD_FLOAT32, SHAPE(3), loss ? alike : y);
      evaluate_tensor(&t, LOSSD_SAMPLE_WEIGHT, LOSSD_FLOAT32, SHAPE(3), weights[i]);
      check(&t, 1, 0);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gradients_of_a_perfect_fit_keep_their_digits),
      cmocka_unit_test(smoothed_labels_that_are_met_keep_their_digits),
      cmocka_unit_test(label_smoothing_may_come_near_1),
      cmocka_unit_test(the_margin_of_any_factor_keeps_its_digits),
      cmocka_unit_test(options_may_be_smaller_or_larger_than_a_float),
      cmocka_unit_test(weights_may_be_tiny_or_huge),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
