#include "tests/cancelling_terms.h"

#include <math.h>
#include <string.h>

#include "tests/random_case.h"

static double poisson_terms(const struct row_numbers *n, double loss) {
  const double x = n->x[0][0], y = n->x[1][0];
  const double shifted = x + option_number(n->e, "eps", 0);
  (void)loss;
  const double plain = option_number(n->e, "log_input", 0) != 0
                           ? exp(x) + fabs(y * x)
                           : fabs(x) + fabs(y == 0 ? 0 : y * log(shifted));
  if (option_is(n->e, "full", "stirling") && y > 1) return plain + fabs(y * log(y)) + y + 0.5 * log(6.3 * y);
  return plain + (option_is(n->e, "full", "exact") ? fabs(lgamma(y + 1)) : 0);
}

static double gaussian_terms(const struct row_numbers *n, double loss) {
  const double d = n->x[0][0] - n->x[1][0], v = fmax(n->x[2][0], option_number(n->e, "eps", 0));
  (void)loss;
  return d * d / (2 * v) + fabs(option_number(n->e, "log_var_weight", 1) * log(v)) +
         (option_number(n->e, "full", 0) != 0 ? 0.9189 : 0);
}

static double divergence_terms(const struct row_numbers *n, double loss) {
  const bool logs = option_is(n->e, "input_kind", "log_probabilities");
  const double log_q = logs ? n->x[0][0] : log(n->x[0][0]);
  const bool log_target = option_number(n->e, "log_target", 0) != 0;
  const double log_p = log_target ? n->x[1][0] : log(n->x[1][0]);
  (void)loss;
  return exp(log_p) * (fabs(log_p) + fabs(log_q));
}

static double ranking_terms(const struct row_numbers *n, double loss) {
  (void)loss;
  return fabs(n->x[2][0]) * (fabs(n->x[0][0]) + fabs(n->x[1][0])) + fabs(option_number(n->e, "margin", 0));
}

/* 1 + |cos|; where the loss is held at 0, cos is not known from it. */
static double cosine_terms(const struct row_numbers *n, double loss) {
  if (n->x[2][0] == 1) return 1 + fabs(1 - loss);
  return 1 + (loss > 0 ? fabs(loss + option_number(n->e, "margin", 0)) : 0);
}

/* Of the likelihood of yes and no, over the classes: weights and targets may be of any sign. */
static double yes_no_terms(const struct row_numbers *n, double loss) {
  double sum = 0;
  (void)loss;
  for (int64_t i = 0; i < n->length[0]; i++) {
    const double x = n->x[0][i], y = n->x[1][i], rest = log1p(exp(-fabs(x)));
    const double weight = n->length[2] ? n->x[2][i] : 1, positive = n->length[3] ? n->x[3][i] : 1;
    sum += fabs(weight) * (fabs(1 - y) * (fmax(x, 0) + rest) + fabs(positive * y) * (fmax(-x, 0) + rest));
  }
  return sum / (double)n->length[0];
}

static double norm_of_difference(const double *x, const double *y, int64_t length, double p, double eps) {
  double sum = 0;
  for (int64_t i = 0; i < length; i++) {
    const double d = fabs(x[i] - y[i] + eps);
    sum = isinf(p) ? fmax(sum, d) : sum + pow(d, p);
  }
  return isinf(p) ? sum : pow(sum, 1 / p);
}

static double distance(const struct row_numbers *n, int a, int b) {
  const struct lossd_evaluation *e = n->e;
  const double *x = n->x[a], *y = n->x[b], eps = option_number(e, "eps", 0), p = option_number(e, "p", 2);
  const int64_t length = n->length[0];
  if (option_is(e, "distance", "euclidean")) return norm_of_difference(x, y, length, 2, eps);
  if (option_is(e, "distance", "squared_euclidean")) return pow(norm_of_difference(x, y, length, 2, 0), 2);
  if (option_is(e, "distance", "manhattan")) return norm_of_difference(x, y, length, 1, 0);
  if (option_is(e, "distance", "chebyshev")) return norm_of_difference(x, y, length, INFINITY, 0);
  if (option_is(e, "distance", "cosine")) return 1; /* of 1 - cos, the least that 1 + |cos| can be */
  const double norm = norm_of_difference(x, y, length, p, eps);
  return option_number(e, "squared", 0) != 0 ? norm * norm : norm;
}

static double triplet_terms(const struct row_numbers *n, double loss) {
  double negative = distance(n, 0, 2);
  (void)loss;
  if (option_number(n->e, "swap", 0) != 0) negative = fmin(negative, distance(n, 1, 2));
  return distance(n, 0, 1) + negative + fabs(option_number(n->e, "margin", 1));
}

static const struct {
  const char *loss;
  terms_of_row *of_row;
} terms[] = {
    {"PoissonNLLLoss", poisson_terms},
    {"GaussianNLLLoss", gaussian_terms},
    {"KLDivLoss", divergence_terms},
    {"MarginRankingLoss", ranking_terms},
    {"CosineEmbeddingLoss", cosine_terms},
    {"TripletMarginLoss", triplet_terms},
    {"TripletMarginWithDistanceLoss", triplet_terms},
    {"BCEWithLogitsLoss", yes_no_terms},
    {"MultiLabelSoftMarginLoss", yes_no_terms},
};

terms_of_row *cancelling_terms(const struct lossd_loss *loss) {
  for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
    if (!strcmp(terms[i].loss, loss->name)) return terms[i].of_row;
  return NULL;
}
