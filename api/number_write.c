/* Writing numbers. The shortest decimal comes from R. Giulietti, "The Schubfach way to render doubles", 2020,
 * with the 128-bit powers of ten that the reader uses (the idea of U. Adams, "Ryu: fast float-to-string
 * conversion", PLDI 2018, of fixed-width products that decide exactly). */
#include "api/number_spread.h"
#include "api/number_text.h"
#include "api/powers_of_five.h"

__extension__ typedef unsigned __int128 uint128;

#define ALWAYS_INLINE static inline __attribute__((always_inline))

static const uint64_t ten_to_8 = 100000000;
static const uint64_t ten_to_16 = UINT64_C(10000000000000000);
static const uint64_t ascii_zeros = UINT64_C(0x3030303030303030);

static inline char *write_text(char *out, const char *text, size_t length) {
  memcpy(out, text, length);
  return out + length;
}

/* Two numbers below 10^4, one in each half, to eight digits as bytes 0..9, the last in the lowest byte:
 * splits both into pairs, all pairs into digits. Each step moves the quotient up and leaves the rest: x + q *
 * (2^bits - divisor). Multiplications by 10486 and 103 are divisions by 100 and 10, exact in their range. */
static inline uint64_t split_fours(uint64_t fours) {
  const uint64_t pairs = fours + (fours * 10486 >> 20 & UINT64_C(0x0000007f0000007f)) * (0x10000 - 100);
  return pairs + (pairs * 103 >> 10 & UINT64_C(0x000f000f000f000f)) * (0x100 - 10);
}

/* The same for a number below 10^8. */
static inline uint64_t split_eight(uint32_t value) {
  return split_fours(value + value / 10000 * ((UINT64_C(1) << 32) - 10000));
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
  lossd_store_eight(out, text_of_eight(digits) >> 8 * zeros);
  return out + 8 - zeros;
}

static char *write_uint64(char *out, uint64_t value) {
  if (value < 100000000) return write_up_to_eight(out, (uint32_t)value);
  out = write_uint64(out, value / 100000000);
  return lossd_store_eight(out, text_of_eight(split_eight((uint32_t)(value % 100000000))));
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

/* floor(log10(2^exponent)), or of 3/4 of it: the distance of neighbours, or the rounding interval's width at
 * powers of two. k in Giulietti's paper, as the other short names below. */
static inline int floor_log10_pow2(int exponent, bool asymmetric) {
  return (exponent * 1262611 - (asymmetric ? 524031 : 0)) >> 22;
}

static inline const struct lossd_power *power_of_ten(int q) {
  return &lossd_powers_of_five[q - LOSSD_POWER_MIN];
}

/* The shortest decimal within the rounding interval of significand * 2^exponent, the closest of them.
 * `asymmetric`: the neighbour below is only half as far, as at powers of two. The paper's vbl, vb, vbr are
 * lower, middle, upper here: 4 times the values / 10^k. (Its case of s < 10 needs no care: it matters only
 * where at least two digits are wanted.) The digits are then made at least `least` by zeros at their end. */
__attribute__((noinline)) static struct decimal shortest_exactly(uint64_t significand, int exponent,
                                                                 bool asymmetric, uint64_t least) {
  const int k = floor_log10_pow2(exponent, asymmetric);
  const int h = exponent + lossd_floor_log2_pow10(-k) + 1;
  const struct lossd_power power = *power_of_ten(-k);
  const uint64_t odd = significand & 1; /* an even one's interval contains its ends */
  const uint64_t lower = scale(power, (4 * significand - 2 + asymmetric) << h) + odd;
  const uint64_t middle = scale(power, (4 * significand) << h);
  const uint64_t upper = scale(power, (4 * significand + 2) << h) - odd;

  /* One digit less: at most one multiple of 10 lies inside. */
  const uint64_t s = middle / 4;
  const uint64_t tens = s / 10 * 10;
  const bool tens_below = lower <= 4 * tens;
  const bool tens_above = 4 * tens + 40 <= upper;
  /* Else the nearer of s and s + 1; or s + 1 if it alone is inside, as happens when asymmetric. */
  const uint64_t ones = s + ((middle & 3) + (s & 1) > 2 || lower > 4 * s);
  struct decimal decimal = {tens_below != tens_above ? tens + 10 * tens_above : ones, k};
  for (; decimal.digits < least; decimal.exponent--) decimal.digits *= 10;
  return decimal;
}

/* Whether a and b are too close for numbers that are known to a few units. */
static inline bool undecided(uint64_t a, uint64_t b) {
  return a - b + 16 <= 32;
}

/* The same for symmetric intervals, by one product: value / 10^(k+1) = tens + fraction / 2^64, where
 * fraction, as half the interval, is known to one unit, and that nearly always decides. Selections are masks:
 * compilers would make them branches, which here nobody can predict. least is 10^16 or 10^8; digits have at
 * most two less than `least`. */
ALWAYS_INLINE struct decimal shortest(uint64_t significand, int exponent, uint64_t least) {
  const int k = floor_log10_pow2(exponent, false);
  const int h = exponent + lossd_floor_log2_pow10(-k - 1) + 4; /* 0..4 */
  const struct lossd_power power = *power_of_ten(-k - 1);
  const uint64_t factor = significand << h;
  const uint128 product = (uint128)factor * power.high + (uint64_t)((uint128)factor * power.low >> 64);
  const uint64_t tens = (uint64_t)(product >> 67), fraction = (uint64_t)(product >> 3);
  const uint64_t half = power.high >> (4 - h);

  const uint64_t nearer = fraction < -fraction ? fraction : -fraction; /* distance of a multiple of ten */
  const uint128 ones = (uint128)fraction * 10;
  const uint64_t lacks_one = tens < least / 10;
  const uint64_t lacks_two = least == ten_to_8 && tens < least / 100; /* of doubles, none */
  const bool carries = tens + 1 == least / 10 || (least == ten_to_8 && tens + 1 == least / 100);
  if (undecided(nearer, half) || undecided((uint64_t)ones, UINT64_C(1) << 63) || carries)
    return shortest_exactly(significand, exponent, false, least);
  const uint64_t rounded_ones = (uint64_t)((ones + (UINT64_C(1) << 63)) >> 64);
  const uint64_t rounded_tens = 10 & -(fraction >> 63);
  const uint64_t last = rounded_ones ^ ((rounded_ones ^ rounded_tens) & -(uint64_t)(nearer < half));
  const uint64_t zeros = 1 + (9 & -lacks_one) + (90 & -lacks_two);
  return (struct decimal){(tens * 10 + last) * zeros, k - (int)(lacks_one + lacks_two)};
}

/* ---- Decimal to text ---- */

/* first and the digits of two words (see text_of_eight), the last of which is the lowest byte. */
ALWAYS_INLINE struct lossd_spread spread(uint64_t first, uint64_t middle, uint64_t low, int point) {
  const int count = low != 0      ? 17 - (__builtin_ctzll(low) >> 3)
                    : middle != 0 ? 9 - (__builtin_ctzll(middle) >> 3)
                                  : 1;
  return (struct lossd_spread){text_of_eight(middle), text_of_eight(low), (char)('0' + first), count, point};
}

/* digits >= 10^16, and < 10^17. */
ALWAYS_INLINE struct lossd_spread spread_17(uint64_t digits, int exponent) {
  const uint64_t first = digits / ten_to_16, five = digits / UINT64_C(1000000000000);
  const uint64_t nine = digits / ten_to_8, thirteen = digits / 10000;
  const uint64_t middle = (five - first * 10000) << 32 | (nine - five * 10000);
  const uint64_t low = (thirteen - nine * 10000) << 32 | (digits - thirteen * 10000);
  return spread(first, split_fours(middle), split_fours(low), exponent + 17);
}

/* digits >= 10^8, and < 10^9. */
ALWAYS_INLINE struct lossd_spread spread_9(uint64_t digits, int exponent) {
  const uint64_t first = digits / 100000000;
  return spread(first, split_eight((uint32_t)(digits - first * 100000000)), 0, exponent + 9);
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

  const struct decimal decimal =
      shortest_exactly(significand, exponent, fraction == 0 && field > 1, ten_to_16);
  return lossd_write_spread(out, spread_17(decimal.digits, decimal.exponent));
}

ALWAYS_INLINE char *write_floating(char *out, struct format format, uint64_t magnitude, bool negative) {
  const int field = (int)(magnitude >> format.fraction_bits);
  const uint64_t hidden = UINT64_C(1) << format.fraction_bits;
  const uint64_t fraction = magnitude & (hidden - 1);
  const int exponent = field - format.max_field / 2 - format.fraction_bits;
  const bool normal = field > 0 && field < format.max_field;
  const bool integral = __builtin_ctzll(fraction | hidden) + exponent >= 0;
  if (!normal || fraction == 0 || integral) return write_seldom(out, format, magnitude, negative);

  *out = '-';
  out += negative;
  if (format.fraction_bits == binary64.fraction_bits) {
    const struct decimal decimal = shortest(fraction | hidden, exponent, ten_to_16);
    return lossd_write_spread(out, spread_17(decimal.digits, decimal.exponent));
  }
  const struct decimal decimal = shortest(fraction | hidden, exponent, ten_to_8);
  return lossd_write_spread(out, spread_9(decimal.digits, decimal.exponent));
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
