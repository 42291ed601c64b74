/* Sweeps of core's mathematics: numbers of either precision, held as double; points of the whole line; errors
 * in units in the last place; hashes of what comes out. For the tests of vector_math.h and its kin. Arrays
 * belong to the caller. */
#ifndef LOSSD_TESTS_VECTOR_MATH_SWEEP_H
#define LOSSD_TESTS_VECTOR_MATH_SWEEP_H

#include <float.h>
#include <stdbool.h>

#include "core/loss.h"
#include "tests/unit.h"
#include "tests/vector_math_variant.h"

typedef long double wide;

#define POINTS 200000 /* of a sweep */
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* ---- Precisions: numbers of either kind, held as double ---- */

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

static inline double get(const struct precision *p, const void *array, size_t i) {
  return p->size == 4 ? (double)((const float *)array)[i] : ((const double *)array)[i];
}
static inline void put(const struct precision *p, void *array, size_t i, double x) {
  if (p->size == 4)
    ((float *)array)[i] = (float)x;
  else
    ((double *)array)[i] = x;
}
static inline double number_of_bits(const struct precision *p, uint64_t bits) {
  const uint32_t narrow = (uint32_t)bits;
  float f;
  double d;
  memcpy(&f, &narrow, sizeof f);
  memcpy(&d, &bits, sizeof d);
  return p->size == 4 ? (double)f : d;
}
static inline uint64_t bits_of_number(const struct precision *p, double x) {
  const float f = (float)x;
  uint32_t narrow;
  uint64_t bits;
  memcpy(&narrow, &f, sizeof narrow);
  memcpy(&bits, &x, sizeof bits);
  return p->size == 4 ? narrow : bits;
}

/* Unit in the last place of the numbers around x. */
static inline wide ulp(const struct precision *p, wide x) {
  int exponent;
  frexpl(x, &exponent);
  exponent -= p->mantissa;
  return ldexpl(1, exponent < p->smallest_exponent || x == 0 ? p->smallest_exponent : exponent);
}

/* Error in ulps past an absolute one; infinite where infinities, NaN or the sign of zero do not match. */
static inline double error_in_ulps(const struct precision *p, double got, wide want, double absolute) {
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

/* ---- Inputs ---- */

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

/* The part of the line where something happens; part_alone: a function is for that part alone. */
struct line {
  double low, high;
  bool part_alone;
};

/* Half of the points run through all bit patterns, half through those between low and high; specials last. */
static inline size_t fill(const struct precision *p, struct line line, void *x) {
  const uint64_t half = POINTS / 2, width = p->size * 8;
  const double side[2] = {line.low, line.high};
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
  for (size_t i = 0; i < n && line.part_alone; i++)
    if (!(get(p, x, i) >= line.low && get(p, x, i) <= line.high)) put(p, x, i, line.high);
  return n;
}

static inline void *numbers(const struct precision *p) {
  void *array = calloc(POINTS + COUNT(specials), p->size);
  assert_non_null(array);
  return array;
}

/* FNV-1a */
static inline uint64_t hash_of(const void *data, size_t bytes) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < bytes; i++)
    hash = (hash ^ ((const unsigned char *)data)[i]) * UINT64_C(0x100000001b3);
  return hash;
}

/* The instruction set of a variant, "avx2" of "avx2_f32", is on this machine. */
static inline bool can_run(const struct vector_math_variant *variant) {
  if (!variant) return false;
  char name[16];
  snprintf(name, sizeof name, "%.*s", (int)strcspn(variant->name, "_"), variant->name);
  return lossd_force_instruction_set(name);
}

#endif
