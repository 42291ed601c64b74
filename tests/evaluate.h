/* Evaluations in a few lines, for tests: tensors in, loss and gradients out, through
 * core's public functions. */
#ifndef LOSSD_TESTS_EVALUATE_H
#define LOSSD_TESTS_EVALUATE_H

#include <stdlib.h>
#include <string.h>

#include "core/plan.h"

/* One evaluation with its memory. Begin with evaluate_begin, add tensors and options, run, look,
 * evaluate_end. */
struct evaluate {
  struct lossd_evaluation evaluation;
  struct lossd_plan plan;
  struct lossd_arena arena;
  struct lossd_problem problem;
  void *scratch;
};

static inline void evaluate_begin(struct evaluate *t, const char *loss) {
  memset(t, 0, sizeof *t);
  lossd_arena_init(&t->arena, NULL);
  t->evaluation.loss = lossd_find(loss, strlen(loss), &t->problem);
  t->evaluation.max_elements = INT64_MAX;
  lossd_options_init(&t->evaluation.options, t->evaluation.loss);
}

static inline void evaluate_tensor(struct evaluate *t, int input, enum lossd_dtype dtype,
                                   struct lossd_shape shape, const void *data) {
  t->evaluation.tensor[input] = (struct lossd_tensor){dtype, shape, data};
  t->evaluation.present |= 1u << input;
}

static inline int evaluate_number(struct evaluate *t, const char *option, double number) {
  const struct lossd_value value = {.type = LOSSD_VALUE_NUMBER, .number = number};
  return lossd_options_set(&t->evaluation.options, option, strlen(option), &value, &t->problem);
}

static inline int evaluate_boolean(struct evaluate *t, const char *option, bool yes) {
  const struct lossd_value value = {.type = LOSSD_VALUE_BOOLEAN, .number = yes};
  return lossd_options_set(&t->evaluation.options, option, strlen(option), &value, &t->problem);
}

static inline int evaluate_choice(struct evaluate *t, const char *option, const char *choice) {
  const struct lossd_value value = {.type = LOSSD_VALUE_STRING, .string = choice, .length = strlen(choice)};
  return lossd_options_set(&t->evaluation.options, option, strlen(option), &value, &t->problem);
}

/* Plans, gives buffers, runs all slices in order (or from the last to the first) and finishes. */
static inline int evaluate_run_ordered(struct evaluate *t, bool backwards) {
  struct lossd_plan *plan = &t->plan;
  lossd_options_finish(&t->evaluation.options);
  if (lossd_plan_init(plan, &t->evaluation, &t->arena, &t->problem)) return t->problem.status;
  size_t bytes;
  lossd_shape_bytes(plan->compute, &plan->loss_shape, &bytes);
  plan->loss_data = lossd_arena_alloc(&t->arena, bytes, 1);
  for (int k = 0; k < t->evaluation.loss->role_count; k++) {
    if (!(t->evaluation.gradients & 1u << k)) continue;
    lossd_shape_bytes(t->evaluation.tensor[k].dtype, &t->evaluation.tensor[k].shape, &bytes);
    plan->grad[k] = lossd_arena_alloc(&t->arena, bytes, 1);
  }
  t->scratch = lossd_arena_alloc(&t->arena, plan->scratch_bytes, 1);
  for (size_t i = 0; i < plan->slices; i++)
    lossd_run(plan, backwards && !plan->serial ? plan->slices - 1 - i : i, t->scratch);
  return lossd_finish(plan, &t->problem);
}

static inline int evaluate_run(struct evaluate *t) {
  return evaluate_run_ordered(t, false);
}

static inline void evaluate_all_gradients(struct evaluate *t) {
  lossd_options_finish(&t->evaluation.options);
  t->evaluation.gradients = lossd_all_gradients(&t->evaluation);
}

/* The reduced loss. */
static inline double evaluate_loss(const struct evaluate *t) {
  return t->plan.compute == LOSSD_FLOAT64 ? *(const double *)t->plan.loss_data
                                          : (double)*(const float *)t->plan.loss_data;
}

static inline void evaluate_end(struct evaluate *t) {
  lossd_arena_reset(&t->arena);
}

#define SHAPE(...)                                                                                           \
  shape_of((const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
static inline struct lossd_shape shape_of(const int64_t *dims, size_t rank) {
  struct lossd_shape shape = {.rank = (int)rank};
  memcpy(shape.dim, dims, rank * sizeof *dims);
  return shape;
}
#define SCALAR ((struct lossd_shape){.rank = 0})

#endif
