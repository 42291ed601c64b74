/* What must hold between losses, between evaluations of one loss, and between CTCLoss and
 * all its alignments. */
#include "tests/evaluate.h"
#include "tests/random_case.h"
#include "tests/unit.h"

#ifndef LOSSD_CASES
#define LOSSD_CASES 100 /* of each loss */
#endif

static void near(double got, double want, const char *what) {
  if (!(fabs(got - want) <= 1e-12 * fabs(want) + 1e-13))
    fail_msg("%s: got %.17g, want %.17g", what, got, want);
}

static void fill(struct random_source *random, double *x, int64_t count, double low, double high) {
  for (int64_t i = 0; i < count; i++) x[i] = random_between(random, low, high);
}

/* Begins an evaluation of float64 tensors of one shape, without reduction. */
static void begin(struct evaluate *t, const char *loss, struct lossd_shape shape, const double *x,
                  const double *y) {
  evaluate_begin(t, loss);
  evaluate_choice(t, "reduction", "none");
  evaluate_tensor(t, 0, LOSSD_FLOAT64, shape, x);
  evaluate_tensor(t, 1, LOSSD_FLOAT64, shape, y);
}

static const double *run(struct evaluate *t) {
  evaluate_all_gradients(t);
  if (evaluate_run(t)) fail_msg("%s", t->problem.detail);
  return t->plan.loss_data;
}

enum { N = 60, C = 4, ROWS = N / C };

static void huber_of_delta_is_delta_times_smooth_l1_of_beta_delta(void **state) {
  (void)state;
  struct random_source random = {1};
  for (int k = 0; k < 5; k++) {
    double x[N], y[N];
    const double delta = random_between(&random, 0.1, 3);
    struct evaluate a, b;
    fill(&random, x, N, -3, 3), fill(&random, y, N, -3, 3);
    begin(&a, "HuberLoss", SHAPE(N), x, y), evaluate_number(&a, "delta", delta);
    begin(&b, "SmoothL1Loss", SHAPE(N), x, y), evaluate_number(&b, "beta", delta);
    const double *huber = run(&a), *smooth = run(&b), *da = a.plan.grad[0], *db = b.plan.grad[0];
    for (int i = 0; i < N; i++)
      near(huber[i], delta * smooth[i], "loss"), near(da[i], delta * db[i], "gradient");
    evaluate_end(&a), evaluate_end(&b);
  }
}

static void bce_with_logits_is_bce_of_the_sigmoid(void **state) {
  (void)state;
  struct random_source random = {2};
  double x[N], p[N], y[N];
  struct evaluate a, b;
  fill(&random, x, N, -20, 20), fill(&random, y, N, 0, 1);
  for (int i = 0; i < N; i++) p[i] = 1 / (1 + exp(-x[i]));
  begin(&a, "BCEWithLogitsLoss", SHAPE(N), x, y), begin(&b, "BCELoss", SHAPE(N), p, y);
  const double *logits = run(&a), *probabilities = run(&b);
  /* 1 - p has lost digits where p is near 1 */
  for (int i = 0; i < N; i++)
    if (fabs(logits[i] - probabilities[i]) > 1e-12 * logits[i] + 2e-16 * exp(fabs(x[i])))
      fail_msg("at %g: %.17g and %.17g", x[i], logits[i], probabilities[i]);
  evaluate_end(&a), evaluate_end(&b);
}

static void cross_entropy_is_nll_of_the_log_softmax(void **state) {
  (void)state;
  struct random_source random = {3};
  double x[N], logs[N];
  int64_t y[ROWS];
  struct evaluate a, b;
  fill(&random, x, N, -5, 5);
  for (int r = 0; r < ROWS; r++) {
    double sum = 0;
    for (int c = 0; c < C; c++) sum += exp(x[r * C + c]);
    for (int c = 0; c < C; c++) logs[r * C + c] = x[r * C + c] - log(sum);
    y[r] = random_below(&random, C);
  }
  begin(&a, "CrossEntropyLoss", SHAPE(ROWS, C), x, x), begin(&b, "NLLLoss", SHAPE(ROWS, C), logs, logs);
  evaluate_choice(&b, "input_kind", "log_probabilities");
  evaluate_tensor(&a, 1, LOSSD_INT64, SHAPE(ROWS), y), evaluate_tensor(&b, 1, LOSSD_INT64, SHAPE(ROWS), y);
  const double *entropy = run(&a), *nll = run(&b);
  for (int r = 0; r < ROWS; r++) near(entropy[r], nll[r], "loss");
  evaluate_end(&a), evaluate_end(&b);
}

static void multi_label_soft_margin_is_the_mean_of_bce_with_logits(void **state) {
  (void)state;
  struct random_source random = {4};
  double x[N], y[N];
  struct evaluate a, b;
  fill(&random, x, N, -5, 5), fill(&random, y, N, 0, 1);
  begin(&a, "MultiLabelSoftMarginLoss", SHAPE(ROWS, C), x, y),
      begin(&b, "BCEWithLogitsLoss", SHAPE(ROWS, C), x, y);
  const double *rows = run(&a), *each = run(&b), *da = a.plan.grad[0], *db = b.plan.grad[0];
  for (int r = 0; r < ROWS; r++) {
    double sum = 0;
    for (int c = 0; c < C; c++) sum += each[r * C + c], near(da[r * C + c], db[r * C + c] / C, "gradient");
    near(rows[r], sum / C, "loss");
  }
  evaluate_end(&a), evaluate_end(&b);
}

static void a_distribution_does_not_diverge_from_itself(void **state) {
  (void)state;
  struct random_source random = {5};
  double p[N];
  struct evaluate t;
  fill(&random, p, N, 0, 1);
  p[3] = 0;
  begin(&t, "KLDivLoss", SHAPE(N), p, p);
  const double *loss = run(&t);
  for (int i = 0; i < N; i++) assert_true(loss[i] == 0);
  evaluate_end(&t);
}

/* ---- Evaluations of one loss ---- */

typedef void check_case(const struct random_case *c);

static void each_random_case(check_case *check) {
  for (int i = 0; i < lossd_loss_count; i++) {
    struct case_maker maker;
    int found = 0;
    case_maker_init(&maker, lossd_losses[i], 9);
    for (int k = 0; k < LOSSD_CASES; k++) {
      struct random_case c;
      if (!random_case_make(&maker, k % maker.combinations, CASE_SMALL, &c)) continue;
      check(&c);
      found++;
      random_case_free(&c);
    }
    case_maker_free(&maker);
    assert_true(2 * found > LOSSD_CASES);
  }
}

/* Runs a case with a sample_weight of the unreduced loss's shape, taken from weight. */
static void run_weighted(struct evaluate *t, const struct random_case *c, int reduction, const double *weight,
                         struct lossd_shape rows) {
  *t = (struct evaluate){.evaluation = c->evaluation};
  lossd_arena_init(&t->arena, NULL);
  t->evaluation.present &= ~(1u << LOSSD_GRAD_OUTPUT | 1u << LOSSD_SAMPLE_WEIGHT);
  t->evaluation.options.value[0] = reduction;
  t->evaluation.options.given |= 1;
  if (weight) evaluate_tensor(t, LOSSD_SAMPLE_WEIGHT, LOSSD_FLOAT64, rows, weight);
  if (evaluate_run(t)) fail_msg("%s: %s", c->evaluation.loss->name, t->problem.detail);
}

enum { NONE, MEAN, SUM }; /* positions that `reduction` has in every row */

/* Weights say how often an element counts: shards of weights merge to the whole, an integer weight is that
 * many repetitions, 0 leaves out, all in the numerator and in the denominator. */
static void check_weights(const struct random_case *c) {
  struct evaluate each, whole, part[2];
  double weight[2][512], ones[512];
  /* What such a case leaves out may be invalid. */
  if (c->evaluation.present & 1u << LOSSD_SAMPLE_WEIGHT) return;
  run_weighted(&each, c, NONE, NULL, SCALAR);
  const struct lossd_shape rows = each.plan.loss_shape;
  const int64_t count = lossd_shape_count(&rows);
  double sum = 0, magnitude = 0;
  assert_true(count <= 512);
  for (int64_t i = 0; i < count; i++) {
    weight[0][i] = (double)(i % 3), weight[1][i] = 4 - weight[0][i], ones[i] = 4;
    sum += weight[0][i] * ((const double *)each.plan.loss_data)[i];
    magnitude += 4 * fabs(((const double *)each.plan.loss_data)[i]);
  }
  run_weighted(&whole, c, SUM, ones, rows);
  for (int k = 0; k < 2; k++) run_weighted(&part[k], c, SUM, weight[k], rows);
  const char *name = c->evaluation.loss->name;
  const double allowed = 1e-13 * (1 + magnitude);
  if (fabs(part[0].plan.numerator - sum) > allowed)
    fail_msg("%s: %.17g, repeated %.17g", name, part[0].plan.numerator, sum);
  if (fabs(part[0].plan.numerator + part[1].plan.numerator - whole.plan.numerator) > allowed)
    fail_msg("%s: the shards' numerators do not add up", name);
  if (fabs(part[0].plan.denominator + part[1].plan.denominator - whole.plan.denominator) >
      1e-13 * (1 + fabs(whole.plan.denominator)))
    fail_msg("%s: the shards' denominators do not add up", name);
  evaluate_end(&each), evaluate_end(&whole), evaluate_end(&part[0]), evaluate_end(&part[1]);
}

static void sample_weights_repeat_leave_out_and_shard(void **state) {
  (void)state;
  each_random_case(check_weights);
}

/* A definition is nothing but defaults: given explicitly under the other, they give the same bits. */
static void check_definition(const struct random_case *c) {
  struct evaluate a = {.evaluation = c->evaluation}, b = {.evaluation = c->evaluation};
  lossd_arena_init(&a.arena, NULL), lossd_arena_init(&b.arena, NULL);
  b.evaluation.options.pytorch = !b.evaluation.options.pytorch;
  for (int k = 0; k < c->evaluation.loss->option_count; k++) {
    const struct lossd_option *option = &c->evaluation.loss->options[k];
    if (option->textbook != option->pytorch) b.evaluation.options.given |= 1u << k;
  }
  lossd_options_finish(&b.evaluation.options);
  a.evaluation.gradients = b.evaluation.gradients = lossd_all_gradients(&a.evaluation);
  assert_int_equal(evaluate_run(&a), 0);
  assert_int_equal(evaluate_run(&b), 0);
  size_t bytes;
  lossd_shape_bytes(LOSSD_FLOAT64, &a.plan.loss_shape, &bytes);
  assert_memory_equal(a.plan.loss_data, b.plan.loss_data, bytes);
  for (int k = 0; k < c->evaluation.loss->role_count; k++) {
    if (!a.plan.grad[k]) continue;
    lossd_shape_bytes(LOSSD_FLOAT64, &a.evaluation.tensor[k].shape, &bytes);
    assert_memory_equal(a.plan.grad[k], b.plan.grad[k], bytes);
  }
  evaluate_end(&a), evaluate_end(&b);
}

static void a_definition_is_nothing_but_defaults(void **state) {
  (void)state;
  each_random_case(check_definition);
}

/* ---- CTC ---- */

enum { FRAMES = 5, CLASSES = 3, PATHS = 243 };

/* Whether a path of one class a frame, repeats merged and then blanks (0) removed, is the labels. */
static bool spells(int path, const int64_t *labels, int count) {
  int found = 0, last = 0;
  for (int t = 0; t < FRAMES; t++, path /= CLASSES) {
    const int now = path % CLASSES;
    if (now && now != last && (found == count || labels[found++] != now)) return false;
    last = now;
  }
  return found == count;
}

static void ctc_is_the_sum_over_all_alignments(void **state) {
  (void)state;
  static const int64_t labels[][3] = {{1}, {2}, {1, 2}, {1, 1}, {2, 1, 2}, {2, 2, 1}, {1, 1, 1}};
  static const int lengths[] = {1, 1, 2, 2, 3, 3, 3};
  struct random_source random = {6};
  for (int k = 0; k < 7; k++) {
    double p[FRAMES * CLASSES], total = 0, slope[FRAMES * CLASSES] = {0};
    struct evaluate t;
    fill(&random, p, FRAMES * CLASSES, 0.05, 1);
    for (int path = 0; path < PATHS; path++) {
      double product = 1;
      if (!spells(path, labels[k], lengths[k])) continue;
      for (int f = 0, rest = path; f < FRAMES; f++, rest /= CLASSES)
        product *= p[f * CLASSES + rest % CLASSES];
      total += product;
      for (int f = 0, rest = path; f < FRAMES; f++, rest /= CLASSES)
        slope[f * CLASSES + rest % CLASSES] += product / p[f * CLASSES + rest % CLASSES];
    }
    evaluate_begin(&t, "CTCLoss");
    evaluate_choice(&t, "input_kind", "probabilities");
    evaluate_tensor(&t, 0, LOSSD_FLOAT64, SHAPE(FRAMES, CLASSES), p);
    evaluate_tensor(&t, 1, LOSSD_INT64, SHAPE(lengths[k]), labels[k]);
    near(*run(&t), -log(total), "loss");
    for (int i = 0; i < FRAMES * CLASSES; i++)
      near(((const double *)t.plan.grad[0])[i], -slope[i] / total, "gradient");
    evaluate_end(&t);
  }
}

/* As many frames as labels: one alignment is left, whose loss is the sum of its own, however far its states
 * are from those that lead nowhere, and however close the loss is to 0. */
static void ctc_of_the_only_alignment_is_its_sum(void **state) {
  (void)state;
  enum { LABELS = 60, KINDS = 3 };
  const double logs[] = {-1e-13, -1e-3, -0.7, -50, -1e4, -1e9, -1e17, -1e30, -1e300, 3, 1e5};
  double x[LABELS * KINDS];
  int64_t y[LABELS];
  for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
    struct evaluate t;
    for (int k = 0; k < LABELS; k++) {
      y[k] = 1 + k % 2;
      for (int c = 0; c < KINDS; c++) x[k * KINDS + c] = c == y[k] ? logs[i] : 0;
    }
    evaluate_begin(&t, "CTCLoss");
    evaluate_tensor(&t, 0, LOSSD_FLOAT64, SHAPE(LABELS, KINDS), x);
    evaluate_tensor(&t, 1, LOSSD_INT64, SHAPE(LABELS), y);
    evaluate_all_gradients(&t);
    assert_int_equal(evaluate_run(&t), 0);
    const double loss = -LABELS * logs[i];
    assert_true(fabs(evaluate_loss(&t) / loss - 1) < 1e-13);
    for (int k = 0; fabs(loss) < 1e12 && k < LABELS * KINDS;
         k++) /* beyond, a unit in loss's last place is more */
      assert_true(fabs(((const double *)t.plan.grad[0])[k] + (k % KINDS == y[k / KINDS])) < 1e-13);
    evaluate_end(&t);
  }
}

/* ctc_gradient = log_softmax: the gradient by the logits whose log_softmax the input is. */
static void ctc_gradient_log_softmax_is_that_of_the_logits(void **state) {
  (void)state;
  static const int64_t labels[2] = {1, 2};
  struct random_source random = {7};
  double x[FRAMES * CLASSES], logs[FRAMES * CLASSES];
  struct evaluate a, b;
  fill(&random, x, FRAMES * CLASSES, -3, 3);
  for (int f = 0; f < FRAMES; f++) {
    double sum = 0;
    for (int c = 0; c < CLASSES; c++) sum += exp(x[f * CLASSES + c]);
    for (int c = 0; c < CLASSES; c++) logs[f * CLASSES + c] = x[f * CLASSES + c] - log(sum);
  }
  evaluate_begin(&a, "CTCLoss"), evaluate_begin(&b, "CTCLoss");
  evaluate_choice(&a, "input_kind", "logits"), evaluate_choice(&b, "ctc_gradient", "log_softmax");
  evaluate_tensor(&a, 0, LOSSD_FLOAT64, SHAPE(FRAMES, CLASSES), x);
  evaluate_tensor(&b, 0, LOSSD_FLOAT64, SHAPE(FRAMES, CLASSES), logs);
  evaluate_tensor(&a, 1, LOSSD_INT64, SHAPE(2), labels),
      evaluate_tensor(&b, 1, LOSSD_INT64, SHAPE(2), labels);
  near(*run(&a), *run(&b), "loss");
  for (int i = 0; i < FRAMES * CLASSES; i++)
    near(((const double *)a.plan.grad[0])[i], ((const double *)b.plan.grad[0])[i], "gradient");
  evaluate_end(&a), evaluate_end(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(huber_of_delta_is_delta_times_smooth_l1_of_beta_delta),
      cmocka_unit_test(bce_with_logits_is_bce_of_the_sigmoid),
      cmocka_unit_test(cross_entropy_is_nll_of_the_log_softmax),
      cmocka_unit_test(multi_label_soft_margin_is_the_mean_of_bce_with_logits),
      cmocka_unit_test(a_distribution_does_not_diverge_from_itself),
      cmocka_unit_test(sample_weights_repeat_leave_out_and_shard),
      cmocka_unit_test(a_definition_is_nothing_but_defaults),
      cmocka_unit_test(ctc_is_the_sum_over_all_alignments),
      cmocka_unit_test(ctc_of_the_only_alignment_is_its_sum),
      cmocka_unit_test(ctc_gradient_log_softmax_is_that_of_the_logits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
