/* GaussianNLLLoss: l = (x - y)^2 / (2 v) + c log v, v = max(var, eps), c = log_var_weight; full adds log(2
 * pi) / 2.
 *
 * Domain: var >= 0. Smooth for v > 0: dl/dx = (x - y) / v, dl/dvar = (c - (x - y)^2 / (2 v)) / v. Where eps
 * clamps var, the gradient is that at the clamped value and passes through. PyTorch's c is 1/2, its eps 1e-6;
 * otherwise no deviation. */
#include "core/pointwise.h"
#include "core/stable.h"

enum { REDUCTION, BROADCAST, LOG_VAR_WEIGHT, FULL, EPS, OPTIONS };

LOSSD_INLINE struct point point(const real *x, const double *option) {
  const real eps = R(option[EPS]), c = R(option[LOG_VAR_WEIGHT]);
  const real d = x[0] - x[1], v = x[2] <= eps ? eps : x[2]; /* never -0.0 */
  const real slope = d / v, square = R(0.5) * d * slope;
  const real constant = R(option[FULL]) * R(0.91893853320467274178); /* log(2 pi) / 2 */
  const double wide_d = (double)x[0] - (double)x[1], wide_v = (double)v;
  const double by_var = (option[LOG_VAR_WEIGHT] - 0.5 * wide_d * (wide_d / wide_v)) / wide_v;
  return (struct point){.value = square + weighted(c, real_log(v)) + constant,
                        .grad = {slope, -slope, R(by_var)}};
}

LOSSD_FLATTEN static void tile(const struct lossd_tile *t) {
  pointwise(t, point, 3, 3);
}
LOSS_KERNEL(GaussianNLLLoss, tile);

/* A var of input's shape without its last axis belongs to whole rows. */
static void align_var(struct lossd_shape *var, const struct lossd_shape *input) {
  if (var->rank != input->rank - 1) return;
  for (int d = 0; d < var->rank; d++)
    if (var->dim[d] != input->dim[d]) return;
  var->dim[var->rank++] = 1;
}

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  const bool broadcast = p->option[BROADCAST] != 0, numbers = !p->shape[0].rank && !p->shape[1].rank;
  p->view[2].domain = LOSSD_NONNEGATIVE;
  align_var(&p->shape[2], &p->shape[0]);
  return lossd_plan_elementwise(p, broadcast, broadcast || numbers ? 3 : 2, problem);
}

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
    [BROADCAST] = OPTION_BROADCAST,
    [LOG_VAR_WEIGHT] = {.name = "log_var_weight",
                        .type = LOSSD_NUMBER,
                        ANY_FINITE,
                        .textbook = 1,
                        .pytorch = 0.5,
                        .description =
                            "The factor of log(var): 1 in the textbook's formula, 1/2 in the density's."},
    [FULL] = {.name = "full", .type = LOSSD_BOOLEAN, .description = "Add the constant log(2 pi) / 2."},
    [EPS] = {.name = "eps",
             .type = LOSSD_NUMBER,
             AT_LEAST(0),
             .textbook = 0,
             .pytorch = 1e-6,
             .description = "var is held at eps at least."},
};

static const struct lossd_example examples[2] = {
    {.tensor = {{1, {2}, {1, 3}}, {1, {2}, {0, 1}}, {1, {2}, {1, 1}}},
     .loss = 1.25, /* (0.5 + 2) / 2, log 1 = 0 */
     .gradient = {0.5, 1}},
    {.tensor = {{0, {0}, {2}}, {0, {0}, {0}}, {0, {0}, {4}}},
     .settings = {{.option = "log_var_weight", .number = 0.5}},
     .loss = 1.1931471805599453094, /* 1/2 + log(4) / 2 */
     .gradient = {0.5}},
};

LOSS_ROW(GaussianNLLLoss) = {
    .name = "GaussianNLLLoss",
    .summary =
        "The negative log-likelihood of targets under normal distributions with given means and variances.",
    .formula = "\\ell = \\frac{1}{n}\\sum_i \\left(\\frac{(x_i - y_i)^2}{2 v_i} + c \\log v_i\\right)",
    .roles = {{"input", "means x", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true},
              {"target", "targets y", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true},
              {"var", "variances v", "input's, or that without its last axis, or one that broadcasts",
               LOSSD_FLOATING, .differentiable = true}},
    .role_count = 3,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 2,
    .plan = plan,
};
