#include "api/json_token.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/json_block.h"
#include "api/utf8.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first of eight bytes is the lowest of a word");

/* What is wrong at p. */
static const char *fault(const char *p, const char *what, const char **expected) {
  *expected = what;
  return p;
}

/* ---- Strings ---- */

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

/* The first byte from p on that is not plain ASCII in a string: a quote, a backslash, a control or non-ASCII
 * byte. */
static const char *skip_plain(const char *p, const char *end) {
  for (; end - p >= 8; p += 8) {
    const uint64_t word = load8(p);
    const uint64_t low = (word - EACH(0x20)) & ~word; /* top bits of control characters */
    const uint64_t stop = low | word | zero_bytes(word ^ EACH('"')) | zero_bytes(word ^ EACH('\\'));
    if (stop & EACH(0x80)) break;
  }
  while (p < end && (unsigned char)(*p - 0x20) < 0x60 && *p != '"' && *p != '\\') p++;
  return p;
}

static const char *skip_hex4(const char *p, const char *end, uint32_t *code, const char **expected) {
  *code = 0;
  for (int i = 0; i < 4; i++, p++) {
    const char c = p < end ? *p : 0;
    const bool digit = c >= '0' && c <= '9', letter = (c | 32) >= 'a' && (c | 32) <= 'f';
    if (!digit && !letter) return fault(p, "four hexadecimal digits", expected);
    *code = *code << 4 | (uint32_t)(digit ? c - '0' : (c | 32) - 'a' + 10);
  }
  return p;
}

static const char *skip_escape(const char *p, const char *end, const char **expected) {
  static const char pair[] = "no surrogate without its pair";
  const char *const begin = p;
  uint32_t code;
  if (end - p < 2) return fault(end, "an escape", expected);
  if (p[1] != 'u') return p[1] && strchr("\"\\/bfnrt", p[1]) ? p + 2 : fault(p + 1, "an escape", expected);
  p = skip_hex4(p + 2, end, &code, expected);
  if (*expected || code < 0xD800 || code > 0xDFFF) return p;
  if (code > 0xDBFF || end - p < 2 || p[0] != '\\' || p[1] != 'u') return fault(begin, pair, expected);
  p = skip_hex4(p + 2, end, &code, expected);
  return *expected || (code >= 0xDC00 && code <= 0xDFFF) ? p : fault(begin, pair, expected);
}

const char *lossd_json_skip_text(const char *p, const char *end, const char *stop, bool *escaped,
                                 const char **expected) {
  *expected = NULL;
  for (;;) {
    p = skip_plain(p, end < stop ? end : stop);
    if (p == end) return fault(p, "a quote that ends the string", expected);
    if (p >= stop || *p == '"') return p;
    if (*p == '\\') {
      *escaped = true;
      p = skip_escape(p, end, expected);
      if (*expected) return p;
    } else if ((unsigned char)*p < 0x20) {
      return fault(p, "control characters in strings to be escaped", expected);
    } else {
      const size_t length = lossd_utf8_length(p, end);
      if (!length) return fault(p, "UTF-8", expected);
      p += length;
    }
  }
}

/* The byte after an ASCII letter or sign at text, or after its escape; NULL where there is something else. */
static const char *skip_character(const char *text, const char *end, char c) {
  char escape[8];
  if (text < end && *text == c) return text + 1;
  if (end - text < 6 || *text != '\\') return NULL;
  snprintf(escape, sizeof escape, "\\u%04x", (unsigned char)c);
  return !strncasecmp(text, escape, 6) && text[1] == 'u' ? text + 6 : NULL;
}

/* The length of the string at text that means word, with its quotes, or 0. */
static size_t quoted_length(const char *text, const char *end, const char *word) {
  const char *p = text < end && *text == '"' ? text + 1 : NULL;
  while (p && *word) p = skip_character(p, end, *word++);
  return p && p < end && *p == '"' ? (size_t)(p + 1 - text) : 0;
}

const char *lossd_json_quoted_number(const char *text, const char *end, size_t *length) {
  static const char *const words[] = {"NaN", "Infinity", "-Infinity"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    *length = quoted_length(text, end, words[i]);
    if (*length) return words[i];
  }
  return NULL;
}

/* ---- Numbers ---- */

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
  p += *p == '-';
  if (p == end || !is_digit(*p)) return fault(p, "a digit", expected);
  if (*p == '0' && p + 1 < end && is_digit(p[1])) return fault(p + 1, "no digit after a leading 0", expected);
  p = skip_digits(p, end);
  if (p < end && *p == '.') {
    if (++p == end || !is_digit(*p)) return fault(p, "a digit", expected);
    p = skip_digits(p, end);
  }
  p++;
  return fault(p + (p < end && (*p == '+' || *p == '-')), "a digit", expected);
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
