#include "server/log_line.h"

#include "api/utf8.h"
#include <stdio.h>
#include <string.h>

/* Adds all of a piece or nothing: two bytes are kept for the end. */
static void put(struct lossd_log_line *line, const char *piece, size_t length) {
  if (length > sizeof line->text - 2 - line->length) return;
  memcpy(line->text + line->length, piece, length);
  line->length += length;
}

static void put_text(struct lossd_log_line *line, const char *text) {
  put(line, text, strlen(text));
}

/* ---- Strings ---- */

/* The code point of a well-formed sequence that ends lines or steers terminals somewhere (C0, DEL, C1, U+2028
 * and U+2029); 0 for any other. */
static unsigned control_code(const char *sequence, size_t length) {
  const unsigned char *p = (const unsigned char *)sequence;
  if (length == 1) return p[0] < 0x20 || p[0] == 0x7F ? p[0] : 0;
  if (length == 2) return p[0] == 0xC2 && p[1] < 0xA0 ? p[1] : 0;
  bool separator = length == 3 && p[0] == 0xE2 && p[1] == 0x80 && (p[2] == 0xA8 || p[2] == 0xA9);
  return separator ? 0x2000u + (p[2] & 0x3Fu) : 0;
}

static void put_escaped(struct lossd_log_line *line, const char *value, size_t length) {
  for (const char *at = value, *end = value + length; at < end;) {
    char escape[8];
    size_t step = lossd_utf8_length(at, end);
    unsigned escaped = step == 0 ? 0xFFFD : control_code(at, step);
    if (escaped) {
      snprintf(escape, sizeof escape, "\\u%04x", escaped & 0xFFFF);
      put_text(line, escape);
    } else {
      if (*at == '"' || *at == '\\') put(line, "\\", 1);
      put(line, at, step);
    }
    at += step ? step : 1;
  }
}

/* Where to cut text of more than `most` bytes: not inside a sequence. */
static size_t cut(const char *value, size_t most) {
  while (most > 0 && ((unsigned char)value[most] & 0xC0) == 0x80) most--;
  return most;
}

static bool needs_quotes(const char *value, size_t length) {
  if (length == 0) return true;
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)value[i] <= ' ' || (unsigned char)value[i] > '~' || strchr("\"\\=", value[i]))
      return true;
  return false;
}

/* ---- Members ---- */

static void put_name(struct lossd_log_line *line, const char *name) {
  if (line->length > 1) put_text(line, line->json ? "," : " ");
  if (line->json) put_text(line, "\"");
  put_text(line, name);
  put_text(line, line->json ? "\":" : "=");
}

void lossd_line_begin(struct lossd_log_line *line, bool json) {
  line->length = 0;
  line->json = json;
  if (json) put_text(line, "{");
}

void lossd_line_string(struct lossd_log_line *line, const char *name, const char *value, size_t most) {
  size_t length = strnlen(value, most + 1);
  bool whole = length <= most;
  if (!whole) length = cut(value, most);
  bool quotes = line->json || !whole || needs_quotes(value, length);
  put_name(line, name);
  if (quotes) put_text(line, "\"");
  put_escaped(line, value, length);
  if (!whole) put_text(line, "...");
  if (quotes) put_text(line, "\"");
}

void lossd_line_integer(struct lossd_log_line *line, const char *name, long long value) {
  char text[24];
  snprintf(text, sizeof text, "%lld", value);
  put_name(line, name);
  put_text(line, text);
}

void lossd_line_milliseconds(struct lossd_log_line *line, const char *name, double value) {
  char text[24];
  snprintf(text, sizeof text, "%.3f", value >= 0 ? value <= 1e9 ? value : 1e9 : 0);
  put_name(line, name);
  put_text(line, text);
}

void lossd_line_end(struct lossd_log_line *line) {
  if (line->json) line->text[line->length++] = '}';
  line->text[line->length++] = '\n';
}
