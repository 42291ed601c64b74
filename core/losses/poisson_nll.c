/* PoissonNLLLoss: l = x - y log(x + eps), or with log_input exp(x) - y x; full adds an approximation of log
 * y!.
 *
 * Domain: all numbers; a rate x + eps < 0 gives NaN. Smooth: dl/dx = 1 - y / (x + eps), or exp(x) - y; dl/dy
 * = -log(x + eps), or -x. full = stirling (PyTorch's full=True) adds y log y - y + log(2 pi y) / 2 where y >
 * 1 and is not differentiated below; full = exact adds lgamma(y + 1). A term with y = 0 is 0. */
#include "core/pointwise.h"
#include "core/stable.h"
#include "core/vector_math_gamma.h"

enum { REDUCTION, BROADCAST, LOG_INPUT, FULL, EPS, OPTIONS };
enum { NOT, STIRLING, EXACT };

/* The logarithm of y! and its derivative. */
struct log_factorial {
  real value;
  double slope;
};

LOSSD_INLINE struct log_factorial log_factorial(real y, int full) {
  if (full == EXACT) return (struct log_factorial){R(lgamma_f64((double)y + 1)), digamma_f64((double)y + 1)};
  if (full == NOT) return (struct log_factorial){0, 0};
  const double wide = (double)y, log_y = log_f64(wide), half_log_two_pi = 0.91893853320467274178;
  const bool large = y > 1;
  return (struct log_factorial){R(large ? wide * log_y - wide + (half_log_two_pi + 0.5 * log_y) : 0),
                                large ? log_y + 0.5 / wide : 0};
}

LOSSD_INLINE struct point rate(const real *x, const double *option, int full) {
  const double wide = (double)x[0] + option[EPS];
  const real y = x[1], log_x = real_log(R(wide));
  const struct log_factorial f = log_factorial(y, full);
  return (struct point){
      .value = x[0] - weighted(y, log_x) + f.value,
      .grad = {real_select(y == 0, wide == wide ? 1 : R(wide), R((wide - (double)y) / wide)),
               R(f.slope - log_f64(wide))}};
}

LOSSD_INLINE double exponent(real x) {
  return real_bounded(x);
}

LOSSD_INLINE struct point log_rate(const real *x, int full, double rate_x) {
  const real y = x[1];
  const struct log_factorial f = log_factorial(y, full);
  return (struct point){.value = R(rate_x) - weighted(y, x[0]) + f.value,
                        .grad = {R(rate_x - (double)y), R(f.slope - (double)x[0])}};
}

LOSSD_INLINE struct point rate_only(const real *x, const double *option) {
  return rate(x, option, NOT);
}
LOSSD_INLINE struct point rate_stirling(const real *x, const double *option) {
  return rate(x, option, STIRLING);
}
LOSSD_INLINE struct point rate_exact(const real *x, const double *option) {
  return rate(x, option, EXACT);
}
LOSSD_INLINE struct point log_only(const real *x, const double *option, double e) {
  return (void)option, log_rate(x, NOT, e);
}
LOSSD_INLINE struct point log_stirling(const real *x, const double *option, double e) {
  return (void)option, log_rate(x, STIRLING, e);
}
LOSSD_INLINE struct point log_exact(const real *x, const double *option, double e) {
  return (void)option, log_rate(x, EXACT, e);
}

LOSSD_FLATTEN static void tile(const struct lossd_tile *t) {
  const int full = (int)t->option[FULL];
  if (t->option[LOG_INPUT] == 0) {
    if (full == NOT)
      pointwise(t, rate_only, 2, 2);
    else if (full == STIRLING)
      pointwise(t, rate_stirling, 2, 2);
    else
      pointwise(t, rate_exact, 2, 2);
  } else {
    if (full == NOT)
      pointwise_exp(t, exponent, log_only, 2, 2);
    else if (full == STIRLING)
      pointwise_exp(t, exponent, log_stirling, 2, 2);
    else
      pointwise_exp(t, exponent, log_exact, 2, 2);
  }
}
LOSS_KERNEL(PoissonNLLLoss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  return lossd_plan_elementwise(p, p->option[BROADCAST] != 0, 2, problem);
}

static const char *const fulls[] = {"false", "stirling", "exact", NULL};

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
    [BROADCAST] = OPTION_BROADCAST,
    [LOG_INPUT] = {.name = "log_input",
                   .type = LOSSD_BOOLEAN,
                   .textbook = 0,
                   .pytorch = 1,
                   .description = "Whether input holds logarithms of rates."},
    [FULL] = {.name = "full",
              .type = LOSSD_CHOICE,
              .choices = fulls,
              .boolean_true = "stirling",
              .textbook = NOT,
              .pytorch = NOT,
              .description = "Add log(target!): by Stirling's approximation (also true) or exactly."},
    [EPS] = {.name = "eps",
             .type = LOSSD_NUMBER,
             AT_LEAST(0),
             .textbook = 0,
             .pytorch = 1e-8,
             .description = "Added to the rate inside the logarithm. Without log_input only."},
};

static const struct lossd_example examples[2] = {
    {.tensor = {{1, {2}, {1, 1}}, {1, {2}, {3, 0}}},
     .loss = 1, /* log 1 = 0 */
     .gradient = {-1, 0.5}},
    {.tensor = {{0, {0}, {0}}, {0, {0}, {3}}},
     .settings = {{.option = "log_input", .number = 1}, {.option = "full", .choice = "exact"}},
     .loss = 2.7917594692280550008, /* 1 - 0 + log 3! */
     .gradient = {-2}},
};

LOSS_ROW(PoissonNLLLoss) = {
    .name = "PoissonNLLLoss",
    .summary = "The negative log-likelihood of counts under Poisson distributions with given rates.",
    .formula = "\\ell = \\frac{1}{n}\\sum_i \\left(x_i - y_i \\log x_i\\right)",
    .roles = {{"input", "rates x, or their logarithms", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true},
              {"target", "counts y", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true}},
    .role_count = 2,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 3,
    .plan = plan,
};
