/* MSELoss: l = (x - y)^2.
 *
 * Domain: all numbers. No kinks: dl/dx = 2 (x - y) = -dl/dy everywhere. No deviation from PyTorch. */
#include "core/pointwise.h"

enum { REDUCTION, BROADCAST, OPTIONS };

LOSSD_INLINE struct point point(const real *x, const double *option) {
  (void)option;
  const real d = x[0] - x[1], slope = d + d;
  return (struct point){.value = d * d, .grad = {slope, -slope}};
}

LOSSD_FLATTEN static void tile(const struct lossd_tile *t) {
  pointwise(t, point, 2, 2);
}
LOSS_KERNEL(MSELoss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  return lossd_plan_elementwise(p, p->option[BROADCAST] != 0, 2, problem);
}

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
    [BROADCAST] = OPTION_BROADCAST,
};

static const struct lossd_example examples[2] = {
    {.tensor = {{1, {3}, {1, 2, 4}}, {1, {3}, {1, 4, 1}}},
     .settings = {{.option = "reduction", .choice = "sum"}},
     .loss = 13, /* 0 + 4 + 9 */
     .gradient = {0, -4, 6}},
    {.tensor = {{1, {2}, {0.5, -1}}, {1, {2}, {0, 1}}},
     .loss = 2.125 /* (0.25 + 4) / 2 */,
     .gradient = {0.5, -2}},
};

LOSS_ROW(MSELoss) = {
    .name = "MSELoss",
    .summary = "The mean squared difference between predictions and targets.",
    .formula = "\\ell = \\frac{1}{n}\\sum_i (x_i - y_i)^2",
    .roles = {{"input", "predictions x", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true},
              {"target", "targets y", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true}},
    .role_count = 2,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 0.5,
    .plan = plan,
};
