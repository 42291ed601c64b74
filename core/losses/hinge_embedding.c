/* HingeEmbeddingLoss: l = d for y = 1, max(0, margin - d) for y = -1; d is the length |x| of each vector
 * (norm l2), or the numbers x themselves are distances (norm none, as PyTorch).
 *
 * dl/dd = 1 or -1, the latter also at the kink d = margin; d |x| / dx = x / |x|, 0 at the zero vector.
 * Lengths are computed in double, scaled where squares would leave its range. y must be 1 or -1 (PyTorch adds
 * both branches for others). */
#include "core/norm.h"
#include "core/pointwise.h"
#include "core/rowwise.h"

enum { REDUCTION, NORM, MARGIN, BROADCAST, OPTIONS };
enum { INPUT, TARGET };
enum { L2, NONE };

LOSSD_INLINE struct point point(const real *x, const double *option) {
  /* The margin in two parts, since the sign of what is below it decides. */
  const real margin = R(option[MARGIN]);
  const real rest = real_abs(margin) <= REAL_MAX ? R(option[MARGIN] - (double)margin) : 0;
  const real y = x[TARGET], below = (margin - x[INPUT]) + rest;
  const real apart = real_zero_if(below < 0, below), slope = real_zero_if(below < 0, -1);
  return (struct point){.value = real_select(y > 0, x[INPUT], apart) + (y - y),
                        .grad = {real_select(y > 0, 1, slope)}};
}

static real row_loss(const struct row *row) {
  const size_t n = row->length;
  const real *x = row->x[INPUT];
  const double y = (double)row->x[TARGET][0];
  const struct norm norm = norm_of(x, n, sum_squares(x, n), 1, 0);
  const double distance = norm.unit * norm.length, below = row->option[MARGIN] - distance;
  const double slope = y == 1 ? 1 : below < 0 ? 0 : -1;
  if (row->grad[INPUT]) norm_gradient(slope * (double)row->scale, &norm, x, n, row->grad[INPUT]);
  return (real)(y == 1 ? distance : y != -1 ? y : below < 0 ? 0 : below);
}

LOSSD_FLATTEN static void tile(const struct lossd_tile *t) {
  if (t->option[NORM] == NONE)
    pointwise(t, point, 2, 1);
  else
    rowwise(t, row_loss, true);
}
LOSS_KERNEL(HingeEmbeddingLoss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  static const bool vectors[LOSSD_MAX_ROLES] = {true, false};
  const bool broadcast = p->option[BROADCAST] != 0;
  p->view[TARGET].domain = LOSSD_PLUS_MINUS_ONE;
  if (p->option[NORM] == NONE) return lossd_plan_elementwise(p, broadcast, 2, problem);
  const int status = lossd_plan_vectors(p, broadcast, 1, vectors, problem);
  if (status == LOSSD_SHAPE_MISMATCH)
    lossd_hint(problem, "send one target for each vector of input, or set norm to none");
  return status;
}

static const char *const norms[] = {"l2", "none", NULL};

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
    [NORM] = {.name = "norm",
              .type = LOSSD_CHOICE,
              .choices = norms,
              .textbook = L2,
              .pytorch = NONE,
              .description = "l2: input holds vectors, whose lengths count; none: input holds distances."},
    [MARGIN] = {.name = "margin",
                .type = LOSSD_NUMBER,
                ANY_FINITE,
                .textbook = 1,
                .pytorch = 1,
                .description = "The distance from which on elements of target -1 cost nothing."},
    [BROADCAST] = OPTION_BROADCAST,
};

static const struct lossd_example examples[2] = {
    {.tensor = {{2, {3, 2}, {3, 4, 0.3, 0.4, 3, 4}}, {1, {3}, {1, -1, -1}}},
     .settings = {{.option = "reduction", .choice = "sum"}},
     .loss = 5.5, /* 5 + (1 - 0.5) + 0 */
     .gradient = {0.6, 0.8, -0.6, -0.8, 0, 0}},
    {.tensor = {{1, {4}, {2, 0.25, 1, 3}}, {1, {4}, {1, -1, -1, -1}}},
     .settings = {{.option = "norm", .choice = "none"}},
     .loss = 0.6875, /* (2 + 0.75 + 0 + 0) / 4; exactly at the margin the full gradient passes */
     .gradient = {0.25, -0.25, -0.25, 0}},
};

LOSS_ROW(HingeEmbeddingLoss) = {
    .name = "HingeEmbeddingLoss",
    .summary = "Draws embeddings of target 1 to zero and pushes those of target -1 beyond a margin.",
    .formula = "\\ell = \\begin{cases} \\|x\\| & y = 1 \\\\ \\max(0, m - \\|x\\|) & y = -1 \\end{cases}",
    .roles = {{"input", "vectors x (norm l2) or distances (norm none)", "(..., D) under norm l2, else any",
               LOSSD_FLOATING, .differentiable = true},
              {"target", "1: alike, -1: unlike", "input's without D under norm l2, else input's",
               LOSSD_FLOATING, .differentiable = false}},
    .role_count = 2,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 0.7,
    .plan = plan,
};
