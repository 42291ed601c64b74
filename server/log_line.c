#include "server/log_line.h"

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

/* Strings
 * ------------------------------------------------------------------------------------------------------- */

/* Length of the UTF-8 sequence (RFC 3629) at the front of text, its code point in *code; 0 when it is not
 * valid. */
static size_t utf8(const unsigned char *text, size_t left, unsigned *code) {
  static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t length = text[0] < 0x80   ? 1
                  : text[0] < 0xC2 ? 0
                  : text[0] < 0xE0 ? 2
                  : text[0] < 0xF0 ? 3
                  : text[0] < 0xF5 ? 4
                                   : 0;
  if (length == 0 || length > left) return 0;
  *code = length == 1 ? text[0] : text[0] & (0x7Fu >> length);
  for (size_t i = 1; i < length; i++) {
    if ((text[i] & 0xC0) != 0x80) return 0;
    *code = *code << 6 | (text[i] & 0x3Fu);
  }
  bool surrogate = *code >= 0xD800 && *code < 0xE000;
  return *code < least[length] || *code > 0x10FFFF || surrogate ? 0 : length;
}

/* Ends lines or steers terminals somewhere. */
static bool is_control(unsigned code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029;
}

static void put_escaped(struct lossd_log_line *line, const char *value, size_t length) {
  const unsigned char *text = (const unsigned char *)value;
  for (size_t i = 0; i < length;) {
    unsigned code = 0xFFFD;
    char escape[8];
    size_t step = utf8(text + i, length - i, &code);
    if (step == 0) code = 0xFFFD;
    if (step == 0 || is_control(code)) {
      snprintf(escape, sizeof escape, "\\u%04x", code & 0xFFFF);
      put_text(line, escape);
    } else {
      if (code == '"' || code == '\\') put(line, "\\", 1);
      put(line, value + i, step);
    }
    i += step ? step : 1;
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

/* Members
 * ---------------------------------------------------------------------------------------------------------
 */

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
