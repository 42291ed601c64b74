/* MultiLabelMarginLoss: l = (1 / C) sum over correct i and wrong j of max(0, 1 - (x_i - x_j)).
 *
 * target marks the correct classes with 1 and the wrong with 0 (multi_hot), or lists the correct ones up to
 * the first negative number (indices); a class that is listed twice counts twice, wrong are those not listed.
 * With z = 1 - (x_i - x_j): dl/dx_j = -dl/dx_i = 1 / C for each pair with z > 0, else 0, also at the kink z =
 * 0. z is computed in double, so that the side of its kink does not depend on the precision.
 *
 * Few pairs are walked one by one; many are counted in sorted order, O(C log C).
 *
 * Deviation from PyTorch: a NaN anywhere in the row makes its loss and gradients NaN. */
#include <string.h>

#include "core/rowwise.h"
#include "core/sum.h"

enum { REDUCTION, TARGET_KIND, OPTIONS };
enum { INPUT, TARGET };
enum { MULTI_HOT, INDICES };

/* More pairs than this for each class are counted in sorted order. */
#define FEW_PAIRS 256

/* z of a pair; it rises with the wrong score and falls with the correct one, rounding included. */
static inline double hinge(double correct, double wrong) {
  return (1 - correct) + wrong;
}

/* Of every class, how often it is listed. */
static const real *listings(const struct row *row, real *times) {
  if (!row->index[TARGET]) return row->x[TARGET];
  memset(times, 0, row->length * sizeof *times);
  for (size_t i = 0; i < row->length && row->index[TARGET][i] >= 0; i++) times[row->index[TARGET][i]] += 1;
  return times;
}

static bool all_finite(const real *x, size_t n) {
  bool bad = false;
  for (size_t i = 0; i < n; i++) bad = bad | !(real_abs(x[i]) <= REAL_MAX);
  return !bad;
}

static bool has_nan(const real *x, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (x[i] != x[i]) return true;
  return false;
}

/* ---- Pair by pair, for finite scores ---- */

/* Sums over pairs, in lanes: z and how many have z > 0. */
struct pairs {
  double sum[SUM_LANES], count[SUM_LANES];
};

LOSSD_INLINE real add_pair(struct pairs *p, size_t lane, double z, real times) {
  const bool violated = z > 0;
  p->sum[lane] += violated ? z : 0;
  p->count[lane] += violated ? 1 : 0;
  return violated ? times : 0;
}

/* Adds the pairs of one correct class with all wrong ones; active[j] counts those of class j. */
static void add_pairs(struct pairs *p, double correct, real times, const real *restrict wrong, size_t n,
                      real *restrict active) {
  size_t j = 0;
  for (; j + SUM_LANES <= n; j += SUM_LANES)
    for (size_t k = 0; k < SUM_LANES; k++)
      active[j + k] += add_pair(p, k, hinge(correct, (double)wrong[j + k]), times);
  for (size_t k = 0; j + k < n; k++)
    active[j + k] += add_pair(p, k, hinge(correct, (double)wrong[j + k]), times);
}

/* room holds two vectors. */
static double walk_pairs(const struct row *row, const real *times, double factor, real *room) {
  const size_t c = row->length;
  const real *x = row->x[INPUT];
  real *wrong = room, *active = room + c, *grad = row->grad[INPUT];
  double sum = 0;
  for (size_t i = 0; i < c; i++) wrong[i] = times[i] == 0 ? x[i] : -REAL_INFINITY;
  memset(active, 0, c * sizeof *active);
  for (size_t i = 0; i < c; i++) {
    struct pairs p = {{0}, {0}};
    if (times[i] == 0) continue;
    add_pairs(&p, (double)x[i], times[i], wrong, c, active);
    sum += (double)times[i] * fold_lanes(p.sum);
    active[i] = -times[i] * (real)fold_lanes(p.count);
  }
  for (size_t i = 0; grad && i < c; i++) grad[i] = (real)(factor * (double)active[i]);
  return sum;
}

/* ---- In sorted order ---- */

/* Scores in ascending order: those of the correct classes, each as often as it is listed, and
 * of the wrong. */
struct sides {
  real *correct, *wrong;
  size_t correct_count, wrong_count;
};

static void merge(const real *a, size_t a_count, const real *b, size_t b_count, real *restrict out) {
  for (size_t i = 0, j = 0; i + j < a_count + b_count;) {
    const bool first = j == b_count || (i < a_count && a[i] <= b[j]);
    out[i + j] = first ? a[i] : b[j];
    i += first, j += !first;
  }
}

/* Merge sort, ascending. */
static void sort(real *x, size_t n, real *buffer) {
  for (size_t width = 1; width < n; width *= 2) {
    for (size_t i = 0; i < n; i += 2 * width) {
      const size_t a = n - i < width ? n - i : width, b = n - i - a < width ? n - i - a : width;
      merge(x + i, a, x + i + a, b, buffer + i);
    }
    memcpy(x, buffer, n * sizeof *x);
  }
}

/* How many wrong scores, the largest first, have z > 0 with a correct one. */
static size_t count_wrong(const struct sides *s, double correct) {
  size_t low = 0, high = s->wrong_count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (hinge(correct, (double)s->wrong[middle]) > 0)
      high = middle;
    else
      low = middle + 1;
  }
  return s->wrong_count - low;
}

/* How many correct scores, the smallest first, have z > 0 with a wrong one. */
static size_t count_correct(const struct sides *s, double wrong) {
  size_t low = 0, high = s->correct_count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (hinge((double)s->correct[middle], wrong) > 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* The sum of all z > 0: correct scores from the largest down, each with more wrong ones than the last. */
static double sum_sorted(const struct sides *s) {
  struct lossd_sum2 sum = {0, 0}, scores = {0, 0};
  size_t count = 0;
  for (size_t i = s->correct_count; i-- > 0;) {
    const double correct = (double)s->correct[i];
    for (; count < s->wrong_count; count++) {
      const double wrong = (double)s->wrong[s->wrong_count - 1 - count];
      if (!(hinge(correct, wrong) > 0)) break;
      lossd_sum2_add(&scores, wrong);
    }
    if (count) lossd_sum2_add(&sum, (double)count * (1 - correct) + lossd_sum2_value(&scores));
  }
  return lossd_sum2_value(&sum);
}

/* Whether some z is infinity minus infinity. */
static bool is_undefined(const struct sides *s) {
  const double most = (double)s->correct[s->correct_count - 1], least = (double)s->correct[0];
  return (most > DBL_MAX && most == (double)s->wrong[s->wrong_count - 1]) ||
         (least < -DBL_MAX && least == (double)s->wrong[0]);
}

/* room holds three vectors. */
static struct sides take_sides(const struct row *row, const real *times, real *room) {
  const size_t c = row->length;
  struct sides s = {room, room + c, 0, 0};
  for (size_t i = 0; i < c; i++) {
    if (times[i] == 0) s.wrong[s.wrong_count++] = row->x[INPUT][i];
    for (real t = 0; t < times[i]; t++) s.correct[s.correct_count++] = row->x[INPUT][i];
  }
  sort(s.correct, s.correct_count, room + 2 * c);
  sort(s.wrong, s.wrong_count, room + 2 * c);
  return s;
}

static double count_sorted(const struct row *row, const real *times, double factor, real *room) {
  const real *x = row->x[INPUT];
  const struct sides s = take_sides(row, times, room);
  if (s.correct_count && s.wrong_count && is_undefined(&s)) return NAN;
  for (size_t i = 0; row->grad[INPUT] && i < row->length; i++) {
    const double listed = (double)times[i], score = (double)x[i];
    const double count =
        listed == 0 ? (double)count_correct(&s, score) : -listed * (double)count_wrong(&s, score);
    row->grad[INPUT][i] = (real)(factor * count);
  }
  return sum_sorted(&s);
}

/* ---- Rows ---- */

/* spare holds four vectors. */
static real row_loss(const struct row *row) {
  const size_t c = row->length;
  const real *x = row->x[INPUT], *times = listings(row, row->spare);
  const double classes = (double)c, factor = (double)row->scale / classes, correct = sum_real(times, c);
  const bool finite = all_finite(x, c);
  if (correct != correct || (!finite && has_nan(x, c))) return REAL_NAN;
  const bool few = correct * (classes - correct) <= FEW_PAIRS * classes;
  return (real)((few && finite ? walk_pairs : count_sorted)(row, times, factor, row->spare + c) / classes);
}

static void tile(const struct lossd_tile *t) {
  rowwise(t, row_loss, true);
}
LOSS_KERNEL(MultiLabelMarginLoss, tile);

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  static const bool vectors[LOSSD_MAX_ROLES] = {true, true};
  p->spare_vectors = 4;
  p->view[TARGET].domain = p->view[TARGET].index ? LOSSD_LABELS : LOSSD_ZERO_ONE;
  p->view[TARGET].cure = "set target_kind to indices";
  if (lossd_plan_rank(p, INPUT, 2, problem)) return problem->status;
  if (!lossd_shape_equal(&p->shape[INPUT], &p->shape[TARGET]))
    return lossd_shape_problem(p, TARGET, INPUT, "expected the same shape", problem);
  if (lossd_plan_vectors(p, false, 2, vectors, problem)) return problem->status;
  p->wide |= p->view[INPUT].length >> FLT_MANT_DIG != 0; /* float could not count the listings */
  return LOSSD_OK;
}

static enum lossd_kind kind(int role, const double *option, const struct lossd_shape *shapes) {
  (void)role;
  (void)shapes;
  return option[TARGET_KIND] == INDICES ? LOSSD_INDEX : LOSSD_FLOATING;
}

static const char *const target_kinds[] = {"multi_hot", "indices", NULL};

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
    [TARGET_KIND] = {.name = "target_kind",
                     .type = LOSSD_CHOICE,
                     .choices = target_kinds,
                     .textbook = MULTI_HOT,
                     .pytorch = INDICES,
                     .description =
                         "What target holds: 1 for correct and 0 for wrong classes, or lists of the "
                         "correct classes, each ended by a negative number."},
};

static const struct lossd_example examples[2] = {
    {.tensor = {{2, {1, 4}, {0.5, 2, 1, 0}}, {2, {1, 4}, {0, 1, 1, 0}}},
     .loss =
         0.125, /* of the pairs (1, 0), (1, 3), (2, 0), (2, 3) only z = 1 - (1 - 0.5) > 0; 1 - (1 - 0) = 0 */
     .gradient = {0.25, 0, -0.25, 0}},
    {.tensor = {{1, {4}, {0.1, 0.2, 0.4, 0.8}}, {1, {4}, {3, 0, -1, 1}}},
     .settings = {{.option = "target_kind", .choice = "indices"}},
     .loss = 0.85, /* (0.4 + 0.6 + 1.1 + 1.3) / 4 */
     .gradient = {-0.5, 0.5, 0.5, -0.5}},
};

LOSS_ROW(MultiLabelMarginLoss) = {
    .name = "MultiLabelMarginLoss",
    .summary = "How far the scores of the correct classes fall short of exceeding those of the wrong by 1.",
    .formula = "\\ell = \\frac{1}{C}\\sum_{i: y_i = 1} \\sum_{j: y_j = 0} \\max(0, 1 - (x_i - x_j))",
    .roles = {{"input", "scores x of each class", "(C) or (N, C)", LOSSD_FLOATING, .differentiable = true},
              {"target", "the correct classes, marked with 1 or listed", "input's", LOSSD_EITHER,
               .differentiable = false}},
    .role_count = 2,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 10,
    .plan = plan,
    .kind = kind,
};
