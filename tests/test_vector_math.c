/* core's mathematics: accuracy against long double over the whole range and against high-precision values,
 * special numbers, and the same bits from every variant. */
#include "core/loss.h"
#include "tests/unit.h"
#include "tests/vector_math_variant.h"

#include <float.h>
#include <inttypes.h>

typedef long double wide;

#define POINTS 200000 /* of a sweep */
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* References
 * ---------------------------------------------------------------------------------------------------- */

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

/* Precisions: numbers of either kind, held as double
 * ------------------------------------------------------------ */

static const struct precision {
  size_t size;
  int mantissa, smallest_exponent; /* of a denormal number */
  double max;
  const struct vector_math_variant *variant[3];
} precisions[] = {
#if defined(__x86_64__)
    {4,
     FLT_MANT_DIG,
     -149,
     FLT_MAX,
     {&vector_math_baseline_f32, &vector_math_avx2_f32, &vector_math_avx512_f32}},
    {8,
     DBL_MANT_DIG,
     -1074,
     DBL_MAX,
     {&vector_math_baseline_f64, &vector_math_avx2_f64, &vector_math_avx512_f64}},
#else
    {4, FLT_MANT_DIG, -149, FLT_MAX, {&vector_math_baseline_f32}},
    {8, DBL_MANT_DIG, -1074, DBL_MAX, {&vector_math_baseline_f64}},
#endif
};
enum { SINGLE, DOUBLE };

static double get(const struct precision *p, const void *array, size_t i) {
  return p->size == 4 ? (double)((const float *)array)[i] : ((const double *)array)[i];
}
static void put(const struct precision *p, void *array, size_t i, double x) {
  if (p->size == 4)
    ((float *)array)[i] = (float)x;
  else
    ((double *)array)[i] = x;
}
static double number_of_bits(const struct precision *p, uint64_t bits) {
  const uint32_t narrow = (uint32_t)bits;
  float f;
  double d;
  memcpy(&f, &narrow, sizeof f);
  memcpy(&d, &bits, sizeof d);
  return p->size == 4 ? (double)f : d;
}
static uint64_t bits_of_number(const struct precision *p, double x) {
  const float f = (float)x;
  uint32_t narrow;
  uint64_t bits;
  memcpy(&narrow, &f, sizeof narrow);
  memcpy(&bits, &x, sizeof bits);
  return p->size == 4 ? narrow : bits;
}

/* Unit in the last place of the numbers around x. */
static wide ulp(const struct precision *p, wide x) {
  int exponent;
  frexpl(x, &exponent);
  exponent -= p->mantissa;
  return ldexpl(1, exponent < p->smallest_exponent || x == 0 ? p->smallest_exponent : exponent);
}

/* Error in ulps past an absolute one; infinite where infinities, NaN or the sign of zero do not match. */
static double error_in_ulps(const struct precision *p, double got, wide want, double absolute) {
  if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : (double)INFINITY;
  if (isinf(got)) {
    const wide shortfall = (wide)p->max - fabsl(want);
    return !signbit(got) != !signbit(want) ? (double)INFINITY
           : shortfall <= 0                ? 0
                                           : (double)(shortfall / ulp(p, p->max));
  }
  if (got == 0 && !signbit(got) != !signbit(want) && absolute == 0) return (double)INFINITY;
  const wide error = fabsl((wide)got - want) - absolute;
  return error > 0 ? (double)(error / ulp(p, want)) : 0;
}

/* Inputs
 * -------------------------------------------------------------------------------------------------------- */

static const double specials[] = {0.0,      -0.0,      1,
                                  -1,       2,         -2,
                                  0.5,      -0.5,      3,
                                  INFINITY, -INFINITY, NAN,
                                  1e300,    -1e300,    1e-300,
                                  -1e-300,  1e-320,    -1e-320,
                                  1e-40,    1e-45,     -1e-45,
                                  3e38,     -3e38,     DBL_MAX,
                                  -DBL_MAX, FLT_MAX,   -FLT_MAX,
                                  2.5,      -2.5,      1048576,
                                  1e16,     -1e16,     9007199254740993.0};

/* Half of the points run through all bit patterns, half through those between low and high; specials last. */
static size_t fill(const struct precision *p, const struct function *f, void *x) {
  const uint64_t half = POINTS / 2, width = p->size * 8;
  const double side[2] = {f->low, f->high};
  size_t n = 0;
  for (uint64_t i = 0; i < half; i++) {
    const double number = number_of_bits(p, (UINT64_MAX >> (64 - width)) / half * i + i);
    put(p, x, n++, isnan(number) ? (double)NAN : number); /* not the signalling ones */
  }
  for (int s = 0; s < 2; s++) {
    const uint64_t from = bits_of_number(p, 1e-9), to = bits_of_number(p, fabs(side[s]));
    for (uint64_t i = 0; i < half / 2 && side[s] != 0; i++)
      put(p, x, n++, copysign(number_of_bits(p, from + (to - from) / (half / 2) * i + i % 7), side[s]));
  }
  for (size_t i = 0; i < COUNT(specials); i++) put(p, x, n++, specials[i]);
  for (size_t i = 0; i < n && f->part_alone; i++)
    if (!(get(p, x, i) >= f->low && get(p, x, i) <= f->high)) put(p, x, i, f->high);
  return n;
}

static void *numbers(const struct precision *p) {
  void *array = calloc(POINTS + COUNT(specials), p->size);
  assert_non_null(array);
  return array;
}

/* FNV-1a */
static uint64_t hash_of(const void *data, size_t bytes) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < bytes; i++)
    hash = (hash ^ ((const unsigned char *)data)[i]) * UINT64_C(0x100000001b3);
  return hash;
}

/* The instruction set of a variant, "avx2" of "avx2_f32", is on this machine. */
static bool can_run(const struct vector_math_variant *variant) {
  if (!variant) return false;
  char name[16];
  snprintf(name, sizeof name, "%.*s", (int)strcspn(variant->name, "_"), variant->name);
  return lossd_force_instruction_set(name);
}

/* Tests
 * ---------------------------------------------------------------------------------------------------- */

static void every_function_keeps_its_bound(void **state) {
  (void)state;
  for (size_t k = 0; k < COUNT(precisions); k++) {
    const struct precision *p = &precisions[k];
    void *x = numbers(p), *out = numbers(p);
    for (size_t i = 0; i < VECTOR_MATH_COUNT; i++) {
      const struct function *f = &functions[i];
      const double bound = k == SINGLE ? f->ulps_f32 : f->ulps_f64;
      const size_t n = fill(p, f, x);
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
        const size_t n = fill(p, &functions[i], x);
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

/* pow
 * ---------------------------------------------------------------------------------------------------- */

static const double exponents[] = {2,    -1,    0.5,  3,        -3,        2.7, 30,  100.5, 1e-3, -1e-10,
                                   1e10, 1e300, 1001, INFINITY, -INFINITY, NAN, 0.0, -0.0,  1,    -700.25};

/* Each exponent with a part of the sweep, then all pairs of special numbers. */
static size_t fill_pow(const struct precision *p, void *x, void *y) {
  static const struct function whole = {.low = -4, .high = 4};
  const size_t n = fill(p, &whole, x) - COUNT(specials) * COUNT(specials);
  for (size_t i = 0; i < n; i++) put(p, y, i, exponents[i * 2654435761u / 64 % COUNT(exponents)]);
  for (size_t i = 0; i < COUNT(specials) * COUNT(specials); i++) {
    put(p, x, n + i, specials[i / COUNT(specials)]);
    put(p, y, n + i, specials[i % COUNT(specials)]);
  }
  return n + COUNT(specials) * COUNT(specials);
}

static void pow_keeps_its_bound_and_is_c_s_pow_at_special_numbers(void **state) {
  (void)state;
  for (size_t k = 0; k < COUNT(precisions); k++) {
    const struct precision *p = &precisions[k];
    void *x = numbers(p), *y = numbers(p), *out = numbers(p);
    const size_t n = fill_pow(p, x, y);
    p->variant[0]->pow(x, y, out, n);
    for (size_t i = 0; i < n; i++) {
      const double a = get(p, x, i), b = get(p, y, i), bound = k == SINGLE ? 0.51 : 12;
      const double error = error_in_ulps(p, get(p, out, i), powl((wide)a, (wide)b), 0);
      if (!(error <= bound)) fail_msg("pow(%a, %a) of %zu bits: off by %g ulp", a, b, p->size * 8, error);
    }
    free(x), free(y), free(out);
  }
}

static void every_variant_of_pow_gives_the_same_bits(void **state) {
  (void)state;
  static const uint64_t want[] = {[SINGLE] = 0xaab07fcb9f0f384e, [DOUBLE] = 0x1fbc6df163fd45bf};
  for (size_t k = 0; k < COUNT(precisions); k++) {
    const struct precision *p = &precisions[k];
    void *x = numbers(p), *y = numbers(p), *out = numbers(p);
    const size_t n = fill_pow(p, x, y);
    for (size_t v = 0; v < COUNT(p->variant) && can_run(p->variant[v]); v++) {
      p->variant[v]->pow(x, y, out, n);
      const uint64_t hash = hash_of(out, n * p->size);
      if (hash != want[k]) fail_msg("%s: hash 0x%016" PRIx64, p->variant[v]->name, hash);
    }
    free(x), free(y), free(out);
  }
}

/* exp_wide, exp_short(bounded(x)): of a float, in double
 * ---------------------------------------------------------------------------------------------------- */

static void the_wide_exp_of_a_float_keeps_its_bound(void **state) {
  (void)state;
  static const struct function line = {.low = -700, .high = 700};
  const struct precision *p = &precisions[SINGLE];
  float *x = numbers(p);
  double *out = numbers(&precisions[DOUBLE]);
  const size_t n = fill(p, &line, x);
  p->variant[0]->exp_wide(x, out, n);
  for (size_t i = 0; i < n; i++) {
    const wide want = expl(fmaxl(-700, fminl((wide)x[i], 700)));
    const bool is_float = x[i] >= -104 && x[i] <= 89;
    if (x[i] == 0) assert_true(out[i] == 1);
    if (isnan(x[i]) ? isnan(out[i]) : fabsl(out[i] - want) <= want * (is_float ? 0x1p-46L : 0x1p-43L))
      continue;
    fail_msg("exp_wide(%a) is %a, not %La", (double)x[i], out[i], want);
  }
  free(x), free(out);
}

static void every_variant_of_the_wide_exp_gives_the_same_bits(void **state) {
  (void)state;
  static const struct function line = {.low = -700, .high = 700};
  const struct precision *p = &precisions[SINGLE];
  float *x = numbers(p);
  double *out = numbers(&precisions[DOUBLE]);
  const size_t n = fill(p, &line, x);
  for (size_t v = 0; v < COUNT(p->variant) && can_run(p->variant[v]); v++) {
    p->variant[v]->exp_wide(x, out, n);
    const uint64_t hash = hash_of(out, n * sizeof *out), want = 0x24170cdf166c83e1;
    if (hash != want) fail_msg("%s: hash 0x%016" PRIx64, p->variant[v]->name, hash);
  }
  free(x), free(out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_function_keeps_its_bound),
      cmocka_unit_test(every_function_meets_the_high_precision_values),
      cmocka_unit_test(every_variant_gives_the_same_bits),
      cmocka_unit_test(every_variant_sums_to_the_same_bits),
      cmocka_unit_test(pow_keeps_its_bound_and_is_c_s_pow_at_special_numbers),
      cmocka_unit_test(every_variant_of_pow_gives_the_same_bits),
      cmocka_unit_test(the_wide_exp_of_a_float_keeps_its_bound),
      cmocka_unit_test(every_variant_of_the_wide_exp_gives_the_same_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
