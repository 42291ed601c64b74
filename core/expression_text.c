#include "core/expression_text.h"

#include <float.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/decimal.h"

int lossd_expression_refuse(const struct expression_text *t, int at, const char *format, ...) {
  char what[320];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  return lossd_fail(t->problem, LOSSD_INVALID_OPTION, EXPRESSION_POINTER,
                    "distance_expression, column %d: %s", at + 1, what);
}

bool lossd_expression_begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool lossd_expression_is_digit(char c) {
  return c >= '0' && c <= '9';
}
static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

char lossd_expression_peek(const struct expression_text *t, int ahead) {
  return t->at + ahead < t->length ? t->bytes[t->at + ahead] : 0;
}

void lossd_expression_skip_spaces(struct expression_text *t) {
  while (t->at < t->length && is_space(t->bytes[t->at])) t->at++;
}

int lossd_expression_name_length(const struct expression_text *t) {
  int n = 0;
  while (lossd_expression_begins_name(lossd_expression_peek(t, n)) ||
         (n && lossd_expression_is_digit(lossd_expression_peek(t, n))))
    n++;
  return n;
}

const char *lossd_expression_found(const struct expression_text *t, char text[EXPRESSION_FOUND_TEXT]) {
  char quoted[LOSSD_QUOTE_TEXT];
  int n = lossd_expression_name_length(t);
  if (t->at >= t->length) return "the end";
  while (lossd_expression_is_digit(lossd_expression_peek(t, n))) n++;
  if (!n)
    for (n = 1; ((unsigned char)lossd_expression_peek(t, n) & 0xC0) == 0x80;) n++;
  snprintf(text, EXPRESSION_FOUND_TEXT, "\"%s\"", lossd_quote(t->bytes + t->at, (size_t)n, quoted));
  return text;
}

bool lossd_expression_is_named(const struct expression_text *t, int n, const char *name) {
  return (int)strlen(name) == n && !memcmp(t->bytes + t->at, name, (size_t)n);
}

static int bad_number(const struct expression_text *t, const char *what, const char *cure) {
  lossd_expression_refuse(t, t->at, "%s", what);
  lossd_hint(t->problem, "%s", cure);
  return t->problem->status;
}

/* Behind the digits from n on. */
static int skip_digits(const struct expression_text *t, int n) {
  while (lossd_expression_is_digit(lossd_expression_peek(t, n))) n++;
  return n;
}

/* Behind the exponent at n, if there is a whole one. */
static int skip_exponent(const struct expression_text *t, int n) {
  if (lossd_expression_peek(t, n) != 'e' && lossd_expression_peek(t, n) != 'E') return n;
  const int sign = lossd_expression_peek(t, n + 1) == '-' || lossd_expression_peek(t, n + 1) == '+';
  const int digits = n + 1 + sign, end = skip_digits(t, digits);
  return end > digits ? end : n;
}

int lossd_expression_read_number(struct expression_text *t, double *number) {
  int n = skip_digits(t, 0);
  if (n == 0) return bad_number(t, "a number begins with \".\"", "write 0.5 for .5");
  if (n > 1 && lossd_expression_peek(t, 0) == '0')
    return bad_number(t, "a number begins with 0", "leave out leading zeros");
  if (lossd_expression_peek(t, n) == '.') {
    const int end = skip_digits(t, n + 1);
    if (end == n + 1) return bad_number(t, "a number ends with \".\"", "write 1.0 or 1 for 1.");
    n = end;
  }
  n = skip_exponent(t, n);
  char text[EXPRESSION_MAX_BYTES + 1];
  memcpy(text, t->bytes + t->at, (size_t)n);
  text[n] = 0;
  *number = lossd_decimal_read(text);
  if (!(*number <= DBL_MAX)) return bad_number(t, "a number is too large", "the largest is about 1.8e308");
  t->at += n;
  return LOSSD_OK;
}
