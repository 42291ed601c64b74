/* What the tests of the number reader and writer compare with: the C library's conversions, in
 * the C locale. */
#ifndef LOSSD_TESTS_NUMBER_REFERENCE_H
#define LOSSD_TESTS_NUMBER_REFERENCE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/number_text.h"

/* splitmix64: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. */
static inline uint64_t reference_random(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

static inline double reference_double(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline float reference_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline bool reference_same_double(double a, double b) {
  return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static inline bool reference_same_float(float a, float b) {
  return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

/* The length of the JSON number at text, character by character as in RFC 8259's grammar; 0 for none. A
 * leading zero before a digit is no number. */
static inline size_t reference_number_length(const char *text, size_t length) {
  size_t at = 0, digits;
#define DIGITS() for (digits = 0; at < length && text[at] >= '0' && text[at] <= '9'; at++, digits++)
  if (at < length && text[at] == '-') at++;
  const bool zero = at < length && text[at] == '0';
  DIGITS();
  if (digits == 0 || (zero && digits > 1)) return 0;
  if (at < length && text[at] == '.') {
    at++;
    DIGITS();
    if (digits == 0) return 0;
  }
  if (at < length && (text[at] == 'e' || text[at] == 'E')) {
    at++;
    if (at < length && (text[at] == '+' || text[at] == '-')) at++;
    DIGITS();
    if (digits == 0) return 0;
  }
#undef DIGITS
  return at;
}

/* Text of a random number, NUL-terminated: up to 40 digits, mostly few, a point anywhere, an exponent now and
 * then. */
static inline size_t reference_random_text(uint64_t *state, char *out) {
  const uint64_t choice = reference_random(state);
  const unsigned digits = 1 + (unsigned)(choice % (choice >> 61 == 0 ? 40 : 20));
  const unsigned point = (unsigned)(choice >> 8) % 41;
  char *p = out;
  if (choice >> 16 & 1) *p++ = '-';
  for (unsigned i = 0; i < digits; i++) {
    if (i == point && i > 0) *p++ = '.';
    *p++ = (char)('0' + reference_random(state) % 10);
    if (i == 0 && p[-1] == '0' && digits > 1 && point != 1) p[-1] = '1';
  }
  if (choice >> 17 & 1)
    p += sprintf(p, "%c%d", choice >> 18 & 1 ? 'e' : 'E', (int)((choice >> 20) % 700) - 360);
  *p = '\0';
  return (size_t)(p - out);
}

/* Whether the text reads as the C library reads it, to double and to float. */
static inline bool reference_reads_alike(const char *text, size_t length) {
  double value = 0;
  float single = 0;
  return lossd_read_double(text, text + length, &value) == text + length &&
         lossd_read_float(text, text + length, &single) == text + length &&
         reference_same_double(value, strtod(text, NULL)) && reference_same_float(single, strtof(text, NULL));
}

/* Whether the finite value's text reads back to it, by the C library and by our reader. */
static inline bool reference_double_returns(double value) {
  char text[LOSSD_NUMBER_TEXT_MAX + 1];
  char *const end = lossd_write_double(text, value);
  double read = 0;
  *end = '\0';
  return end - text <= LOSSD_NUMBER_TEXT_MAX && reference_same_double(strtod(text, NULL), value) &&
         lossd_read_double(text, end, &read) == end && reference_same_double(read, value);
}

static inline bool reference_float_returns(float value) {
  char text[LOSSD_NUMBER_TEXT_MAX + 1];
  char *const end = lossd_write_float(text, value);
  float read = 0;
  *end = '\0';
  return end - text <= LOSSD_NUMBER_TEXT_MAX && reference_same_float(strtof(text, NULL), value) &&
         lossd_read_float(text, end, &read) == end && reference_same_float(read, value);
}

/* The significant digits of a number's text, without leading and trailing zeros. */
static inline size_t reference_digits(const char *text, char *digits) {
  size_t count = 0, trimmed = 0;
  for (; *text != '\0' && *text != 'e'; text++) {
    if (*text < '0' || *text > '9' || (count == 0 && *text == '0')) continue;
    digits[count++] = *text;
    if (*text != '0') trimmed = count;
  }
  digits[trimmed] = '\0';
  return trimmed;
}

/* Whether `text`, known to read back, has the digits of a shortest text, and the closest ones among those:
 * compared with the first precision of printf that reads back. At powers of two a shorter text than printf's
 * may exist. */
static inline bool reference_is_shortest(const char *text, double value, bool single) {
  char tried[64], digits[64], expected[64];
  const size_t count = reference_digits(text, digits);
  for (int precision = 1; precision <= 17; precision++) {
    snprintf(tried, sizeof tried, "%.*e", precision - 1, value);
    if (single ? (double)strtof(tried, NULL) != value : strtod(tried, NULL) != value) continue;
    const size_t least = reference_digits(tried, expected);
    return count < least || (count == least && strcmp(digits, expected) == 0);
  }
  return false;
}

#endif
