/* Decimals to floating point, many at once; the way of number_read.c. Compiled once for each instruction set,
 * and empty for those in which nothing makes decimals (json_parts.c). */
#include <string.h>

#include "api/json_bytes.h"
#include "api/json_variant.h"
#include "api/powers_of_five.h"

#if defined(__AVX2__)

__extension__ typedef unsigned __int128 uint128;

/* Multiplied by: half of all numbers are negative, which no branch predicts. */
static const double signs[] = {1, -1};

static const double double_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
static const float float_powers[] = {1e0F, 1e1F, 1e2F, 1e3F, 1e4F, 1e5F, 1e6F, 1e7F, 1e8F, 1e9F, 1e10F};

static inline const struct lossd_power *power_of(int fraction) {
  return &lossd_powers_of_five[-fraction - LOSSD_POWER_MIN];
}

/* digits / 10^fraction: round_product of number_read.c where nothing overflows or is subnormal. */
static inline double divide_by_product(uint64_t digits, int fraction) {
  if (digits == 0) return 0;
  const struct lossd_power power = *power_of(fraction);
  const int leading_zeros = __builtin_clzll(digits);
  const uint64_t factor = digits << leading_zeros;
  const uint128 product = (uint128)factor * power.high + (uint64_t)((uint128)factor * power.low >> 64);
  const uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
  const int top = (int)(high >> 63);
  if (low == 0 && high << (54 - top) == UINT64_C(1) << 63) return lossd_divide_double(digits, fraction);
  const int field = lossd_floor_log2_pow10(-fraction) + 63 - leading_zeros + top + 1022;
  const uint64_t bits = ((uint64_t)field << 52) + (((high >> (9 + top)) + 1) >> 1);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Where digits and power are numbers of the type, one division rounds once (W. D. Clinger, "How to read
 * floating point numbers accurately", PLDI 1990). */
static inline double divide_double(uint64_t digits, int fraction) {
  if (digits <= UINT64_C(1) << 53 && fraction <= 22) return (double)(int64_t)digits / double_powers[fraction];
  return divide_by_product(digits, fraction);
}

static inline float divide_float(uint64_t digits, int fraction) {
  if (digits <= 1 << 24 && fraction <= 10) return (float)(int32_t)digits / float_powers[fraction];
  return lossd_divide_float(digits, fraction);
}

#if defined(__AVX512CD__)

/* Powers of ten by fraction, in registers: 32 doubles; and the high words of what divides. */
struct tables {
  __m512d exact[3];
  __m512i high[4];
};

static inline struct tables load_tables(void) {
  struct tables tables;
  uint64_t high[32];
  double exact[24] = {0};
  for (int i = 0; i < 32; i++) high[i] = power_of(i)->high;
  memcpy(exact, double_powers, sizeof double_powers);
  for (int i = 0; i < 4; i++) tables.high[i] = _mm512_loadu_si512(high + 8 * i);
  for (int i = 0; i < 3; i++) tables.exact[i] = _mm512_loadu_pd(exact + 8 * i);
  return tables;
}

/* The high words of the products of 64-bit words. */
static inline __m512i multiply_high(__m512i a, __m512i b) {
  const __m512i low_half = _mm512_set1_epi64(UINT32_MAX);
  const __m512i a_high = _mm512_srli_epi64(a, 32), b_high = _mm512_srli_epi64(b, 32);
  const __m512i low = _mm512_mul_epu32(a, b), cross = _mm512_mul_epu32(a_high, b),
                other = _mm512_mul_epu32(a, b_high);
  const __m512i middle = _mm512_add_epi64(cross, _mm512_srli_epi64(low, 32)); /* below 2^64 */
  const __m512i carry = _mm512_add_epi64(_mm512_and_si512(middle, low_half), other);
  return _mm512_add_epi64(_mm512_mul_epu32(a_high, b_high),
                          _mm512_add_epi64(_mm512_srli_epi64(middle, 32), _mm512_srli_epi64(carry, 32)));
}

/* divide_by_product with the power's high word alone. The product's high word is then too small by 2 at most,
 * or too large by 1; numbers that this could round otherwise are in the mask. Those without
 * digits become 0. */
static inline __m512i divide_eight(const struct tables *tables, __m512i digits, __m512i fraction,
                                   __mmask8 *undecided) {
  const __m512i one = _mm512_set1_epi64(1);
  const __m512i power =
      _mm512_mask_blend_epi64(_mm512_cmpgt_epi64_mask(fraction, _mm512_set1_epi64(15)),
                              _mm512_permutex2var_epi64(tables->high[0], fraction, tables->high[1]),
                              _mm512_permutex2var_epi64(tables->high[2], fraction, tables->high[3]));
  const __m512i leading_zeros = _mm512_lzcnt_epi64(digits);
  const __m512i high = multiply_high(_mm512_sllv_epi64(digits, leading_zeros), power);
  const __m512i top = _mm512_srli_epi64(high, 63);
  const __m512i halves = _mm512_srlv_epi64(high, _mm512_add_epi64(top, _mm512_set1_epi64(9)));
  /* The bits that are dropped, less what would be 3 below halfway: within 5 of it. */
  const __m512i dropped =
      _mm512_and_si512(high, _mm512_sub_epi64(_mm512_sllv_epi64(_mm512_set1_epi64(1 << 10), top), one));
  const __m512i below =
      _mm512_sub_epi64(_mm512_sllv_epi64(_mm512_set1_epi64(1 << 9), top), _mm512_set1_epi64(3));
  *undecided = _mm512_cmplt_epu64_mask(_mm512_sub_epi64(dropped, below), _mm512_set1_epi64(6));
  /* lossd_floor_log2_pow10(-fraction) */
  const __m512i log2 = _mm512_srai_epi64(_mm512_mul_epi32(fraction, _mm512_set1_epi64(-1741647)), 19);
  const __m512i field = _mm512_add_epi64(_mm512_sub_epi64(_mm512_add_epi64(log2, top), leading_zeros),
                                         _mm512_set1_epi64(63 + 1022));
  const __m512i bits =
      _mm512_add_epi64(_mm512_slli_epi64(field, 52), _mm512_srli_epi64(_mm512_add_epi64(halves, one), 1));
  return _mm512_maskz_mov_epi64(_mm512_test_epi64_mask(digits, digits), bits);
}

/* Both operands are exact. */
static inline __m512i divide_exactly(const struct tables *tables, __m512i digits, __m512i fraction) {
  const __m512d power =
      _mm512_mask_blend_pd(_mm512_cmpgt_epi64_mask(fraction, _mm512_set1_epi64(15)),
                           _mm512_permutex2var_pd(tables->exact[0], fraction, tables->exact[1]),
                           _mm512_permutexvar_pd(fraction, tables->exact[2]));
  return _mm512_castpd_si512(_mm512_div_pd(_mm512_cvtepi64_pd(digits), power));
}

static inline __m512i load_bytes8(const uint8_t *bytes) {
  return _mm512_cvtepu8_epi64(_mm_loadl_epi64((const __m128i *)(const void *)bytes));
}

/* Eight from i on. */
static inline void round_eight(const struct tables *tables, const struct lossd_decimals *decimals, size_t i,
                               double *out) {
  const __m512i digits = _mm512_loadu_si512(decimals->digits + i),
                fraction = load_bytes8(decimals->fraction + i);
  const __m512i sign = _mm512_slli_epi64(load_bytes8(decimals->negative + i), 63);
  const __mmask8 inexact = _mm512_cmpgt_epu64_mask(digits, _mm512_set1_epi64(INT64_C(1) << 53)) |
                           _mm512_cmpgt_epu64_mask(fraction, _mm512_set1_epi64(22));
  __mmask8 undecided = 0;
  const __m512i bits =
      inexact ? divide_eight(tables, digits, fraction, &undecided) : divide_exactly(tables, digits, fraction);
  _mm512_storeu_si512(out + i, _mm512_or_si512(bits, sign));
  for (unsigned left = undecided; left; left &= left - 1) {
    const size_t k = i + (size_t)__builtin_ctz(left);
    out[k] = divide_double(decimals->digits[k], decimals->fraction[k]) * signs[decimals->negative[k]];
  }
}

/* The first that are left. */
static inline size_t round_eights(const struct lossd_decimals *decimals, double *out) {
  const struct tables tables = load_tables();
  size_t i = 0;
  for (; i + 8 <= decimals->count; i += 8) round_eight(&tables, decimals, i, out);
  return i;
}

#else

static inline size_t round_eights(const struct lossd_decimals *decimals, double *out) {
  (void)decimals, (void)out;
  return 0;
}

#endif

void LOSSD_IN_SET(round_doubles)(const struct lossd_decimals *decimals, double *out) {
  for (size_t i = round_eights(decimals, out); i < decimals->count; i++)
    out[i] = divide_double(decimals->digits[i], decimals->fraction[i]) * signs[decimals->negative[i]];
}

void LOSSD_IN_SET(round_floats)(const struct lossd_decimals *decimals, float *out) {
  for (size_t i = 0; i < decimals->count; i++)
    out[i] = divide_float(decimals->digits[i], decimals->fraction[i]) * (float)signs[decimals->negative[i]];
}

#endif
