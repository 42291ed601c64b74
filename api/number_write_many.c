/* Many floating numbers as text: what number_write.c does, eight at once with AVX-512, by the same steps.
 * Compiled once for each instruction set. `single`, a constant where these functions are inlined: float32,
 * not float64. */
#include "api/json_bytes.h"
#include "api/json_variant.h"
#include "api/number_spread.h"
#include "api/powers_of_five.h"

#if defined(__AVX512CD__)

struct spread_eight {
  uint64_t middle[8], low[8];
  int64_t first[8], count[8], point[8];
};

struct wide {
  __m512i high, low;
};

static inline __m512i words(uint64_t value) {
  return _mm512_set1_epi64((int64_t)value);
}

static inline __m512i upper(__m512i value) {
  return _mm512_srli_epi64(value, 32);
}

static inline struct wide multiply(__m512i a, __m512i b) {
  const __m512i half = words(UINT32_MAX), a_high = upper(a), b_high = upper(b);
  const __m512i cross = _mm512_mul_epu32(a_high, b), other = _mm512_mul_epu32(a, b_high);
  const __m512i sums = _mm512_add_epi64(_mm512_and_si512(cross, half), _mm512_and_si512(other, half));
  const __m512i carry = upper(_mm512_add_epi64(sums, upper(_mm512_mul_epu32(a, b))));
  const __m512i high =
      _mm512_add_epi64(_mm512_mul_epu32(a_high, b_high), _mm512_add_epi64(upper(cross), upper(other)));
  return (struct wide){_mm512_add_epi64(high, carry), _mm512_mullo_epi64(a, b)};
}

/* The high word of a product, or up to 3 less. */
static inline __m512i multiply_high(__m512i a, __m512i b) {
  const __m512i a_high = upper(a), b_high = upper(b);
  return _mm512_add_epi64(
      _mm512_mul_epu32(a_high, b_high),
      _mm512_add_epi64(upper(_mm512_mul_epu32(a_high, b)), upper(_mm512_mul_epu32(a, b_high))));
}

static inline __m512i times_ten(__m512i value) {
  return _mm512_add_epi64(_mm512_slli_epi64(value, 3), _mm512_slli_epi64(value, 1));
}

/* 64-bit `value` times a number of 20 bits. */
static inline __m512i scaled(__m512i value, int64_t factor, unsigned shift) {
  return _mm512_srai_epi64(_mm512_mul_epi32(value, _mm512_set1_epi64(factor)), shift);
}

enum { SINGLE_BITS = 23, DOUBLE_BITS = 52 }; /* of the fraction */

/* number_write.c's `shortest`: 17 digits, some of which may be zeros at the end, and *point; in *good the
 * lanes for which they hold. */
static inline __m512i shortest_eight(__m512i magnitude, bool single, __m512i *point, __mmask8 *good) {
  const __m512i zero = _mm512_setzero_si512(), one = words(1);
  const unsigned bits = single ? SINGLE_BITS : DOUBLE_BITS;
  const __m512i hidden = words(UINT64_C(1) << bits);
  const __m512i fraction_bits = _mm512_and_si512(magnitude, _mm512_sub_epi64(hidden, one));
  const __m512i exponent = _mm512_sub_epi64(_mm512_srli_epi64(magnitude, bits),
                                            words(single ? 127 + SINGLE_BITS : 1023 + DOUBLE_BITS));
  const __m512i k = scaled(exponent, 1262611, 22), q = _mm512_sub_epi64(words(UINT64_MAX), k);
  const __m512i h = _mm512_add_epi64(_mm512_add_epi64(exponent, scaled(q, 1741647, 19)), words(4));
  const __m512i index = _mm512_slli_epi64(_mm512_sub_epi64(q, _mm512_set1_epi64(LOSSD_POWER_MIN)), 1);
  const __m512i power_high = _mm512_i64gather_epi64(index, &lossd_powers_of_five->high, 8);
  const __m512i power_low = _mm512_i64gather_epi64(index, &lossd_powers_of_five->low, 8);

  const __m512i factor = _mm512_sllv_epi64(_mm512_or_si512(fraction_bits, hidden), h);
  const struct wide product = multiply(factor, power_high);
  const __m512i low = _mm512_add_epi64(product.low, multiply_high(factor, power_low));
  const __m512i high =
      _mm512_mask_add_epi64(product.high, _mm512_cmplt_epu64_mask(low, product.low), product.high, one);
  const __m512i tens = _mm512_srli_epi64(high, 3);
  const __m512i fraction = _mm512_or_si512(_mm512_slli_epi64(high, 61), _mm512_srli_epi64(low, 3));
  const __m512i half = _mm512_srlv_epi64(power_high, _mm512_sub_epi64(words(4), h));

  const __m512i nearer = _mm512_min_epu64(fraction, _mm512_sub_epi64(zero, fraction));
  const __m512i ones_low = times_ten(fraction);
  const __m512i ones_high = upper(_mm512_add_epi64(_mm512_mul_epu32(upper(fraction), words(10)),
                                                   upper(_mm512_mul_epu32(fraction, words(10)))));
  const __m512i rounded_ones = _mm512_add_epi64(ones_high, _mm512_srli_epi64(ones_low, 63));
  const __m512i rounded_tens = _mm512_and_si512(_mm512_srai_epi64(fraction, 63), words(10));
  const __m512i last =
      _mm512_mask_mov_epi64(rounded_ones, _mm512_cmplt_epu64_mask(nearer, half), rounded_tens);
  const uint64_t most_tens = single ? 10000000 : UINT64_C(1000000000000000);
  const __m512i least = words(most_tens), less = words(single ? most_tens / 10 : 0);
  const __mmask8 lacks_one = _mm512_cmplt_epu64_mask(tens, least);
  const __mmask8 lacks_two = _mm512_cmplt_epu64_mask(tens, less); /* of doubles, none */
  const __mmask8 carries = _mm512_cmpeq_epi64_mask(tens, _mm512_sub_epi64(least, one)) |
                           (single ? _mm512_cmpeq_epi64_mask(tens, _mm512_sub_epi64(less, one)) : 0);
  __m512i digits = _mm512_add_epi64(times_ten(tens), last);
  digits = _mm512_mask_mov_epi64(digits, lacks_one, times_ten(digits));
  digits = _mm512_mask_mov_epi64(digits, lacks_two, times_ten(digits));

  const __m512i margin = words(16), most = words(32);
  const __m512i from_half = _mm512_add_epi64(_mm512_sub_epi64(nearer, half), margin);
  const __m512i from_five = _mm512_add_epi64(_mm512_sub_epi64(ones_low, words(UINT64_C(1) << 63)), margin);
  *good = _mm512_cmpgt_epu64_mask(from_half, most) & _mm512_cmpgt_epu64_mask(from_five, most) &
          (__mmask8)~carries & _mm512_test_epi64_mask(fraction_bits, fraction_bits);
  *point = _mm512_add_epi64(k, words(single ? 9 : 17));
  *point = _mm512_mask_sub_epi64(*point, lacks_one, *point, one);
  *point = _mm512_mask_sub_epi64(*point, lacks_two, *point, one);
  return single ? _mm512_mullo_epi64(digits, words(100000000)) : digits;
}

/* Numbers below 10^8 to eight digits as bytes, the first in the lowest: number_write.c's split_eight. */
static inline __m512i split_eight(__m512i value) {
  const __m512i fours = _mm512_add_epi64(
      value, _mm512_mul_epu32(_mm512_srli_epi64(_mm512_mul_epu32(value, words(3518437209)), 45),
                              words((UINT64_C(1) << 32) - 10000)));
  const __m512i pairs = _mm512_add_epi32(
      fours, _mm512_mullo_epi32(_mm512_srli_epi32(_mm512_mullo_epi32(fours, _mm512_set1_epi32(10486)), 20),
                                _mm512_set1_epi32(0x10000 - 100)));
  const __m512i digits = _mm512_add_epi16(
      pairs, _mm512_mullo_epi16(_mm512_srli_epi16(_mm512_mullo_epi16(pairs, _mm512_set1_epi16(103)), 10),
                                _mm512_set1_epi16(0x100 - 10)));
  const __m512i swap =
      _mm512_set_epi64(0x08090A0B0C0D0E0F, 0x0001020304050607, 0x08090A0B0C0D0E0F, 0x0001020304050607,
                       0x08090A0B0C0D0E0F, 0x0001020304050607, 0x08090A0B0C0D0E0F, 0x0001020304050607);
  return _mm512_shuffle_epi8(digits, swap);
}

/* 10^16 <= digits < 10^17. */
static inline void spread(__m512i digits, __m512i point, struct spread_eight *out) {
  const __m512i ten_to_8 = words(100000000), zeros = words(UINT64_C(0x3030303030303030));
  /* digits / 2^8 is a double, and as it is a whole number the quotient by 5^8 is not near one from below. */
  const __m512d reciprocal = _mm512_set1_pd(1.0 / 390625);
  const __m512d quotient = _mm512_mul_pd(
      _mm512_add_pd(_mm512_cvtepi64_pd(_mm512_srli_epi64(digits, 8)), _mm512_set1_pd(0.5)), reciprocal);
  const __m512i nine = _mm512_cvttpd_epi64(quotient);
  const __m512i first = _mm512_srli_epi64(_mm512_mul_epu32(nine, words(1441151881)), 57);
  const __m512i middle = split_eight(_mm512_sub_epi64(nine, _mm512_mul_epu32(first, ten_to_8)));
  const __m512i low = split_eight(_mm512_sub_epi64(digits, _mm512_mul_epu32(nine, ten_to_8)));
  const __m512i low_zeros = _mm512_srli_epi64(_mm512_lzcnt_epi64(low), 3),
                middle_zeros = _mm512_srli_epi64(_mm512_lzcnt_epi64(middle), 3);
  const __m512i all_zeros =
      _mm512_mask_add_epi64(low_zeros, _mm512_testn_epi64_mask(low, low), low_zeros, middle_zeros);
  _mm512_storeu_si512(out->middle, _mm512_or_si512(middle, zeros));
  _mm512_storeu_si512(out->low, _mm512_or_si512(low, zeros));
  _mm512_storeu_si512(out->first, _mm512_add_epi64(first, words('0')));
  _mm512_storeu_si512(out->count, _mm512_sub_epi64(words(17), all_zeros));
  _mm512_storeu_si512(out->point, point);
}

#endif

static inline char *write_one(char *out, const char *values, int64_t i, bool single) {
  double value;
  float narrow;
  if (single) {
    memcpy(&narrow, values + (size_t)i * sizeof narrow, sizeof narrow);
    return lossd_write_float(out, narrow);
  }
  memcpy(&value, values + (size_t)i * sizeof value, sizeof value);
  return lossd_write_double(out, value);
}

#if defined(__AVX512CD__)

/* Eight numbers, and what comes after each. */
static inline char *write_eight(char *out, const char *values, bool single, struct lossd_nesting_run *run) {
  const __m256i narrow = _mm256_loadu_si256((const __m256i *)(const void *)values);
  const __m512i bits = single ? _mm512_cvtepu32_epi64(narrow) : _mm512_loadu_si512(values);
  const __m512d value = single ? _mm512_cvtps_pd(_mm256_castsi256_ps(narrow)) : _mm512_castsi512_pd(bits);
  const __m512i sign = words(single ? UINT64_C(1) << 31 : UINT64_C(1) << 63);
  const __m512i magnitude = _mm512_andnot_si512(sign, bits);
  const __m512i field = _mm512_srli_epi64(magnitude, single ? SINGLE_BITS : DOUBLE_BITS);
  const __mmask8 normal =
      _mm512_cmplt_epu64_mask(_mm512_sub_epi64(field, words(1)), words(single ? 0xFE : 0x7FE));
  const __mmask8 integral = _mm512_cmp_pd_mask(
      value, _mm512_roundscale_pd(value, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC), _CMP_EQ_OQ);
  const __mmask8 negative = _mm512_test_epi64_mask(bits, sign);
  struct spread_eight all;
  __m512i point;
  __mmask8 good;
  const __m512i digits = shortest_eight(magnitude, single, &point, &good);
  spread(digits, point, &all);
  good &= normal & (__mmask8)~integral;
  for (int i = 0; i < 8; i++, out = lossd_nesting_next(out, run)) {
    if (!(good >> i & 1)) {
      out = write_one(out, values, i, single);
      continue;
    }
    *out = '-';
    out += negative >> i & 1;
    out = lossd_write_spread(out, (struct lossd_spread){all.middle[i], all.low[i], (char)all.first[i],
                                                        (int)all.count[i], (int)all.point[i]});
  }
  return out;
}

#endif

static inline __attribute__((always_inline)) char *write_all(char *out, const char *values,
                                                             const struct lossd_nesting *nesting,
                                                             int64_t first, int64_t count, bool single) {
  struct lossd_nesting_run run;
  out = lossd_nesting_begin(out, &run, nesting, first, count);
#if defined(__AVX512CD__)
  const size_t size = single ? sizeof(float) : sizeof(double);
  while (run.end - run.next >= 8) out = write_eight(out, values + (size_t)run.next * size, single, &run);
#endif
  while (run.next < run.end) out = lossd_nesting_next(write_one(out, values, run.next, single), &run);
  return out;
}

char *LOSSD_IN_SET(write_doubles)(char *out, const char *values, const struct lossd_nesting *nesting,
                                  int64_t first, int64_t count) {
  return write_all(out, values, nesting, first, count, false);
}

char *LOSSD_IN_SET(write_floats)(char *out, const char *values, const struct lossd_nesting *nesting,
                                 int64_t first, int64_t count) {
  return write_all(out, values, nesting, first, count, true);
}
