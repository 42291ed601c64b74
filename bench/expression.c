/* Times the euclidean distance written as an expression against the named one, value and three gradients, on
 * one thread: one line of JSON with the median of paired ratios.
 *
 *   bench_expression [--repeat N] [--rows N] [--length D] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/plan.h"

enum { ROLES = 3 };

struct side {
  struct lossd_evaluation evaluation;
  struct lossd_plan plan;
  struct lossd_arena arena;
  struct lossd_problem problem;
  void *scratch;
  float loss;
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void check(const struct side *s, int status) {
  if (!status) return;
  fprintf(stderr, "%s\n", s->problem.detail);
  exit(1);
}

static void prepare(struct side *s, const char *option, const char *text, const struct lossd_tensor *role,
                    void *const *grad) {
  static const char name[] = "TripletMarginWithDistanceLoss";
  const struct lossd_value value = {LOSSD_VALUE_STRING, 0, text, strlen(text)};
  lossd_arena_init(&s->arena, NULL);
  s->evaluation = (struct lossd_evaluation){.loss = lossd_find(name, sizeof name - 1, &s->problem),
                                            .present = (1u << ROLES) - 1,
                                            .gradients = (1u << ROLES) - 1,
                                            .max_elements = INT64_MAX};
  for (int k = 0; k < ROLES; k++) s->evaluation.tensor[k] = role[k];
  lossd_options_init(&s->evaluation.options, s->evaluation.loss);
  check(s, lossd_options_set(&s->evaluation.options, option, strlen(option), &value, &s->problem));
  lossd_options_finish(&s->evaluation.options);
  check(s, lossd_plan_init(&s->plan, &s->evaluation, &s->arena, &s->problem));
  s->plan.loss_data = &s->loss;
  for (int k = 0; k < ROLES; k++) s->plan.grad[k] = grad[k];
  s->scratch = lossd_arena_alloc(&s->arena, s->plan.scratch_bytes, 1);
}

static double once(struct side *s) {
  const double start = now();
  for (size_t i = 0; i < s->plan.slices; i++) lossd_run(&s->plan, i, s->scratch);
  check(s, lossd_finish(&s->plan, &s->problem));
  return now() - start;
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *x, int n) {
  qsort(x, (size_t)n, sizeof *x, compare);
  return x[n / 2];
}

static long argument(int argc, char **argv, const char *name, long otherwise) {
  for (int i = 1; i + 1 < argc; i++)
    if (!strcmp(argv[i], name)) return atol(argv[i + 1]);
  return otherwise;
}

int main(int argc, char **argv) {
  const long rows = argument(argc, argv, "--rows", 100000), length = argument(argc, argv, "--length", 128);
  const int repeat = (int)argument(argc, argv, "--repeat", 15);
  struct lossd_tensor role[ROLES];
  void *grad[ROLES];
  struct side named, written;
  double *const time = malloc(3 * (size_t)repeat * sizeof *time);
  for (int k = 0; k < ROLES; k++) {
    float *const x = aligned_alloc(64, (size_t)(rows * length) * sizeof *x);
    grad[k] = aligned_alloc(64, (size_t)(rows * length) * sizeof(float));
    for (long i = 0; i < rows * length; i++) x[i] = (float)rand() / (float)RAND_MAX;
    role[k] = (struct lossd_tensor){LOSSD_FLOAT32, {.rank = 2, .dim = {rows, length}}, x};
  }
  prepare(&named, "distance", "euclidean", role, grad);
  prepare(&written, "distance_expression", "sqrt(sum((a - b)^2) + 1e-12)", role, grad);
  once(&named), once(&written);
  for (int i = 0; i < repeat; i++) {
    time[i] = once(&named);
    time[repeat + i] = once(&written);
    time[2 * repeat + i] = time[repeat + i] / time[i];
  }
  printf("{\"expression\": \"euclidean\", \"instruction_set\": \"%s\", \"rows\": %ld, \"length\": %ld, "
         "\"named_ms\": %.3f, "
         "\"expression_ms\": %.3f, \"ratio\": %.2f}\n",
         lossd_instruction_set(), rows, length, median(time, repeat) * 1e3,
         median(time + repeat, repeat) * 1e3, median(time + 2 * repeat, repeat));
  return 0;
}
