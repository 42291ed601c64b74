/* SoftMarginLoss: l = log(1 + exp(-y x)).
 *
 * Domain: all numbers x, finite y (1 or -1 as a rule; any factor works). Smooth: dl/dx = -y sigmoid(-y x).
 * Computed as max(z, 0) + log1p(exp(-|z|)) with z = -y x, so that -800 gives 800 where PyTorch overflows. */
#include "core/pointwise.h"
#include "core/stable.h"

enum { REDUCTION, BROADCAST, OPTIONS };

/* exp(-|x y|), z being x y or -x y as rounded: where it is small, the loss and its gradient are nothing else,
 * and what a float loses of a product of tens shows in its digits: exp(d + lost) = exp(d) (1 + lost). */
LOSSD_INLINE real exp_neg_abs_of_product(real z, real x, real y) {
  const real e = real_exp_neg_abs(z);
  if (sizeof(real) != sizeof(float)) return e;
  const real lost = R((double)real_abs(z) - (double)real_abs(x) * (double)real_abs(y));
  return e + e * real_select(real_abs(lost) < 1, lost, 0); /* more is lost where e is 0 */
}

LOSSD_INLINE struct point point(const real *x, const double *option) {
  (void)option;
  const real z = -weighted(x[1], x[0]), e = exp_neg_abs_of_product(z, x[0], x[1]);
  const struct logistic shared = {e, real_log1p_unit(e)};
  return (struct point){.value = softplus(z, shared), .grad = {-x[1] * real_sigmoid_from(z, e)}};
}

LOSSD_FLATTEN static void tile(const struct lossd_tile *t) {
  pointwise(t, point, 2, 1);
}
LOSS_KERNEL(SoftMarginLoss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  p->view[1].domain = LOSSD_FINITE;
  return lossd_plan_elementwise(p, false, p->option[BROADCAST] != 0 ? 1 : 2, problem);
}

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
    [BROADCAST] = {.name = "broadcast",
                   .type = LOSSD_BOOLEAN,
                   .textbook = 0,
                   .pytorch = 1,
                   .description = "Let target broadcast to input's shape."},
};

static const struct lossd_example examples[2] = {
    {.tensor = {{1, {2}, {0, 0}}, {1, {2}, {1, -1}}},
     .loss = 0.69314718055994530942, /* log 2 */
     .gradient = {-0.25, 0.25}},
    {.tensor = {{0, {0}, {-800}}, {0, {0}, {1}}}, .loss = 800, .gradient = {-1}},
};

LOSS_ROW(SoftMarginLoss) = {
    .name = "SoftMarginLoss",
    .summary = "A smooth two-class margin: log(1 + exp(-y x)).",
    .formula = "\\ell = \\frac{1}{n}\\sum_i \\log(1 + \\exp(-y_i x_i))",
    .roles = {{"input", "scores x", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true},
              {"target", "labels y: 1 or -1", ANY_SHAPE, .kind = LOSSD_FLOATING}},
    .role_count = 2,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 2,
    .plan = plan,
};
