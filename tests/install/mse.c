/* The smallest program on the installed library: MSELoss of two numbers. Prints the loss; exits 0 when it
 * is 2. */
#include <core/plan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  const double input[] = {1, 2}, target[] = {1, 4};
  const struct lossd_shape two = {.rank = 1, .dim = {2}};
  struct lossd_problem problem = {0};
  struct lossd_arena arena;
  struct lossd_plan plan = {0};
  double loss = 0;

  struct lossd_evaluation evaluation = {.loss = lossd_find("MSELoss", strlen("MSELoss"), &problem),
                                        .tensor = {{LOSSD_FLOAT64, two, input}, {LOSSD_FLOAT64, two, target}},
                                        .present = 3,
                                        .max_elements = 1000};
  lossd_options_init(&evaluation.options, evaluation.loss);
  lossd_options_finish(&evaluation.options);

  lossd_arena_init(&arena, NULL);
  int status = lossd_plan_init(&plan, &evaluation, &arena, &problem);
  void *scratch = status == 0 ? malloc(plan.scratch_bytes) : NULL;
  if (!scratch) return 1;
  plan.loss_data = &loss;
  for (size_t i = 0; i < plan.slices; i++) lossd_run(&plan, i, scratch);
  status = lossd_finish(&plan, &problem);
  printf("MSELoss: %g\n", loss);
  lossd_arena_reset(&arena);
  free(scratch);
  return status == 0 && loss == 2 ? 0 : 1;
}
