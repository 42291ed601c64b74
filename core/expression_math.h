/* What the elementwise steps of expressions compute: each one's value, and its derivatives times the seed g.
 * Called with a constant operation, all but one case vanishes and loops vectorise. `real` is double here.
 *
 * Where a derivative is not unique it is PyTorch's: 0 for abs and sign at 0; half to each side of a tie of
 * max or min; 0 for x^0 by x, and for 0^y by y >= 0. Elsewhere the formulas are taken as they are, and IEEE
 * arithmetic decides. */
#ifndef LOSSD_CORE_EXPRESSION_MATH_H
#define LOSSD_CORE_EXPRESSION_MATH_H

#include "core/expression.h"
#include "core/gather.h"
#include "core/vector_math.h"
#include "core/vector_math_power.h"
#include "core/vector_math_trig.h"

LOSSD_INLINE double expression_value(enum expression_operation operation, double x, double y) {
  switch (operation) {
  case EXPRESSION_ADD: return x + y;
  case EXPRESSION_SUBTRACT: return x - y;
  case EXPRESSION_MULTIPLY: return x * y;
  case EXPRESSION_DIVIDE: return x / y;
  case EXPRESSION_NEGATE: return -x;
  case EXPRESSION_POWER: return pow_f64(x, y);
  case EXPRESSION_ABS: return abs_f64(x);
  case EXPRESSION_SQRT: return sqrt_f64(x);
  case EXPRESSION_EXP: return exp_f64(x);
  case EXPRESSION_LOG: return log_f64(x);
  case EXPRESSION_LOG1P: return log1p_f64(x);
  case EXPRESSION_EXPM1: return expm1_f64(x);
  case EXPRESSION_SIN: return sin_f64(x);
  case EXPRESSION_COS: return cos_f64(x);
  case EXPRESSION_TAN: return tan_f64(x);
  case EXPRESSION_TANH: return tanh_f64(x);
  case EXPRESSION_SINH: return sinh_f64(x);
  case EXPRESSION_COSH: return cosh_f64(x);
  case EXPRESSION_ATAN: return atan_f64(x);
  case EXPRESSION_SIGN: return real_sign(x);
  case EXPRESSION_MAXIMUM: return real_max(x, y);
  case EXPRESSION_MINIMUM: return real_min(x, y);
  default: return x;
  }
}

/* The operations whose loops over many numbers call the functions here; SIN, COS and TAN have blocks of their
 * own. */
/* clang-format off */
#define EXPRESSION_MAPS                                                                                      \
  MAP(ADD) MAP(SUBTRACT) MAP(MULTIPLY) MAP(DIVIDE) MAP(NEGATE) MAP(POWER) MAP(ABS) MAP(SQRT) MAP(EXP)        \
  MAP(LOG) MAP(LOG1P) MAP(EXPM1) MAP(TANH) MAP(SINH) MAP(COSH) MAP(ATAN) MAP(SIGN) MAP(MAXIMUM) MAP(MINIMUM)
/* clang-format on */

/* g d value / dx */
LOSSD_INLINE double expression_slope_x(enum expression_operation operation, double x, double y, double value,
                                       double g) {
  switch (operation) {
  case EXPRESSION_NEGATE: return -g;
  case EXPRESSION_MULTIPLY: return g * y;
  case EXPRESSION_DIVIDE: return g / y;
  case EXPRESSION_POWER: return y == 0 ? 0 : g * (y * pow_f64(x, y - 1));
  case EXPRESSION_ABS: return x > 0 ? g : x < 0 ? -g : g * 0;
  case EXPRESSION_SQRT: return g / (2 * value);
  case EXPRESSION_EXP: return g * value;
  case EXPRESSION_LOG: return g / x;
  case EXPRESSION_LOG1P: return g / (x + 1);
  case EXPRESSION_EXPM1: return g * exp_f64(x);
  case EXPRESSION_TAN: return g * (1 + value * value);
  case EXPRESSION_TANH: return g / (cosh_f64(x) * cosh_f64(x));
  case EXPRESSION_SINH: return g * cosh_f64(x);
  case EXPRESSION_COSH: return g * sinh_f64(x);
  case EXPRESSION_ATAN: return g / (x * x + 1);
  case EXPRESSION_MAXIMUM: return x < y ? 0 : x == y ? 0.5 * g : g;
  case EXPRESSION_MINIMUM: return x > y ? 0 : x == y ? 0.5 * g : g;
  default: return g; /* ADD, SUBTRACT */
  }
}

/* g d value / dy */
LOSSD_INLINE double expression_slope_y(enum expression_operation operation, double x, double y, double value,
                                       double g) {
  switch (operation) {
  case EXPRESSION_SUBTRACT: return -g;
  case EXPRESSION_MULTIPLY: return g * x;
  case EXPRESSION_DIVIDE: return -g * (value / y);
  case EXPRESSION_POWER: return x == 0 && y >= 0 ? 0 : g * (value * log_f64(x));
  case EXPRESSION_MAXIMUM: return y < x ? 0 : x == y ? 0.5 * g : g;
  case EXPRESSION_MINIMUM: return y > x ? 0 : x == y ? 0.5 * g : g;
  default: return g; /* ADD */
  }
}

#endif
