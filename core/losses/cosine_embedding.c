/* CosineEmbeddingLoss: l = 1 - cos(x1, x2) for y = 1, max(0, cos(x1, x2) - margin) for y = -1.
 *
 * cos = x1.x2 / sqrt((|x1|^2 + eps) (|x2|^2 + eps)), computed in double, with scaled norms; d cos / d x1 =
 * x2 / (|x1| |x2|) - cos x1 / |x1|^2. Without eps a zero vector has cosine 0 and gradient 0. At the kink, cos
 * = margin, the full gradient passes. y must be 1 or -1.
 *
 * Where x1 or x2 has one element that is broadcast along the last axis, its norm is that of the one element,
 * as PyTorch's. Deviations from PyTorch: other y are refused (there: 0); no overflow of |x1|^2 |x2|^2. */
#include "core/norm.h"
#include "core/rowwise.h"

enum { REDUCTION, MARGIN, EPS, BROADCAST, OPTIONS };
enum { INPUT1, INPUT2, TARGET };

/* How many elements of a row's vector are one number, broadcast. */
static double copies(const struct row *row, int role) {
  return row->plan->view[role].step ? 1 : (double)row->length;
}

static real row_loss(const struct row *row) {
  const real *x1 = row->x[INPUT1], *x2 = row->x[INPUT2];
  const size_t n = row->length;
  const double y = (double)row->x[TARGET][0];
  const struct cosine c = cosine_of(x1, x2, n, row->option[EPS], copies(row, INPUT1), copies(row, INPUT2));
  const double beyond = c.value - row->option[MARGIN];
  const double factor = y == 1 ? -(double)row->scale : beyond < 0 ? 0 : (double)row->scale;
  if (row->grad[INPUT1]) cosine_gradient(factor, &c.x, x1, x2, n, row->grad[INPUT1]);
  if (row->grad[INPUT2]) cosine_gradient(factor, &c.y, x2, x1, n, row->grad[INPUT2]);
  return (real)(y == 1 ? 1 - c.value : y != -1 ? y : beyond < 0 ? 0 : beyond);
}

static void tile(const struct lossd_tile *t) {
  rowwise(t, row_loss, true);
}
LOSS_KERNEL(CosineEmbeddingLoss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  static const bool vectors[LOSSD_MAX_ROLES] = {true, true, false};
  if (lossd_plan_rank(p, INPUT1, 2, problem) || lossd_plan_rank(p, INPUT2, 2, problem))
    return problem->status;
  if (p->shape[INPUT1].rank != p->shape[INPUT2].rank)
    return lossd_shape_problem(p, INPUT2, INPUT1, "expected both (D) or both (N, D)", problem);
  if (p->shape[TARGET].rank != p->shape[INPUT1].rank - 1)
    return lossd_shape_problem(p, TARGET, INPUT1, "expected its shape without the last axis", problem);
  p->view[TARGET].domain = LOSSD_PLUS_MINUS_ONE;
  return lossd_plan_vectors(p, p->option[BROADCAST] != 0, 2, vectors, problem);
}

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
    [MARGIN] = {.name = "margin",
                .type = LOSSD_NUMBER,
                WITHIN(-1, 1),
                .textbook = 0,
                .pytorch = 0,
                .description = "The cosine up to which vectors of target -1 cost nothing."},
    [EPS] = {.name = "eps",
             .type = LOSSD_NUMBER,
             AT_LEAST(0),
             .textbook = 0,
             .pytorch = 9.999999960041972e-13, /* float32's 1e-12 */
             .description = "A number added to each squared norm."},
    [BROADCAST] = OPTION_BROADCAST,
};

static const struct lossd_example examples[2] = {
    {.tensor = {{1, {2}, {3, 4}}, {1, {2}, {4, 3}}, {0, {0}, {1}}},
     .loss = 0.04, /* 1 - 24 / 25 */
     .gradient = {-0.0448, 0.0336}},
    {.tensor = {{2, {2, 2}, {1, 0, 0, 1}}, {2, {2, 2}, {0.6, 0.8, 0.8, -0.6}}, {1, {2}, {-1, -1}}},
     .settings = {{.option = "margin", .number = 0.5}},
     .loss = 0.05, /* (0.6 - 0.5 + 0) / 2 */
     .gradient = {0, 0.4, 0, 0}},
};

LOSS_ROW(CosineEmbeddingLoss) = {
    .name = "CosineEmbeddingLoss",
    .summary = "Draws two vectors together (target 1) or apart (target -1) by the cosine of their angle.",
    .formula =
        "\\ell = \\begin{cases} 1 - \\cos(x_1, x_2) & y = 1 \\\\ \\max(0, \\cos(x_1, x_2) - m) & y = -1 "
        "\\end{cases}",
    .roles = {{"input1", "vectors x1", "(D) or (N, D)", LOSSD_FLOATING, .differentiable = true},
              {"input2", "vectors x2", "(D) or (N, D)", LOSSD_FLOATING, .differentiable = true},
              {"target", "1: alike, -1: unlike", "() or (N)", .kind = LOSSD_FLOATING}},
    .role_count = 3,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 1,
    .plan = plan,
};
