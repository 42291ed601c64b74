#include "api/json_string.h"

#include <stdlib.h>
#include <string.h>

#include "api/utf8.h"

static uint32_t hex4(const char *p) {
  uint32_t code = 0;
  for (int i = 0; i < 4; i++)
    code = code << 4 | (uint32_t)(p[i] <= '9' ? p[i] - '0' : (p[i] | 32) - 'a' + 10);
  return code;
}

/* One character at *p, which is moved past it; returns its bytes in out. */
static size_t next_character(const char **p, char out[4]) {
  static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
  const char *text = *p;
  *p = text + 1;
  out[0] = text[0];
  if (text[0] != '\\') return 1;
  *p = text + 2;
  out[0] = text[1];
  if (text[1] != 'u') {
    const char *letter = strchr(letters, text[1]);
    if (letter) out[0] = meanings[letter - letters];
    return 1;
  }
  uint32_t code = hex4(text + 2);
  *p = text + 6;
  if (code >= 0xD800 && code < 0xDC00) {
    code = 0x10000 + ((code - 0xD800) << 10) + (hex4(text + 8) - 0xDC00);
    *p = text + 12;
  }
  return lossd_utf8_write(code, out);
}

size_t lossd_json_unescape(const char *begin, const char *end, char *out) {
  char *to = out, character[4];
  while (begin < end) {
    const size_t bytes = next_character(&begin, character);
    memcpy(to, character, bytes);
    to += bytes;
  }
  return (size_t)(to - out);
}

struct lossd_json_name lossd_json_name_of(const char *begin, const char *end, bool *has_nul) {
  struct lossd_json_name name = {begin, 0xCBF29CE484222325}; /* FNV-1a */
  *has_nul = false;
  while (begin < end) {
    char character[4];
    const size_t bytes = next_character(&begin, character);
    if (!character[0]) *has_nul = true;
    for (size_t i = 0; i < bytes; i++) name.hash = (name.hash ^ (unsigned char)character[i]) * 0x100000001B3;
  }
  return name;
}

/* Orders by hash, then by meaning. Both names end at a quote. */
static int compare_meanings(const struct lossd_json_name *a, const struct lossd_json_name *b) {
  if (a->hash != b->hash) return a->hash < b->hash ? -1 : 1;
  const char *p = a->begin, *q = b->begin;
  while (*p != '"' && *q != '"') {
    char x[4], y[4];
    const size_t m = next_character(&p, x), n = next_character(&q, y);
    const int order = memcmp(x, y, m < n ? m : n);
    if (order || m != n) return order ? order : (m < n ? -1 : 1);
  }
  return (*p != '"') - (*q != '"');
}

static int compare_names(const void *left, const void *right) {
  const struct lossd_json_name *a = left, *b = right;
  const int order = compare_meanings(a, b);
  return order ? order : (a->begin > b->begin) - (a->begin < b->begin);
}

const char *lossd_json_find_duplicate(struct lossd_json_name *names, size_t count) {
  const char *first = NULL;
  qsort(names, count, sizeof *names, compare_names);
  for (size_t i = 1; i < count; i++)
    if (!compare_meanings(&names[i - 1], &names[i]) && (!first || names[i].begin < first))
      first = names[i].begin;
  return first;
}
