/* log |gamma(x)| and its derivative, as vector_math.h. Both compute in double, whatever `real` is, and are
 * for every x; near the zeros at negative x only the absolute error is small.
 *
 * Near 1 and 2 a polynomial; elsewhere Stirling's series after moving to x >= 8 by gamma(x + 1) = x gamma(x);
 * negative x by reflection (M. Abramowitz, I. Stegun, "Handbook of mathematical
 * functions", 6.1.17, 6.1.41, 6.3.7, 6.3.18). */
#ifndef LOSSD_CORE_VECTOR_MATH_GAMMA_H
#define LOSSD_CORE_VECTOR_MATH_GAMMA_H

#include "core/vector_math_trig.h"

#define PI_F64 0x1.921fb54442d18p+1
#define TINY_F64 0x1p-60 /* below, lgamma(x) = -log |x| and digamma(x) = -1/x */

/* x (x + 1) ... (x + 5) and its derivative */
struct six_factors {
  double product, derivative;
};
static inline struct six_factors six_factors(double x) {
  struct six_factors p = {x, 1};
  p = (struct six_factors){p.product * (x + 1), p.derivative * (x + 1) + p.product};
  p = (struct six_factors){p.product * (x + 2), p.derivative * (x + 2) + p.product};
  p = (struct six_factors){p.product * (x + 3), p.derivative * (x + 3) + p.product};
  p = (struct six_factors){p.product * (x + 4), p.derivative * (x + 4) + p.product};
  return (struct six_factors){p.product * (x + 5), p.derivative * (x + 5) + p.product};
}

/* pi x modulo pi, as a quadrant and a remainder; x >= 0 */
static inline struct angle half_turns(double x) {
  const double f = x < 0x1p52 ? x - ((x + 0x1p52) - 0x1p52) : 0;
  const double shifted = 2 * f + 0x1.8p52;
  return (struct angle){PI_F64 * (f - 0.5 * (shifted - 0x1.8p52)), 0, bits_f64(shifted)};
}

/* lgamma(x) = base - log factor */
struct gamma_parts {
  double base, factor;
};

/* 0 <= x < 5/2: gamma(x) = gamma(2 + d) / factor */
static inline struct gamma_parts gamma_low(double x) {
  const double d = x < 0.5 ? x : x < 1.5 ? x - 1 : x - 2;
  return (struct gamma_parts){d * lgamma_rest_f64(d), x < 0.5 ? x * (x + 1) : x < 1.5 ? x : 1};
}

/* x >= 5/2 */
static inline struct gamma_parts gamma_high(double x) {
  const double moved = x < 8 ? x + 6 : x, inverse = 1 / moved;
  const double series = inverse * stirling_rest_f64(inverse * inverse);
  const double stirling = (moved - 0.5) * (log_normal_f64(moved) - 1) + (0x1.acfe390c97d69p-2 + series);
  return (struct gamma_parts){stirling, x < 8 ? six_factors(x).product : 1};
}

static inline double lgamma_f64(double x) {
  const double a = abs_f64(x);
  const struct gamma_parts low = gamma_low(a), high = gamma_high(a);
  const double log_factor = log_f64(a < 2.5 ? low.factor : high.factor);
  const double positive = (a < 2.5 ? low.base : high.base) - log_factor;
  const double sine = abs_f64(sin_of_angle(half_turns(a), 0));
  const double mirrored = log_normal_f64(PI_F64 / (a * sine)) - positive;
  return x < -TINY_F64 ? (sine == 0 ? (double)INFINITY : mirrored) : positive;
}

/* digamma(x) = base - quotient */
struct digamma_parts {
  double base, quotient;
};

/* 0 <= x < 2, from the zero of digamma in [1, 2] */
static inline struct digamma_parts digamma_low(double x) {
  const double t = x < 1 ? x + 1 : x;
  const double from_zero = (t - 0x1.762d86356be3fp+0) - 0x1.b86a722197829p-54;
  return (struct digamma_parts){from_zero * digamma_rest_f64(t - 1.5), x < 1 ? 1 / x : 0};
}

/* x >= 2 */
static inline struct digamma_parts digamma_high(double x) {
  const double moved = x < 8 ? x + 6 : x, inverse = 1 / moved, z = inverse * inverse;
  const struct six_factors p = six_factors(x);
  const double base = log_normal_f64(moved) - (0.5 * inverse + z * digamma_stirling_rest_f64(z));
  return (struct digamma_parts){base, x < 8 ? p.derivative / p.product : 0};
}

/* digamma(0) = -infinity, digamma(-0) = infinity, NaN at negative whole numbers and -infinity */
static inline double digamma_f64(double x) {
  const double a = abs_f64(x);
  const struct digamma_parts low = digamma_low(a), high = digamma_high(a);
  const double finite = (a < 2 ? low.base : high.base) - (a < 2 ? low.quotient : high.quotient);
  const double positive = a == (double)INFINITY ? a : finite;
  const double tangent = tan_of_angle(half_turns(a));
  const double mirrored = positive + (1 / a + PI_F64 / tangent);
  const double negative = tangent == 0 ? (double)NAN : mirrored;
  return a < TINY_F64 ? -1 / x : x < 0 ? negative : positive;
}

static inline real real_lgamma(real x) {
  return (real)lgamma_f64((double)x);
}
static inline real real_digamma(real x) {
  return (real)digamma_f64((double)x);
}

#endif
