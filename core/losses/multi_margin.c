/* MultiMarginLoss: l = (1 / C) sum_{i != y} w_y max(0, margin + x_i - x_y)^p, p = 1 or 2.
 *
 * With z_i = margin + x_i - x_y: dl/dx_i = w_y p z_i^(p - 1) / C where z_i > 0, else 0, also at the kink z_i
 * = 0; dl/dx_y is minus the sum of the others. z is computed in double, so that the side of the kink on which
 * a class lies does not depend on the precision.
 *
 * Deviations from PyTorch: a NaN anywhere in the row makes its loss and gradients NaN; a weight of 0 makes
 * its row 0 against infinity. */
#include <string.h>

#include "core/classes.h"

enum { REDUCTION, P, MARGIN, OPTIONS };
enum { INPUT, TARGET, WEIGHT };

/* Sums over classes, in lanes: how many have z > 0, z and z^2. */
struct hinges {
  double active[SUM_LANES], sum[SUM_LANES], squares[SUM_LANES];
};

LOSSD_INLINE real add_hinge(struct hinges *h, size_t lane, double z, double factor, bool squared) {
  z = z <= 0 ? 0 : z;
  const double active = z > 0 ? 1 : 0;
  h->active[lane] += active;
  h->sum[lane] += z;
  if (squared) h->squares[lane] += z * z;
  return (real)(factor * (squared ? z : active));
}

/* Adds n classes; base is margin - x_y. Writes their gradients, factor * z^(p - 1), where wanted. */
LOSSD_INLINE void add_hinges(struct hinges *h, const real *x, size_t n, double base, double factor,
                             bool squared, real *restrict grad) {
  size_t i = 0;
  for (; i + SUM_LANES <= n; i += SUM_LANES) {
    real slope[SUM_LANES];
    for (size_t k = 0; k < SUM_LANES; k++)
      slope[k] = add_hinge(h, k, base + (double)x[i + k], factor, squared);
    if (grad) memcpy(grad + i, slope, sizeof slope);
  }
  for (size_t k = 0; i + k < n; k++) {
    const real slope = add_hinge(h, k, base + (double)x[i + k], factor, squared);
    if (grad) grad[i + k] = slope;
  }
}

LOSSD_INLINE real row_loss(const struct row *row, bool squared) {
  const size_t c = row->length, y = (size_t)row->index[TARGET][0];
  const real *x = row->x[INPUT], w = row->x[WEIGHT] ? row->x[WEIGHT][y] : 1;
  real *grad = row->grad[INPUT];
  const double share = (double)w / (double)c, base = row->option[MARGIN] - (double)x[y];
  const double factor = (double)row->scale * share * row->option[P];
  struct hinges h = {0};
  add_hinges(&h, x, y, base, factor, squared, grad);
  add_hinges(&h, x + y + 1, c - y - 1, base, factor, squared, grad ? grad + y + 1 : NULL);
  double sum = fold_lanes(h.sum), value = squared ? fold_lanes(h.squares) : sum;
  if (x[y] != x[y]) value = (double)x[y]; /* also of the only class */
  if (grad) grad[y] = (real)(-factor * (squared ? sum : fold_lanes(h.active)));
  if (grad && w == 0) memset(grad, 0, c * sizeof *grad);
  return w == 0 && value == value ? 0 : (real)(share * value);
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
