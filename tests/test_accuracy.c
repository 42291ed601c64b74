/* float32, and 16-bit inputs, against float64 on the same inputs: |error| <= 1e-6 A for values, and
 * 1e-6 (|reference| + the row's largest |gradient|) for gradients.
 *
 * A is |reference|; where terms may cancel, the same reduction of the terms' absolute values: of the losses
 * of the rows, and, for the losses of cancelling_terms.h, of the terms of each row. Gradients of broadcast
 * tensors are sums over rows of what is checked here, added in double, and have no row of their own: cases
 * that ask for them are checked by their values alone. */
#include "core/gather.h"
#include "core/row.h"
#include "tests/cancelling_terms.h"
#include "tests/evaluate.h"
#include "tests/random_case.h"
#include "tests/unit.h"

#ifdef LOSSD_CASES
#define LARGEST 100000
#else
#define LOSSD_CASES 150 /* of few numbers, of each loss */
#define LARGEST 10000000
#endif

/* Of each loss, enough that some of every loss have gradients that are not broadcast. */
enum { LARGE_CASES = 16 };

/* ---- Comparison ---- */

struct tally {
  const char *loss;
  int cases, gradients, failures;
  double worst[2]; /* error over the allowed: values, gradients */
};

static void run(struct evaluate *t, const struct lossd_evaluation *e) {
  *t = (struct evaluate){.evaluation = *e};
  lossd_arena_init(&t->arena, NULL);
  if (evaluate_run(t)) fail_msg("%s: %s", e->loss->name, t->problem.detail);
}

static struct lossd_tensor loss_of(const struct evaluate *t) {
  return (struct lossd_tensor){t->plan.compute, t->plan.loss_shape, t->plan.loss_data};
}

static int64_t offset_of(const struct evaluate *t, int input, int64_t row) {
  struct position p;
  position_set(&t->plan, &p, row);
  return view_offset(&t->plan, &t->plan.view[input], &p);
}

/* The numbers of each role in a row; each in a buffer of the arena. */
static void take_row(struct row_numbers *n, const struct evaluate *t, int64_t row) {
  for (int k = 0; k < t->plan.loss->role_count; k++) {
    const struct lossd_view *view = &t->plan.view[k];
    const int64_t offset = view->length ? offset_of(t, k, row) : 0;
    for (int64_t i = 0; i < view->length; i++)
      n->x[k][i] = tensor_number(&t->evaluation.tensor[k], offset + i * view->step);
  }
}

/* A of each row: of its weighted loss as it stands in `unreduced`. */
static void fill_terms(double *out, const struct evaluate *unreduced) {
  const struct lossd_tensor loss = loss_of(unreduced);
  struct row_numbers n = {.e = &unreduced->evaluation};
  struct lossd_arena arena;
  terms_of_row *const terms = cancelling_terms(n.e->loss);
  lossd_arena_init(&arena, NULL);
  for (int k = 0; k < n.e->loss->role_count; k++) {
    n.length[k] = unreduced->plan.view[k].length;
    n.x[k] = lossd_arena_alloc(&arena, (size_t)n.length[k], sizeof(double));
  }
  for (int64_t row = 0; row < unreduced->plan.row_count; row++) {
    const double value = tensor_number(&loss, row);
    out[row] = fabs(value);
    if (!terms) continue;
    const bool has_weight = n.e->present & 1u << LOSSD_SAMPLE_WEIGHT;
    const double weight = has_weight ? tensor_number(&n.e->tensor[LOSSD_SAMPLE_WEIGHT],
                                                     offset_of(unreduced, LOSSD_SAMPLE_WEIGHT, row))
                                     : 1;
    take_row(&n, unreduced, row);
    if (weight != 0) out[row] = fmax(out[row], weight * terms(&n, value / weight));
  }
  lossd_arena_reset(&arena);
}

static void print_options(const struct lossd_evaluation *e) {
  for (int k = 0; k < e->loss->option_count; k++)
    print_message("  %s = %g\n", e->loss->options[k].name, e->options.value[k]);
}

static void compare(struct tally *tally, int what, double got, double want, double allowed,
                    const struct lossd_evaluation *e, const char *name, int64_t at) {
  const double error = fabs(got - want) / allowed;
  if (got == want) return;
  tally->worst[what] = fmax(tally->worst[what], error);
  if (error <= 1 || tally->failures++ > 2) return;
  print_options(e);
  print_error("%s: %s %s[%lld] is %.9g, in float64 %.17g: %.2f times the allowed error\n", tally->loss,
              lossd_dtype_name(e->tensor[0].dtype), name, (long long)at, got, want, error);
}

static void compare_values(struct tally *tally, const struct evaluate *got, const struct evaluate *want) {
  struct lossd_evaluation e = want->evaluation;
  struct evaluate unreduced;
  const struct lossd_tensor a = loss_of(got), b = loss_of(want);
  double total = 0;
  bool negative = false;
  e.options.value[LOSSD_REDUCTION] = LOSSD_NONE;
  e.options.given |= 1u << LOSSD_REDUCTION;
  e.present &= ~(1u << LOSSD_GRAD_OUTPUT);
  e.gradients = 0;
  run(&unreduced, &e);
  const int64_t rows = unreduced.plan.row_count;
  double *size = malloc((size_t)(rows + 1) * sizeof *size);
  fill_terms(size, &unreduced);
  const struct lossd_tensor each = loss_of(&unreduced);
  for (int64_t i = 0; i < rows; i++) {
    const double value = tensor_number(&each, i);
    total += size[i];
    negative |= value < 0 || size[i] > fabs(value);
  }
  if (want->plan.reduced) {
    const double sum = negative ? total : fabs(want->plan.numerator);
    const double reference = tensor_number(&b, 0);
    const double factor = want->plan.numerator == 0 ? 1 / fmax(want->plan.denominator, 1e-300)
                                                    : fabs(reference / want->plan.numerator);
    compare(tally, 0, got->plan.numerator, want->plan.numerator, 1e-6 * sum, &got->evaluation, "numerator",
            0);
    compare(tally, 0, tensor_number(&a, 0), reference, 1e-6 * sum * factor, &got->evaluation, "loss", 0);
  } else {
    for (int64_t i = 0; i < rows; i++)
      compare(tally, 0, tensor_number(&a, i), tensor_number(&b, i), 1e-6 * size[i], &got->evaluation, "loss",
              i);
  }
  free(size);
  evaluate_end(&unreduced);
}

/* The largest |gradient| of the row that each element is in; of the whole tensor for elements that no view
 * names (the later frames of sequences). */
static void fill_largest(double *largest[LOSSD_MAX_ROLES], const struct evaluate *want) {
  const struct lossd_evaluation *e = &want->evaluation;
  for (int k = 0; k < e->loss->role_count; k++) {
    if (!(e->gradients & 1u << k)) continue;
    const struct lossd_tensor g = {LOSSD_FLOAT64, e->tensor[k].shape, want->plan.grad[k]};
    const int64_t count = lossd_shape_count(&g.shape);
    double most = 0;
    for (int64_t i = 0; i < count; i++) most = fmax(most, fabs(tensor_number(&g, i)));
    for (int64_t i = 0; i < count; i++) largest[k][i] = most;
  }
  if (want->plan.prepare) return; /* its rows are not vectors */
  for (int64_t row = 0; row < want->plan.row_count; row++) {
    double most = 0;
    for (int pass = 0; pass < 2; pass++)
      for (int k = 0; k < e->loss->role_count; k++) {
        if (!(e->gradients & 1u << k)) continue;
        const struct lossd_view *view = &want->plan.view[k];
        const int64_t offset = offset_of(want, k, row);
        for (int64_t i = 0; i < view->length; i++) {
          const int64_t at = offset + i * view->step;
          if (pass) largest[k][at] = most;
          if (!pass) most = fmax(most, fabs(((const double *)want->plan.grad[k])[at]));
        }
      }
  }
}

/* Half a step of a 16-bit gradient, relative and at the least. */
static double rounding(enum lossd_dtype dtype, double value) {
  if (dtype == LOSSD_FLOAT16) return fabs(value) * 0x1p-11 + 0x1p-25;
  if (dtype == LOSSD_BFLOAT16) return fabs(value) * 0x1p-8;
  return 0;
}

/* Gradients beyond float16 are its infinities. */
static double within(enum lossd_dtype dtype, double value) {
  return dtype == LOSSD_FLOAT16 && fabs(value) >= 65520 ? copysign(INFINITY, value) : value;
}

static void compare_gradients(struct tally *tally, const struct evaluate *got, const struct evaluate *want) {
  const struct lossd_evaluation *e = &want->evaluation;
  double *largest[LOSSD_MAX_ROLES] = {0};
  for (int k = 0; k < e->loss->role_count; k++) {
    if (e->gradients & 1u << k && want->plan.view[k].shared) return;
  }
  for (int k = 0; k < e->loss->role_count; k++)
    if (e->gradients & 1u << k)
      largest[k] = malloc((size_t)lossd_shape_count(&e->tensor[k].shape) * sizeof(double) + 1);
  fill_largest(largest, want);
  for (int k = 0; k < e->loss->role_count; k++) {
    if (!largest[k]) continue;
    const enum lossd_dtype dtype = got->evaluation.tensor[k].dtype;
    const struct lossd_tensor a = {dtype, e->tensor[k].shape, got->plan.grad[k]},
                              b = {LOSSD_FLOAT64, e->tensor[k].shape, want->plan.grad[k]};
    for (int64_t i = 0; i < lossd_shape_count(&a.shape); i++) {
      const double reference = within(dtype, tensor_number(&b, i));
      compare(tally, 1, tensor_number(&a, i), reference,
              1e-6 * (fabs(reference) + largest[k][i]) + rounding(dtype, reference) + 0x1p-149,
              &got->evaluation, e->loss->roles[k].name, i);
    }
    tally->gradients++;
    free(largest[k]);
  }
}

static void check(struct tally *tally, const struct lossd_evaluation *e, enum lossd_dtype dtype) {
  struct lossd_arena arena;
  struct evaluate got, want;
  lossd_arena_init(&arena, NULL);
  struct lossd_evaluation narrow = evaluation_as(e, dtype, &arena);
  narrow.gradients = lossd_all_gradients(&narrow);
  const struct lossd_evaluation wide = evaluation_as(&narrow, LOSSD_FLOAT64, &arena);
  run(&got, &narrow);
  run(&want, &wide);
  assert_int_equal(got.plan.compute, LOSSD_FLOAT32);
  compare_values(tally, &got, &want);
  compare_gradients(tally, &got, &want);
  tally->cases++;
  evaluate_end(&got);
  evaluate_end(&want);
  lossd_arena_reset(&arena);
}

static int check_loss(const struct lossd_loss *loss, enum case_size size, int cases) {
  struct tally tally = {.loss = loss->name};
  struct case_maker maker;
  case_maker_init(&maker, loss, 5);
  for (int i = 0; i < cases; i++) {
    struct random_case c;
    if (!random_case_make(&maker, i % maker.combinations, size, &c)) continue;
    check(&tally, &c.evaluation, LOSSD_FLOAT32);
    if (size == CASE_SMALL) check(&tally, &c.evaluation, i % 2 ? LOSSD_FLOAT16 : LOSSD_BFLOAT16);
    random_case_free(&c);
  }
  printf("%-30s %4d cases, %4d gradients, largest error over the allowed: values %.3f, gradients %.3f\n",
         loss->name, tally.cases, tally.gradients, tally.worst[0], tally.worst[1]);
  assert_true(tally.cases > 1 && tally.gradients > 0);
  case_maker_free(&maker);
  return tally.failures;
}

static void float32_is_near_float64_for_few_numbers(void **state) {
  (void)state;
  int failures = 0;
  for (int i = 0; i < lossd_loss_count; i++) failures += check_loss(lossd_losses[i], CASE_SMALL, LOSSD_CASES);
  assert_int_equal(failures, 0);
}

static void float32_is_near_float64_for_thousands(void **state) {
  (void)state;
  int failures = 0;
  for (int i = 0; i < lossd_loss_count; i++) failures += check_loss(lossd_losses[i], CASE_LARGE, LARGE_CASES);
  assert_int_equal(failures, 0);
}

/* Each loss with one, a thousand and ten million numbers, as PyTorch defines it: the loss, held to
 * |reference| alone, and the gradient by the first role. A shape is m numbers, n rows of c, or t frames of b
 * sequences and k symbols, of s labels each. Losses without a row here take m numbers by every role. */
static const struct {
  const char *loss, *shapes[3];
} sized[] = {
    {"CrossEntropyLoss", {"nc", "n"}},
    {"CTCLoss", {"tbk", "bs"}},
    {"NLLLoss", {"nc", "n"}},
    {"MultiLabelMarginLoss", {"nc", "nc"}},
    {"MultiLabelSoftMarginLoss", {"nc", "nc"}},
    {"CosineEmbeddingLoss", {"nc", "nc", "n"}},
    {"MultiMarginLoss", {"nc", "n"}},
    {"TripletMarginLoss", {"nc", "nc", "nc"}},
    {"TripletMarginWithDistanceLoss", {"nc", "nc", "nc"}},
};

static const char *sized_shape(const struct lossd_loss *loss, int role) {
  for (size_t i = 0; i < sizeof sized / sizeof *sized; i++)
    if (!strcmp(sized[i].loss, loss->name)) return sized[i].shapes[role];
  return role < loss->role_count && !loss->roles[role].optional ? "m" : NULL;
}

static int64_t size_of_letter(char letter, int64_t count) {
  switch (letter) {
  case 'm': return count;
  case 'n': return count < 100 ? 1 : count / 100;
  case 'c': return count < 100 ? 8 : 100;
  case 't': return count < 1000 ? count : 1000;
  case 'b': return count < 8000 ? 1 : count / 8000;
  case 'k': return 8;
  default: return count < 100 ? 1 : 20;
  }
}

static double number_within(enum lossd_domain domain, struct random_source *random) {
  switch (domain) {
  case LOSSD_NONNEGATIVE: return random_between(random, 0.1, 2);
  case LOSSD_UNIT_INTERVAL: return random_between(random, 0, 1);
  case LOSSD_PLUS_MINUS_ONE: return random_below(random, 2) ? 1 : -1;
  case LOSSD_ZERO_ONE: return (double)random_below(random, 2);
  default: return random_between(random, -3, 3);
  }
}

/* Indices are 1 to 7, which every shape has. */
static void fill_sized(struct evaluate *t, void *data[3]) {
  struct random_source random = {11};
  for (int k = 0; k < 3; k++) {
    const struct lossd_tensor *tensor = &t->evaluation.tensor[k];
    for (int64_t i = 0; data[k] && i < lossd_shape_count(&tensor->shape); i++) {
      const double number = number_within(t->plan.view[k].domain, &random);
      if (tensor->dtype == LOSSD_INT64)
        ((int64_t *)data[k])[i] = 1 + random_below(&random, 7);
      else
        ((float *)data[k])[i] = (float)number;
    }
  }
}

static int check_sized(const struct lossd_loss *loss, int64_t count) {
  struct tally tally = {.loss = loss->name};
  struct evaluate t, got, want;
  void *data[3] = {0};
  evaluate_begin(&t, loss->name);
  evaluate_choice(&t, "definition", "pytorch");
  lossd_options_finish(&t.evaluation.options);
  for (int k = 0; k < 3 && sized_shape(loss, k); k++) {
    const char *letters = sized_shape(loss, k);
    struct lossd_shape shape = {.rank = (int)strlen(letters)};
    for (int i = 0; i < shape.rank; i++) shape.dim[i] = size_of_letter(letters[i], count);
    const bool index = lossd_role_kind(&t.evaluation, k) == LOSSD_INDEX;
    data[k] = lossd_arena_alloc(&t.arena, (size_t)lossd_shape_count(&shape), sizeof(int64_t));
    for (int64_t i = 0; i < lossd_shape_count(&shape); i++) ((int64_t *)data[k])[i] = 1;
    evaluate_tensor(&t, k, index ? LOSSD_INT64 : LOSSD_FLOAT32, shape, data[k]);
  }
  if (lossd_plan_init(&t.plan, &t.evaluation, &t.arena, &t.problem)) fail_msg("%s", t.problem.detail);
  fill_sized(&t, data);
  t.evaluation.gradients = 1;
  const struct lossd_evaluation wide = evaluation_as(&t.evaluation, LOSSD_FLOAT64, &t.arena);
  run(&got, &t.evaluation);
  run(&want, &wide);
  const double reference = evaluate_loss(&want);
  compare(&tally, 0, evaluate_loss(&got), reference, 1e-6 * fabs(reference), &got.evaluation, "loss", 0);
  compare_gradients(&tally, &got, &want);
  printf("%-30s %9lld numbers, error over the allowed: loss %.3f, gradient %.3f\n", loss->name,
         (long long)lossd_shape_count(&t.evaluation.tensor[0].shape), tally.worst[0], tally.worst[1]);
  assert_int_equal(tally.gradients, 1);
  evaluate_end(&got);
  evaluate_end(&want);
  evaluate_end(&t);
  return tally.failures;
}

static void every_loss_is_near_float64_with_one_to_ten_million_numbers(void **state) {
  (void)state;
  int failures = 0;
  for (int i = 0; i < lossd_loss_count; i++)
    for (int k = 0; k < 3; k++)
      failures += check_sized(lossd_losses[i], (const int64_t[]){1, 1000, LARGEST}[k]);
  assert_int_equal(failures, 0);
}

/* Of a row that is sure of its class nothing is left but the rests, which hang on the rounding of the
 * logits' differences. */
static void rows_that_are_sure_of_their_class_keep_their_digits(void **state) {
  (void)state;
  enum { SURE_ROWS = 1000, SURE_CLASSES = 7 };
  static float logits[SURE_ROWS * SURE_CLASSES];
  int64_t classes[SURE_ROWS];
  struct random_source random = {17};
  struct tally tally = {.loss = "CrossEntropyLoss"};
  for (int r = 0; r < SURE_ROWS; r++) {
    for (int c = 0; c < SURE_CLASSES; c++)
      logits[r * SURE_CLASSES + c] = (float)random_between(&random, -40, -30 + r % 30);
    classes[r] = random_below(&random, SURE_CLASSES);
    logits[r * SURE_CLASSES + classes[r]] = (float)random_between(&random, 10, 40);
  }
  for (int smoothed = 0; smoothed < 2; smoothed++) {
    struct evaluate t;
    evaluate_begin(&t, "CrossEntropyLoss");
    evaluate_choice(&t, "reduction", "none");
    if (smoothed) evaluate_number(&t, "label_smoothing", 1e-6);
    evaluate_tensor(&t, 0, LOSSD_FLOAT32, SHAPE(SURE_ROWS, SURE_CLASSES), logits);
    evaluate_tensor(&t, 1, LOSSD_INT64, SHAPE(SURE_ROWS), classes);
    lossd_options_finish(&t.evaluation.options);
    check(&tally, &t.evaluation, LOSSD_FLOAT32);
    evaluate_end(&t);
  }
  printf("sure rows: largest error over the allowed: values %.3f, gradients %.3f\n", tally.worst[0],
         tally.worst[1]);
  assert_int_equal(tally.failures, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(float32_is_near_float64_for_few_numbers),
      cmocka_unit_test(float32_is_near_float64_for_thousands),
      cmocka_unit_test(every_loss_is_near_float64_with_one_to_ten_million_numbers),
      cmocka_unit_test(rows_that_are_sure_of_their_class_keep_their_digits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
