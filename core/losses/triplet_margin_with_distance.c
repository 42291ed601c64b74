/* TripletMarginWithDistanceLoss: l = max(0, d(a, p) - d(a, n) + margin) with a distance d of the caller's
 * choice.
 *
 * euclidean |a - p|, squared_euclidean |a - p|^2, manhattan sum |a - p|, chebyshev max |a - p|, minkowski
 * (sum |a - p|^p)^(1/p), cosine 1 - a.p / (|a| |p|); eps is added to each coordinate of a difference for
 * euclidean and minkowski. Kinks as in TripletMarginLoss; the cosine with a zero vector is 0, its gradient
 * too. Deviation from PyTorch: scaled norms, no overflow. Or an expression of the caller's own
 * (core/expression.h), whose subgradients are PyTorch's; it runs in float64 whatever the tensors are. */
#include "core/expression.h"
#include "core/triplet.h"
#ifndef LOSSD_SINGLE_PRECISION
#include "core/expression_distance.h"
#endif

enum { REDUCTION, DISTANCE, EXPRESSION, P, EPS, SWAP, MARGIN, BROADCAST, OPTIONS };
enum { EUCLIDEAN, SQUARED_EUCLIDEAN, MANHATTAN, CHEBYSHEV, MINKOWSKI, COSINE };

static struct distance chosen(const double *option) {
  const double p = option[P], eps = option[EPS];
  switch ((int)option[DISTANCE]) {
  case EUCLIDEAN: return norm_distance(2, eps, false);
  case SQUARED_EUCLIDEAN: return norm_distance(2, 0, true);
  case MANHATTAN: return norm_distance(1, 0, false);
  case CHEBYSHEV: return norm_distance(INFINITY, 0, false);
  case MINKOWSKI: return norm_distance(p, eps, false);
  default: return (struct distance){.kernel = &cosine_distance};
  }
}

static void tile(const struct lossd_tile *t) {
  struct triplet triplet = {
      .distance = chosen(t->option), .margin = t->option[MARGIN], .swap = t->option[SWAP] != 0};
#ifndef LOSSD_SINGLE_PRECISION
  const int64_t length = (int64_t)t->length[ANCHOR];
  if (t->plan->context) {
    triplet.distance = (struct distance){.kernel = &expression_distance, .context = t->plan->context};
    triplet.kept = (size_t)lossd_expression_room(t->plan->context, triplet_block_rows(length), length);
  }
#endif
  triplet_tile(t, &triplet);
}
LOSS_KERNEL(TripletMarginWithDistanceLoss, tile);

/* Compiles the expression, and asks for room for the values of each pair of roles and
 * for their derivatives. */
static int plan_expression(struct lossd_plan *p, struct lossd_problem *problem) {
  const struct lossd_options *options = &p->evaluation->options;
  const int64_t length = p->view[ANCHOR].length, rows = triplet_block_rows(length);
  const struct lossd_expression *expression = NULL;
  if (lossd_expression_compile(&expression, options->text, options->text_length, length, p->arena, problem))
    return problem->status;
  const int64_t room = lossd_expression_room(expression, rows, length);
  p->spare_vectors = (int)((TRIPLET_ROLES * rows * length + (TRIPLET_PAIRS + 1) * room) / length + 2);
  p->context = (void *)expression;
  p->work = expression->count;
  p->wide = true;
  return LOSSD_OK;
}

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  const unsigned given = p->evaluation->options.given;
  if (given & 1u << DISTANCE && given & 1u << EXPRESSION) {
    lossd_fail(problem, LOSSD_INVALID_OPTION, "/options/distance_expression",
               "distance and distance_expression are both given, expected one of them");
    lossd_hint(problem, "leave out distance or distance_expression");
    return problem->status;
  }
  if (plan_triplet(p, p->option[BROADCAST] != 0, problem)) return problem->status;
  return given & 1u << EXPRESSION ? plan_expression(p, problem) : LOSSD_OK;
}

static const char *const distances[] = {
    "euclidean", "squared_euclidean", "manhattan", "chebyshev", "minkowski", "cosine", NULL};

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
    [DISTANCE] = {.name = "distance",
                  .type = LOSSD_CHOICE,
                  .choices = distances,
                  .textbook = EUCLIDEAN,
                  .pytorch = EUCLIDEAN,
                  .description = "The distance between two vectors."},
    [EXPRESSION] = {.name = "distance_expression",
                    .type = LOSSD_TEXT,
                    .description = "A distance d(a, b) of your own, in place of a named one, for instance "
                                   "sqrt(sum((a - b)^2) + 1e-12). Vectors a and b; numbers, pi, e, D (their "
                                   "length); + - * / ^ and parentheses; elementwise abs sqrt exp log log1p "
                                   "expm1 sin cos tan tanh sinh cosh atan sign max(x,y) min(x,y) pow(x,y); "
                                   "reductions to a number sum mean prod amax amin norm dot(x,y). The result "
                                   "is a number. At most 4096 bytes, 512 operands, operators and calls, "
                                   "parentheses 64 deep."},
    [P] = OPTION_P("The power of the minkowski distance; Infinity for the maximum."),
    [EPS] = OPTION_DISTANCE_EPS("A number added to each coordinate of a difference: euclidean, minkowski."),
    [SWAP] = OPTION_SWAP,
    [MARGIN] = OPTION_MARGIN,
    [BROADCAST] = OPTION_BROADCAST,
};

static const struct lossd_example examples[2] = {
    {.tensor = {{1, {2}, {0, 0}}, {1, {2}, {3, 4}}, {1, {2}, {0, 4}}},
     .loss = 2, /* 5 - 4 + 1 */
     .gradient = {-0.6, 0.2}},
    {.tensor = {{2, {1, 2}, {1, 0}}, {2, {1, 2}, {0, 2}}, {2, {1, 2}, {3, 4}}},
     .settings = {{.option = "distance", .choice = "cosine"}},
     .loss = 1.6, /* (1 - 0) - (1 - 3 / 5) + 1 */
     .gradient = {0, -0.2}},
};

LOSS_ROW(TripletMarginWithDistanceLoss) = {
    .name = "TripletMarginWithDistanceLoss",
    .summary = "The triplet margin loss with a distance function of your choice.",
    .formula = "\\ell = \\max(0, d(a, p) - d(a, n) + m)",
    .roles = {TRIPLET_ROLE_LIST},
    .role_count = TRIPLET_ROLES,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 1.5,
    .plan = plan,
};
