/* Eight numbers at once with AVX-512: part of json_parts.c. Each number has a lane of 16 or 32 bytes in which
 * its last character is the last. Masks have a bit for each byte, so that what concerns each number is a lane
 * of a 64-bit word. */
#ifndef LOSSD_API_JSON_EIGHT_H
#define LOSSD_API_JSON_EIGHT_H

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/number_text.h"

/* What is in four lanes of 16 bytes, or two of 32. */
struct lanes {
  __m512i digits; /* 0..9, the last digit in the last byte */
  __m512i
      marks;  /* bytes whose sum over a lane is 128 where it is negative, plus its digits after the point */
  bool usual; /* whatever before a number, an optional sign, digits, perhaps a point among them */
};

/* Distance of each byte from the last one of its 16. */
static inline __m512i bytes_after(void) {
  const __m128i down = _mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  return _mm512_broadcast_i32x4(down);
}

/* In each lane of `width` bits: the bits up to the highest one; a lane has one at most. */
static inline uint64_t bits_up_to(uint64_t bit, int width) {
  uint64_t any = bit;
  for (int shift = width / 2; shift > 0; shift /= 2)
    any |= any >> shift; /* the lowest bit of a lane gathers all of it */
  any &= width == 16 ? UINT64_C(0x0001000100010001) : UINT64_C(0x0000000100000001);
  return (bit << 1) - any;
}

/* Each byte as the one before it, in lanes of width bits. */
static inline __m512i move_up(__m512i bytes, int width) {
  const __m512i before = _mm512_maskz_shuffle_i64x2(0xCC, bytes, bytes, 0 << 2 | 2 << 6);
  return width == 16 ? _mm512_bslli_epi128(bytes, 1) : _mm512_alignr_epi8(bytes, before, 15);
}

/* `after`: distances from a lane's last byte; `length`: of its token, less than its width, in each of its
 * bytes. */
static inline struct lanes read_lanes(__m512i text, __m512i length, __m512i after, int width) {
  const uint64_t last = width == 16 ? UINT64_C(0x8000800080008000) : UINT64_C(0x8000000080000000);
  const __m512i values = _mm512_sub_epi8(text, _mm512_set1_epi8('0'));
  const uint64_t token = _mm512_cmpgt_epu8_mask(length, after);
  const uint64_t digit = _mm512_mask_cmplt_epu8_mask(token, values, _mm512_set1_epi8(10));
  const uint64_t point = _mm512_mask_cmpeq_epi8_mask(token, text, _mm512_set1_epi8('.'));
  const uint64_t minus = _mm512_mask_cmpeq_epi8_mask(token, text, _mm512_set1_epi8('-'));
  /* What is no number's may stand before it: adding the first bit carries through such bytes
   * and clears them. */
  const uint64_t first = token & ~(token << 1), other = token & ~(digit | point | minus);
  const uint64_t amid = (other + (other & first)) & other;
  const __m512i digits = _mm512_maskz_mov_epi8(digit, values);
  return (struct lanes){
      .digits = _mm512_mask_mov_epi8(digits, bits_up_to(point, width), move_up(digits, width)),
      .marks = _mm512_mask_mov_epi8(_mm512_maskz_mov_epi8(point, after), minus, _mm512_set1_epi8((char)0x80)),
      .usual = amid == 0 && (digit & last) == last,
  };
}

/* Digits of a and b joined to pairs, fours, eights and sixteens: those of a lane of 16 bytes of a,
 * then of b. */
static inline __m512i join_sixteens(__m512i a, __m512i b) {
  const __m512i tens = _mm512_set1_epi16(1 << 8 | 10), hundreds = _mm512_set1_epi32(1 << 16 | 100);
  const __m512i fours_a = _mm512_madd_epi16(_mm512_maddubs_epi16(a, tens), hundreds);
  const __m512i fours_b = _mm512_madd_epi16(_mm512_maddubs_epi16(b, tens), hundreds);
  const __m512i eights =
      _mm512_madd_epi16(_mm512_packus_epi32(fours_a, fours_b), _mm512_set1_epi32(1 << 16 | 10000));
  return _mm512_add_epi64(_mm512_mul_epu32(eights, _mm512_set1_epi64(100000000)),
                          _mm512_srli_epi64(eights, 32));
}

/* Sums of marks, in the same order. */
static inline __m512i sum_marks(__m512i a, __m512i b) {
  const __m512i sums_a = _mm512_sad_epu8(a, _mm512_setzero_si512()),
                sums_b = _mm512_sad_epu8(b, _mm512_setzero_si512());
  return _mm512_add_epi64(_mm512_unpacklo_epi64(sums_a, sums_b), _mm512_unpackhi_epi64(sums_a, sums_b));
}

static inline void store_eight(struct lossd_decimals *decimals, size_t at, __m512i digits, __m512i marks) {
  _mm512_storeu_si512(decimals->digits + at, digits);
  const __m512i fraction = _mm512_and_si512(marks, _mm512_set1_epi64(0x7F));
  _mm_storel_epi64((__m128i *)(void *)(decimals->fraction + at), _mm512_cvtepi64_epi8(fraction));
  _mm_storel_epi64((__m128i *)(void *)(decimals->negative + at),
                   _mm512_cvtepi64_epi8(_mm512_srli_epi64(marks, 7)));
}

static inline __m512i load_four(const char *a, const char *b, const char *c, const char *d) {
#define LOAD16(end) _mm_loadu_si128((const __m128i *)(const void *)((end)-16))
  const __m256i ab = _mm256_inserti128_si256(_mm256_castsi128_si256(LOAD16(a)), LOAD16(b), 1);
  const __m256i cd = _mm256_inserti128_si256(_mm256_castsi128_si256(LOAD16(c)), LOAD16(d), 1);
#undef LOAD16
  return _mm512_inserti64x4(_mm512_castsi256_si512(ab), cd, 1);
}

/* Tokens of up to 15 characters: even ones in one vector, odd ones in another. */
static inline bool take_short(const char *const *ends, __m512i lengths, struct lossd_decimals *decimals,
                              size_t at) {
  const __m512i after = bytes_after();
  const __m512i length_a = _mm512_shuffle_epi8(lengths, _mm512_setzero_si512());
  const __m512i length_b = _mm512_shuffle_epi8(lengths, _mm512_set1_epi8(8));
  const struct lanes a = read_lanes(load_four(ends[0], ends[2], ends[4], ends[6]), length_a, after, 16);
  const struct lanes b = read_lanes(load_four(ends[1], ends[3], ends[5], ends[7]), length_b, after, 16);
  store_eight(decimals, at, join_sixteens(a.digits, b.digits), sum_marks(a.marks, b.marks));
  return a.usual & b.usual;
}

/* The tokens i and j, of up to 31 characters. */
static inline struct lanes read_two(const char *const *ends, __m512i lengths, int i, int j) {
  const __m512i after = _mm512_add_epi8(bytes_after(), _mm512_maskz_set1_epi64(0x33, 0x1010101010101010));
  const __m512i place = _mm512_setr_epi64(i, i, i, i, j, j, j, j);
  const __m512i length =
      _mm512_shuffle_epi8(_mm512_permutexvar_epi64(place, lengths), _mm512_setzero_si512());
  return read_lanes(load_four(ends[i] - 16, ends[i], ends[j] - 16, ends[j]), length, after, 32);
}

static inline bool take_long(const char *const *ends, __m512i lengths, struct lossd_decimals *decimals,
                             size_t at) {
  const struct lanes a = read_two(ends, lengths, 0, 2), b = read_two(ends, lengths, 1, 3);
  const struct lanes c = read_two(ends, lengths, 4, 6), d = read_two(ends, lengths, 5, 7);
  /* The high sixteens of 0, 1, their low ones, then those of 2 and 3. */
  const __m512i pick_high = _mm512_setr_epi64(0, 1, 4, 5, 8, 9, 12, 13),
                pick_low = _mm512_setr_epi64(2, 3, 6, 7, 10, 11, 14, 15);
  const __m512i ab = join_sixteens(a.digits, b.digits), cd = join_sixteens(c.digits, d.digits);
  const __m512i high = _mm512_permutex2var_epi64(ab, pick_high, cd),
                low = _mm512_permutex2var_epi64(ab, pick_low, cd);
  const __m512i marks_ab = sum_marks(a.marks, b.marks), marks_cd = sum_marks(c.marks, d.marks);
  const __m512i marks = _mm512_add_epi64(_mm512_permutex2var_epi64(marks_ab, pick_high, marks_cd),
                                         _mm512_permutex2var_epi64(marks_ab, pick_low, marks_cd));
  const __m512i unit = _mm512_set1_epi64(10000000000000000);
  store_eight(decimals, at, _mm512_add_epi64(_mm512_mullo_epi64(high, unit), low), marks);
  const bool fits = _mm512_cmpgt_epu64_mask(high, _mm512_set1_epi64(999)) == 0; /* in 19 digits */
  return a.usual & b.usual & c.usual & d.usual & fits;
}

/* Reads the eight tokens that end at ends[0] ... ends[7]; each begins right after the end of the one before
 * it, which for the first is ends[-1]. False: one of them is unusual. */
static inline bool take_eight(const char *const *ends, struct lossd_decimals *decimals, size_t at) {
  const __m512i lengths = _mm512_sub_epi64(
      _mm512_loadu_si512(ends), _mm512_add_epi64(_mm512_loadu_si512(ends - 1), _mm512_set1_epi64(1)));
  if (_mm512_cmpgt_epu64_mask(lengths, _mm512_set1_epi64(15)) == 0)
    return take_short(ends, lengths, decimals, at);
  if (_mm512_cmpgt_epu64_mask(lengths, _mm512_set1_epi64(31)) == 0)
    return take_long(ends, lengths, decimals, at);
  return false;
}

#endif
