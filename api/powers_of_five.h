/* Powers of ten to 128 bits, shared by the number reader and the number writer.
 *
 * 10^q = 5^q * 2^q, so the table holds the leading bits of 5^q. Constant data, made at build time by
 * tools/powers_of_five.c; any thread may read it. */
#ifndef LOSSD_API_POWERS_OF_FIVE_H
#define LOSSD_API_POWERS_OF_FIVE_H

#include <stdint.h>

/* The reader needs -342..308 for double, the writer -292..324. */
enum { LOSSD_POWER_MIN = -342, LOSSD_POWER_MAX = 324 };

/* The least 128-bit integer high * 2^64 + low >= 10^q * 2^(127 - floor(log2(10^q))); its top bit is set. */
struct lossd_power {
  uint64_t high;
  uint64_t low;
};

/* Indexed by q - LOSSD_POWER_MIN. */
extern const struct lossd_power lossd_powers_of_five[LOSSD_POWER_MAX - LOSSD_POWER_MIN + 1];

/* floor(log2(10^q)) for q in the table's range; the generator checks each. */
static inline int lossd_floor_log2_pow10(int q) {
  return q * 1741647 >> 19;
}

#endif
