/* float16 (IEEE 754 binary16) and bfloat16 by integer arithmetic, since C17 has neither. Rounding is to
 * nearest, ties to even, straight from double, so that nothing is rounded twice. Pure
 * functions, any thread. */
#ifndef LOSSD_CORE_HALF_H
#define LOSSD_CORE_HALF_H

#include <stdint.h>
#include <string.h>

static inline float lossd_float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline float lossd_bfloat16_read(uint16_t bits) {
  return lossd_float_of_bits((uint32_t)bits << 16);
}

static inline float lossd_float16_read(uint16_t bits) {
  uint32_t sign = (uint32_t)(bits & 0x8000) << 16, magnitude = bits & 0x7FFF;
  /* Exponent and fraction moved into place are 2^-112 too small, subnormals included; 0x1F means infinity or
   * NaN. */
  float scaled = lossd_float_of_bits(magnitude << 13) * 0x1p112f;
  uint32_t out;
  memcpy(&out, &scaled, sizeof out);
  if (magnitude >= 0x7C00) out |= 0x7F800000;
  return lossd_float_of_bits(sign | out);
}

/* Rounds |value| to a format of `fraction` bits with the given exponent bias; the caller adds the sign. */
static inline uint16_t lossd_narrow(double value, int fraction, int bias) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint16_t sign = (uint16_t)(bits >> 48 & 0x8000);
  bits &= INT64_MAX;
  const uint16_t infinity = (uint16_t)((2 * bias + 1) << fraction);
  if (bits > 0x7FF0000000000000) return (uint16_t)(infinity | 1 << (fraction - 1));
  int exponent = (int)(bits >> 52) - 1023 + bias;
  uint64_t significand = (bits & 0xFFFFFFFFFFFFF) | (uint64_t)(bits >> 52 != 0) << 52;
  if (exponent > 2 * bias) return sign | infinity;
  /* Subnormal results have exponent 1 and lose one more bit for each step below it. */
  int drop = 52 - fraction + (exponent < 1 ? 1 - exponent : 0);
  if (drop > 54) return sign;
  uint64_t kept = significand >> drop, rest = significand & (((uint64_t)1 << drop) - 1),
           half = (uint64_t)1 << (drop - 1);
  kept += rest > half || (rest == half && kept & 1);
  /* A normal number's leading 1 adds one to the exponent field; a carry does the same, up to infinity. */
  uint64_t base = exponent > 1 ? (uint64_t)(exponent - 1) << fraction : 0;
  return (uint16_t)(sign | (base + kept));
}

static inline uint16_t lossd_float16_write(double value) {
  return lossd_narrow(value, 10, 15);
}
static inline uint16_t lossd_bfloat16_write(double value) {
  return lossd_narrow(value, 7, 127);
}

#endif
