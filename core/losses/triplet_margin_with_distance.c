/* TripletMarginWithDistanceLoss: l = max(0, d(a, p) - d(a, n) + margin) with a distance d of the caller's
 * choice.
 *
 * euclidean |a - p|, squared_euclidean |a - p|^2, manhattan sum |a - p|, chebyshev max |a - p|, minkowski
 * (sum |a - p|^p)^(1/p), cosine 1 - a.p / (|a| |p|); eps is added to each coordinate of a difference for
 * euclidean and minkowski. Kinks as in TripletMarginLoss; the cosine with a zero vector is 0, its gradient
 * too. Deviation from PyTorch: scaled norms, no overflow. */
#include "core/triplet.h"

enum { REDUCTION, DISTANCE, EXPRESSION, P, EPS, SWAP, MARGIN, BROADCAST, OPTIONS };
enum { EUCLIDEAN, SQUARED_EUCLIDEAN, MANHATTAN, CHEBYSHEV, MINKOWSKI, COSINE };

static struct distance chosen(const double *option) {
  const double p = option[P], eps = option[EPS];
  switch ((int)option[DISTANCE]) {
  case EUCLIDEAN: return (struct distance){.kernel = &euclidean_distance, .eps = eps};
  case SQUARED_EUCLIDEAN: return (struct distance){.kernel = &euclidean_distance, .squared = true};
  case MANHATTAN: return (struct distance){.kernel = &manhattan_distance};
  case CHEBYSHEV: return (struct distance){.kernel = &maximum_distance};
  case MINKOWSKI: return (struct distance){.kernel = norm_kernel(p), .p = p, .eps = eps};
  default: return (struct distance){.kernel = &cosine_distance};
  }
}

static void tile(const struct lossd_tile *t) {
  const struct triplet triplet = {
      .distance = chosen(t->option), .margin = t->option[MARGIN], .swap = t->option[SWAP] != 0};
  triplet_tile(t, &triplet);
}
LOSS_KERNEL(TripletMarginWithDistanceLoss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  const unsigned given = p->evaluation->options.given;
  if (given & 1u << DISTANCE && given & 1u << EXPRESSION) {
    lossd_fail(problem, LOSSD_INVALID_OPTION, "/options/distance_expression",
               "distance and distance_expression are both given, expected one of them");
    lossd_hint(problem, "leave out distance or distance_expression");
    return problem->status;
  }
  if (given & 1u << EXPRESSION) {
    lossd_fail(problem, LOSSD_INVALID_OPTION, "/options/distance_expression",
               "distance_expression is given, which is not available");
    lossd_hint(problem, "send a named distance instead");
    return problem->status;
  }
  return plan_triplet(p, p->option[BROADCAST] != 0, problem);
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
                    .description = "A distance of your own, in place of a named one."},
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
