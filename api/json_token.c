#include "api/json_array.h"

#include <string.h>

#include "api/json_block.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first of eight bytes is the lowest of a word");

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

static uint64_t load8(const char *p) {
  uint64_t word;
  memcpy(&word, p, sizeof word);
  return word;
}

/* The top bit of each byte that is 0, and maybe of bytes after the first such one. */
static uint64_t zero_bytes(uint64_t word) {
  return (word - EACH(1)) & ~word & EACH(0x80);
}

const char *lossd_json_skip_plain(const char *p, const char *end) {
  for (; end - p >= 8; p += 8) {
    const uint64_t word = load8(p);
    const uint64_t low = (word - EACH(0x20)) & ~word; /* top bits of control characters */
    const uint64_t stop = low | word | zero_bytes(word ^ EACH('"')) | zero_bytes(word ^ EACH('\\'));
    if (stop & EACH(0x80)) break;
  }
  while (p < end && (unsigned char)(*p - 0x20) < 0x60 && *p != '"' && *p != '\\') p++;
  return p;
}

static inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static inline const char *skip_digits(const char *p, const char *end) {
  for (; end - p >= 8; p += 8) {
    const uint64_t word = load8(p) ^ EACH('0');
    const uint64_t stop = ((word + EACH(0x76)) | word) & EACH(0x80);
    if (stop) return p + __builtin_ctzll(stop) / 8;
  }
  while (p < end && is_digit(*p)) p++;
  return p;
}

/* The byte after the number at p, or NULL. */
static inline const char *skip_number(const char *p, const char *end) {
  p += *p == '-';
  const char *q = p;
  if (q == end || !is_digit(*q)) return NULL;
  q++;
  /* Most numbers have one digit before the point: it is tried first. */
  if (q < end && is_digit(*q)) {
    if (*p == '0') return NULL;
    q = skip_digits(q, end);
  }
  if (q < end && *q == '.') {
    if (++q == end || !is_digit(*q)) return NULL;
    q = skip_digits(q, end);
  }
  if (q < end && (*q | 32) == 'e') {
    q++;
    q += q < end && (*q == '+' || *q == '-');
    if (q == end || !is_digit(*q)) return NULL;
    while (q < end && is_digit(*q)) q++;
  }
  return q;
}

const char *lossd_json_skip_number(const char *p, const char *end, const char **expected) {
  const char *q = skip_number(p, end);
  *expected = NULL;
  if (q) return q;
  *expected = "a digit";
  p += *p == '-';
  if (p == end || !is_digit(*p)) return p;
  if (*p == '0' && p + 1 < end && is_digit(p[1])) {
    *expected = "no digit after a leading 0";
    return p + 1;
  }
  p = skip_digits(p, end);
  if (p < end && *p == '.') {
    if (++p == end || !is_digit(*p)) return p;
    p = skip_digits(p, end);
  }
  p++;
  return p + (p < end && (*p == '+' || *p == '-'));
}

const char *lossd_json_skip_numbers(const char *p, const char *end, const char *stop, int64_t *count) {
  enum { PATIENCE = 6 }; /* numbers to read singly before blocks are tried (again): short rows have none */
  const char *last = p;
  int64_t try_blocks = PATIENCE;
  *count = 0;
  for (;;) {
    if (*count >= try_blocks) {
      const char *const due = p;
      p = lossd_json_kernel()->skip(p, end, stop, count);
      if (p > due) last = p - 1;
      try_blocks = *count + PATIENCE;
    }
    if (p < end && *p <= ' ') p = lossd_json_skip_space(p, end);
    if (p >= stop || (*p != '-' && !is_digit(*p))) break;
    p = skip_number(p, end);
    if (!p) break;
    last = p;
    ++*count;
    if (p < end && *p <= ' ') p = lossd_json_skip_space(p, end);
    if (p == end || *p != ',') break;
    p++;
  }
  return last;
}

void lossd_json_array_begin(struct lossd_json_array *array, const char *text) {
  array->span = (struct lossd_json_span){.kind = LOSSD_JSON_ARRAY, .begin = text};
  array->deepest = array->leaf_level = 0;
  array->count[0] = 0;
  lossd_json_array_open(array, 1);
}

void lossd_json_array_open(struct lossd_json_array *array, int level) {
  if (array->span.bad_leaf) return;
  array->count[level - 1]++;
  array->count[level] = 0;
  if (level <= array->deepest) return;
  if (array->leaf_level) array->span.ragged = true;
  array->deepest = level;
  array->dim[level] = -1;
}

void lossd_json_array_close(struct lossd_json_array *array, int level) {
  if (array->span.bad_leaf) return;
  if (array->dim[level] < 0)
    array->dim[level] = array->count[level];
  else if (array->dim[level] != array->count[level])
    array->span.ragged = true;
}

void lossd_json_array_leaves(struct lossd_json_array *array, int level, int64_t count) {
  if (array->span.bad_leaf) return;
  if (!array->leaf_level && level == array->deepest) array->leaf_level = level;
  if (array->leaf_level != level) array->span.ragged = true;
  array->count[level] += count;
  array->span.count += count;
}

const char *lossd_json_array_rows(struct lossd_json_array *array, int level, const char *p, const char *end,
                                  const char *stop) {
  enum { LONGEST = 128 }; /* longer rows are faster one by one: blocks that know brackets look for more */
  struct lossd_json_rows rows = {.length = array->dim[level], .in_row = array->count[level]};
  if (array->span.bad_leaf || array->leaf_level != level || rows.length <= 0 || rows.length > LONGEST)
    return p;
  p = lossd_json_kernel()->skip_rows(p, end, stop, &rows);
  array->span.count += rows.closed * rows.length + rows.in_row - array->count[level];
  array->count[level - 1] += rows.closed;
  array->count[level] = rows.in_row;
  return p;
}

void lossd_json_array_bad(struct lossd_json_array *array, const char *text) {
  if (!array->span.bad_leaf) array->span.bad_leaf = text;
}

void lossd_json_array_end(struct lossd_json_array *array, const char *end, struct lossd_json_span *span) {
  *span = array->span;
  span->end = end;
  span->rank = array->deepest;
  for (int i = 0; i < LOSSD_MAX_RANK && i < span->rank; i++) span->dim[i] = array->dim[i + 1];
}
