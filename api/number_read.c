/* Reading numbers. The method is D. Lemire, "Number parsing at a gigabyte per second", Software: Practice and
 * Experience 51 (8), 2021 (arXiv:2101.11408), after an idea of M. Eisel: the leading digits times a 128-bit
 * power of ten.
 *
 * Where it differs: the power in the table is never below the true one, and less than one unit above it, so
 * the product bounds the true value from both sides. When both bounds round to the same number that is the
 * result; else, which happens within 2^-64 of halfway only, exact arithmetic decides (number_exact.c). No
 * further proof is needed. */
#include "api/number_exact.h"
#include "api/number_text.h"
#include "api/powers_of_five.h"

#include <stddef.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "eight digits are read as one little-endian word");

__extension__ typedef unsigned __int128 uint128;

static const uint64_t powers_of_ten[] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
    UINT64_C(10000000000000000000),
};

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* ---- Text to decimal ---- */

static uint64_t load_eight(const char *text) {
  uint64_t word;
  memcpy(&word, text, sizeof word);
  return word ^ UINT64_C(0x3030303030303030); /* digits become 0..9 */
}

/* The top bit of each byte that is no digit; bytes after the first such one may be wrong. */
static uint64_t mark_non_digits(uint64_t word) {
  return ((word + UINT64_C(0x7676767676767676)) | word) & UINT64_C(0x8080808080808080);
}

/* Eight digits, the first in the lowest byte: joins neighbours to pairs, pairs to fours, fours to all. */
static uint64_t value_of_eight(uint64_t word) {
  const uint64_t mask = UINT64_C(0x000000ff000000ff);
  word = word * 10 + (word >> 8); /* bytes 0, 2, 4, 6 hold the pairs a, b, c, d */
  const uint64_t a_and_c = (word & mask) * (100 + (UINT64_C(1000000) << 32));
  const uint64_t b_and_d = (word >> 16 & mask) * (1 + (UINT64_C(10000) << 32));
  return (a_and_c + b_and_d) >> 32;
}

/* Appends the digits at text to *digits (modulo 2^64); returns the byte after them. */
static inline const char *read_digits(const char *text, const char *end, uint64_t *digits) {
  while (end - text >= 8) {
    const uint64_t word = load_eight(text);
    const uint64_t stop = mark_non_digits(word);
    if (stop != 0) {
      const int count = __builtin_ctzll(stop) / 8;
      const uint64_t aligned = word << 8 * (7 - count) << 8; /* zeros in front */
      *digits = *digits * powers_of_ten[count] + value_of_eight(aligned);
      return text + count;
    }
    *digits = *digits * 100000000 + value_of_eight(word);
    text += 8;
  }
  for (; text < end && is_digit(*text); text++) *digits = *digits * 10 + (uint64_t)(*text - '0');
  return text;
}

/* Reads the exponent after its letter. Saturates beyond what any length of digits could make up for. */
static const char *read_exponent(const char *text, const char *end, int64_t *exponent) {
  const bool negative = text < end && *text == '-';
  const bool sign = text < end && (*text == '-' || *text == '+');
  const char *digits = text + sign;
  int64_t value = 0;
  for (text = digits; text < end && is_digit(*text); text++)
    if (value < INT64_C(100000000000000000)) value = value * 10 + (*text - '0');
  *exponent += negative ? -value : value;
  return text == digits ? NULL : text;
}

/* For more digits than fit: takes the leading significant ones. */
static void take_leading_digits(struct lossd_decimal *decimal) {
  int taken = 0;
  decimal->digits = 0;
  for (const char *p = decimal->first; p < decimal->last; p++) {
    if (*p == '.') continue;
    if (taken < LOSSD_DECIMAL_DIGITS) {
      decimal->digits = decimal->digits * 10 + (uint64_t)(*p - '0');
      taken += decimal->digits != 0;
    } else {
      decimal->cut |= *p != '0';
      decimal->exponent++;
    }
  }
}

/* Scans one JSON number; returns the byte after it, or NULL. */
static inline const char *scan(const char *text, const char *end, struct lossd_decimal *decimal) {
  const bool negative = text < end && *text == '-';
  const char *const first = text + negative;
  uint64_t digits = 0;
  const char *p;
  if (end - first >= 2 && is_digit(first[0]) && first[1] == '.') { /* so common that it is worth a guess */
    digits = (uint64_t)(first[0] - '0');
    p = first + 1;
  } else {
    p = read_digits(first, end, &digits);
  }
  const ptrdiff_t whole = p - first;
  if (whole == 0 || (whole > 1 && *first == '0')) return NULL;

  int64_t point = 0; /* minus the number of digits after it */
  if (p < end && *p == '.') {
    const char *const fraction = p + 1;
    p = read_digits(fraction, end, &digits);
    point = fraction - p;
    if (point == 0) return NULL;
  }
  const char *const last = p;

  int64_t exponent = 0;
  if (p < end && (*p | 0x20) == 'e') {
    p = read_exponent(p + 1, end, &exponent);
    if (p == NULL) return NULL;
  }

  const bool many = whole - (*first == '0') - point > LOSSD_DECIMAL_DIGITS;
  *decimal = (struct lossd_decimal){digits, exponent + point, first, last, negative, many, false};
  return p;
}

/* ---- Decimal to floating point ---- */

/* A binary interchange format of IEEE 754. */
struct format {
  int fraction_bits;
  int min_exponent;
  int max_exponent;
};

static const struct format binary64 = {52, -1022, 1023};
static const struct format binary32 = {23, -126, 127};

/* The representations, as integers, of the nearest to the lower and to the upper bound of a value. */
struct bounds {
  uint64_t low, high;
};

/* Bounds of digits * 10^exponent after rounding; ties go up in `high`, down in `low`. */
static inline struct bounds round_product(struct format format, uint64_t digits, int64_t exponent) {
  const uint64_t infinity = (uint64_t)(format.max_exponent - format.min_exponent + 2) << format.fraction_bits;
  if (digits == 0 || exponent < LOSSD_POWER_MIN) return (struct bounds){0, 0};
  if (exponent > 308) return (struct bounds){infinity, infinity};

  /* high * 2^64 + low is above the 192-bit product with the true power, by less than 1. */
  const int q = (int)exponent;
  const struct lossd_power power = lossd_powers_of_five[q - LOSSD_POWER_MIN];
  const int leading_zeros = __builtin_clzll(digits);
  digits <<= leading_zeros;
  const uint128 product = (uint128)digits * power.high + (uint64_t)((uint128)digits * power.low >> 64);
  const uint64_t high = (uint64_t)(product >> 64);
  const uint64_t low = (uint64_t)product;

  const int top = 62 + (int)(high >> 63);
  const int exponent2 = lossd_floor_log2_pow10(q) + 1 - leading_zeros + top;
  if (exponent2 > format.max_exponent) return (struct bounds){infinity, infinity};
  int drop = top - format.fraction_bits; /* bits of high that do not fit */
  uint64_t base = 0;                     /* the exponent field; the significand's top bit adds 1 to it */
  if (exponent2 >= format.min_exponent)
    base = (uint64_t)(exponent2 - format.min_exponent) << format.fraction_bits;
  else
    drop += format.min_exponent - exponent2;
  if (drop > 64) return (struct bounds){0, 0};

  const uint64_t halves = high >> (drop - 1);
  const uint64_t rounded = base + ((halves + 1) >> 1);
  const bool halfway = low == 0 && high << (64 - drop) == UINT64_C(1) << 63;
  return (struct bounds){rounded - halfway, rounded};
}

/* The nearer of `low` and its upper neighbour. */
static uint64_t round_exactly(struct format format, const struct lossd_decimal *decimal, uint64_t low) {
  const uint64_t fraction = low & ((UINT64_C(1) << format.fraction_bits) - 1);
  const int field = (int)(low >> format.fraction_bits);
  const uint64_t significand = field == 0 ? fraction : fraction | UINT64_C(1) << format.fraction_bits;
  const int exponent2 = format.min_exponent - format.fraction_bits + (field == 0 ? 0 : field - 1);
  const int sign = lossd_compare_exactly(decimal, significand * 2 + 1, exponent2 - 1);
  return low + (sign > 0 || (sign == 0 && (low & 1)));
}

/* For many digits and for bounds that round apart. */
__attribute__((noinline)) static uint64_t round_with_care(struct format format,
                                                          struct lossd_decimal decimal) {
  if (decimal.many) take_leading_digits(&decimal);
  struct bounds bounds = round_product(format, decimal.digits, decimal.exponent);
  if (decimal.cut) bounds.high = round_product(format, decimal.digits + 1, decimal.exponent).high;
  return bounds.low == bounds.high ? bounds.low : round_exactly(format, &decimal, bounds.low);
}

/* The magnitude's representation in the format. */
static inline uint64_t round_decimal(struct format format, const struct lossd_decimal *decimal) {
  const struct bounds bounds = round_product(format, decimal->digits, decimal->exponent);
  if (decimal->many || bounds.low != bounds.high) return round_with_care(format, *decimal);
  return bounds.low;
}

static inline double decimal_to_double(const struct lossd_decimal *decimal) {
  const uint64_t bits = round_decimal(binary64, decimal) | (uint64_t)decimal->negative << 63;
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline float decimal_to_float(const struct lossd_decimal *decimal) {
  const uint32_t bits = (uint32_t)round_decimal(binary32, decimal) | (uint32_t)decimal->negative << 31;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Whether the written value is an integer that fits; then in *integer. */
static bool decimal_to_int64(const struct lossd_decimal *decimal, int64_t *integer) {
  uint64_t magnitude = decimal->digits;
  int64_t exponent = decimal->exponent;
  *integer = 0;
  if (magnitude == 0) return true;
  if (decimal->cut || exponent > LOSSD_DECIMAL_DIGITS || exponent < -LOSSD_DECIMAL_DIGITS) return false;
  if (exponent < 0) {
    if (magnitude % powers_of_ten[-exponent] != 0) return false;
    magnitude /= powers_of_ten[-exponent];
  } else if (__builtin_mul_overflow(magnitude, powers_of_ten[exponent], &magnitude)) {
    return false;
  }
  if (magnitude > (uint64_t)INT64_MAX + decimal->negative) return false;
  *integer = (int64_t)(decimal->negative ? -magnitude : magnitude);
  return true;
}

/* ---- Tokens ---- */

/* NaN, Infinity, -Infinity. */
static const char *read_word(const char *text, const char *end, double *value) {
  static const struct {
    char text[10];
    size_t length;
    double value;
  } words[] = {{"NaN", 3, NAN}, {"Infinity", 8, INFINITY}, {"-Infinity", 9, -INFINITY}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    const size_t length = words[i].length;
    if ((size_t)(end - text) < length || memcmp(text, words[i].text, length) != 0) continue;
    const char *const after = text + length;
    const char next = after < end ? (char)(*after | 0x20) : 0;
    *value = words[i].value;
    return is_digit(next) || (next >= 'a' && next <= 'z') ? NULL : after;
  }
  return NULL;
}

const char *lossd_read_number(const char *text, const char *end, struct lossd_number *out) {
  struct lossd_decimal decimal;
  const char *const after = scan(text, end, &decimal);
  *out = (struct lossd_number){0};
  if (after == NULL) return read_word(text, end, &out->value);
  out->value = decimal_to_double(&decimal);
  if (decimal.many) take_leading_digits(&decimal);
  out->is_integer = decimal_to_int64(&decimal, &out->integer);
  out->overflow = isinf(out->value);
  return after;
}

const char *lossd_read_double(const char *text, const char *end, double *out) {
  struct lossd_decimal decimal;
  const char *const after = scan(text, end, &decimal);
  if (after == NULL) return read_word(text, end, out);
  *out = decimal_to_double(&decimal);
  return after;
}

const char *lossd_read_float(const char *text, const char *end, float *out) {
  struct lossd_decimal decimal;
  double word = 0;
  const char *after = scan(text, end, &decimal);
  if (after == NULL) {
    after = read_word(text, end, &word);
    *out = (float)word;
    return after;
  }
  *out = decimal_to_float(&decimal);
  return after;
}

double lossd_divide_double(uint64_t digits, int fraction) {
  return decimal_to_double(&(struct lossd_decimal){.digits = digits, .exponent = -fraction});
}

float lossd_divide_float(uint64_t digits, int fraction) {
  return decimal_to_float(&(struct lossd_decimal){.digits = digits, .exponent = -fraction});
}
