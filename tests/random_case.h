/* Random valid evaluations of any loss, made from its row alone: shapes are tried until lossd_plan_init
 * accepts them, options come from the row's types and ranges, values from the domains that the plan reports.
 * So a new loss is covered by its row. The same seed makes the same cases with every compiler: no libm.
 *
 * A maker and a case own their memory; free each. One thread at a time. */
#ifndef LOSSD_TESTS_RANDOM_CASE_H
#define LOSSD_TESTS_RANDOM_CASE_H

#include "core/plan.h"

struct random_source {
  uint64_t state;
};
uint64_t random_bits(struct random_source *random);
/* 0 .. count - 1 */
int64_t random_below(struct random_source *random, int64_t count);
/* Within [low, high). */
double random_between(struct random_source *random, double low, double high);
/* Nearly normal, mean 0, deviation 1: a sum of uniform numbers. */
double random_normal(struct random_source *random);

/* Which shape of the pool each role has; -1: absent. */
struct case_layout {
  signed char form[LOSSD_MAX_ROLES];
};

struct case_maker {
  const struct lossd_loss *loss;
  struct random_source random;
  struct case_layout *layouts; /* those that some options admit */
  int64_t layout_count;
  int combinations; /* of the values of all choices and booleans */
};
void case_maker_init(struct case_maker *maker, const struct lossd_loss *loss, uint64_t seed);
void case_maker_free(struct case_maker *maker);

/* How large the evaluation is to be, in working cells (lossd_plan.elements). */
enum case_size { CASE_SMALL, CASE_LARGE };

/* Float64 and int64 tensors; the loss is finite; sample_weight and grad_output are there by chance. */
struct random_case {
  struct lossd_evaluation evaluation;
  struct lossd_arena data;
};
/* A case with that combination of choices and booleans (0 .. combinations - 1); numeric options are drawn.
 * False when none was found: some combinations admit no evaluation. */
bool random_case_make(struct case_maker *maker, int combination, enum case_size size,
                      struct random_case *made);
void random_case_free(struct random_case *made);

/* The evaluation with its floating tensors rounded to another floating dtype; they live in the arena. */
struct lossd_evaluation evaluation_as(const struct lossd_evaluation *evaluation, enum lossd_dtype dtype,
                                      struct lossd_arena *arena);
/* Element i of a tensor, as a double. */
double tensor_number(const struct lossd_tensor *tensor, int64_t i);
/* Whether a choice is set to that value. */
bool option_is(const struct lossd_evaluation *evaluation, const char *name, const char *choice);
/* The value of an option; `otherwise` where the loss has none of that name. */
double option_number(const struct lossd_evaluation *evaluation, const char *name, double otherwise);

#endif
