/* SmoothL1Loss: l = d^2 / (2 beta) where |d| < beta, else |d| - beta / 2; d = x - y.
 *
 * Domain: all numbers, beta >= 0. Continuously differentiable for beta > 0: dl/dx = d / beta, or sign(d).
 * With beta = 0 it is L1Loss, with subgradient 0 at d = 0, where PyTorch gives -1. */
#include "core/pointwise.h"

enum { REDUCTION, BROADCAST, BETA, OPTIONS };

LOSSD_INLINE struct point point(const real *x, const double *option) {
  const real d = x[0] - x[1], beta = R(option[BETA]), share = d * (1 / beta);
  const real low = share < -1 ? -1 : share, slope = low > 1 ? 1 : low;
  return (struct point){.value = slope * (d - R(0.5) * beta * slope), .grad = {slope, -slope}};
}

/* Where beta has no inverse that is a normal number: 0 above all. */
LOSSD_INLINE struct point divided_point(const real *x, const double *option) {
  const real d = x[0] - x[1], a = real_abs(d), beta = R(option[BETA]), share = d / beta;
  const bool quadratic = a < beta;
  const real slope = quadratic ? share : real_sign(d);
  return (struct point){.value = quadratic ? R(0.5) * d * share : a - R(0.5) * beta, .grad = {slope, -slope}};
}

LOSSD_FLATTEN static void tile(const struct lossd_tile *t) {
  const real inverse = 1 / R(t->option[BETA]);
  if (inverse >= REAL_SMALLEST_NORMAL && inverse <= REAL_MAX)
    pointwise(t, point, 2, 2);
  else
    pointwise(t, divided_point, 2, 2);
}
LOSS_KERNEL(SmoothL1Loss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  return lossd_plan_elementwise(p, p->option[BROADCAST] != 0, 2, problem);
}

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
    [BROADCAST] = OPTION_BROADCAST,
    [BETA] = {.name = "beta",
              .type = LOSSD_NUMBER,
              AT_LEAST(0),
              .textbook = 1,
              .pytorch = 1,
              .description = "Where the loss turns from quadratic to linear."},
};

static const struct lossd_example examples[2] = {
    {.tensor = {{1, {2}, {0.5, 3}}, {1, {2}, {0, 0}}},
     .settings = {{.option = "reduction", .choice = "sum"}},
     .loss = 2.625, /* 0.125 + (3 - 0.5) */
     .gradient = {0.5, 1}},
    {.tensor = {{1, {2}, {1, -5}}, {1, {2}, {0, 0}}},
     .settings = {{.option = "beta", .number = 2}},
     .loss = 2.125, /* (1 / 4 + (5 - 1)) / 2 */
     .gradient = {0.25, -0.5}},
};

LOSS_ROW(SmoothL1Loss) = {
    .name = "SmoothL1Loss",
    .summary = "Squared error for differences below beta, absolute error beyond; common in object detection.",
    .formula = "\\ell_i = \\begin{cases} d_i^2 / (2\\beta) & |d_i| < \\beta \\\\ |d_i| - \\frac12\\beta & "
               "\\text{otherwise} \\end{cases}, \\quad d_i = x_i - y_i",
    .roles = {{"input", "predictions x", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true},
              {"target", "targets y", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true}},
    .role_count = 2,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 0.6,
    .plan = plan,
};
