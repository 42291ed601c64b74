/* NLLLoss: l = -w_y log p_y of the target's class y alone.
 *
 * input holds probabilities p, which must lie in [0, 1], or their logarithms x = log p. dl/dp_y = -w_y / p_y,
 * dl/dx_y = -w_y; 0 for the other classes, whose numbers are not read: their NaN is nobody's. Smooth
 * everywhere. An ignored target leaves its row out. A weight of 0 makes its term 0 against log 0 = -infinity
 * (PyTorch: NaN).
 *
 * Deviation of the textbook definition: input holds probabilities and the reduction is sum. */
#include "core/rowwise.h"
#include "core/stable.h"

enum { REDUCTION, INPUT_KIND, IGNORE_INDEX, OPTIONS };
enum { INPUT, TARGET, WEIGHT };
enum { PROBABILITIES, LOG_PROBABILITIES };

static real row_loss(const struct row *row) {
  const size_t y = (size_t)row->index[TARGET][0];
  const real x = row->x[INPUT][y], w = row->x[WEIGHT] ? row->x[WEIGHT][y] : 1;
  const bool logs = row->option[INPUT_KIND] == LOG_PROBABILITIES;
  const real value = weighted(w, logs ? -x : -real_log(x));
  if (row->grad[INPUT]) {
    const real slope = logs ? -w : w == 0 ? 0 : -w / real_abs(x);
    row->grad[INPUT][y] = canonical(value == value ? row->scale * slope : value);
  }
  return value;
}

static void tile(const struct lossd_tile *t) {
  rowwise(t, row_loss, false);
}
LOSS_KERNEL(NLLLoss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  if (p->option[INPUT_KIND] == PROBABILITIES) p->view[INPUT].domain = LOSSD_UNIT_INTERVAL;
  p->view[INPUT].cure = "set input_kind to log_probabilities";
  p->has_ignored = true;
  p->sparse = true;
  p->ignored = (int64_t)p->option[IGNORE_INDEX];
  return lossd_plan_classes(p, problem) ? problem->status : lossd_take_class_weight(p, problem);
}

static const char *const input_kinds[] = {"probabilities", "log_probabilities", NULL};

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_SUM, LOSSD_MEAN),
    [INPUT_KIND] = {.name = "input_kind",
                    .type = LOSSD_CHOICE,
                    .choices = input_kinds,
                    .textbook = PROBABILITIES,
                    .pytorch = LOG_PROBABILITIES,
                    .description = "What input holds: probabilities or their logarithms."},
    [IGNORE_INDEX] = {.name = "ignore_index",
                      .type = LOSSD_INTEGER,
                      .minimum = -0x1p53,
                      .maximum = 0x1p53,
                      .textbook = -100,
                      .pytorch = -100,
                      .description = "The class index whose rows are left out."},
};

static const struct lossd_example examples[2] = {
    {.tensor = {{2, {2, 2}, {0.5, 0.5, 0.75, 0.25}}, {1, {2}, {0, 1}}, {-1, {0}, {0}}},
     .loss = 2.0794415416798359283, /* log 2 + log 4 = log 8 */
     .gradient = {-2, 0, 0, -4}},
    {.tensor = {{2, {2, 2}, {-1, -2, -3, -4}}, {1, {2}, {1, 0}}, {1, {2}, {1, 3}}},
     .settings = {{.option = "input_kind", .choice = "log_probabilities"},
                  {.option = "reduction", .choice = "mean"}},
     .loss = 2.25, /* (3 x 2 + 1 x 3) / (3 + 1) */
     .gradient = {0, -0.75, -0.25, 0}},
};

LOSS_ROW(NLLLoss) = {
    .name = "NLLLoss",
    .summary = "The negative log-likelihood of the true classes under predicted distributions.",
    .formula = "\\ell = -\\sum_i \\log p_{i, y_i}",
    .roles = {{"input", "probabilities p of each class, or their logarithms",
               "(C), (N, C) or (N, C, d1...dk)", LOSSD_FLOATING, .differentiable = true},
              {"target", "class indices y", "input's shape without C", .kind = LOSSD_INDEX},
              {"weight", "a factor >= 0 for each class", "(C)", LOSSD_FLOATING, .optional = true}},
    .role_count = 3,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 0.3,
    .plan = plan,
};
