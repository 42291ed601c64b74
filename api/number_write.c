/* Writing numbers. The shortest decimal comes from R. Giulietti, "The Schubfach way to render doubles", 2020,
 * with the 128-bit powers of ten that the reader uses (the idea of U. Adams, "Ryu: fast float-to-string
 * conversion", PLDI 2018, of fixed-width products that decide exactly). */
#include "api/number_text.h"
#include "api/powers_of_five.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "eight digits are written as one little-endian word");

__extension__ typedef unsigned __int128 uint128;

static const uint64_t ascii_zeros = UINT64_C(0x3030303030303030);

static inline char *store_eight(char *out, uint64_t word) {
  memcpy(out, &word, sizeof word);
  return out + sizeof word;
}

static inline char *write_text(char *out, const char *text, size_t length) {
  memcpy(out, text, length);
  return out + length;
}

/* The eight digits of value < 10^8 as bytes 0..9, the first in the lowest byte: splits the whole into fours,
 * all fours into pairs, all pairs into digits. The multiplications are divisions by 100 and 10, exact in
 * their range. */
static inline uint64_t split_eight(uint32_t value) {
  const uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
  const uint64_t hundreds = fours * 10486 >> 20 & UINT64_C(0x0000007f0000007f);
  const uint64_t pairs = hundreds | (fours - 100 * hundreds) << 16;
  const uint64_t tens = pairs * 103 >> 10 & UINT64_C(0x000f000f000f000f);
  return tens | (pairs - 10 * tens) << 8;
}

/* How many zero bytes end eight digits. */
static inline int trailing_zeros(uint64_t digits) {
  return digits == 0 ? 8 : __builtin_clzll(digits) / 8;
}

/* ---- Integers ---- */

/* value < 10^8, without leading zeros. */
static inline char *write_up_to_eight(char *out, uint32_t value) {
  const uint64_t digits = split_eight(value);
  const int zeros = value == 0 ? 7 : __builtin_ctzll(digits) / 8;
  store_eight(out, (digits | ascii_zeros) >> 8 * zeros);
  return out + 8 - zeros;
}

static char *write_uint64(char *out, uint64_t value) {
  if (value < 100000000) return write_up_to_eight(out, (uint32_t)value);
  out = write_uint64(out, value / 100000000);
  return store_eight(out, split_eight((uint32_t)(value % 100000000)) | ascii_zeros);
}

char *lossd_write_int64(char *out, int64_t value) {
  *out = '-';
  return write_uint64(out + (value < 0), value < 0 ? -(uint64_t)value : (uint64_t)value);
}

/* ---- Floating point to decimal ---- */

struct decimal {
  uint64_t digits; /* may end in zeros */
  int exponent;
};

/* factor * power / 2^128, with the last bit set when that is not exact ("round to odd"): comparisons with
 * even numbers then come out as for the exact value. The table's excess is what `> 1` forgives. */
static inline uint64_t scale(struct lossd_power power, uint64_t factor) {
  const uint128 product = (uint128)factor * power.high + (uint64_t)((uint128)factor * power.low >> 64);
  return (uint64_t)(product >> 64) | ((uint64_t)product > 1);
}

/* The shortest decimal within the rounding interval of significand * 2^exponent, the closest of them.
 * `asymmetric`: the neighbour below is only half as far, as at powers of two. Giulietti's names: k, h, vbl,
 * vb, vbr, s. (His case of s < 10 needs no care here: it matters only where at least two digits are wanted.)
 */
static inline struct decimal shortest(uint64_t significand, int exponent, bool asymmetric) {
  const int k =
      (int)(((int64_t)exponent * 1262611 - (asymmetric ? 524031 : 0)) >> 22); /* floor(log10(width)) */
  const int h = exponent + lossd_floor_log2_pow10(-k) + 1;
  const struct lossd_power power = lossd_powers_of_five[-k - LOSSD_POWER_MIN];
  const uint64_t odd = significand & 1; /* an even one's interval contains its ends */
  const uint64_t lower = scale(power, (4 * significand - 2 + asymmetric) << h) + odd;
  const uint64_t middle = scale(power, (4 * significand) << h);
  const uint64_t upper = scale(power, (4 * significand + 2) << h) - odd;

  /* One digit less: at most one multiple of 10 lies inside. */
  const uint64_t s = middle / 4;
  const uint64_t tens = s / 10 * 10;
  const bool tens_below = lower <= 4 * tens;
  const bool tens_above = 4 * tens + 40 <= upper;
  /* Else the nearer of s and s + 1, if both lie inside. */
  const bool below = lower <= 4 * s;
  const bool above = 4 * s + 4 <= upper;
  const uint64_t rest = middle - 4 * s;
  const bool nearer_above = rest > 2 || (rest == 2 && (s & 1));
  const uint64_t ones = s + (below != above ? above : nearer_above);
  return (struct decimal){tens_below != tens_above ? tens + 10 * tens_above : ones, k};
}

/* ---- Decimal to text ---- */

/* 0.d1 d2 ... d17 * 10^point with d1 > 0, the digits after the first in two words of eight. */
struct spread {
  uint64_t middle, low;
  int first;
  int point;
};

static char *write_exponent(char *out, int exponent) {
  *out = 'e';
  out[1] = '-';
  return write_uint64(out + 1 + (exponent < 0), (uint64_t)(exponent < 0 ? -exponent : exponent));
}

/* All 17 digits in a row, then the point put between. For 9 <= point <= 17. */
static char *write_large(char *out, const struct spread *number, int count) {
  *out = (char)('0' + number->first);
  store_eight(out + 1, number->middle | ascii_zeros);
  store_eight(out + 9, number->low | ascii_zeros);
  if (count <= number->point) return out + number->point;
  memmove(out + number->point + 1, out + number->point, (size_t)(count - number->point));
  out[number->point] = '.';
  return out + count + 1;
}

static inline char *write_spread(char *out, const struct spread *number) {
  const int point = number->point;
  const uint64_t middle = number->middle | ascii_zeros, low = number->low | ascii_zeros;
  const char first = (char)('0' + number->first);
  const int count =
      17 - (number->low != 0 ? trailing_zeros(number->low) : 8 + trailing_zeros(number->middle));

  if (point <= 0 && point > -6) { /* 0.000ddd */
    store_eight(out, ascii_zeros);
    out[1] = '.';
    out += 2 - point;
    *out = first;
    store_eight(out + 1, middle);
    store_eight(out + 9, low);
    return out + count;
  }
  if (point >= 1 && point <= 8) { /* ddd.ddd: the point goes into the middle word */
    const int shift = 8 * (point - 1);
    const uint64_t before = middle & ((UINT64_C(1) << shift) - 1);
    *out = first;
    store_eight(out + 2, middle);
    store_eight(out + 10, low);
    store_eight(out + 1, before | (uint64_t)'.' << shift | (middle - before) << 8);
    return out + (count > point ? count + 1 : point);
  }
  if (point >= 9 && point <= 17) return write_large(out, number, count);
  *out = first;
  out[1] = '.';
  store_eight(out + 2, middle);
  store_eight(out + 10, low);
  return write_exponent(out + count + (count > 1), point - 1);
}

/* decimal has at most `width` digits, and seldom less than width - 1; width is 17 or 9. */
static inline char *write_decimal(char *out, struct decimal decimal, int width) {
  const uint64_t least = width == 17 ? UINT64_C(10000000000000000) : 100000000;
  const bool lacks_one = decimal.digits < least;
  decimal.digits = lacks_one ? decimal.digits * 10 : decimal.digits;
  decimal.exponent -= lacks_one;
  while (decimal.digits < least) {
    decimal.digits *= 10;
    decimal.exponent--;
  }
  const uint64_t leading = width == 17 ? decimal.digits / 100000000 : decimal.digits;
  const struct spread number = {
      .first = (int)(leading / 100000000),
      .middle = split_eight((uint32_t)(leading % 100000000)),
      .low = width == 17 ? split_eight((uint32_t)(decimal.digits % 100000000)) : 0,
      .point = decimal.exponent + width,
  };
  return write_spread(out, &number);
}

static char *write_special(char *out, double value) {
  if (value == 0) return write_text(out, "-0.0", 4);
  if (isnan(value)) return write_text(out, "\"NaN\"", 5);
  return value > 0 ? write_text(out, "\"Infinity\"", 10) : write_text(out, "\"-Infinity\"", 11);
}

/* sign, exponent field and fraction of a format with `bits` of fraction and the exponent field's maximum
 * `special`. */
static inline char *write_finite(char *out, bool negative, int field, uint64_t fraction, int bits,
                                 int special) {
  const bool normal = field != 0;
  const uint64_t significand = fraction | (uint64_t)normal << bits;
  const int exponent = (normal ? field - 1 : 0) - (special / 2 - 1) - bits;
  const struct decimal decimal = shortest(significand, exponent, fraction == 0 && field > 1);
  *out = '-';
  return write_decimal(out + negative, decimal, bits == 52 ? 17 : 9);
}

char *lossd_write_double(char *out, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  const int field = (int)(bits >> 52 & 0x7ff);
  if (field == 0x7ff || bits == UINT64_C(1) << 63) return write_special(out, value);
  if (value > -0x1p53 && value < 0x1p53 && value == (double)(int64_t)value)
    return lossd_write_int64(out, (int64_t)value);
  return write_finite(out, bits >> 63, field, bits & ((UINT64_C(1) << 52) - 1), 52, 0x7ff);
}

char *lossd_write_float(char *out, float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const int field = (int)(bits >> 23 & 0xff);
  if (field == 0xff || bits == UINT32_C(1) << 31) return write_special(out, (double)value);
  if (value > -0x1p24F && value < 0x1p24F && value == (float)(int32_t)value)
    return lossd_write_int64(out, (int64_t)value);
  return write_finite(out, bits >> 31, field, bits & ((UINT32_C(1) << 23) - 1), 23, 0xff);
}
