/* HuberLoss: l = w d^2 / 2 where |d| <= delta, else w delta (|d| - delta / 2); d = x - y, w the optional
 * weight.
 *
 * Domain: all numbers, delta > 0. Continuously differentiable: dl/dx = w d, or w delta sign(d). HuberLoss
 * with delta is delta times SmoothL1Loss with beta = delta. No deviation from PyTorch, but that a weight of 0
 * silences infinity. */
#include "core/pointwise.h"
#include "core/stable.h"

enum { REDUCTION, BROADCAST, DELTA, OPTIONS };
enum { INPUT, TARGET, WEIGHT };

LOSSD_INLINE struct point weighted_point(const real *x, const double *option, real w) {
  const real d = x[0] - x[1], delta = real_min(R(option[DELTA]), REAL_MAX);
  const real low = d < -delta ? -delta : d, clamped = low > delta ? delta : low;
  const real value = clamped * (d - R(0.5) * clamped), slope = weighted(w, clamped);
  return (struct point){.value = weighted(w, value), .grad = {slope, -slope}};
}

LOSSD_INLINE struct point with_weight(const real *x, const double *option) {
  return weighted_point(x, option, x[WEIGHT]);
}
LOSSD_INLINE struct point without_weight(const real *x, const double *option) {
  return weighted_point(x, option, 1);
}

LOSSD_FLATTEN static void tile(const struct lossd_tile *t) {
  if (is_given(t, WEIGHT))
    pointwise(t, with_weight, 3, 2);
  else
    pointwise(t, without_weight, 2, 2);
}
LOSS_KERNEL(HuberLoss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  return lossd_plan_elementwise(p, p->option[BROADCAST] != 0, 2, problem);
}

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
    [BROADCAST] = OPTION_BROADCAST,
    [DELTA] = {.name = "delta",
               .type = LOSSD_NUMBER,
               MORE_THAN(0),
               .textbook = 1,
               .pytorch = 1,
               .description = "Where the loss turns from quadratic to linear."},
};

static const struct lossd_example examples[2] = {
    {.tensor = {{1, {2}, {0.5, 3}}, {1, {2}, {0, 0}}, {-1, {0}, {0}}},
     .settings = {{.option = "reduction", .choice = "sum"}},
     .loss = 2.625, /* 0.125 + (3 - 0.5) */
     .gradient = {0.5, 1}},
    {.tensor = {{1, {2}, {1, -5}}, {1, {2}, {0, 0}}, {-1, {0}, {0}}},
     .settings = {{.option = "delta", .number = 2}},
     .loss = 4.25, /* (0.5 + 2 (5 - 1)) / 2 */
     .gradient = {0.5, -1}},
};

LOSS_ROW(HuberLoss) = {
    .name = "HuberLoss",
    .summary = "Squared error for small differences, absolute error beyond delta: robust to outliers.",
    .formula = "\\ell_i = \\begin{cases} \\frac12 d_i^2 & |d_i| \\le \\delta \\\\ \\delta (|d_i| - "
               "\\frac12\\delta) & \\text{otherwise} \\end{cases}, \\quad d_i = x_i - y_i",
    .roles = {{"input", "predictions x", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true},
              {"target", "targets y", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true},
              {"weight", "a factor for each element", "broadcasts to input", LOSSD_FLOATING,
               .optional = true}},
    .role_count = 3,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 0.6,
    .plan = plan,
};
