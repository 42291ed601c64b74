/* MultiLabelSoftMarginLoss: l = (1 / C) sum_c w_c (y_c softplus(-x_c) + (1 - y_c) softplus(x_c)): the mean
 * over the classes of BCEWithLogitsLoss.
 *
 * Domain: all numbers; y as a rule in [0, 1]. Smooth: dl/dx = w ((1 - y) sigmoid(x) - y sigmoid(-x)) / C,
 * dl/dy = -w x / C. No deviation from PyTorch, but that coefficients of 0 silence infinity. */
#include "core/rowwise.h"
#include "core/stable.h"

enum { REDUCTION, OPTIONS };
enum { INPUT, TARGET, WEIGHT };

/* Each class's loss and its derivative by x, before weights. Where y is sigmoid(x) the derivative cancels: in
 * double, as BCEWithLogitsLoss. */
static void some_classes(const real *restrict x, const real *restrict y, size_t n, real *restrict value,
                         real *restrict slope) {
  double exponential[LOSSD_BLOCK];
  for (size_t i = 0; i < n; i++) exponential[i] = real_bounded_below(-real_abs(x[i]));
  for (size_t i = 0; i < n; i++) exponential[i] = real_exp_short(exponential[i]);
  for (size_t i = 0; i < n; i++) {
    const double yes = (double)y[i], no = 1 - yes, wide_e = exponential[i];
    const real e = R(wide_e), over = R(no - yes * wide_e), under = R(no * wide_e - yes);
    const bool right = x[i] >= 0;
    value[i] = weighted(real_select(right, 1 - y[i], -y[i]), x[i]) + real_log1p_unit(e);
    slope[i] = real_select(right, over, under) / (1 + e);
  }
}

static void all_classes(const real *x, const real *y, size_t n, real *value, real *slope) {
  for (size_t i = 0, m; i < n; i += m) {
    m = n - i < LOSSD_BLOCK ? n - i : LOSSD_BLOCK;
    some_classes(x + i, y + i, m, value + i, slope + i);
  }
}

/* x[i] = w[i] * x[i] * factor; w may be NULL. */
static void weigh(real *restrict x, const real *restrict w, real factor, size_t n) {
  if (w)
    for (size_t i = 0; i < n; i++) x[i] = weighted(w[i], x[i] * factor);
  else
    for (size_t i = 0; i < n; i++) x[i] *= factor;
}

/* spare holds two vectors. */
static real row_loss(const struct row *row) {
  const size_t c = row->length;
  const real *x = row->x[INPUT], *w = row->x[WEIGHT], factor = (real)((double)row->scale / (double)c);
  real *value = row->spare, *slope = row->grad[INPUT] ? row->grad[INPUT] : value + c;
  all_classes(x, row->x[TARGET], c, value, slope);
  if (w) weigh(value, w, 1, c);
  if (row->grad[INPUT]) weigh(slope, w, factor, c);
  if (row->grad[TARGET]) {
    for (size_t i = 0; i < c; i++) row->grad[TARGET][i] = -x[i];
    weigh(row->grad[TARGET], w, factor, c);
  }
  return (real)(sum_real(value, c) / (double)c);
}

static void tile(const struct lossd_tile *t) {
  rowwise(t, row_loss, true);
}
LOSS_KERNEL(MultiLabelSoftMarginLoss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  static const bool vectors[LOSSD_MAX_ROLES] = {true, true, true};
  p->spare_vectors = 2;
  if (!lossd_shape_equal(&p->shape[INPUT], &p->shape[TARGET]))
    return lossd_shape_problem(p, TARGET, INPUT, "expected the same shape", problem);
  return lossd_plan_vectors(p, false, 2, vectors, problem);
}

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
};

static const struct lossd_example examples[2] = {
    {.tensor = {{2, {1, 2}, {0, 0}}, {2, {1, 2}, {1, 0}}, {-1, {0}, {0}}},
     .loss = 0.69314718055994530942, /* log 2 */
     .gradient = {-0.25, 0.25}},
    {.tensor = {{1, {4}, {800, -800, 800, 0}}, {1, {4}, {0, 0, 1, 1}}, {1, {4}, {1, 1, 1, 0}}},
     .loss = 200, /* (800 + 0 + 0 + 0 x log 2) / 4 */
     .gradient = {0.25, 0, 0, 0}},
};

LOSS_ROW(MultiLabelSoftMarginLoss) = {
    .name = "MultiLabelSoftMarginLoss",
    .summary = "Binary cross-entropy of the logit of each of several labels, averaged over the labels.",
    .formula = "\\ell = -\\frac{1}{C}\\sum_c \\left(y_c \\log \\sigma(x_c) + (1 - y_c) \\log(1 - "
               "\\sigma(x_c))\\right)",
    .roles = {{"input", "logits x of each label", "(..., C)", LOSSD_FLOATING, .differentiable = true},
              {"target", "targets y, as a rule in [0, 1]", "input's", LOSSD_FLOATING, .differentiable = true},
              {"weight", "a factor for each label", "broadcasts to input", LOSSD_FLOATING, .optional = true}},
    .role_count = 3,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 3,
    .plan = plan,
};
