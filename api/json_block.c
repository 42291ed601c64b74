/* The grammar of RFC 8259's numbers as arithmetic on bit masks, one bit for each byte, after the idea of G.
 * Langdale and D. Lemire, "Parsing gigabytes of JSON per second", The VLDB Journal 28, 2019: there is no
 * branch for each byte or number. */
#include "api/json_block.h"

#if LOSSD_JSON_BLOCK

#include <emmintrin.h>
#include <stdbool.h>

/* Where the bytes of each class are. */
struct classes {
  uint64_t digit, zero, minus, plus, point, e, comma, space;
};

static uint64_t mask_of(__m128i matches) {
  return (uint32_t)_mm_movemask_epi8(matches);
}

static uint64_t equal(__m128i bytes, char c) {
  return mask_of(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));
}

static struct classes classify(const char *text) {
  struct classes c = {0};
  for (int shift = 0; shift < LOSSD_JSON_BLOCK; shift += 16) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(text + shift));
    /* '0' becomes the least signed byte, so that one comparison finds ten values. */
    const __m128i lowest = _mm_add_epi8(bytes, _mm_set1_epi8(0x80 - '0'));
    c.digit |= mask_of(_mm_cmplt_epi8(lowest, _mm_set1_epi8(-128 + 10))) << shift;
    c.zero |= equal(bytes, '0') << shift;
    c.minus |= equal(bytes, '-') << shift;
    c.plus |= equal(bytes, '+') << shift;
    c.point |= equal(bytes, '.') << shift;
    c.e |= equal(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'e') << shift;
    c.comma |= equal(bytes, ',') << shift;
    c.space |= equal(bytes, ' ') << shift;
  }
  return c;
}

/* The bytes right after those of a mask. */
static uint64_t after(uint64_t mask) {
  return mask << 1;
}

/* The bytes that end the runs of digits which begin at `starts`: adding carries through a run. */
static uint64_t after_digits(uint64_t digit, uint64_t starts) {
  return (digit + (starts & digit)) & ~digit;
}

/* Bytes at which the grammar is broken. */
static uint64_t find_faults(const struct classes *c) {
  const uint64_t number = c->digit | c->minus | c->plus | c->point | c->e;
  const uint64_t start = number & ~after(number);
  const uint64_t value_due = after(c->comma) | 1;
  const uint64_t exponent_sign = (c->minus | c->plus) & after(c->e);
  const uint64_t exponent = after(c->e | exponent_sign) & c->digit;
  const uint64_t whole = start | after(start & c->minus);
  uint64_t faults = start & ~(c->digit | c->minus);
  /* A number begins where a value is due, or one space later; nothing else may be there. */
  faults |= start & ~(value_due | after(value_due & c->space));
  faults |= c->space & ~value_due;
  faults |= (value_due | after(c->space)) & ~(number | c->space);
  faults |= after(c->space) & c->space;
  /* What each character may stand next to. */
  faults |= c->minus & ~(start | after(c->e));
  faults |= c->plus & ~after(c->e);
  faults |= (c->point | c->e) & ~after(c->digit);
  faults |= after(c->minus | c->plus | c->point) & ~c->digit;
  faults |= after(c->e) & ~(c->digit | c->minus | c->plus);
  /* One point at most, before the exponent; one exponent. */
  faults |= after_digits(c->digit, after(c->point)) & c->point;
  faults |= after_digits(c->digit, exponent) & (c->point | c->e);
  faults |= after(whole & c->zero) & c->digit;
  return faults;
}

size_t lossd_json_skip_block(const char *text, int64_t *count) {
  const struct classes c = classify(text);
  const uint64_t known = c.digit | c.minus | c.plus | c.point | c.e | c.comma | c.space;
  /* Bytes before the first of another kind, up to the last comma among them. */
  const uint64_t before = ~known ? (~known & -~known) - 1 : ~UINT64_C(0);
  const uint64_t commas = c.comma & before;
  if (!commas) return 0;
  const int length = 64 - __builtin_clzll(commas);
  const uint64_t region = ~UINT64_C(0) >> (64 - length);
  if (find_faults(&c) & region) return 0;
  *count += __builtin_popcountll(commas);
  return (size_t)length;
}

#else

size_t lossd_json_skip_block(const char *text, int64_t *count) {
  (void)text;
  (void)count;
  return 0;
}

#endif
