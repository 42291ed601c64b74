/* The number type of a kernel variant: `real` is float with LOSSD_SINGLE_PRECISION, else double. Pure
 * functions, any thread, branch-free: a loop over them vectorises
 * under -fno-math-errno -fno-trapping-math. */
#ifndef LOSSD_CORE_REAL_H
#define LOSSD_CORE_REAL_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef LOSSD_SINGLE_PRECISION
typedef float real;
typedef uint32_t real_bits; /* as wide as real */
#define REAL_FUNCTION(name) name##_f32
#define REAL_MANTISSA_BITS FLT_MANT_DIG
#define REAL_EPSILON FLT_EPSILON
#define REAL_SMALLEST_NORMAL FLT_MIN
#define REAL_MAX FLT_MAX
#else
typedef double real;
typedef uint64_t real_bits;
#define REAL_FUNCTION(name) name##_f64
#define REAL_MANTISSA_BITS DBL_MANT_DIG
#define REAL_EPSILON DBL_EPSILON
#define REAL_SMALLEST_NORMAL DBL_MIN
#define REAL_MAX DBL_MAX
#endif

/* A literal of type real: R(1.5). */
#define R(x) ((real)(x))
#define REAL_INFINITY R(INFINITY)
/* The one quiet NaN that this code makes; positive. */
#define REAL_NAN R(NAN)

static inline uint64_t bits_f64(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
static inline double from_bits_f64(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
static inline uint32_t bits_f32(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
static inline float from_bits_f32(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
static inline double abs_f64(double x) {
  return __builtin_fabs(x);
}
static inline float abs_f32(float x) {
  return __builtin_fabsf(x);
}
static inline double sqrt_f64(double x) {
  return __builtin_sqrt(x);
}
/* Magnitude of x, sign of y. */
static inline double copysign_f64(double x, double y) {
  return from_bits_f64((bits_f64(x) & ~(UINT64_C(1) << 63)) | (bits_f64(y) & UINT64_C(1) << 63));
}

static inline real_bits real_to_bits(real x) {
  return REAL_FUNCTION(bits)(x);
}
static inline real real_from_bits(real_bits bits) {
  return REAL_FUNCTION(from_bits)(bits);
}
static inline real real_abs(real x) {
  return REAL_FUNCTION(abs)(x);
}
/* NaN if either is NaN. Of two zeros y. */
static inline real real_max(real x, real y) {
  return ((x > y) | (x != x)) ? x : y;
}
static inline real real_min(real x, real y) {
  return ((x < y) | (x != x)) ? x : y;
}
/* condition ? x : y and zero ? 0 : x, by masks: gcc moves what follows a conditional into its arms, where
 * comparisons no longer vectorise. */
static inline real real_select(int condition, real x, real y) {
  const real_bits mask = (real_bits)(condition == 0) - 1;
  return real_from_bits((real_to_bits(x) & mask) | (real_to_bits(y) & ~mask));
}
static inline real real_zero_if(int zero, real x) {
  return real_from_bits(real_to_bits(x) & ((real_bits)(zero != 0) - 1));
}
/* -1, 0 or 1; zeros and NaN as they are. */
static inline real real_sign(real x) {
  return x > 0 ? R(1) : x < 0 ? R(-1) : x;
}

#endif
