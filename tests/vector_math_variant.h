/* core's mathematics as loops over arrays, compiled once for each instruction set and precision. */
#ifndef LOSSD_TESTS_VECTOR_MATH_VARIANT_H
#define LOSSD_TESTS_VECTOR_MATH_VARIANT_H

#include <stddef.h>

/* Every function of one number, with its whole name. */
#define VECTOR_MATH_FUNCTIONS(X)                                                                             \
  X(exp)                                                                                                     \
  X(exp_neg_abs)                                                                                             \
  X(expm1)                                                                                                   \
  X(log)                                                                                                     \
  X(log1p)                                                                                                   \
  X(log1p_unit)                                                                                              \
  X(tanh)                                                                                                    \
  X(sigmoid)                                                                                                 \
  X(softplus)                                                                                                \
  X(sin)                                                                                                     \
  X(cos)                                                                                                     \
  X(tan)                                                                                                     \
  X(atan)                                                                                                    \
  X(sinh)                                                                                                    \
  X(cosh)                                                                                                    \
  X(lgamma)                                                                                                  \
  X(digamma)

enum {
#define X(name) VECTOR_MATH_##name,
  VECTOR_MATH_FUNCTIONS(X)
#undef X
      VECTOR_MATH_COUNT
};

/* Arrays are of the variant's precision. */
struct vector_math_variant {
  const char *name;
  void (*function[VECTOR_MATH_COUNT])(const void *x, void *out, size_t n);
  void (*pow)(const void *x, const void *y, void *out, size_t n);
  void (*exp_wide)(const void *x, double *out, size_t n);
  double (*sum)(const void *x, size_t n);
  double (*sum_products)(const void *x, const void *y, size_t n);
  double (*max)(const void *x, size_t n);
};

#define VECTOR_MATH_VARIANT(precision)                                                                       \
  extern const struct vector_math_variant vector_math_baseline_##precision, vector_math_avx2_##precision,    \
      vector_math_avx512_##precision
VECTOR_MATH_VARIANT(f32);
VECTOR_MATH_VARIANT(f64);

#endif
