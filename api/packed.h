/* Answers that hold tensors' bytes one after another, without gaps, behind a header.
 *
 * Loss and gradients are computed in their final place where that is aligned. Since the tensors' order is
 * given, so are their distances; but the answer may begin anywhere in its buffer, and it begins where the
 * fewest bytes are misaligned. Those few are computed elsewhere and copied: with float32 and float64 in one
 * answer that is usually a single number.
 *
 * Memory is the exchange's arena. One thread at a time. */
#ifndef LOSSD_API_PACKED_H
#define LOSSD_API_PACKED_H

#include "api/exchange.h"

struct lossd_packed {
  int order[LOSSD_MAX_OUTPUTS]; /* of x->outputs */
  int count;
  char *data; /* where the first tensor begins; `front` bytes before it are the caller's */
  size_t bytes;
};

/* For layout: places the outputs named in packed->order, and gives x->plan its buffers; outputs that are not
 * named get a place of their own. Problems: those of lossd_exchange_alloc. */
int lossd_packed_layout(struct lossd_exchange *x, struct lossd_packed *packed, size_t front);
/* For encode: fills in what was not computed in place. */
void lossd_packed_finish(const struct lossd_exchange *x, const struct lossd_packed *packed);

#endif
