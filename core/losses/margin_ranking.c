/* MarginRankingLoss: l = max(0, -y (x1 - x2) + margin).
 *
 * Domain: all numbers x1, x2; finite y (1 or -1 as a rule; any factor works). Kink where -y (x1 - x2) +
 * margin = 0: there the full gradient passes, dl/dx1 = -y, dl/dx2 = y, as in PyTorch. */
#include "core/pointwise.h"

enum { REDUCTION, BROADCAST, MARGIN, OPTIONS };

LOSSD_INLINE struct point point(const real *x, const double *option) {
  /* In double, since its sign decides: a rounded difference may fall on the other side of the kink. */
  const double product = (double)x[2] * ((double)x[0] - (double)x[1]);
  const real y = x[2], difference = x[0] - x[1];
  const real u =
      real_select((y == 0) & (difference == difference), R(option[MARGIN]), R(option[MARGIN] - product));
  const int idle = u < 0;
  return (struct point){.value = real_zero_if(idle, u),
                        .grad = {real_zero_if(idle, -y), real_zero_if(idle, y)}};
}

LOSSD_FLATTEN static void tile(const struct lossd_tile *t) {
  pointwise(t, point, 3, 2);
}
LOSS_KERNEL(MarginRankingLoss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  p->view[2].domain = LOSSD_FINITE;
  return lossd_plan_elementwise(p, p->option[BROADCAST] != 0, 3, problem);
}

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
    [BROADCAST] = OPTION_BROADCAST,
    [MARGIN] = {.name = "margin",
                .type = LOSSD_NUMBER,
                ANY_FINITE,
                .description = "By how much the right order should win."},
};

static const struct lossd_example examples[2] = {
    {.tensor = {{1, {2}, {1, 2}}, {1, {2}, {3, 1}}, {1, {2}, {1, 1}}},
     .loss = 1, /* (2 + 0) / 2 */
     .gradient = {-0.5, 0}},
    {.tensor = {{1, {2}, {1, 2}}, {1, {2}, {3, 1}}, {1, {2}, {1, 1}}},
     .settings = {{.option = "margin", .number = 1}, {.option = "reduction", .choice = "sum"}},
     .loss = 3, /* 3 + 0, where the second lies exactly at the margin */
     .gradient = {-1, -1}},
};

LOSS_ROW(MarginRankingLoss) = {
    .name = "MarginRankingLoss",
    .summary = "How far a pair of scores is from being ranked in the right order by a margin.",
    .formula = "\\ell = \\frac{1}{n}\\sum_i \\max(0, -y_i (x_{1i} - x_{2i}) + \\text{margin})",
    .roles = {{"input1", "scores x1", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true},
              {"input2", "scores x2", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true},
              {"target", "y: 1 if x1 should rank higher, -1 if x2", ANY_SHAPE, .kind = LOSSD_FLOATING}},
    .role_count = 3,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 0.6,
    .plan = plan,
};
