/* BCELoss: l = -w (y log p + (1 - y) log(1 - p)); p is input, w the optional weight.
 *
 * Domain: p and y within [0, 1]. dl/dp = w (p - y) / (p (1 - p)), dl/dy = w (log(1 - p) - log p); where a
 * coefficient y or 1 - y is 0 its term is 0, so at p = y = 0 dl/dp = w. clamp_log holds both logarithms at
 * -100 at least, as PyTorch does, and its dl/dp divides by max(p (1 - p), 1e-12 rounded to float32); dl/dy is
 * not clamped. */
#include "core/pointwise.h"
#include "core/stable.h"

enum { REDUCTION, CLAMP_LOG, OPTIONS };

/* log(1 - p) - log p, which cancels about 1/2: in double. */
static inline real by_target_of(real p) {
  return R(log1p_f64(-(double)p) - log_f64((double)p));
}

/* -(y log_p + (1 - y) log_q), with its derivative by p given. */
LOSSD_INLINE struct point entropy(const real *x, real log_p, real log_q, real slope, real by_target) {
  const real y = x[1], w = x[2];
  const real value = -(weighted(y, log_p) + weighted(1 - y, log_q));
  return (struct point){.value = weighted(w, value), .grad = {weighted(w, slope), weighted(w, by_target)}};
}

LOSSD_INLINE struct point exact(const real *x, const double *option) {
  (void)option;
  const real p = real_abs(x[0]), y = x[1], q = 1 - p, log_p = real_log(p), log_q = real_log1p(-p);
  real slope = (p - y) / (p * q); /* p is not -0.0 */
  slope = real_select((p == 0) & (y == 0), 1, slope);
  slope = real_select((q == 0) & (y == 1), -1, slope);
  return entropy(x, log_p, log_q, slope, by_target_of(p));
}

LOSSD_INLINE struct point clamped(const real *x, const double *option) {
  (void)option;
  const real p = x[0], y = x[1], log_p = real_log(p), log_q = real_log1p(-p),
             least = R(9.999999960041972e-13);
  const real variance = p * (1 - p);
  const real slope = (p - y) / real_select(variance < least, least, variance);
  return entropy(x, real_select(log_p < -100, -100, log_p), real_select(log_q < -100, -100, log_q), slope,
                 by_target_of(p));
}

LOSSD_FLATTEN static void tile(const struct lossd_tile *t) {
  if (t->option[CLAMP_LOG] != 0)
    pointwise(t, clamped, 3, 2);
  else
    pointwise(t, exact, 3, 2);
}
LOSS_KERNEL(BCELoss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  p->view[0].domain = p->view[1].domain = LOSSD_UNIT_INTERVAL;
  p->view[0].cure = "take BCEWithLogitsLoss for logits";
  return lossd_plan_elementwise(p, false, 2, problem);
}

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
    [CLAMP_LOG] = {.name = "clamp_log",
                   .type = LOSSD_BOOLEAN,
                   .textbook = 0,
                   .pytorch = 1,
                   .description = "Hold logarithms at -100 at least, so that the loss stays finite."},
};

static const struct lossd_example examples[2] = {
    {.tensor = {{1, {2}, {0.5, 0.25}}, {1, {2}, {1, 1}}, {-1, {0}, {0}}},
     .settings = {{.option = "reduction", .choice = "sum"}},
     .loss = 2.0794415416798359283, /* log 2 + log 4 */
     .gradient = {-2, -4}},
    {.tensor = {{1, {2}, {0, 1}}, {1, {2}, {0, 1}}, {-1, {0}, {0}}}, .loss = 0, .gradient = {0.5, -0.5}},
};

LOSS_ROW(BCELoss) = {
    .name = "BCELoss",
    .summary = "Binary cross-entropy between probabilities and targets.",
    .formula = "\\ell = -\\frac{1}{n}\\sum_i \\left(y_i \\log p_i + (1 - y_i) \\log(1 - p_i)\\right)",
    .roles = {{"input", "probabilities p", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true},
              {"target", "targets y in [0, 1]", "input's", LOSSD_FLOATING, .differentiable = true},
              {"weight", "a factor for each element", "broadcasts to input", LOSSD_FLOATING,
               .optional = true}},
    .role_count = 3,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 3,
    .plan = plan,
};
