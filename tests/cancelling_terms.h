/* Losses whose terms may cancel: how large these are, to which the accuracy of a loss near 0 is held. */
#ifndef LOSSD_TESTS_CANCELLING_TERMS_H
#define LOSSD_TESTS_CANCELLING_TERMS_H

#include "core/loss.h"

/* The numbers of one row, as doubles. The vectors are the caller's. */
struct row_numbers {
  const struct lossd_evaluation *e;
  double *x[LOSSD_MAX_ROLES];
  int64_t length[LOSSD_MAX_ROLES];
};

/* The sum of the absolute values of the terms of a row, whose loss is given. */
typedef double terms_of_row(const struct row_numbers *row, double loss);
/* That of a loss; NULL: its terms do not cancel. */
terms_of_row *cancelling_terms(const struct lossd_loss *loss);

#endif
