/* BCEWithLogitsLoss: l = w ((1 - y) x + (1 + (q - 1) y) softplus(-x)), the BCELoss of sigmoid(x); w is the
 * optional weight, q the optional pos_weight.
 *
 * Domain: all numbers. Smooth. With e = exp(-|x|) and a = log1p(e), each side of 0 has a form without
 * cancellation:
 * - x >= 0: l = (1 - y) x + (q y + 1 - y) a, dl/dx = (1 - y - q y e) / (1 + e), dl/dy = -x + (q - 1) a
 * - x < 0: l = -q y x + (q y + 1 - y) a, dl/dx = ((1 - y) e - q y) / (1 + e), dl/dy = -q x + (q - 1) a
 *
 * No deviation from PyTorch, but that coefficients of 0 silence infinity. */
#include "core/pointwise.h"
#include "core/stable.h"

enum { REDUCTION, OPTIONS };
enum { INPUT, TARGET, WEIGHT, POS_WEIGHT };

LOSSD_INLINE double exponent(real x) {
  return real_bounded_below(-real_abs(x));
}

LOSSD_INLINE struct point weighted_point(const real *x, real w, real q, double wide_e) {
  const real z = x[0], y = x[1], no = 1 - y, yes = q * y;
  const double wide_y = (double)y, wide_yes = (double)q * wide_y;
  const real e = R(wide_e), a = real_log1p_unit(e);
  const bool right = z >= 0;
  const real value = weighted(real_select(right, no, -yes), z) + (yes + no) * a;
  const double wide_no = 1 - wide_y;
  const real over = R(wide_no - wide_yes * wide_e), under = R(wide_no * wide_e - wide_yes);
  const real slope = real_select(right, over, under) / (1 + e);
  const double rest = ((double)q - 1) * log1p_unit_f64(wide_e);
  const real by_target = R(select_f64(right, -(double)z, (double)weighted(-q, z)) + rest);
  return (struct point){.value = weighted(w, value), .grad = {weighted(w, slope), weighted(w, by_target)}};
}

LOSSD_INLINE struct point with_weights(const real *x, const double *option, double e) {
  return (void)option, weighted_point(x, x[WEIGHT], x[POS_WEIGHT], e);
}
LOSSD_INLINE struct point without_weights(const real *x, const double *option, double e) {
  return (void)option, weighted_point(x, 1, 1, e);
}

LOSSD_FLATTEN static void tile(const struct lossd_tile *t) {
  if (is_given(t, WEIGHT) || is_given(t, POS_WEIGHT))
    pointwise_exp(t, exponent, with_weights, 4, 2);
  else
    pointwise_exp(t, exponent, without_weights, 2, 2);
}
LOSS_KERNEL(BCEWithLogitsLoss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  return lossd_plan_elementwise(p, false, 2, problem);
}

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
};

static const struct lossd_example examples[2] = {
    {.tensor = {{1, {2}, {0, 0}}, {1, {2}, {1, 0}}, {-1, {0}, {0}}, {-1, {0}, {0}}},
     .loss = 0.69314718055994530942, /* log 2 */
     .gradient = {-0.25, 0.25}},
    {.tensor = {{1, {2}, {800, -800}}, {1, {2}, {0, 1}}, {-1, {0}, {0}}, {0, {0}, {3}}},
     .settings = {{.option = "reduction", .choice = "sum"}},
     .loss = 3200, /* 800 + 3 x 800 */
     .gradient = {1, -3}},
};

LOSS_ROW(BCEWithLogitsLoss) = {
    .name = "BCEWithLogitsLoss",
    .summary = "Binary cross-entropy of sigmoid(input), computed from the logits.",
    .formula = "\\ell = -\\frac{1}{n}\\sum_i \\left(y_i \\log \\sigma(x_i) + (1 - y_i) \\log(1 - "
               "\\sigma(x_i))\\right)",
    .roles = {{"input", "logits x", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true},
              {"target", "targets y, as a rule in [0, 1]", "input's", LOSSD_FLOATING, .differentiable = true},
              {"weight", "a factor for each element", "broadcasts to input", LOSSD_FLOATING,
               .optional = true},
              {"pos_weight", "a factor for the positive term", "broadcasts to input", LOSSD_FLOATING,
               .optional = true}},
    .role_count = 4,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 2,
    .plan = plan,
};
