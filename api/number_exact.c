#include "api/number_exact.h"

#include <stddef.h>

/* A point halfway between two doubles has at most 767 significant digits, so that one digit more and whether
 * anything but zeros follows decide every comparison. */
enum { MAX_DIGITS = 768 };

/* Little-endian limbs. The largest numbers met are 768 digits (2552 bits) and 2^54 * 5^1110 (2632 bits), each
 * shifted up to the size of the other at most. */
enum { LIMBS = 48 };

struct big {
  uint64_t limb[LIMBS];
  size_t count; /* of limbs in use; the topmost is not 0 */
};

__extension__ typedef unsigned __int128 uint128;

static void multiply_add(struct big *number, uint64_t factor, uint64_t addend) {
  uint64_t carry = addend;
  for (size_t i = 0; i < number->count; i++) {
    const uint128 product = (uint128)number->limb[i] * factor + carry;
    number->limb[i] = (uint64_t)product;
    carry = (uint64_t)(product >> 64);
  }
  if (carry != 0) number->limb[number->count++] = carry;
}

static void multiply_by_power_of_five(struct big *number, int64_t power) {
  const uint64_t five_to_27 = UINT64_C(7450580596923828125); /* the largest in 64 bits */
  for (; power >= 27; power -= 27) multiply_add(number, five_to_27, 0);
  for (; power > 0; power--) multiply_add(number, 5, 0);
}

static void shift_left(struct big *number, int64_t bits) {
  const size_t limbs = (size_t)bits / 64;
  if (bits % 64 != 0) multiply_add(number, UINT64_C(1) << (bits % 64), 0);
  if (limbs == 0) return;
  for (size_t i = number->count; i-- > 0;) number->limb[i + limbs] = number->limb[i];
  for (size_t i = 0; i < limbs; i++) number->limb[i] = 0;
  number->count += limbs;
}

static int compare(const struct big *left, const struct big *right) {
  if (left->count != right->count) return left->count < right->count ? -1 : 1;
  for (size_t i = left->count; i-- > 0;)
    if (left->limb[i] != right->limb[i]) return left->limb[i] < right->limb[i] ? -1 : 1;
  return 0;
}

/* Reads up to MAX_DIGITS significant digits of the text; returns how many. *more: non-zero ones follow. */
static int read_digits(struct big *number, const struct lossd_decimal *decimal, bool *more) {
  uint64_t group = 0, scale = 1;
  int taken = 0;
  for (const char *p = decimal->first; p < decimal->last && !*more; p++) {
    if (*p == '.' || (taken == 0 && *p == '0')) continue;
    if (taken == MAX_DIGITS) {
      *more = *p != '0';
      continue;
    }
    group = group * 10 + (uint64_t)(*p - '0');
    scale *= 10;
    if (++taken % LOSSD_DECIMAL_DIGITS == 0) {
      multiply_add(number, scale, group);
      group = 0;
      scale = 1;
    }
  }
  multiply_add(number, scale, group);
  return taken;
}

int lossd_compare_exactly(const struct lossd_decimal *decimal, uint64_t half, int exponent2) {
  struct big left = {.count = 1}, right = {.count = 1};
  int64_t exponent10 = decimal->exponent;
  bool more = false;

  left.limb[0] = decimal->digits;
  right.limb[0] = half;
  if (decimal->cut) {
    left.count = 0;
    exponent10 -= read_digits(&left, decimal, &more) - LOSSD_DECIMAL_DIGITS;
  }

  /* left * 10^exponent10 against right * 2^exponent2, without fractions. */
  if (exponent10 >= 0)
    multiply_by_power_of_five(&left, exponent10);
  else
    multiply_by_power_of_five(&right, -exponent10);
  if (exponent10 >= exponent2)
    shift_left(&left, exponent10 - exponent2);
  else
    shift_left(&right, exponent2 - exponent10);

  const int sign = compare(&left, &right);
  return sign == 0 && more ? 1 : sign;
}
