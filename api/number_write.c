/* Writing numbers. The shortest decimal comes from R. Giulietti, "The Schubfach way to render doubles", 2020,
 * with the 128-bit powers of ten that the reader uses (the idea of U. Adams, "Ryu: fast float-to-string
 * conversion", PLDI 2018, of fixed-width products that decide exactly). */
#include "api/number_text.h"
#include "api/powers_of_five.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "eight digits are written as one little-endian word");

__extension__ typedef unsigned __int128 uint128;

#define ALWAYS_INLINE static inline __attribute__((always_inline))

static const uint64_t ascii_zeros = UINT64_C(0x3030303030303030);

static inline char *store_eight(char *out, uint64_t word) {
  memcpy(out, &word, sizeof word);
  return out + sizeof word;
}

static inline char *write_text(char *out, const char *text, size_t length) {
  memcpy(out, text, length);
  return out + length;
}

/* The eight digits of value < 10^8 as bytes 0..9, the last in the lowest byte: splits the whole into fours,
 * all fours into pairs, all pairs into digits. Each step moves the quotient up and leaves the rest: x + q *
 * (2^bits - divisor). The multiplications by 10486 and 103 are divisions by 100 and 10, exact in their range.
 */
static inline uint64_t split_eight(uint32_t value) {
  const uint64_t fours = value + value / 10000 * ((UINT64_C(1) << 32) - 10000);
  const uint64_t pairs = fours + (fours * 10486 >> 20 & UINT64_C(0x0000007f0000007f)) * (0x10000 - 100);
  return pairs + (pairs * 103 >> 10 & UINT64_C(0x000f000f000f000f)) * (0x100 - 10);
}

/* Eight digits as text: the first in the lowest byte. */
static inline uint64_t text_of_eight(uint64_t digits) {
  return __builtin_bswap64(digits) | ascii_zeros;
}

/* ---- Integers ---- */

/* value < 10^8, without leading zeros. */
static inline char *write_up_to_eight(char *out, uint32_t value) {
  const uint64_t digits = split_eight(value);
  const int zeros = __builtin_clzll(digits | 1) / 8;
  store_eight(out, text_of_eight(digits) >> 8 * zeros);
  return out + 8 - zeros;
}

static char *write_uint64(char *out, uint64_t value) {
  if (value < 100000000) return write_up_to_eight(out, (uint32_t)value);
  out = write_uint64(out, value / 100000000);
  return store_eight(out, text_of_eight(split_eight((uint32_t)(value % 100000000))));
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

/* Scaled by a power of ten so that the rounding interval is between 1 and 10 wide: x = significand * 2^h *
 * power / 2^128 = value / 10^k. Giulietti's names. */
struct scaled {
  struct lossd_power power;
  int k, h;
};

ALWAYS_INLINE struct scaled scale_interval(int exponent, bool asymmetric) {
  const int k =
      (int)(((int64_t)exponent * 1262611 - (asymmetric ? 524031 : 0)) >> 22); /* floor(log10(width)) */
  return (struct scaled){lossd_powers_of_five[-k - LOSSD_POWER_MIN], k,
                         exponent + lossd_floor_log2_pow10(-k) + 1};
}

/* The shortest decimal within the rounding interval of significand * 2^exponent, the closest of them.
 * `asymmetric`: the neighbour below is only half as far, as at powers of two. vbl, vb, vbr there are lower,
 * middle, upper here, 4 times the scaled values. (The case of s < 10 needs no care: it matters only where at
 * least two digits are wanted.) */
__attribute__((noinline)) static struct decimal shortest_exactly(uint64_t significand, int exponent,
                                                                 bool asymmetric) {
  const struct scaled scaled = scale_interval(exponent, asymmetric);
  const uint64_t odd = significand & 1; /* an even one's interval contains its ends */
  const uint64_t lower = scale(scaled.power, (4 * significand - 2 + asymmetric) << scaled.h) + odd;
  const uint64_t middle = scale(scaled.power, (4 * significand) << scaled.h);
  const uint64_t upper = scale(scaled.power, (4 * significand + 2) << scaled.h) - odd;

  /* One digit less: at most one multiple of 10 lies inside. */
  const uint64_t s = middle / 4;
  const uint64_t tens = s / 10 * 10;
  const bool tens_below = lower <= 4 * tens;
  const bool tens_above = 4 * tens + 40 <= upper;
  if (tens_below != tens_above) return (struct decimal){tens + 10 * tens_above, scaled.k};
  /* Else the nearer of s and s + 1, unless only s + 1 is inside, as can be when the interval is asymmetric.
   */
  return (struct decimal){s + ((middle & 3) + (s & 1) > 2 || lower > 4 * s), scaled.k};
}

/* Whether a and b are too close for numbers that are known to one unit each. */
static inline bool undecided(uint64_t a, uint64_t b) {
  return a - b + 2 <= 4;
}

/* The same by one product: x and half the interval are known to one unit of 2^-60, which nearly always
 * decides. */
ALWAYS_INLINE struct decimal shortest(uint64_t significand, int exponent, bool asymmetric) {
  const struct scaled scaled = scale_interval(exponent, false);
  const uint64_t factor = significand << scaled.h;
  const uint128 x =
      (uint128)factor * scaled.power.high + (uint64_t)((uint128)factor * scaled.power.low >> 64);
  const uint64_t s = (uint64_t)(x >> 64), fraction = (uint64_t)x;
  const uint64_t tens = s / 10 * 10;
  const uint64_t above_tens = (s - tens) << 60 | fraction >> 4;
  const uint64_t below_tens = (UINT64_C(10) << 60) - above_tens;
  const uint64_t half = scaled.power.high >> (5 - scaled.h);
  const uint64_t one_half = UINT64_C(1) << 63;
  if (asymmetric || undecided(above_tens, half) || undecided(below_tens, half) ||
      undecided(fraction, one_half))
    return shortest_exactly(significand, exponent, asymmetric);
  const uint64_t ones = s + (fraction > one_half);
  const uint64_t ten = tens + (below_tens < half ? 10 : 0);
  return (struct decimal){above_tens < half || below_tens < half ? ten : ones, scaled.k};
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
  store_eight(out + 1, text_of_eight(number->middle));
  store_eight(out + 9, text_of_eight(number->low));
  if (count <= number->point) return out + number->point;
  memmove(out + number->point + 1, out + number->point, (size_t)(count - number->point));
  out[number->point] = '.';
  return out + count + 1;
}

ALWAYS_INLINE char *write_spread(char *out, const struct spread *number) {
  const int point = number->point;
  const uint64_t middle = text_of_eight(number->middle), low = text_of_eight(number->low);
  const char first = (char)('0' + number->first);
  const int zeros = number->low != 0      ? __builtin_ctzll(number->low) / 8
                    : number->middle != 0 ? 8 + __builtin_ctzll(number->middle) / 8
                                          : 16;
  const int count = 17 - zeros;

  if (point > -6 && point <= 8) { /* 0.000ddd or ddd.ddd, without a branch between them */
    const bool fraction = point <= 0;
    const int shift = fraction ? 0 : 8 * (point - 1);
    const uint64_t before = middle & ((UINT64_C(1) << shift) - 1);
    const uint64_t pointed = before | (uint64_t)'.' << shift | (middle - before) << 8;
    store_eight(out, UINT64_C(0x3030303030302e30)); /* 0.000000 */
    out += fraction ? 2 - point : 0;
    *out = first;
    store_eight(out + 2 - fraction, middle);
    store_eight(out + 10 - fraction, low);
    store_eight(out + 1, fraction ? middle : pointed);
    const int digits = count > point ? count : point;
    return out + digits + (!fraction & (count > point));
  }
  if (point >= 9 && point <= 17) return write_large(out, number, count);
  *out = first;
  out[1] = '.';
  store_eight(out + 2, middle);
  store_eight(out + 10, low);
  return write_exponent(out + count + (count > 1), point - 1);
}

/* decimal has at most `width` digits, and seldom less than width - 1; width is 17 or 9. */
ALWAYS_INLINE char *write_decimal(char *out, struct decimal decimal, int width) {
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
ALWAYS_INLINE char *write_finite(char *out, bool negative, int field, uint64_t fraction, int bits,
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
