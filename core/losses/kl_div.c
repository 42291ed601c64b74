/* KLDivLoss: l = P (log P - log Q); input holds Q, target P, either of them possibly as logarithms.
 *
 * Domain: probabilities within [0, 1]. dl/dQ = -P / Q, dl/dlog Q = -P; dl/dP = log P - log Q + 1, which is
 * -inf at P = 0, its one-sided limit; dl/dlog P = P (log P - log Q + 1). A term with P = 0 is 0, whatever Q
 * is. batchmean divides by input's shape[0] (1 at rank 0), however far input broadcasts; with sample_weight
 * by the mean weight times that. PyTorch knows only input_kind log_probabilities. */
#include "core/pointwise.h"
#include "core/stable.h"

enum { REDUCTION, BROADCAST, INPUT_KIND, LOG_TARGET, OPTIONS };
enum { PROBABILITIES, LOG_PROBABILITIES };

/* log P - log Q, where P = 0 without NaN. */
static inline real difference_of(real p, real log_p, real log_q) {
  return real_select((p == 0) & (log_q == log_q), -REAL_INFINITY, log_p - log_q);
}

/* log P - log Q + 1, which may cancel: in double. */
static inline double slope_of(real p, double log_p, double log_q) {
  return select_f64((p == 0) & (log_q == log_q), -(double)INFINITY, log_p - log_q) + 1;
}

LOSSD_INLINE struct point probabilities(const real *x, const double *option) {
  (void)option;
  const real q = x[0], p = x[1];
  return (struct point){.value = weighted(p, difference_of(p, real_log(p), real_log(q))),
                        .grad = {real_zero_if(p == 0, -p / real_abs(q)),
                                 R(slope_of(p, log_f64((double)p), log_f64((double)q)))}};
}

LOSSD_INLINE struct point log_input(const real *x, const double *option) {
  (void)option;
  const real p = x[1];
  return (struct point){.value = weighted(p, difference_of(p, real_log(p), x[0])),
                        .grad = {-p, R(slope_of(p, log_f64((double)p), (double)x[0]))}};
}

LOSSD_INLINE struct point log_target(const real *x, const double *option) {
  (void)option;
  const real q = x[0], p = real_exp(x[1]);
  return (struct point){.value = weighted(p, difference_of(p, x[1], real_log(q))),
                        .grad = {real_zero_if(p == 0, -p / real_abs(q)),
                                 weighted(p, R(slope_of(p, (double)x[1], log_f64((double)q))))}};
}

LOSSD_INLINE struct point both_logs(const real *x, const double *option) {
  (void)option;
  const real p = real_exp(x[1]);
  return (struct point){.value = weighted(p, difference_of(p, x[1], x[0])),
                        .grad = {-p, weighted(p, R(slope_of(p, (double)x[1], (double)x[0])))}};
}

LOSSD_FLATTEN static void tile(const struct lossd_tile *t) {
  const bool logs = t->option[INPUT_KIND] == LOG_PROBABILITIES, log_p = t->option[LOG_TARGET] != 0;
  if (logs && log_p)
    pointwise(t, both_logs, 2, 2);
  else if (logs)
    pointwise(t, log_input, 2, 2);
  else if (log_p)
    pointwise(t, log_target, 2, 2);
  else
    pointwise(t, probabilities, 2, 2);
}
LOSS_KERNEL(KLDivLoss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  if (p->option[INPUT_KIND] == PROBABILITIES) p->view[0].domain = LOSSD_UNIT_INTERVAL;
  p->view[0].cure = "set input_kind to log_probabilities";
  p->view[1].cure = "set log_target to true";
  if (p->option[LOG_TARGET] == 0) p->view[1].domain = LOSSD_UNIT_INTERVAL;
  if (p->option[REDUCTION] == LOSSD_BATCHMEAN) p->batch = p->shape[0].rank ? p->shape[0].dim[0] : 1;
  return lossd_plan_elementwise(p, p->option[BROADCAST] != 0, 2, problem);
}

static const char *const reductions[] = {"none", "mean", "sum", "batchmean", NULL};
static const char *const input_kinds[] = {"probabilities", "log_probabilities", NULL};

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] =
        {.name = "reduction",
         .type = LOSSD_CHOICE,
         .choices = reductions,
         .textbook = LOSSD_SUM,
         .pytorch = LOSSD_MEAN,
         .description =
             "What to do with the unreduced losses; batchmean divides their sum by input's first dimension, "
             "times the mean sample_weight."},
    [BROADCAST] = OPTION_BROADCAST,
    [INPUT_KIND] = {.name = "input_kind",
                    .type = LOSSD_CHOICE,
                    .choices = input_kinds,
                    .textbook = PROBABILITIES,
                    .pytorch = LOG_PROBABILITIES,
                    .description = "What input holds: probabilities or their logarithms."},
    [LOG_TARGET] = {.name = "log_target",
                    .type = LOSSD_BOOLEAN,
                    .description = "Whether target holds logarithms of probabilities."},
};

static const struct lossd_example examples[2] = {
    {.tensor = {{1, {2}, {0.5, 0.5}}, {1, {2}, {1, 0}}},
     .loss = 0.69314718055994530942, /* log 2 + 0 */
     .gradient = {-2, 0}},
    {.tensor = {{1, {2}, {0.25, 0.75}}, {1, {2}, {0.25, 0.75}}}, .loss = 0, .gradient = {-1, -1}},
};

LOSS_ROW(KLDivLoss) = {
    .name = "KLDivLoss",
    .summary = "The Kullback-Leibler divergence of the target distribution from the predicted one.",
    .formula = "\\ell = \\sum_i P_i \\log \\frac{P_i}{Q_i}",
    .roles = {{"input", "the model's distribution Q", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true},
              {"target", "the true distribution P", ANY_SHAPE, LOSSD_FLOATING, .differentiable = true}},
    .role_count = 2,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 3,
    .plan = plan,
};
