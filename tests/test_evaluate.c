/* The generic machinery of core, on the losses' own worked examples and on MSELoss, whose numbers are easy to
 * see. */
#include "tests/evaluate.h"
#include "tests/unit.h"

static void near(double got, double want) {
  if (isnan(want) ? !isnan(got) : got != want && !(fabs(got - want) <= 1e-12 * fabs(want) + 1e-14))
    fail_msg("got %.17g, want %.17g", got, want);
}

/* Sets up a row's worked example. */
static void take_example(struct evaluate *t, const struct lossd_loss *loss,
                         const struct lossd_example *example, int64_t indices[LOSSD_MAX_ROLES][12]) {
  evaluate_begin(t, loss->name);
  for (size_t i = 0; i < sizeof example->settings / sizeof example->settings[0]; i++) {
    const char *name = example->settings[i].option;
    if (!name) continue;
    int is_boolean = 0;
    for (int k = 0; k < loss->option_count; k++)
      if (!strcmp(loss->options[k].name, name)) is_boolean = loss->options[k].type == LOSSD_BOOLEAN;
    if (example->settings[i].choice)
      assert_int_equal(evaluate_choice(t, name, example->settings[i].choice), 0);
    else if (is_boolean)
      assert_int_equal(evaluate_boolean(t, name, example->settings[i].number != 0), 0);
    else
      assert_int_equal(evaluate_number(t, name, example->settings[i].number), 0);
  }
  lossd_options_finish(&t->evaluation.options);
  for (int k = 0; k < loss->role_count; k++) {
    if (example->tensor[k].rank < 0) continue;
    struct lossd_shape shape = shape_of(example->tensor[k].dim, (size_t)example->tensor[k].rank);
    evaluate_tensor(t, k, LOSSD_FLOAT64, shape, example->tensor[k].data);
  }
  for (int k = 0; k < loss->role_count; k++) {
    if (example->tensor[k].rank < 0 || lossd_role_kind(&t->evaluation, k) != LOSSD_INDEX) continue;
    for (int i = 0; i < 12; i++) indices[k][i] = (int64_t)example->tensor[k].data[i];
    t->evaluation.tensor[k].dtype = LOSSD_INT64;
    t->evaluation.tensor[k].data = indices[k];
  }
}

static void every_worked_example_holds(void **state) {
  (void)state;
  for (int i = 0; i < lossd_loss_count; i++) {
    for (int e = 0; e < 2; e++) {
      const struct lossd_example *example = &lossd_losses[i]->examples[e];
      int64_t indices[LOSSD_MAX_ROLES][12];
      struct evaluate t;
      take_example(&t, lossd_losses[i], example, indices);
      evaluate_all_gradients(&t);
      if (evaluate_run(&t)) fail_msg("%s: %s", lossd_losses[i]->name, t.problem.detail);
      near(evaluate_loss(&t), example->loss);
      const double *gradient = t.plan.grad[0];
      for (int64_t k = 0; k < lossd_shape_count(&t.evaluation.tensor[0].shape); k++)
        near(gradient[k], example->gradient[k]);
      evaluate_end(&t);
    }
  }
}

static void a_worked_example_fails_when_its_numbers_are_wrong(void **state) {
  (void)state;
  struct lossd_example wrong = lossd_losses[0]->examples[0];
  int64_t indices[LOSSD_MAX_ROLES][12];
  struct evaluate t;
  wrong.tensor[0].data[0] += 1;
  take_example(&t, lossd_losses[0], &wrong, indices);
  assert_int_equal(evaluate_run(&t), 0);
  assert_true(evaluate_loss(&t) != wrong.loss);
  evaluate_end(&t);
}

static void mse_of(struct evaluate *t, int64_t n, const double *x, const double *y) {
  evaluate_begin(t, "MSELoss");
  evaluate_tensor(t, 0, LOSSD_FLOAT64, SHAPE(n), x);
  evaluate_tensor(t, 1, LOSSD_FLOAT64, SHAPE(n), y);
}

static void sample_weight_enters_numerator_and_denominator(void **state) {
  (void)state;
  const double x[3] = {1, 2, NAN}, y[3] = {0, 0, 0}, s[3] = {1, 3, 0};
  struct evaluate t;
  mse_of(&t, 3, x, y);
  evaluate_tensor(&t, LOSSD_SAMPLE_WEIGHT, LOSSD_FLOAT64, SHAPE(3), s);
  evaluate_all_gradients(&t);
  assert_int_equal(evaluate_run(&t), 0);
  near(t.plan.numerator, 13);
  near(t.plan.denominator, 4);
  near(evaluate_loss(&t), 3.25);
  const double *gradient = t.plan.grad[0];
  near(gradient[0], 0.5);
  near(gradient[1], 3);
  near(gradient[2], 0);
  evaluate_end(&t);
}

static void an_empty_batch_has_sum_0_and_mean_nan(void **state) {
  (void)state;
  const double none[1] = {0};
  for (int sum = 0; sum < 2; sum++) {
    struct evaluate t;
    mse_of(&t, 0, none, none);
    evaluate_choice(&t, "reduction", sum ? "sum" : "mean");
    evaluate_all_gradients(&t);
    assert_int_equal(evaluate_run(&t), 0);
    near(evaluate_loss(&t), sum ? 0 : NAN);
    evaluate_end(&t);
  }
}

static void gradients_of_broadcast_tensors_are_summed(void **state) {
  (void)state;
  const double x[3] = {1, 2, 3}, y[2] = {0, 1};
  struct evaluate t;
  evaluate_begin(&t, "MSELoss");
  evaluate_boolean(&t, "broadcast", true);
  evaluate_choice(&t, "reduction", "sum");
  evaluate_tensor(&t, 0, LOSSD_FLOAT64, SHAPE(3), x);
  evaluate_tensor(&t, 1, LOSSD_FLOAT64, SHAPE(2, 1), y);
  evaluate_all_gradients(&t);
  assert_int_equal(evaluate_run(&t), 0);
  near(evaluate_loss(&t), 1 + 4 + 9 + 0 + 1 + 4);
  const double *by_x = t.plan.grad[0], *by_y = t.plan.grad[1];
  near(by_x[0], 2 * (1 + 0));
  near(by_x[2], 2 * (3 + 2));
  near(by_y[0], -2 * (1 + 2 + 3));
  near(by_y[1], -2 * (0 + 1 + 2));
  evaluate_end(&t);
}

/* Runs MSELoss over n elements of a dtype that count up from -n/2, against 0. */
static double mse_of_dtype(enum lossd_dtype dtype, size_t misalignment) {
  static const int8_t small[5] = {1, -1, 2, 0, 3};
  const double zero[5] = {0};
  char bytes[64];
  struct evaluate t;
  for (size_t i = 0; i < 5; i++) {
    const double f64 = small[i];
    const float f32 = small[i];
    const uint16_t half[] = {0x3C00, 0xBC00, 0x4000, 0, 0x4200},
                   brain[] = {0x3F80, 0xBF80, 0x4000, 0, 0x4040};
    const int64_t i64 = small[i];
    const int32_t i32 = small[i];
    const int16_t i16 = small[i];
    const void *value = dtype == LOSSD_FLOAT64    ? (const void *)&f64
                        : dtype == LOSSD_FLOAT32  ? (const void *)&f32
                        : dtype == LOSSD_FLOAT16  ? (const void *)&half[i]
                        : dtype == LOSSD_BFLOAT16 ? (const void *)&brain[i]
                        : dtype == LOSSD_INT64    ? (const void *)&i64
                        : dtype == LOSSD_INT32    ? (const void *)&i32
                        : dtype == LOSSD_INT16    ? (const void *)&i16
                                                  : (const void *)&small[i];
    const size_t size = lossd_dtype_size(dtype);
    memcpy(bytes + misalignment + i * size, value, size);
  }
  evaluate_begin(&t, "MSELoss");
  evaluate_choice(&t, "reduction", "sum");
  evaluate_tensor(&t, 0, dtype, SHAPE(5), bytes + misalignment);
  evaluate_tensor(&t, 1, LOSSD_FLOAT64, SHAPE(5), zero);
  assert_int_equal(evaluate_run(&t), 0);
  const double loss = evaluate_loss(&t);
  evaluate_end(&t);
  return loss;
}

/* The unreduced loss has as many axes as a shape holds, and the vectors one more. */
static void vectors_broadcast_to_rows_of_rank_8(void **state) {
  (void)state;
  const double x[] = {3, 4}, y[] = {1, 1, 1};
  struct evaluate t;
  evaluate_begin(&t, "HingeEmbeddingLoss");
  assert_int_equal(evaluate_boolean(&t, "broadcast", true), 0);
  evaluate_tensor(&t, 0, LOSSD_FLOAT64, SHAPE(2), x);
  evaluate_tensor(&t, 1, LOSSD_FLOAT64, SHAPE(3, 1, 1, 1, 1, 1, 1, 1), y);
  assert_int_equal(evaluate_run(&t), 0);
  near(evaluate_loss(&t), 5);
  near(t.plan.denominator, 3);
  evaluate_end(&t);
}

static void every_dtype_is_read_at_any_alignment(void **state) {
  (void)state;
  for (int dtype = 0; dtype < LOSSD_UINT8; dtype++)
    for (size_t misalignment = 0; misalignment < 8; misalignment++)
      near(mse_of_dtype((enum lossd_dtype)dtype, misalignment), 15);
}

static void the_order_of_slices_does_not_change_a_bit(void **state) {
  (void)state;
  enum { N = 100003 };
  double *x = malloc(2 * N * sizeof *x), loss[2];
  double *gradient[2];
  for (int i = 0; i < 2 * N; i++) x[i] = sin(i);
  for (int backwards = 0; backwards < 2; backwards++) {
    struct evaluate t;
    mse_of(&t, N, x, x + N);
    evaluate_all_gradients(&t);
    assert_int_equal(evaluate_run_ordered(&t, backwards), 0);
    assert_true(t.plan.slices > 4);
    loss[backwards] = evaluate_loss(&t);
    gradient[backwards] = malloc(N * sizeof(double));
    memcpy(gradient[backwards], t.plan.grad[0], N * sizeof(double));
    evaluate_end(&t);
  }
  assert_memory_equal(&loss[0], &loss[1], sizeof(double));
  assert_memory_equal(gradient[0], gradient[1], N * sizeof(double));
  free(gradient[0]);
  free(gradient[1]);
  free(x);
}

/* They are written past the cache, whole lines at a time. */
static void gradients_larger_than_the_cache_are_whole(void **state) {
  (void)state;
  static const char *const sets[] = {"baseline", "avx2", "avx512"};
  enum { N = (16 << 20) / sizeof(float) + 1003 };
  const char *const best = lossd_instruction_set();
  float *x = malloc(N * sizeof *x), zero = 0;
  for (int i = 0; i < N; i++) x[i] = (float)(i % 1000);
  for (int set = 0; set < 3; set++) {
    struct evaluate t;
    if (!lossd_force_instruction_set(sets[set])) continue; /* not on this machine */
    evaluate_begin(&t, "MSELoss");
    evaluate_boolean(&t, "broadcast", true);
    evaluate_choice(&t, "reduction", "sum");
    evaluate_tensor(&t, 0, LOSSD_FLOAT32, SHAPE(N), x);
    evaluate_tensor(&t, 1, LOSSD_FLOAT32, SCALAR, &zero);
    lossd_options_finish(&t.evaluation.options);
    t.evaluation.gradients = 1;
    assert_int_equal(evaluate_run(&t), 0);
    const float *gradient = t.plan.grad[0];
    for (int i = 0; i < N; i++)
      if (gradient[i] != 2 * x[i]) fail_msg("%s: %g at %d, of %g", sets[set], gradient[i], i, x[i]);
    evaluate_end(&t);
  }
  lossd_force_instruction_set(best);
  free(x);
}

static void classes_of_an_inner_axis_are_gathered(void **state) {
  (void)state;
  /* (N, C, d) = (1, 2, 2): the column of position 0 is (0, 0), of position 1 (20, 0). */
  const double x[4] = {0, 20, 0, 0};
  const int64_t y[2] = {0, 1};
  struct evaluate t;
  evaluate_begin(&t, "CrossEntropyLoss");
  evaluate_choice(&t, "reduction", "none");
  evaluate_tensor(&t, 0, LOSSD_FLOAT64, SHAPE(1, 2, 2), x);
  evaluate_tensor(&t, 1, LOSSD_INT64, SHAPE(1, 2), y);
  evaluate_all_gradients(&t);
  if (evaluate_run(&t)) fail_msg("%s", t.problem.detail);
  const double *loss = t.plan.loss_data, *gradient = t.plan.grad[0];
  near(loss[0], log(2));
  near(loss[1], 20 + log1p(exp(-20)));
  near(gradient[0], -0.5);
  near(gradient[2], 0.5);
  near(gradient[1], 1 / (1 + exp(-20)));
  near(gradient[3], -1 / (1 + exp(-20)));
  evaluate_end(&t);
}

static void a_class_index_out_of_range_is_named(void **state) {
  (void)state;
  const double x[4] = {0};
  const int64_t y[2] = {0, 2};
  struct evaluate t;
  evaluate_begin(&t, "CrossEntropyLoss");
  evaluate_tensor(&t, 0, LOSSD_FLOAT64, SHAPE(2, 2), x);
  evaluate_tensor(&t, 1, LOSSD_INT64, SHAPE(2), y);
  assert_int_equal(evaluate_run(&t), LOSSD_INDEX_OUT_OF_RANGE);
  assert_string_equal(t.problem.pointer, "/target");
  assert_string_equal(t.problem.detail, "target is 2 at element 1, input has 2 classes");
  evaluate_end(&t);
}

static void a_probability_outside_its_domain_is_named(void **state) {
  (void)state;
  const double x[4] = {0.5, 0.5, 0.25, 1.5};
  const int64_t y[2] = {0, 1};
  struct evaluate t;
  evaluate_begin(&t, "CrossEntropyLoss");
  evaluate_choice(&t, "input_kind", "probabilities");
  evaluate_tensor(&t, 0, LOSSD_FLOAT64, SHAPE(2, 2), x);
  evaluate_tensor(&t, 1, LOSSD_INT64, SHAPE(2), y);
  assert_int_equal(evaluate_run(&t), LOSSD_VALUE_OUT_OF_DOMAIN);
  assert_string_equal(t.problem.detail, "input is 1.5 at element 3, expected numbers within [0, 1]");
  evaluate_end(&t);
}

static void an_ignored_target_leaves_its_row_out(void **state) {
  (void)state;
  const double x[4] = {0, 0, NAN, INFINITY};
  const int64_t y[2] = {0, -100};
  struct evaluate t;
  evaluate_begin(&t, "CrossEntropyLoss");
  evaluate_tensor(&t, 0, LOSSD_FLOAT64, SHAPE(2, 2), x);
  evaluate_tensor(&t, 1, LOSSD_INT64, SHAPE(2), y);
  evaluate_all_gradients(&t);
  assert_int_equal(evaluate_run(&t), 0);
  near(evaluate_loss(&t), log(2));
  near(t.plan.denominator, 1);
  const double *gradient = t.plan.grad[0];
  near(gradient[0], -0.5);
  near(gradient[2], 0);
  near(gradient[3], 0);
  evaluate_end(&t);
}

static void shapes_that_do_not_pair_are_refused(void **state) {
  (void)state;
  const double x[6] = {0};
  struct evaluate t;
  evaluate_begin(&t, "MSELoss");
  evaluate_tensor(&t, 0, LOSSD_FLOAT64, SHAPE(2, 3), x);
  evaluate_tensor(&t, 1, LOSSD_FLOAT64, SHAPE(3), x);
  assert_int_equal(evaluate_run(&t), LOSSD_SHAPE_MISMATCH);
  assert_string_equal(t.problem.detail,
                      "target has shape [3], input has shape [2, 3]; expected the same shape");
  evaluate_end(&t);
}

/* The formats check what follows too, as they read: these are the refusals of core itself, for
 * who links it. */
static void a_shape_that_no_memory_holds_is_refused(void **state) {
  (void)state;
  const double x[2] = {0};
  const int64_t dims[] = {-1, INT64_MAX};
  for (int i = 0; i < 2; i++) {
    struct evaluate t;
    evaluate_begin(&t, "MSELoss");
    evaluate_tensor(&t, 0, LOSSD_FLOAT64, SHAPE(2), x);
    evaluate_tensor(&t, 1, LOSSD_FLOAT64, SHAPE(dims[i]), x);
    assert_int_equal(evaluate_run(&t), LOSSD_INVALID_SHAPE);
    assert_string_equal(t.problem.pointer, "/target");
    evaluate_end(&t);
  }
}

static void class_indices_that_are_no_integers_are_refused(void **state) {
  (void)state;
  const double x[4] = {0};
  const enum lossd_dtype dtypes[] = {LOSSD_FLOAT32, LOSSD_FLOAT64, LOSSD_BOOL};
  for (int i = 0; i < 3; i++) {
    struct evaluate t;
    evaluate_begin(&t, "NLLLoss");
    evaluate_tensor(&t, 0, LOSSD_FLOAT64, SHAPE(2, 2), x);
    evaluate_tensor(&t, 1, dtypes[i], SHAPE(2), x);
    assert_int_equal(evaluate_run(&t), LOSSD_DTYPE_MISMATCH);
    assert_string_equal(t.problem.hint, "send target as int64");
    evaluate_end(&t);
  }
}

static void a_gradient_that_there_is_not_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *name, *detail;
  } cases[] = {{"nothing", "NLLLoss has no role \"nothing\" to differentiate by"},
               {"weight", "NLLLoss has no gradient for weight"},
               {"target", "NLLLoss has no gradient for target"},
               {"input", "the gradient of input is asked for, but it is not sent"}};
  const int64_t y[1] = {0};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct evaluate t;
    evaluate_begin(&t, "NLLLoss");
    evaluate_tensor(&t, 1, LOSSD_INT64, SHAPE(1), y);
    assert_int_equal(lossd_want_gradient(&t.evaluation, cases[i].name, strlen(cases[i].name), "", &t.problem),
                     LOSSD_NOT_DIFFERENTIABLE);
    assert_string_equal(t.problem.detail, cases[i].detail);
    evaluate_end(&t);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_worked_example_holds),
      cmocka_unit_test(a_worked_example_fails_when_its_numbers_are_wrong),
      cmocka_unit_test(sample_weight_enters_numerator_and_denominator),
      cmocka_unit_test(an_empty_batch_has_sum_0_and_mean_nan),
      cmocka_unit_test(gradients_of_broadcast_tensors_are_summed),
      cmocka_unit_test(vectors_broadcast_to_rows_of_rank_8),
      cmocka_unit_test(every_dtype_is_read_at_any_alignment),
      cmocka_unit_test(the_order_of_slices_does_not_change_a_bit),
      cmocka_unit_test(gradients_larger_than_the_cache_are_whole),
      cmocka_unit_test(classes_of_an_inner_axis_are_gathered),
      cmocka_unit_test(a_class_index_out_of_range_is_named),
      cmocka_unit_test(a_probability_outside_its_domain_is_named),
      cmocka_unit_test(an_ignored_target_leaves_its_row_out),
      cmocka_unit_test(shapes_that_do_not_pair_are_refused),
      cmocka_unit_test(a_shape_that_no_memory_holds_is_refused),
      cmocka_unit_test(class_indices_that_are_no_integers_are_refused),
      cmocka_unit_test(a_gradient_that_there_is_not_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
