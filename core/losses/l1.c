/* L1Loss: l = |x - y|.
 *
 * Domain: all numbers. Kink at x = y, where the subgradient is 0, as PyTorch's. No deviation from PyTorch. */
#include "core/pointwise.h"

enum { REDUCTION, BROADCAST, OPTIONS };

LOSSD_INLINE struct point point(const real *x, const double *option) {
  (void)option;
  const real d = x[0] - x[1], slope = real_sign(d);
  return (struct point){.value = real_abs(d), .grad = {slope, -slope}};
}

LOSSD_FLATTEN static void tile(const struct lossd_tile *t) {
  pointwise(t, point, 2, 2);
}
LOSS_KERNEL(L1Loss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  return lossd_plan_elementwise(p, p->option[BROADCAST] != 0, 2, problem);
}

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
    [BROADCAST] = OPTION_BROADCAST,
};

static const struct lossd_example examples[2] = {
    {.tensor = {{1, {4}, {1, 2, 4, 0}}, {1, {4}, {1, 4, 1, 1}}},
     .loss = 1.5, /* (0 + 2 + 3 + 1) / 4 */
     .gradient = {0, -0.25, 0.25, -0.25}},
    {.tensor = {{0, {0}, {-2}}, {0, {0}, {3}}},
     .settings = {{.option = "reduction", .choice = "sum"}},
     .loss = 5,
     .gradient = {-1}},
};

LOSS_ROW(L1Loss) = {
    .name = "L1Loss",
    .summary = "The mean absolute difference between predictions and targets.",
    .formula = "\\ell = \\frac{1}{n}\\sum_i |x_i - y_i|",
    .roles = {{"input", "predictions x", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true},
              {"target", "targets y", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true}},
    .role_count = 2,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 0.5,
    .plan = plan,
};
