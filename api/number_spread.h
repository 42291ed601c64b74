/* A decimal laid out as text: the last step of writing a floating number, for number_write.c and
 * number_write_many.c. Pure functions, any thread. */
#ifndef LOSSD_API_NUMBER_SPREAD_H
#define LOSSD_API_NUMBER_SPREAD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "eight digits are written as one little-endian word");

/* 0.d1 d2 ... d17 * 10^point as text: the digits after the first are two words of eight, the first of them in
 * the lowest byte. count: of digits without the zeros at their end, at least 1. */
struct lossd_spread {
  uint64_t middle, low;
  char first;
  int count, point;
};

static inline char *lossd_store_eight(char *out, uint64_t word) {
  memcpy(out, &word, sizeof word);
  return out + sizeof word;
}

/* All 17 digits in a row, then the point put between. For 9 <= point <= 17. */
__attribute__((noinline)) static char *lossd_write_large(char *out, struct lossd_spread number) {
  const int count = number.count, point = number.point;
  *out = number.first;
  lossd_store_eight(out + 1, number.middle);
  lossd_store_eight(out + 9, number.low);
  if (count <= point) return out + point;
  memmove(out + point + 1, out + point, (size_t)(count - point));
  out[point] = '.';
  return out + count + 1;
}

/* e and an exponent below 1000. */
static inline char *lossd_write_exponent(char *out, int exponent) {
  const unsigned magnitude = (unsigned)(exponent < 0 ? -exponent : exponent);
  *out = 'e';
  out[1] = '-';
  out += 1 + (exponent < 0);
  if (magnitude >= 100) *out++ = (char)('0' + magnitude / 100);
  if (magnitude >= 10) *out++ = (char)('0' + magnitude / 10 % 10);
  *out++ = (char)('0' + magnitude % 10);
  return out;
}

/* Returns the end; bytes up to 26 from out may be written. */
static inline __attribute__((always_inline)) char *lossd_write_spread(char *out, struct lossd_spread number) {
  const int point = number.point, count = number.count;
  const uint64_t middle = number.middle, low = number.low;
  if (point > -6 && point <= 8) { /* 0.000ddd or ddd.ddd, without a branch between them */
    const bool whole = point > 0;
    const int shift = whole ? 8 * (point - 1) : 0;
    const uint64_t before = middle & ((UINT64_C(1) << shift) - 1);
    const uint64_t pointed = before | (uint64_t)'.' << shift | (middle - before) << 8;
    lossd_store_eight(out, UINT64_C(0x3030303030302e30)); /* 0.000000 */
    out += whole ? 0 : 2 - point;
    *out = number.first;
    lossd_store_eight(out + 1 + whole, middle);
    lossd_store_eight(out + 9 + whole, low);
    lossd_store_eight(out + 1, whole ? pointed : middle);
    return out + (count > point ? count + whole : point);
  }
  if (point >= 9 && point <= 17) return lossd_write_large(out, number);
  *out = number.first;
  out[1] = '.';
  lossd_store_eight(out + 2, middle);
  lossd_store_eight(out + 10, low);
  return lossd_write_exponent(out + count + (count > 1), point - 1);
}

#endif
