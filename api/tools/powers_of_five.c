/*
 * Build-time program: powers_of_five FILE writes the C source of lossd_powers_of_five to the file.
 *
 * Exact big-integer arithmetic: 5^n by repeated multiplication, and floor(2^FRACTION_BITS / 5^n) by repeated
 * division (the floor of nested divisions is the floor of the whole). The leading 128 bits
 * are rounded up. */
#include "api/powers_of_five.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

/* Little-endian 32-bit limbs. 5^342 has 795 bits; 2^FRACTION_BITS / 5^342 keeps more than 128. */
enum { LIMBS = 40, FRACTION_BITS = 1024 };

struct big {
  uint32_t limb[LIMBS];
};

static void multiply_by_five(struct big *number) {
  uint64_t carry = 0;
  for (int i = 0; i < LIMBS; i++) {
    carry += (uint64_t)number->limb[i] * 5;
    number->limb[i] = (uint32_t)carry;
    carry >>= 32;
  }
}

static void divide_by_five(struct big *number) {
  uint64_t rest = 0;
  for (int i = LIMBS - 1; i >= 0; i--) {
    rest = rest << 32 | number->limb[i];
    number->limb[i] = (uint32_t)(rest / 5);
    rest %= 5;
  }
}

static unsigned bit_at(const struct big *number, int position) {
  return position < 0 ? 0 : number->limb[position / 32] >> (position % 32) & 1;
}

static int top_bit(const struct big *number) {
  int position = LIMBS * 32 - 1;
  while (bit_at(number, position) == 0) position--;
  return position;
}

static struct lossd_power leading_bits(const struct big *number, bool exact) {
  const int top = top_bit(number);
  struct lossd_power power = {0, 0};
  for (int i = 0; i < 128; i++) {
    power.high = power.high << 1 | power.low >> 63;
    power.low = power.low << 1 | bit_at(number, top - i);
  }
  for (int position = top - 128; position >= 0 && exact; position--) exact = bit_at(number, position) == 0;
  if (!exact) {
    power.low += 1;
    power.high += power.low == 0;
  }
  return power;
}

/* Fills entry q and checks the exponent that the readers of the table will compute for it. */
static bool set(struct lossd_power *table, int q, const struct big *number, int scale, bool exact) {
  table[q - LOSSD_POWER_MIN] = leading_bits(number, exact);
  const int log2 = top_bit(number) - scale + q;
  if (log2 != lossd_floor_log2_pow10(q))
    fprintf(stderr, "powers_of_five: floor(log2(10^%d)) is %d, lossd_floor_log2_pow10 says %d\n", q, log2,
            lossd_floor_log2_pow10(q));
  return log2 == lossd_floor_log2_pow10(q);
}

static bool fill(struct lossd_power *table) {
  bool good = true;
  struct big power = {{1}};
  for (int q = 0; q <= LOSSD_POWER_MAX; q++, multiply_by_five(&power)) good &= set(table, q, &power, 0, true);

  struct big fraction = {{0}};
  fraction.limb[FRACTION_BITS / 32] = 1;
  for (int q = -1; q >= LOSSD_POWER_MIN; q--) {
    divide_by_five(&fraction);
    good &= set(table, q, &fraction, FRACTION_BITS, false);
  }
  return good;
}

static void write_source(FILE *file, const struct lossd_power *table) {
  fputs("/* Made by powers_of_five. */\n#include \"api/powers_of_five.h\"\n\n", file);
  fputs("const struct lossd_power lossd_powers_of_five[LOSSD_POWER_MAX - LOSSD_POWER_MIN + 1] = {\n", file);
  for (int q = LOSSD_POWER_MIN; q <= LOSSD_POWER_MAX; q++, table++)
    fprintf(file, "    {UINT64_C(0x%016" PRIx64 "), UINT64_C(0x%016" PRIx64 ")}, /* %d */\n", table->high,
            table->low, q);
  fputs("};\n", file);
}

int main(int argc, char **argv) {
  static struct lossd_power table[LOSSD_POWER_MAX - LOSSD_POWER_MIN + 1];
  if (argc != 2) {
    fputs("usage: powers_of_five FILE\n", stderr);
    return 2;
  }
  if (!fill(table)) return 1;
  FILE *const file = fopen(argv[1], "w");
  if (file == NULL) {
    perror(argv[1]);
    return 1;
  }
  write_source(file, table);
  const bool failed = ferror(file) != 0;
  if (fclose(file) != 0 || failed) {
    perror(argv[1]);
    return 1;
  }
  return 0;
}
