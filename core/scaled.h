/* Numbers of any range, m 2^e: products and sums of probabilities that no exponent could hold. m is in [1, 2)
 * once normalised; e is an integer, -infinity for 0, and NaN for NaN whatever m is. Sums of such numbers lose
 * no digits, since none is negative; scaling by powers of two is exact. Pure functions, branch-free, compiled
 * in each variant. */
#ifndef LOSSD_CORE_SCALED_H
#define LOSSD_CORE_SCALED_H

#include "core/vector_math.h"

struct scaled {
  real m, e;
};

#define SCALED_ZERO ((struct scaled){1, -REAL_INFINITY})
#define SCALED_POINT (REAL_MANTISSA_BITS - 1) /* bits of the mantissa that are stored */
#define SCALED_BIAS R((1 << (sizeof(real) * 8 - 1 - REAL_MANTISSA_BITS)) - 1) /* of the exponent */
#define SCALED_UNIT R((real_bits)1 << SCALED_POINT) /* 2^point: its unit in the last place is 1 */
#define SCALED_MANTISSA (((real_bits)1 << SCALED_POINT) - 1)

/* real_max and real_min by masks. */
static inline real real_most(real x, real y) {
  return real_select((x > y) | (x != x), x, y);
}
static inline real real_least(real x, real y) {
  return real_select((x < y) | (x != x), x, y);
}

/* 2^e for e within what a number can hold; 0 below, infinity above. */
static inline real scaled_power(real e) {
  e = e > -SCALED_BIAS ? e : -SCALED_BIAS;
  e = e < SCALED_BIAS + 1 ? e : SCALED_BIAS + 1;
  return real_from_bits(real_to_bits(e + (R(1.5) * SCALED_UNIT + SCALED_BIAS)) << SCALED_POINT);
}

/* The same for e <= 0. */
static inline real scaled_fraction(real e) {
  e = e > -SCALED_BIAS ? e : -SCALED_BIAS;
  return real_from_bits(real_to_bits(e + (R(1.5) * SCALED_UNIT + SCALED_BIAS)) << SCALED_POINT);
}

/* m > 0 and normal. */
static inline struct scaled scaled_normalise(struct scaled x) {
  const real_bits bits = real_to_bits(x.m);
  const real exponent = real_from_bits((bits >> SCALED_POINT) | real_to_bits(SCALED_UNIT));
  return (struct scaled){real_from_bits((bits & SCALED_MANTISSA) | real_to_bits(1)),
                         x.e + (exponent - (SCALED_UNIT + SCALED_BIAS))};
}

/* Sums and products of normalised numbers, not normalised. */
static inline struct scaled scaled_add(struct scaled x, struct scaled y) {
  const real top = real_most(x.e, y.e);
  return (struct scaled){x.m * scaled_fraction(x.e - top) + y.m * scaled_fraction(y.e - top), top};
}
static inline struct scaled scaled_add3(struct scaled x, struct scaled y, struct scaled z) {
  const real top = real_most(real_most(x.e, y.e), z.e);
  return (struct scaled){(x.m * scaled_fraction(x.e - top) + y.m * scaled_fraction(y.e - top)) +
                             z.m * scaled_fraction(z.e - top),
                         top};
}
static inline struct scaled scaled_multiply(struct scaled x, struct scaled y) {
  return (struct scaled){x.m * y.m, x.e + y.e};
}

/* e^x, m within [1/2, 2]. Where x is so large that its unit in the last place is no fraction, m is 1. */
static inline struct scaled scaled_exp(real x) {
  const struct REAL_FUNCTION(exp_parts) p = REAL_FUNCTION(exp_parts)(x, 0);
  const int held = real_abs(x) < R(0.25) * SCALED_UNIT;
  return (struct scaled){real_select(held, 1 + (p.r + p.rest), 1),
                         real_select(held, p.shifted - R(1.5) * SCALED_UNIT, x * R(1.44269504088896340736))};
}

/* x >= 0 itself. */
static inline struct scaled scaled_from(real x) {
  const int small = x < REAL_SMALLEST_NORMAL;
  const struct scaled s = scaled_normalise(
      (struct scaled){real_select(small, x * (4 * SCALED_UNIT), x), small ? R(-(SCALED_POINT + 2)) : 0});
  return (struct scaled){s.m, x > 0 ? s.e : x == 0 ? -REAL_INFINITY : x};
}

static inline real scaled_log(struct scaled x) {
  return real_log(x.m) + x.e * R(0.69314718055994530942);
}

#endif
