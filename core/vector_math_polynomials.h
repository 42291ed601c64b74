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
/* (exp(x / 4) - 1) / x, |x| <= log(2)/2; weighted error 2^-50.3 */
static inline double exp_quarter_rest_f64(double x) {
  const double x2 = x * x;
  const double x4 = x2 * x2;
  return ((0x1.000000000000ep-2 + 0x1.00000000043afp-5 * x) +
          (0x1.5555555534d67p-9 + 0x1.5555547f7f5a6p-13 * x) * x2) +
         ((0x1.1111130d9aefdp-17 + 0x1.6c2ec15e0d3d3p-22 * x) + 0x1.a0012babe61edp-27 * x2) * x4;
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
/* (tanh(s) / s - 1) / s^2, x = s^2, s <= 1/2; weighted error 2^-57.6 */
static inline double tanh_rest_f64(double x) {
  const double x2 = x * x;
  const double x4 = x2 * x2;
  const double x8 = x4 * x4;
  return (((-0x1.5555555555538p-2 + 0x1.111111110e3d5p-3 * x) +
           (-0x1.ba1ba1b71a881p-5 + 0x1.664f47b82e75ap-6 * x) * x2) +
          ((-0x1.226e16a66ad28p-7 + 0x1.d6ce08c3c3e9dp-9 * x) +
           (-0x1.7d49d6cd2ba77p-10 + 0x1.31d65a727c38cp-11 * x) * x2) *
              x4) +
         (-0x1.c8f9a1b015476p-13 + 0x1.dcf64a3001746p-15 * x) * x8;
}
/* (tanh(s) / s - 1) / s^2, x = s^2, s <= 1/2; weighted error 2^-28.0 */
static inline float tanh_rest_f32(float x) {
  const float x2 = x * x;
  const float x4 = x2 * x2;
  return ((-0x1.5555520000000p-2f + 0x1.110f2a0000000p-3f * x) +
          (-0x1.b98c700000000p-5f + 0x1.5d01d80000000p-6f * x) * x2) +
         -0x1.b40c980000000p-8f * x4;
}
/* (sin(s) / s - 1) / s^2, x = s^2, s <= pi/4; weighted error 2^-57.3 */
static inline double sin_rest_f64(double x) {
  const double x2 = x * x;
  const double x4 = x2 * x2;
  return ((-0x1.5555555555549p-3 + 0x1.111111110f87ep-7 * x) +
          (-0x1.a01a019c1208dp-13 + 0x1.71de35781ac83p-19 * x) * x2) +
         (-0x1.ae5e668ba395cp-26 + 0x1.5d93193791e0ep-33 * x) * x4;
}
/* (cos(s) - 1 + s^2 / 2) / s^4, x = s^2, s <= pi/4; weighted error 2^-59.9 */
static inline double cos_rest_f64(double x) {
  const double x2 = x * x;
  const double x4 = x2 * x2;
  return ((0x1.555555555554cp-5 + -0x1.6c16c16c15181p-10 * x) +
          (0x1.a01a019cb21c0p-16 + -0x1.27e4f80a379aap-22 * x) * x2) +
         (0x1.1ee9ec1b35db4p-29 + -0x1.8faeb73cd6f92p-37 * x) * x4;
}
/* (atan(s) / s - 1) / s^2, x = s^2, s <= sqrt(2) - 1; weighted error 2^-58.5 */
static inline double atan_rest_f64(double x) {
  const double x2 = x * x;
  const double x4 = x2 * x2;
  const double x8 = x4 * x4;
  return (((-0x1.555555555553dp-2 + 0x1.99999999958ecp-3 * x) +
           (-0x1.24924922b1239p-3 + 0x1.c71c70e7a30ddp-4 * x) * x2) +
          ((-0x1.745cf90b2acdap-4 + 0x1.3b111c656cc1fp-4 * x) +
           (-0x1.10ebdda6aa5cdp-4 + 0x1.df1167e4af0e7p-5 * x) * x2) *
              x4) +
         ((-0x1.9cdc285bb7323p-5 + 0x1.37ed43675869bp-5 * x) + -0x1.259d4ebf46503p-6 * x2) * x8;
}
/* lgamma(2 + x) / x, |x| <= 1/2; weighted error 2^-53.7 */
static inline double lgamma_rest_f64(double x) {
  const double x2 = x * x;
  const double x4 = x2 * x2;
  const double x8 = x4 * x4;
  const double x16 = x8 * x8;
  return ((((0x1.b0ee6072093cep-2 + 0x1.4a34cc4a60fa7p-2 * x) +
            (-0x1.13e001a557616p-4 + 0x1.51322ac7d8005p-6 * x) * x2) +
           ((-0x1.e404fc2188861p-8 + 0x1.7add6eae5617bp-9 * x) +
            (-0x1.38ac5c309f41cp-10 + 0x1.0b36af3646281p-11 * x) * x2) *
               x4) +
          (((-0x1.d3fd494203f09p-13 + 0x1.a127dc41cd8a1p-14 * x) +
            (-0x1.78defdeb816e0p-15 + 0x1.5806f1df135a2p-16 * x) * x2) +
           ((-0x1.3ca9398284614p-17 + 0x1.263ee2eea6582p-18 * x) +
            (-0x1.131d5015a7f56p-19 + 0x1.ee13061b10abfp-21 * x) * x2) *
               x4) *
              x8) +
         ((-0x1.c3007d51d73d6p-22 + 0x1.2b101cf03d940p-22 * x) + -0x1.33beee51738b7p-23 * x2) * x16;
}
/* digamma(3/2 + x) / (3/2 + x - its zero), |x| <= 1/2; weighted error 2^-53.6 */
static inline double digamma_rest_f64(double x) {
  const double x2 = x * x;
  const double x4 = x2 * x2;
  const double x8 = x4 * x4;
  const double x16 = x8 * x8;
  return ((((0x1.e6f0cbb873617p-1 + -0x1.b1cb63005ee98p-2 * x) +
            (0x1.eca189b8e6d97p-3 + -0x1.2feeeb98a7a31p-3 * x) * x2) +
           ((0x1.8512e5905dc81p-4 + -0x1.fb44202a077e4p-5 * x) +
            (0x1.4de9aa058b226p-5 + -0x1.b9f8b12480332p-6 * x) * x2) *
               x4) +
          (((0x1.256475f49e696p-6 + -0x1.86356281cbe4ep-7 * x) +
            (0x1.03c0063b43d11p-7 + -0x1.5a06cbb7c01fep-8 * x) * x2) +
           ((0x1.cd3e84792dbdcp-9 + -0x1.336b50f53a65fp-9 * x) +
            (0x1.980cdaea7f93fp-10 + -0x1.0fccb25d89639p-10 * x) * x2) *
               x4) *
              x8) +
         (((0x1.7b4f846951cd3p-11 + -0x1.fc4ef19e06480p-12 * x) +
           (0x1.dbeff91611b6dp-13 + -0x1.341d60cd99b7bp-13 * x) * x2) +
          (0x1.108b82bd564afp-12 + -0x1.7260372063e80p-13 * x) * x4) *
             x16;
}
/* s (lgamma(s) - (s - 1/2) log s + s - log(2 pi) / 2), x = 1 / s^2, s >= 8; weighted error 2^-54.5 */
static inline double stirling_rest_f64(double x) {
  const double x2 = x * x;
  const double x4 = x2 * x2;
  return ((0x1.5555555555553p-4 + -0x1.6c16c16bb84bap-9 * x) +
          (0x1.a019fd44d5430p-11 + -0x1.380ec9313a3fdp-11 * x) * x2) +
         (0x1.b6fda26a236c4p-11 + -0x1.b1630068b3744p-10 * x) * x4;
}
/* s^2 (log s - 1 / (2 s) - digamma(s)), x = 1 / s^2, s >= 8; weighted error 2^-56.2 */
static inline double digamma_stirling_rest_f64(double x) {
  const double x2 = x * x;
  const double x4 = x2 * x2;
  return ((0x1.5555555555555p-4 + -0x1.11111111099efp-7 * x) +
          (0x1.041040c7a07fdp-8 + -0x1.1110b4cf41145p-8 * x) * x2) +
         ((0x1.f0389f902c459p-8 + -0x1.532851260d93ep-6 * x) + 0x1.04d0cc44e3a62p-4 * x2) * x4;
}

#endif
