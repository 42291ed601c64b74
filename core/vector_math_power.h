/* sinh, cosh and pow, as vector_math.h. All compute in double, whatever `real` is. Errors: cosh 1.5 and sinh
 * 2.2 units in the last place of double, pow 1e-14 of the value where its logarithm nears 700 and 2e-16
 * near 1. */
#ifndef LOSSD_CORE_VECTOR_MATH_POWER_H
#define LOSSD_CORE_VECTOR_MATH_POWER_H

#include <stdbool.h>

#include "core/vector_math.h"

/* e^x / 2 for x >= 0; overflows where the half does */
static inline double exp_half_f64(double x) {
  x = x > 711 ? 711 : x;
  const struct exp_parts_f64 e = exp_parts_f64(x, 0);
  return scale_f64(1 + (e.r + e.rest), e.shifted - 1);
}

static inline double sinh_f64(double x) {
  const double a = abs_f64(x);
  const double e = expm1_bounded_f64(a > 22 ? 22 : a);
  return copysign_f64(a > 22 ? exp_half_f64(a) : 0.5 * (e + e / (e + 1)), x);
}
static inline double cosh_f64(double x) {
  const double half = exp_half_f64(abs_f64(x));
  return half + 0.25 / half;
}
static inline real real_sinh(real x) {
  return (real)sinh_f64((double)x);
}
static inline real real_cosh(real x) {
  return (real)cosh_f64((double)x);
}

/* hi + lo, |lo| at most half a unit in the last place of hi */
struct pair_f64 {
  double hi, lo;
};

/* |a| >= |b| */
static inline struct pair_f64 quick_sum_f64(double a, double b) {
  const double hi = a + b;
  return (struct pair_f64){hi, b - (hi - a)};
}

/* a b, off by less than 2^-100 of it (T. Dekker 1971, halves cut by masking so that nothing overflows) */
static inline struct pair_f64 product_f64(double a, double b) {
  const uint64_t upper = ~((UINT64_C(1) << 27) - 1);
  const double ah = from_bits_f64(bits_f64(a) & upper), al = a - ah;
  const double bh = from_bits_f64(bits_f64(b) & upper), bl = b - bh;
  const double hi = a * b;
  return (struct pair_f64){hi, ((ah * bh - hi) + (ah * bl + al * bh)) + al * bl};
}

/* log x to about 64 bits, 0 < x finite */
static inline struct pair_f64 log_pair_f64(double x) {
  const struct split_f64 p = split_any_f64(x);
  const double f = p.m - 1, d = 2 + f, d_lost = f - (d - 2);
  const double s = f / d;
  const struct pair_f64 back = product_f64(s, d);
  const double s_lost = (((f - back.hi) - back.lo) - s * d_lost) / d;
  const double z = s * s;
  /* log x = k log 2 + 2 s + s z log_rest(z) */
  const double base = p.k * 0x1.62e42feep-1;
  const double hi = base + 2 * s;
  const double part = hi - base;
  const double lost = (base - (hi - part)) + (2 * s - part);
  const double tail = 2 * s_lost + (s * (z * log_rest_f64(z)) + p.k * 0x1.a39ef35793c76p-33);
  return quick_sum_f64(hi, lost + tail);
}

static inline double nearest_whole_f64(double a) {
  return a < 0x1p52 ? (a + 0x1p52) - 0x1p52 : a;
}

/* C's pow, with all of annex F's special cases */
static inline double pow_f64(double x, double y) {
  const double ax = abs_f64(x), ay = abs_f64(y), half = 0.5 * ay;
  const struct pair_f64 log_x = log_pair_f64(ax);
  const bool ordinary = (ax > 0) & (ax < (double)INFINITY);
  const double end = ax == 0 ? -(double)INFINITY : ax; /* log of 0, infinity and NaN */
  const struct pair_f64 power = product_f64(y, ordinary ? log_x.hi : end);
  const bool bounded = ordinary & (abs_f64(power.hi) < 800); /* beyond, the low part may be NaN */
  const double magnitude = exp_of_sum_f64(power.hi, bounded ? power.lo + y * log_x.lo : 0);

  const bool whole = nearest_whole_f64(ay) == ay, odd = whole & (nearest_whole_f64(half) != half);
  const bool undefined = ((x < 0) & (ax < (double)INFINITY) & !whole) | (x != x) | (y != y);
  const bool one = (y == 0) | (x == 1) | ((ax == 1) & (ay == (double)INFINITY));
  const double result = odd ? copysign_f64(magnitude, x) : magnitude;
  return one ? 1 : undefined ? (double)NAN : result;
}
static inline real real_pow(real x, real y) {
  return (real)pow_f64((double)x, (double)y);
}

#endif
