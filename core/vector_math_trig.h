/* sin, cos, tan and atan, as vector_math.h. real_sin, real_cos and real_tan leave the vector way for the few
 * angles beyond NEAR_ANGLE; loops over many numbers call the _block forms. All compute in double, whatever
 * `real` is. */
#ifndef LOSSD_CORE_VECTOR_MATH_TRIG_H
#define LOSSD_CORE_VECTOR_MATH_TRIG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/huge_angle.h"
#include "core/vector_math.h"

/* Up to here a multiple of pi/2 has 20 bits, and its products with 33 bits of pi/2 are exact. */
#define NEAR_ANGLE 0x1p20

/* a - b without loss */
struct exact_f64 {
  double hi, lo;
};

static inline struct exact_f64 difference_f64(double a, double b) {
  const double hi = a - b, part = hi - a;
  return (struct exact_f64){hi, (a - (hi - part)) - (b + part)};
}

/* W. Cody, W. Waite, "Software manual for the elementary functions" (1980): pi/2 in four parts */
static inline struct angle near_angle(double x) {
  const double shifted = x * 0x1.45f306dc9c883p-1 + 0x1.8p52;
  const double n = shifted - 0x1.8p52;
  const struct exact_f64 a = difference_f64(x - n * 0x1.921fb544p+0, n * 0x1.0b4611a6p-34);
  const struct exact_f64 b = difference_f64(a.hi, n * 0x1.3198a2ep-69);
  const double low = (a.lo + b.lo) - n * 0x1.b839a252049c1p-104;
  const double hi = b.hi + low;
  return (struct angle){hi, low - (hi - b.hi), bits_f64(shifted)};
}

static inline struct angle any_angle(double x) {
  return __builtin_fabs(x) <= NEAR_ANGLE ? near_angle(x) : lossd_huge_angle(x);
}

static inline double sin_of_remainder(struct angle a) {
  const double z = a.hi * a.hi;
  return a.hi + (a.hi * (z * sin_rest_f64(z)) + a.lo * (1 - 0.5 * z));
}

static inline double cos_of_remainder(struct angle a) {
  const double z = a.hi * a.hi, half = 0.5 * z, w = 1 - half;
  return w + (((1 - w) - half) + (z * z * cos_rest_f64(z) - a.hi * a.lo));
}

/* odd ? a : b, for the lowest bit of odd */
static inline double choose_f64(uint64_t odd, double a, double b) {
  const uint64_t mask = 0 - (odd & 1);
  return from_bits_f64((bits_f64(a) & mask) | (bits_f64(b) & ~mask));
}

/* the sine of the angle `quadrants` quadrants further on */
static inline double sin_of_angle(struct angle a, uint64_t quadrants) {
  const uint64_t quadrant = a.quadrant + quadrants;
  const double y = choose_f64(quadrant, cos_of_remainder(a), sin_of_remainder(a));
  return from_bits_f64(bits_f64(y) ^ (quadrant & 2) << 62);
}

static inline double tan_of_angle(struct angle a) {
  const double s = sin_of_remainder(a), c = cos_of_remainder(a);
  return choose_f64(a.quadrant, -c, s) / choose_f64(a.quadrant, s, c);
}

/* Zero has its sign. */
static inline double sin_f64(double x) {
  return x == 0 ? x : sin_of_angle(any_angle(x), 0);
}
static inline double cos_f64(double x) {
  return sin_of_angle(any_angle(x), 1);
}
static inline double tan_f64(double x) {
  return x == 0 ? x : tan_of_angle(any_angle(x));
}
static inline real real_sin(real x) {
  return (real)sin_f64((double)x);
}
static inline real real_cos(real x) {
  return (real)cos_f64((double)x);
}
static inline real real_tan(real x) {
  return (real)tan_f64((double)x);
}

static inline bool all_near_angles(const real *x, size_t n) {
  real_bits far = 0;
  for (size_t i = 0; i < n; i++) far |= real_abs(x[i]) <= R(NEAR_ANGLE) ? 0 : 1;
  return far == 0;
}

/* out[i] = sin(x[i]), and so on; x and out must not overlap. A few hundred to a few thousand numbers at a
 * time. */
static inline void real_sin_block(const real *restrict x, real *restrict out, size_t n) {
  if (all_near_angles(x, n))
    for (size_t i = 0; i < n; i++)
      out[i] = x[i] == 0 ? x[i] : (real)sin_of_angle(near_angle((double)x[i]), 0);
  else
    for (size_t i = 0; i < n; i++) out[i] = real_sin(x[i]);
}
static inline void real_cos_block(const real *restrict x, real *restrict out, size_t n) {
  if (all_near_angles(x, n))
    for (size_t i = 0; i < n; i++) out[i] = (real)sin_of_angle(near_angle((double)x[i]), 1);
  else
    for (size_t i = 0; i < n; i++) out[i] = real_cos(x[i]);
}
static inline void real_tan_block(const real *restrict x, real *restrict out, size_t n) {
  if (all_near_angles(x, n))
    for (size_t i = 0; i < n; i++) out[i] = x[i] == 0 ? x[i] : (real)tan_of_angle(near_angle((double)x[i]));
  else
    for (size_t i = 0; i < n; i++) out[i] = real_tan(x[i]);
}

/* tan(pi/8) and tan(3 pi/8) part the line into three, each mapped onto |u| <= tan(pi/8). */
static inline double atan_f64(double x) {
  const double t = abs_f64(x);
  const bool large = t > 2.41421356237309504880, middle = t > 0.41421356237309504880;
  const double u = (large ? -1 : middle ? t - 1 : t) / (large ? t : middle ? t + 1 : 1);
  const double hi = large ? 0x1.921fb54442d18p+0 : middle ? 0x1.921fb54442d18p-1 : 0;
  const double lo = large ? 0x1.1a62633145c07p-54 : middle ? 0x1.1a62633145c07p-55 : 0;
  const double z = u * u;
  return copysign_f64(hi + (u + (u * (z * atan_rest_f64(z)) + lo)), x);
}
static inline real real_atan(real x) {
  return (real)atan_f64((double)x);
}

#endif
