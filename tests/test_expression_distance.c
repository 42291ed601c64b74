/* Distance expressions: values and gradients against PyTorch, IEEE arithmetic, the named distances, and the
 * page that shows them. */
#include "tests/expression_pairs.h"
#include "tests/golden.h"

#define LOSS "TripletMarginWithDistanceLoss"
static const double one[] = {1, 1, 1, 1};

/* ---- Values and gradients ---- */

static bool close_to(double got, double want, double scale) {
  if (isnan(want) || isinf(want)) return (isnan(got) && isnan(want)) || got == want;
  return fabs(got - want) <= 1e-12 * fabs(want) + 1e-14 * fmax(1, scale);
}

static double largest_of(const double *x, size_t n) {
  double most = 0;
  for (size_t i = 0; i < n; i++) most = isfinite(x[i]) ? fmax(most, fabs(x[i])) : most;
  return most;
}

static const cJSON *member(const cJSON *item, const char *name, int row) {
  return cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(item, name), row);
}

static void compare_row(const char *name, const char *what, const double *got,
                        const struct golden_tensor *want) {
  const double scale = largest_of(want->data, (size_t)want->count);
  for (int64_t i = 0; i < want->count; i++)
    if (!close_to(got[i], want->data[i], scale))
      fail_msg("%s, D = %lld: %s[%lld] is %.17g, PyTorch has %.17g", name, (long long)want->count, what,
               (long long)i, got[i], want->data[i]);
}

static void compare_with_pytorch(const cJSON *item, void *context) {
  const char *const text = cJSON_GetObjectItemCaseSensitive(item, "expression")->valuestring;
  const int rows = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(item, "a"));
  (void)context;
  for (int r = 0; r < rows; r++) {
    struct pairs p;
    const size_t length = (size_t)cJSON_GetArraySize(member(item, "a", r));
    if (pairs_compile(&p, text, strlen(text), length)) fail_msg("%s: %s", text, p.problem.detail);
    const struct golden_tensor a = golden_tensor(member(item, "a", r), &p.arena);
    const struct golden_tensor b = golden_tensor(member(item, "b", r), &p.arena);
    const struct golden_tensor by_a = golden_tensor(member(item, "by_a", r), &p.arena);
    const struct golden_tensor by_b = golden_tensor(member(item, "by_b", r), &p.arena);
    const double distance = golden_number(member(item, "distance", r));
    pairs_run(&p, 1, length, a.data, b.data, length, one);
    if (!close_to(p.value[0], distance, 1))
      fail_msg("%s, D = %zu: %.17g, PyTorch has %.17g", text, length, p.value[0], distance);
    compare_row(text, "by a", p.by_a, &by_a);
    compare_row(text, "by b", p.by_b, &by_b);
    pairs_end(&p);
  }
}

static void expressions_agree_with_pytorch(void **state) {
  (void)state;
  assert_true(golden_each(".", "expressions", compare_with_pytorch, NULL) >= 20);
}

static void arithmetic_follows_ieee(void **state) {
  (void)state;
  assert_true(pairs_value("1 / sum(a - a)") == INFINITY);
  assert_true(pairs_value("-1 / sum(a - a)") == -INFINITY);
  assert_true(isnan(pairs_value("sum(a - a) / sum(b - b)")));
  assert_true(pairs_value("exp(sum(a) * 1000)") == INFINITY);
  assert_true(pairs_value("1e308 * 10") == INFINITY);
  assert_true(pairs_value("exp(-sum(a) * 1000)") == 0);
  assert_true(pairs_value("log(sum(a - a))") == -INFINITY);
  assert_true(isnan(pairs_value("sqrt(-sum(a))")));
  assert_true(isnan(pairs_value("log(-sum(a))")));
  assert_true(pairs_value("norm(a * 1e300)") < INFINITY);
  assert_true(isnan(pairs_value("amax(a / 0 * 0)")) && isnan(pairs_value("max(1, sum(a / 0 * 0))")));
}

/* ---- Through the loss ---- */

enum { ROWS = 70, LENGTH = 19, COUNT = ROWS * LENGTH };
static double anchors[COUNT], positives[COUNT], negatives[COUNT];
static float narrow[3][COUNT];

static void fill_roles(void) {
  uint64_t bits = 1;
  double *const role[] = {anchors, positives, negatives};
  for (int k = 0; k < 3; k++)
    for (int i = 0; i < COUNT; i++) {
      bits = bits * 6364136223846793005u + 1442695040888963407u;
      role[k][i] =
          (double)(int)(bits >> 48) / 16384 - 2; /* exact in float32; ties among few distinct numbers */
      narrow[k][i] = (float)role[k][i];
    }
}

static void begin_triplets(struct evaluate *t, enum lossd_dtype dtype) {
  const struct lossd_shape shape = SHAPE(ROWS, LENGTH);
  const double *const wide[] = {anchors, positives, negatives};
  evaluate_begin(t, LOSS);
  for (int k = 0; k < 3; k++)
    evaluate_tensor(t, k, dtype, shape,
                    dtype == LOSSD_FLOAT64 ? (const void *)wide[k] : (const void *)narrow[k]);
}

static void run_triplets(struct evaluate *t) {
  evaluate_boolean(t, "swap", true);
  evaluate_choice(t, "reduction", "none");
  evaluate_all_gradients(t);
  if (evaluate_run(t)) fail_msg("%s", t->problem.detail);
}

static void each_named_distance_is_its_expression(void **state) {
  (void)state;
  static const char *const table[][2] = {
      {"euclidean", "sqrt(sum((a - b)^2))"},      {"squared_euclidean", "sum((a - b)^2)"},
      {"manhattan", "sum(abs(a - b))"},           {"chebyshev", "amax(abs(a - b))"},
      {"minkowski", "sum(abs(a - b)^3)^(1 / 3)"}, {"cosine", "1 - dot(a, b) / (norm(a) * norm(b))"},
  };
  fill_roles();
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    struct evaluate named, written;
    begin_triplets(&named, LOSSD_FLOAT64);
    begin_triplets(&written, LOSSD_FLOAT64);
    evaluate_choice(&named, "distance", table[i][0]);
    if (!strcmp(table[i][0], "minkowski")) evaluate_number(&named, "p", 3);
    evaluate_choice(&written, "distance_expression", table[i][1]);
    run_triplets(&named);
    run_triplets(&written);
    const double *const x = named.plan.loss_data, *const y = written.plan.loss_data;
    for (int r = 0; r < ROWS; r++)
      if (!close_to(y[r], x[r], 10)) fail_msg("%s: row %d is %.17g, named %.17g", table[i][0], r, y[r], x[r]);
    for (int k = 0; k < 3; k++)
      for (int j = 0; j < COUNT; j++) {
        const double g = ((double *)named.plan.grad[k])[j], h = ((double *)written.plan.grad[k])[j];
        if (!close_to(h, g, 10)) fail_msg("%s: gradient %d is %.17g, named %.17g", table[i][0], j, h, g);
      }
    evaluate_end(&named);
    evaluate_end(&written);
  }
}

static void float32_tensors_are_computed_in_float64(void **state) {
  (void)state;
  struct evaluate wide, thin;
  fill_roles();
  begin_triplets(&wide, LOSSD_FLOAT64);
  begin_triplets(&thin, LOSSD_FLOAT32);
  evaluate_choice(&wide, "distance_expression", "log(norm(a - b)) + sum(a * b) / D");
  evaluate_choice(&thin, "distance_expression", "log(norm(a - b)) + sum(a * b) / D");
  run_triplets(&wide);
  run_triplets(&thin);
  for (int r = 0; r < ROWS; r++)
    assert_true(((float *)thin.plan.loss_data)[r] == (float)((double *)wide.plan.loss_data)[r]);
  for (int k = 0; k < 3; k++)
    for (int i = 0; i < COUNT; i++)
      assert_true(((float *)thin.plan.grad[k])[i] == (float)((double *)wide.plan.grad[k])[i]);
  evaluate_end(&wide);
  evaluate_end(&thin);
}

static void every_instruction_set_gives_the_same_bits(void **state) {
  (void)state;
  static const char *const sets[] = {"baseline", "avx2", "avx512"};
  static const char text[] = "norm(sin(a) * cos(b)) + prod(tanh(a)) + sum(abs(a)^1.5 / (1 + b^2)) + "
                             "amax(exp(a - b)) + dot(atan(a), b)";
  const char *const best = lossd_instruction_set();
  struct evaluate t[3];
  fill_roles();
  for (int i = 0; i < 3; i++) {
    if (!lossd_force_instruction_set(sets[i])) continue;
    begin_triplets(&t[i], LOSSD_FLOAT64);
    evaluate_choice(&t[i], "distance_expression", text);
    run_triplets(&t[i]);
    assert_memory_equal(t[i].plan.loss_data, t[0].plan.loss_data, ROWS * sizeof(double));
    for (int k = 0; k < 3; k++)
      assert_memory_equal(t[i].plan.grad[k], t[0].plan.grad[k], COUNT * sizeof(double));
    if (i) evaluate_end(&t[i]);
  }
  evaluate_end(&t[0]);
  lossd_force_instruction_set(best);
}

static void refusals_come_through_the_loss(void **state) {
  (void)state;
  struct evaluate t;
  fill_roles();
  begin_triplets(&t, LOSSD_FLOAT64);
  evaluate_choice(&t, "distance", "euclidean");
  evaluate_choice(&t, "distance_expression", "sum(a)");
  assert_int_equal(evaluate_run(&t), LOSSD_INVALID_OPTION);
  assert_string_equal(t.problem.pointer, "/options/distance_expression");
  evaluate_end(&t);
  begin_triplets(&t, LOSSD_FLOAT32);
  evaluate_choice(&t, "distance_expression", "a - b");
  assert_int_equal(evaluate_run(&t), LOSSD_INVALID_OPTION);
  assert_string_equal(t.problem.detail,
                      "distance_expression gives a vector of 19 numbers, expected a number");
  evaluate_end(&t);
}

/* ---- The page ---- */

static char *read_page(void) {
  FILE *const file = fopen(LOSSD_SOURCE_DIR "/docs/distances.md", "r");
  char *const text = calloc(1, 1 << 16);
  assert_true(file && text);
  assert_true(fread(text, 1, (1 << 16) - 1, file) > 0);
  fclose(file);
  return text;
}

/* The JSON of the next fenced block; NULL when there is none. */
static cJSON *next_block(const char **at) {
  static const char fence[] = "```json\n";
  const char *const begin = strstr(*at, fence);
  if (!begin) return NULL;
  cJSON *const item = cJSON_ParseWithOpts(begin + strlen(fence), at, false);
  if (!item) fail_msg("not JSON: %.60s", begin);
  return item;
}

static void the_page_shows_requests_with_their_answers(void **state) {
  (void)state;
  char *const page = read_page();
  const char *at = page;
  int shown = 0;
  for (cJSON *request, *answer; (request = next_block(&at)); shown++) {
    struct evaluate t;
    assert_non_null(answer = next_block(&at));
    golden_request(&t, LOSS, request);
    if (evaluate_run(&t)) fail_msg("%s", t.problem.detail);
    assert_true(close_to(evaluate_loss(&t), golden_number(cJSON_GetObjectItem(answer, "loss")), 1));
    const cJSON *const by_anchor = cJSON_GetObjectItem(cJSON_GetObjectItem(answer, "gradients"), "anchor");
    const struct golden_tensor want = golden_tensor(by_anchor, &t.arena);
    compare_row("the page", "by anchor", t.plan.grad[0], &want);
    cJSON_Delete(request);
    cJSON_Delete(answer);
    evaluate_end(&t);
  }
  assert_int_equal(shown, 5);
  free(page);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(expressions_agree_with_pytorch),
      cmocka_unit_test(arithmetic_follows_ieee),
      cmocka_unit_test(each_named_distance_is_its_expression),
      cmocka_unit_test(float32_tensors_are_computed_in_float64),
      cmocka_unit_test(every_instruction_set_gives_the_same_bits),
      cmocka_unit_test(refusals_come_through_the_loss),
      cmocka_unit_test(the_page_shows_requests_with_their_answers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
