/* CrossEntropyLoss: l = -sum_c a_c log p_c, with p = softmax(x) for input_kind logits.
 *
 * With class indices a_c = (1 - e) w_y [c = y] + (e / C) w_c; with target probabilities a_c = w_c ((1 - e)
 * y_c + e / C); e is label_smoothing, w the class weights. An ignored target leaves its row out.
 *
 * dl/dx_c: logits: p_c sum_k a_k - a_c, computed as p_c sum_{k != c} a_k - a_c sum_{k != c} p_k, which keeps
 * the digits of confident rows; log_probabilities: -a_c; probabilities: -a_c / x_c. dl/dy_c = -(1 - e) w_c
 * log p_c. Smooth everywhere. A coefficient a_c = 0 makes its term 0 against log 0. Soft targets are computed
 * in double: where the prediction meets them, p_c sum_k a_k - a_c is what float32 would round away.
 *
 * Deviations from PyTorch: 0 times infinity is 0; confident rows keep their digits (logits [20, 0, 0], target
 * 0 give 4.122e-9 in float32 too); probabilities must lie in [0, 1]. */
#include "core/rowwise.h"
#include "core/softmax.h"
#include "core/stable.h"

enum { REDUCTION, INPUT_KIND, IGNORE_INDEX, LABEL_SMOOTHING, OPTIONS };
enum { INPUT, TARGET, WEIGHT };
enum { LOGITS, PROBABILITIES, LOG_PROBABILITIES };

/* The common case: logits, a class index, no smoothing. Makes NaN canonical. */
static real indexed_logits(const struct row *row) {
  const size_t c = row->length, y = (size_t)row->index[TARGET][0];
  const real *x = row->x[INPUT];
  real *e = row->grad[INPUT] ? row->grad[INPUT] : row->spare;
  /* The row after this: the processor's own prefetching ends with a page. */
  for (size_t i = 0; i < c; i += 64 / sizeof *x) __builtin_prefetch(x + c + i, 0, 2);
  const struct softmax s = softmax(x, c, e);
  const real w = row->x[WEIGHT] ? row->x[WEIGHT][y] : 1;
  if (row->grad[INPUT]) {
    const double others = softmax_others(&s, e, y), total = 1 + s.rest, factor = (double)(w * row->scale);
    const real by = (real)(factor / total);
    for (size_t i = 0; i < c; i++) e[i] = canonical(e[i] * by);
    e[y] = canonical((real)(-factor * (others / total)));
  }
  return weighted(w, (real)((double)(s.maximum - x[y]) + softmax_log_sum(&s)));
}

/* a_c of every class. (Loops that ask whether an array is there become masked loads from nowhere, which some
 * processors take hundreds of cycles over.) */
static void coefficients(const struct row *row, real *restrict a) {
  const size_t c = row->length;
  const real smoothing = (real)row->option[LABEL_SMOOTHING], share = smoothing / (real)c;
  const real *w = row->x[WEIGHT], *y = row->x[TARGET];
  if (y) {
    for (size_t i = 0; i < c; i++) a[i] = (1 - smoothing) * y[i] + share;
  } else {
    for (size_t i = 0; i < c; i++) a[i] = share;
    a[row->index[TARGET][0]] += 1 - smoothing;
  }
  for (size_t i = 0; w && i < c; i++) a[i] *= w[i];
}

/* -log p_c of every class; for logits also e and its softmax. */
static struct softmax negative_logs(const struct row *row, real *restrict e, real *restrict negative) {
  const size_t c = row->length;
  const real *x = row->x[INPUT];
  struct softmax s = {0};
  switch ((int)row->option[INPUT_KIND]) {
  case LOGITS:
    s = softmax(x, c, e);
    const double log_sum = softmax_log_sum(&s);
    for (size_t i = 0; i < c; i++) negative[i] = (real)((double)(s.maximum - x[i]) + log_sum);
    break;
  case PROBABILITIES:
    for (size_t i = 0; i < c; i++) negative[i] = -real_log(x[i]);
    break;
  default:
    for (size_t i = 0; i < c; i++) negative[i] = -x[i];
  }
  return s;
}

static void input_gradient(const struct row *row, const struct softmax *s, const real *e, const real *a,
                           real *restrict grad) {
  const size_t c = row->length;
  const real *x = row->x[INPUT];
  switch ((int)row->option[INPUT_KIND]) {
  case LOGITS: {
    const double by = (double)row->scale / (1 + s->rest), sum = sum_real(a, c);
    for (size_t i = 0; i < c; i++) {
      const double ai = (double)a[i];
      grad[i] = (real)(by * ((double)e[i] * (sum - ai) - ai * softmax_others(s, e, i)));
    }
    break;
  }
  case PROBABILITIES:
    for (size_t i = 0; i < c; i++) grad[i] = a[i] == 0 ? 0 : row->scale * (-a[i] / real_abs(x[i]));
    break;
  default:
    for (size_t i = 0; i < c; i++) grad[i] = row->scale * -a[i];
  }
}

static void target_gradient(const struct row *row, const real *negative, real *restrict grad) {
  const size_t c = row->length;
  const real factor = 1 - (real)row->option[LABEL_SMOOTHING], *w = row->x[WEIGHT];
  if (w)
    for (size_t i = 0; i < c; i++) grad[i] = row->scale * weighted(factor * w[i], negative[i]);
  else
    for (size_t i = 0; i < c; i++) grad[i] = row->scale * weighted(factor, negative[i]);
}

/* Any input kind, any target, smoothing. spare holds three vectors. */
static real general(const struct row *row) {
  const size_t c = row->length;
  real *e = row->spare, *a = e + c, *negative = a + c;
  coefficients(row, a);
  const struct softmax s = negative_logs(row, e, negative);
  if (row->grad[INPUT]) input_gradient(row, &s, e, a, row->grad[INPUT]);
  if (row->grad[TARGET]) target_gradient(row, negative, row->grad[TARGET]);
  for (size_t i = 0; i < c; i++) negative[i] = weighted(a[i], negative[i]);
  return (real)sum_real(negative, c);
}

static void tile(const struct lossd_tile *t) {
  const bool common = t->option[INPUT_KIND] == LOGITS && t->option[LABEL_SMOOTHING] == 0 && t->index[TARGET];
  if (common)
    rowwise_canonical(t, indexed_logits, true);
  else
    rowwise(t, general, true);
}
LOSS_KERNEL(CrossEntropyLoss, tile);

static enum lossd_kind kind(int role, const double *option, const struct lossd_shape *shapes) {
  (void)role;
  (void)option;
  return shapes[TARGET].rank == shapes[INPUT].rank ? LOSSD_FLOATING : LOSSD_INDEX;
}

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  const bool probabilities = !p->view[TARGET].index;
  if (probabilities && p->evaluation->options.given & 1u << IGNORE_INDEX)
    return lossd_fail(problem, LOSSD_INVALID_OPTION, "/options/ignore_index",
                      "ignore_index is given and target holds probabilities; it is for class indices only");
  if (p->option[INPUT_KIND] == PROBABILITIES) p->view[INPUT].domain = LOSSD_UNIT_INTERVAL;
  if (probabilities) p->view[TARGET].domain = LOSSD_UNIT_INTERVAL;
  p->spare_vectors = 3;
  p->wide |= probabilities || p->option[LABEL_SMOOTHING] > 0;
  p->has_ignored = true;
  p->ignored = (int64_t)p->option[IGNORE_INDEX];
  return lossd_plan_classes(p, problem) ? problem->status : lossd_take_class_weight(p, problem);
}

static const char *const input_kinds[] = {"logits", "probabilities", "log_probabilities", NULL};

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
    [INPUT_KIND] = {.name = "input_kind",
                    .type = LOSSD_CHOICE,
                    .choices = input_kinds,
                    .textbook = LOGITS,
                    .pytorch = LOGITS,
                    .description =
                        "What input holds: logits (softmax is applied), probabilities or their logarithms."},
    [IGNORE_INDEX] = {.name = "ignore_index",
                      .type = LOSSD_INTEGER,
                      .minimum = -0x1p53,
                      .maximum = 0x1p53,
                      .textbook = -100,
                      .pytorch = -100,
                      .description = "The class index whose rows are left out. For class indices only."},
    [LABEL_SMOOTHING] = {.name = "label_smoothing",
                         .type = LOSSD_NUMBER,
                         WITHIN(0, 1),
                         .description = "The share of each target that is spread evenly over all classes."},
};

static const struct lossd_example examples[2] = {
    {.tensor = {{2, {1, 2}, {0, 0}}, {1, {1}, {1}}, {-1, {0}, {0}}},
     .loss = 0.69314718055994530942, /* log 2 */
     .gradient = {0.5, -0.5}},
    {.tensor = {{2, {1, 2}, {0.25, 0.75}}, {2, {1, 2}, {1, 0}}, {-1, {0}, {0}}},
     .settings = {{.option = "input_kind", .choice = "probabilities"}},
     .loss = 1.3862943611198906188, /* -log 1/4 */
     .gradient = {-4, 0}},
};

LOSS_ROW(CrossEntropyLoss) = {
    .name = "CrossEntropyLoss",
    .summary = "Softmax and negative log-likelihood in one: how far predicted class scores are from the true "
               "classes.",
    .formula = "\\ell = -\\frac{1}{n}\\sum_i \\sum_c y_{ic} \\log \\frac{\\exp x_{ic}}{\\sum_k \\exp x_{ik}}",
    .roles = {{"input", "scores x of each class", "(C), (N, C) or (N, C, d1...dk)", LOSSD_FLOATING,
               .differentiable = true},
              {"target", "class indices, or probabilities y of each class",
               "indices: input's without C; probabilities: input's", LOSSD_EITHER, .differentiable = true},
              {"weight", "a factor for each class", "(C)", LOSSD_FLOATING, .optional = true}},
    .role_count = 3,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 2,
    .plan = plan,
    .kind = kind,
};
