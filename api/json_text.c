#include "api/json_text.h"

#include <stdio.h>
#include <string.h>

#include "api/number_text.h"
#include "api/utf8.h"

void lossd_json_init(struct lossd_json_text *out, struct lossd_arena *arena, size_t capacity) {
  *out = (struct lossd_json_text){.arena = arena, .capacity = capacity};
}

char *lossd_json_reserve(struct lossd_json_text *out, size_t bytes) {
  if (out->failed) return NULL;
  if (out->data && bytes <= out->capacity - out->length) return out->data + out->length; /* nearly always */
  char *data = lossd_arena_grow(out->arena, out->data, out->length, bytes, &out->capacity, 1);
  out->failed = !data;
  if (!data) return NULL;
  out->data = data;
  return data + out->length;
}

void lossd_json_raw(struct lossd_json_text *out, const char *text, size_t length) {
  char *at = lossd_json_reserve(out, length);
  if (!at) return;
  memcpy(at, text, length);
  out->length += length;
}

static void add(struct lossd_json_text *out, char c) {
  lossd_json_raw(out, &c, 1);
}

/* Outside strings the last byte says whether a value came before; inside, this is never called. */
void lossd_json_separate(struct lossd_json_text *out) {
  const char last = out->length && !out->failed ? out->data[out->length - 1] : '[';
  if (last != '[' && last != '{' && last != ':') add(out, ',');
}

void lossd_json_open(struct lossd_json_text *out, char bracket) {
  lossd_json_separate(out);
  add(out, bracket);
}

void lossd_json_close(struct lossd_json_text *out, char bracket) {
  add(out, bracket);
}

void lossd_json_key(struct lossd_json_text *out, const char *name) {
  lossd_json_cstring(out, name);
  add(out, ':');
}

static size_t escape(unsigned char c, char text[8]) {
  switch (c) {
  case '"':
  case '\\': return (size_t)snprintf(text, 8, "\\%c", c);
  case '\n': return (size_t)snprintf(text, 8, "\\n");
  case '\t': return (size_t)snprintf(text, 8, "\\t");
  default: return (size_t)snprintf(text, 8, "\\u%04x", c);
  }
}

static bool is_plain(char c) {
  return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

void lossd_json_string(struct lossd_json_text *out, const char *text, size_t length) {
  const char *const end = text + length;
  lossd_json_separate(out);
  add(out, '"');
  for (const char *p = text; p < end;) {
    const char *plain = p;
    char escaped[8];
    while (p < end && is_plain(*p)) p++;
    lossd_json_raw(out, plain, (size_t)(p - plain));
    if (p == end) break;
    const size_t sequence = lossd_utf8_length(p, end);
    if (sequence == 0)
      lossd_json_raw(out, "\xEF\xBF\xBD", 3);
    else if (sequence > 1)
      lossd_json_raw(out, p, sequence);
    else
      lossd_json_raw(out, escaped, escape((unsigned char)*p, escaped));
    p += sequence ? sequence : 1;
  }
  add(out, '"');
}

void lossd_json_cstring(struct lossd_json_text *out, const char *text) {
  lossd_json_string(out, text, strlen(text));
}

void lossd_json_double(struct lossd_json_text *out, double value) {
  lossd_json_separate(out);
  char *at = lossd_json_reserve(out, LOSSD_NUMBER_TEXT_MAX);
  if (at) out->length += (size_t)(lossd_write_double(at, value) - at);
}

void lossd_json_integer(struct lossd_json_text *out, int64_t value) {
  lossd_json_separate(out);
  char *at = lossd_json_reserve(out, LOSSD_NUMBER_TEXT_MAX);
  if (at) out->length += (size_t)(lossd_write_int64(at, value) - at);
}

static void word(struct lossd_json_text *out, const char *text) {
  lossd_json_separate(out);
  lossd_json_raw(out, text, strlen(text));
}

void lossd_json_bool(struct lossd_json_text *out, bool value) {
  word(out, value ? "true" : "false");
}

void lossd_json_null(struct lossd_json_text *out) {
  word(out, "null");
}
