#include "tests/vector_math_variant.h"

#include "core/stable.h"
#include "core/sum.h"
#include "core/vector_math.h"
#include "core/vector_math_gamma.h"
#include "core/vector_math_power.h"
#include "core/vector_math_trig.h"

/* What losses make of one exponential. */
static real real_sigmoid(real x) {
  return real_sigmoid_from(x, logistic(x).e);
}
static real real_softplus(real x) {
  const struct logistic shared = logistic(x);
  return x == x ? softplus(x, shared) : shared.log1p_e; /* of two NaN a sum may be either */
}

#define LOOP(name)                                                                                           \
  static void loop_##name(const void *in, void *to, size_t n) {                                              \
    const real *restrict x = in;                                                                             \
    real *restrict out = to;                                                                                 \
    for (size_t i = 0; i < n; i++) out[i] = real_##name(x[i]);                                               \
  }
#define BLOCK(name)                                                                                          \
  static void loop_##name(const void *in, void *to, size_t n) {                                              \
    const real *x = in;                                                                                      \
    real *out = to;                                                                                          \
    for (size_t i = 0; i < n; i += 64) real_##name##_block(x + i, out + i, n - i < 64 ? n - i : 64);         \
  }

LOOP(exp)
LOOP(exp_neg_abs)
LOOP(expm1)
LOOP(log)
LOOP(log1p)
LOOP(log1p_unit)
LOOP(tanh)
LOOP(sigmoid)
LOOP(softplus)
BLOCK(sin)
BLOCK(cos)
BLOCK(tan)
LOOP(atan)
LOOP(sinh)
LOOP(cosh)
LOOP(lgamma)
LOOP(digamma)

static void loop_pow(const void *in, const void *exponents, void *to, size_t n) {
  const real *restrict x = in, *restrict y = exponents;
  real *restrict out = to;
  for (size_t i = 0; i < n; i++) out[i] = real_pow(x[i], y[i]);
}
static void loop_exp_wide(const void *in, double *restrict out, size_t n) {
  const real *restrict x = in;
  for (size_t i = 0; i < n; i++) out[i] = real_exp_short(real_bounded(x[i]));
}
static double sum(const void *x, size_t n) {
  return sum_real(x, n);
}
static double products(const void *x, const void *y, size_t n) {
  return sum_products(x, y, n);
}
static double max(const void *x, size_t n) {
  return (double)largest_real(x, n).value;
}

#define PASTE(a, b) a##b
#define NAME(variant) PASTE(vector_math_, variant)
#define TEXT(x) #x
#define STRING(x) TEXT(x)

const struct vector_math_variant NAME(LOSSD_VARIANT) = {
    .name = STRING(LOSSD_VARIANT),
#define X(name) [VECTOR_MATH_##name] = loop_##name,
    .function = {VECTOR_MATH_FUNCTIONS(X)},
#undef X
    .pow = loop_pow,
    .exp_wide = loop_exp_wide,
    .sum = sum,
    .sum_products = products,
    .max = max,
};
