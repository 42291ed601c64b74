/* What losses share in writing their rows: common options and ranges. */
#ifndef LOSSD_CORE_ROW_H
#define LOSSD_CORE_ROW_H

#include <math.h>

#include "core/loss.h"

/* Positions of the choices of `reduction`, which is option 0 of every loss. */
enum { LOSSD_REDUCTION = 0 };
enum { LOSSD_NONE, LOSSD_MEAN, LOSSD_SUM, LOSSD_BATCHMEAN };

static const char *const lossd_reductions[] __attribute__((unused)) = {"none", "mean", "sum", NULL};

#define OPTION_REDUCTION(textbook_default, pytorch_default)                                                  \
  {                                                                                                          \
    .name = "reduction", .type = LOSSD_CHOICE, .choices = lossd_reductions, .textbook = textbook_default,    \
    .pytorch = pytorch_default,                                                                              \
    .description = "What to do with the unreduced losses: return them, or their mean or sum."                \
  }

#define OPTION_BROADCAST                                                                                     \
  {                                                                                                          \
    .name = "broadcast", .type = LOSSD_BOOLEAN, .textbook = 0, .pytorch = 1,                                 \
    .description = "Let paired tensors of different shapes broadcast, as NumPy and PyTorch do."              \
  }

#define ANY_FINITE .minimum = -INFINITY, .maximum = INFINITY
#define AT_LEAST(low) .minimum = (low), .maximum = INFINITY
#define MORE_THAN(low) .minimum = (low), .maximum = INFINITY, .exclusive_minimum = true
#define WITHIN(low, high) .minimum = (low), .maximum = (high)

/* Shapes of the common roles, for people. */
#define ANY_SHAPE "any"

#endif
