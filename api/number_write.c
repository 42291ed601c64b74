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
ALWAYS_INLINE char *write_up_to_eight(char *out, uint32_t value) {
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

/* Scaled by a power of ten so that the distance of neighbours is between 1 and 10: significand * 2^h * power
 * / 2^128 = value / 10^k. Giulietti's names. */
struct scaling {
  struct lossd_power power;
  int k, h;
};

ALWAYS_INLINE struct scaling scale_neighbours(int exponent, bool asymmetric) {
  const int k = (exponent * 1262611 - (asymmetric ? 524031 : 0)) >> 22; /* floor(log10(distance)) */
  return (struct scaling){lossd_powers_of_five[-k - LOSSD_POWER_MIN], k,
                          exponent + lossd_floor_log2_pow10(-k) + 1};
}

/* The shortest decimal within the rounding interval of significand * 2^exponent, the closest of them.
 * `asymmetric`: the neighbour below is only half as far, as at powers of two. Giulietti's vbl, vb, vbr are
 * lower, middle, upper here: 4 times the scaled values. (His case of s < 10 needs no care: it matters only
 * where at least two digits are wanted.) */
__attribute__((noinline)) static struct decimal shortest_exactly(uint64_t significand, int exponent,
                                                                 bool asymmetric) {
  const struct scaling scaling = scale_neighbours(exponent, asymmetric);
  const uint64_t odd = significand & 1; /* an even one's interval contains its ends */
  const uint64_t lower = scale(scaling.power, (4 * significand - 2 + asymmetric) << scaling.h) + odd;
  const uint64_t middle = scale(scaling.power, (4 * significand) << scaling.h);
  const uint64_t upper = scale(scaling.power, (4 * significand + 2) << scaling.h) - odd;

  /* One digit less: at most one multiple of 10 lies inside. */
  const uint64_t s = middle / 4;
  const uint64_t tens = s / 10 * 10;
  const bool tens_below = lower <= 4 * tens;
  const bool tens_above = 4 * tens + 40 <= upper;
  if (tens_below != tens_above) return (struct decimal){tens + 10 * tens_above, scaling.k};
  /* Else the nearer of s and s + 1, unless only s + 1 is inside, as can be when the interval is asymmetric.
   */
  return (struct decimal){s + ((middle & 3) + (s & 1) > 2 || lower > 4 * s), scaling.k};
}

/* Whether a and b are too close for numbers that are known to one unit each. */
static inline bool undecided(uint64_t a, uint64_t b) {
  return a - b + 2 <= 4;
}

/* The same for symmetric intervals, by one product: the scaled value and half the interval are known to one
 * unit of 2^-60, and that nearly always decides. Selections are masks: compilers would make them branches,
 * which here nobody can predict. */
ALWAYS_INLINE struct decimal shortest(uint64_t significand, int exponent) {
  const struct scaling scaling = scale_neighbours(exponent, false);
  const uint64_t factor = significand << scaling.h;
  const uint128 x =
      (uint128)factor * scaling.power.high + (uint64_t)((uint128)factor * scaling.power.low >> 64);
  const uint64_t s = (uint64_t)(x >> 64), fraction = (uint64_t)x;
  const uint64_t half = scaling.power.high >> (5 - scaling.h);
  const uint64_t one_half = UINT64_C(1) << 63;

  const uint64_t below = s / 10 * 10; /* multiples of ten on both sides, and the distance of the nearer */
  const uint64_t to_below = (s - below) << 60 | fraction >> 4;
  const uint64_t to_above = (UINT64_C(10) << 60) - to_below;
  const uint64_t nearer = to_below < to_above ? to_below : to_above;
  if (undecided(nearer, half) || undecided(fraction, one_half))
    return shortest_exactly(significand, exponent, false);
  const uint64_t ones = s + (fraction > one_half);
  const uint64_t tens = below + (to_above < to_below ? 10 : 0);
  return (struct decimal){ones + ((tens - ones) & -(uint64_t)(nearer < half)), scaling.k};
}

/* ---- Decimal to text ---- */

/* 0.d1 d2 ... d17 * 10^point, the digits after the first in two words of eight. */
struct spread {
  int first;
  uint64_t middle, low;
  int point;
};

/* digits >= 10^16, and < 10^17. */
ALWAYS_INLINE struct spread spread_17(uint64_t digits, int exponent) {
  const uint64_t first = digits / UINT64_C(10000000000000000);
  const uint64_t leading = digits / 100000000;
  return (struct spread){(int)first, split_eight((uint32_t)(leading - first * 100000000)),
                         split_eight((uint32_t)(digits - leading * 100000000)), exponent + 17};
}

/* digits >= 10^8, and < 10^9. */
ALWAYS_INLINE struct spread spread_9(uint64_t digits, int exponent) {
  const uint64_t first = digits / 100000000;
  return (struct spread){(int)first, split_eight((uint32_t)(digits - first * 100000000)), 0, exponent + 9};
}

/* All 17 digits in a row, then the point put between. For 9 <= point <= 17. */
__attribute__((noinline)) static char *write_large(char *out, struct spread number, int count) {
  *out = (char)('0' + number.first);
  store_eight(out + 1, text_of_eight(number.middle));
  store_eight(out + 9, text_of_eight(number.low));
  if (count <= number.point) return out + number.point;
  memmove(out + number.point + 1, out + number.point, (size_t)(count - number.point));
  out[number.point] = '.';
  return out + count + 1;
}

ALWAYS_INLINE char *write_exponent(char *out, int exponent) {
  *out = 'e';
  out[1] = '-';
  return write_up_to_eight(out + 1 + (exponent < 0), (uint32_t)(exponent < 0 ? -exponent : exponent));
}

ALWAYS_INLINE char *write_spread(char *out, struct spread number) {
  const int point = number.point;
  const uint64_t middle = text_of_eight(number.middle), low = text_of_eight(number.low);
  const char first = (char)('0' + number.first);
  const int count = number.low != 0      ? 17 - (__builtin_ctzll(number.low) >> 3)
                    : number.middle != 0 ? 9 - (__builtin_ctzll(number.middle) >> 3)
                                         : 1;

  if (point > -6 && point <= 8) { /* 0.000ddd or ddd.ddd, without a branch between them */
    const bool whole = point > 0;
    const int shift = whole ? 8 * (point - 1) : 0;
    const uint64_t before = middle & ((UINT64_C(1) << shift) - 1);
    const uint64_t pointed = before | (uint64_t)'.' << shift | (middle - before) << 8;
    store_eight(out, UINT64_C(0x3030303030302e30)); /* 0.000000 */
    out += whole ? 0 : 2 - point;
    *out = first;
    store_eight(out + 1 + whole, middle);
    store_eight(out + 9 + whole, low);
    store_eight(out + 1, whole ? pointed : middle);
    const int digits = count > point ? count + whole : point;
    return out + digits;
  }
  if (point >= 9 && point <= 17) return write_large(out, number, count);
  *out = first;
  out[1] = '.';
  store_eight(out + 2, middle);
  store_eight(out + 10, low);
  return write_exponent(out + count + (count > 1), point - 1);
}

/* ---- Floating point to text ---- */

/* A binary interchange format of IEEE 754. */
struct format {
  int fraction_bits;
  int max_field; /* of the exponent: infinities and NaN */
};

static const struct format binary64 = {52, 0x7ff};
static const struct format binary32 = {23, 0xff};

static char *write_special(char *out, bool nan, bool negative) {
  if (nan) return write_text(out, "\"NaN\"", 5);
  return negative ? write_text(out, "\"-Infinity\"", 11) : write_text(out, "\"Infinity\"", 10);
}

/* What write_floating leaves: zero, integral values, powers of two, subnormal numbers, infinities, NaN. */
__attribute__((noinline)) static char *write_seldom(char *out, struct format format, uint64_t magnitude,
                                                    bool negative) {
  const int field = (int)(magnitude >> format.fraction_bits);
  const uint64_t hidden = UINT64_C(1) << format.fraction_bits;
  const uint64_t fraction = magnitude & (hidden - 1);
  if (field == format.max_field) return write_special(out, fraction != 0, negative);

  *out = '-';
  out += negative;
  if (magnitude == 0) return write_text(out, "0.0", 3) - (negative ? 0 : 2);
  const uint64_t significand = field == 0 ? fraction : fraction | hidden;
  const int exponent = (field == 0 ? 1 : field) - format.max_field / 2 - format.fraction_bits;
  if (exponent <= 0 && __builtin_ctzll(significand) >= -exponent)
    return write_uint64(out, significand >> -exponent);

  struct decimal decimal = shortest_exactly(significand, exponent, fraction == 0 && field > 1);
  while (decimal.digits < UINT64_C(10000000000000000)) {
    decimal.digits *= 10;
    decimal.exponent--;
  }
  return write_spread(out, spread_17(decimal.digits, decimal.exponent));
}

ALWAYS_INLINE char *write_floating(char *out, struct format format, uint64_t magnitude, bool negative) {
  const int field = (int)(magnitude >> format.fraction_bits);
  const uint64_t hidden = UINT64_C(1) << format.fraction_bits;
  const uint64_t fraction = magnitude & (hidden - 1);
  const int exponent = field - format.max_field / 2 - format.fraction_bits;
  const bool normal = field > 0 && field < format.max_field;
  const bool integral = __builtin_ctzll(fraction | hidden) + exponent >= 0;
  if (!normal || fraction == 0 || integral) return write_seldom(out, format, magnitude, negative);

  struct decimal decimal = shortest(fraction | hidden, exponent);
  *out = '-';
  out += negative;
  if (format.fraction_bits == binary64.fraction_bits) { /* 16 or 17 digits */
    const uint64_t lacks_one = decimal.digits < UINT64_C(10000000000000000);
    decimal.digits += decimal.digits * 9 & -lacks_one;
    return write_spread(out, spread_17(decimal.digits, decimal.exponent - (int)lacks_one));
  }
  const uint64_t lacks_one = decimal.digits < 100000000; /* 7 to 9 digits */
  decimal.digits += decimal.digits * 9 & -lacks_one;
  const uint64_t lacks_two = decimal.digits < 100000000;
  decimal.digits += decimal.digits * 9 & -lacks_two;
  return write_spread(out, spread_9(decimal.digits, decimal.exponent - (int)(lacks_one + lacks_two)));
}

char *lossd_write_double(char *out, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return write_floating(out, binary64, bits & INT64_MAX, bits >> 63);
}

char *lossd_write_float(char *out, float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return write_floating(out, binary32, bits & INT32_MAX, bits >> 31);
}
