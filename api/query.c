#include "api/query.h"

#include <string.h>

#include "api/number_text.h"
#include "api/utf8.h"

/* ---- Decoding ---- */

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 32;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes text into out, which has room for all of it; NULL, or what is wrong. */
static const char *unescape(const char *text, size_t length, char *out, size_t *written) {
  char *to = out;
  for (size_t i = 0; i < length; i++) {
    char c = text[i] == '+' ? ' ' : text[i];
    if (c == '%') {
      const int high = i + 2 < length ? hex(text[i + 1]) : -1, low = high < 0 ? -1 : hex(text[i + 2]);
      if (low < 0) return "a % without two hexadecimal digits after it";
      c = (char)(high * 16 + low);
      i += 2;
    }
    if (!c) return "a zero byte";
    *to++ = c;
  }
  *written = (size_t)(to - out);
  for (const char *p = out; p < to;) {
    const size_t sequence = lossd_utf8_length(p, to);
    if (!sequence) return "bytes that are not UTF-8";
    p += sequence;
  }
  return NULL;
}

static int add_pair(struct lossd_exchange *x, struct lossd_query *query, const char *text, size_t length,
                    char *out) {
  const char *equals = memchr(text, '=', length);
  const size_t name_length = equals ? (size_t)(equals - text) : length;
  struct lossd_query_pair pair = {.name = out, .value = out + name_length};
  char quoted[LOSSD_QUOTE_TEXT];
  if (query->count == LOSSD_QUERY_MAX)
    return lossd_fail(&x->problem, LOSSD_INVALID_REQUEST, NULL, "the query has more than %d keys",
                      LOSSD_QUERY_MAX);
  const char *wrong = unescape(text, name_length, out, &pair.name_length);
  if (!wrong && equals)
    wrong = unescape(equals + 1, length - name_length - 1, out + name_length, &pair.value_length);
  if (wrong) return lossd_fail(&x->problem, LOSSD_BAD_HTTP, NULL, "the query has %s", wrong);
  for (size_t i = 0; i < query->count; i++)
    if (query->pair[i].name_length == pair.name_length &&
        !memcmp(query->pair[i].name, pair.name, pair.name_length))
      return lossd_fail(&x->problem, LOSSD_DUPLICATE_KEY, NULL, "the query gives \"%s\" twice",
                        lossd_quote(pair.name, pair.name_length, quoted));
  query->pair[query->count++] = pair;
  return LOSSD_OK;
}

int lossd_query_parse(struct lossd_exchange *x, struct lossd_query *query) {
  query->count = 0;
  if (!x->query_length) return LOSSD_OK; /* and perhaps no query at all */
  const char *p = x->query, *const end = p + x->query_length;
  char *out = lossd_exchange_alloc(x, x->query_length, NULL);
  if (!out) return x->problem.status;
  while (p < end) {
    const char *next = memchr(p, '&', (size_t)(end - p));
    if (!next) next = end;
    if (next > p && add_pair(x, query, p, (size_t)(next - p), out + (p - x->query))) return x->problem.status;
    p = next + 1;
  }
  return LOSSD_OK;
}

/* ---- Use ---- */

static struct lossd_value bare_value(const struct lossd_query_pair *pair) {
  const char *const end = pair->value + pair->value_length;
  struct lossd_value value = {LOSSD_VALUE_STRING, 0, pair->value, pair->value_length};
  struct lossd_number number;
  if (lossd_is_named("true", value.string, value.length) ||
      lossd_is_named("false", value.string, value.length)) {
    value.type = LOSSD_VALUE_BOOLEAN;
    value.number = value.length == 4;
  } else if (lossd_read_number(value.string, end, &number) == end && !number.overflow && value.length) {
    value.type = LOSSD_VALUE_NUMBER;
    value.number = number.value;
  }
  return value;
}

static int take_setting(struct lossd_exchange *x, const struct lossd_query_pair *pair) {
  static const char *const others[] = {"gradients", "id"};
  if (lossd_is_named("id", pair->name, pair->name_length))
    return lossd_exchange_take_id(x, pair->value, pair->value_length);
  const struct lossd_value value = bare_value(pair);
  lossd_options_set(&x->evaluation.options, pair->name, pair->name_length, &value, &x->problem);
  if (x->problem.status == LOSSD_UNKNOWN_OPTION && !x->problem.hint[0]) {
    const char *nearest = lossd_nearest(pair->name, pair->name_length, others, 2);
    if (nearest) lossd_hint(&x->problem, "did you mean %s?", nearest);
  }
  return x->problem.status;
}

int lossd_query_settings(struct lossd_exchange *x, const struct lossd_query *query, bool has_tensors) {
  lossd_options_init(&x->evaluation.options, x->evaluation.loss);
  for (size_t i = 0; i < query->count; i++) {
    const struct lossd_query_pair *pair = &query->pair[i];
    if (lossd_is_named("gradients", pair->name, pair->name_length)) continue;
    if (has_tensors && lossd_input_find(x->evaluation.loss, pair->name, pair->name_length) >= 0) continue;
    if (take_setting(x, pair)) return x->problem.status;
  }
  lossd_options_finish(&x->evaluation.options);
  return LOSSD_OK;
}

static int take_gradients(struct lossd_exchange *x, const char *p, size_t length) {
  const char *const end = p + length;
  while (length > 0) {
    const char *comma = memchr(p, ',', (size_t)(end - p));
    if (lossd_exchange_want(x, p, (size_t)((comma ? comma : end) - p), "/gradients"))
      return x->problem.status;
    if (!comma) break;
    p = comma + 1;
  }
  return LOSSD_OK;
}

int lossd_query_gradients(struct lossd_exchange *x, const struct lossd_query *query) {
  for (size_t i = 0; i < query->count; i++) {
    const struct lossd_query_pair *pair = &query->pair[i];
    if (!lossd_is_named("gradients", pair->name, pair->name_length)) continue;
    if (lossd_is_named("false", pair->value, pair->value_length)) return LOSSD_OK;
    if (!lossd_is_named("true", pair->value, pair->value_length))
      return take_gradients(x, pair->value, pair->value_length);
    x->evaluation.gradients = lossd_all_gradients(&x->evaluation);
  }
  return LOSSD_OK;
}
