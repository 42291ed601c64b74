/* The slices of an evaluation on threads of its own. Call from one thread; returns when all have ended. */
#ifndef LOSSD_CLI_COMPUTE_H
#define LOSSD_CLI_COMPUTE_H

#include "api/exchange.h"

/* Elements from which progress is shown. */
#define LOSSD_PROGRESS_ELEMENTS ((int64_t)1 << 24)

/* Between lossd_exchange_decode and lossd_exchange_encode. Large evaluations draw a bar on standard error if
 * that is a terminal. Problem: OUT_OF_MEMORY. */
void lossd_compute(struct lossd_exchange *x, int workers);

#endif
