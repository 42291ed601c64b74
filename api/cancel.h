/* Cancellation: a flag that another thread sets, at any time, when nobody waits for the answer any more. What
 * takes long looks at it every 64 KiB or so, and then fails. Pure functions, any thread. */
#ifndef LOSSD_API_CANCEL_H
#define LOSSD_API_CANCEL_H

#include <stdatomic.h>

#include "core/problem.h"

/* The flag may be NULL. */
static inline bool lossd_is_cancelled(const atomic_int *cancelled) {
  return cancelled && atomic_load_explicit(cancelled, memory_order_relaxed);
}

static inline int lossd_fail_cancelled(struct lossd_problem *problem) {
  return lossd_fail(problem, LOSSD_CANCELLED, NULL, "nobody waits for the answer any more");
}

#endif
