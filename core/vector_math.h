/* Elementary functions that vectorise and give the same bits on every instruction set and compiler.
 *
 * All are static inline and branch-free: in a loop over contiguous numbers, under -O3 -fno-math-errno
 * -fno-trapping-math -ffp-contract=off, gcc and clang turn them into vector code. No call to libm but sqrt
 * and fabs, no table, no fused multiply-add. NaN gives NaN; infinities, zeros, denormal numbers and overflow
 * follow C's annex F.
 *
 * Errors, in units in the last place, of either precision: log 1, exp, exp_neg_abs 1.1, expm1,
 * log1p_unit 1.3, log1p, tanh 1.5, sigmoid_from 2.5, softplus of core/stable.h 2. tests/test_vector_math.c
 * holds them to it.
 *
 * Each function has a version for each precision, exp_f32 and exp_f64, and real_exp for the variant's own.
 *
 * One exponential serves a loss and its gradient (core/stable.h):
 *
 *   const struct logistic shared = logistic(x);
 *   value = softplus(x, shared);                   log(1 + e^x)
 *   slope = real_sigmoid_from(x, shared.e);
 */
#ifndef LOSSD_CORE_VECTOR_MATH_H
#define LOSSD_CORE_VECTOR_MATH_H

#include "core/real.h"
#include "core/vector_math_polynomials.h"

#define F(name) name##_f32
#define T float
#define U uint32_t
#define POINT 23
#define BIAS 127
#define SMALLEST_NORMAL FLT_MIN
#define LN2_HI 0x1.62ep-1f
#define LN2_LO 0x1.0bfbe8p-15f
#define EXP_LOW (-104.5f)
#define EXP_HIGH 89.0f
#define EXPM1_LOW (-18.0f)
#define TANH_ONE 10.0f
#include "core/vector_math_precision.h"

#define F(name) name##_f64
#define T double
#define U uint64_t
#define POINT 52
#define BIAS 1023
#define SMALLEST_NORMAL DBL_MIN
#define LN2_HI 0x1.62e42feep-1
#define LN2_LO 0x1.a39ef35793c76p-33
#define EXP_LOW (-746.0)
#define EXP_HIGH 710.0
#define EXPM1_LOW (-40.0)
#define TANH_ONE 20.0
#include "core/vector_math_precision.h"

/* e^x in double, for what is to cancel against a float; cheaper than exp_f64. Exact at 0; within 2^-46
 * of itself where a float can hold it, within 2^-43 beyond, and e^+-700 past those. In two steps, since loops
 * of doubles alone are the faster: exp_short(bounded(x)), or of bounded_below(x) where x is never positive.
 * The constant that rounds to an integer k leaves the exponent of 2^k in its lowest bits. */
static inline double bounded_below_f32(float x) {
  return (double)(-700 > x ? -700 : x);
}
static inline double bounded_f32(float x) {
  return bounded_below_f32(700 < x ? 700 : x);
}
static inline double exp_short_f32(double x) {
  const double round = 0x1.8p52 + 1023, shifted = x * 0x1.71547652b82fep0 + round;
  const double r = x - (shifted - round) * 0x1.62e42fefa39efp-1;
  const double fourth = 1 + r * exp_quarter_rest_f64(r), half = fourth * fourth;
  return half * half * from_bits_f64(bits_f64(shifted) << 52);
}
static inline double bounded_below_f64(double x) {
  return x;
}
static inline double bounded_f64(double x) {
  return x;
}
static inline double exp_short_f64(double x) {
  return exp_f64(x);
}
static inline double real_bounded_below(real x) {
  return REAL_FUNCTION(bounded_below)(x);
}
static inline double real_bounded(real x) {
  return REAL_FUNCTION(bounded)(x);
}
static inline double real_exp_short(double x) {
  return REAL_FUNCTION(exp_short)(x);
}

static inline real real_exp(real x) {
  return REAL_FUNCTION(exp)(x);
}
static inline real real_expm1(real x) {
  return REAL_FUNCTION(expm1)(x);
}
static inline real real_log(real x) {
  return REAL_FUNCTION(log)(x);
}
static inline real real_log1p(real x) {
  return REAL_FUNCTION(log1p)(x);
}
static inline real real_tanh(real x) {
  return REAL_FUNCTION(tanh)(x);
}
static inline real real_exp_neg_abs(real x) {
  return REAL_FUNCTION(exp_neg_abs)(x);
}
static inline real real_log1p_unit(real x) {
  return REAL_FUNCTION(log1p_unit)(x);
}
static inline real real_sigmoid_from(real x, real e) {
  return REAL_FUNCTION(sigmoid_from)(x, e);
}

#endif
