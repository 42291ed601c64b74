/* The reader's slow path: exact arithmetic for decimals so close to halfway between two floating-point
 * numbers that 128 bits cannot tell the nearer. Pure functions, bounded stack memory; any thread may call. */
#ifndef LOSSD_API_NUMBER_EXACT_H
#define LOSSD_API_NUMBER_EXACT_H

#include <stdbool.h>
#include <stdint.h>

enum { LOSSD_DECIMAL_DIGITS = 19 }; /* as many as always fit uint64 */

/* A number token, scanned: its magnitude is digits * 10^exponent, and more than that when `cut`. */
struct lossd_decimal {
  uint64_t digits;   /* the leading significant digits, at most LOSSD_DECIMAL_DIGITS */
  int64_t exponent;  /* saturates far beyond any floating-point number */
  const char *first; /* the text of the digits, a point possibly among them ... */
  const char *last;  /* ... up to here */
  bool negative;
  bool many; /* more digits than fit: digits holds garbage, exponent is that of the last one */
  bool cut;  /* non-zero digits follow the leading ones */
};

/* The sign of |decimal| - half * 2^exponent2, where half * 2^exponent2 lies halfway between two neighbouring
 * finite doubles or floats (or between the largest and what would follow it) and half < 2^54. */
int lossd_compare_exactly(const struct lossd_decimal *decimal, uint64_t half, int exponent2);

#endif
