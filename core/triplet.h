/* What the triplet losses share: max(0, d(a, p) - d(a, n) + margin) of any distance, block by block.
 *
 * With swap the farther distance is the smaller of d(a, n) and d(p, n), and a tie shares the gradient
 * equally. Exactly at the margin the full gradient passes. Gradients are summed in double
 * and rounded once. */
#ifndef LOSSD_CORE_TRIPLET_H
#define LOSSD_CORE_TRIPLET_H

#include "core/distance.h"
#include "core/row.h"
#include "core/tile.h"

enum { ANCHOR, POSITIVE, NEGATIVE, TRIPLET_ROLES };

struct triplet {
  struct distance distance;
  double margin;
  bool swap;
  size_t kept; /* numbers that the distance keeps of a block */
};

/* Pairs of roles whose distances the loss reads; the last one only for swap. */
enum { NEAR, FAR, SWAPPED, TRIPLET_PAIRS };
static const int triplet_pairs[TRIPLET_PAIRS][2] = {
    {ANCHOR, POSITIVE}, {ANCHOR, NEGATIVE}, {POSITIVE, NEGATIVE}};

/* Rows a block: about a thousand numbers of each role, so that their sums stay in the fastest cache. */
static inline int64_t triplet_block_rows(int64_t length) {
  const int64_t rows = 1024 / length;
  return rows < 1 ? 1 : rows > DISTANCE_BLOCK ? DISTANCE_BLOCK : rows;
}

/* Where the distance's own numbers begin in the tile's spare room: behind the block's sums. */
static inline double *triplet_room(const struct lossd_tile *t, const struct triplet *q, int pair) {
  const size_t length = t->length[ANCHOR];
  double *const sums = (double *)(void *)t->spare;
  return sums + TRIPLET_ROLES * (size_t)triplet_block_rows((int64_t)length) * length + (size_t)pair * q->kept;
}

/* Reads shapes, and asks for room for a block's sums in double. */
static inline int plan_triplet(struct lossd_plan *p, bool broadcast, struct lossd_problem *problem) {
  static const bool vectors[LOSSD_MAX_ROLES] = {true, true, true};
  if (lossd_plan_vectors(p, broadcast, TRIPLET_ROLES, vectors, problem)) return problem->status;
  p->spare_vectors = (int)(TRIPLET_ROLES * triplet_block_rows(p->view[ANCHOR].length) * 2);
  return LOSSD_OK;
}

/* A row's loss and its derivatives by each pair's distance, times scale. */
static inline double triplet_row(const struct triplet *q, const struct distance_block pair[], size_t r,
                                 double scale, double seed[TRIPLET_PAIRS][DISTANCE_BLOCK]) {
  const double far = pair[FAR].value[r], swapped = q->swap ? pair[SWAPPED].value[r] : INFINITY;
  const double nearest = swapped < far || swapped != swapped ? swapped : far;
  const double loss = pair[NEAR].value[r] - nearest + q->margin, active = loss < 0 ? 0 : scale;
  const double shared = q->swap && far == swapped ? 0.5 : 1;
  seed[NEAR][r] = active;
  seed[FAR][r] = far == nearest ? -active * shared : 0;
  seed[SWAPPED][r] = q->swap && swapped == nearest ? -active * shared : 0;
  return loss < 0 ? 0 : loss;
}

static inline void triplet_measure(const struct lossd_tile *t, const struct triplet *q, size_t row,
                                   size_t rows, struct distance_block pair[TRIPLET_PAIRS]) {
  for (int k = 0; k < (q->swap ? TRIPLET_PAIRS : SWAPPED); k++) {
    const int x = triplet_pairs[k][0], y = triplet_pairs[k][1];
    pair[k].distance = &q->distance;
    pair[k].rows = rows, pair[k].length = t->length[ANCHOR];
    pair[k].x = t->in[x] + row * t->pitch[x], pair[k].x_pitch = t->pitch[x];
    pair[k].y = t->in[y] + row * t->pitch[y], pair[k].y_pitch = t->pitch[y];
    pair[k].kept = triplet_room(t, q, k), pair[k].scratch = triplet_room(t, q, TRIPLET_PAIRS);
    q->distance.kernel->measure(&pair[k]);
  }
}

static inline void triplet_differentiate(const struct lossd_tile *t, const struct triplet *q, size_t row,
                                         const struct distance_block pair[TRIPLET_PAIRS],
                                         double seed[TRIPLET_PAIRS][DISTANCE_BLOCK]) {
  const size_t length = t->length[ANCHOR], rows = pair[NEAR].rows, count = rows * length;
  double *sum = (double *)(void *)t->spare;
  memset(sum, 0, TRIPLET_ROLES * count * sizeof *sum);
  for (int k = 0; k < (q->swap ? TRIPLET_PAIRS : SWAPPED); k++)
    q->distance.kernel->differentiate(&pair[k], seed[k], sum + (size_t)triplet_pairs[k][0] * count,
                                      sum + (size_t)triplet_pairs[k][1] * count);
  for (int k = 0; k < TRIPLET_ROLES; k++, sum += count) {
    if (!t->grad[k]) continue;
    for (size_t r = 0; r < rows; r++) {
      const real loss = t->loss[row + r];
      const double *restrict from = sum + r * length;
      real *restrict to = t->grad[k] + (row + r) * t->grad_pitch[k];
      for (size_t i = 0; i < length; i++) to[i] = canonical((real)from[i]);
      for (size_t i = 0; loss != loss && i < length; i++) to[i] = REAL_NAN;
    }
  }
}

static inline void triplet_tile(const struct lossd_tile *t, const struct triplet *q) {
  struct distance_block pair[TRIPLET_PAIRS];
  double seed[TRIPLET_PAIRS][DISTANCE_BLOCK];
  const size_t most = (size_t)triplet_block_rows((int64_t)t->length[ANCHOR]);
  const bool gradients = t->grad[ANCHOR] || t->grad[POSITIVE] || t->grad[NEGATIVE];
  for (size_t row = 0, rows; row < t->rows; row += rows) {
    rows = t->rows - row < most ? t->rows - row : most;
    triplet_measure(t, q, row, rows, pair);
    for (size_t r = 0; r < rows; r++)
      t->loss[row + r] = (real)triplet_row(q, pair, r, (double)t->scale[row + r], seed);
    if (gradients) triplet_differentiate(t, q, row, pair, seed);
  }
}

#define OPTION_MARGIN                                                                                        \
  {                                                                                                          \
    .name = "margin", .type = LOSSD_NUMBER, ANY_FINITE, .textbook = 1, .pytorch = 1,                         \
    .description = "By how much the negative is to be farther from the anchor than the positive."            \
  }
#define OPTION_SWAP                                                                                          \
  {                                                                                                          \
    .name = "swap", .type = LOSSD_BOOLEAN,                                                                   \
    .description =                                                                                           \
        "Take the distance from positive to negative where it is smaller than that from the anchor."         \
  }
#define OPTION_DISTANCE_EPS(what)                                                                            \
  { .name = "eps", .type = LOSSD_NUMBER, AT_LEAST(0), .textbook = 0, .pytorch = 1e-6, .description = what }
#define OPTION_P(what)                                                                                       \
  {                                                                                                          \
    .name = "p", .type = LOSSD_NUMBER, MORE_THAN(0), .infinite = true, .textbook = 2, .pytorch = 2,          \
    .description = what                                                                                      \
  }

/* The roles of both losses. */
#define TRIPLET_ROLE_LIST                                                                                    \
  {"anchor", "vectors a", "(..., D)", LOSSD_FLOATING, .differentiable = true},                               \
      {"positive", "vectors p, like the anchors", "(..., D)", LOSSD_FLOATING, .differentiable = true}, {     \
    "negative", "vectors n, unlike the anchors", "(..., D)", LOSSD_FLOATING, .differentiable = true          \
  }

#endif
