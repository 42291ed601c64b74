/* MultiMarginLoss: l = (1 / C) sum_{i != y} w_y max(0, margin + x_i - x_y)^p, p = 1 or 2.
 *
 * With z_i = margin + x_i - x_y: dl/dx_i = w_y p z_i^(p - 1) / C where z_i > 0, else 0, also at the kink z_i
 * = 0; dl/dx_y is minus the sum of the others. z is computed in double, so that the side of the kink on which
 * a class lies does not depend on the precision.
 *
 * Deviations from PyTorch: a NaN anywhere in the row makes its loss and gradients NaN; a weight of 0 makes
 * its row 0 against infinity. */
#include <string.h>

#include "core/rowwise.h"
#include "core/stable.h"

enum { REDUCTION, P, MARGIN, OPTIONS };
enum { INPUT, TARGET, WEIGHT };

LOSSD_INLINE double hinge(double z, bool squared) {
  const double violation = z <= 0 ? 0 : z; /* NaN stays */
  return squared ? violation * violation : violation;
}

/* The sum of max(0, base + x_i)^p. */
LOSSD_INLINE double sum_hinges(const real *x, size_t n, double base, bool squared) {
  double lane[SUM_LANES] = {0};
  size_t i = 0;
  for (; i + SUM_LANES <= n; i += SUM_LANES)
    for (size_t k = 0; k < SUM_LANES; k++) lane[k] += hinge(base + (double)x[i + k], squared);
  for (size_t k = 0; i + k < n; k++) lane[k] += hinge(base + (double)x[i + k], squared);
  return fold_lanes(lane);
}

/* grad[i] = factor z^(p - 1) where z > 0, grad[y] minus their sum. */
LOSSD_INLINE void gradient(const real *x, size_t n, size_t y, double base, double factor, bool squared,
                           real *restrict grad) {
  for (size_t i = 0; i < n; i++) {
    const double z = base + (double)x[i], slope = squared ? factor * z : factor;
    grad[i] = (real)(z > 0 ? slope : 0);
  }
  grad[y] = 0;
  grad[y] = (real)-sum_real(grad, n);
}

LOSSD_INLINE real row_loss(const struct row *row, bool squared) {
  const size_t c = row->length, y = (size_t)row->index[TARGET][0];
  const real *x = row->x[INPUT], w = row->x[WEIGHT] ? row->x[WEIGHT][y] : 1;
  const double share = (double)w / (double)c, base = row->option[MARGIN] - (double)x[y];
  const double factor = (double)row->scale * share * row->option[P];
  const double sum = sum_hinges(x, y, base, squared) + sum_hinges(x + y + 1, c - y - 1, base, squared);
  if (row->grad[INPUT] && w == 0)
    memset(row->grad[INPUT], 0, c * sizeof(real));
  else if (row->grad[INPUT])
    gradient(x, c, y, base, factor, squared, row->grad[INPUT]);
  if (x[y] != x[y]) return x[y]; /* also of the only class */
  return w == 0 && sum == sum ? 0 : (real)(share * sum);
}

static real linear(const struct row *row) {
  return row_loss(row, false);
}
static real quadratic(const struct row *row) {
  return row_loss(row, true);
}

static void tile(const struct lossd_tile *t) {
  if (t->option[P] == 1)
    rowwise(t, linear, true);
  else
    rowwise(t, quadratic, true);
}
LOSS_KERNEL(MultiMarginLoss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  return lossd_plan_rank(p, INPUT, 2, problem) ? problem->status : lossd_plan_classes(p, problem);
}

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
    [P] = {.name = "p",
           .type = LOSSD_INTEGER,
           WITHIN(1, 2),
           .textbook = 1,
           .pytorch = 1,
           .description = "The power of each class's violation of the margin: 1 or 2."},
    [MARGIN] = {.name = "margin",
                .type = LOSSD_NUMBER,
                ANY_FINITE,
                .textbook = 1,
                .pytorch = 1,
                .description = "By how much the true class's score is to exceed each other's."},
};

static const struct lossd_example examples[2] = {
    {.tensor = {{1, {4}, {1, 2, 0.5, -1}}, {0, {0}, {0}}, {-1, {0}, {0}}},
     .loss = 0.625, /* (max(0, 1 + 2 - 1) + max(0, 1 + 0.5 - 1) + max(0, 1 - 1 - 1)) / 4 */
     .gradient = {-0.5, 0.25, 0.25, 0}},
    {.tensor = {{2, {1, 2}, {1, 3}}, {1, {1}, {0}}, {1, {2}, {2, 1}}},
     .settings = {{.option = "p", .number = 2}},
     .loss = 9, /* 2 (1 + 3 - 1)^2 / 2 */
     .gradient = {-6, 6}},
};

LOSS_ROW(MultiMarginLoss) = {
    .name = "MultiMarginLoss",
    .summary =
        "How far the score of the true class falls short of exceeding every other class's by a margin.",
    .formula = "\\ell = \\frac{1}{C}\\sum_{i \\ne y} w_y \\max(0, m + x_i - x_y)^p",
    .roles = {{"input", "scores x of each class", "(C) or (N, C)", LOSSD_FLOATING, .differentiable = true},
              {"target", "class indices y", "() or (N)", .kind = LOSSD_INDEX},
              {"weight", "a factor for each class", "(C)", LOSSD_FLOATING, .optional = true}},
    .role_count = 3,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 1,
    .plan = plan,
};
