/* Which format a request has and which its answer gets (RFC 9110, 8.3 and 12.5). */
#include <string.h>
#include <strings.h>

#include "api/exchange.h"

/* The formats of /v1. */
static const struct lossd_format *const formats[] = {&lossd_format_json, &lossd_format_raw,
                                                     &lossd_format_safetensors};
#define FORMATS (sizeof formats / sizeof formats[0])

/* Text between two bytes, without white space at its ends. */
struct text {
  const char *begin, *end;
};

static struct text trim(const char *begin, const char *end) {
  while (begin < end && (*begin == ' ' || *begin == '\t')) begin++;
  while (begin < end && (end[-1] == ' ' || end[-1] == '\t')) end--;
  return (struct text){begin, end};
}

static bool is(struct text text, const char *name) {
  const size_t length = (size_t)(text.end - text.begin);
  return name && strlen(name) == length && !strncasecmp(text.begin, name, length);
}

/* The next separator outside quotes, or end. */
static const char *find(const char *p, const char *end, char separator) {
  for (bool quoted = false; p < end; p++) {
    if (*p == '"') quoted = !quoted;
    if (quoted && *p == '\\' && p + 1 < end) p++;
    if (!quoted && *p == separator) break;
  }
  return p;
}

const struct lossd_format *lossd_format_of_content_type(const char *value) {
  if (!value) return NULL;
  const struct text type = trim(value, find(value, value + strlen(value), ';'));
  for (size_t i = 0; i < FORMATS; i++)
    if (is(type, formats[i]->content_type) || is(type, formats[i]->alias)) return formats[i];
  return NULL;
}

/* "0.5" as 500; what is no weight counts as 1. */
static int thousandths(struct text text) {
  int value = 0, scale = 1000;
  for (const char *p = text.begin; p < text.end && scale > 0; p++) {
    if (*p == '.' && p == text.begin + 1) continue;
    if (*p < '0' || *p > '9') return 1000;
    value += (*p - '0') * scale;
    scale /= 10;
  }
  return text.begin == text.end || value > 1000 ? 1000 : value;
}

/* The weight among a media range's parameters. */
static int weight_of(const char *p, const char *end) {
  while (p < end) {
    const char *next = find(p + 1, end, ';');
    const struct text parameter = trim(p + 1, next);
    if (parameter.end - parameter.begin >= 2 && (*parameter.begin | 32) == 'q' && parameter.begin[1] == '=')
      return thousandths((struct text){parameter.begin + 2, parameter.end});
    p = next;
  }
  return 1000;
}

/* How closely a media range names a format: 3 itself, 2 its type, 1 everything, 0 not at all. */
static int closeness(struct text range, const struct lossd_format *format) {
  if (is(range, format->content_type) || is(range, format->alias)) return 3;
  if (is(range, "*/*")) return 1;
  return is(range, "application/*") ? 2 : 0;
}

struct wish {
  int closeness, weight;
  const char *at; /* in the header */
};

static struct wish wish_for(const struct lossd_format *format, const char *value) {
  struct wish wish = {0};
  const char *const end = value + strlen(value);
  for (const char *p = value; p < end;) {
    const char *next = find(p, end, ','), *parameters = find(p, next, ';');
    const int close = closeness(trim(p, parameters), format);
    if (close > wish.closeness) wish = (struct wish){close, weight_of(parameters, next), p};
    p = next + 1;
  }
  return wish;
}

bool lossd_accepts_gzip(const char *value) {
  const char *const end = value ? value + strlen(value) : value;
  for (const char *p = value; p < end;) {
    const char *next = find(p, end, ','), *parameters = find(p, next, ';');
    const struct text coding = trim(p, parameters);
    if (is(coding, "gzip") || is(coding, "x-gzip")) return weight_of(parameters, next) > 0;
    p = next + 1;
  }
  return false;
}

static bool takes_anything(const char *value) {
  return !value || !value[strspn(value, " \t,")];
}

bool lossd_accepts(const char *value, const struct lossd_format *format) {
  return takes_anything(value) || wish_for(format, value).weight > 0;
}

const struct lossd_format *lossd_format_of_accept(const char *value, const struct lossd_format *own) {
  const struct lossd_format *best = NULL;
  struct wish best_wish = {0};
  if (takes_anything(value)) return own;
  for (size_t i = 0; i < FORMATS; i++) {
    const struct wish wish = wish_for(formats[i], value);
    if (!wish.weight || wish.weight < best_wish.weight) continue;
    const bool preferred = formats[i] == own || (best != own && wish.at < best_wish.at);
    if (best && wish.weight == best_wish.weight && !preferred) continue;
    best = formats[i];
    best_wish = wish;
  }
  return best;
}
