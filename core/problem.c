#include "core/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int lossd_fail(struct lossd_problem *problem, int status, const char *pointer, const char *format, ...) {
  problem->status = status;
  problem->offset = -1;
  problem->hint[0] = 0;
  snprintf(problem->pointer, sizeof problem->pointer, "%s", pointer ? pointer : "");
  va_list args;
  va_start(args, format);
  vsnprintf(problem->detail, sizeof problem->detail, format, args);
  va_end(args);
  return status;
}

void lossd_hint(struct lossd_problem *problem, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(problem->hint, sizeof problem->hint, format, args);
  va_end(args);
}

bool lossd_is_named(const char *name, const char *text, size_t length) {
  return strlen(name) == length && !memcmp(name, text, length);
}

char *lossd_list(const char *const names[], size_t count, char out[LOSSD_LIST_TEXT]) {
  out[0] = 0;
  for (size_t i = 0, used = 0; i < count && used < LOSSD_LIST_TEXT; i++)
    used += (size_t)snprintf(out + used, LOSSD_LIST_TEXT - used, "%s%s", i ? ", " : "", names[i]);
  return out;
}

#define LONGEST_NAME 40

static int smaller(int a, int b) {
  return a < b ? a : b;
}

/* Optimal string alignment distance, letters compared without case; a beyond LONGEST_NAME is never near. */
static int distance(const char *a, size_t n, const char *b, size_t m) {
  int rows[3][LONGEST_NAME + 1], *before = rows[0], *last = rows[1], *now = rows[2];
  for (size_t j = 0; j <= m; j++) last[j] = (int)j;
  for (size_t i = 1; i <= n; i++) {
    now[0] = (int)i;
    for (size_t j = 1; j <= m; j++) {
      int same = (a[i - 1] | 32) == (b[j - 1] | 32);
      now[j] = smaller(smaller(now[j - 1], last[j]) + 1, last[j - 1] + !same);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = smaller(now[j], before[j - 2] + 1);
    }
    int *spare = before;
    before = last, last = now, now = spare;
  }
  return last[m];
}

const char *lossd_closest(const char *text, size_t length, const char *const names[], size_t count,
                          int most) {
  const char *nearest = NULL;
  if (!length || length > LONGEST_NAME) return NULL;
  for (size_t i = 0; i < count; i++) {
    size_t other = strlen(names[i]);
    if (other > LONGEST_NAME) continue;
    int far = distance(text, length, names[i], other);
    if (far <= most) most = far - 1, nearest = names[i];
  }
  return nearest;
}

const char *lossd_nearest(const char *text, size_t length, const char *const names[], size_t count) {
  return lossd_closest(text, length, names, count, length > 5 ? (int)length / 3 : 1);
}

char *lossd_quote(const char *text, size_t length, char out[LOSSD_QUOTE_TEXT]) {
  const size_t most = LOSSD_QUOTE_MOST;
  size_t n = length < most ? length : most;
  while (n && n < length && ((unsigned char)text[n] & 0xC0) == 0x80) n--;
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    out[i] = c < 32 || c == 127 || c == '"' || c == '\\' ? '?' : (char)c;
  }
  memcpy(out + n, n < length ? "..." : "", n < length ? 4 : 1);
  return out;
}

void lossd_pointer(char out[LOSSD_POINTER_TEXT], const char *parent, const char *name, size_t length) {
  char quoted[LOSSD_QUOTE_TEXT], *to = out + snprintf(out, LOSSD_POINTER_TEXT, "%s/", parent);
  for (const char *p = lossd_quote(name, length, quoted); *p && to < out + LOSSD_POINTER_TEXT - 3; p++) {
    const bool special = *p == '~' || *p == '/';
    *to++ = special ? '~' : *p;
    if (special) *to++ = *p == '~' ? '0' : '1';
  }
  *to = 0;
}
