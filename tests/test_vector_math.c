/* core's functions of one number: accuracy against long double over the whole range and against
 * high-precision values, special numbers, and the same bits from every variant. */
#include <inttypes.h>

#include "tests/vector_math_sweep.h"

/* ---- References ---- */

#define PI_L 3.14159265358979323846264338327950288L

static wide exp_neg_abs_l(wide x) {
  return expl(-fabsl(x));
}
static wide sigmoid_l(wide x) {
  return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x));
}
static wide softplus_l(wide x) {
  return (x > 0 ? x : 0) + log1pl(expl(-fabsl(x)));
}

/* Abramowitz & Stegun 6.3.5, 6.3.7 and 6.3.18 */
static wide digamma_l(wide x) {
  if (x == 0) return -1 / x;
  if (x < 0) {
    const wide f = -x - nearbyintl(-x);
    return f == 0 || isinf(x) ? (wide)NAN : digamma_l(-x) - 1 / x + PI_L / tanl(PI_L * f);
  }
  wide below = 0;
  for (; x < 40; x++) below += 1 / x;
  const wide z = 1 / (x * x);
  const wide series = z * (1 / 12.0L - z * (1 / 120.0L - z * (1 / 252.0L - z * (1 / 240.0L - z / 132))));
  return logl(x) - 0.5L / x - series - below;
}

/* Bounds: ulps in each precision, plus an absolute error for functions with zeros that no number meets. From
 * low to high lies the part of the line where something happens; a sweep over all bit patterns covers the
 * rest, but for functions that are for that part alone. hash: of all outputs, the same for every variant,
 * compiler and machine. */
static const struct function {
  const char *name;
  wide (*reference)(wide);
  double low, high;
  bool part_alone;
  double ulps_f32, ulps_f64;
  double absolute[2]; /* for x >= 0 and x < 0 */
  uint64_t hash_f32, hash_f64;
} functions[VECTOR_MATH_COUNT] = {
    [VECTOR_MATH_exp] = {"exp", expl, -750, 720, .ulps_f32 = 1.1, .ulps_f64 = 1.1,
                         .hash_f32 = 0xcca478a19f3f5fcf, .hash_f64 = 0xec16257f9dd5cdae},
    [VECTOR_MATH_exp_neg_abs] = {"exp_neg_abs", exp_neg_abs_l, -750, 750, .ulps_f32 = 1.1, .ulps_f64 = 1.1,
                                 .hash_f32 = 0x6b22b2f94cee7fe8, .hash_f64 = 0xa3f00cc6ad581e24},
    [VECTOR_MATH_expm1] = {"expm1", expm1l, -50, 720, .ulps_f32 = 1.3, .ulps_f64 = 1.3,
                           .hash_f32 = 0xfbf525264f962049, .hash_f64 = 0x092e45753aaf2afa},
    [VECTOR_MATH_log] = {"log", logl, 0, 4, .ulps_f32 = 1, .ulps_f64 = 1, .hash_f32 = 0x9534a09848e2e347,
                         .hash_f64 = 0x15241277761f92a7},
    [VECTOR_MATH_log1p] = {"log1p", log1pl, -1, 4, .ulps_f32 = 1.5, .ulps_f64 = 1.5,
                           .hash_f32 = 0x2df92f32345d1613, .hash_f64 = 0x400be7e13c964948},
    [VECTOR_MATH_log1p_unit] = {"log1p_unit", log1pl, 0, 1, .part_alone = true, .ulps_f32 = 1.3,
                                .ulps_f64 = 1.3, .hash_f32 = 0x5172d9907b22bee4,
                                .hash_f64 = 0x42ffbb39a6d475a3},
    [VECTOR_MATH_tanh] = {"tanh", tanhl, -20, 20, .ulps_f32 = 1.5, .ulps_f64 = 1.5,
                          .hash_f32 = 0xdb62dec1fb92f863, .hash_f64 = 0x7bed67216e629f8f},
    [VECTOR_MATH_sigmoid] = {"sigmoid", sigmoid_l, -750, 40, .ulps_f32 = 2.5, .ulps_f64 = 2.5,
                             .hash_f32 = 0x6a7c39b8ac9d81ed, .hash_f64 = 0x4fd93a9432e7a3fb},
    [VECTOR_MATH_softplus] = {"softplus", softplus_l, -750, 40, .ulps_f32 = 2, .ulps_f64 = 2,
                              .hash_f32 = 0x6a16e3c392311a8a, .hash_f64 = 0xc412d5bfc9df8a19},
    [VECTOR_MATH_sin] = {"sin", sinl, -2e6, 2e6, .ulps_f32 = 0.51, .ulps_f64 = 1,
                         .hash_f32 = 0x46885a0b42e3be73, .hash_f64 = 0x547d8aa5fb99296c},
    [VECTOR_MATH_cos] = {"cos", cosl, -2e6, 2e6, .ulps_f32 = 0.51, .ulps_f64 = 1,
                         .hash_f32 = 0xfca9592f82b4feb8, .hash_f64 = 0xa62de087aab1c228},
    [VECTOR_MATH_tan] = {"tan", tanl, -2e6, 2e6, .ulps_f32 = 0.51, .ulps_f64 = 2.2,
                         .hash_f32 = 0x444d247c7e917cf3, .hash_f64 = 0x820a58021f978925},
    [VECTOR_MATH_atan] = {"atan", atanl, -100, 100, .ulps_f32 = 0.51, .ulps_f64 = 2,
                          .hash_f32 = 0x24bf6d6425dd08ee, .hash_f64 = 0x252e31e348e9c012},
    [VECTOR_MATH_sinh] = {"sinh", sinhl, -720, 720, .ulps_f32 = 0.51, .ulps_f64 = 2.2,
                          .hash_f32 = 0x22ebf479d6099468, .hash_f64 = 0x2a1896b7e5fc8e63},
    [VECTOR_MATH_cosh] = {"cosh", coshl, -720, 720, .ulps_f32 = 0.51, .ulps_f64 = 1.5,
                          .hash_f32 = 0xb958cccc8fd80489, .hash_f64 = 0xa1616d1c17f2cbc8},
    [VECTOR_MATH_lgamma] = {"lgamma", lgammal, -30, 30, .ulps_f32 = 0.51, .ulps_f64 = 450,
                            .absolute = {1e-15, 1e-14}, .hash_f32 = 0x6539ccfd308679e9,
                            .hash_f64 = 0x7934373f90f403e6},
    [VECTOR_MATH_digamma] = {"digamma", digamma_l, -30, 30, .ulps_f32 = 0.51, .ulps_f64 = 450,
                             .absolute = {1e-15, 1e-14}, .hash_f32 = 0x82d5170c07dadca2,
                             .hash_f64 = 0xadb24b3428f4f507},
};

static struct line line_of(const struct function *f) {
  return (struct line){f->low, f->high, f->part_alone};
}

/* ---- Tests ---- */

static void every_function_keeps_its_bound(void **state) {
  (void)state;
  for (size_t k = 0; k < COUNT(precisions); k++) {
    const struct precision *p = &precisions[k];
    void *x = numbers(p), *out = numbers(p);
    for (size_t i = 0; i < VECTOR_MATH_COUNT; i++) {
      const struct function *f = &functions[i];
      const double bound = k == SINGLE ? f->ulps_f32 : f->ulps_f64;
      const size_t n = fill(p, line_of(f), x);
      p->variant[0]->function[i](x, out, n);
      double worst = 0, at = 0;
      for (size_t j = 0; j < n; j++) {
        const double number = get(p, x, j);
        const wide want = f->reference((wide)number);
        const double error = error_in_ulps(p, get(p, out, j), want, f->absolute[number < 0]);
        if (error > worst) worst = error, at = number;
      }
      if (!(worst <= bound))
        fail_msg("%s of %zu bits: %g ulp at %a, more than %g", f->name, p->size * 8, worst, at, bound);
    }
    free(x), free(out);
  }
}

/* Where long double is no wider than double this is what holds the bounds. */
static void every_function_meets_the_high_precision_values(void **state) {
  (void)state;
  static const struct {
    int function;
    double x, want;
  } rows[] = {
#define X(name, x, want) {VECTOR_MATH_##name, x, want},
#include "tests/golden/vector_math.def"
#undef X
  };
  for (size_t k = 0; k < COUNT(precisions); k++)
    for (size_t i = 0; i < COUNT(rows); i++) {
      const struct precision *p = &precisions[k];
      const struct function *f = &functions[rows[i].function];
      double x, out;
      put(p, &x, 0, rows[i].x);
      p->variant[0]->function[rows[i].function](&x, &out, 1);
      /* The value itself is rounded to double: half an ulp more. */
      const double bound = k == SINGLE ? f->ulps_f32 : f->ulps_f64 + 0.5;
      const double error = error_in_ulps(p, get(p, &out, 0), (wide)rows[i].want, f->absolute[rows[i].x < 0]);
      if (!(error <= bound))
        fail_msg("%s(%a) of %zu bits: off by %g ulp", f->name, rows[i].x, p->size * 8, error);
    }
}

static void every_variant_gives_the_same_bits(void **state) {
  (void)state;
  for (size_t k = 0; k < COUNT(precisions); k++) {
    const struct precision *p = &precisions[k];
    void *x = numbers(p), *out = numbers(p);
    for (size_t v = 0; v < COUNT(p->variant); v++)
      for (size_t i = 0; i < VECTOR_MATH_COUNT && can_run(p->variant[v]); i++) {
        const size_t n = fill(p, line_of(&functions[i]), x);
        p->variant[v]->function[i](x, out, n);
        const uint64_t hash = hash_of(out, n * p->size),
                       want = k == SINGLE ? functions[i].hash_f32 : functions[i].hash_f64;
        if (hash != want)
          fail_msg("%s, %s: hash 0x%016" PRIx64 ", not 0x%016" PRIx64, functions[i].name, p->variant[v]->name,
                   hash, want);
      }
    free(x), free(out);
  }
}

/* The lanes of core/sum.h lie the same in every variant: a sum of numbers that round is the witness. */
static void every_variant_sums_to_the_same_bits(void **state) {
  (void)state;
  for (size_t k = 0; k < COUNT(precisions); k++) {
    const struct precision *p = &precisions[k];
    const struct vector_math_variant *first = p->variant[0];
    void *x = numbers(p), *y = numbers(p);
    const size_t n = 1003;
    for (size_t i = 0; i < n; i++) {
      put(p, x, i, 1.0 / (double)(i + 1));
      put(p, y, i, (double)(i * i % 1009) - 0.3);
    }
    for (size_t v = 1; v < COUNT(p->variant) && can_run(p->variant[v]); v++) {
      assert_true(p->variant[v]->sum(x, n) == first->sum(x, n));
      assert_true(p->variant[v]->sum_products(x, y, n) == first->sum_products(x, y, n));
      assert_true(p->variant[v]->max(y, n) == first->max(y, n));
    }
    free(x), free(y);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_function_keeps_its_bound),
      cmocka_unit_test(every_function_meets_the_high_precision_values),
      cmocka_unit_test(every_variant_gives_the_same_bits),
      cmocka_unit_test(every_variant_sums_to_the_same_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
