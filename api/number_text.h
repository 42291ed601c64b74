/* Numbers as JSON text: a correctly rounded reader (number_read.c) and a shortest round-trip writer
 * (number_write.c).
 *
 * Pure functions of their arguments: no allocation, no locale, no errno; any thread may call. The caller owns
 * all memory. They assume the rounding mode to nearest, which no code of ours changes. */
#ifndef LOSSD_API_NUMBER_TEXT_H
#define LOSSD_API_NUMBER_TEXT_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Readers. They read one token at text[0 .. end), never a byte at or past end, and return the byte after it,
 * or NULL when no token is there. A token is a number of RFC 8259 (no leading + or zeros, digits on both
 * sides of a point), of any length, or a bare NaN, Infinity or -Infinity. What may follow a token is for the
 * caller to check, except that a leading zero followed by a digit, and a letter or digit right after a bare
 * word, are no token.
 *
 * Values are rounded to nearest, ties to even, however many digits are given. Time is linear in the token's
 * length. Finite text beyond the type's range gives an infinity: lossd_number_overflowed tells. */

struct lossd_number {
  double value;
  int64_t integer; /* the written value when is_integer, else 0 */
  bool is_integer; /* the written value is integral and fits int64: 1, 1.0, 10e-1, 1e3, -0 */
  bool overflow;   /* finite text beyond double's range; value is an infinity */
};

const char *lossd_read_number(const char *text, const char *end, struct lossd_number *out);
const char *lossd_read_double(const char *text, const char *end, double *out);
/* Rounds the decimal to float once, not by way of double. */
const char *lossd_read_float(const char *text, const char *end, float *out);

/* Numbers whose digits were read already: negative ? -1 : 1 times digits / 10^fraction. */
enum { LOSSD_DECIMALS = 256 };
struct lossd_decimals {
  size_t count;
  uint64_t digits[LOSSD_DECIMALS];
  uint8_t fraction[LOSSD_DECIMALS];
  uint8_t negative[LOSSD_DECIMALS]; /* 0 or 1 */
};
/* digits / 10^fraction, rounded as the readers do; fraction < 256. */
double lossd_divide_double(uint64_t digits, int fraction);
float lossd_divide_float(uint64_t digits, int fraction);

/* Whether the token that ends at token_end and was read as value was finite text: then its last byte is a
 * digit. */
static inline bool lossd_number_overflowed(double value, const char *token_end) {
  return isinf(value) && token_end[-1] != 'y';
}

/* Writers. They return the end of what they wrote (there is no NUL) and may use, beyond that end, all of the
 * LOSSD_NUMBER_TEXT_MAX bytes that out must have.
 *
 * Floating values: the fewest digits that read back to the same value of the same type, the closest to it
 * among those; -0.0 for negative zero; "NaN", "Infinity", "-Infinity" with their quotes. From 1e-6 up to
 * below 1e17 without an exponent, and no point in integral values: 1, 0.25, 1e-7, 1.5e300. */
#define LOSSD_NUMBER_TEXT_MAX 32

char *lossd_write_double(char *out, double value);
char *lossd_write_float(char *out, float value);
char *lossd_write_int64(char *out, int64_t value);

#endif
