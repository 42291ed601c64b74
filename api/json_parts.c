/* Leaves of checked text as digits and a power of ten. Separators are found 64 bytes at a time (after the
 * idea of G. Langdale and D. Lemire, see json_block.c), so that where a number begins and ends is known
 * before it is looked at: many are under way at once. A number is loaded so that its last character is the
 * last of a vector; one shuffle then takes its point out, and pairs of neighbours are joined by multiply-add
 * (W. Mula and D. Lemire, "Faster base64 encoding and decoding using AVX2 instructions", ACM Transactions on
 * the Web 12, 2018, for the trick). */
#include <stdbool.h>
#include <string.h>

#include "api/json_bytes.h"
#include "api/json_variant.h"
#if defined(__AVX512BW__)
#include "api/json_eight.h"
#endif

#if defined(__AVX2__)

enum {
  DIGITS = 32,         /* bytes of a vector: a usual number has less, its sign excluded */
  WINDOW = DIGITS + 1, /* bytes before a number's end that are read */
  ROOM = LOSSD_DECIMALS + 2 * LOSSD_JSON_BLOCK, /* for separators: stores run on */
};

static inline __m256i load32(const char *bytes) {
  return _mm256_loadu_si256((const __m256i *)(const void *)bytes);
}

/* 0xFF in the last `count` bytes. */
static inline __m256i last_bytes(uint32_t count) {
  static const uint64_t ramp[2 * DIGITS / 8] = {0, 0, 0, 0, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
  return load32((const char *)ramp + count);
}

static inline uint32_t mask_of(__m256i matches) {
  return (uint32_t)_mm256_movemask_epi8(matches);
}

static inline uint32_t digit_mask(__m256i text) {
  const __m256i digits = _mm256_sub_epi8(text, _mm256_set1_epi8('0'));
  return mask_of(_mm256_cmpeq_epi8(_mm256_min_epu8(digits, _mm256_set1_epi8(9)), digits));
}

/* 32 digits as bytes 0..9, joined to pairs, fours and eights; the value, where it has at most 19. */
static inline bool join_digits(__m256i digits, uint64_t *value) {
  const __m256i pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(1 << 8 | 10));
  const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(1 << 16 | 100));
  const __m256i packed = _mm256_packus_epi32(fours, fours);
  const __m256i eights = _mm256_madd_epi16(packed, _mm256_set1_epi32(1 << 16 | 10000));
  const uint64_t high = (uint64_t)_mm256_extract_epi64(eights, 0),
                 low = (uint64_t)_mm256_extract_epi64(eights, 2);
  *value = (high >> 32) * UINT64_C(10000000000000000) + (low & UINT32_MAX) * 100000000 + (low >> 32);
  return high <= UINT64_C(999) << 32 && (high & UINT32_MAX) == 0;
}

/* Whether there is anything but blanks, brackets and a comma. */
static bool has_leaf(const char *token, const char *end) {
  for (; token < end; token++)
    if (*token > ' ' && *token != '[' && *token != ']' && *token != ',') return true;
  return false;
}

/* Reads the number of the token at `token` that ends before `end`. False: it is unusual. */
static inline bool take_number(const char *token, const char *end, struct lossd_decimals *decimals,
                               size_t i) {
  const __m256i text = load32(end - DIGITS);
  const uint32_t points = mask_of(_mm256_cmpeq_epi8(text, _mm256_set1_epi8('.')));
  const uint32_t length = _lzcnt_u32(~(digit_mask(text) | points));
  const uint32_t fraction = _lzcnt_u32(points); /* or what is before the number, or 32 */
  const uint32_t has_point = fraction < length;
  /* What is before the point moves up by one byte. */
  const __m256i before = load32(end - DIGITS - 1);
  const __m256i joined = _mm256_blendv_epi8(before, text, last_bytes(has_point ? fraction : DIGITS));
  const __m256i digits =
      _mm256_and_si256(_mm256_sub_epi8(joined, _mm256_set1_epi8('0')), last_bytes(length - has_point));

  const char *const first = end - length;
  const bool negative = first[-1] == '-';
  decimals->fraction[i] = (uint8_t)(has_point ? fraction : 0);
  decimals->negative[i] = negative;
  const bool usual = join_digits(digits, &decimals->digits[i]) & (length - 1 < DIGITS - 1);
  const char *const start = first - negative;
  /* One byte before it is a bracket or a blank: checked text has nothing else there. */
  return usual && start >= token && (start - token <= 1 || !has_leaf(token, start));
}

/* A last block that is not whole, with blanks behind it. */
static bytes64 load_rest(const char *text, const char *end) {
  char block[LOSSD_JSON_BLOCK];
  memset(block, ' ', sizeof block);
  memcpy(block, text, (size_t)(end - text));
  return load_bytes(block);
}

/* Ends of tokens: commas and brackets that close; a separator right after a bracket ends none. Stops when
 * there are LOSSD_DECIMALS or a few more. */
static inline size_t find_ends(const char *text, const char *end, const char **ends) {
  size_t count = 0;
  uint64_t closed = 0;
  for (; text < end && count < LOSSD_DECIMALS; text += LOSSD_JSON_BLOCK) {
    const bytes64 bytes = end - text < LOSSD_JSON_BLOCK ? load_rest(text, end) : load_bytes(text);
    const uint64_t closing = equal(bytes, ']');
    uint64_t found = (closing | equal(bytes, ',')) & ~(closing << 1 | closed);
    const char **to = ends + count;
    closed = closing >> 63;
    count += (size_t)_mm_popcnt_u64(found);
    do { /* whole fours: a loop that ended with the last one would be mispredicted each time */
      for (int i = 0; i < 4; i++, found &= found - 1) *to++ = text + _tzcnt_u64(found);
    } while (found);
  }
  return count;
}

#if defined(__AVX512BW__)
enum { AT_ONCE = 8 };
#else
enum { AT_ONCE = 1 };
static inline bool take_eight(const char *const *ends, struct lossd_decimals *decimals, size_t at) {
  (void)ends, (void)decimals, (void)at;
  return false;
}
#endif

/* The token between two separators, by itself. */
static inline size_t take_one(const char *begin, const char *text, const char *const *ends,
                              struct lossd_decimals *decimals, size_t at) {
  const char *const token = ends[-1] + 1, *const end = ends[0];
  if (end - begin >= WINDOW && take_number(token, end, decimals, at)) return 1;
  if (!has_leaf(token, end)) return 0;
  decimals->digits[at] = (uint64_t)(token - text);
  decimals->fraction[at] = LOSSD_JSON_UNUSUAL;
  decimals->negative[at] = false; /* what rounds them all reads it */
  return 1;
}

const char *LOSSD_IN_SET(json_take)(const char *begin, const char *text, const char *end,
                                    struct lossd_decimals *decimals) {
  const char *separators[1 + ROOM], **const ends = separators + 1;
  size_t count = find_ends(text, end, ends), taken = 0;
  ends[-1] = text - 1;
  if (count < LOSSD_DECIMALS) ends[count++] = end;
  if (count > LOSSD_DECIMALS) count = LOSSD_DECIMALS;
  for (size_t i = 0; i < count;) {
    if (AT_ONCE > 1 && count - i >= AT_ONCE && ends[i] - begin >= WINDOW &&
        take_eight(ends + i, decimals, taken)) {
      taken += AT_ONCE;
      i += AT_ONCE;
      continue;
    }
    for (const size_t stop = i + AT_ONCE < count ? i + AT_ONCE : count; i < stop; i++)
      taken += take_one(begin, text, ends + i, decimals, taken);
  }
  decimals->count = taken;
  return ends[count - 1] < end ? ends[count - 1] + 1 : end;
}

#else

const char *LOSSD_IN_SET(json_take)(const char *begin, const char *text, const char *end,
                                    struct lossd_decimals *decimals) {
  (void)begin, (void)end, (void)decimals;
  return text;
}

#endif
