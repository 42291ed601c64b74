/* The same bits from every instruction set, any order of slices and any number of threads, over all golden
 * requests and over random cases of several slices, in float64 and float32.
 *
 * Prints "bits LOSS HASH" for each loss: .ci/same-bits compares those lines between compilers. */
#include <pthread.h>
#include <stdatomic.h>

#include "tests/golden.h"
#include "tests/random_case.h"

#ifdef LOSSD_LARGE_CASES
#define GOLDEN_STEP 5 /* sanitizers are slow: every fifth golden request */
#else
#define LOSSD_LARGE_CASES 4 /* of each loss */
#define GOLDEN_STEP 1
#endif
enum { THREADS = 8 };

/* FNV-1a */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size) {
  for (size_t i = 0; i < size; i++) hash = (hash ^ ((const unsigned char *)data)[i]) * 0x100000001B3;
  return hash;
}
#define EMPTY_HASH 0xCBF29CE484222325u

/* ---- Ways to run the slices of a plan ---- */

typedef void run_slices(struct lossd_plan *plan);

static void in_order(struct lossd_plan *plan) {
  void *scratch = aligned_alloc(64, plan->scratch_bytes + 64);
  for (size_t i = 0; i < plan->slices; i++) lossd_run(plan, i, scratch);
  free(scratch);
}

/* Serial plans say that their slices must run in order. */
static void backwards(struct lossd_plan *plan) {
  if (plan->serial) {
    in_order(plan);
    return;
  }
  void *scratch = aligned_alloc(64, plan->scratch_bytes + 64);
  for (size_t i = plan->slices; i-- > 0;) lossd_run(plan, i, scratch);
  free(scratch);
}

struct crew {
  struct lossd_plan *plan;
  atomic_size_t next;
};

static void *take_slices(void *context) {
  struct crew *crew = context;
  void *scratch = aligned_alloc(64, crew->plan->scratch_bytes + 64);
  for (size_t i; (i = atomic_fetch_add(&crew->next, 1)) < crew->plan->slices;)
    lossd_run(crew->plan, i, scratch);
  free(scratch);
  return NULL;
}

static void by_threads(struct lossd_plan *plan) {
  struct crew crew = {.plan = plan};
  pthread_t thread[THREADS];
  if (plan->serial) {
    in_order(plan);
    return;
  }
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&thread[i], NULL, take_slices, &crew), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
}

/* ---- Answers ---- */

/* Evaluates and hashes all that is answered: loss, numerator, denominator, gradients, or the problem. */
static uint64_t answer_hash(const struct lossd_evaluation *evaluation, run_slices *run, size_t *slices) {
  struct lossd_evaluation e = *evaluation;
  struct lossd_plan plan;
  struct lossd_arena arena;
  struct lossd_problem problem;
  uint64_t hash = EMPTY_HASH;
  size_t bytes[LOSSD_MAX_ROLES] = {0}, loss_bytes = 0;
  lossd_arena_init(&arena, NULL);
  int status = lossd_plan_init(&plan, &e, &arena, &problem);
  *slices = status ? 0 : plan.slices;
  if (!status) {
    lossd_shape_bytes(plan.compute, &plan.loss_shape, &loss_bytes);
    plan.loss_data = memset(lossd_arena_alloc(&arena, loss_bytes, 1), 0xA5, loss_bytes);
    for (int k = 0; k < e.loss->role_count; k++) {
      if (!(e.gradients & 1u << k)) continue;
      lossd_shape_bytes(e.tensor[k].dtype, &e.tensor[k].shape, &bytes[k]);
      plan.grad[k] = memset(lossd_arena_alloc(&arena, bytes[k], 1), 0xA5, bytes[k]);
    }
    run(&plan);
    status = lossd_finish(&plan, &problem);
  }
  if (status) {
    hash = hash_bytes(hash, problem.detail, strlen(problem.detail));
  } else {
    hash = hash_bytes(hash, plan.loss_data, loss_bytes);
    if (plan.reduced)
      hash = hash_bytes(hash, &plan.numerator, 8), hash = hash_bytes(hash, &plan.denominator, 8);
    for (int k = 0; k < e.loss->role_count; k++)
      if (plan.grad[k]) hash = hash_bytes(hash, plan.grad[k], bytes[k]);
  }
  lossd_arena_reset(&arena);
  return hash;
}

static const char *const instruction_sets[] = {"baseline", "avx2", "avx512"};
static const struct {
  const char *name;
  run_slices *run;
} ways[] = {{"in order", in_order}, {"backwards", backwards}, {"by threads", by_threads}};

struct tally {
  const char *loss;
  uint64_t hash;
  int golden, evaluations, sets, several_slices;
};

static void check_evaluation(struct tally *tally, const struct lossd_evaluation *e, const char *name) {
  size_t slices;
  assert_true(lossd_force_instruction_set(instruction_sets[0])); /* and in order: the first of all ways */
  const uint64_t expected = answer_hash(e, in_order, &slices);
  tally->hash = hash_bytes(tally->hash, &expected, sizeof expected);
  tally->evaluations++;
  tally->several_slices += slices > 1;
  tally->sets = 0;
  for (size_t set = 0; set < sizeof instruction_sets / sizeof *instruction_sets; set++) {
    if (!lossd_force_instruction_set(instruction_sets[set])) continue; /* not on this machine */
    tally->sets++;
    for (size_t way = set == 0; way < (slices > 1 ? sizeof ways / sizeof *ways : 1); way++)
      if (answer_hash(e, ways[way].run, &slices) != expected)
        fail_msg("%s, %s: other bits from %s, slices %s, than from baseline, slices in order", e->loss->name,
                 name, instruction_sets[set], ways[way].name);
  }
}

static void check_both_precisions(struct tally *tally, const struct lossd_evaluation *e, const char *name) {
  struct lossd_arena arena;
  lossd_arena_init(&arena, NULL);
  const struct lossd_evaluation single = evaluation_as(e, LOSSD_FLOAT32, &arena);
  check_evaluation(tally, e, name);
  check_evaluation(tally, &single, name);
  lossd_arena_reset(&arena);
}

static void check_golden(const cJSON *item, void *context) {
  struct tally *tally = context;
  struct evaluate t;
  if (tally->golden++ % GOLDEN_STEP) return;
  const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");
  golden_request(&t, tally->loss, cJSON_GetObjectItemCaseSensitive(item, "request"));
  check_both_precisions(tally, &t.evaluation, name->valuestring);
  evaluate_end(&t);
}

static void check_random(struct tally *tally, const struct lossd_loss *loss) {
  struct case_maker maker;
  case_maker_init(&maker, loss, 2);
  for (int i = 0; i < LOSSD_LARGE_CASES; i++) {
    struct random_case c;
    const int combination = (int)random_below(&maker.random, maker.combinations);
    if (!random_case_make(&maker, combination, CASE_LARGE, &c)) continue;
    c.evaluation.gradients = lossd_all_gradients(&c.evaluation);
    check_both_precisions(tally, &c.evaluation, "a random case");
    random_case_free(&c);
  }
  case_maker_free(&maker);
}

static void every_answer_has_the_same_bits_whoever_computes_it(void **state) {
  (void)state;
  for (int i = 0; i < lossd_loss_count; i++) {
    struct tally tally = {.loss = lossd_losses[i]->name, .hash = EMPTY_HASH};
    golden_each("pytorch", lossd_losses[i]->name, check_golden, &tally);
    golden_each("textbook", lossd_losses[i]->name, check_golden, &tally);
    check_random(&tally, lossd_losses[i]);
    printf("%-30s %5d evaluations, %3d of several slices, %d instruction sets\n", lossd_losses[i]->name,
           tally.evaluations, tally.several_slices, tally.sets);
    printf("bits %s %016llx\n", lossd_losses[i]->name, (unsigned long long)tally.hash);
    assert_true(tally.several_slices >= 2);
    assert_true(tally.evaluations > 100 / GOLDEN_STEP);
  }
}

static void other_numbers_have_other_hashes(void **state) {
  (void)state;
  double x[2] = {1, 2};
  uint64_t hash[2];
  size_t slices;
  for (int i = 0; i < 2; i++, x[1] += 0x1p-50) {
    struct evaluate t;
    evaluate_begin(&t, "MSELoss");
    evaluate_tensor(&t, 0, LOSSD_FLOAT64, SHAPE(2), x);
    evaluate_tensor(&t, 1, LOSSD_FLOAT64, SCALAR, &x[0]);
    evaluate_all_gradients(&t);
    hash[i] = answer_hash(&t.evaluation, in_order, &slices);
    evaluate_end(&t);
  }
  assert_true(hash[0] != hash[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_answer_has_the_same_bits_whoever_computes_it),
      cmocka_unit_test(other_numbers_have_other_hashes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
