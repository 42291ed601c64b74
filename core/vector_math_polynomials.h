/* Minimax polynomials of core/vector_math*.h, written by core/tools/make_polynomials.py. */
#ifndef LOSSD_CORE_VECTOR_MATH_POLYNOMIALS_H
#define LOSSD_CORE_VECTOR_MATH_POLYNOMIALS_H

/* (exp(x) - 1 - x) / x^2, |x| <= log(2)/2; weighted error 2^-59.9 */
static inline double exp_rest_f64(double x) {
  const double x2 = x * x;
  const double x4 = x2 * x2;
  const double x8 = x4 * x4;
  return (((0x1.0000000000000p-1 + 0x1.5555555555559p-3 * x) +
           (0x1.555555555553fp-5 + 0x1.111111110f6dbp-7 * x) * x2) +
          ((0x1.6c16c16c1f061p-10 + 0x1.a01a01afd3789p-13 * x) +
           (0x1.a01a017bca3a9p-16 + 0x1.71ddf87fb64d9p-19 * x) * x2) *
              x4) +
         ((0x1.27e5362a1820cp-22 + 0x1.af5e735950fb4p-26 * x) + 0x1.1ee883d718f32p-29 * x2) * x8;
}
/* (exp(x) - 1 - x) / x^2, |x| <= log(2)/2; weighted error 2^-25.8 */
static inline float exp_rest_f32(float x) {
  const float x2 = x * x;
  const float x4 = x2 * x2;
  return ((0x1.fffffe0000000p-2f + 0x1.5554b00000000p-3f * x) +
          (0x1.5556740000000p-5f + 0x1.1227760000000p-7f * x) * x2) +
         0x1.6bec160000000p-10f * x4;
}
/* (2 atanh(s) / s - 2) / s^2, x = s^2, s <= 3 - sqrt(8); weighted error 2^-58.9 */
static inline double log_rest_f64(double x) {
  const double x2 = x * x;
  const double x4 = x2 * x2;
  return ((0x1.5555555555592p-1 + 0x1.999999997fd7dp-2 * x) +
          (0x1.24924941f4b4fp-2 + 0x1.c71c520639378p-3 * x) * x2) +
         ((0x1.74663f9919ebdp-3 + 0x1.39a1a7cfe0c24p-3 * x) + 0x1.2f062c5f1840ep-3 * x2) * x4;
}
/* (2 atanh(s) / s - 2) / s^2, x = s^2, s <= 3 - sqrt(8); weighted error 2^-30.1 */
static inline float log_rest_f32(float x) {
  const float x2 = x * x;
  return (0x1.55557a0000000p-1f + 0x1.995eb80000000p-2f * x) + 0x1.31e3460000000p-2f * x2;
}
/* the same for s <= 1/3; weighted error 2^-58.1 */
static inline double log1p_unit_rest_f64(double x) {
  const double x2 = x * x;
  const double x4 = x2 * x2;
  const double x8 = x4 * x4;
  return (((0x1.5555555555535p-1 + 0x1.99999999a083dp-2 * x) +
           (0x1.2492492085838p-2 + 0x1.c71c741f88eeep-3 * x) * x2) +
          ((0x1.745cb39ba7f39p-3 + 0x1.3b1de3221c73dp-3 * x) +
           (0x1.1067689b6e7e0p-3 + 0x1.efdd84095d59bp-4 * x) * x2) *
              x4) +
         (0x1.559c49a0b8abcp-4 + 0x1.5c8a5e6407cb1p-3 * x) * x8;
}
/* the same for s <= 1/3; weighted error 2^-27.6 */
static inline float log1p_unit_rest_f32(float x) {
  const float x2 = x * x;
  return (0x1.5555000000000p-1f + 0x1.99d27c0000000p-2f * x) +
         (0x1.1eb6160000000p-2f + 0x1.1ef8600000000p-2f * x) * x2;
}

#endif
