/* The number type of a kernel variant: float with LOSSD_SINGLE_PRECISION, else double. */
#ifndef LOSSD_CORE_REAL_H
#define LOSSD_CORE_REAL_H

#include <float.h>
#include <math.h>

#ifdef LOSSD_SINGLE_PRECISION
typedef float real;
#define REAL_MAX FLT_MAX
#define real_abs fabsf
#define real_sqrt sqrtf
#else
typedef double real;
#define REAL_MAX DBL_MAX
#define real_abs fabs
#define real_sqrt sqrt
#endif
#define R(x) ((real)(x))
#define REAL_NAN ((real)NAN)

static inline real real_sign(real x) {
  return x > 0 ? 1 : x < 0 ? -1 : x;
}

#endif
