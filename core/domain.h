/* Whether numbers lie in the domain that a plan says of their input. Compiled in each variant. Pure
 * functions, any thread. */
#ifndef LOSSD_CORE_DOMAIN_H
#define LOSSD_CORE_DOMAIN_H

#include "core/gather.h"

static inline bool in_domain(enum lossd_domain domain, real x) {
  switch (domain) {
  case LOSSD_ANY: return true;
  case LOSSD_FINITE: return real_abs(x) <= REAL_MAX;
  case LOSSD_NONNEGATIVE: return x >= 0;
  case LOSSD_UNIT_INTERVAL: return x >= 0 && x <= 1;
  case LOSSD_PLUS_MINUS_ONE: return x == 1 || x == -1;
  case LOSSD_ZERO_ONE: return x == 0 || x == 1;
  case LOSSD_LABELS: break;
  }
  return true;
}

/* How many of n numbers lie outside; NaN does not. The domain is a constant in each call. */
LOSSD_INLINE unsigned outside(enum lossd_domain domain, const real *x, size_t n) {
  unsigned bad = 0;
  for (size_t i = 0; i < n; i++) bad |= (unsigned)((x[i] == x[i]) & !in_domain(domain, x[i]));
  return bad;
}

/* Not inline: seven loops at each place that asks would be in the way of what is there. */
static unsigned any_outside(enum lossd_domain domain, const real *x, size_t n) {
  switch (domain) {
  case LOSSD_ANY:
  case LOSSD_LABELS: return 0;
  case LOSSD_FINITE: return outside(LOSSD_FINITE, x, n);
  case LOSSD_NONNEGATIVE: return outside(LOSSD_NONNEGATIVE, x, n);
  case LOSSD_UNIT_INTERVAL: return outside(LOSSD_UNIT_INTERVAL, x, n);
  case LOSSD_PLUS_MINUS_ONE: return outside(LOSSD_PLUS_MINUS_ONE, x, n);
  case LOSSD_ZERO_ONE: return outside(LOSSD_ZERO_ONE, x, n);
  }
  return 0;
}

#endif
