/* Placeholder until the vectorised functions land. */
#ifndef LOSSD_CORE_VECTOR_MATH_H
#define LOSSD_CORE_VECTOR_MATH_H

#include "core/real.h"

static inline real real_exp(real x) {
  return (real)exp((double)x);
}
static inline real real_log(real x) {
  return (real)log((double)x);
}
static inline real real_log1p(real x) {
  return (real)log1p((double)x);
}

#endif
