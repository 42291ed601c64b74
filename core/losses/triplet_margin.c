/* TripletMarginLoss: l = max(0, d(a, p) - d(a, n) + margin), d the squared p-norm (option squared) or the
 * p-norm of the difference, to whose coordinates eps is added.
 *
 * Kinks: the full gradient passes exactly at the margin; a norm at the zero vector and |.|^p at a zero
 * coordinate have gradient 0; coordinates that tie for the maximum norm share its gradient, as do both
 * distances in a tie of swap. Deviation from PyTorch: scaled norms, no overflow. */
#include "core/triplet.h"

enum { REDUCTION, SQUARED, P, EPS, SWAP, MARGIN, BROADCAST, OPTIONS };

static void tile(const struct lossd_tile *t) {
  const struct triplet triplet = {.distance =
                                      norm_distance(t->option[P], t->option[EPS], t->option[SQUARED] != 0),
                                  .margin = t->option[MARGIN],
                                  .swap = t->option[SWAP] != 0};
  triplet_tile(t, &triplet);
}
LOSS_KERNEL(TripletMarginLoss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  return plan_triplet(p, p->option[BROADCAST] != 0, problem);
}

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
    [SQUARED] = {.name = "squared",
                 .type = LOSSD_BOOLEAN,
                 .textbook = 1,
                 .pytorch = 0,
                 .description = "Compare the squares of the norms."},
    [P] = OPTION_P("The power of the norm; Infinity for the maximum."),
    [EPS] = OPTION_DISTANCE_EPS("A number added to each coordinate of a difference."),
    [SWAP] = OPTION_SWAP,
    [MARGIN] = OPTION_MARGIN,
    [BROADCAST] = OPTION_BROADCAST,
};

static const struct lossd_example examples[2] = {
    {.tensor = {{1, {2}, {0, 0}}, {1, {2}, {3, 4}}, {1, {2}, {1, 2}}},
     .loss = 21, /* 25 - 5 + 1 */
     .gradient = {-4, -4}},
    {.tensor = {{2, {2, 2}, {0, 0, 0, 0}}, {2, {2, 2}, {3, 4, 1, 0}}, {2, {2, 2}, {0, 4, 0, 3}}},
     .settings = {{.option = "squared", .number = 0}},
     .loss = 1, /* (5 - 4 + 1 + 0) / 2 */
     .gradient = {-0.3, 0.1, 0, 0}},
};

LOSS_ROW(TripletMarginLoss) = {
    .name = "TripletMarginLoss",
    .summary = "An anchor is to be nearer to a positive than to a negative example, by a margin.",
    .formula = "\\ell = \\max(0, \\|a - p\\|_2^2 - \\|a - n\\|_2^2 + m)",
    .roles = {TRIPLET_ROLE_LIST},
    .role_count = TRIPLET_ROLES,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 1.5,
    .plan = plan,
};
